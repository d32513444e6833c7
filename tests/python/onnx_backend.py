"""The onnx package's node cases as files for the reader.

A case is one node with its inputs and outputs. In a network the inputs after the first are
constants, and the first axis is the batch. So a case has up to three forms:

- *network*: input 0 is the network's input, as are all inputs of arithmetic and Concat that have
  its rank and batch; the others become initialisers;
- *constant*: everything is an initialiser, and the result is added to an input of zeros;
- *quantized*: what is 8-bit is quantised from the network's input, or dequantised to its output.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

import mcomp

_MODULES = {"BatchNormalization": "batch_normalization"}
_SEVERAL_INPUTS = ("Add", "Concat", "Div", "MatMul", "Mean", "Mul", "Sub", "Sum")

#: Where scale and zero point of input 0 begin among the inputs, and those of the output.
_QUANTIZATIONS = {
    "DequantizeLinear": (1, None),
    "QLinearConv": (1, 6),
    "QLinearMatMul": (1, 6),
    "QuantizeLinear": (None, 1),
}


def node_cases(operator: str) -> list:
    """All node cases of an operator; their inputs and outputs are computed on import."""
    import onnx.backend.test.case.node as cases

    module = _MODULES.get(operator, operator.lower())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(f"onnx.backend.test.case.node.{module}")
    return [
        case
        for case in cases._NodeTestCases
        if [node.op_type for node in case.model.graph.node] == [operator]
    ]


def forms_of(case: object) -> dict[str, Callable[[object, Path, str], None]]:
    """By name: what reads a form of a case, runs it and compares with its outputs.

    It raises mcomp.MCompError where the form is refused, AssertionError where an output is wrong.
    """
    operator = case.model.graph.node[0].op_type
    forms = (
        {"quantized": run_quantized_form}
        if operator in _QUANTIZATIONS
        else {"network": run_network_form}
    )
    if is_constant_form_possible(case.data_sets[0][1]):
        forms["constant"] = run_constant_form
    return forms


def is_constant_form_possible(outputs: list) -> bool:
    array = outputs[0]
    return (
        isinstance(array, np.ndarray)
        and array.dtype == np.float32
        and array.ndim < 6
        and array.size > 0
        and not np.isnan(array).any()
    )


def run_network_form(case: object, folder: Path, device: str) -> None:
    inputs, outputs = case.data_sets[0]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    operator = model.graph.node[0].op_type
    names = [value.name for value in model.graph.input]
    kept = []
    for index, (name, array) in enumerate(zip(names, inputs, strict=True)):
        also = (
            operator in _SEVERAL_INPUTS
            and np.ndim(array) == np.ndim(inputs[0]) > 0
            and np.shape(array)[0] == np.shape(inputs[0])[0]
        )
        if index == 0 or also:
            kept.append(array)
        else:
            make_constant(model.graph, name, array)
    path = folder / f"{case.name}.onnx"
    path.write_bytes(model.SerializeToString())
    with mcomp.read_onnx(path) as network:
        found = network.run(
            dict(zip([value.name for value in network.inputs], kept, strict=True)), device
        )
    found = found if isinstance(found, list) else [found]
    assert len(found) == len(outputs)
    for one, expected in zip(found, outputs, strict=True):
        check(one, expected, case)


def run_quantized_form(case: object, folder: Path, device: str) -> None:
    inputs, outputs = case.data_sets[0]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    operator = graph.node[0]
    own, result = _QUANTIZATIONS[operator.op_type]
    names = [value.name for value in graph.input]
    for name, array in zip(names, inputs, strict=True):
        make_constant(graph, name, array)
    given = dict(zip(names, inputs, strict=True))

    def real(array: object, first: int) -> np.ndarray:
        """What integers mean, where they have one scale; others are refused anyway."""
        if not isinstance(array, np.ndarray):  # of a type that numpy does not have
            return np.zeros((1, 1))
        at = [given[n] for n in operator.input[first : first + 2]]
        if not all(isinstance(a, np.ndarray | np.generic) and a.size == 1 for a in at):
            return np.zeros(array.shape)
        scale, zero = [*(a.astype(np.float64).reshape(()) for a in at), np.zeros(())][:2]
        return (array.astype(np.float64) - zero) * scale

    # Input 0 becomes the network's, as floats; it is quantised first where it is 8-bit.
    data, expected = inputs[0], outputs[0]
    graph.initializer.remove(next(t for t in graph.initializer if t.name == names[0]))
    entry = names[0]
    if own is not None:
        entry, data = "floats", real(data, own)
        at = operator.input[own : own + 2]
        graph.node.insert(0, helper.make_node("QuantizeLinear", [entry, *at], [names[0]]))
    graph.input.append(helper.make_tensor_value_info(entry, 1, data.shape))
    if result is not None:
        expected = real(expected, result).astype(np.float32)
        output = graph.output[0].name
        del graph.output[:]
        graph.output.append(helper.make_tensor_value_info("result", 1, expected.shape))
        at = operator.input[result : result + 2]
        graph.node.append(helper.make_node("DequantizeLinear", [output, *at], ["result"]))
    path = folder / f"{case.name}_quantized.onnx"
    path.write_bytes(model.SerializeToString())
    with mcomp.read_onnx(path) as network:
        check(network.run(data.astype(np.float32), device), expected, case)


def run_constant_form(case: object, folder: Path, device: str) -> None:
    inputs, outputs = case.data_sets[0]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    for name, array in zip([value.name for value in graph.input], inputs, strict=True):
        make_constant(graph, name, array)
    shape = outputs[0].shape
    result = graph.output[0].name
    del graph.output[:]
    graph.input.append(helper.make_tensor_value_info("zeros", 1, ["N", *shape]))
    graph.output.append(helper.make_tensor_value_info("total", 1, ["N", *shape]))
    graph.node.append(helper.make_node("Add", ["zeros", result], ["total"]))
    path = folder / f"{case.name}_constant.onnx"
    path.write_bytes(model.SerializeToString())
    with mcomp.read_onnx(path) as network:
        found = network.run(np.zeros((2, *shape), np.float32), device)
    for image in found:
        check(image, outputs[0], case)


def make_constant(graph: onnx.GraphProto, name: str, array: np.ndarray) -> None:
    for index, value in enumerate(graph.input):
        if value.name == name:
            del graph.input[index]
            break
    if isinstance(array, onnx.TensorProto):  # of a type that numpy does not have
        tensor = onnx.TensorProto()
        tensor.CopyFrom(array)
        tensor.name = name
    else:
        tensor = numpy_helper.from_array(np.asarray(array), name)
    graph.initializer.append(tensor)


def check(found: np.ndarray, expected: np.ndarray, case) -> None:
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=case.rtol, atol=case.atol)
    assert math.prod(expected.shape) == found.size
