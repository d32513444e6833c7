"""A network as a drawing and as a table by layer."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from cli_tools import here
from PIL import ImageFont

import mcomp
from mcomp import drawing as drawing_module
from mcomp._csv_text import csv_text

SVG = "{http://www.w3.org/2000/svg}"


def parsed(model: mcomp.Model) -> ElementTree.Element:
    return ElementTree.fromstring(model.drawing())


def boxes(drawing: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    """Give left, top, right and bottom of each box by its title's first word."""
    found = {}
    for group in drawing.iter(f"{SVG}g"):
        rect, title = group.find(f"{SVG}rect"), group.find(f"{SVG}title")
        if rect is None or title is None:
            continue
        x, y, width, height = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        name = (title.text or "").split(":")[0] or "input"
        assert name not in found
        found[name] = (x, y, x + width, y + height)
    return found


def box_texts(drawing: ElementTree.Element) -> dict[str, list[str]]:
    """Give the lines of text in each box by the first of them."""
    found = {}
    for group in drawing.iter(f"{SVG}g"):
        if group.find(f"{SVG}rect") is not None:
            lines = [text.text or "" for text in group.findall(f"{SVG}text")]
            found[lines[0]] = lines
    return found


def test_layers_of_lenet5(lenet5: mcomp.Model):
    table = lenet5.layers()
    assert [layer.name for layer in table] == [node.name for node in lenet5.nodes]
    assert sum(layer.macs for layer in table) == lenet5.macs
    assert sum(layer.parameters for layer in table) == lenet5.parameters
    conv1 = table[0]
    # 20 filters of 25 and 20 biases; 28 x 28 pixels in, 20 x 24 x 24 out, 4 bytes each.
    assert conv1.weights_nbytes == 4 * 520
    assert conv1.activations_nbytes == 4 * (28 * 28 + 20 * 24 * 24)
    assert conv1.moved_nbytes == 51_296
    assert conv1.macs_per_byte == 288_000 / 51_296
    pool = table[1]
    assert (pool.op, pool.parameters, pool.macs, pool.macs_per_byte) == ("MaxPool", 0, 0, 0)
    assert pool.moved_nbytes == 4 * (20 * 24 * 24 + 20 * 12 * 12)
    assert repr(table[:2]).startswith("<mcomp.LayerTable lenet5: 7 nodes, 431,080 parameters")
    assert "conv1" in str(table)


def test_layers_sum_to_the_parameters_of_an_unsimplified_network(shared: Path):
    files = sorted((shared / "models").glob("*.onnx"))
    assert len(files) > 8
    for path in files:
        model = mcomp.read_onnx(path, simplify=False)
        assert sum(layer.parameters for layer in model.layers()) == model.parameters, path.name


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lenet5", {}),
        ("mobilenet_v1", {}),
        ("inception_v1", {"size": 64}),
        ("resnet50", {"size": 64}),
    ],
)
def test_layers_sum_to_the_parameters_of_the_study(name: str, options: dict):
    model = mcomp.models.create(name, simplify=False, **options)
    assert sum(layer.parameters for layer in model.layers()) == model.parameters


def quantised() -> mcomp.Model:
    """Conv 3 x 5 of 4 filters whose weight is dequantised first, BatchNorm, Relu6 and an output."""
    builder = mcomp.GraphBuilder("quantised")
    x = builder.add_input("x", (None, 2, 8, 8))
    weight = builder.add_constant("q", np.ones((4, 2, 3, 5), np.int8))
    scale = builder.add_constant("s", np.ones(4, np.float32))
    zero = builder.add_constant("z", np.zeros(4, np.int8))
    dequantised = builder.add_node("DequantizeLinear", "dq", [weight, scale, zero], {"axis": 0})
    y = builder.add_node("Conv", "conv", [x, dequantised])
    norm = [builder.add_constant(f"n{i}", np.ones(4, np.float32)) for i in range(4)]
    y = builder.add_node("BatchNormalization", "norm", [y, *norm])
    bounds = [builder.add_constant(f"b{i}", np.float32(6 * i)) for i in range(2)]
    builder.mark_output(builder.add_node("Clip", "clip", [y, *bounds]))
    return builder.finish()


