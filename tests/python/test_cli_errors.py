"""Bad requests get one line and exit 1, wrong usage exit 2; nothing half-written is left."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_tools import here, images
from onnx import TensorProto, helper, numpy_helper

import mcomp

NAMES = "lenet5"


@pytest.fixture
def x(tmp_path: Path) -> Path:
    path = tmp_path / "x.npy"
    np.save(path, np.zeros((1, 1, 28, 28), np.float32))
    return path


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("package") / "lenet5.mcomp"
    mcomp.models.create("lenet5").save(path)
    return path


def only(folder: Path, *names: str) -> None:
    """Nothing but these files is in a folder: no result, no temporary file."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


# The model


@pytest.mark.parametrize("command", ["plan", "profile", "bench"])
@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("lenet6", ["'lenet6'", ".onnx", ".mcomp", NAMES]),
        ("absent.onnx", ["absent.onnx", "no such file"]),
        ("absent.mcomp", ["absent.mcomp", "no such file"]),
        ("", ["''"]),
        ("x" * 5000 + ".mcomp", ["xxx"]),
    ],
)
def test_an_unknown_model(command, model, words):
    here(command, model).assert_error(*words)


def test_a_model_that_is_no_file(tmp_path: Path):
    (tmp_path / "folder.mcomp").mkdir()
    (tmp_path / "folder.onnx").mkdir()
    os.mkfifo(tmp_path / "pipe.mcomp")  # to read it would wait for ever
    for name in ("folder.mcomp", "folder.onnx", "pipe.mcomp"):
        here("inspect", tmp_path / name).assert_error(name, "not a regular file")
    here("inspect", tmp_path / "text.txt").assert_error("text.txt", ".mcomp or .onnx")


def test_width_and_seed_are_checked(package: Path):
    here("plan", package, "--width", 0.5).assert_error("--width", "lenet5.mcomp")
    here("plan", "lenet5", "--width", 0.5).assert_error("width")
    here("plan", "lenet5", "--width", "nan").assert_error("width")
    here("plan", "lenet5", "--seed", -1).assert_error("seed", "-1")
    here("plan", "lenet5", "--seed", 2**64).assert_error("seed")


def test_truncated_and_empty_packages(tmp_path: Path, package: Path):
    whole = package.read_bytes()
    for size in (0, 1, 16, 100, len(whole) // 2, len(whole) - 1):
        path = tmp_path / "short.mcomp"
        path.write_bytes(whole[:size])
        here("inspect", path).assert_error("short.mcomp")
        here("convert", path, tmp_path / "out.mcomp").assert_error("short.mcomp")
    only(tmp_path, "short.mcomp")


def test_flipped_bits_are_found(tmp_path: Path, package: Path):
    whole = package.read_bytes()
    random = np.random.default_rng(8)
    path = tmp_path / "flipped.mcomp"
    errors = 0
    for place in random.integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        done = here("inspect", path)
        if done.code != 0:
            done.assert_error("flipped.mcomp")
            errors += 1
    assert errors >= 55  # padding between sections may be anything


def bad_onnx(kind: str, folder: Path) -> Path:
    """An ONNX file that is wrong in one way."""
    weight = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "weight")
    nodes = [helper.make_node("Conv", ["x", "weight"], ["y"], name="first")]
    opsets = [helper.make_opsetid("", 17)]
    if kind == "operator":
        nodes = [helper.make_node("Mystery", ["x"], ["y"], name="first")]
    elif kind == "domain":
        nodes = [helper.make_node("Conv", ["x", "weight"], ["y"], name="first", domain="my.own")]
        opsets.append(helper.make_opsetid("my.own", 1))
    elif kind == "cycle":
        nodes = [
            helper.make_node("Add", ["x", "b"], ["a"], name="first"),
            helper.make_node("Identity", ["a"], ["b"], name="second"),
            helper.make_node("Identity", ["b"], ["y"], name="third"),
        ]
    elif kind == "missing":
        nodes = [helper.make_node("Conv", ["x", "nowhere"], ["y"], name="first")]
    elif kind == "short":
        weight.raw_data = weight.raw_data[:-4]
    elif kind == "twice":
        nodes.append(helper.make_node("Identity", ["x"], ["y"], name="second"))
    elif kind == "strides":
        nodes = [helper.make_node("Conv", ["x", "weight"], ["y"], name="first", strides=[2**31, 1])]
    elif kind == "pads":
        nodes = [helper.make_node("Conv", ["x", "weight"], ["y"], name="first", pads=[-1, 0, 0, 0])]
    elif kind == "opset":
        opsets = [helper.make_opsetid("", 9999)]
    elif kind == "shape":
        weight = numpy_helper.from_array(np.ones((2, 5, 3, 3), np.float32), "weight")
    elif kind == "external":
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        for key, value in (("location", "../outside.bin"), ("length", str(18 * 4))):
            entry = weight.external_data.add()
            entry.key, entry.value = key, value
        (folder.parent / "outside.bin").write_bytes(bytes(18 * 4))
    graph = helper.make_graph(
        nodes,
        "bad",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2, 6, 6])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    path = folder / f"{kind}.onnx"
    path.write_bytes(model.SerializeToString())
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:60])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(3000))
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "operator",
        "domain",
        "cycle",
        "missing",
        "short",
        "twice",
        "strides",
        "pads",
        "opset",
        "shape",
        "external",
        "truncated",
        "empty",
        "noise",
    ],
)
def test_bad_onnx(tmp_path: Path, kind):
    folder = tmp_path / "model"
    folder.mkdir()
    path = bad_onnx(kind, folder)
    here("convert", path, folder / "out.mcomp").assert_error()
    only(folder, path.name)


