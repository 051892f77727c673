"""What a visitor has chosen, as a value: kept, carried by links, brought back."""
