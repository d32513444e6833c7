"""The graph under construction: names to operands, nodes to the graph builder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import onnx

from .._errors import InvalidArgument, MCompError, Unsupported
from ..context import Context
from ..graph_builder import AttributeValue, GraphBuilder
from ..model import Model
from .node import Node
from .operands import Constant, Operand, Value
from .operators import OPERATORS
from .source import Source
from .tensors import check_tensor, dtype_name, initializer_label, is_finite
from .text import cut, shape_text, shown

#: Operators whose constants may be infinite: bounds and fill values.
_INFINITE = ("Clip", "Pad")


class Importer:
    """Reads one graph.

    Attributes
    ----------
    path : str
        Begins every message.
    opset : int
        Version of the default operator set.
    operands : dict
        What each ONNX name stands for, as far as has been read.
    fixed_batch : int or None
        The batch size where the file fixes one; it is free in the network.
    done : set of int
        Nodes that an earlier one took in.
    """

    def __init__(self, source: Source, opset: int, context: Context | None) -> None:
        self.path = source.path
        self.opset = opset
        self.operands: dict[str, Operand] = {}
        self.fixed_batch: int | None = None
        self.done: set[int] = set()
        self.graph = source.model.graph
        self.output_names = {value.name for value in self.graph.output}
        self._source = source
        self._builder = GraphBuilder(self.graph.name, context=context)
        # Names of inputs, initialisers and outputs are the file's; a node's name gives way to them.
        self._names = (
            {value.name for value in self.graph.input}
            | {tensor.name for tensor in self.graph.initializer}
            | self.output_names
        )
        self._readers: dict[str, list[int]] = {}
        for index, node in enumerate(self.graph.node):
            for name in node.input:
                self._readers.setdefault(name, []).append(index)

    def read(self) -> None:
        """Read inputs, initialisers, nodes and outputs.

        Raises
        ------
        MCompError
            By kind, naming what cannot be read and why.
        """
        for tensor, payload in zip(self.graph.initializer, self._source.payloads, strict=True):
            label = initializer_label(self.path, tensor.name)
            checked = check_tensor(label, tensor, payload, self.path)
            self.operands[tensor.name] = Constant(tensor.name, checked)
        for entry in self.graph.input:
            if entry.name not in self.operands:
                self._add_input(entry)
        for index, proto in enumerate(self.graph.node):
            if index not in self.done:
                node = Node(self, proto, index)
                OPERATORS[proto.op_type](node)
                node.check_attributes_used()
        self._mark_outputs()

    def _mark_outputs(self) -> None:
        for entry in self.graph.output:
            where = f"{self.path}: output {shown(entry.name)}"
            operand = self.operands[entry.name]
            if not isinstance(operand, Value):
                raise Unsupported(f"{where} is constant")
            if operand.view is not None:
                raise Unsupported(
                    f"{where} is {shape_text(operand.shape)} reshaped to "
                    f"{shape_text(operand.view)}, which there is no operator for"
                )
            with _placed(where):
                self._builder.mark_output(operand.value)

    def finish(self) -> Model:
        """Set metadata and verify."""
        for entry in self._source.model.metadata_props:
            with _placed(f"{self.path}: metadata {shown(entry.key)}"):
                self._builder.set_metadata(entry.key, entry.value)
        with _placed(self.path):
            model = self._builder.finish()
        for value in model.outputs:
            if value.dtype != "float32":
                raise Unsupported(
                    f"{self.path}: output {shown(value.name)} is {value.dtype}, must be float32"
                )
        return model

    def _add_input(self, entry: onnx.ValueInfoProto) -> None:
        where = f"{self.path}: input {shown(entry.name)}"
        if not entry.type.HasField("tensor_type"):
            raise Unsupported(f"{where} is no tensor")
        tensor_type = entry.type.tensor_type
        if tensor_type.elem_type != onnx.TensorProto.FLOAT:
            raise Unsupported(f"{where} is {dtype_name(tensor_type.elem_type)}, must be FLOAT")
        if not tensor_type.HasField("shape") or not tensor_type.shape.dim:
            raise Unsupported(f"{where} has no shape, so no batch axis")
        dims = tensor_type.shape.dim
        shape: list[int | None] = [None]
        if dims[0].HasField("dim_value"):
            self._fix_batch(where, dims[0].dim_value)
        for axis, dim in enumerate(dims[1:], 1):
            if not dim.HasField("dim_value"):
                free = shown(dim.dim_param) if dim.dim_param else "unknown"
                raise Unsupported(
                    f"{where}: axis {axis} is {free}, only the first axis may be free"
                )
            shape.append(dim.dim_value)
        with _placed(where):
            value = self._builder.add_input(entry.name, shape)
        self.operands[entry.name] = Value(value, tuple(shape))

    def _fix_batch(self, where: str, extent: int) -> None:
        if extent < 1:
            raise InvalidArgument(f"{where}: the batch is {extent}")
        if self.fixed_batch not in (None, extent):
            raise Unsupported(
                f"{where}: the batch is {extent}, that of another input {self.fixed_batch}"
            )
        self.fixed_batch = extent

    # For nodes.

    def sole_reader(self, name: str) -> int | None:
        """Find the one node that reads a value; None for outputs and where there are others."""
        readers = self._readers.get(name, [])
        return readers[0] if len(readers) == 1 and name not in self.output_names else None

    def is_read(self, name: str) -> bool:
        """Tell whether a node reads a value, or it is an output."""
        return name in self._readers or name in self.output_names

    def unique_name(self, stem: str) -> str:
        """Take the stem as a name, with a number where that is taken already."""
        name, number = stem, 2
        while name in self._names:
            name = f"{stem}_{number}"
            number += 1
        self._names.add(name)
        return name

    def name_node(self, proto: onnx.NodeProto, output: str | None = None) -> str:
        """Take a node's name, or its output's; an output of the network keeps its own."""
        output = proto.output[0] if output is None else output
        if output in self.output_names:
            return output
        if proto.name and proto.name not in self._names:
            return self.unique_name(proto.name)
        return self.unique_name(output)

    def add_constant(self, node: Node, constant: Constant) -> int:
        """Make a constant a value of the network, once."""
        if constant.value is None:
            array = constant.read()
            if array.dtype.kind == "f" and array.dtype != np.float32:
                array = array.astype(np.float32)
            where = f"{self.path}: {node.label}: constant {shown(constant.name)}"
            if node.proto.op_type not in _INFINITE and not is_finite(array):
                raise InvalidArgument(f"{where} is not finite")
            with _placed(where):
                constant.value = self._builder.add_constant(constant.name, array)
        return constant.value

    def add_node(
        self,
        node: Node,
        op: str,
        name: str,
        inputs: Sequence[int | None],
        attributes: Mapping[str, AttributeValue],
    ) -> Value:
        """Add a node; what the library refuses is refused in the file's words."""
        with _placed(f"{self.path}: {node.label}"):
            value = self._builder.add_node(op, name, inputs, attributes)
        return Value(value, self._builder.shape(value))


@contextmanager
def _placed(where: str) -> Iterator[None]:
    """Give the graph builder's errors the place in the file."""
    try:
        yield
    except MCompError as error:
        raise type(error)(f"{where}: {cut(str(error))}") from error
