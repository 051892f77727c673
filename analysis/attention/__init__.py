"""What attention weights say: maps, heads, how they came about, what follows from them."""
