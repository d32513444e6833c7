"""Nodes whose inputs are all known are computed while reading.

What shapes give is known too, apart from the batch: it is computed at three batch sizes at once
(:data:`operands.BATCHES`), so that the same code folds constants and arithmetic on shapes.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from .._errors import LimitError, ShapeError, Unsupported
from .broadcast import BROADCASTING, BROADCASTING_OPSET, with_old_broadcasting
from .node import Node
from .operands import BATCHES, BatchTensor, Constant, Value
from .refusals import NodeRefused
from .structure import DEFAULT_DOMAINS
from .tensors import Array
from .text import one_line, shape_text

#: Elements that depend on the batch; arithmetic on shapes has a few.
_BATCH_TENSOR_MAX = 4096
#: Products that take as long as one element of other operators.
_PRODUCTS_PER_ELEMENT = 256
#: Operators that the reference computes element by element in Python, as many times slower.
_SLOW = frozenset(("Erf", "GatherElements", "GatherND", "ScatterND"))
_SLOW_FACTOR = 64
#: Operators that are as numpy has them; the others go through the reference, which takes longer.
_UFUNCS: dict[str, np.ufunc] = {"Add": np.add, "Mul": np.multiply, "Sub": np.subtract}

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
        arrays, others = _constant_inputs(node)
        for index, array in enumerate(_evaluate(node, arrays, None, others)):
            node.give_constant(array, index)
        return True
    if op_type not in _OF_THE_BATCH:
        raise node.error(Unsupported, "of a shape that depends on the batch is not computed")
    worlds = [
        _evaluate(node, _batch_inputs(node, world), _BATCH_TENSOR_MAX, 0)
        for world in range(len(BATCHES))
    ]
    for index, results in enumerate(zip(*worlds, strict=True)):
        give_batch_tensor(node, results, index)
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


def _constant_inputs(node: Node) -> tuple[list[Array | None], int]:
    """Read each constant once; tell how many elements are in memory only for this node."""
    constants = {
        node.proto.input[index]: node.constant(index)
        for index in range(node.input_count())
        if node.has_input(index)
    }
    others = 0
    for constant in constants.values():
        node.importer.budget.work(math.prod(constant.shape) * (1 + constant.depth))
        if constant.depth:
            others += math.prod(constant.shape)
            node.importer.budget.check_held(constant.shape, others - math.prod(constant.shape))
    arrays = {name: constant.read() for name, constant in constants.items()}
    return [arrays.get(name) for name in node.proto.input], others


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


def _evaluate(
    node: Node, inputs: Sequence[Array | None], count_max: int | None, others: int
) -> list[Array]:
    """Compute a node.

    Parameters
    ----------
    node : Node
    inputs : sequence of ndarray or None
    count_max : int or None
        Elements that a result may have.
    others : int
        Elements in memory while it is computed that nothing counts.
    """
    if node.opset < BROADCASTING_OPSET and node.proto.op_type in BROADCASTING:
        inputs = with_old_broadcasting(node, inputs)
    function = _numpy_function(node, inputs)
    try:
        if function is None:
            model = _model_of(node, inputs)
            shapes = _result_shapes(node, model)
        else:
            shapes = [np.broadcast_shapes(*(a.shape for a in inputs if a is not None))]
        _check_sizes(node, shapes, inputs, count_max, others)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = _run_reference(model, inputs) if function is None else [function(*inputs)]
    except (MemoryError, NodeRefused):
        raise
    except Exception as error:  # the reference checks nothing: whatever goes wrong comes out
        raise node.error(ShapeError, f"cannot be computed: {one_line(error)}") from error
    return [_checked(node, result) for result in results]


def _numpy_function(node: Node, inputs: Sequence[Array | None]) -> np.ufunc | None:
    """Find numpy's function for the operator, where it gives what ONNX says."""
    function = _UFUNCS.get(node.proto.op_type)
    dtypes = {None if array is None else array.dtype for array in inputs}
    is_same = len(inputs) == 2 and len(dtypes) == 1 and None not in dtypes
    return function if is_same and np.dtype(np.bool_) not in dtypes else None


def _run_reference(model: onnx.ModelProto, inputs: Sequence[Array | None]) -> list[Any]:
    from onnx.reference import ReferenceEvaluator

    del model.graph.initializer[:]
    feeds = {f"i{index}": array for index, array in enumerate(inputs) if array is not None}
    return list(ReferenceEvaluator(model).run(None, feeds))


def _checked(node: Node, result: object) -> Array:
    """Make a result an array of its own, which keeps no larger one in memory."""
    if not isinstance(result, np.ndarray | np.generic):
        raise node.error(Unsupported, "computes something that is no tensor")
    array = np.asarray(result)
    if array.base is not None:
        array = array.copy()
    if array.dtype.kind == "f" and bool(np.isnan(array).any()):
        raise node.error(ShapeError, "computes a NaN")
    return array


def _model_of(node: Node, inputs: Sequence[Array | None]) -> onnx.ModelProto:
    """Make a model of the one node, with the elements of small inputs that may say sizes."""
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
            if array.size == 1 or (array.dtype.kind in "iu" and array.size <= _BATCH_TENSOR_MAX)
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise node.error(Unsupported, f"cannot be computed: {one_line(error)}") from error
    outputs = [helper.make_value_info(name, onnx.TypeProto()) for name in node.proto.output if name]
    graph = helper.make_graph([proto], "node", infos, outputs, small)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _result_shapes(node: Node, model: onnx.ModelProto) -> list[tuple[int, ...]]:
    """Infer the extents of the results before they are computed."""
    # Data propagation would make a message of each element.
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=False, strict_mode=True)
    shapes = []
    for output in inferred.graph.output:
        dims = output.type.tensor_type.shape.dim
        if not output.type.tensor_type.HasField("shape") or not all(
            dim.HasField("dim_value") for dim in dims
        ):
            raise node.error(Unsupported, "has a result whose size is not known before")
        shapes.append(tuple(dim.dim_value for dim in dims))
    return shapes


def _check_sizes(
    node: Node,
    shapes: Sequence[tuple[int, ...]],
    inputs: Sequence[Array | None],
    count_max: int | None,
    others: int,
) -> None:
    """Count the elements of the results before they are computed."""
    factor = _SLOW_FACTOR if node.proto.op_type in _SLOW else 1
    for shape in shapes:
        count = math.prod(shape)
        if count_max is not None and count > count_max:
            raise node.error(
                LimitError, f"computes {shape_text(shape)} of shapes, above {count_max} elements"
            )
        node.importer.budget.check_held(shape, others)
        others += count
        work = count * factor
        if node.proto.op_type in ("Gemm", "MatMul"):
            extents = [extent for array in inputs if array is not None for extent in array.shape]
            work += count * max(extents, default=1) // _PRODUCTS_PER_ELEMENT
        node.importer.budget.work(work)
