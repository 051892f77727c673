"""What a network is, how it is made, and one recorded run of it."""

from models import compat  # noqa: F401  (must run before torchvision is imported)
