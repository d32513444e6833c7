"""Every command: the keys that its JSON must have, what they say, and the readable table."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from cli_tools import RECIPE, Done, here, images

import mcomp
from mcomp.cli.commands import COMMANDS

TENSOR_KEYS = {
    "name",
    "shape",
    "encoding",
    "values",
    "nonzero",
    "stored_nbytes",
    "entropy_bound_nbytes",
    "sqnr_db",
}
COMPRESS_KEYS = {
    "recipe",
    "float_nbytes",
    "stored_nbytes",
    "file_nbytes",
    "ratio",
    "seconds",
    "tensors",
    "notes",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """LeNet-5, compressed."""
    path = tmp_path_factory.mktemp("small") / "small.mcomp"
    assert here("compress", "lenet5", path, "-r", RECIPE, "--json").code == 0
    return path


def has_keys(values: dict, keys: set[str]) -> None:
    assert keys <= set(values), keys - set(values)


def has_table(done: Done, *words: str) -> None:
    """Readable text: aligned columns, no JSON, these words in it."""
    assert done.code == 0, done
    assert not done.out.startswith("{")
    for word in words:
        assert word in done.out, f"{word!r} is not in\n{done.out}"


def test_the_commands_are_those_of_the_contract():
    names = "models passes convert compress inspect run evaluate compare bench profile plan devices"
    assert {command.name for command in COMMANDS} == {*names.split(), "study"}


@pytest.mark.parametrize("command", ["models", "passes", "devices"])
def test_every_json_carries_the_version(command):
    found = here(command, "--json").json
    assert found["mcomp_version"] == mcomp.__version__
    assert set(found) == {"mcomp_version", command}


def test_models():
    found = here("models", "--json").json["models"]
    assert [one["name"] for one in found] == mcomp.models.names()
    lenet5 = next(one for one in found if one["name"] == "lenet5")
    has_keys(lenet5, {"name", "family", "input", "classes", "parameters", "macs", "layers", "year"})
    assert lenet5["input"] == [1, 1, 28, 28]
    assert (lenet5["parameters"], lenet5["macs"], lenet5["classes"]) == (431_080, 2_293_000, 10)
    assert (lenet5["layers"], lenet5["year"]) == (4, 1998)
    assert len(here("models", "lenet5", "--json").json["models"]) == 1
    has_table(here("models"), "lenet5", "431,080")


def test_models_says_what_options_change():
    done = here("models", "mobilenet_v1", "--width", 0.25, "--size", 96)
    told = [line for line in done.out.splitlines() if "published" in line]
    assert [line.split(maxsplit=1) for line in told] == [
        ["published", "only for width 1 and 224"],
    ]
    assert "published top1" in here("models", "mobilenet_v1", "--size", 224).out
    done = here("models", "lenet5", "--seed", 3)
    assert (done.code, len(done.err.splitlines())) == (0, 1)
    assert "lenet5 is trained: --seed 3 changes nothing" in done.err
    assert here("models", "resnet50", "--seed", 3).err == ""
    assert here("models", "lenet5").err == ""


def test_models_writes_onnx(tmp_path: Path):
    path = tmp_path / "lenet5.onnx"
    found = here("models", "lenet5", "-o", path, "--json").json
    assert found["output_nbytes"] == path.stat().st_size > 4 * 431_080
    again = here("convert", path, tmp_path / "again.mcomp", "--json").json
    assert again["parameters"] == 431_080


def test_passes():
    found = here("passes", "--json").json["passes"]
    assert [one["name"] for one in found] == [one.name for one in mcomp.passes()]
    by_name = {one["name"]: one for one in found}
    for one in found:
        has_keys(one, {"name", "summary", "parameters"})
        for parameter in one["parameters"]:
            has_keys(parameter, {"name", "type", "default", "min", "max", "choices"})
    sparsity = next(p for p in by_name["prune.magnitude"]["parameters"] if p["name"] == "sparsity")
    assert sparsity["type"] == "real"
    assert 0 <= sparsity["min"] < sparsity["max"] <= 1
    scope = next(p for p in by_name["prune.magnitude"]["parameters"] if p["name"] == "scope")
    assert set(scope["choices"]) == {"layer", "global"}
    assert scope["default"] in scope["choices"]
    done = here("passes")
    has_table(done, "prune.magnitude", "encode.huffman", "global")
    assert "-1 to 2^53 " in done.out


def test_devices():
    found = here("devices", "--json").json["devices"]
    for one in found:
        has_keys(one, {"id", "kind", "name", "detail", "available", "reason"})
        assert one["available"] is True or one["reason"]
    assert {"cpu", "ref"} <= {one["id"] for one in found if one["available"]}
    has_table(here("devices"), "cpu", "ref")


def test_convert_there_and_back(tmp_path: Path, lenet5, digits):
    package, onnx = tmp_path / "l.mcomp", tmp_path / "l.onnx"
    found = here("convert", "lenet5", package, "--json").json
    has_keys(found, {"nodes", "parameters", "output_nbytes"})
    assert found["output_nbytes"] == package.stat().st_size
    assert found["nodes"] == len(lenet5.nodes)
    found = here("convert", package, onnx, "--json").json
    assert found["output_nbytes"] == onnx.stat().st_size
    assert found["parameters"] == 431_080
    np.testing.assert_array_equal(mcomp.load(package).run(digits), lenet5.run(digits))
    np.testing.assert_array_equal(mcomp.read_onnx(onnx).run(digits), lenet5.run(digits))
    assert mcomp.read_onnx(onnx).metadata["layout"] == "NCHW L"
    has_table(here("convert", onnx, package), "nodes", "431,080")


def test_compress_accounts_for_every_byte(tmp_path: Path):
    path = tmp_path / "small.mcomp"
    found = here("compress", "lenet5", path, "-r", RECIPE, "--json").json
    has_keys(found, COMPRESS_KEYS)
    assert found["file_nbytes"] == path.stat().st_size
    assert found["float_nbytes"] == 4 * 431_080
    assert found["ratio"] == pytest.approx(4 * 431_080 / path.stat().st_size)
    assert found["recipe"] == mcomp.Recipe(RECIPE).text == mcomp.load(path).recipe
    assert found["stored_nbytes"] == sum(t["stored_nbytes"] for t in found["tensors"])
    assert found["seconds"] > 0
    for tensor in found["tensors"]:
        has_keys(tensor, TENSOR_KEYS)
        assert tensor["values"] == math.prod(tensor["shape"])
        assert tensor["nonzero"] <= tensor["values"]
    weight = next(t for t in found["tensors"] if t["values"] == 400_000)
    assert weight["sqnr_db"] > 0
    assert weight["entropy_bound_nbytes"] <= weight["stored_nbytes"] < 400_000
    bias = next(t for t in found["tensors"] if t["shape"] == [500])
    assert bias["sqnr_db"] is None  # infinite: unchanged
    done = here("compress", "lenet5", path, "-r", RECIPE)
    has_table(done, "ratio", "huffman", str(path))
    with mcomp.load(path) as model:
        assert str(model.report).splitlines()[1:] == done.out.split("\n\n")[0].splitlines()
    assert "unchanged" in done.out


def test_notes_that_repeat_are_counted(tmp_path: Path):
    path = tmp_path / "a.mcomp"
    notes = here("compress", "lenet5", path, "-r", "encode.huffman", "--json").json["notes"]
    assert len(notes) == 4
    done = here("compress", "lenet5", path, "-r", "encode.huffman")
    told = [line for line in done.out.splitlines() if line.startswith("note: ")]
    assert told == [f"note: {notes[0]} (so 3 other weights; --json names them)"]


def test_a_recipe_file_says_the_same_as_its_text(tmp_path: Path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'recipe = "{RECIPE}"\n')
    by_text = here("compress", "lenet5", tmp_path / "a.mcomp", "-r", RECIPE, "--json").json
    by_file = here("compress", "lenet5", tmp_path / "b.mcomp", "-r", recipe, "--json").json
    assert by_text["recipe"] == by_file["recipe"]
    assert (tmp_path / "a.mcomp").read_bytes() == (tmp_path / "b.mcomp").read_bytes()


def test_compress_in_place_and_again(tmp_path: Path, small: Path):
    path = tmp_path / "in_place.mcomp"
    path.write_bytes(small.read_bytes())
    found = here("compress", path, path, "-r", "store.dense", "--json").json
    assert found["file_nbytes"] == path.stat().st_size
    assert found["float_nbytes"] == 4 * 431_080


def test_inspect_sums_to_the_file(small: Path):
    found = here("inspect", small, "--json").json
    has_keys(
        found,
        COMPRESS_KEYS | {"format_version", "nodes", "macs", "parameters", "sections"},
    )
    assert sum(section["nbytes"] for section in found["sections"]) == small.stat().st_size
    assert {"header", "table", "padding"} <= {section["name"] for section in found["sections"]}
    assert found["file_nbytes"] == small.stat().st_size
    assert found["format_version"] == mcomp.package_format_version(small)
    assert (found["parameters"], found["macs"]) == (431_080, 2_293_000)
    assert found["recipe"] == mcomp.Recipe(RECIPE).text
    for node in found["nodes"]:
        has_keys(node, {"name", "op", "inputs", "outputs", "shape"})
        assert node["shape"][0] is None
        assert len(node["outputs"]) == 1
    for tensor in found["tensors"]:
        has_keys(tensor, TENSOR_KEYS)
    has_table(here("inspect", small), "section", f"{small.stat().st_size:,}", "conv1")


def test_inspect_onnx_as_it_is(tmp_path: Path):
    path = tmp_path / "lenet5.onnx"
    assert here("models", "lenet5", "-o", path).code == 0
    found = here("inspect", path, "--json").json
    assert found["format_version"] is None
    assert found["sections"] == []
    assert found["file_nbytes"] == path.stat().st_size
    assert "Relu" in {node["op"] for node in found["nodes"]}
    has_table(here("inspect", path), "conv1")


def test_run(tmp_path: Path, lenet5, digits):
    x, y = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(x, digits)
    found = here("run", "lenet5", "-i", x, "-o", y, "--json").json
    assert len(found["outputs"]) == 1
    has_keys(found["outputs"][0], {"name", "shape", "dtype"})
    assert found["outputs"][0]["shape"] == [3, 10]
    assert found["outputs"][0]["dtype"] == "float32"
    np.testing.assert_array_equal(np.load(y), lenet5.run(digits))
    has_table(here("run", "lenet5", "-i", x, "-o", y, "-d", "ref", "-t", 1), "3 x 10")
    reference = np.load(y)
    np.testing.assert_allclose(reference, lenet5.run(digits), rtol=1e-4, atol=1e-4)


def test_run_takes_fortran_order_for_what_it_is(tmp_path: Path, lenet5, digits):
    np.save(tmp_path / "x.npy", np.asfortranarray(digits))
    done = here("run", "lenet5", "-i", tmp_path / "x.npy", "-o", tmp_path / "y.npy")
    assert done.code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), lenet5.run(digits))


def test_evaluate(lenet5):
    done = here("evaluate", "lenet5", "mnist5k", "--limit", 60, "-t", 1, "--json")
    assert done.err == ""
    found = done.json
    has_keys(found, {"n", "top1", "top5", "predictions"})
    expected = mcomp.evaluate(lenet5, "mnist5k", limit=60)
    assert found["n"] == 60
    assert found["predictions"] == expected.predictions.tolist()
    assert (found["top1"], found["top5"]) == (expected.top1, expected.top5)
    has_table(here("evaluate", "lenet5", "mnist5k", "--limit", 5), "top-1", "mnist5k")


def test_evaluate_says_where_the_preprocessing_is_a_guess(tmp_path: Path):
    builder = mcomp.GraphBuilder("plain")
    x = builder.add_input("x", (None, 3, 8, 8))
    pooled = builder.add_node("GlobalAveragePool", "pooled", [x])
    builder.mark_output(builder.add_node("Flatten", "y", [pooled], {"axis": 1}))
    path = tmp_path / "plain.mcomp"
    builder.finish().save(path)
    folder = images(tmp_path / "set", [0, 1, 2], side=30, mode="RGB")
    done = here("evaluate", path, folder, "--json")
    assert done.json["n"] == 3
    assert len(done.err.splitlines()) == 1
    assert "shorter 9" in done.err
    assert "plain" in done.err
    override = tmp_path / "p.toml"
    override.write_text("mean = [0, 0, 0]\n")
    done = here("evaluate", path, folder, "--preprocess", override, "--json")
    assert done.json["n"] == 3
    assert done.err == ""


def test_data_that_no_pass_uses_is_noted(tmp_path: Path):
    done = here(
        "compress", "lenet5", tmp_path / "a.mcomp", "-r", "store.float", "--data", "mnist5k"
    )
    assert "note: the data was not used: no pass of this recipe calibrates" in done.out


def test_images_of_another_kind_are_told_on_stderr(small: Path, tmp_path: Path):
    folder = images(tmp_path / "set", [0, 9], mode="RGB")
    done = here("evaluate", "lenet5", folder, "--json")
    assert done.err.startswith("mcomp: note: the images of data ")
    assert "are coloured" in done.err
    assert len(done.err.splitlines()) == len(done.json["notes"]) == 1
    done = here("compare", "lenet5", small, folder, "--json")
    assert len(done.err.splitlines()) == len(done.json["notes"]) == 1


def test_compare(small: Path):
    found = here("compare", "lenet5", small, "mnist5k", "--limit", 100, "--json").json
    has_keys(
        found,
        {"n", "top1_a", "top1_b", "drop", "drop_stderr", "agree", "output_nmse", "layers"},
    )
    assert found["n"] == 100
    assert found["drop"] == pytest.approx(found["top1_a"] - found["top1_b"])
    assert 0 < found["output_nmse"] < 1
    assert "conv1" in {layer["name"] for layer in found["layers"]}
    for layer in found["layers"]:
        assert 0 <= layer["nmse"] < 1
    has_table(here("compare", "lenet5", small, "mnist5k", "--limit", 20), "points", "conv2")


def test_bench():
    found = here("bench", "lenet5", "--min-runs", 5, "--min-time", 0.05, "-t", 1, "--json").json
    keys = (
        "device threads isa runs median_ns min_ns p90_ns load_ns peak_memory_nbytes weights_nbytes "
        "activations_nbytes energy environment"
    )
    has_keys(found, set(keys.split()))
    assert found["device"] == "cpu"
    assert found["threads"] == 1
    assert found["runs"] >= 5
    assert 0 < found["min_ns"] <= found["median_ns"] <= found["p90_ns"]
    assert found["load_ns"] >= found["session_ns"] > 0
    assert found["weights_nbytes"] > 4 * 400_000
    assert found["activations_nbytes"] > 0
    assert found["energy"] is None or set(found["energy"]) == {"joules_per_run", "source"}
    assert "cpu" in found["environment"]
    assert float(found["environment"]["load_average"]) >= 0
    assert (found["energy"] is None) == (found["energy_reason"] is not None)
    done = here("bench", "lenet5", "--min-time", 0, "--min-runs", 1)
    has_table(done, "median", "peak memory")
    assert "energy counter on this machine" in done.out or " J (" in done.out


def test_bench_counts_the_memory_of_a_big_network(tmp_path: Path):
    path = tmp_path / "big.mcomp"
    builder = mcomp.GraphBuilder("big")
    x = builder.add_input("x", (None, 4096))
    weight = np.ones((4096, 4096), np.float32)
    w = builder.add_constant("weight", weight)
    builder.mark_output(builder.add_node("Gemm", "y", [x, w], {"transB": 1}))
    builder.finish().save(path)
    found = here("bench", path, "--min-runs", 1, "--min-time", 0, "--json").json
    assert found["weights_nbytes"] >= weight.nbytes
    assert found["peak_memory_nbytes"] >= weight.nbytes


def test_an_isa_cap_is_kept_and_reported():
    found = here("bench", "lenet5", "--isa", "scalar", "--min-time", 0, "--json").json
    assert found["isa"] == "scalar"
    nodes = here("profile", "lenet5", "--isa", "scalar", "--runs", 1, "--json").json["nodes"]
    assert not any("avx" in node["kernel"] or "neon" in node["kernel"] for node in nodes)
    above = here("bench", "lenet5", "--isa", "avx512vnni", "--min-time", 0, "--json").json
    assert above["isa"] == mcomp.Context(isa="avx512vnni").isa


def test_profile_and_its_trace(tmp_path: Path, lenet5):
    trace = tmp_path / "trace.json"
    found = here("profile", "lenet5", "--runs", 3, "--trace", trace, "--json").json
    has_keys(found, {"total_ns", "nodes"})
    names = [node["name"] for node in found["nodes"]]
    assert names == [node.name for node in lenet5.nodes]
    for node in found["nodes"]:
        has_keys(
            node,
            {"name", "op", "device", "kernel", "encoding", "layout", "median_ns", "macs"}
            | {"gflops", "why"},
        )
        assert node["why"]
    assert found["total_ns"] == sum(node["median_ns"] for node in found["nodes"])
    conv2 = found["nodes"][names.index("conv2")]
    assert conv2["macs"] == 1_600_000
    assert conv2["gflops"] == pytest.approx(2 * conv2["macs"] / conv2["median_ns"])
    events = json.loads(trace.read_text())["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    assert [event["name"] for event in spans] == names
    end = 0.0
    for event in spans:
        has_keys(event, {"ts", "dur", "pid", "tid", "cat", "args"})
        assert event["ts"] >= end - 0.001  # one after the other, within rounding
        end = event["ts"] + event["dur"]
    done = here("profile", "lenet5", "--runs", 1)
    has_table(done, "conv1", "GFLOP/s")
    with lenet5.session() as session:
        told = str(session.profile(1)).splitlines()
    assert told[1].split() == done.out.splitlines()[0].split()  # the same columns as in Python
    assert all(re.fullmatch(r"\d+(\.\d+)?", line.split()[-2]) for line in told[2:])  # percent


@pytest.mark.parametrize("objective", ["latency", "throughput", "energy", "memory"])
def test_plan(objective, lenet5):
    found = here("plan", "lenet5", "-d", "ref,cpu", "--objective", objective, "--json").json
    has_keys(found, {"predicted_ns", "steps"})
    keys = "node device split kernel encoding predicted_ns transfer_nbytes why"
    for step in found["steps"]:
        has_keys(step, set(keys.split()))
        assert step["why"]
    assert [step["node"] for step in found["steps"]] == [node.name for node in lenet5.nodes]
    assert found["predicted_ns"] == pytest.approx(
        sum(step["predicted_ns"] for step in found["steps"])
    )


def test_plan_table():
    done = here("plan", "lenet5")
    has_table(done, "kernel", "conv1", "predicted")
    with mcomp.models.create("lenet5") as model:
        told = str(model.plan()).splitlines()
    assert "(uncalibrated)" in told[0]
    assert told[1].split() == done.out.splitlines()[0].split()  # the same columns as in Python
    assert "uncalibrated cost model" in done.out
    assert not re.search(r"\de[+-]?\d", done.out)  # times are written out with units
    assert "no measurement calibrates" in here("plan", "-h").out


STUDY = """
name = "tiny"
[grid]
models = ["lenet5"]
[grid.recipes]
none = "store.dense"
[data]
accuracy = "mnist5k"
limit = 20
[measure]
min_runs = 2
min_seconds = 0
rounds = 1
"""


def test_study_from_the_grid_to_the_claims(tmp_path: Path):
    (tmp_path / "study.toml").write_text(STUDY)
    store = tmp_path / "s.sqlite"
    done = here("study", "run", tmp_path / "study.toml", "--store", store, "--json")
    found = done.json
    told = [line.partition(", ")[0] for line in done.err.splitlines()]
    assert told == [f"mcomp: {percent} %" for percent in (" 0", "25", "50", "75")]
    has_keys(found, {"done", "skipped", "failed", "store"})
    assert found["done"] > 0
    assert (found["skipped"], found["failed"]) == (0, 0)
    again = here("study", "run", tmp_path / "study.toml", "--store", store, "--json").json
    assert (again["done"], again["skipped"]) == (0, found["done"])
    status = here("study", "status", "--store", store, "--json").json
    assert (status["done"], status["missing"]) == (found["done"], 0)
    report = here("study", "report", "--store", store, "--json").json
    assert len(report["rows"]) >= 1
    assert all(len(row) == len(report["columns"]) for row in report["rows"])
    has_table(here("study", "report", "--store", store), "lenet5", "none")
    exported = here("study", "export", "--store", store, "-o", tmp_path / "s.csv", "--json").json
    assert exported["rows"] > 0
    assert (tmp_path / "s.csv").read_text().count("\n") == exported["rows"] + 1
    (tmp_path / "expected.csv").write_text(
        "claim,metric,model,recipe,device,threads,against,relation,expected,tolerance,source\n"
        "right,top1,lenet5,none,,,,>=,50,0,nobody\n"
    )
    claims = here("study", "check", "--store", store, "--json").json["claims"]
    has_keys(claims[0], {"claim", "expected", "measured", "verdict"})
    assert claims[0]["verdict"] == "reproduced"
