"""Finds the tensors of layers by what they are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .._arrays import FloatArray
from .._errors import InvalidArgument, ShapeError
from .._file_text import cut
from .layers import Layer, Norm
from .naming import OURS, Convention
from .onnx_file import window
from .stored import StoredFile, read_floats

_SHOWN = 6  # names in a message
_NAME_LIMIT = 80  # characters of each


@dataclass
class Found:
    """What was found of one naming in a file.

    Attributes
    ----------
    convention : Convention
    names : dict
        By layer: its weight, bias, scale, shift, mean, variance, factor and offset, those that the
        file has.
    missing : list of str
        Names that the layers need and the file has not.
    left_over : list of str
        The file's names that no layer needs.
    """

    convention: Convention
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)


def our_names(layers: Sequence[Layer]) -> Convention:
    """Make the naming of the networks themselves."""
    rules = [
        (
            re.escape(layer.name),
            layer.weight.removesuffix(OURS.weight),
            layer.norm.scale.removesuffix(OURS.scale) if layer.norm else "",
        )
        for layer in layers
    ]
    return Convention("mcomp", OURS, tuple(rules), ignored=r".*_(low|high)")


def find(layers: Sequence[Layer], file: StoredFile, convention: Convention) -> Found:
    """Look a naming's tensors up in a file."""
    found = Found(convention)
    used: set[str] = set()
    for layer in layers:
        names = _layer_names(layer, convention)
        have = {part: name for part, name in names.items() if name in file.tensors}
        have |= file.scalings.get(have.get("variance", ""), {})
        found.names[layer.name] = have
        used.update(have.values())
        found.missing += _missing(layer, names, have)
    found.left_over = [
        name
        for name in file.tensors
        if name not in used and not re.fullmatch(convention.ignored, name)
    ]
    return found


def _layer_names(layer: Layer, convention: Convention) -> dict[str, str]:
    stems = convention.stems(layer.name)
    if stems is None:
        return {}
    suffixes = convention.suffixes
    names = {"weight": stems[0] + suffixes.weight, "bias": stems[0] + suffixes.bias}
    if layer.norm:
        for part in ("scale", "shift", "mean", "variance", "factor", "offset"):
            suffix = getattr(suffixes, part)
            if suffix:
                names[part] = stems[1] + suffix
    return names


def _missing(layer: Layer, names: dict[str, str], have: dict[str, str]) -> list[str]:
    needed = ["weight"]
    if layer.norm is None:
        needed += ["bias"] if layer.bias else []
    elif "bias" not in have or any(part in have for part in ("scale", "shift", "mean", "variance")):
        # A convolution with a bias and no BatchNorm at all has the latter folded into it.
        needed += ["scale", "shift", "mean", "variance"]
    return [names.get(part, f"{part} of {layer.name}") for part in needed if part not in have]