def test_the_maker_of_bad_onnx_can_make_a_good_one(tmp_path: Path):
    path = bad_onnx("good", tmp_path)
    onnx.checker.check_model(onnx.load(path))
    assert here("convert", path, tmp_path / "good.mcomp").code == 0


# Arrays


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((1, 1, 28, 28), np.float64), ["float64", "float32"]),
        (np.zeros((1, 1, 28, 28), ">f4"), [">f4"]),
        (np.zeros((1, 1, 28, 28), np.uint8), ["uint8"]),
        (np.zeros((1, 28, 28), np.float32), ["[1, 28, 28]", "[N, 1, 28, 28]"]),
        (np.zeros((1, 1, 28, 27), np.float32), ["[1, 1, 28, 27]"]),
        (np.zeros((0, 1, 28, 28), np.float32), ["[0, 1, 28, 28]"]),
        (np.zeros((), np.float32), ["[]"]),
        (np.full((1, 1, 28, 28), np.nan, np.float32), ["not a number"]),
        (np.array([{"a": 1}], object), ["x.npy: no whole .npy file of numbers"]),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, array, words):
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    done = here("run", "lenet5", "-i", tmp_path / "x.npy", "-o", tmp_path / "y.npy")
    done.assert_error(*words)
    only(tmp_path, "x.npy")


def test_files_that_are_no_arrays(tmp_path: Path, x: Path):
    whole = x.read_bytes()
    header = whole[:128].replace(b"(1, 1, 28, 28)", b"(99999999999, 1, 28, 28)")
    bad = tmp_path / "bad.npy"
    for content in (b"", whole[:5], whole[:100], whole[:-4], header + whole[128:], b"\x00" * 4000):
        bad.write_bytes(content)
        done = here("run", "lenet5", "-i", bad, "-o", tmp_path / "y.npy")
        done.assert_error("bad.npy")
        assert "pickle" not in done.err
    np.savez(tmp_path / "many.npz", a=np.zeros(3, np.float32))
    done = here("run", "lenet5", "-i", tmp_path / "many.npz", "-o", tmp_path / "y.npy")
    done.assert_error("many.npz", "archive")
    only(tmp_path, "bad.npy", "many.npz", "x.npy")


def test_paths_of_arrays(tmp_path: Path, x: Path):
    here("run", "lenet5", "-i", "absent.npy", "-o", tmp_path / "y.npy").assert_error("absent.npy")
    here("run", "lenet5", "-i", tmp_path, "-o", tmp_path / "y.npy").assert_error("regular file")
    here("run", "lenet5", "-i", x, "-o", tmp_path / "y.txt").assert_error("y.txt", ".npy")
    here("run", "lenet5", "-i", x, "-o", tmp_path / "no" / "y.npy").assert_error("no folder")
    done = here("run", "lenet5", "-i", x, "-i", x, "-o", tmp_path / "y.npy")
    done.assert_error("--input", "2 times")
    os.mkfifo(tmp_path / "pipe.npy")
    here("run", "lenet5", "-i", x, "-o", tmp_path / "pipe.npy").assert_error("regular file")
    only(tmp_path, "pipe.npy", "x.npy")


