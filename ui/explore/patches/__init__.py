"""The rows of the page *Patches*, one file each."""
