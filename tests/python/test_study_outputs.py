"""What is made from a store: figures, table, claims, exports. Nothing of it measures."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from study_support import TINY, TINY_TASKS, table_rows, write_study

import mcomp
from mcomp import study
from mcomp.study import exporting
from mcomp.study.rows import FLAT_COLUMNS, Rows

CLAIM_COLUMNS = (
    "claim,metric,model,recipe,device,threads,against,relation,expected,tolerance,source\n"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A store in which the tasks of a third device failed. Never write to it."""
    folder = tmp_path_factory.mktemp("outputs")
    text = TINY.replace('["cpu"]', '["cpu", "ref", "absent"]')
    path = write_study(folder, text)
    shutil.copy(root / "notebooks" / "studies" / "quick" / "figures.py", folder)
    summary = study.run(path, folder / "store.sqlite")
    assert (summary.done, summary.failed) == (14, 6)
    return folder / "store.sqlite"


@pytest.fixture(scope="module")
def drawn(store: Path) -> dict[str, study.DrawnFigure]:
    before = store.read_bytes()
    found = study.figures(store, store.parent / "figures")
    assert store.read_bytes() == before
    return {figure.name: figure for figure in found}


def numbers(figure: study.DrawnFigure) -> list[dict[str, str]]:
    (path,) = [path for path in figure.files if path.suffix == ".csv"]
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def value(store: Path, **wanted: object) -> float:
    (row,) = study.read_rows(store).where(**wanted)
    assert row.value is not None
    return row.value


def test_each_figure_is_three_files(drawn: dict[str, study.DrawnFigure]) -> None:
    assert list(drawn) == ["size_against_accuracy", "time_by_recipe", "memory_by_recipe"]
    for figure in drawn.values():
        pdf, png, _ = figure.files
        assert pdf.read_bytes().startswith(b"%PDF-")
        assert png.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert figure.caption.endswith(".")


def test_figures_hold_the_numbers_of_the_store(
    store: Path, drawn: dict[str, study.DrawnFigure]
) -> None:
    points = {(p["recipe"], p["device"]): p for p in numbers(drawn["size_against_accuracy"])}
    assert len(points) == 6
    half = points["half", "ref"]
    assert float(half["file_nbytes"]) == value(store, recipe="half", metric="file_nbytes")
    assert float(half["top1_percent"]) == value(store, recipe="half", device="ref", metric="top1")
    assert half["images"] == "40"
    bars = {(p["recipe"], p["device"]): p for p in numbers(drawn["time_by_recipe"])}
    (row,) = study.read_rows(store).where(recipe="half", device="cpu", metric="latency_ns")
    bar = bars["half", "cpu"]
    assert float(bar["median_ms"]) == np.sort(row.samples)[2] / 1e6
    assert float(bar["min_ms"]) == row.samples.min() / 1e6
    assert float(bar["p90_ms"]) == row.samples.max() / 1e6
    assert bar["runs"] == "6"
    memory = {(p["recipe"], p["device"]): p for p in numbers(drawn["memory_by_recipe"])}
    for metric in ("peak_memory_nbytes", "weights_nbytes", "activations_nbytes"):
        wanted = value(store, recipe="half", device="cpu", metric=metric)
        assert float(memory["half", "cpu"][metric]) == wanted


def test_what_is_missing_has_no_number(drawn: dict[str, study.DrawnFigure]) -> None:
    absent = [p for p in numbers(drawn["time_by_recipe"]) if p["device"] == "absent"]
    assert [(p["recipe"], p["median_ms"], p["runs"]) for p in absent] == [
        ("as it is", "", "0"),
        ("half", "", "0"),
    ]


