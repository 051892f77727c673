"""What stands around every page: the door, bar, sidebar and header, networks and pictures on their way."""
