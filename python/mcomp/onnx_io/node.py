"""A node that is being read: its attributes and inputs, each checked, and errors that name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnx

from .._errors import InvalidArgument, MCompError, Unsupported
from ..graph_builder import AttributeValue
from .operands import Constant, Operand, Shape, Value
from .structure import node_label
from .tensors import Array, TensorSource
from .text import shape_text, shown

if TYPE_CHECKING:
    from .importer import Importer


class Node:
    """One NodeProto and the network it goes into.

    Attributes
    ----------
    proto : onnx.NodeProto
    index : int
    opset : int
        Of the default domain.
    label : str
        Operator and name, as messages have them.
    """

    def __init__(self, importer: Importer, proto: onnx.NodeProto, index: int) -> None:
        self.importer = importer
        self.proto = proto
        self.index = index
        self.opset = importer.opset
        self.label = node_label(proto, index)
        self._attributes = {attribute.name: attribute for attribute in proto.attribute}
        self._used: set[str] = set()

    def error(self, kind: type[MCompError], reason: str) -> MCompError:
        """Make an error with file and node in its message."""
        return kind(f"{self.importer.path}: {self.label}: {reason}")

    # Attributes. The structure check has seen to names and types.

    def integer(self, name: str, default: int) -> int:
        """Get an integer attribute."""
        self._used.add(name)
        attribute = self._attributes.get(name)
        return default if attribute is None else attribute.i

    def flag(self, name: str) -> bool:
        """Get an integer attribute that must be 0 or 1; 0 where it is left out."""
        value = self.integer(name, 0)
        if value not in (0, 1):
            raise self.error(InvalidArgument, f"{name} is {value}, not 0 or 1")
        return bool(value)

    def integers(self, name: str) -> list[int] | None:
        """Get an attribute of several integers, None where it is left out."""
        self._used.add(name)
        attribute = self._attributes.get(name)
        return None if attribute is None else list(attribute.ints)

    def real(self, name: str, default: float) -> float:
        """Get a float attribute."""
        self._used.add(name)
        attribute = self._attributes.get(name)
        return default if attribute is None else attribute.f

    def text(self, name: str, default: str) -> str:
        """Get a text attribute."""
        self._used.add(name)
        attribute = self._attributes.get(name)
        return default if attribute is None else attribute.s.decode("utf-8", "backslashreplace")

    def attribute(self, name: str) -> onnx.AttributeProto | None:
        """Get an attribute of any type, None where it is left out."""
        self._used.add(name)
        return self._attributes.get(name)

    def ignore(self, *names: str) -> None:
        """Accept attributes that mean nothing here."""
        self._used.update(names)

    def check_attributes_used(self) -> None:
        """Refuse attributes that nothing has looked at."""
        for name in self._attributes:
            if name not in self._used:
                raise self.error(Unsupported, f"attribute {shown(name)} is not read")

    # Inputs.

    def has_input(self, index: int) -> bool:
        """Tell whether an input is there and not left out."""
        return index < len(self.proto.input) and bool(self.proto.input[index])

    def input_count(self) -> int:
        """Count inputs, left-out ones too."""
        return len(self.proto.input)

    def operand(self, index: int) -> Operand:
        """Get what an input stands for."""
        return self.importer.operands[self.proto.input[index]]

    def input_label(self, index: int) -> str:
        """Name an input in messages."""
        return f"input {index} ({shown(self.proto.input[index])})"

    def value(self, index: int) -> Value:
        """Get an input that is a value of the network, in the shape that it has there."""
        operand = self.operand(index)
        if not isinstance(operand, Value):
            raise self.error(Unsupported, f"{self.input_label(index)} must not be a constant")
        if operand.view is not None:
            raise self.error(
                Unsupported,
                f"{self.input_label(index)} is {shape_text(operand.shape)} reshaped to "
                f"{shape_text(operand.view)}, which can only be flattened",
            )
        return operand

    def activation(self, index: int) -> Value:
        """Get an input with a batch axis."""
        value = self.value(index)
        if not value.is_activation:
            raise self.error(Unsupported, f"{self.input_label(index)} must not be a constant")
        return value

    def argument(self, index: int) -> int | None:
        """Get an input, whatever it is, as a value of the network; None where it is left out."""
        if not self.has_input(index):
            return None
        operand = self.operand(index)
        if isinstance(operand, Constant):
            return self.importer.add_constant(self, operand)
        return self.value(index).value

    def arguments(self) -> list[int | None]:
        """Get all inputs as values of the network."""
        return [self.argument(index) for index in range(self.input_count())]

    def constant(self, index: int) -> Constant:
        """Get an input that must be known now."""
        operand = self.operand(index)
        if not isinstance(operand, Constant):
            raise self.error(Unsupported, f"{self.input_label(index)} must be a constant")
        return operand

    def constant_integers(self, index: int) -> list[int]:
        """Get a constant list of integers, or one integer."""
        constant = self.constant(index)
        if len(constant.shape) > 1 or sum(constant.shape) > 64:
            raise self.error(
                InvalidArgument,
                f"{self.input_label(index)} is {shape_text(constant.shape)}, not a short list",
            )
        array = constant.read()
        if array.dtype.kind not in "iu":
            raise self.error(
                InvalidArgument, f"{self.input_label(index)} holds {array.dtype}, not integers"
            )
        return [int(element) for element in array.reshape(-1)]

    def constant_scalar(self, index: int) -> Array:
        """Get a constant of one element."""
        constant = self.constant(index)
        if constant.shape not in ((), (1,)):
            raise self.error(
                InvalidArgument,
                f"{self.input_label(index)} is {shape_text(constant.shape)}, must be one number",
            )
        return constant.read().reshape(())

    def check_single_output(self) -> None:
        """Refuse outputs after the first that something reads."""
        for index, name in enumerate(self.proto.output[1:], 1):
            if name and self.importer.is_read(name):
                raise self.error(Unsupported, f"output {index} ({shown(name)}) is not computed")

    # Outputs.

    def emit(
        self,
        op: str,
        inputs: Sequence[int | None],
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> Value:
        """Add the node that makes the first output."""
        output = self.proto.output[0]
        value = self.importer.add_node(
            self, op, self.importer.name_node(self.proto), inputs, attributes or {}
        )
        self.importer.operands[output] = value
        return value

    def emit_before(
        self,
        op: str,
        suffix: str,
        inputs: Sequence[int | None],
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> Value:
        """Add a node that is needed on the way to the output."""
        name = self.importer.unique_name(f"{self.proto.name or self.proto.output[0]}_{suffix}")
        return self.importer.add_node(self, op, name, inputs, attributes or {})

    def emit_constant(self, suffix: str, array: Array) -> int:
        """Add a constant that ONNX has as an attribute."""
        name = f"{self.proto.name or self.proto.output[0]}_{suffix}"
        return self.importer.add_constant(self, Constant(self.importer.unique_name(name), array))

    def give(self, operand: Operand) -> None:
        """Let the first output be something that needs no node."""
        self.importer.operands[self.proto.output[0]] = operand

    def give_constant(self, source: TensorSource | Array) -> None:
        """Let the first output be a constant under its own name."""
        if isinstance(source, np.ndarray):
            source = np.asarray(source, order="C")
        self.give(Constant(self.importer.unique_name(self.proto.output[0]), source))


def normalized_axis(node: Node, axis: int, shape: Shape) -> int:
    """Make an axis in [-rank, rank) >= 0."""
    rank = len(shape)
    if not -rank <= axis < rank:
        raise node.error(InvalidArgument, f"axis {axis} is outside rank {rank}")
    return axis % rank if rank else 0
