"""Make the .ipynb files from the scripts, which are the source: python make_notebooks.py.

The same script gives the same bytes: no outputs, cells numbered in order.
"""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat

FOLDER = Path(__file__).resolve().parent


def scripts() -> list[Path]:
    """List the scripts that are notebooks, in order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def notebook_text(script: Path) -> str:
    """Write the notebook of a script as JSON."""
    notebook = jupytext.read(script)
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index:02}"
        if cell.cell_type == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
    # Which version of jupytext made it is nobody's business in a review.
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def main() -> None:
    """Write every notebook beside its script."""
    for script in scripts():
        script.with_suffix(".ipynb").write_text(notebook_text(script), encoding="utf-8")


if __name__ == "__main__":
    main()
