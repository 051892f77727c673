"""How fast Sightlines is against named peers, and how much it sends: ``python -m benchmarks``."""
