"""From pictures and a recipe to a file of weights."""
