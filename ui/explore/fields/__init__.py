"""Receptive fields: what could reach a place, and what does."""
