"""Studies: a grid of networks, recipes and devices, measured into one file and drawn from it.

>>> from mcomp import study
>>> study.run("notebooks/studies/quick/study.toml", "quick.sqlite")     # doctest: +SKIP
>>> print(study.report("quick.sqlite"))                                 # doctest: +SKIP
>>> study.figures("quick.sqlite", "figures")                            # doctest: +SKIP
"""

from .claims import Check, Claim, check
from .drawing import DrawnFigure, figures
from .exporting import Export, export
from .overview import Status, status
from .reporting import Report, report
from .rows import Row, Rows, read_rows
from .running import RunSummary, run
from .style import Drawing

__all__ = [
    "Check",
    "Claim",
    "Drawing",
    "DrawnFigure",
    "Export",
    "Report",
    "Row",
    "Rows",
    "RunSummary",
    "Status",
    "check",
    "export",
    "figures",
    "read_rows",
    "report",
    "run",
    "status",
]
