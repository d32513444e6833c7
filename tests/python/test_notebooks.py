"""The notebooks run from start to end, and are made from their scripts."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SCRIPTS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    pytest.importorskip("jupytext", reason="jupytext is not installed")
    path = NOTEBOOKS / "make_notebooks.py"
    description = importlib.util.spec_from_file_location("make_notebooks", path)
    assert description is not None
    assert description.loader is not None
    module = importlib.util.module_from_spec(description)
    description.loader.exec_module(module)
    return module


def test_there_are_notebooks() -> None:
    assert [path.name for path in SCRIPTS] == ["01_quickstart.py"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_is_made_from_its_script(script: Path, maker: ModuleType) -> None:
    text = script.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert maker.notebook_text(script) == text, "run: python notebooks/make_notebooks.py"
    for cell in json.loads(text)["cells"]:
        assert cell.get("outputs", []) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_runs(script: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    import nbformat

    # The kernel finds the packages that this process finds, and leaves its files here.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folder for folder in sys.path if folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3")
    client.execute(cwd=str(tmp_path))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    images = [output for output in outputs if "image/png" in output.get("data", {})]
    tables = [output for output in outputs if "<table" in str(output.get("data", {}))]
    assert "this is a 4; the network says 4" in printed
    before, after = map(float, re.findall(r"(\d+\.\d) % (?:before|after)", printed))
    assert before >= 98.0
    assert after >= before - 1.0
    assert len(images) == 2
    assert len(tables) >= 5
    assert not [output for output in outputs if output.get("name") == "stderr"]
