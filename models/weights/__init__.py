"""Where weights come from, and what is refused on the way."""

from models import compat  # noqa: F401  (must run before torchvision is imported)
