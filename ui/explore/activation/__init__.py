"""The page about class activation: maps by many methods, and whether they mean anything."""
