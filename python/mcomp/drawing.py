"""A network as an SVG drawing: boxes in rows, from the input down.

A row is a node's distance from the input. A value that is read further down is led there through
every row between, in a narrow place of its own, so that lines do not run through boxes. However
many boxes read it, it has one such place a row.
"""

from __future__ import annotations

import html
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._errors import LimitError
from .display import format_shape

if TYPE_CHECKING:
    from .graph_info import NodeInfo, ValueInfo
    from .layer_table import LayerInfo
    from .model import Model

#: Of boxes and places that lines take in the rows between, together.
MAX_PLACES = 50_000
# Nodes of the largest network that a notebook draws beside its table.
_MAX_FRAMED_NODES = 1000

_BOX_WIDTH, _BOX_HEIGHT = 256, 46
_LANE_WIDTH = 12
_GAP_X, _GAP_Y = 14, 22
_MARGIN = 20
_CAPTION_TOP, _CAPTION_HEIGHT, _CAPTION_GAP = 26, 17, 18
# Of a letter or digit of the caption, in the wider of the usual fonts.
_CAPTION_LETTER = 8.3
_LINE_LENGTH = 40
_SWEEPS = 4

#: Nodes that are drawn in the box of the node before them.
_APPENDED = frozenset(
    {"BatchNormalization", "Relu", "Clip", "LeakyRelu", "PRelu", "Sigmoid", "HardSwish", "Dropout"}
)
_FILLS = {
    "Conv": "#dbe9f6",
    "Gemm": "#e5dcf2",
    "MatMul": "#e5dcf2",
    "MaxPool": "#e3f1dd",
    "AveragePool": "#e3f1dd",
    "GlobalAveragePool": "#e3f1dd",
    "GlobalMaxPool": "#e3f1dd",
    "Concat": "#fbeed5",
    "Add": "#fbeed5",
}


@dataclass(slots=True)
class _Place:
    """A box, or a lane that a value passes through (without lines of text).

    A box's lines are its name, what it computes, and its output's shape with its costs.
    """

    row: int
    lines: list[str] = field(default_factory=list)
    shape: str = ""
    parameters: int = 0
    macs: int = 0
    tips: list[str] = field(default_factory=list)
    fill: str = "#f2f2f2"
    above: list[int] = field(default_factory=list)
    x: float = 0.0

    @property
    def width(self) -> int:
        return _BOX_WIDTH if self.lines else _LANE_WIDTH

    def add(self, layer: LayerInfo) -> None:
        """Add a layer that is drawn in the box."""
        self.parameters += layer.parameters
        self.macs += layer.macs
        self.tips.append(_tip(layer))
        costs = [self.shape]
        costs += [f"{_count(self.parameters)} param"] if self.parameters else []
        costs += [f"{_count(self.macs)} MAC"] if self.macs else []
        self.lines[2] = " · ".join(costs)


class Drawing(str):
    """A drawing as SVG text; a notebook shows it.

    Examples
    --------
    >>> import mcomp
    >>> mcomp.models.create("lenet5").drawing().startswith("<svg")
    True
    """

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return f"<mcomp.Drawing, {len(self):,} characters of SVG>"


def draw(model: Model, caption: str) -> Drawing:
    """Draw a network (see :meth:`mcomp.Model.drawing`)."""
    places = _boxes(model)
    count = len(places) + _lane_count(places)
    if count > MAX_PLACES:
        raise LimitError(
            f"a drawing of the {len(model.nodes):,} nodes takes {len(places):,} boxes and "
            f"{count - len(places):,} places for lines past them, together more than "
            f"{MAX_PLACES:,}: see the table by layer instead"
        )
    rows = _rows(places)
    _arrange(places, rows)
    left = min(place.x - place.width / 2 for place in places)
    right = max(place.x + place.width / 2 for place in places)
    width = round(max(right - left, 360)) + 2 * _MARGIN
    for place in places:
        place.x += width / 2 - (left + right) / 2
    lines = _caption_lines(caption, int((width - 2 * _MARGIN) / _CAPTION_LETTER))
    header = _CAPTION_TOP + _CAPTION_HEIGHT * (len(lines) - 1) + _CAPTION_GAP
    height = header + len(rows) * (_BOX_HEIGHT + _GAP_Y) + _MARGIN
    edges = [_edge(places[source], place, header) for place in places for source in place.above]
    boxes = [_box(place, header) for place in places if place.lines]
    captions = [
        f'<text x="{_MARGIN}" y="{_CAPTION_TOP + _CAPTION_HEIGHT * number}" font-size="13">'
        f"{_escape(line)}</text>"
        for number, line in enumerate(lines)
    ]
    return Drawing(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="white"/>'
        f"{''.join(captions)}"
        f'<g fill="none" stroke="#888">{"".join(edges)}</g>'
        f'<g text-anchor="middle">{"".join(boxes)}</g></svg>\n'
    )


