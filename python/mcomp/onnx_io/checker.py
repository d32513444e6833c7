"""The onnx package's checker and strict shape inference, on a model without its big tensors."""

from __future__ import annotations

import onnx
from onnx import checker, shape_inference

from .._errors import InvalidArgument
from .source import Source
from .text import one_line


def check_model(source: Source) -> None:
    """Run the full checker.

    Initialisers whose bytes are not in the model stand as graph inputs of their shape and dtype,
    which is all that the checker looks at; their sizes are checked where they are read.

    Raises
    ------
    InvalidArgument
        The checker's or the shape inference's reason, in one line.
    """
    model = onnx.ModelProto()
    model.CopyFrom(source.model)
    graph = model.graph
    inputs = {value.name for value in graph.input}
    kept: list[onnx.TensorProto] = []
    for tensor, payload in zip(graph.initializer, source.payloads, strict=True):
        if payload is None and tensor.data_location != onnx.TensorProto.EXTERNAL:
            kept.append(tensor)
        elif tensor.name not in inputs:
            graph.input.append(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    kept = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    try:
        checker.check_model(model, full_check=True)
    except (checker.ValidationError, shape_inference.InferenceError, ValueError) as error:
        raise InvalidArgument(f"{source.path}: {one_line(error)}") from error
