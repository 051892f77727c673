"""What speaks for a class: answers, and the maps that explain them."""
