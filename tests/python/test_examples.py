"""Every example runs; so does the Python code of the README."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(code: list[str], folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, *code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example: Path, tmp_path: Path) -> None:
    assert run([str(example)], tmp_path)


def test_examples_are_numbered() -> None:
    programs = [path for path in (ROOT / "examples").iterdir() if path.suffix in {".c", ".py"}]
    assert len(programs) >= 6
    for path in programs:
        assert re.match(r"\d\d_[a-z0-9_]+$", path.stem), path.name


def test_readme_python(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        assert run(["-c", block], tmp_path)
