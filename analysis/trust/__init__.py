"""Whether a map or an answer means anything."""
