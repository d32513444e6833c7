"""Setting up says what it does, and the study sets up no more than it needs."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDY = {"gcc", "zlib1g-dev", "python3-dev", "python3-venv"}
FAKES = {
    "dpkg-query": "exit 1",  # nothing is installed
    "id": "echo 0",
    "env": 'while [[ $1 == *=* ]]; do shift; done; "$@"',
    "apt-get": 'echo "apt-get $*" >> "$LOG"',
    "python3": (
        'echo "python $*" >> "$LOG"\n'
        '[ -d .venv ] || { mkdir -p .venv/bin; cp "$0" .venv/bin/python; }'
    ),
}


def set_up(folder: Path, *words: str) -> tuple[list[str], str]:
    """Run .ci/setup of a copy, with programs that only note how they are called."""
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    programs = folder / "programs"
    programs.mkdir()
    for name, body in FAKES.items():
        (programs / name).write_text(f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)
    log = folder / "log"
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "LOG": str(log)}
    done = subprocess.run(
        ["bash", folder / ".ci/setup", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr.splitlines(), log.read_text()


@pytest.mark.parametrize("words", [("study",), ()])
def test_each_step_is_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    told, called = set_up(tmp_path, *words)
    extra = "study" if words else "all"
    assert [line.partition(":")[0] for line in told] == ["setup"] * 4
    packages, environment, install, done = (line.partition(": ")[2] for line in told)
    assert packages.startswith("installing Debian packages, as root: ")
    named = set(packages.partition(": ")[2].split(" (")[0].split())
    assert named >= STUDY
    assert ("clang" in named) == (extra == "all")
    assert (named == STUDY) == (extra == "study")
    assert named <= set(called.split())
    assert ".venv/" in environment
    assert f"'{extra}'" in install
    assert f".[{extra}]" in called
    assert done == "done"


@pytest.mark.parametrize(("target", "setup"), [("study", ".ci/setup study"), ("test", ".ci/setup")])
def test_make_sets_up_what_its_target_needs(target: str, setup: str) -> None:
    command = ["make", "--dry-run", "--always-make", "--directory", str(ROOT), target]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    steps = [line for line in done.stdout.splitlines() if line.startswith(".ci/setup")]
    assert steps == [setup]


def test_readme_lists_the_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("| extra | for |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == set(extras)
    assert set(re.findall(r"pip install '\.\[(\w+)\]'", readme)) <= set(extras)