def test_a_dequantised_constant_counts_and_is_drawn_at_its_reader():
    model = quantised()
    found = {layer.name: layer.parameters for layer in model.layers()}
    assert found == {"dq": 0, "conv": 4 * 2 * 3 * 5, "norm": 8, "clip": 0}
    assert model.parameters == 128
    drawing = parsed(model)
    assert boxes(drawing).keys() == {"input", "conv"}
    conv = box_texts(drawing)["conv"]
    # The box's counts are those of all nodes in it: 120 weights, 4 scales and 4 shifts.
    assert conv == [
        "conv", "Conv 3 x 5, BatchNormalization, Clip", "4 x 6 x 4 · 128 param · 2.88 k MAC",
    ]  # fmt: skip
    told = [title.text or "" for title in drawing.iter(f"{SVG}title")][-1]
    assert [line.split(":")[0] for line in told.split("\n")] == ["conv", "dq", "norm", "clip"]


def residual_block() -> mcomp.Model:
    """Three Conv: with a Relu, with an Add of what it reads and a Relu, with a Clip."""
    builder = mcomp.GraphBuilder("block")
    x = builder.add_input("x", (None, 2, 4, 4))
    weight = builder.add_constant("w", np.full((2, 2, 1, 1), 0.5, np.float32))
    first = builder.add_node("Relu", "r1", [builder.add_node("Conv", "c1", [x, weight])])
    second = builder.add_node("Conv", "c2", [first, weight])
    added = builder.add_node("Relu", "r2", [builder.add_node("Add", "a", [second, first])])
    low, high = (builder.add_constant(f"b{i}", np.float32(6 * i)) for i in range(2))
    third = builder.add_node("Conv", "c3", [added, weight])
    builder.mark_output(builder.add_node("Clip", "r3", [third, low, high]))
    return builder.finish()


def test_what_is_fused_is_told():
    plain = residual_block()
    assert {node.fused for node in plain.nodes} == {()}
    model = plain.simplify()
    fused = [("Relu",), ("residual", "Relu"), ("Clip",)]
    assert [node.fused for node in model.nodes] == fused
    assert [layer.fused for layer in model.layers()] == fused
    assert [layer["fused"] for layer in model.layers().to_dicts()] == [list(one) for one in fused]
    rows = list(csv.DictReader(io.StringIO(model.layers().to_csv())))
    assert [row["fused"] for row in rows] == ["Relu", "residual, Relu", "Clip"]
    texts = box_texts(parsed(model))
    assert [lines[1] for lines in texts.values()] == [
        "input", "Conv 1 x 1, Relu", "Conv 1 x 1, + residual, Relu", "Conv 1 x 1, Clip",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["net", "MW" * 300, "a, b, c " * 40, "0" * 90, "\u7db2" * 90])
def test_the_caption_stays_in_the_picture(name: str):
    builder = mcomp.GraphBuilder(name)
    x = builder.add_input("x", (None, 123, 123))
    builder.mark_output(builder.add_node("Relu", "y", [x]))
    model = builder.finish()
    drawing = parsed(model)
    lines = drawing.findall(f"{SVG}text")
    assert len(lines) > 1
    assert (
        "".join(text.text or "" for text in lines)
        .replace(" ", "")
        .startswith(f"{name}:1nodes,".replace(" ", ""))
    )
    font = ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), 13)
    for text in lines:
        wide = 13 / font.getlength("\u7db2")  # the font lacks this letter, others have it square
        length = font.getlength(text.text or "") * (wide if "\u7db2" in name else 1)
        assert float(text.attrib["x"]) + length <= float(drawing.attrib["width"])
        assert float(text.attrib["y"]) < min(box[1] for box in boxes(drawing).values())


def test_bytes_follow_the_encoding(lenet5: mcomp.Model):
    small = lenet5.compress("prune.magnitude sparsity=0.8; share.kmeans bits=5; encode.huffman")
    before, after = lenet5.layers(), small.layers()
    assert sum(layer.weights_nbytes for layer in after) == small.stored_nbytes
    for one, other in zip(before, after, strict=True):
        assert one.activations_nbytes == other.activations_nbytes
        assert one.parameters == other.parameters


def test_a_value_that_is_read_twice_moves_once():
    builder = mcomp.GraphBuilder("twice")
    x = builder.add_input("x", (None, 5))
    builder.mark_output(builder.add_node("Add", "y", [x, x]))
    assert builder.finish().layers()[0].moved_nbytes == 4 * 10


