"""The rows of the page about feature maps, one file each."""
