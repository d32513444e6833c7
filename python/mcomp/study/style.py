"""One look for every figure: readable in grey, with units, with missing points drawn missing.

A figure is a function that takes rows and gives a :class:`Drawing`. It reads no file and measures
nothing. Differences are carried by marker, hatch or place, never by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcomp._extras import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Width of a figure across a page of text, inches.
PAGE_WIDTH = 6.8

#: Okabe and Ito's colours, in an order whose lightness differs from one to the next.
COLOURS = ("#000000", "#E69F00", "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h")
HATCHES = ("", "////", "....", "xxxx", "----", "\\\\\\\\")
GREYS = ("0.25", "0.75", "0.5", "0.9")

_PARAMETERS: Mapping[str, object] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.88",
    "grid.linewidth": 0.6,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.2,
    "lines.markersize": 6,
    "hatch.linewidth": 0.6,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # text stays text
}


@dataclass(frozen=True)
class Drawing:
    """A figure and the numbers drawn in it.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    numbers : sequence of dict
        One a point or bar: column to value, with the unit in the column's name; None: missing.
    """

    figure: Figure
    numbers: Sequence[Mapping[str, object]]


@contextmanager
def styled() -> Iterator[None]:
    """Draw what is inside in the common look, without a display.

    Raises
    ------
    mcomp.Unsupported
        matplotlib is not installed.
    """
    matplotlib = require("matplotlib", "matplotlib", "study", "drawing figures")
    with matplotlib.rc_context(dict(_PARAMETERS)):
        yield


def new_figure(rows: int, columns: int, height: float, *, sharey: bool) -> tuple[Figure, Any]:
    """Make a figure as wide as a page with a grid of axes.

    Parameters
    ----------
    rows, columns : int
    height : float
        Inches.
    sharey : bool
        One scale for all vertical axes.

    Returns
    -------
    figure : Figure
    axes : ndarray of Axes
        [rows, columns].
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PAGE_WIDTH, height))
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, sharey=sharey, squeeze=False)


def marker_of(index: int) -> dict[str, object]:
    """Marker and colour of the n-th thing; none of the first twelve look alike in grey."""
    return {
        "marker": MARKERS[index % len(MARKERS)],
        "color": COLOURS[index % len(COLOURS)],
        "markeredgecolor": "black",
        "markeredgewidth": 0.7,
    }
