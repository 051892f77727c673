"""The rows of the side-by-side page, one file each."""
