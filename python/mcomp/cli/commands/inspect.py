"""``mcomp inspect``: what is in a file, byte by byte."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ... import models, package
from ..._errors import NotFound
from ...display import format_shape, text_table
from .. import files, layers, options, output
from ..command import Command, Values
from .compress import account, account_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "file", metavar="FILE", help="an .mcomp or .onnx file; shown as it is read, not yet folded"
    )
    parser.set_defaults(width=None, seed=0)
    layers.add_layers(parser)
    options.add_machine(parser, device=False)


def run(arguments: argparse.Namespace) -> Values:
    """Read the file and account for it."""
    path = arguments.file
    ending = Path(path).suffix.lower()
    if ending not in (".mcomp", ".onnx"):
        hint = f"; for a network of the study: mcomp models {path} --layers"
        raise NotFound(
            f"file {path!r}: its name must end in .mcomp or .onnx"
            f"{hint if path in models.names() else ''}"
        )
    layers.check_outputs(arguments)
    start = time.perf_counter()
    # An ONNX file is shown as it is, before anything is folded.
    model = options.open_model(path, arguments, options.context(arguments), simplify=False)
    seconds = time.perf_counter() - start
    is_package = ending == ".mcomp"
    sections = package.package_sections(path) if is_package else []
    return {
        "file": path,
        "seconds": seconds,
        **account(model, files.file_nbytes(path)),
        "format_version": package.package_format_version(path) if is_package else None,
        "nodes": [
            {
                "name": node.name,
                "op": node.op,
                "fused": list(node.fused),
                "inputs": list(node.inputs),
                "outputs": [node.output],
                "shape": list(node.shape),
            }
            for node in model.nodes
        ],
        "macs": model.macs,
        "parameters": model.parameters,
        "sections": [
            {
                "name": section.name,
                "nbytes": section.nbytes,
                "offset": section.offset,
                "required": section.required,
            }
            for section in sections
        ],
        "metadata": model.metadata,
        **layers.answer(arguments, model),
    }


def show(values: Values) -> str:
    """Make tables of nodes, tensors and sections."""
    nodes = text_table(
        ["node", "op", "fused", "shape", "inputs"],
        [
            [
                node["name"],
                node["op"],
                ", ".join(node["fused"]),
                format_shape(node["shape"]),
                ", ".join(name or "-" for name in node["inputs"]),
            ]
            for node in values["nodes"]
        ],
    )
    parts = [nodes, *layers.show(values), account_text(values)]
    if values["sections"]:
        rows = [[section["name"], section["nbytes"]] for section in values["sections"]]
        total = sum(section["nbytes"] for section in values["sections"])
        parts.append(text_table(["section", "bytes"], [*rows, ["all", total]]))
    pairs = [
        ("format version", values["format_version"]),
        ("parameters", values["parameters"]),
        ("multiply-accumulates", values["macs"]),
        *sorted(values["metadata"].items()),
    ]
    parts.append(output.facts(pairs))
    return "\n\n".join(parts)


COMMAND = Command(
    name="inspect",
    summary="what is in a file, byte by byte",
    description=(
        "Show a file's nodes, tensors and metadata. The sections of an .mcomp file (header, table\n"
        "and padding are sections too) sum to the file; an .onnx file has none."
    ),
    example="mcomp convert lenet5 lenet5.mcomp && mcomp inspect lenet5.mcomp",
    configure=configure,
    run=run,
    show=show,
)
