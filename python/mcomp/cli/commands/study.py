"""``mcomp study``: runs a grid of networks, recipes and devices; everything else from its store."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ... import study
from ...display import text_table
from ...study.claims import COLUMNS
from .. import output
from ..command import Command, Values
from ..progress import ProgressBar

EXAMPLES = {
    "run": "mcomp study run study.toml --store study.sqlite",
    "status": "mcomp study status --store study.sqlite",
    "report": "mcomp study report --store study.sqlite -o report.md",
    "figures": "mcomp study figures --store study.sqlite -o figures",
    "check": "mcomp study check --store study.sqlite",
    "export": "mcomp study export --store study.sqlite -o study.csv",
}
"""One for each action; they work one after the other in the folder of a study."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        one = actions.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=f"example, in the folder of a study:\n  {EXAMPLES[name]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        one.add_argument("--store", metavar="S.sqlite", required=True, help="the study's store")
        one.add_argument("--json", action="store_true", help="one JSON object instead of a table")
        return one

    one = add("run", "measure what the store does not hold yet; stopped, it goes on from there")
    one.add_argument("study", metavar="STUDY.toml", help="the grid")
    one.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a dask scheduler whose workers execute the networks (default: executed here)",
    )
    add("status", "tell how far the study is")
    one = add("report", "show one table of the whole study")
    one.add_argument("-o", "--output", metavar="FILE", help="write it too: .md, .html or .txt")
    one = add("figures", "draw every figure as PDF, PNG and CSV")
    one.add_argument("-o", "--output", metavar="FOLDER", required=True, help="made where absent")
    one.add_argument(
        "--script", metavar="F.py", help="what draws; default: figures.py beside STUDY.toml"
    )
    one = add("check", "hold the study's claims against what was measured")
    one.add_argument(
        "--expected", metavar="F.csv", help="the claims; default: expected.csv beside STUDY.toml"
    )
    one = add("export", "write every row with its samples")
    one.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="a .csv or .parquet file"
    )


def run(arguments: argparse.Namespace) -> Values:
    """Serve the action."""
    return {"action": arguments.action, **ACTIONS[arguments.action](arguments)}


def _run(arguments: argparse.Namespace) -> Values:
    with ProgressBar(lines=True) as progress:
        found = study.run(
            arguments.study, arguments.store, scheduler=arguments.scheduler, progress=progress
        )
    for failure in found.failures:
        output.note(f"failed: {failure}")
    return {
        "done": found.done,
        "skipped": found.skipped,
        "failed": found.failed,
        "store": str(found.store),
        "failures": list(found.failures),
    }


def _status(arguments: argparse.Namespace) -> Values:
    found = study.status(arguments.store)
    return {
        "store": str(found.store),
        "name": found.name,
        "total": found.total,
        "done": found.done,
        "failed": found.failed,
        "missing": found.missing,
        "machines": list(found.machines),
        "kinds": [
            {"kind": kind, "done": done, "failed": failed, "missing": missing}
            for kind, (done, failed, missing) in found.by_kind.items()
        ],
        "failures": list(found.failures),
    }


def _report(arguments: argparse.Namespace) -> Values:
    found = study.report(arguments.store)
    if arguments.output is not None:
        found.write(arguments.output)
    return {
        "store": arguments.store,
        "name": found.status.name,
        "columns": found.headers,
        "rows": found.lines,
        "output": arguments.output,
    }


def _figures(arguments: argparse.Namespace) -> Values:
    found = study.figures(arguments.store, arguments.output, script=arguments.script)
    return {
        "figures": [
            {
                "name": figure.name,
                "caption": figure.caption,
                "files": [str(path) for path in figure.files],
            }
            for figure in found
        ]
    }


def _check(arguments: argparse.Namespace) -> Values:
    found = study.check(arguments.store, arguments.expected)
    return {
        "claims": [
            {
                "claim": claim.claim,
                "expected": claim.expected,
                "relation": claim.relation,
                "tolerance": claim.tolerance,
                "measured": claim.measured,
                "unit": claim.unit,
                "verdict": claim.verdict,
                "source": claim.source,
                "because": claim.because,
            }
            for claim in found.claims
        ]
    }


def _export(arguments: argparse.Namespace) -> Values:
    found = study.export(arguments.store, arguments.output)
    return {"output": str(found.path), "rows": found.rows}


ACTIONS: dict[str, Callable[[argparse.Namespace], Values]] = {
    "run": _run,
    "status": _status,
    "report": _report,
    "figures": _figures,
    "check": _check,
    "export": _export,
}


def show(values: Values) -> str:
    """Make text of an action's answer."""
    action = values["action"]
    if action == "report":
        text = text_table(values["columns"], values["rows"])
        return text if values["output"] is None else f"{text}\n\nwrote {values['output']}"
    if action == "figures":
        rows: list[list[Any]] = [
            [figure["name"], figure["caption"], figure["files"][0]] for figure in values["figures"]
        ]
        return text_table(["figure", "caption", "file"], rows)
    if action == "check":
        rows = [[claim[key] for key in COLUMNS] for claim in values["claims"]]
        return text_table(COLUMNS, rows)
    pairs = [(key, value) for key, value in values.items() if not isinstance(value, list)]
    return output.facts(pairs[1:])


COMMAND = Command(
    name="study",
    summary="runs a study's grid; report, figures and claims from its store",
    description=(
        "Measure a grid of networks, recipes and devices into one SQLite file, and make tables\n"
        "and figures of that file. 'mcomp study ACTION -h' explains an action."
    ),
    example=(
        "printf '%s\\n' 'name = \"try\"' '[grid]' 'models = [\"lenet5\"]' '[grid.recipes]' \\\n"
        "    'float = \"store.dense\"' '[measure]' 'min_seconds = 0.1' > study.toml\n"
        "  mcomp study run study.toml --store study.sqlite\n"
        "  mcomp study report --store study.sqlite"
    ),
    configure=configure,
    run=run,
    show=show,
)
