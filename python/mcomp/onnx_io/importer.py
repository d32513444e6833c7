"""The graph under construction: names to operands, nodes to the graph builder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import onnx

from .._errors import InvalidArgument, LimitError, MCompError, Unsupported
from ..context import Context
from ..graph_builder import AttributeValue, GraphBuilder
from ..model import Model
from .budget import Budget
from .checker import Known
from .fold import try_fold
from .node import Node
from .node_check import check_node
from .operands import Constant, Dequantized, Operand, Value
from .operators import find_reader, why_not_read
from .refusals import NodeRefused, Refusals
from .source import Source
from .structure import node_subject, operator_name
from .tensors import Array, check_tensor, dtype_name, initializer_label, is_finite
from .text import cut, shown

#: Operators whose constants may be infinite: bounds and fill values.
_INFINITE = ("Clip", "Max", "Min", "Pad")
#: Steps from a constant that is moved about to the elements.
_DEPTH_MAX = 16


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
    known : Known
        What the checker must be told.
    budget : Budget
        Of what is computed.
    """

    def __init__(self, source: Source, opset: int, context: Context | None) -> None:
        self.path = source.path
        self.opset = opset
        self.operands: dict[str, Operand] = {}
        self.fixed_batch: int | None = None
        self.done: set[int] = set()
        self.known = Known()
        self.budget = Budget()
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
        self._unread_constants: set[str] = set()
        self._readers: dict[str, list[int]] = {}
        for index, node in enumerate(self.graph.node):
            for name in node.input:
                self._readers.setdefault(name, []).append(index)

    def read(self) -> None:
        """Read inputs, initialisers, nodes and outputs.

        Raises
        ------
        MCompError
            By kind, naming all that cannot be read and why. What depends on such a thing is not
            read and not named.
        """
        refusals = Refusals(self.path)
        unread: set[str] = set()
        self._read_tensors(refusals, unread)
        for index, proto in enumerate(self.graph.node):
            if index not in self.done:
                self._read_or_refuse(refusals, unread, Node(self, proto, index))
                self._forget_read(proto, index)
        for entry in self.graph.output:
            if entry.name not in unread:
                try:
                    self._mark_output(entry.name)
                except MCompError as error:
                    refusals.add_error(error)
        refusals.raise_any()

    def _read_tensors(self, refusals: Refusals, unread: set[str]) -> None:
        for tensor, payload in zip(self.graph.initializer, self._source.payloads, strict=True):
            label = initializer_label(self.path, tensor.name)
            try:
                checked = check_tensor(label, tensor, payload, self.path)
            except MCompError as error:
                refusals.add_error(error)
                unread.add(tensor.name)
                self._unread_constants.add(tensor.name)
                continue
            self.operands[tensor.name] = Constant(tensor.name, checked)
            self.budget.add_file_elements(math.prod(checked.shape))
        for entry in self.graph.input:
            if entry.name not in self.operands and entry.name not in unread:
                try:
                    self._add_input(entry)
                except MCompError as error:
                    refusals.add_error(error)
                    unread.add(entry.name)

    def _read_or_refuse(self, refusals: Refusals, unread: set[str], node: Node) -> None:
        proto = node.proto
        is_independent = unread.isdisjoint(proto.input)
        try:
            activations = (name for name in proto.input if name not in self._unread_constants)
            reason = why_not_read(proto, reads_unread=not unread.isdisjoint(activations))
            if reason is not None:
                raise NodeRefused(Unsupported, reason)
            check_node(proto, self.opset)
            if is_independent:
                self.read_node(node)
                return
        except NodeRefused as refused:
            subject = node_subject(proto, node.index)
            refusals.add_node(refused.kind, subject, operator_name(proto), refused.reason)
        except MCompError as error:
            refusals.add_error(error)
        outputs = [name for name in proto.output if name]
        unread.update(outputs)
        if all(self._is_constant(name) for name in proto.input if name):
            self._unread_constants.update(outputs)

    def _is_constant(self, name: str) -> bool:
        """Tell whether a name stands for a constant, or would if that could be read."""
        return name in self._unread_constants or isinstance(self.operands.get(name), Constant)

    def _forget_read(self, proto: onnx.NodeProto, index: int) -> None:
        """Let go of what nothing reads after this node, so that computed constants are freed."""
        for name in (*proto.input, *proto.output):
            if name not in self.output_names and self._readers.get(name, [-1])[-1] <= index:
                self.operands.pop(name, None)

    def read_node(self, node: Node) -> None:
        """Read one node, or a part of one, which has been checked.

        Raises
        ------
        NodeRefused
            It cannot be read.
        """
        reader = find_reader(node.proto)
        assert reader is not None
        if not try_fold(node):
            reader(node)
            node.check_attributes_used()

    def _mark_output(self, name: str) -> None:
        where = f"{self.path}: output {shown(name)}"
        operand = self.operands.get(name)
        if operand is None:
            raise Unsupported(f"{where} is not computed")
        if not isinstance(operand, Value):
            raise Unsupported(f"{where} is constant")
        shape = operand.shape
        if shape[0] is None and self.fixed_batch is not None:
            shape = (self.fixed_batch, *shape[1:])
        self.known.output_shapes[name] = shape
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

    def free_name(self, stem: str) -> str:
        """Find the stem as a name, with a number where that is taken already."""
        name, number = stem, 2
        while name in self._names:
            name = f"{stem}_{number}"
            number += 1
        return name

    def unique_name(self, stem: str) -> str:
        """Take the stem as a name, with a number where that is taken already."""
        name = self.free_name(stem)
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

    def count_moved(self, shape: tuple[int, ...], source: Constant) -> None:
        """Count a constant that is made of another each time it is needed.

        Raises
        ------
        NodeRefused
            There are too many elements in all, or too many steps to it from what is in memory or
            in the file.
        """
        self.check_depth(source)
        self.budget.keep(shape)

    def check_depth(self, source: Constant) -> None:
        """Check that a constant may be made of this one each time it is needed.

        Raises
        ------
        NodeRefused
            It is too many steps from what is in memory or in the file.
        """
        if source.depth >= _DEPTH_MAX:
            raise NodeRefused(
                LimitError, f"moves or casts a constant more than {_DEPTH_MAX} times in a row"
            )

    def add_constant(self, node: Node, constant: Constant) -> int:
        """Make a constant a value of the network, once."""
        if constant.value is None:
            array = constant.read()
            if array.dtype.kind == "f" and array.dtype != np.float32:
                with np.errstate(over="ignore"):
                    array = array.astype(np.float32)
            if node.proto.op_type not in _INFINITE and not is_finite(array):
                raise node.error(InvalidArgument, f"constant {shown(constant.name)} is not finite")
            name = constant.name
            if isinstance(constant, Dequantized) and constant.weight is not None:
                name = self.unique_name(name)  # the node over the integers has it
            if isinstance(constant.source, np.ndarray):
                self.budget.keep(array.shape)  # beside the array, which is freed before
            constant.value = self._add_array(name, array)
        return constant.value

    def add_dequantized(self, node: Node, constant: Dequantized) -> int:
        """Make integers and the node that dequantises them values of the network, once."""
        if constant.weight is None:
            parameters = [constant.integers, constant.scale]
            if constant.zero_point is not None:
                parameters.append(constant.zero_point)
            inputs = [self.add_constant(node, parameter) for parameter in parameters]
            name = constant.name if constant.value is None else self.unique_name(constant.name)
            attributes = {"axis": constant.axis}
            constant.weight = self._add_node("DequantizeLinear", name, inputs, attributes)
        return constant.weight

    def _add_array(self, name: str, array: Array) -> int:
        with _refusing():
            return self._builder.add_constant(name, array)

    def _add_node(
        self,
        op: str,
        name: str,
        inputs: Sequence[int | None],
        attributes: Mapping[str, AttributeValue],
    ) -> int:
        with _refusing():
            return self._builder.add_node(op, name, inputs, attributes)

    def add_node(
        self,
        node: Node,
        op: str,
        name: str,
        inputs: Sequence[int | None],
        attributes: Mapping[str, AttributeValue],
    ) -> Value:
        """Add a node; what the library refuses is refused in the file's words."""
        value = self._add_node(op, name, inputs, attributes)
        return Value(value, self._builder.shape(value), self._builder.dtype(value))


@contextmanager
def _placed(where: str) -> Iterator[None]:
    """Give the graph builder's errors the place in the file."""
    try:
        yield
    except MCompError as error:
        raise type(error)(f"{where}: {cut(str(error))}") from error


@contextmanager
def _refusing() -> Iterator[None]:
    """Make the graph builder's errors the refusal of the node that is read."""
    try:
        yield
    except MCompError as error:
        raise NodeRefused(type(error), cut(str(error))) from error
