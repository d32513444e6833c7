"""Trained weights of other libraries on the study's networks."""

from .load import Loaded, load_weights

__all__ = ["Loaded", "load_weights"]
