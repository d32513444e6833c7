"""``mcomp passes``: every pass and its parameters."""

from __future__ import annotations

import argparse

from ...devices import ParameterInfo, passes
from ...display import text_table
from ..command import Command, Values

LARGE = 1 << 20  # from here on a number is more readable as a power
NUMBERS = {"integer": int, "real": float}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run(arguments: argparse.Namespace) -> Values:
    """List the passes."""
    return {
        "passes": [
            {
                "name": one.name,
                "summary": one.summary,
                "source": one.source,
                "parameters": [_parameter(parameter) for parameter in one.parameters],
            }
            for one in passes()
        ]
    }


def _parameter(info: ParameterInfo) -> Values:
    number = NUMBERS.get(info.type)
    return {
        "name": info.name,
        "type": info.type,
        "default": _default(info),
        "min": number(info.min) if number else None,
        "max": number(info.max) if number else None,
        "choices": list(info.choices),
        "required": number is not None and info.default == "",
        "summary": info.summary,
    }


def _default(info: ParameterInfo) -> int | float | str | None:
    """Give a default in its own type, None where there is none."""
    if info.default == "":
        return None
    number = NUMBERS.get(info.type)
    try:
        return number(info.default) if number else info.default
    except ValueError:  # a word beside numbers, such as "auto"
        return info.default


def show(values: Values) -> str:
    """Make a paragraph of each pass."""
    parts = []
    for one in values["passes"]:
        rows = [
            [
                f"  {parameter['name']}",
                parameter["type"],
                _bounds(parameter),
                "required" if parameter["required"] else _text(parameter["default"]),
                parameter["summary"],
            ]
            for parameter in one["parameters"]
        ]
        text = f"{one['name']}: {one['summary']}"
        if rows:
            text += "\n" + text_table(["  parameter", "type", "values", "default", ""], rows)
        parts.append(text)
    return "\n\n".join(parts)


def _bounds(parameter: Values) -> str:
    if parameter["choices"]:
        return " ".join(parameter["choices"])
    if parameter["min"] is None:
        return "-"
    return f"{_number(parameter['min'])} to {_number(parameter['max'])}"


def _number(value: int | float) -> str:
    """Write a bound; a large power of two, and one below it, as such."""
    for power, rest in ((value, ""), (value + 1, " - 1")):
        if isinstance(power, int) and power >= LARGE and power & (power - 1) == 0:
            return f"2^{power.bit_length() - 1}{rest}"
    return f"{value:g}"


def _text(default: int | float | str | None) -> str:
    return "-" if default is None else str(default)


COMMAND = Command(
    name="passes",
    summary="every pass and its parameters",
    description=(
        "List the passes that a recipe may name, with each parameter's type, values and default.\n"
        "Passes of a recipe are separated by ';': 'prune.magnitude sparsity=0.8; encode.huffman'."
    ),
    example="mcomp passes",
    configure=configure,
    run=run,
    show=show,
)
