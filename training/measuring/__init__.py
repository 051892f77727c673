"""How good a network is, through the app's own path, and where that is written."""