# Recipes


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("", []),
        ("  ;  ", []),
        ("prune.sometimes", ["prune.sometimes"]),
        ("prune.magnitude sparseness=0.5", ["sparseness"]),
        ("prune.magnitude sparsity=1.5", ["sparsity", "1.5"]),
        ("prune.magnitude sparsity=nan", ["sparsity"]),
        ("prune.magnitude sparsity=half", ["half"]),
        ("prune.magnitude sparsity=0.5 scope=town", ["town"]),
        ("share.kmeans bits=9", ["bits", "9"]),
        ("absent.toml", ["absent.toml"]),
    ],
)
def test_wrong_recipes(tmp_path: Path, recipe, words):
    done = here("compress", "lenet5", tmp_path / "out.mcomp", "-r", recipe)
    done.assert_error(*words)
    only(tmp_path)


def test_compress_writes_packages_only(tmp_path: Path):
    done = here("compress", "lenet5", tmp_path / "out.onnx", "-r", "store.dense")
    done.assert_error("out.onnx", ".mcomp")
    (tmp_path / "folder.mcomp").mkdir()
    done = here("compress", "lenet5", tmp_path / "folder.mcomp", "-r", "store.dense")
    done.assert_error("folder.mcomp", "not a regular file")
    done = here("compress", "lenet5", tmp_path / "o.mcomp", "-r", "store.dense", "--samples", 0)
    done.assert_error("--samples", "0")
    done = here("compress", "lenet5", tmp_path / "o.mcomp", "-r", "store.dense", "--data", "none")
    done.assert_error("'none'", "mnist5k")
    only(tmp_path, "folder.mcomp")


# Data


def test_wrong_data(tmp_path: Path):
    here("evaluate", "lenet5", tmp_path).assert_error("labels.csv")
    here("evaluate", "lenet5", "mnist").assert_error("'mnist'", "mnist5k")
    folder = images(tmp_path / "set", [1, 12])
    here("evaluate", "lenet5", folder).assert_error("1.png", "label 12", "10 classes")
    (folder / "0.png").write_text("no image")
    here("evaluate", "lenet5", folder, "--limit", 1).assert_error("0.png")
    (folder / "0.png").unlink()
    here("evaluate", "lenet5", folder).assert_error("0.png", "no such file")
    (folder / "labels.csv").write_text("name,class\n")
    here("compare", "lenet5", "lenet5", folder).assert_error("labels.csv", "'file'")


def test_wrong_pictures_are_found_before_anything_is_printed(tmp_path: Path):
    folder = images(tmp_path / "set", [1, 2, 3], side=30)
    here("evaluate", "lenet5", folder).assert_error("0.png", "[1, 30, 30]", "[1, 28, 28]")


def test_evaluate_options(tmp_path: Path):
    here("evaluate", "lenet5", "mnist5k", "--limit", 0).assert_error("limit")
    here("evaluate", "lenet5", "mnist5k", "--batch", 0).assert_error("batch")
    here("evaluate", "lenet5", "mnist5k", "--batch", 10**9).assert_error("batch", "65536")
    here("evaluate", "lenet5", "mnist5k", "--preprocess", "no.toml").assert_error("no.toml")
    (tmp_path / "p.toml").write_text("mean = [1, 2, 3]\n")
    done = here("evaluate", "lenet5", "mnist5k", "--preprocess", tmp_path / "p.toml")
    done.assert_error("p.toml", "mean")


def test_metadata_that_cannot_be_used_is_named(tmp_path: Path):
    builder = mcomp.GraphBuilder("odd")
    x = builder.add_input("x", (None, 1, 28, 28))
    builder.mark_output(builder.add_node("Flatten", "y", [x], {"axis": 1}))
    builder.set_metadata("mean", "[]")
    builder.finish().save(tmp_path / "odd.mcomp")
    here("evaluate", tmp_path / "odd.mcomp", "mnist5k").assert_error("'odd'", "'resize'")
    builder = mcomp.GraphBuilder("silent")
    x = builder.add_input("x", (None, 1, 28, 28))
    builder.mark_output(builder.add_node("Flatten", "y", [x], {"axis": 1}))
    builder.finish().save(tmp_path / "silent.mcomp")
    here("evaluate", tmp_path / "silent.mcomp", "mnist5k").assert_error("'silent'", "preprocessing")


