"""The recipe that makes the networks of ``models/bundled``, and what measures them."""
