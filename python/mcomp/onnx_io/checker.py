"""The onnx package's checker and strict shape inference, on a model without its big tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import onnx
from onnx import checker, shape_inference

from .._errors import InvalidArgument
from .operands import Shape
from .source import Source
from .text import one_line


@dataclass(slots=True)
class Known:
    """What the reader knows better than the checker.

    Attributes
    ----------
    pads_without_ceil : dict of int to list of int
        By number of a pool: pads that give its windows without ``ceil_mode``, of which the shape
        inference of old operator sets has another notion than runtimes have.
    output_shapes : dict of str to Shape
        Of the graph's outputs: the checker wants one where the file says none.
    """

    pads_without_ceil: dict[int, list[int]] = field(default_factory=dict)
    output_shapes: dict[str, Shape] = field(default_factory=dict)


def check_model(source: Source, known: Known) -> None:
    """Run the full checker.

    Initialisers whose bytes are not in the model stand as graph inputs of their shape and dtype,
    which is all that the checker looks at; their sizes are checked where they are read.

    Parameters
    ----------
    source : Source
    known : Known

    Raises
    ------
    InvalidArgument
        The checker's or the shape inference's reason, in one line.
    """
    model = onnx.ModelProto()
    model.CopyFrom(source.model)
    graph = model.graph
    for entry in (*model.opset_import, *graph.node):
        if entry.domain == "ai.onnx":  # of which the checker knows only the short form
            entry.domain = ""
    for index, pads in known.pads_without_ceil.items():
        _drop_ceil_mode(graph.node[index], pads)
    for value in graph.output:
        tensor_type = value.type.tensor_type
        if value.type.HasField("tensor_type") and not tensor_type.HasField("shape"):
            for extent in known.output_shapes.get(value.name, ()):
                dim = tensor_type.shape.dim.add()
                if extent is not None:
                    dim.dim_value = extent
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


def _drop_ceil_mode(node: onnx.NodeProto, pads: Sequence[int]) -> None:
    kept = [a for a in node.attribute if a.name not in ("ceil_mode", "pads")]
    kept = [onnx.AttributeProto.FromString(a.SerializeToString()) for a in kept]
    del node.attribute[:]
    node.attribute.extend([*kept, onnx.helper.make_attribute("pads", pads)])
