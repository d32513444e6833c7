"""The commands, one file each. To add one: a file that holds a ``COMMAND``, and a line here."""

from ..command import Command
from . import (
    bench,
    compare,
    compress,
    convert,
    devices,
    evaluate,
    inspect,
    models,
    passes,
    plan,
    profile,
    run,
    study,
)

COMMANDS: tuple[Command, ...] = (
    models.COMMAND,
    passes.COMMAND,
    devices.COMMAND,
    convert.COMMAND,
    compress.COMMAND,
    inspect.COMMAND,
    run.COMMAND,
    evaluate.COMMAND,
    compare.COMMAND,
    bench.COMMAND,
    profile.COMMAND,
    plan.COMMAND,
    study.COMMAND,
)
"""In the order in which help lists them."""
