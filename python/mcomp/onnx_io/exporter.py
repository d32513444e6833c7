"""A network's nodes as ONNX: fused ones are taken apart, integer ones become Q/DQ pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import onnx
from onnx import helper

from .._errors import Unsupported
from ..graph_info import Attribute, NodeInfo, ValueInfo
from ..model import Model
from .pool_windows import settle_ceil_mode
from .tensors import Array
from .write_tensors import Initializer, initializer, quantized_weight, small_initializer

#: What is written.
OPSET = 17

#: Operators whose inputs 1 and 2 are a weight and a bias.
_WEIGHTED = ("Conv", "Gemm")
#: Attributes that ONNX does not have.
_OWN_ATTRIBUTES = {
    "activation_low",
    "activation_high",
    "output_dtype",
    "output_scale",
    "output_zero_point",
    "output_mean",
    "output_deviation",
}


class Exporter:
    """Makes nodes and initialisers of one network.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
    initializers : list of Initializer
    """

    def __init__(self, model: Model) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[Initializer] = []
        self._constants = model.constants
        self._values = {value.name: value for value in model.values}
        self._names = set(self._values)
        self._written: set[str] = set()
        self._dequantized: dict[str, str] = {}
        self._turned: dict[str, str] = {}
        for node in model.nodes:
            self._write_node(node)

    def _write_node(self, node: NodeInfo) -> None:
        output = self._values[node.output]
        if node.op in ("QuantizeLinear", "DequantizeLinear"):
            self._write_quantization(node)
            return
        inputs = self._inputs(node)
        stages = _stages(node, output)
        tensor = self._stage_output(node, stages, -1)
        attributes = {k: v for k, v in node.attributes.items() if k not in _OWN_ATTRIBUTES}
        if node.op == "MatMul" and attributes.pop("transB", 0):
            inputs[1] = self._transposed(inputs[1])
        if attributes.get("ceil_mode", 0):
            attributes = self._without_ceil_mode(node, attributes)
        if node.op == "Pad":
            inputs = [inputs[0], *self._pads(node), *inputs[2:3]]
        self._add(node.op, node.name, inputs, tensor, attributes)
        for index, stage in enumerate(stages):
            operands = [tensor, *self._stage_inputs(node, output, stage)]
            tensor = self._stage_output(node, stages, index)
            self._add(stage, self._unique(f"{node.name}_{stage}"), operands, tensor)

    def _without_ceil_mode(
        self, node: NodeInfo, attributes: dict[str, Attribute]
    ) -> dict[str, Attribute]:
        """Give a pool's windows by padding, where the checker would count others."""
        kernel, strides, dilations, pads = (
            [int(number) for number in cast(list[int], attributes.get(name, default))]
            for name, default in (
                ("kernel_shape", [1, 1]),
                ("strides", [1, 1]),
                ("dilations", [1, 1]),
                ("pads", [0, 0, 0, 0]),
            )
        )
        assert node.inputs[0] is not None
        extents = [extent or 0 for extent in self._values[node.inputs[0]].shape[2:]]
        settled = settle_ceil_mode(extents, kernel, strides, dilations, pads)
        if settled is None:
            return attributes
        if attributes.get("count_include_pad", 0) and not settled.is_same_padding:
            raise Unsupported(
                f"node {node.name}: ONNX has no form for its windows: ceil_mode adds one along one "
                "axis and none along the other, and padding counts"
            )
        return {**attributes, "pads": settled.pads, "ceil_mode": 0}

    def _stage_output(self, node: NodeInfo, stages: Sequence[str], index: int) -> str:
        """Name the tensor after a stage, -1 for the operator itself; the last is the node's."""
        if index == len(stages) - 1:
            return node.output
        return self._unique(f"{node.name}_before_{stages[index + 1]}")

    def _stage_inputs(self, node: NodeInfo, output: ValueInfo, stage: str) -> list[str]:
        if stage == "Add":
            residual = node.inputs[3]
            assert residual is not None
            return [self._float(residual)]
        if stage == "Clip":
            bounds = [_bound(node, "activation_low"), _bound(node, "activation_high")]
            names = [
                "" if math.isinf(bound) else self._small(f"{node.name}_{name}", np.float32(bound))
                for name, bound in zip(("min", "max"), bounds, strict=True)
            ]
            return names if names[1] else names[:1]
        if stage == "QuantizeLinear":
            return self._quantization(output)
        return []

    def _inputs(self, node: NodeInfo) -> list[str]:
        """Name the inputs, activations and weights as float32."""
        names: list[str] = []
        inputs = node.inputs[:3] if node.op == "Conv" else node.inputs
        is_integer = node.inputs[0] is not None and self._is_quantized(node.inputs[0])
        for index, name in enumerate(inputs):
            if name is None:
                names.append("")
            elif node.op in _WEIGHTED and index == 2 and is_integer:
                names.append(self._integer_bias(node, name))
            elif node.op == "Pad" and index in (1, 3):
                names.append("")  # written by _pads()
            else:
                names.append(self._float(name))
        while names and not names[-1]:
            names.pop()
        return names

    def _is_quantized(self, name: str) -> bool:
        return self._values[name].scale != 0

    def _float(self, name: str) -> str:
        """Name a value as float32, or a constant."""
        if self._values[name].constant:
            return self._constant(name)
        if not self._is_quantized(name):
            return name
        if name not in self._dequantized:
            self._dequantized[name] = self._unique(f"{name}_dequantized")
            inputs = [name, *self._quantization(self._values[name])]
            self._add("DequantizeLinear", self._dequantized[name], inputs, self._dequantized[name])
        return self._dequantized[name]

    def _constant(self, name: str) -> str:
        """Write a constant, dequantised from integers where its encoding is uniform."""
        if name in self._written:
            return name
        self._written.add(name)
        constant = self._constants[name]
        weight = quantized_weight(constant)
        if weight is None:
            dtype = constant.dtype if constant.dtype.startswith(("int", "uint")) else "float32"
            self.initializers.append(initializer(name, constant.shape, dtype, constant.values))
            return name
        integers = self._unique(f"{name}_quantized")
        self.initializers.append(initializer(integers, constant.shape, weight.dtype, weight.read))
        parameters = [
            self._small(f"{name}_scale", weight.scales),
            self._small(f"{name}_zero_point", weight.zero_points),
        ]
        axis = {"axis": 0} if weight.scales.ndim else {}
        self._add("DequantizeLinear", name, [integers, *parameters], name, axis)
        return name

    def _transposed(self, name: str) -> str:
        """Transpose a matrix: MatMul has no attribute for it."""
        if name not in self._turned:
            self._turned[name] = self._unique(f"{name}_transposed")
            self._add("Transpose", self._turned[name], [name], self._turned[name], {"perm": [1, 0]})
        return self._turned[name]

    def _integer_bias(self, node: NodeInfo, name: str) -> str:
        """Write an int32 bias, whose scale is that of the input times that of the weight."""
        integers = self._constant(name)
        data, weight = node.inputs[0], node.inputs[1]
        assert data is not None
        assert weight is not None
        scales = self._constants[weight].scales
        assert scales is not None
        product = (np.float64(self._values[data].scale) * scales.astype(np.float64)).astype("f4")
        scale = self._small(f"{name}_scale", product.reshape(() if product.size == 1 else (-1,)))
        output = self._unique(f"{name}_dequantized")
        axis = {"axis": 0} if product.size > 1 else {}
        self._add("DequantizeLinear", output, [integers, scale], output, axis)
        return output

    def _write_quantization(self, node: NodeInfo) -> None:
        inputs = [
            "" if name is None else (self._constant(name) if self._values[name].constant else name)
            for name in node.inputs
        ]
        if node.op == "DequantizeLinear" and len(inputs) == 1:
            inputs += self._quantization(self._values[inputs[0]])
        attributes = dict(node.attributes)
        if node.op == "QuantizeLinear":
            attributes.pop("axis", None)
        self._add(node.op, node.name, inputs, node.output, attributes)

    def _quantization(self, value: ValueInfo) -> list[str]:
        """Write scale and zero point of a quantised value."""
        zero_point = np.array(value.zero_point, value.dtype)
        return [
            self._small(f"{value.name}_scale", np.float32(value.scale)),
            self._small(f"{value.name}_zero_point", zero_point),
        ]

    def _pads(self, node: NodeInfo) -> list[str]:
        """Write the pads of every axis: operator set 17 has no input for axes."""
        name = node.inputs[1]
        assert name is not None
        given = [int(pad) for pad in self._constants[name].values()]
        axes_name = node.inputs[3] if len(node.inputs) > 3 else None
        if axes_name is None:
            return [self._constant(name)]
        rank = len(node.shape)
        axes = [int(axis) % rank for axis in self._constants[axes_name].values()]
        pads = np.zeros(2 * rank, np.int64)
        for i, axis in enumerate(axes):
            pads[axis], pads[rank + axis] = given[i], given[i + len(axes)]
        return [self._small(f"{node.name}_pads", pads)]

    def _small(self, stem: str, array: Array | np.generic) -> str:
        name = self._unique(stem)
        self.initializers.append(small_initializer(name, np.asarray(array)))
        return name

    def _unique(self, stem: str) -> str:
        name, number = stem, 2
        while name in self._names:
            name = f"{stem}_{number}"
            number += 1
        self._names.add(name)
        return name

    def _add(
        self,
        op: str,
        name: str,
        inputs: Sequence[str],
        output: str,
        attributes: Mapping[str, Attribute] | None = None,
    ) -> None:
        node = helper.make_node(op, inputs, [output], name=name)
        for key, value in (attributes or {}).items():
            known = onnx.defs.get_schema(op, OPSET).attributes[key]
            is_list = str(known.type).endswith("S") and not isinstance(value, list)
            node.attribute.append(helper.make_attribute(key, [value] if is_list else value))
        self.nodes.append(node)


def value_info(value: ValueInfo) -> onnx.ValueInfoProto:
    """Describe an input or output of the graph, which is float32; the batch is called N."""
    shape = ["N" if extent is None else extent for extent in value.shape]
    return helper.make_tensor_value_info(value.name, onnx.TensorProto.FLOAT, shape)


def _stages(node: NodeInfo, output: ValueInfo) -> list[str]:
    """List what a fused node does after its operator, in ONNX's operators."""
    stages = []
    if len(node.inputs) > 3 and node.op == "Conv" and node.inputs[3] is not None:
        stages.append("Add")
    if "activation_low" in node.attributes or "activation_high" in node.attributes:
        low, high = _bound(node, "activation_low"), _bound(node, "activation_high")
        if (low, high) != (-math.inf, math.inf):
            stages.append("Relu" if (low, high) == (0, math.inf) else "Clip")
    if output.scale != 0:
        stages.append("QuantizeLinear")
    return stages


def _bound(node: NodeInfo, name: str) -> float:
    default = -math.inf if name == "activation_low" else math.inf
    value = node.attributes.get(name, default)
    if not isinstance(value, int | float):
        raise Unsupported(f"node {node.name}: {name} is {value!r}")
    return float(value)
