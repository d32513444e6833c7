"""Draw a study's figures from its store."""

from __future__ import annotations

import importlib.util
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import mcomp
from mcomp._arguments import file_path
from mcomp._csv_text import csv_text

from .rows import Rows, read_rows
from .store import Store
from .style import Drawing, styled
from .writing import write_whole


@dataclass(frozen=True)
class DrawnFigure:
    """Files of one figure.

    Attributes
    ----------
    name : str
        Of the function that drew it.
    caption : str
        First line of its docstring.
    files : tuple of Path
        PDF, PNG, and CSV of the plotted numbers.
    """

    name: str
    caption: str
    files: tuple[Path, ...]


def figures(
    store: str | Path, output: str | Path, *, script: str | Path | None = None
) -> tuple[DrawnFigure, ...]:
    """Draw every figure of a study; nothing is measured.

    Parameters
    ----------
    store : str or Path
    output : str or Path
        Folder, made where it is absent. Three files a figure: PDF, PNG, and CSV of its numbers.
    script : str or Path, optional
        A Python file with a tuple ``FIGURES`` of functions from :class:`Rows` to :class:`Drawing`.
        None: ``figures.py`` beside the study.toml that the store was made from.

    Raises
    ------
    mcomp.NotFound
        There is no such script, or the store holds no measurement yet.
    mcomp.Unsupported
        matplotlib is not installed.
    mcomp.IoError
        A file cannot be written.
    """
    target = file_path("output", output)
    rows = read_rows(store)
    if not any(row.status == "done" for row in rows):
        raise mcomp.NotFound(f"{store}: holds no measurement to draw")
    with Store(store) as opened:
        folder = Path("".join(row["path"] for row in opened.query("SELECT path FROM study"))).parent
    path = folder / "figures.py" if script is None else file_path("script", script)
    with styled():
        functions: tuple[Callable[[Rows], Drawing], ...] = _load(path).FIGURES
        return tuple(_draw(function, rows, target) for function in functions)


def _load(path: Path) -> ModuleType:
    if not path.is_file():
        raise mcomp.NotFound(f"{path}: no such script of figures")
    description = importlib.util.spec_from_file_location("mcomp_study_figures", path)
    if description is None or description.loader is None:
        raise mcomp.InvalidArgument(f"{path}: is no Python file")
    module = importlib.util.module_from_spec(description)
    description.loader.exec_module(module)
    if not hasattr(module, "FIGURES"):
        raise mcomp.InvalidArgument(f"{path}: has no FIGURES, a tuple of functions")
    return module


def _draw(function: Callable[[Rows], Drawing], rows: Rows, output: Path) -> DrawnFigure:
    drawing = function(rows)
    files = [output / f"{function.__name__}.{kind}" for kind in ("pdf", "png", "csv")]
    for path in files[:2]:
        write_whole(path, _picture(drawing, path.suffix[1:]))
    write_whole(files[2], _numbers(drawing))
    caption = (function.__doc__ or "").strip().split("\n")[0]
    return DrawnFigure(function.__name__, caption, tuple(files))


def _picture(drawing: Drawing, kind: str) -> bytes:
    buffer = io.BytesIO()
    # Without a date, the same numbers give the same bytes.
    metadata = {"CreationDate": None} if kind == "pdf" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # a layout that does not fit is a mistake
        drawing.figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def _numbers(drawing: Drawing) -> bytes:
    columns = list(dict.fromkeys(name for entry in drawing.numbers for name in entry))
    rows = [[entry.get(name) for name in columns] for entry in drawing.numbers]
    return csv_text(columns, rows, line_end="\r\n").encode("utf-8")
