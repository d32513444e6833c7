"""What ``models`` and ``inspect`` share: a network's table by layer and its drawing."""

from __future__ import annotations

import argparse

from .._whole_files import whole_file
from ..display import text_table
from ..model import Model
from . import files
from .command import Values


def add_layers(parser: argparse.ArgumentParser) -> None:
    """Add --layers, --csv and --svg."""
    parser.add_argument(
        "--layers",
        action="store_true",
        help="by layer: what is fused, shape, parameters, MACs, bytes moved, MACs a byte",
    )
    parser.add_argument(
        "--csv",
        metavar="F.csv",
        help="write that table with more columns: encoding, bytes of weights",
    )
    parser.add_argument("--svg", metavar="F.svg", help="draw the network")


def wanted(arguments: argparse.Namespace) -> bool:
    """Tell whether any of these is asked for."""
    return bool(arguments.layers or arguments.csv is not None or arguments.svg is not None)


def check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse, before any work is done, files that cannot be written."""
    for option in ("csv", "svg"):
        path = getattr(arguments, option)
        if path is not None:
            files.check_output(path, option, f".{option}")


def answer(arguments: argparse.Namespace, model: Model) -> Values:
    """Write the files and make the keys of ``--json``."""
    values: Values = {}
    if arguments.layers:
        values["layers"] = model.layers().to_dicts()
    if arguments.csv is not None:
        values["csv"] = _write(arguments.csv, model.layers().to_csv())
    if arguments.svg is not None:
        values["svg"] = _write(arguments.svg, model.drawing())
    return values


def _write(path: str, text: str) -> str:
    with whole_file(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
    return path


def show(values: Values) -> list[str]:
    """Make readable text of :func:`answer`'s keys."""
    parts = []
    if "layers" in values:
        head = ["node", "op", "fused", "output", "parameters", "macs", "bytes moved", "macs/byte"]
        rows = [
            [
                layer["name"],
                layer["op"],
                ", ".join(layer["fused"]),
                " x ".join("N" if extent is None else str(extent) for extent in layer["shape"]),
                layer["parameters"],
                layer["macs"],
                layer["moved_nbytes"],
                layer["macs_per_byte"],
            ]
            for layer in values["layers"]
        ]
        parts.append(text_table(head, rows))
    parts += [f"wrote {values[option]}" for option in ("csv", "svg") if option in values]
    return parts
