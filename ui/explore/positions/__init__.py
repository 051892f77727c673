"""The page about positions, one file for each row."""
