"""The page of the whole networks: their maps, and the decision at their end in numbers."""
