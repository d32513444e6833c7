"""Nodes whose inputs are all known are computed while reading.

What shapes give is known too, apart from the batch: it is computed at three batch sizes at once
(:data:`operands.BATCHES`), so that the same code folds constants and arithmetic on shapes.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper

from .._errors import LimitError, ShapeError, Unsupported
from .broadcast import BROADCASTING, BROADCASTING_OPSET, with_old_broadcasting
from .node import Node
from .operands import BATCHES, BatchTensor, Constant, Value
from .structure import DEFAULT_DOMAINS
from .tensors import Array
from .text import one_line, shape_text

#: Elements that depend on the batch; arithmetic on shapes has a few.
_BATCH_TENSOR_MAX = 4096
#: Products that a matrix product of constants may take; a few seconds.
_PRODUCTS_MAX = 1 << 36

#: Operators that the onnx package's reference computes of constants.
COMPUTED = frozenset(
    (
        *("Abs", "Add", "And", "Ceil", "Clip", "Concat", "CumSum", "Div", "Equal", "Erf", "Exp"),
        *("Floor", "Gather", "GatherElements", "GatherND", "Gemm", "Greater", "GreaterOrEqual"),
        *("HardSigmoid", "HardSwish", "LeakyRelu", "Less", "LessOrEqual", "Log", "MatMul", "Max"),
        *("Mean", "Min", "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pad", "Pow", "Range"),
        *("Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "Relu"),
        *("Round", "ScatterND", "Sigmoid", "Sign", "Slice", "Softmax", "Split", "Sqrt", "Sub"),
        *("Sum", "Tanh", "Tile", "Trilu", "Where", "Xor"),
    )
)
#: What may be done to something that depends on the batch: not a comparison, which could hold for
#: some batch sizes and not for others.
_OF_THE_BATCH = frozenset(
    (
        *("Add", "Cast", "Ceil", "Concat", "ConstantOfShape", "Div", "Expand", "Floor", "Gather"),
        *("Identity", "Mul", "Neg", "ReduceProd", "ReduceSum", "Reshape", "Round", "Slice"),
        *("Split", "Squeeze", "Sub", "Sum", "Transpose", "Unsqueeze"),
    )
)


def try_fold(node: Node) -> bool:
    """Compute a node whose inputs are all known.

    Returns
    -------
    bool
        False where an input is an activation, or the operator's reader computes it.

    Raises
    ------
    NodeRefused
        The result is too large, or the inputs do not fit together.
    """
    op_type = node.proto.op_type
    operands = [node.operand(i) for i in range(node.input_count()) if node.has_input(i)]
    if node.proto.domain not in DEFAULT_DOMAINS or op_type in ("Shape", "Size") or not operands:
        return False
    if any(isinstance(operand, Value) for operand in operands):
        return False
    if not any(isinstance(operand, BatchTensor) for operand in operands):
        if op_type not in COMPUTED:
            return False
        for index, array in enumerate(_evaluate(node, _constant_inputs(node), None)):
            node.give_constant(array, index)
        return True
    if op_type not in _OF_THE_BATCH:
        raise node.error(Unsupported, "of a shape that depends on the batch is not computed")
    worlds = [
        _evaluate(node, _batch_inputs(node, world), _BATCH_TENSOR_MAX)
        for world in range(len(BATCHES))
    ]
    for index, arrays in enumerate(zip(*worlds, strict=True)):
        give_batch_tensor(node, arrays, index)
    return True


def give_batch_tensor(node: Node, arrays: Sequence[Array], output: int = 0) -> None:
    """Let an output be what was computed at each batch size: a constant where that is one."""
    first = arrays[0]
    if any(array.shape != first.shape for array in arrays) or first.size > _BATCH_TENSOR_MAX:
        raise node.error(Unsupported, "computes a shape that depends on the batch")
    if all(np.array_equal(array, first) for array in arrays):
        node.give_constant(first, output)
    else:
        node.give(BatchTensor(tuple(arrays)), output)


def _constant_inputs(node: Node) -> list[Array | None]:
    return [
        node.constant(index).read() if node.has_input(index) else None
        for index in range(node.input_count())
    ]


def _batch_inputs(node: Node, world: int) -> list[Array | None]:
    inputs: list[Array | None] = []
    for index in range(node.input_count()):
        operand = node.operand(index) if node.has_input(index) else None
        if isinstance(operand, BatchTensor):
            inputs.append(operand.arrays[world])
        elif isinstance(operand, Constant):
            if math.prod(operand.shape) > _BATCH_TENSOR_MAX:
                raise node.error(
                    Unsupported, f"{node.input_label(index)} meets a shape, which is small"
                )
            inputs.append(operand.read())
        else:
            inputs.append(None)
    return inputs


def _evaluate(node: Node, inputs: Sequence[Array | None], count_max: int | None) -> list[Array]:
    """Compute a node with the onnx package's reference, up to a number of elements."""
    from onnx.reference import ReferenceEvaluator

    if node.opset < BROADCASTING_OPSET and node.proto.op_type in BROADCASTING:
        inputs = with_old_broadcasting(node, inputs)
    model = _model_of(node, inputs)
    _check_sizes(node, model, inputs, count_max)
    del model.graph.initializer[:]
    feeds = {f"i{index}": array for index, array in enumerate(inputs) if array is not None}
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = ReferenceEvaluator(model).run(None, feeds)
    except MemoryError as error:
        raise node.error(LimitError, "its result does not fit into memory") from error
    except Exception as error:  # the reference checks nothing: whatever goes wrong comes out
        raise node.error(ShapeError, f"cannot be computed: {one_line(error)}") from error
    for array in results:
        if not isinstance(array, np.ndarray | np.generic):
            raise node.error(Unsupported, "computes something that is no tensor")
    arrays = [np.asarray(array) for array in results]
    for array in arrays:
        if array.dtype.kind == "f" and bool(np.isnan(array).any()):
            raise node.error(ShapeError, "computes a NaN")
    return arrays