# The machine


@pytest.mark.parametrize("threads", [0, -1, 257, 10**12])
def test_threads_out_of_range(threads):
    here("plan", "lenet5", "-t", threads).assert_error("--threads", str(threads), "256")


def test_unknown_instruction_sets_and_devices():
    here("plan", "lenet5", "--isa", "mmx").assert_error("mmx", "avx2")
    here("plan", "lenet5", "--isa", "").assert_error()
    here("plan", "lenet5", "-d", "gpu").assert_error("gpu", "cpu")
    here("run", "lenet5", "-i", "x.npy", "-o", "y.npy", "-d", "").assert_error()
    here("plan", "lenet5", "--memory-limit", 10).assert_error("10")
    here("plan", "lenet5", "--batch", 0).assert_error("batch")
    here("plan", "lenet5", "--batch", 70000).assert_error("batch")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MCOMP_THREADS", "0"),
        ("MCOMP_THREADS", "many"),
        ("MCOMP_THREADS", "257"),
        ("MCOMP_ISA", "mmx"),
    ],
)
def test_wrong_defaults_from_the_environment(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    here("plan", "lenet5").assert_error(value)


def test_right_defaults_from_the_environment(monkeypatch):
    monkeypatch.setenv("MCOMP_THREADS", "3")
    monkeypatch.setenv("MCOMP_ISA", "scalar")
    found = here("bench", "lenet5", "--min-time", 0, "--min-runs", 1, "--json").json
    assert (found["threads"], found["isa"]) == (3, "scalar")
    found = here("bench", "lenet5", "-t", 2, "--min-time", 0, "--min-runs", 1, "--json").json
    assert found["threads"] == 2


def test_bench_and_profile_bounds(tmp_path: Path):
    here("bench", "lenet5", "--min-runs", 0).assert_error("min_runs")
    here("bench", "lenet5", "--min-time", -1).assert_error("min_seconds")
    here("bench", "lenet5", "--min-time", "nan").assert_error("min_seconds")
    here("profile", "lenet5", "--runs", 0).assert_error("runs")
    here("profile", "lenet5", "--trace", tmp_path / "no" / "t.json").assert_error("no folder")
    here("profile", "lenet5", "--trace", tmp_path).assert_error("regular file")


# The study


def test_wrong_studies(tmp_path: Path):
    store = tmp_path / "s.sqlite"
    here("study", "run", tmp_path / "no.toml", "--store", store).assert_error("no.toml")
    (tmp_path / "study.toml").write_text('name = "x"\n[grid]\nmodel = ["lenet5"]\n')
    here("study", "run", tmp_path / "study.toml", "--store", store).assert_error("'model'")
    for action in ("status", "report", "check"):
        here("study", action, "--store", store).assert_error("s.sqlite")
    store.write_bytes(b"no database at all, but long enough to be looked at" * 40)
    here("study", "status", "--store", store).assert_error("s.sqlite")


# Usage


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["run", "lenet5"],
        ["compress", "lenet5", "out.mcomp"],
        ["plan", "lenet5", "--objective", "beauty"],
        ["plan", "lenet5", "-t", "two"],
        ["plan", "lenet5", "--thread", "2"],
        ["study"],
        ["study", "run", "study.toml"],
        ["models", "--seed", "x"],
    ],
)
def test_wrong_usage_is_exit_2(words):
    done = here(*words)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("usage: mcomp")
    assert "Traceback" not in done.err


def test_models_options(tmp_path: Path):
    here("models", "lenet6").assert_error("lenet6", "lenet5")
    here("models", "-o", tmp_path / "a.onnx").assert_error("--output", "NAME")
    here("models", "resnet50", "--seed", -1).assert_error("--seed", "-1")
    here("models", "--seed", 3).assert_error("--seed", "NAME")
    here("models", "lenet5", "-o", tmp_path / "a.mcomp").assert_error("a.mcomp", ".onnx")
    only(tmp_path)


def test_control_characters_do_not_reach_the_terminal():
    done = here("inspect", "evil\x1b[2J\nname.mcomp")
    done.assert_error("no such file")
    assert "\x1b" not in done.err


def test_version_and_help_are_exit_0():
    assert here("--version").out.strip() == f"mcomp {mcomp.__version__}"
    assert here("-h").code == 0
    assert here("run", "-h").code == 0