def framed(model: Model, caption: str) -> str:
    """Draw a network for a notebook, in a frame that scrolls; "" where it is too large."""
    if len(model.nodes) > _MAX_FRAMED_NODES:
        return ""
    try:
        drawing = draw(model, caption)
    except LimitError:
        return ""
    return f'<div style="max-height:32em;overflow:auto">{drawing}</div>'


def _escape(text: str) -> str:
    """Escape for XML, which knows no control characters and no lone surrogates."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return html.escape(text)


def _caption_lines(caption: str, length: int) -> list[str]:
    """Break a caption into lines, behind commas where it can be; wide letters count twice."""
    lines, used = [""], 0
    parts = caption.split(", ")
    for number, part in enumerate(parts):
        text = part if number + 1 == len(parts) else part + ", "
        needed = sum(map(_columns, text.rstrip()))
        if lines[-1] and used + needed > length:
            lines.append("")
            used = 0
        for letter in text:
            if letter != " " and used + _columns(letter) > length:
                lines.append("")
                used = 0
            lines[-1] += letter
            used += _columns(letter)
    return [line.rstrip() for line in lines]


def _columns(letter: str) -> int:
    wide = letter in "mw%@" or letter.isupper() or unicodedata.east_asian_width(letter) in "WF"
    return 2 if wide else 1


def _boxes(model: Model) -> list[_Place]:
    """Make the boxes, in an order in which they can run, each with the boxes it reads.

    What is computed of constants alone, such as a DequantizeLinear of a weight, is drawn in the
    box of the first node that reads it.
    """
    places: list[_Place] = []
    owner: dict[str, int] = {}
    for value in model.inputs:
        owner[value.name] = len(places)
        places.append(_Place(0, [_short(value.name), "input", format_shape(value.shape[1:])]))
    readers: dict[str, int] = {}
    for node in model.nodes:
        for name in node.inputs:
            readers[str(name)] = readers.get(str(name), 0) + 1
    outputs = {value.name for value in model.outputs}
    values = {value.name: value for value in model.values}
    # By value: the layers that compute it of constants alone, until a box has them.
    prepared: dict[str, list[LayerInfo]] = {}
    for node, layer in zip(model.nodes, model.layers(), strict=True):
        above = list(dict.fromkeys(owner[name] for name in node.inputs if name in owner))
        inner = [one for name in node.inputs for one in prepared.pop(str(name), [])]
        if not above and node.output in readers and node.output not in outputs:
            prepared[node.output] = [*inner, layer]
            continue
        first = str(node.inputs[0])
        before = places[above[0]] if above else None
        joined = (
            node.op in _APPENDED
            and before is not None
            and before.tips
            and readers.get(first) == 1
            and first not in outputs
        )
        if joined and before is not None:
            owner[node.output] = above[0]
            before.lines[1] = _short(f"{before.lines[1]}, {node.op}", at_end=True)
            for one in (layer, *inner):
                before.add(one)
            continue
        row = 1 + max((places[index].row for index in above), default=0)
        owner[node.output] = len(places)
        lines = [_short(node.name), _short(_what(node, values), at_end=True), ""]
        place = _Place(
            row,
            lines,
            format_shape(node.shape[1:]),
            fill=_FILLS.get(node.op, "#f2f2f2"),
            above=above,
        )
        for one in (layer, *inner):
            place.add(one)
        places.append(place)
    return places


def _short(text: str, *, at_end: bool = False) -> str:
    """Cut a text that does not fit a box: names lose their beginning."""
    if len(text) <= _LINE_LENGTH:
        return text
    return text[: _LINE_LENGTH - 1] + "…" if at_end else "…" + text[1 - _LINE_LENGTH :]


def _count(number: int) -> str:
    for limit, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= limit:
            return f"{number / limit:.3g} {unit}"
    return str(number)


def _what(node: NodeInfo, values: dict[str, ValueInfo]) -> str:
    """Tell what a node computes: operator, window, stride, what is fused into it."""
    kernel: object = node.attributes.get("kernel_shape")
    if node.op == "Conv":
        kernel = list(values[str(node.inputs[1])].shape[2:])
    size = " x ".join(str(extent) for extent in kernel) if isinstance(kernel, list) else ""
    strides = node.attributes.get("strides")
    stride = f" / {strides[0]}" if isinstance(strides, list) and strides[0] != 1 else ""
    fused = ["+ residual" if one == "residual" else one for one in node.fused]
    return ", ".join([f"{node.op} {size}{stride}".strip(), *fused])


def _tip(layer: LayerInfo) -> str:
    return (
        f"{layer.name}: {layer.op}, output {format_shape(layer.shape)}, {layer.parameters:,} "
        f"parameters, {layer.macs:,} MACs, {layer.moved_nbytes:,} bytes moved, "
        f"{layer.macs_per_byte:.4g} MACs/byte"
    )


def _lane_count(places: list[_Place]) -> int:
    """Count the lanes that :func:`_rows` will lay: to the furthest reader of each box."""
    furthest = [place.row + 1 for place in places]
    for place in places:
        for source in place.above:
            furthest[source] = max(furthest[source], place.row)
    return sum(row - place.row - 1 for row, place in zip(furthest, places, strict=True))


def _rows(places: list[_Place]) -> list[list[int]]:
    """Put boxes into rows; lead values that are read further down through lanes."""
    rows: list[list[int]] = [[] for _ in range(1 + max(place.row for place in places))]
    # By box: the lanes that lead its value on, from the row below it down.
    led: dict[int, list[int]] = {}
    for index in range(len(places)):
        place = places[index]
        rows[place.row].append(index)
        for which, source in enumerate(place.above):
            lanes = led.setdefault(source, [])
            first = places[source].row + 1
            for row in range(first + len(lanes), place.row):
                rows[row].append(len(places))
                places.append(_Place(row, above=[lanes[-1] if lanes else source]))
                lanes.append(rows[row][-1])
            if place.row > first:
                place.above[which] = lanes[place.row - first - 1]
    return rows


def _arrange(places: list[_Place], rows: list[list[int]]) -> None:
    """Order each row by where its lines come from and go to, and centre it."""
    below: list[list[int]] = [[] for _ in places]
    for index, place in enumerate(places):
        for source in place.above:
            below[source].append(index)
    for row in rows:
        _centre(places, row)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            keys = {}
            for index in row:
                near = places[index].above if down else below[index]
                keys[index] = (
                    sum(places[one].x for one in near) / len(near) if near else places[index].x
                )
            row.sort(key=keys.__getitem__)
            _centre(places, row)


def _centre(places: list[_Place], row: list[int]) -> None:
    total = sum(places[index].width for index in row) + _GAP_X * (len(row) - 1)
    x = -total / 2
    for index in row:
        places[index].x = x + places[index].width / 2
        x += places[index].width + _GAP_X


def _top(place: _Place, header: int) -> int:
    return header + place.row * (_BOX_HEIGHT + _GAP_Y)


def _edge(source: _Place, target: _Place, header: int) -> str:
    x, y, end = source.x, _top(source, header) + _BOX_HEIGHT, _top(target, header)
    middle = (y + end) / 2
    path = f"M{x:.1f} {y}C{x:.1f} {middle:.1f} {target.x:.1f} {middle:.1f} {target.x:.1f} {end}"
    if not target.lines:
        path += f"V{end + _BOX_HEIGHT}"
    return f'<path d="{path}"/>'


def _box(place: _Place, header: int) -> str:
    x, y = place.x - _BOX_WIDTH / 2, _top(place, header)
    lines = "".join(
        f'<text x="{place.x:.1f}" y="{y + 14 + 13 * number}" '
        f'font-weight="{"normal" if number else "bold"}">{_escape(line)}</text>'
        for number, line in enumerate(place.lines)
    )
    tip = "\n".join(map(_escape, place.tips))
    return (
        f'<g><title>{tip}</title><rect x="{x:.1f}" y="{y}" width="{_BOX_WIDTH}" '
        f'height="{_BOX_HEIGHT}" rx="4" fill="{place.fill}" stroke="#666"/>{lines}</g>'
    )
