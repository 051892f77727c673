"""What a person's picture goes through: bounded, decoded, made square. Nothing here imports torch."""
