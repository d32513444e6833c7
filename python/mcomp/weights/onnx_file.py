"""Reads the weights of an ONNX file, through the importer that reads networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._arrays import AnyArray
from ..graph_info import Constant, NodeInfo
from ..model import Model
from .stored import Stored, StoredFile


def as_list(value: object, default: list[int]) -> list[int]:
    """Read an attribute that is one integer or several."""
    if value is None:
        return default
    return [int(item) for item in value] if isinstance(value, list) else [int(str(value))]


def window(node: NodeInfo) -> tuple[list[int], int, list[int]]:
    """Tell a Conv's stride, groups and dilation."""
    return (
        as_list(node.attributes.get("strides"), [1, 1]),
        as_list(node.attributes.get("group"), [1])[0],
        as_list(node.attributes.get("dilations"), [1, 1]),
    )


def read_onnx_weights(path: str, network: Model) -> StoredFile:
    """List the constants of a network that was read from an ONNX file.

    Scalars and integers, such as shapes and bounds, are no weights and left out. A Gemm's or
    MatMul's weight that stands [inputs, neurons] is given as [neurons, inputs].
    """
    constants = network.constants
    turned: set[str] = set()
    windows: dict[str, tuple[list[int], int, list[int]]] = {}
    epsilons: dict[str, float] = {}
    for node in network.nodes:
        weight = node.inputs[1] if len(node.inputs) > 1 else None
        if node.op == "Conv" and weight is not None:
            windows[weight] = window(node)
        elif node.op in ("Gemm", "MatMul") and weight in constants:
            if not node.attributes.get("transB", 0):
                turned.add(str(weight))
        elif node.op == "BatchNormalization" and node.inputs[4] is not None:
            epsilons[node.inputs[4]] = float(str(node.attributes.get("epsilon", 1e-5)))
    scalings = _scalings(network)
    flat = {name for scaling in scalings.values() for name in scaling.values()}
    tensors = {
        name: _stored(item, name in turned, name in flat)
        for name, item in constants.items()
        if item.shape and item.dtype == "float32"
    }
    return StoredFile(path, tensors, windows, epsilons, scalings, network.metadata)


def _scalings(network: Model) -> dict[str, dict[str, str]]:
    """Find a Mul and an Add by constants behind each BatchNormalization, by its variance."""
    readers: dict[str, list[NodeInfo]] = {}
    for node in network.nodes:
        for name in node.inputs:
            readers.setdefault(str(name), []).append(node)
    constants = network.constants
    found: dict[str, dict[str, str]] = {}
    for norm in network.nodes:
        if norm.op != "BatchNormalization":
            continue
        value, scaling = norm.output, found.setdefault(str(norm.inputs[4]), {})
        for op, part in (("Mul", "factor"), ("Add", "offset")):
            behind = readers.get(value, [])
            if len(behind) != 1 or behind[0].op != op:
                continue
            held = [str(name) for name in behind[0].inputs if str(name) in constants]
            # One number a channel: extents [C, 1, 1], with or without the batch's 1.
            if len(held) == 1 and max(constants[held[0]].shape, default=1) == norm.shape[1]:
                scaling[part] = held[0]
                value = behind[0].output
    return found


def _stored(constant: Constant, turned: bool, flat: bool) -> Stored:
    turned = turned and len(constant.shape) == 2
    shape = constant.shape[::-1] if turned else constant.shape
    if flat:
        shape = (int(np.prod(shape)),)
    return Stored(shape, constant.dtype, _reader(constant, turned, shape))


def _reader(constant: Constant, turned: bool, shape: tuple[int, ...]) -> Callable[[], AnyArray]:
    def read() -> AnyArray:
        values = constant.values()
        return np.ascontiguousarray(values.T) if turned else values.reshape(shape)

    return read