def _model_of(node: Node, inputs: Sequence[Array | None]) -> onnx.ModelProto:
    """Make a model of the one node; small inputs stand in it, so that sizes can be inferred."""
    proto = onnx.NodeProto()
    proto.CopyFrom(node.proto)
    proto.ClearField("input")
    proto.ClearField("name")
    proto.ClearField("domain")
    opset = node.opset
    dropped = {"consumed_inputs"}
    if opset < BROADCASTING_OPSET and node.proto.op_type in BROADCASTING:
        opset, dropped = BROADCASTING_OPSET, {"consumed_inputs", "broadcast", "axis"}
    for attribute in list(proto.attribute):
        if attribute.name in dropped:
            proto.attribute.remove(attribute)
    proto.input.extend("" if array is None else f"i{index}" for index, array in enumerate(inputs))
    given = {f"i{index}": array for index, array in enumerate(inputs) if array is not None}
    try:
        infos = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in given.items()
        ]
        small = [
            onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
            for name, array in given.items()
            if array.size <= _BATCH_TENSOR_MAX
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise node.error(Unsupported, f"cannot be computed: {one_line(error)}") from error
    outputs = [helper.make_value_info(name, onnx.TypeProto()) for name in node.proto.output if name]
    graph = helper.make_graph([proto], "node", infos, outputs, small)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _check_sizes(
    node: Node, model: onnx.ModelProto, inputs: Sequence[Array | None], count_max: int | None
) -> None:
    """Count the elements of the results before they are computed."""
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True, strict_mode=True)
    except Exception as error:  # its class is not the same in all versions of the package
        raise node.error(ShapeError, f"cannot be computed: {one_line(error)}") from error
    for output in inferred.graph.output:
        dims = output.type.tensor_type.shape.dim
        if not output.type.tensor_type.HasField("shape") or not all(
            dim.HasField("dim_value") for dim in dims
        ):
            raise node.error(Unsupported, "has a result whose size is not known before")
        shape = tuple(dim.dim_value for dim in dims)
        if count_max is not None and math.prod(shape) > count_max:
            raise node.error(
                LimitError, f"computes {shape_text(shape)} of shapes, above {count_max} elements"
            )
        node.importer.check_computed(shape)
        if node.proto.op_type in ("Gemm", "MatMul"):
            extents = [extent for a in inputs if a is not None for extent in a.shape]
            longest = max(extents, default=1)
            if math.prod(shape) * longest > _PRODUCTS_MAX:
                raise node.error(
                    LimitError,
                    f"computes {shape_text(shape)} of more than {_PRODUCTS_MAX} products",
                )
