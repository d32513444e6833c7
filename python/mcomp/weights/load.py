"""A network of the study with the weights of a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import models
from .._arrays import FloatArray
from .._errors import InvalidArgument, IoError, ShapeError
from ..model import Model
from ..rebuild import with_constants
from . import by_name
from .by_structure import match_nodes
from .layers import Layer, read_layers
from .naming import CONVENTIONS
from .npz import read_npz
from .onnx_file import read_onnx_weights
from .preprocessing import take_preprocessing
from .safetensors import read_safetensors
from .stored import StoredFile, read_floats

ENDINGS = (".onnx", ".safetensors", ".npz")


@dataclass(frozen=True)
class Loaded:
    """A network with the weights of a file, and how they were found.

    Attributes
    ----------
    model : Model
        Not simplified.
    matched_by : str
        ``names of torchvision``, ``structure`` or ``order``.
    names : dict
        The file's tensor, or its layer where structure matched, by layer of ours.
    default_preprocessing : str
        Why the network keeps its own preprocessing; "" where it has the file's.
    """

    model: Model
    matched_by: str
    names: Mapping[str, str]
    default_preprocessing: str


def load_weights(model: Model, path: str | os.PathLike[str]) -> Loaded:
    """Put the weights of a file onto one of the study's networks.

    Parameters
    ----------
    model
        From :func:`mcomp.models.create` with ``simplify=False``.
    path
        An ``.onnx``, ``.safetensors`` or ``.npz`` file. Which names are known is in
        ``libmcomp/docs/weights.md``; an ONNX file of unknown names is matched by its structure, an
        ``.npz`` of nothing but ``arr_0``, ``arr_1``, ... by its order. The preprocessing in the
        metadata of an ONNX file is taken over, if it is whole and fits the network's input.

    Raises
    ------
    InvalidArgument
        Tensors are missing or left over, or a Conv of the file slides otherwise; names them.
    ShapeError
        A tensor has another shape than the layer's.
    Corrupt, IoError
        The file cannot be read.
    """
    from ..onnx_io.reader import read_onnx
    from ..onnx_io.source import regular_file_nbytes

    text = os.fspath(path)
    ending = Path(text).suffix.lower()
    if ending not in ENDINGS:
        raise InvalidArgument(f"{text}: weights are read from {', '.join(ENDINGS)} files")
    regular_file_nbytes(text)
    layers = read_layers(model)
    try:
        if ending == ".onnx":
            network = read_onnx(text, simplify=False, context=model.context)
            file = read_onnx_weights(text, network)
        else:
            network = None
            read = read_safetensors if ending == ".safetensors" else read_npz
            file = StoredFile(text, read(text), {}, {}, {}, None)
    except OSError as reason:
        if isinstance(reason, IoError):
            raise
        raise IoError(f"{text}: {reason.strerror or reason}") from reason
    found = _best(model, layers, file)
    known = sum("weight" in names for names in found.names.values())
    if 2 * known < len(layers):
        if network is not None:
            return _by_structure(model, layers, network, file)
        if set(file.tensors) == {f"arr_{index}" for index in range(len(file.tensors))}:
            return _by_order(model, layers, file)
    by_name.check_whole(model.name, file, found)
    try:
        arrays = by_name.take(layers, file, found, _shapes(model))
    except ShapeError as reason:
        width = _fitting_width(model, layers, file, found)
        if width is None:
            raise
        raise ShapeError(
            f"{reason}; its shapes are those of width {width:g}: try --width {width:g}"
        ) from reason
    by_name.check_windows(layers, file, found)
    names = {layer.name: found.names[layer.name]["weight"] for layer in layers}
    return _made(model, arrays, f"names of {found.convention.name}", names, file)


def _best(model: Model, layers: list[Layer], file: StoredFile) -> by_name.Found:
    """Take the naming under which most tensors are found, the first of equals."""
    conventions = (by_name.our_names(layers), *CONVENTIONS.get(model.name, ()))
    tried = [by_name.find(layers, file, convention) for convention in conventions]
    return min(tried, key=lambda found: len(found.missing) + len(found.left_over))


def _fitting_width(
    model: Model, layers: list[Layer], file: StoredFile, found: by_name.Found
) -> float | None:
    """Find the factor on the channels at which every weight has its layer's shape."""
    known = models.info(model.name)
    if known.min_width == 1:
        return None
    whole = models.create(model.name, simplify=False, context=model.context)
    first = layers[0]
    ours = whole.constants[first.weight].shape
    theirs = file.tensors[found.names[first.name]["weight"]].shape
    width = theirs[0] / ours[0] if theirs else 0
    if not known.min_width <= width <= 1:
        return None
    shapes = _shapes(models.create(model.name, width=width, simplify=False, context=model.context))
    fits = all(
        by_name.same_shape(
            file.tensors[found.names[layer.name]["weight"]].shape, shapes[layer.weight]
        )
        for layer in layers
    )
    return width if fits else None