def test_csv(lenet5: mcomp.Model):
    rows = list(csv.DictReader(io.StringIO(lenet5.layers().to_csv())))
    assert len(rows) == len(lenet5.nodes)
    assert rows[0]["output"] == "N x 20 x 24 x 24"
    assert float(rows[0]["macs_per_byte"]) == 288_000 / 51_296


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lenet5", {}),
        ("mobilenet_v1", {"width": 0.25}),
        ("inception_v1", {"size": 64}),
        ("inception_v2", {"size": 64, "simplify": False}),
        ("resnet50", {"size": 64, "simplify": False}),
    ],
)
def test_boxes_stand_apart_below_what_they_read(name: str, options: dict):
    model = mcomp.models.create(name, **options)
    drawing = parsed(model)
    found = boxes(drawing)
    assert found.keys() - {"input"} <= {node.name for node in model.nodes}
    # Each Conv and Gemm has its box; each other node has one, or is written in another's.
    assert {node.name for node in model.nodes if node.op in ("Conv", "Gemm")} <= found.keys()
    titles = [title.text or "" for title in drawing.iter(f"{SVG}title")]
    told = {line.split(":")[0] for text in titles for line in text.split("\n")}
    assert {node.name for node in model.nodes} <= told
    width, height = float(drawing.attrib["width"]), float(drawing.attrib["height"])
    placed = sorted(found.values(), key=lambda box: (box[1], box[0]))
    for left, top, right, bottom in placed:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for one, other in pairwise(placed):
        assert one[1] != other[1] or one[2] < other[0]
    for node in model.nodes:
        for read in node.inputs:
            if node.name in found and read in found:
                assert found[str(read)][3] < found[node.name][1], (read, node.name)
    assert f"{model.parameters:,} parameters" in "".join(drawing.itertext())


