"""``mcomp compare``: one network against another, on the same images."""

from __future__ import annotations

import argparse

from ... import data
from ...compare import compare
from ...display import text_table
from .. import options, output
from ..command import Command, Values
from ..progress import ProgressBar


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_model(parser, "a", "b")
    parser.add_argument("data", metavar="DATA", help=options.DATA_HELP)
    options.add_pictures(parser)
    parser.add_argument("--no-layers", action="store_true", help="compare the outputs only")
    options.add_machine(parser)


def run(arguments: argparse.Namespace) -> Values:
    """Compare two networks."""
    dataset = data.load(arguments.data)
    context = options.context(arguments)
    a = options.open_model(arguments.a, arguments, context)
    b = options.open_model(arguments.b, arguments, context)
    with ProgressBar() as progress:
        found = compare(
            a,
            b,
            dataset,
            limit=arguments.limit,
            devices=arguments.device,
            batch=arguments.batch,
            preprocess=(
                options.preprocess(a, arguments.preprocess),
                options.preprocess(b, arguments.preprocess),
            ),
            layers=not arguments.no_layers,
            progress=progress,
        )
    for note in found.notes:
        output.note(note)
    return {
        "a": arguments.a,
        "b": arguments.b,
        "data": arguments.data,
        "n": found.n,
        "top1_a": found.top1_a,
        "top1_b": found.top1_b,
        "drop": found.drop,
        "drop_stderr": found.drop_stderr,
        "agree": found.agree,
        "output_nmse": found.output_nmse,
        "layers": [{"name": layer.name, "nmse": layer.nmse} for layer in found.layers],
        "notes": list(found.notes),
    }


def show(values: Values) -> str:
    """Make the figures, and a table of the layers."""
    text = output.facts(
        [
            ("images", values["n"]),
            ("top-1 of a", f"{values['top1_a']:.2f} %"),
            ("top-1 of b", f"{values['top1_b']:.2f} %"),
            ("drop", f"{values['drop']:.2f} +- {values['drop_stderr']:.2f} points"),
            ("same class", f"{values['agree']:.2f} %"),
            ("NMSE of the output", f"{values['output_nmse']:.3g}"),
        ]
    )
    if values["layers"]:
        rows = [[layer["name"], f"{layer['nmse']:.3g}"] for layer in values["layers"]]
        text += "\n\n" + text_table(["layer", "nmse"], rows)
    return text


COMMAND = Command(
    name="compare",
    summary="one network against another, same images",
    description=(
        "Run networks A and B on the same images. The drop is top-1 of A minus that of B, in\n"
        "points; its standard error counts the images where one is right and the other wrong;\n"
        "same class counts those where both say the same. NMSE is the sum of squared differences\n"
        "over the sum of A's squares; layers are the values that both have under one name in one\n"
        "shape.\n\n" + options.PREPROCESS_TEXT
    ),
    example=(
        "mcomp compress lenet5 small.mcomp -r 'share.kmeans bits=4' "
        "&& mcomp compare lenet5 small.mcomp mnist5k --limit 200"
    ),
    configure=configure,
    run=run,
    show=show,
)