def _shapes(model: Model) -> dict[str, tuple[int, ...]]:
    return {name: item.shape for name, item in model.constants.items()}


def _by_structure(model: Model, layers: list[Layer], network: Model, file: StoredFile) -> Loaded:
    theirs = network.simplify()
    matched = match_nodes(model.simplify(), theirs, file.path)
    constants = theirs.constants
    arrays: dict[str, FloatArray] = {}
    for layer in layers:
        node = matched[layer.node.name]
        weight = constants[str(node.inputs[1])].values()
        if node.op == "Gemm" and not node.attributes.get("transB", 0):
            weight = weight.T
        arrays[layer.weight] = weight
        has_bias = len(node.inputs) > 2 and node.inputs[2] is not None
        bias = constants[str(node.inputs[2])].values() if has_bias else None
        if layer.norm is not None:
            arrays |= by_name.plain_norm(layer.norm, weight.shape[0], bias)
        elif layer.bias is not None and bias is not None:
            arrays[layer.bias] = bias
    names = {layer.name: matched[layer.node.name].name for layer in layers}
    return _made(model, arrays, "structure", names, file)


def _by_order(model: Model, layers: list[Layer], file: StoredFile) -> Loaded:
    """Take arrays without names, where the network is a chain and every shape fits.

    Raises
    ------
    InvalidArgument
        The network has branches or BatchNorms, whose order nobody can know, or shapes differ.
    """
    if any(layer.norm is not None for layer in layers) or any(
        node.op in ("Add", "Concat") for node in model.nodes
    ):
        raise InvalidArgument(
            f"{file.path}: arrays without names fit {model.name} in more than one way"
        )
    ours = [name for layer in layers for name in (layer.weight, layer.bias) if name is not None]
    shapes = _shapes(model)
    theirs = [f"arr_{index}" for index in range(len(file.tensors))]
    if [shapes[name] for name in ours] != [file.tensors[name].shape for name in theirs]:
        raise InvalidArgument(
            f"{file.path}: the shapes of its {len(theirs)} arrays without names are not, in order, "
            f"those of the {len(ours)} weights and biases of {model.name}"
        )
    arrays = {
        name: read_floats(f"{file.path}: array {array}", file.tensors[array])
        for name, array in zip(ours, theirs, strict=True)
    }
    names = dict(zip(ours, theirs, strict=True))
    return _made(model, arrays, "order", names, file)


def _made(
    model: Model,
    arrays: Mapping[str, FloatArray],
    matched_by: str,
    names: Mapping[str, str],
    file: StoredFile,
) -> Loaded:
    path = Path(file.path)
    taken, reason = take_preprocessing(model, file.metadata, path.suffix)
    preprocessing = "default preprocessing" if reason else "preprocessing of the file"
    note = f"{path.name}, matched by {matched_by}, {preprocessing}"
    made = with_constants(model, arrays, {**taken, "weights": note})
    return Loaded(made, matched_by, names, reason)
