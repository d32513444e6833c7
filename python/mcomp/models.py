"""The study's networks."""

from __future__ import annotations

from dataclasses import dataclass

from ._errors import NotFound, check
from ._handles import c_text, integer, new_info, py_text, real
from ._native import ffi, lib
from .context import Context, context_or_default
from .model import Model, symbolic_shape

__all__ = ["ModelInfo", "create", "info", "names"]


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a network before it is made.

    Attributes
    ----------
    name, family : str
    source : str
        The paper, and whose variant it is.
    input : tuple
        Shape of its input, None for the batch.
    classes : int
    year : int
        Of publication.
    trained : bool
        Whether it brings trained weights; else they are random, by a seed.
    """

    name: str
    family: str
    source: str
    input: tuple[int | None, ...]
    classes: int
    year: int
    trained: bool


def _all() -> list[ModelInfo]:
    found: list[ModelInfo] = []
    entry = new_info("mcomp_model_info")
    while check(lib.mcomp_model_get_info(len(found), entry)) == lib.MCOMP_OK:
        found.append(
            ModelInfo(
                name=py_text(entry.name),
                family=py_text(entry.family),
                source=py_text(entry.source),
                input=symbolic_shape(entry),
                classes=int(entry.classes),
                year=int(entry.year),
                trained=bool(entry.trained),
            )
        )
    return found


def names() -> list[str]:
    """List the names of all networks.

    Examples
    --------
    >>> "lenet5" in names()
    True
    """
    return [entry.name for entry in _all()]


def info(name: str) -> ModelInfo:
    """Tell what is known of a network.

    Raises
    ------
    NotFound
        Unknown name; the message lists the known ones.

    Examples
    --------
    >>> info("lenet5").input
    (None, 1, 28, 28)
    """
    entries = _all()
    for entry in entries:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in entries)
    raise NotFound(f"no network {name!r}; known are: {known}")


def create(
    name: str,
    seed: int = 0,
    width: float = 1.0,
    *,
    simplify: bool = True,
    context: Context | None = None,
) -> Model:
    """Make one of the study's networks.

    Parameters
    ----------
    name
        One of :func:`names`.
    seed
        Of random weights, 0 to 2**64 - 1; trained weights are what they are.
    width
        Factor on the channels, where the family has other widths than 1.
    simplify
        Fold BatchNorm, constants and activations (see :meth:`mcomp.Model.simplify`); False: as the
        paper draws it.
    context
        None: the default one.

    Raises
    ------
    NotFound
        Unknown name; the message lists the known ones.
    InvalidArgument
        The network has no such width.

    Examples
    --------
    >>> create("lenet5").parameters
    431080
    """
    made = context_or_default(context)
    root = made._use()
    options = ffi.new("mcomp_model_options *")
    lib.mcomp_model_options_init(options)
    options.seed = integer("seed", seed, 0, 2**64 - 1)
    options.width = real("width", width, 0, 1e6)
    out = ffi.new("mcomp_graph **")
    check(lib.mcomp_model_create(root, c_text("name", name), options, out))
    model = Model._adopt_new(made, root, out[0])
    return model.simplify() if simplify else model
