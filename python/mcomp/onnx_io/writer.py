"""Writing a network as an ONNX file."""

from __future__ import annotations

import json
import os

import onnx
from onnx import helper

from .._errors import InternalError, InvalidArgument, LimitError, Unsupported
from .._whole_files import whole_file
from ..model import Model
from . import wire
from .checker import Known, check_model
from .exporter import OPSET, Exporter, value_info
from .source import Source

IR_VERSION = 8


def write_onnx(model: Model, path: str | os.PathLike[str]) -> int:
    """Write a network as an ONNX file, which appears whole or not at all.

    Operator set 17. Fused nodes are taken apart and integer nodes become QuantizeLinear and
    DequantizeLinear around float operators; what becomes of encodings is in
    ``libmcomp/docs/onnx.md``. The batch is the free extent N.

    Parameters
    ----------
    model
        Any network.
    path
        Replaced if it exists.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    Unsupported
        An output is quantised: in an ONNX file that is read again, outputs are float32.
    LimitError
        The file would have more than 2^31 - 1 bytes, protobuf's limit.
    IoError
        Names the path and the system's reason; nothing is left behind.
    """
    try:
        name = os.fsdecode(path)
    except TypeError as error:
        raise InvalidArgument(f"a path is expected, not {type(path).__name__}") from error
    if not name or "\0" in name:
        raise InvalidArgument(f"{name!r} is no path")
    for output in model.outputs:
        if output.dtype != "float32":
            raise Unsupported(
                f"output {output.name} is {output.dtype}, must be float32 to be written as ONNX: "
                "end the network with a DequantizeLinear"
            )
    exporter = Exporter(model)
    proto = _model_proto(model, exporter)
    big = [entry for entry in exporter.initializers if entry.data is not None]
    _check(name, proto, exporter)
    graph = onnx.GraphProto()
    graph.CopyFrom(proto.graph)
    graph.initializer.extend(i.proto for i in exporter.initializers if i.data is None)
    proto.ClearField("graph")
    nbytes, pieces = wire.join(
        proto.SerializeToString(), graph.SerializeToString(), [entry.part() for entry in big]
    )
    if nbytes > wire.MESSAGE_MAX_NBYTES:
        raise LimitError(
            f"{name}: {nbytes} bytes are above the 2^31 - 1 that an ONNX file can have"
        )
    with whole_file(name) as stream:
        for piece in pieces:
            stream.write(piece)
    return nbytes


def _model_proto(model: Model, exporter: Exporter) -> onnx.ModelProto:
    """Make the model without initialisers."""
    from .. import __version__

    graph = helper.make_graph(
        exporter.nodes,
        model.name or "network",
        [value_info(value) for value in model.inputs],
        [value_info(value) for value in model.outputs],
    )
    proto = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="mcomp",
        producer_version=__version__,
    )
    metadata = model.metadata
    # A network that was read from such a file has its earlier history in the metadata.
    recipes = [text for text in (metadata.get("mcomp.recipe", ""), model.recipe) if text]
    if recipes:
        metadata["mcomp.recipe"] = "; ".join(recipes)
    if model.notes:
        metadata["mcomp.notes"] = json.dumps(model.notes, ensure_ascii=False)
    helper.set_model_props(proto, metadata)
    return proto


def _check(path: str, proto: onnx.ModelProto, exporter: Exporter) -> None:
    """Run the full checker on what will be written."""
    checked = onnx.ModelProto()
    checked.CopyFrom(proto)
    checked.graph.initializer.extend(entry.proto for entry in exporter.initializers)
    payloads = [
        None if entry.data is None else wire.Payload(path, 0, entry.nbytes)
        for entry in exporter.initializers
    ]
    try:
        check_model(Source(path, checked, payloads), Known())
    except InvalidArgument as error:
        raise InternalError(f"cannot be written as ONNX: {error}") from error
