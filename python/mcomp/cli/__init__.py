"""The command line. ``commands/`` holds one file a command; ``commands/__init__.py`` lists them."""

from .program import main

__all__ = ["main"]
