"""A node that is being read: its attributes and inputs, each checked, and errors about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from .._errors import InvalidArgument, LimitError, MCompError, Unsupported
from ..graph_builder import AttributeValue
from .operands import BatchTensor, Constant, Dequantized, Operand, Shape, Source, Value
from .refusals import NodeRefused
from .tensors import RANK_MAX, Array
from .text import shape_text, shown

if TYPE_CHECKING:
    from .importer import Importer

_LIST_MAX = 4096  # elements of a constant that is a list of integers


class Node:
    """One NodeProto and the network it goes into.

    Attributes
    ----------
    importer : Importer
    proto : onnx.NodeProto
    index : int
    opset : int
        Of the default domain.
    """

    def __init__(self, importer: Importer, proto: onnx.NodeProto, index: int) -> None:
        self.importer = importer
        self.proto = proto
        self.index = index
        self.opset = importer.opset
        self._attributes = {attribute.name: attribute for attribute in proto.attribute}
        self._used: set[str] = set()

    def error(self, kind: type[MCompError], reason: str) -> NodeRefused:
        """Make the refusal of this node."""
        return NodeRefused(kind, reason)

    # Attributes. Names and types have been checked.

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
        """Get a float attribute, which must be a number."""
        self._used.add(name)
        attribute = self._attributes.get(name)
        value = default if attribute is None else attribute.f
        if np.isnan(value):
            raise self.error(InvalidArgument, f"{name} is not a number")
        return value

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
            # Up to operator set 5 a hint about memory.
            if name not in self._used and name != "consumed_inputs":
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
        if not self.has_input(index):
            raise self.error(InvalidArgument, f"input {index} is left out")
        return self.importer.operands[self.proto.input[index]]

    def operands(self) -> list[Operand]:
        """Get what all inputs stand for."""
        return [self.operand(index) for index in range(self.input_count())]

    def input_label(self, index: int) -> str:
        """Name an input in messages."""
        return f"input {index} ({shown(self.proto.input[index])})"

    def activation(self, index: int) -> Value:
        """Get an input with a batch axis."""
        operand = self.operand(index)
        if isinstance(operand, BatchTensor):
            raise self.error(Unsupported, f"{self.input_label(index)} is computed from shapes")
        if isinstance(operand, Constant):
            raise self.error(Unsupported, f"{self.input_label(index)} must not be a constant")
        return operand

    def argument(self, index: int) -> int | None:
        """Get an input, whatever it is, as a value of the network; None where it is left out."""
        if not self.has_input(index):
            return None
        operand = self.operand(index)
        if isinstance(operand, Constant):
            return self.importer.add_constant(self, operand)
        return self.activation(index).value

    def weight(self, index: int) -> int | None:
        """Get an input that keeps its integers where the file has it quantised."""
        operand = self.operand(index) if self.has_input(index) else None
        if isinstance(operand, Dequantized):
            return self.importer.add_dequantized(self, operand)
        return self.argument(index)

    def constant(self, index: int) -> Constant:
        """Get an input that must be known now."""
        operand = self.operand(index)
        if not isinstance(operand, Constant):
            raise self.error(Unsupported, f"{self.input_label(index)} must be a constant")
        return operand

    def constant_integers(self, index: int) -> list[int]:
        """Get a constant list of integers, or one integer."""
        constant = self.constant(index)
        if len(constant.shape) > 1 or sum(constant.shape) > _LIST_MAX:
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

    @property
    def stem(self) -> str:
        """The node's name, or its output's: what names of its parts begin with."""
        return self.proto.name or self.proto.output[0]

    def emit(
        self,
        op: str,
        inputs: Sequence[int | None],
        attributes: Mapping[str, AttributeValue] | None = None,
        output: int = 0,
    ) -> Value:
        """Add the node that makes an output, the first where nothing else is said."""
        name = self.proto.output[output]
        node_name = self.importer.name_node(self.proto, name)
        value = self.importer.add_node(self, op, node_name, inputs, attributes or {})
        self.importer.operands[name] = value
        return value

    def emit_before(
        self,
        op: str,
        suffix: str,
        inputs: Sequence[int | None],
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> Value:
        """Add a node that is needed on the way to the output."""
        name = self.importer.unique_name(f"{self.stem}_{suffix}")
        return self.importer.add_node(self, op, name, inputs, attributes or {})

    def emit_constant(self, suffix: str, array: Array) -> int:
        """Add a constant that ONNX has as an attribute."""
        name = self.importer.unique_name(f"{self.stem}_{suffix}")
        return self.importer.add_constant(self, Constant(name, array))

    def emit_reshape(self, data: Value, shape: Shape, suffix: str | None = None) -> Value:
        """Add the node that gives a value another shape, the first extent being the batch.

        Parameters
        ----------
        data : Value
        shape : Shape
            Of as many elements.
        suffix : str or None
            None: it makes the output; else what it is called on the way there.
        """
        if len(shape) > RANK_MAX:
            raise self.error(LimitError, f"gives rank {len(shape)}, above {RANK_MAX}")
        inputs: list[int | None] = [data.value]
        attributes: dict[str, AttributeValue] = {}
        if shape == data.shape:
            op = "Identity"
        elif len(shape) == 2:
            op, attributes = "Flatten", {"axis": 1}
        else:
            op = "Reshape"
            extents = [0 if extent is None else extent for extent in shape]
            inputs.append(
                self.emit_constant(f"{suffix or 'to'}_shape", np.array(extents, np.int64))
            )
        if suffix is None:
            return self.emit(op, inputs, attributes)
        return self.emit_before(op, suffix, inputs, attributes)

    def give(self, operand: Operand, output: int = 0) -> None:
        """Let an output be something that needs no node."""
        self.importer.operands[self.proto.output[output]] = operand

    def give_constant(self, source: Source | Array, output: int = 0) -> None:
        """Let an output be a constant under its own name; the caller counts one that is lazy."""
        if isinstance(source, np.ndarray):
            self.importer.budget.hold(source)
        name = self.importer.unique_name(self.proto.output[output])
        self.give(Constant(name, source), output)

    def expand(
        self,
        op: str,
        inputs: Sequence[str],
        output: str,
        name: str = "",
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        """Read a node of ONNX that stands for a part of this one."""
        proto = helper.make_node(op, list(inputs), [output], name=name)
        proto.attribute.extend(
            helper.make_attribute(key, value) for key, value in (attributes or {}).items()
        )
        self.importer.read_node(Node(self.importer, proto, self.index))

    def part(self, suffix: str, array: Array | None = None) -> str:
        """Name a tensor between two parts of this node, or a constant that one reads."""
        stem = f"{self.stem}_{suffix}"
        if array is None:
            return self.importer.free_name(stem)  # the node that makes it takes it
        name = self.importer.unique_name(stem)
        self.importer.operands[name] = Constant(name, array)
        return name


def normalized_axis(node: Node, axis: int, shape: Sequence[int | None]) -> int:
    """Make an axis in [-rank, rank) >= 0."""
    rank = len(shape)
    if not -rank <= axis < rank:
        raise node.error(InvalidArgument, f"axis {axis} is outside rank {rank}")
    return axis % rank if rank else 0
