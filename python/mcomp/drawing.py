"""A network as an SVG drawing: boxes in rows, from the input down.

A row is a node's distance from the input. A value that is read further down is led there through
every row between, in a narrow place of its own, so that lines do not run through boxes.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .display import format_shape

if TYPE_CHECKING:
    from .graph_info import Constants, NodeInfo
    from .layer_table import LayerInfo
    from .model import Model

_BOX_WIDTH, _BOX_HEIGHT = 256, 46
_LANE_WIDTH = 12
_GAP_X, _GAP_Y = 14, 22
_MARGIN, _HEADER = 20, 44
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


@dataclass
class _Place:
    """A box, or a lane that a value passes through (without lines of text)."""

    row: int
    lines: list[str] = field(default_factory=list)
    tip: str = ""
    fill: str = "#f2f2f2"
    above: list[int] = field(default_factory=list)
    x: float = 0.0

    @property
    def width(self) -> int:
        return _BOX_WIDTH if self.lines else _LANE_WIDTH


def draw(model: Model, caption: str) -> str:
    """Draw a network (see :meth:`mcomp.Model.drawing`)."""
    places = _boxes(model)
    rows = _rows(places)
    _arrange(places, rows)
    left = min(place.x - place.width / 2 for place in places)
    right = max(place.x + place.width / 2 for place in places)
    width = round(max(right - left, 360)) + 2 * _MARGIN
    for place in places:
        place.x += width / 2 - (left + right) / 2
    height = _HEADER + len(rows) * (_BOX_HEIGHT + _GAP_Y) + _MARGIN
    edges = [_edge(places[source], place) for place in places for source in place.above]
    boxes = [_box(place) for place in places if place.lines]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="white"/>'
        f'<text x="{_MARGIN}" y="26" font-size="13">{_escape(caption)}</text>'
        f'<g fill="none" stroke="#888">{"".join(edges)}</g>'
        f'<g text-anchor="middle">{"".join(boxes)}</g></svg>\n'
    )


def _escape(text: str) -> str:
    """Escape for XML, which knows no control characters and no lone surrogates."""
    return html.escape(
        "".join(
            c
            if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF and ord(c) & 0xFFFE != 0xFFFE
            else "\N{REPLACEMENT CHARACTER}"
            for c in text
        )
    )


def _boxes(model: Model) -> list[_Place]:
    """Make the boxes, in an order in which they can run, each with the boxes it reads."""
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
    constants = model.constants
    for node, layer in zip(model.nodes, model.layers(), strict=True):
        above = list(dict.fromkeys(owner[name] for name in node.inputs if name in owner))
        first = str(node.inputs[0])
        before = places[above[0]] if above else None
        joined = (
            node.op in _APPENDED
            and before is not None
            and before.tip
            and readers.get(first) == 1
            and first not in outputs
        )
        if joined and before is not None:
            owner[node.output] = above[0]
            before.lines[1] = _short(f"{before.lines[1]}, {node.op}", at_end=True)
            before.tip += "\n" + _tip(layer)
            continue
        row = 1 + max((places[index].row for index in above), default=0)
        owner[node.output] = len(places)
        places.append(
            _Place(
                row,
                _lines(node, layer, constants),
                _tip(layer),
                _FILLS.get(node.op, "#f2f2f2"),
                above,
            )
        )
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


def _lines(node: NodeInfo, layer: LayerInfo, constants: Constants) -> list[str]:
    kernel = node.attributes.get("kernel_shape")
    weight = node.inputs[1] if len(node.inputs) > 1 else None
    if node.op == "Conv" and weight is not None and weight in constants:
        kernel = list(constants[weight].shape[2:])
    size = " x ".join(str(extent) for extent in kernel) if isinstance(kernel, list) else ""
    strides = node.attributes.get("strides")
    stride = f" / {strides[0]}" if isinstance(strides, list) and strides[0] != 1 else ""
    cost = f" · {_count(layer.parameters)} param" if layer.parameters else ""
    cost += f" · {_count(layer.macs)} MAC" if layer.macs else ""
    return [
        _short(node.name),
        f"{node.op} {size}{stride}".strip(),
        format_shape(node.shape[1:]) + cost,
    ]


def _tip(layer: LayerInfo) -> str:
    return (
        f"{layer.name}: {layer.op}, output {format_shape(layer.shape)}, {layer.parameters:,} "
        f"parameters, {layer.macs:,} MACs, {layer.moved_nbytes:,} bytes moved, "
        f"{layer.macs_per_byte:.4g} MACs/byte"
    )


def _rows(places: list[_Place]) -> list[list[int]]:
    """Put boxes into rows; lead values that are read further down through lanes."""
    rows: list[list[int]] = [[] for _ in range(1 + max(place.row for place in places))]
    lanes: dict[tuple[int, int], int] = {}
    for index in range(len(places)):
        place = places[index]
        rows[place.row].append(index)
        for which, source in enumerate(place.above):
            above = source
            for row in range(places[source].row + 1, place.row):
                lane = lanes.get((source, row))
                if lane is None:
                    lane = lanes[source, row] = len(places)
                    places.append(_Place(row, above=[above]))
                    rows[row].append(lane)
                above = lane
            place.above[which] = above
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


def _top(place: _Place) -> int:
    return _HEADER + place.row * (_BOX_HEIGHT + _GAP_Y)


def _edge(source: _Place, target: _Place) -> str:
    x, y, end = source.x, _top(source) + _BOX_HEIGHT, _top(target)
    middle = (y + end) / 2
    path = f"M{x:.1f} {y}C{x:.1f} {middle:.1f} {target.x:.1f} {middle:.1f} {target.x:.1f} {end}"
    if not target.lines:
        path += f"V{end + _BOX_HEIGHT}"
    return f'<path d="{path}"/>'


def _box(place: _Place) -> str:
    x, y = place.x - _BOX_WIDTH / 2, _top(place)
    lines = "".join(
        f'<text x="{place.x:.1f}" y="{y + 14 + 13 * number}" '
        f'font-weight="{"normal" if number else "bold"}">{_escape(line)}</text>'
        for number, line in enumerate(place.lines)
    )
    tip = "\n".join(_escape(line) for line in place.tip.split("\n"))
    return (
        f'<g><title>{tip}</title><rect x="{x:.1f}" y="{y}" width="{_BOX_WIDTH}" '
        f'height="{_BOX_HEIGHT}" rx="4" fill="{place.fill}" stroke="#666"/>{lines}</g>'
    )
