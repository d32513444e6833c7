"""What is checked of each node before it is read: inputs, outputs and attributes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import onnx

from .._errors import InvalidArgument, Unsupported
from .refusals import NodeRefused
from .text import shown

#: Domain of onnxruntime's operators, of which the quantised ones are read.
CONTRIB_DOMAIN = "com.microsoft"


@dataclass(frozen=True, slots=True)
class Signature:
    """How many inputs and outputs an operator has, and which attributes.

    Attributes
    ----------
    attributes : dict of str to str
        Name to type, as AttributeProto names it.
    required : collection of str
        Names of attributes that must be there.
    """

    min_input: int
    max_input: int
    min_output: int
    max_output: int
    attributes: dict[str, str]
    required: Collection[str] = ()


_POOL = {
    "auto_pad": "STRING",
    "ceil_mode": "INT",
    "count_include_pad": "INT",
    "kernel_shape": "INTS",
    "pads": "INTS",
    "strides": "INTS",
}
_CHANNELS_LAST = {"channels_last": "INT"}

#: onnxruntime's operators that are read; the onnx package does not know them.
CONTRIB_SIGNATURES: dict[str, Signature] = {
    "QGemm": Signature(6, 9, 1, 1, {"alpha": "FLOAT", "transA": "INT", "transB": "INT"}),
    "QLinearAdd": Signature(7, 8, 1, 1, {}),
    "QLinearAveragePool": Signature(4, 5, 1, 1, {**_POOL, **_CHANNELS_LAST}, ["kernel_shape"]),
    "QLinearConcat": Signature(5, 2**31, 1, 1, {"axis": "INT"}, ["axis"]),
    "QLinearGlobalAveragePool": Signature(5, 5, 1, 1, _CHANNELS_LAST),
    "QLinearLeakyRelu": Signature(4, 5, 1, 1, {"alpha": "FLOAT"}),
    "QLinearMul": Signature(7, 8, 1, 1, {}),
    "QLinearSigmoid": Signature(4, 5, 1, 1, {}),
    "QLinearSoftmax": Signature(5, 5, 1, 1, {"axis": "INT", "opset": "INT"}, ["opset"]),
}


def check_node(node: onnx.NodeProto, opset: int) -> None:
    """Check numbers of inputs and outputs, and names and types of attributes.

    Parameters
    ----------
    node : onnx.NodeProto
    opset : int
        Version of the default operator set.

    Raises
    ------
    NodeRefused
        It is not in the operator set, or breaks the operator's rules.
    """
    is_contrib = node.domain == CONTRIB_DOMAIN
    signature = CONTRIB_SIGNATURES[node.op_type] if is_contrib else _signature(node, opset)
    if not signature.min_input <= len(node.input) <= signature.max_input:
        raise NodeRefused(
            InvalidArgument,
            f"has {len(node.input)} inputs, takes {signature.min_input} to {signature.max_input}",
        )
    if not max(signature.min_output, 1) <= len(node.output) <= signature.max_output:
        raise NodeRefused(
            InvalidArgument,
            f"has {len(node.output)} outputs, gives {signature.min_output} to "
            f"{signature.max_output}",
        )
    if not is_contrib and not all(node.input[: signature.min_input]):
        raise NodeRefused(InvalidArgument, f"input {list(node.input).index('')} is left out")
    if not any(node.output):
        raise NodeRefused(InvalidArgument, "has no output with a name")
    _check_attributes(node, signature, f"operator set {opset}")


def _signature(node: onnx.NodeProto, opset: int) -> Signature:
    try:
        schema = onnx.defs.get_schema(node.op_type, opset, "")
    except onnx.defs.SchemaError as error:
        raise NodeRefused(Unsupported, f"is not in operator set {opset}") from error
    if schema.deprecated:
        raise NodeRefused(Unsupported, f"is deprecated in operator set {opset}")
    return Signature(
        schema.min_input,
        schema.max_input,
        schema.min_output,
        schema.max_output,
        {name: str(known.type).rpartition(".")[2] for name, known in schema.attributes.items()},
        [name for name, known in schema.attributes.items() if known.required],
    )


def _check_attributes(node: onnx.NodeProto, signature: Signature, where: str) -> None:
    seen = set()
    for attribute in node.attribute:
        name = f"attribute {shown(attribute.name)}"
        if attribute.name in seen:
            raise NodeRefused(InvalidArgument, f"{name} is given twice")
        seen.add(attribute.name)
        known = signature.attributes.get(attribute.name)
        if known is None:
            raise NodeRefused(Unsupported, f"{where} knows no {name}")
        given = onnx.AttributeProto.AttributeType.Name(attribute.type)
        if attribute.ref_attr_name or given != known:
            raise NodeRefused(InvalidArgument, f"{name} is not of type {known}")
    for name in signature.required:
        if name not in seen:
            raise NodeRefused(InvalidArgument, f"attribute {shown(name)} is missing")