def test_what_is_missing_is_written_in_the_picture(store: Path, root: Path) -> None:
    from mcomp.study.drawing import _load
    from mcomp.study.style import styled

    script = _load(root / "notebooks" / "studies" / "quick" / "figures.py")
    rows = study.read_rows(store)
    with styled():
        figure = script.time_by_recipe(rows).figure
    texts = {axis.get_title(loc="left"): [t.get_text() for t in axis.texts] for axis in figure.axes}
    assert texts["lenet5 on absent, 1 thread"] == ["failed", "failed"]
    median = value(store, recipe="half", device="cpu", metric="latency_ns") / 1e6
    labels = [text.removesuffix(" *") for text in texts["lenet5 on cpu, 1 thread"]]
    assert f"{median:#.3g}" in labels
    bars = figure.axes[0].patches
    assert bars[1].get_width() == pytest.approx(median)
    assert figure.axes[0].texts[1].xy[0] == pytest.approx(median)  # where the bar ends


@pytest.mark.parametrize(("p90", "warns"), [(1501, True), (1500, False)])
def test_times_of_a_busy_machine_are_marked(
    store: Path, tmp_path: Path, root: Path, p90: int, warns: bool
) -> None:
    from mcomp.study.drawing import _load
    from mcomp.study.style import styled

    changed = tmp_path / "store.sqlite"
    shutil.copy(store, changed)
    connection = sqlite3.connect(changed)
    connection.execute(f"UPDATE metric SET min = 1000, p90 = {p90} WHERE name = 'latency_ns'")
    connection.commit()
    connection.close()
    found = study.report(changed)
    (line,) = [line for line in found.lines if (line[1], line[2]) == ("half", "ref")]
    remark = str(line[found.headers.index("remark")])
    assert remark.startswith("p90 is 1.5 times the fastest run, load average ") == warns
    script = _load(root / "notebooks" / "studies" / "quick" / "figures.py")
    with styled():
        figure = script.time_by_recipe(study.read_rows(changed)).figure
    assert (figure.get_supxlabel() == script.SPREAD_TEXT) == warns
    assert all(text.get_text().endswith(" *") == warns for text in figure.axes[0].texts)


def test_the_same_store_gives_the_same_files(
    store: Path, drawn: dict[str, study.DrawnFigure], tmp_path: Path
) -> None:
    again = study.figures(store, tmp_path)
    for figure in again:
        for path, first in zip(figure.files, drawn[figure.name].files, strict=True):
            assert path.read_bytes() == first.read_bytes(), path


