"""``mcomp compress``: applies a recipe."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from typing import Any

from ... import data
from ..._errors import InvalidArgument
from ...data import PreparedPictures
from ...display import text_table
from ...model import Model
from ...recipe import Recipe
from ...report import report_table
from .. import files, options, output
from ..command import Command, Values
from ..progress import ProgressBar

WEIGHT_NOTE = re.compile(r"node .+?: weight \S+ (?P<what>.+)", re.DOTALL)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_model(parser, "in", seed=False)
    parser.add_argument("out", metavar="OUT", help="the .mcomp file to write")
    parser.add_argument(
        "-r",
        "--recipe",
        required=True,
        help="passes separated by ';' (see 'mcomp passes'), or a .toml file that says the same",
    )
    parser.add_argument("--data", metavar="DATA", help=f"for calibration: {options.DATA_HELP}")
    parser.add_argument(
        "--samples",
        type=int,
        default=128,
        help="images of DATA to calibrate with, spread evenly over it (default 128)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of passes that draw random numbers and of a named network's weights (default 0)",
    )
    options.add_preprocess(parser)
    options.add_machine(parser, device=False)


def run(arguments: argparse.Namespace) -> Values:
    """Read, compress, write."""
    files.check_output(arguments.out, "output", ".mcomp")
    context = options.context(arguments)
    recipe = Recipe(arguments.recipe, context=context)
    model = options.open_model(getattr(arguments, "in"), arguments, context)
    samples = _samples(model, arguments)
    start = time.perf_counter()
    with ProgressBar() as progress:
        compressed = model.compress(
            recipe,
            samples,
            samples=arguments.samples,
            seed=arguments.seed,
            progress=progress,
        )
    seconds = time.perf_counter() - start
    file_nbytes = compressed.save(arguments.out)
    return {"output": arguments.out, "seconds": seconds, **account(compressed, file_nbytes)}


def _samples(model: Model, arguments: argparse.Namespace) -> PreparedPictures | None:
    if arguments.samples < 1:
        raise InvalidArgument(f"--samples is {arguments.samples}, not 1 or more")
    if arguments.data is None:
        return None
    dataset = data.load(arguments.data)
    if arguments.samples > len(dataset):
        output.note(
            f"data {dataset.name!r} has {len(dataset)} images; --samples is {arguments.samples}"
        )
    return dataset.inputs(options.preprocess(model, arguments.preprocess))


def account(model: Model, file_nbytes: int) -> dict[str, Any]:
    """Account for the bytes of a network and of its file: what compress and inspect share."""
    return {
        "recipe": model.recipe,
        "float_nbytes": model.float_nbytes,
        "stored_nbytes": model.stored_nbytes,
        "file_nbytes": file_nbytes,
        "ratio": model.float_nbytes / file_nbytes,
        "tensors": [
            {
                "name": tensor.name,
                "shape": list(tensor.shape),
                "encoding": tensor.encoding,
                "values": tensor.values,
                "nonzero": tensor.nonzero,
                "stored_nbytes": tensor.stored_nbytes,
                "entropy_bound_nbytes": tensor.entropy_bound_nbytes,
                "sqnr_db": tensor.sqnr_db,
            }
            for tensor in model.report
        ],
        "notes": list(model.notes),
    }


def account_text(values: Values) -> str:
    """Show what :func:`account` found."""
    facts = output.facts(
        [
            ("recipe", values["recipe"] or None),
            ("as float32", f"{values['float_nbytes']:,} bytes"),
            ("tensors stored", f"{values['stored_nbytes']:,} bytes"),
            ("file", f"{values['file_nbytes']:,} bytes"),
            ("ratio", f"{values['ratio']:.2f}"),
        ]
    )
    notes = "".join(f"\nnote: {note}" for note in grouped(values["notes"]))
    return f"{text_table(*report_table(values['tensors']))}\n\n{facts}{notes}"


def grouped(notes: Sequence[str]) -> list[str]:
    """Say once what several notes say of one weight each, and count the others."""
    counts: dict[str, list[str]] = {}
    for note in notes:
        weight = WEIGHT_NOTE.match(note)
        counts.setdefault(weight["what"] if weight else note, []).append(note)
    return [
        first if not others else f"{first} (so {len(others)} other weights; --json names them)"
        for first, *others in counts.values()
    ]


def show(values: Values) -> str:
    """Make a table of the tensors, and the sums."""
    return f"{account_text(values)}\n\nwrote {values['output']} in {values['seconds']:.2f} s"


COMMAND = Command(
    name="compress",
    summary="applies a recipe",
    description=(
        "Apply a recipe to a network and write it as .mcomp; 'mcomp convert' makes ONNX of it.\n"
        "The ratio is the bytes of all weights, biases and BatchNorm tensors as float32, divided\n"
        "by those of the file. entropy_bound_nbytes is the order-0 entropy of the symbols, zeros\n"
        "coded one by one, plus tables: codes of gaps between non-zeros can take less, N:M too.\n\n"
        + options.PREPROCESS_TEXT
    ),
    example=(
        "mcomp compress lenet5 small.mcomp "
        "-r 'prune.magnitude sparsity=0.8; share.kmeans bits=5; encode.huffman'"
    ),
    configure=configure,
    run=run,
    show=show,
)
