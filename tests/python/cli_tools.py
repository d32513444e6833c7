"""What the tests of the command line share: running it here or as a program, and small inputs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mcomp
from mcomp.cli import main

PROGRAM = [sys.executable, "-m", "mcomp"]
RECIPE = "prune.magnitude sparsity=0.8; share.kmeans bits=5; encode.huffman"


@dataclass(frozen=True)
class Done:
    """What a run of the program left: exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one JSON object on stdout."""
        assert self.code == 0, self
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out
        return json.loads(lines[0], parse_constant=_no_constant)

    def assert_error(self, *words: str, code: int = 1) -> None:
        """Exactly one line on stderr that has these words, nothing on stdout, no traceback."""
        assert self.code == code, self
        assert self.out == "", self.out
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("mcomp: error: "), self.err
        assert "internal error" not in lines[0], self.err
        for word in words:
            assert word in lines[0], f"{word!r} is not in {lines[0]!r}"


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def here(*arguments: object) -> Done:
    """Run the program in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in arguments])
    return Done(code, out.getvalue(), err.getvalue())


def program(*arguments: object, **options: object) -> Done:
    """Run the program as a process of its own."""
    found = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )
    return Done(found.returncode, found.stdout, found.stderr)


def program_environment() -> dict[str, str]:
    """The environment that lets a process of another folder find the package."""
    package = str(Path(mcomp.__file__).parents[1])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([package, *([known] if known else [])])}


def images(folder: Path, labels: list[int], side: int = 28, mode: str = "L") -> Path:
    """Make a folder with random images and labels.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(len(labels))
    lines = ["file,label"]
    for number, label in enumerate(labels):
        shape = (side, side) if mode == "L" else (side, side, 3)
        pixels = random.integers(0, 256, shape, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{label}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of a few bytes; skip where this user may not."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