def test_figures_that_cannot_be_drawn(store: Path, tmp_path: Path) -> None:
    script = tmp_path / "other.py"
    with pytest.raises(mcomp.NotFound, match="no such script"):
        study.figures(store, tmp_path / "out", script=script)
    script.write_text("x = 1\n")
    with pytest.raises(mcomp.InvalidArgument, match="has no FIGURES"):
        study.figures(store, tmp_path / "out", script=script)
    (tmp_path / "file").write_text("")
    with pytest.raises(mcomp.IoError):
        study.figures(store, tmp_path / "file")
    with pytest.raises(mcomp.IoError, match="no such store"):
        study.figures(tmp_path / "absent.sqlite", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_report(store: Path, tmp_path: Path) -> None:
    found = study.report(store)
    lines = {
        (line[1], line[2]): dict(zip(found.headers, line, strict=True)) for line in found.lines
    }
    assert len(lines) == 6
    half = lines["half", "cpu"]
    assert half["ratio"] == value(store, recipe="half", metric="ratio")
    assert half["top-1 %"] == value(store, recipe="half", device="cpu", metric="top1")
    latency = value(store, recipe="half", device="cpu", metric="latency_ns")
    assert half["median ms"] == latency / 1e6
    absent = lines["half", "absent"]
    assert absent["median ms"] is None
    assert "absent" in str(absent["remark"])
    assert "14 of 20 tasks done, 6 failed" in str(found)
    markdown = found.write(tmp_path / "report.md").read_text(encoding="utf-8")
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 6
    assert {row.count(" | ") for row in rows} == {len(found.headers) - 1}
    page = found.write(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<tr>") == 1 + 6
    assert found.write(tmp_path / "report.txt").read_text(encoding="utf-8") == f"{found}\n"


def check(store: Path, folder: Path, *lines: str) -> list[study.Claim]:
    path = folder / "claims.csv"
    path.write_text(CLAIM_COLUMNS + "\n".join(lines) + "\n", encoding="utf-8")
    return list(study.check(store, path).claims)


def test_verdicts(store: Path, tmp_path: Path) -> None:
    ratio = value(store, recipe="half", metric="ratio")
    claims = check(
        store,
        tmp_path,
        "hit,ratio,lenet5,half,,,,=,2,0.1,here",
        "miss,ratio,lenet5,half,,,,=,3,0.1,here",
        "at least,ratio,lenet5,half,,,,>=,1.5,,here",
        "at least with tolerance,ratio,lenet5,half,,,,>=,2.1,0.2,here",
        "at most,ratio,lenet5,half,,,,<=,1.5,0.2,here",
        "difference,ratio,lenet5,half,,,as it is,=,1,0.1,here",
        "no such recipe,ratio,lenet5,quarter,,,,=,4,0.1,here",
        "failed,top1,lenet5,half,absent,,,>=,90,0,here",
        "no such metric,joules,lenet5,half,,,,=,1,0,here",
        "threads,latency_ns,lenet5,half,cpu,1,,>=,1,0,here",
        "other threads,latency_ns,lenet5,half,cpu,2,,>=,1,0,here",
    )
    assert [(claim.claim, claim.verdict) for claim in claims] == [
        ("hit", "reproduced"),
        ("miss", "not reproduced"),
        ("at least", "reproduced"),
        ("at least with tolerance", "reproduced"),
        ("at most", "not reproduced"),
        ("difference", "reproduced"),
        ("no such recipe", "not tried"),
        ("failed", "not tried"),
        ("no such metric", "not tried"),
        ("threads", "reproduced"),
        ("other threads", "not tried"),
    ]
    assert claims[1].measured == ratio
    assert f"{ratio:g}" in claims[1].because
    assert claims[5].measured == ratio - value(store, recipe="as it is", metric="ratio")
    assert [claims[index].unit for index in (0, 5, 9)] == ["x", "x", "ns"]
    assert claims[6].measured is None
    assert "absent" in claims[7].because


def test_claims_name_units_and_tolerances(store: Path, tmp_path: Path) -> None:
    share, drop = check(
        store,
        tmp_path,
        "share,top1,lenet5,half,cpu,,,>=,50,,here",
        "drop,top1,lenet5,half,cpu,,as it is,>=,0,2.5,here",
    )
    assert (share.unit, drop.unit) == ("percent", "points")
    told = str(study.check(store, tmp_path / "claims.csv")).splitlines()
    assert told[0].split()[:5] == ["claim", "relation", "expected", "tolerance", "measured"]
    assert told[2].split()[:4] == ["drop", ">=", "0", "2.5"]


def test_a_verdict_at_the_edge_of_its_tolerance(store: Path, tmp_path: Path) -> None:
    n = value(store, recipe="half", metric="float_nbytes")
    inside, outside = check(
        store,
        tmp_path,
        f"inside,float_nbytes,lenet5,half,,,,=,{n + 5:.0f},5,here",
        f"outside,float_nbytes,lenet5,half,,,,=,{n + 6:.0f},5,here",
    )
    assert (inside.verdict, outside.verdict) == ("reproduced", "not reproduced")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("c,ratio,lenet5,half,,,,=,two,0.1,here", "line 2: expected 'two' is no number"),
        ("c,ratio,lenet5,half,,,,=,nan,0.1,here", "expected 'nan' is no number"),
        ("c,ratio,lenet5,half,,,,~,2,0.1,here", "relation '~' is none of"),
        ('"c,ratio', "no table"),
    ],
)
def test_claims_that_cannot_be_read(store: Path, tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(mcomp.Corrupt, match=words):
        check(store, tmp_path, line)


def test_claims_without_a_column(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    with pytest.raises(mcomp.NotFound, match="no such file of claims"):
        study.check(store, path)
    path.write_text("claim,metric\n", encoding="utf-8")
    with pytest.raises(mcomp.Corrupt, match="no column model"):
        study.check(store, path)


def test_export_to_csv_gives_back_every_row(store: Path, tmp_path: Path) -> None:
    found = study.export(store, tmp_path / "rows.csv")
    rows = study.read_rows(store)
    assert found.rows == len(rows)
    with found.path.open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        for name in FLAT_COLUMNS:
            cell = getattr(row, name)
            assert line[name] == ("" if cell is None else str(cell)), name
        assert json.loads(line["environment"]) == row.environment
        assert json.loads(line["details"]) == row.details
        assert [float(sample) for sample in line["samples"].split()] == row.samples.tolist()
    assert sum(len(line["samples"]) > 0 for line in lines) > 30


def test_exports_run_no_formula(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(row for row in study.read_rows(store) if len(row.samples) > 1)
    evil = replace(row, model="=1+1", reason="a\r=2+2", samples=-row.samples)
    monkeypatch.setattr(exporting, "read_rows", lambda *_, **__: Rows([evil]))
    found = study.export(store, tmp_path / "rows.csv")
    with found.path.open(newline="", encoding="utf-8") as stream:
        (line,) = csv.DictReader(stream)
    assert line["model"] == "'=1+1"
    assert line["reason"] == "a\r=2+2"
    assert [float(sample) for sample in line["samples"].split()] == evil.samples.tolist()


def test_export_to_parquet_gives_back_every_row(store: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    study.export(store, tmp_path / "rows.parquet")
    rows = study.read_rows(store)
    lines = parquet.read_table(io.BytesIO((tmp_path / "rows.parquet").read_bytes())).to_pylist()
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert {name: line[name] for name in FLAT_COLUMNS} == {
            name: getattr(row, name) for name in FLAT_COLUMNS
        }
        assert line["samples"] == row.samples.tolist()


def test_exports_that_cannot_be_made(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(mcomp.InvalidArgument, match=r"must end in \.csv or \.parquet"):
        study.export(store, tmp_path / "rows.xls")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(mcomp.Unsupported, match=r"pip install '\.\[parquet\]' in the checkout"):
        study.export(store, tmp_path / "rows.parquet")
    assert list(tmp_path.iterdir()) == []


def test_status_of_an_unfinished_study(tmp_path: Path) -> None:
    def stop(_: str, done: int, __: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    path = tmp_path / "store.sqlite"
    with pytest.raises(KeyboardInterrupt):
        study.run(write_study(tmp_path), path, progress=stop)
    found = study.status(path)
    assert (found.total, found.done, found.failed, found.missing) == (TINY_TASKS, 3, 0, 5)
    assert found.by_kind == {
        "file": (2, 0, 0),
        "accuracy": (1, 0, 1),
        "memory": (0, 0, 2),
        "speed": (0, 0, 2),
    }
    assert "3 of 8 tasks done" in str(found)
    assert table_rows(path, "SELECT count(*) FROM run") == [(3,)]
    missing = study.read_rows(path).where(kind="speed")
    assert {(row.status, row.value) for row in missing} == {("missing", None)}


def test_rows_answer_questions(store: Path) -> None:
    rows = study.read_rows(store)
    assert rows.distinct("recipe") == ["as it is", "half"]
    assert rows.distinct("device") == ["", "cpu", "ref", "absent"]
    latencies = rows.where(metric="latency_ns", recipe="half")
    assert isinstance(latencies, study.Rows)
    assert len(latencies) == 3
    assert len(latencies.values()) == 2
    assert "latency_ns" in repr(latencies)
    assert "<table" in latencies._repr_html_()
