"""What tests of refused ONNX files share: what every refusal must be, and small models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_build import make_model, node, ones, write

import mcomp

BIG = 2**31
I = mcomp.InvalidArgument  # noqa: E741
U = mcomp.Unsupported
S = mcomp.ShapeError
C = mcomp.Corrupt
L = mcomp.LimitError
V = mcomp.VersionError

#: What is made, the kind of the refusal, and what its message says.
Case = tuple[Callable[[], onnx.ModelProto], type[Exception], list[str]]


def refusal(path: Path) -> mcomp.MCompError:
    """The error of a file; what holds for every refusal is checked."""
    with pytest.raises(mcomp.MCompError) as caught:
        mcomp.read_onnx(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 2000
    return caught.value


def check_case(case: Case, folder: Path) -> None:
    """Read a case's file; it must be refused as the case says."""
    make, kind, fragments = case
    path = write(make(), folder)
    error = refusal(path)
    assert type(error) is kind, error
    for fragment in fragments:
        assert fragment in str(error).removeprefix(str(path))


def conv(**attributes: object) -> onnx.NodeProto:
    return node("Conv", ["x", "w"], name="conv1", **attributes)


def conv_model(weight: np.ndarray | None = None, **attributes: object) -> onnx.ModelProto:
    return make_model([conv(**attributes)], {"w": ones(4, 3, 3, 3) if weight is None else weight})


def pool_model(**attributes: object) -> onnx.ModelProto:
    return make_model([node("MaxPool", ["x"], name="pool1", **attributes)])


def changed(change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    model = conv_model()
    change(model)
    return model


def with_tensor(**fields: object) -> onnx.ModelProto:
    model = make_model([conv()])
    model.graph.initializer.append(TensorProto(name="w", data_type=1, **fields))
    return model


def with_output(model: onnx.ModelProto, name: str, element: int, shape: list) -> onnx.ModelProto:
    for output in model.graph.output:
        if output.name == name:
            output.CopyFrom(helper.make_tensor_value_info(name, element, shape))
    return model
