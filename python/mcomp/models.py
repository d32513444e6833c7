"""The study's networks."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._arguments import flag
from ._errors import NotFound, check
from ._handles import c_text, integer, new_info, py_text, real
from ._native import ffi, lib
from .context import Context, context_or_default
from .model import Model, symbolic_shape

if TYPE_CHECKING:
    from ._native import CData

__all__ = ["ModelInfo", "Published", "create", "info", "names"]


def __dir__() -> list[str]:
    """List what is public."""
    return __all__


@dataclass(frozen=True)
class Published:
    """What a network's paper says of it; None where it does not.

    Attributes
    ----------
    top1, top5 : float or None
        Accuracy on ImageNet's validation set, percent.
    parameters, macs, depth : int or None
        As the paper counts and rounds them.
    source : str
        The table or figure, and how the network was tested.
    """

    top1: float | None
    top5: float | None
    parameters: int | None
    macs: int | None
    depth: int | None
    source: str


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
    layers : int
        Conv and Gemm nodes.
    depth : int
        Of these, how many stand on the longest way through the network.
    parameters, macs : int
        Of width 1 and the input above; counted as :attr:`mcomp.Model.parameters` and
        :attr:`mcomp.Model.macs`.
    sizes : range
        Possible heights and widths of the input, pixels.
    min_width : float
        Least factor on the channels; 1: the only one.
    published : Published
    """

    name: str
    family: str
    source: str
    input: tuple[int | None, ...]
    classes: int
    year: int
    trained: bool
    layers: int
    depth: int
    parameters: int
    macs: int
    sizes: range
    min_width: float
    published: Published


def _number(value: float) -> float | None:
    """Read what C gives as NaN where there is none."""
    return None if math.isnan(value) else float(value)


def _count(value: float) -> int | None:
    """Read a count that C gives as NaN or 0 where there is none."""
    return None if math.isnan(value) or value == 0 else round(value)


def _sizes(entry: CData) -> range:
    if entry.min_size == 0:
        return range(entry.shape[2], entry.shape[2] + 1)
    return range(entry.min_size, lib.MCOMP_MODEL_MAX_SIZE + 1, entry.size_step)


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
                layers=int(entry.layers),
                depth=int(entry.depth),
                parameters=int(entry.parameters),
                macs=int(entry.macs),
                sizes=_sizes(entry),
                min_width=float(entry.min_width),
                published=Published(
                    top1=_number(entry.published_top1),
                    top5=_number(entry.published_top5),
                    parameters=_count(entry.published_parameters),
                    macs=_count(entry.published_macs),
                    depth=_count(entry.published_depth),
                    source=py_text(entry.published),
                ),
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
    c_text("name", name)
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
    size: int | None = None,
    weights: str | os.PathLike[str] | None = None,
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
        Factor on the channels, :attr:`ModelInfo.min_width` to 1.
    size
        Height and width of the input, pixels, one of :attr:`ModelInfo.sizes`; None: those of
        :attr:`ModelInfo.input`.
    weights
        An ``.onnx``, ``.safetensors`` or ``.npz`` file whose weights the network gets, found by
        their names (see ``libmcomp/docs/weights.md``); the metadata ``weights`` say how. None:
        trained or random ones.
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
        The network has no such width or input size; or the weights lack tensors or have others,
        which are named.
    ShapeError
        A tensor of the weights has another shape than its layer.

    Examples
    --------
    >>> create("lenet5").parameters
    431080
    """
    flag("simplify", simplify)
    made = context_or_default(context)
    root = made._use()
    options = ffi.new("mcomp_model_options *")
    lib.mcomp_model_options_init(options)
    options.seed = integer("seed", seed, 0, 2**64 - 1)
    options.width = real("width", width, 0, 1e6)
    options.size = 0 if size is None else integer("size", size, 1, 2**31)
    out = ffi.new("mcomp_graph **")
    check(lib.mcomp_model_create(root, c_text("name", name), options, out))
    model = Model._adopt_new(made, root, out[0])
    if weights is not None:
        from .weights import load_weights

        model = load_weights(model, weights).model
    return model.simplify() if simplify else model
