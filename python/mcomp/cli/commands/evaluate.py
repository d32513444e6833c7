"""``mcomp evaluate``: accuracy."""

from __future__ import annotations

import argparse

from ... import data
from ...display import text_table
from ...evaluate import evaluate
from .. import options, output
from ..command import Command, Values
from ..progress import ProgressBar


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_model(parser)
    parser.add_argument("data", metavar="DATA", help=options.DATA_HELP)
    options.add_pictures(parser)
    options.add_machine(parser)


def run(arguments: argparse.Namespace) -> Values:
    """Evaluate one network."""
    dataset = data.load(arguments.data)
    model = options.open_model(arguments.model, arguments, options.context(arguments))
    with ProgressBar() as progress:
        found = evaluate(
            model,
            dataset,
            limit=arguments.limit,
            devices=arguments.device,
            batch=arguments.batch,
            preprocess=options.preprocess(model, arguments.preprocess),
            progress=progress,
        )
    for note in found.notes:
        output.note(note)
    return {
        "model": arguments.model,
        "data": arguments.data,
        "n": found.n,
        "top1": found.top1,
        "top5": found.top5,
        "predictions": found.predictions,
        "notes": list(found.notes),
    }


def show(values: Values) -> str:
    """Make one row."""
    head = ["model", "data", "images", "top-1 %", "top-5 %"]
    row = [values["model"], values["data"], values["n"], values["top1"], values["top5"]]
    return text_table(head, [row])


COMMAND = Command(
    name="evaluate",
    summary="accuracy",
    description=(
        "Measure how often a network is right, in percent. Among equal outputs the lower class\n"
        "ranks first. Predictions (with --json) are in the order and numbering of the data set;\n"
        "mnist5k is sorted by digit, so that a small --limit sees few of them.\n\n"
        + options.PREPROCESS_TEXT
    ),
    example="mcomp evaluate lenet5 mnist5k",
    configure=configure,
    run=run,
    show=show,
)
