"""Packages that only some commands need, and what to say where one is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from ._errors import Unsupported


def require(module: str, package: str, extra: str, purpose: str) -> ModuleType:
    """Import a package that comes with an extra.

    Parameters
    ----------
    module : str
        Name to import.
    package : str
        What the package is called where it is installed from.
    extra : str
        The extra of this package that brings it: "data", "study", ...
    purpose : str
        What needs it, as the start of a sentence: "reading images".

    Returns
    -------
    module

    Raises
    ------
    Unsupported
        It is not installed; the message says how to get it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as reason:
        raise Unsupported(
            f"{purpose} needs {package} ({reason}): pip install '.[{extra}]' in the checkout"
        ) from reason


def pillow_image() -> ModuleType:
    """Pillow's module ``PIL.Image``."""
    return require("PIL.Image", "Pillow", "data", "reading and resizing images")
