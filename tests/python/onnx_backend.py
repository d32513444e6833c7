"""The onnx package's node cases as files for the reader.

A case is one node with its inputs and outputs. In a network the inputs after the first are
constants, and the first axis is the batch. So a case is tried in two forms:

- *network*: input 0 is the network's input, as are all inputs of Add, Sum and Concat that have its
  shape; the others become initialisers;
- *constant*: everything is an initialiser, and the result is added to an input of zeros.
"""

from __future__ import annotations

import importlib
import math
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

import mcomp

_MODULES = {"BatchNormalization": "batch_normalization"}
_SEVERAL_INPUTS = ("Add", "Concat", "Sum")


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


def run_case(case: object, folder: Path, device: str) -> None:
    """Read a case in its first form that can be read, run it, compare with its outputs.

    Raises
    ------
    mcomp.MCompError
        Neither form can be read.
    AssertionError
        An output is wrong.
    """
    inputs, outputs = case.data_sets[0]
    try:
        run_network_form(case, inputs, outputs, folder, device)
    except mcomp.MCompError as error:
        if not is_constant_form_possible(outputs):
            raise
        try:
            run_constant_form(case, inputs, outputs, folder, device)
        except mcomp.MCompError:
            raise error from None


def is_constant_form_possible(outputs: list) -> bool:
    array = outputs[0]
    return (
        isinstance(array, np.ndarray)
        and array.dtype == np.float32
        and array.ndim < 6
        and array.size > 0
        and not np.isnan(array).any()
    )


def run_network_form(case, inputs, outputs, folder, device) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    operator = model.graph.node[0].op_type
    names = [value.name for value in model.graph.input]
    kept = []
    for index, (name, array) in enumerate(zip(names, inputs, strict=True)):
        also = (
            operator in _SEVERAL_INPUTS
            and np.ndim(array) == np.ndim(inputs[0])
            and (operator == "Concat" or np.shape(array) == np.shape(inputs[0]))
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


def run_constant_form(case, inputs, outputs, folder, device) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    for name, array in zip([value.name for value in graph.input], inputs, strict=True):
        make_constant(graph, name, array)
    shape = outputs[0].shape
    result = graph.output[0].name
    del graph.output[:]
    graph.input.append(helper.make_tensor_value_info("zeros", 1, ["N", *shape]))
    graph.output.append(helper.make_tensor_value_info("sum", 1, ["N", *shape]))
    graph.node.append(helper.make_node("Add", ["zeros", result], ["sum"]))
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
