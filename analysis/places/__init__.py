"""Where things are: patches, positions, fields, and what moves with the picture."""
