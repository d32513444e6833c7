"""``mcomp run``: one inference."""

from __future__ import annotations

import argparse

from ..._errors import InvalidArgument, ShapeError
from ...display import format_shape, text_table
from .. import files, options
from ..command import Command, Values


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_model(parser)
    parser.add_argument(
        "-i",
        "--input",
        metavar="X.npy",
        action="append",
        required=True,
        help="float32 array for the network's input; once for each input, in their order",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="Y.npy",
        action="append",
        required=True,
        help="where to write the output; once for each output, in their order",
    )
    options.add_machine(parser)


def run(arguments: argparse.Namespace) -> Values:
    """Read the arrays, run, write the arrays."""
    files.check_outputs(arguments.output, "output", ".npy")
    model = options.open_model(arguments.model, arguments, options.context(arguments))
    for what, paths, values in (
        ("--input", arguments.input, model.inputs),
        ("--output", arguments.output, model.outputs),
    ):
        if len(paths) != len(values):
            names = ", ".join(value.name for value in values)
            raise InvalidArgument(
                f"{what} is given {len(paths)} times, network {model.name!r} has {len(values)}: "
                f"{names}"
            )
    arrays = [
        files.read_array(path, value.shape, value.name)
        for path, value in zip(arguments.input, model.inputs, strict=True)
    ]
    batch = arrays[0].shape[0]
    for path, array in zip(arguments.input, arrays, strict=True):
        if array.shape[0] != batch:
            raise ShapeError(
                f"{path}: batch {array.shape[0]}, but {arguments.input[0]} has batch {batch}"
            )
    session = model.session(arguments.device, batch=batch)
    found = session.run(*arrays)
    outputs = found if isinstance(found, list) else [found]
    files.write_arrays(dict(zip(arguments.output, outputs, strict=True)))
    return {
        "outputs": [
            {
                "name": value.name,
                "shape": list(array.shape),
                "dtype": str(array.dtype),
                "file": path,
            }
            for path, value, array in zip(arguments.output, model.outputs, outputs, strict=True)
        ]
    }


def show(values: Values) -> str:
    """Make a table of the outputs."""
    return text_table(
        ["output", "shape", "dtype", "file"],
        [
            [one["name"], format_shape(one["shape"]), one["dtype"], one["file"]]
            for one in values["outputs"]
        ],
    )


COMMAND = Command(
    name="run",
    summary="one inference",
    description=(
        "Run a network once on arrays from .npy files. Other dtypes than float32, other shapes\n"
        "than the input's (the batch is free) and NaN are refused."
    ),
    example=(
        "python3 -c \"import numpy; numpy.save('x.npy', numpy.ones((1, 1, 28, 28), 'float32'))\" "
        "&& mcomp run lenet5 -i x.npy -o y.npy"
    ),
    configure=configure,
    run=run,
    show=show,
)
