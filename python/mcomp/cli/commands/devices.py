"""``mcomp devices``: what this machine offers."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ...devices import devices
from ...display import text_table
from .. import options
from ..command import Command, Values


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    options.add_machine(parser, device=False)


def run(arguments: argparse.Namespace) -> Values:
    """List the devices."""
    found = devices(options.context(arguments))
    return {"devices": [asdict(device) for device in found]}


def show(values: Values) -> str:
    """Make a table of the devices."""
    head = ["id", "kind", "name", "detail", "available", "reason"]
    return text_table(head, [[device[key] for key in head] for device in values["devices"]])


COMMAND = Command(
    name="devices",
    summary="what this machine offers",
    description="List the devices that networks can run on here, and why others cannot be used.",
    example="mcomp devices",
    configure=configure,
    run=run,
    show=show,
)
