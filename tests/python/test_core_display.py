"""How objects look in a terminal and in a notebook."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

import mcomp
from mcomp import display

EVIL = '<script>alert("1&2")</script>'


TABLE_TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td"}
DRAWING_TAGS = {"div", "svg", "g", "rect", "path", "text", "title"}


class Reader(HTMLParser):
    """Rows of texts; fails on a tag that belongs neither in a table nor in a drawing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.caption = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in TABLE_TAGS | DRAWING_TAGS
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data
        elif self.open[-1] == "caption":
            self.caption += data


@pytest.fixture(scope="module")
def evil() -> mcomp.Model:
    builder = mcomp.GraphBuilder(EVIL)
    x = builder.add_input("x", (None, 3))
    w = builder.add_constant(EVIL + "w", np.eye(3, dtype=np.float32))
    builder.mark_output(builder.add_node("Gemm", EVIL + "y", [x, w]))
    return builder.finish()


def test_names_are_escaped(evil: mcomp.Model) -> None:
    session = evil.session()
    for shown, name in (
        (evil, EVIL + "y"),
        (evil.report, EVIL + "w"),
        (evil.plan(), EVIL + "y"),
        (session.profile(1), EVIL + "y"),
    ):
        text = shown._repr_html_()
        assert "<script" not in text
        assert Reader(text).rows[1][0] == name


def test_what_a_terminal_would_obey_is_escaped() -> None:
    marks = "\x1b]0;t\x07\x01\r\n\u202e\u2066"
    builder = mcomp.GraphBuilder(f"net{marks}")
    x = builder.add_input("x", (None, 3))
    w = builder.add_constant(f"w{marks}", np.eye(3, dtype=np.float32))
    builder.mark_output(builder.add_node("Gemm", f"y{marks}", [x, w]))
    model = builder.finish()
    session = model.session()
    plan = model.plan()
    shown = [
        *(str(model), repr(model), model._repr_html_()),
        *(str(model.layers()), repr(model.layers()), model.layers()._repr_html_()),
        *(str(model.report), model.report._repr_html_(), repr(model.constants)),
        *(str(plan), repr(plan), plan._repr_html_()),
        *(repr(session), session._repr_html_(), str(session.profile(1)), repr(model.nodes[0])),
        *(repr(model.constants[f"w{marks}"]), model.drawing()),
    ]
    for text in shown:
        assert all(letter.isprintable() or letter == "\n" for letter in text), text
    escaped = r"\x1b]0;t\x07\x01\r\n\u202e\u2066"
    assert repr(model).startswith(f"<mcomp.Model net{escaped}: 1 nodes")
    assert str(model.layers()).splitlines()[1].startswith(f"y{escaped}  Gemm")
    assert Reader(model._repr_html_()).rows[1][0] == f"y{escaped}"
    assert display.printable("h\u00e9 \u7db2") == "h\u00e9 \u7db2"


def test_tables_of_a_network(lenet5: mcomp.Model) -> None:
    table = Reader(lenet5._repr_html_())
    assert "431,080" in table.caption
    assert table.rows[0] == [
        "node", "op", "fused", "output", "parameters", "macs", "encoding", "weights_nbytes",
        "moved_nbytes", "macs_per_byte",
    ]  # fmt: skip
    assert [row[0] for row in table.rows[1:]] == [node.name for node in lenet5.nodes]
    assert table.rows[3] == [
        "conv2", "Conv", "", "N x 50 x 8 x 8", "25,050", "1,600,000", "float32/dense/raw",
        "100,200", "124,520", "12.85",
    ]  # fmt: skip
    measured = lenet5.measure(min_runs=1, min_seconds=0)
    assert Reader(measured._repr_html_()).rows[1][0] == "1"
    energy = Reader(measured._repr_html_()).rows[1][-1]
    if measured.joules_per_run is None:
        assert energy == "no readable energy counter on this machine"