def listed(names: Sequence[str]) -> str:
    """Write the beginnings of the first names and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(cut(name, _NAME_LIMIT) for name in names[:_SHOWN]) + more


def check_whole(network: str, file: StoredFile, found: Found) -> None:
    """Refuse a file that lacks tensors or has others.

    Raises
    ------
    InvalidArgument
        Names what is missing and what is left over.
    """
    problems = []
    if found.missing:
        problems.append(f"{len(found.missing)} missing: {listed(found.missing)}")
    if found.left_over:
        problems.append(f"{len(found.left_over)} left over: {listed(found.left_over)}")
    if problems:
        raise InvalidArgument(
            f"{file.path}: weights for {network} by the names of {found.convention.name}: "
            f"{'; '.join(problems)}"
        )


def check_windows(layers: Sequence[Layer], file: StoredFile, found: Found) -> None:
    """Refuse weights of a convolution that slides in another way than ours.

    Raises
    ------
    InvalidArgument
        Names layer, tensor and both strides, groups or dilations.
    """
    for layer in layers:
        name = found.names[layer.name]["weight"]
        if layer.node.op != "Conv" or name not in file.windows:
            continue
        for what, ours, theirs in zip(
            ("strides", "groups", "dilations"), window(layer.node), file.windows[name], strict=True
        ):
            if ours != theirs:
                raise InvalidArgument(
                    f"{file.path}: weight {name} is of a Conv whose {what} are {theirs}, "
                    f"layer {layer.name} has {ours}"
                )


def take(
    layers: Sequence[Layer], file: StoredFile, found: Found, shapes: dict[str, tuple[int, ...]]
) -> dict[str, FloatArray]:
    """Read what was found, as our constants.

    Raises
    ------
    ShapeError
        Names tensor and both shapes.
    """
    arrays: dict[str, FloatArray] = {}
    for layer in layers:
        names = found.names[layer.name]
        shape = shapes[layer.weight]
        arrays[layer.weight] = _read(file, layer, "weight", names["weight"], shape)
        parts = {
            part: _read(file, layer, part, name, shape[:1])
            for part, name in names.items()
            if part != "weight"
        }
        if layer.norm is None:
            if layer.bias is not None:
                arrays[layer.bias] = parts["bias"]
        elif "scale" in parts:
            epsilon = file.epsilons.get(names["variance"], layer.norm.epsilon)
            arrays |= join_norm(layer.norm, parts, epsilon)
        else:
            arrays |= plain_norm(layer.norm, shape[0], parts.get("bias"))
    return arrays


def _read(
    file: StoredFile, layer: Layer, part: str, name: str, shape: tuple[int, ...]
) -> FloatArray:
    stored = file.tensors[name]
    if not same_shape(stored.shape, shape):
        raise ShapeError(
            f"{file.path}: tensor {name} has shape {list(stored.shape)}, "
            f"{part} of layer {layer.name} takes {list(shape)}"
        )
    return read_floats(f"{file.path}: tensor {name}", stored).reshape(shape)


def same_shape(stored: tuple[int, ...], ours: tuple[int, ...]) -> bool:
    """Tell whether a shape is ours, or that of a Gemm written as a Conv or the reverse."""
    if stored == ours:
        return True
    connected = {len(stored), len(ours)} == {2, 4} and stored[:1] == ours[:1]
    return connected and np.prod(stored, dtype=object) == np.prod(ours, dtype=object)


def join_norm(norm: Norm, parts: dict[str, FloatArray], epsilon: float) -> dict[str, FloatArray]:
    """Make our BatchNorm of theirs, of a Scale layer behind it and of a bias before it."""
    scale, shift, mean = (parts[part].astype(np.float64) for part in ("scale", "shift", "mean"))
    if "factor" in parts:
        scale, shift = scale * parts["factor"], shift * parts["factor"]
    if "offset" in parts:
        shift = shift + parts["offset"]
    if "bias" in parts:
        mean = mean - parts["bias"]
    variance = parts["variance"].astype(np.float64) + (epsilon - norm.epsilon)
    if (variance + norm.epsilon <= 0).any():
        raise InvalidArgument(f"{norm.variance}: a variance of the file is negative")
    # Below our epsilon no variance makes the same root: the scale makes up for it.
    low = variance < 0
    scale = np.where(low, scale * np.sqrt(norm.epsilon / (variance + norm.epsilon)), scale)
    variance = np.where(low, 0, variance)
    return {
        norm.scale: scale.astype(np.float32),
        norm.shift: shift.astype(np.float32),
        norm.mean: mean.astype(np.float32),
        norm.variance: variance.astype(np.float32),
    }


def plain_norm(norm: Norm, channels: int, bias: FloatArray | None) -> dict[str, FloatArray]:
    """Make a BatchNorm that only adds a bias, for a file whose BatchNorm is folded."""
    return {
        norm.scale: np.ones(channels, np.float32),
        norm.shift: np.zeros(channels, np.float32) if bias is None else bias,
        norm.mean: np.zeros(channels, np.float32),
        norm.variance: np.full(channels, 1 - norm.epsilon, np.float32),
    }
