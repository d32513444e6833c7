"""``mcomp convert``: between .onnx and .mcomp."""

from __future__ import annotations

import argparse

from ...display import text_table
from .. import files, options
from ..command import Command, Values


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_model(parser, "in")
    parser.add_argument("out", metavar="OUT", help="the .onnx or .mcomp file to write")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep the nodes as they are; default: BatchNorm, constants, activations folded",
    )
    options.add_machine(parser, device=False)


def run(arguments: argparse.Namespace) -> Values:
    """Read one file, write the other."""
    source, target = getattr(arguments, "in"), arguments.out
    files.check_output(target, "output", ".onnx", ".mcomp")
    model = options.open_model(
        source, arguments, options.context(arguments), simplify=not arguments.keep
    )
    write = model.write_onnx if target.lower().endswith(".onnx") else model.save
    return {
        "input": source,
        "output": target,
        "nodes": len(model.nodes),
        "parameters": model.parameters,
        "output_nbytes": write(target),
    }


def show(values: Values) -> str:
    """Make one row."""
    head = ["output", "nodes", "parameters", "output_nbytes"]
    return text_table(head, [[values[key] for key in head]])


COMMAND = Command(
    name="convert",
    summary=".onnx to .mcomp and back",
    description=(
        "Convert a network between ONNX and .mcomp, in either direction. Weights keep their\n"
        "values; written as ONNX, encoded weights are decoded."
    ),
    example="mcomp convert lenet5 lenet5.mcomp && mcomp convert lenet5.mcomp lenet5.onnx",
    configure=configure,
    run=run,
    show=show,
)