def test_lines_do_not_run_through_boxes():
    model = mcomp.models.create("resnet50", size=64)
    drawing = parsed(model)
    found = boxes(drawing)
    lanes = [
        [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
        for path in drawing.iter(f"{SVG}path")
        if "V" in path.attrib["d"]
    ]
    assert len(lanes) > 16  # the shortcuts pass by the convolutions of their block
    for *_, x, y, bottom in lanes:
        for left, top, right, end in found.values():
            assert not (left < x < right and top < bottom and y < end), (x, y)


def test_csv_of_any_names_is_read_back_and_runs_no_formula():
    names = [
        "a\r=1+1", "\n", 'b,"c"', "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "'=1", "d'-e",
    ]  # fmt: skip
    builder = mcomp.GraphBuilder("names")
    value = builder.add_input("x", (None, 2))
    for name in names:
        value = builder.add_node("Relu", name, [value])
    builder.mark_output(value)
    rows = list(csv.reader(io.StringIO(builder.finish().layers().to_csv(), newline="")))
    assert len(rows) == 1 + len(names)
    found = [row[0] for row in rows[1:]]
    assert not any(name.startswith(("=", "+", "-", "@", "\t", "\r")) for name in found)
    # Without one leading apostrophe they are the names again.
    assert [name.removeprefix("'") for name in found] == names
    assert found[0] == names[0]
    assert found[9] == "''=1"


def test_csv_keeps_numbers_and_line_ends():
    text = csv_text(["a", "b"], [[-1.5, "-1.5 -2e-05"], [None, "x\r"]], line_end="\r\n")
    assert text == 'a,b\r\n-1.5,-1.5 -2e-05\r\n,"x\r"\r\n'


def all_read_the_input(count: int) -> mcomp.Model:
    """A chain of Adds that each read the input too."""
    builder = mcomp.GraphBuilder("far")
    x = value = builder.add_input("x", (None, 2))
    for number in range(count):
        value = builder.add_node("Add", f"a{number}", [value, x])
    builder.mark_output(value)
    return builder.finish()


def lane_count(drawing: ElementTree.Element) -> int:
    return sum("V" in path.attrib["d"] for path in drawing.iter(f"{SVG}path"))


def test_a_value_has_one_lane_however_many_read_it():
    drawing = parsed(all_read_the_input(300))
    assert len(boxes(drawing)) == 301
    assert lane_count(drawing) == 299  # beside rows 1 to 299, for the one that reads it last
    # A line to each box from the box before and from the input, and those between the lanes.
    assert len(list(drawing.iter(f"{SVG}path"))) == 299 * 2 + 1 + 299


def test_laying_lanes_takes_as_many_steps_as_there_are_lanes(monkeypatch: pytest.MonkeyPatch):
    steps = 0

    def counted(*ends: int) -> Iterator[int]:
        nonlocal steps
        for number in range(*ends):
            steps += 1
            yield number

    model = all_read_the_input(400)
    monkeypatch.setattr(drawing_module, "range", counted, raising=False)
    drawing = parsed(model)
    assert lane_count(drawing) == 399
    # Each row, box and lane once; once for each reader and row that it is led past is 79,800.
    assert 399 <= steps < 4 * 400


def test_what_is_too_large_to_draw_is_refused(monkeypatch: pytest.MonkeyPatch):
    model = all_read_the_input(20)
    monkeypatch.setattr(drawing_module, "MAX_PLACES", 21 + 19)
    assert len(boxes(parsed(model))) == 21
    assert "<svg" in model._repr_html_()
    monkeypatch.setattr(drawing_module, "MAX_PLACES", 21 + 18)
    with pytest.raises(mcomp.LimitError, match="20 nodes takes 21 boxes and 19 places for lines"):
        model.drawing()
    assert "<svg" not in model._repr_html_()
    assert "a19" in model._repr_html_()


def test_a_dequantised_constant_of_several_readers_is_told_at_the_first():
    builder = mcomp.GraphBuilder("shared")
    value = builder.add_input("x", (None, 2, 4, 4))
    weight = builder.add_constant("q", np.ones((2, 2, 1, 1), np.int8))
    scale, zero = builder.add_constant("s", np.float32(1)), builder.add_constant("z", np.int8(0))
    weight = builder.add_node("DequantizeLinear", "dq", [weight, scale, zero])
    for number in range(5):
        value = builder.add_node("Conv", f"c{number}", [value, weight])
    builder.mark_output(value)
    titles = [title.text or "" for title in parsed(builder.finish()).iter(f"{SVG}title")]
    told = [[line.split(":")[0] for line in title.split("\n")] for title in titles]
    assert told == [[""], ["c0", "dq"], ["c1"], ["c2"], ["c3"], ["c4"]]


def test_names_are_escaped():
    evil = '</text><script>alert("1&2")</script>\x00\x1b]0;\n'
    builder = mcomp.GraphBuilder("<b>&")
    x = builder.add_input("x<y", (None, 3))
    weight = builder.add_constant("w", np.eye(3, dtype=np.float32))
    name = evil.replace("\x00", "\x01")
    builder.mark_output(builder.add_node("Gemm", name, [x, weight]))
    model = builder.finish()
    drawing = parsed(model)
    assert {element.tag.removeprefix(SVG) for element in drawing.iter()} <= {
        *("svg", "g", "rect", "path", "text", "title")
    }
    assert "alert" in "".join(drawing.itertext())
    assert "<script" not in model._repr_html_()


def test_notebooks_show_drawing_and_table(lenet5: mcomp.Model):
    drawing = lenet5.drawing()
    assert drawing._repr_svg_() == drawing
    assert type(drawing._repr_svg_()) is str
    assert ElementTree.fromstring(drawing._repr_svg_()).tag == f"{SVG}svg"
    assert repr(drawing) == f"<mcomp.Drawing, {len(drawing):,} characters of SVG>"
    text = lenet5._repr_html_()
    assert text.index("<svg") < text.index("</svg>") < text.index("<table>")
    builder = mcomp.GraphBuilder("long")
    value = builder.add_input("x", (None, 2))
    for number in range(1100):
        value = builder.add_node("Relu", f"relu{number}", [value])
    builder.mark_output(value)
    assert "<svg" not in builder.finish()._repr_html_()


def test_the_commands(tmp_path: Path):
    table, drawing = tmp_path / "layers.csv", tmp_path / "net.svg"
    options = ("--layers", "--csv", table, "--svg", drawing)
    found = here("models", "lenet5", *options, "--json").json
    assert found["layers"][0]["moved_nbytes"] == 51_296
    assert (found["csv"], found["svg"]) == (str(table), str(drawing))
    assert len(table.read_text().splitlines()) == 1 + len(found["layers"])
    ElementTree.fromstring(drawing.read_text())

    mcomp.models.create("lenet5").save(tmp_path / "net.mcomp")
    table.unlink()
    shown = here("inspect", tmp_path / "net.mcomp", *options)
    assert shown.code == 0
    assert "macs/byte" in shown.out
    assert f"wrote {drawing}" in shown.out
    assert table.exists()
    assert "layers" not in here("inspect", tmp_path / "net.mcomp", "--json").json

    residual_block().simplify().save(tmp_path / "block.mcomp")
    nodes = here("inspect", tmp_path / "block.mcomp", "--json").json["nodes"]
    assert [node["fused"] for node in nodes] == [["Relu"], ["residual", "Relu"], ["Clip"]]
    assert "residual, Relu" in here("inspect", tmp_path / "block.mcomp").out
    shown = here("inspect", tmp_path / "block.mcomp", "--layers").out
    assert shown.count("residual, Relu") == 2
    here("inspect", "lenet5").assert_error("mcomp models lenet5 --layers")

    here("models", "--layers").assert_error("NAME")
    here("models", "lenet5", "--svg", tmp_path / "a.png").assert_error("a.png", ".svg")
    here("inspect", tmp_path / "net.mcomp", "--csv", tmp_path / "no" / "a.csv").assert_error(
        "a.csv", "no folder"
    )