def test_tables_of_what_has_no_table_elsewhere(lenet5: mcomp.Model) -> None:
    devices = Reader(mcomp.devices()._repr_html_())
    assert devices.rows[0][:3] == ["id", "kind", "name"]
    assert "cpu" in [row[0] for row in devices.rows]
    passes = Reader(mcomp.passes()._repr_html_())
    assert [row[0] for row in passes.rows[1:]] == [one.name for one in mcomp.passes()]
    session = lenet5.session(batch=2)
    assert Reader(session._repr_html_()).rows[1][:5] == [
        "lenet5", "cpu", "2", "2 x 1 x 28 x 28", "2 x 10",
    ]  # fmt: skip
    session.close()
    assert "closed" in session._repr_html_()
    found = mcomp.evaluate(lenet5, "mnist5k", limit=4)
    assert Reader(found._repr_html_()).rows[1] == ["4", "100", "100"]
    compared = mcomp.compare(lenet5, lenet5, "mnist5k", limit=4)
    assert Reader(compared._repr_html_()).rows[1:3] == [["(output)", "0"], ["conv1", "0"]]


def test_tensors_that_did_not_change_are_said_so(lenet5: mcomp.Model) -> None:
    rows = Reader(lenet5.compress("share.kmeans bits=4").report._repr_html_()).rows
    assert rows[0][-1] == "sqnr_db"
    told = {row[0]: row[-1].strip() for row in rows[1:]}
    assert told["conv1_bias"] == "unchanged"
    assert float(told["conv1_weight"]) > 10


def test_a_node_shows_the_beginning_of_long_lists() -> None:
    model = mcomp.models.create("mobilenet_v1", width=0.25, size=32)
    conv = model.nodes[0]
    assert repr(conv).startswith(
        "NodeInfo(name='conv0/conv', op='Conv', inputs=('input', 'conv0/conv_weight', "
    )
    assert "'strides': [2, 2]" in repr(conv)
    for node in model.nodes:
        assert len(repr(node)) < 1000
    means = next(node for node in model.nodes if node.shape[1] == 256).attributes["output_mean"]
    shown = ", ".join(str(item) for item in means[:4])
    assert any(f"'output_mean': [{shown}, ... 256 in all]" in repr(node) for node in model.nodes)


def test_dir_lists_what_is_public() -> None:
    for module in (mcomp, mcomp.data, mcomp.models):
        names = dir(module)
        assert set(names) - {"__version__"} == set(module.__all__)
        assert all(getattr(module, name) is not None for name in names)


def test_text_tables_are_aligned(lenet5: mcomp.Model) -> None:
    lines = str(lenet5).splitlines()
    assert len(lines) == 2 + len(lenet5.nodes)
    column = lines[1].index("macs") + len("macs")
    conv2 = next(line for line in lines if line.startswith("conv2"))
    assert conv2[:column].endswith(" 1,600,000")


def test_long_tables_are_cut_and_counted() -> None:
    table = Reader(display.html_table("c", ["a", "b"], [[i, "x"] for i in range(1000)]))
    assert len(table.rows) == 1 + display.MAX_ROWS + 1
    assert table.rows[-1] == ["600 more rows"]


def test_reprs_are_short_and_tell(lenet5: mcomp.Model, digits: np.ndarray) -> None:
    session = lenet5.session(batch=3)
    session.run(digits)
    shown = [
        (lenet5, ["lenet5", "431,080"]),
        (lenet5.plan(), ["lenet5", "7 steps"]),
        (session, ["lenet5", "batch 3", "cpu"]),
        (lenet5.report, ["8 tensors"]),
        (lenet5.constants["ip1_weight"], ["ip1_weight", "(500, 800)", "float32"]),
        (lenet5.constants, ["ip1_weight"]),
        (session.profile(1), ["7 steps"]),
        (lenet5.context, ["threads", "isa"]),
        (mcomp.GraphBuilder(), ["GraphBuilder"]),
        (lenet5.measure(min_runs=1, min_seconds=0), ["median of 1 run ("]),
        (lenet5.compress("store.float"), ["843.1 KiB", "(1.6 MiB as float32)", "store.float"]),
    ]
    for item, words in shown:
        text = repr(item)
        assert len(text) < 300
        assert "\n" not in text
        assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 * 2**20, "5.0 MiB"),
        (2**30, "1.0 GiB"),
        (2**41, "2048.0 GiB"),
    ],
)
def test_bytes(value: int, text: str) -> None:
    assert display.format_nbytes(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 ns"), (999, "999 ns"), (1500, "1.5 us"), (2e6, "2 ms"), (6.5e10, "65 s")],
)
def test_times(value: float, text: str) -> None:
    assert display.format_ns(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (float("inf"), "inf"),
        (0.123456, "0.1235"),
        ("<", "<"),
    ],
)
def test_cells(value: display.Cell, text: str) -> None:
    assert display.format_cell(value) == text
