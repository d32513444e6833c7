"""A network again, with other outputs or other constants."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING

from ._arrays import AnyArray
from ._errors import InvalidArgument, NotFound
from .graph_builder import GraphBuilder

if TYPE_CHECKING:
    from .graph_info import NodeInfo
    from .model import Model


def with_outputs(model: Model, names: Sequence[str]) -> Model:
    """Build a network anew with other outputs (see :meth:`mcomp.Model.with_outputs`)."""
    if isinstance(names, str):
        raise InvalidArgument(f"names must be several texts, not the text {names!r}")
    wanted = list(names)
    if not wanted:
        raise InvalidArgument("names must hold at least one name")
    producers = {node.output: node for node in model.nodes}
    for name in wanted:
        if name not in producers:
            raise NotFound(f"no node makes a value {name!r}")
    needed = _needed(producers, wanted)
    builder = GraphBuilder._beside(model)
    numbers = {value.name: builder.add_input(value.name, value.shape) for value in model.inputs}
    constants = model.constants
    for node in model.nodes:
        if node.output not in needed:
            continue
        for item in node.inputs:
            if item is not None and item not in numbers:
                numbers[item] = builder.add_tensor(item, constants[item].handle)
        inputs = [None if item is None else numbers[item] for item in node.inputs]
        numbers[node.output] = builder.add_node(node.op, node.name, inputs, node.attributes)
    dtypes = {value.name: value.dtype for value in model.values}
    for name in wanted:
        number = numbers[name]
        if dtypes[name] != "float32":
            number = builder.add_node("DequantizeLinear", _unused(name, dtypes), [number])
        builder.mark_output(number)
    for key, text in model.metadata.items():
        builder.set_metadata(key, text)
    return builder.finish()


def with_constants(
    model: Model, arrays: Mapping[str, AnyArray], metadata: Mapping[str, str | None]
) -> Model:
    """Build a network anew with other numbers in some constants, and more metadata.

    Parameters
    ----------
    model
        Stays as it is; not compressed and not simplified.
    arrays
        By the constant's name, of its shape.
    metadata
        Added to the network's; None takes the network's away.
    """
    builder = GraphBuilder._beside(model)
    numbers = {value.name: builder.add_input(value.name, value.shape) for value in model.inputs}
    constants = model.constants
    for node in model.nodes:
        for item in node.inputs:
            if item is None or item in numbers:
                continue
            if item in arrays:
                numbers[item] = builder.add_constant(item, arrays[item])
            else:
                numbers[item] = builder.add_tensor(item, constants[item].handle)
        inputs = [None if item is None else numbers[item] for item in node.inputs]
        numbers[node.output] = builder.add_node(node.op, node.name, inputs, node.attributes)
    for value in model.outputs:
        builder.mark_output(numbers[value.name])
    for key, text in {**model.metadata, **metadata}.items():
        if text is not None:
            builder.set_metadata(key, text)
    return builder.finish()


def _unused(name: str, taken: Container[str]) -> str:
    """Find a name for the real numbers that a quantised value stands for."""
    while name in taken:
        name += "_dequantized"
    return name


def _needed(producers: dict[str, NodeInfo], wanted: list[str]) -> set[str]:
    """Walk from the wanted values to all values that they are made from."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name in producers and name not in found:
            found.add(name)
            waiting += [item for item in producers[name].inputs if item is not None]
    return found
