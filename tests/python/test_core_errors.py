"""Exceptions: by kind, with the status and the library's one line."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mcomp
from mcomp._errors import check
from mcomp._native import lib

KINDS = [
    (mcomp.InvalidArgument, ValueError, -1),
    (mcomp.OutOfMemory, MemoryError, -2),
    (mcomp.Corrupt, ValueError, -3),
    (mcomp.Unsupported, NotImplementedError, -4),
    (mcomp.IoError, OSError, -5),
    (mcomp.ShapeError, ValueError, -6),
    (mcomp.NotFound, LookupError, -7),
    (mcomp.LimitError, ValueError, -8),
    (mcomp.DeviceError, RuntimeError, -9),
    (mcomp.Cancelled, RuntimeError, -10),
    (mcomp.VersionError, ValueError, -11),
    (mcomp.InternalError, RuntimeError, -12),
]


@pytest.mark.parametrize(("kind", "builtin", "status"), KINDS)
def test_status_becomes_its_exception(
    kind: type[mcomp.MCompError], builtin: type[Exception], status: int
) -> None:
    with pytest.raises(kind) as caught:
        check(lib.mcomp_fail(status, "tensor ä: 3 of 4".encode()))
    assert type(caught.value) is kind
    assert isinstance(caught.value, builtin)
    assert isinstance(caught.value, mcomp.MCompError)
    assert caught.value.status == status
    assert str(caught.value) == "tensor ä: 3 of 4"


def test_every_status_has_an_exception() -> None:
    errors = {getattr(lib, name) for name in dir(lib) if name.startswith("MCOMP_ERR_")}
    assert errors == {status for _, _, status in KINDS}


def test_success_and_end_raise_nothing() -> None:
    assert check(lib.MCOMP_OK) == 0
    assert check(lib.MCOMP_END) == 1


@pytest.mark.parametrize("kind", [kind for kind, _, _ in KINDS] + [mcomp.MissingFile])
def test_exceptions_travel_between_processes(kind: type[mcomp.MCompError]) -> None:
    again = pickle.loads(pickle.dumps(kind("one line")))
    assert type(again) is kind
    assert str(again) == "one line"
    assert again.status == kind.status


def test_missing_file_is_found_missing_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "none.mcomp"
    for function in (mcomp.load, mcomp.package_sections, mcomp.package_format_version):
        with pytest.raises(FileNotFoundError, match=r"none\.mcomp") as caught:
            function(path)
        assert isinstance(caught.value, mcomp.NotFound)
        assert isinstance(caught.value, mcomp.IoError)


def test_damaged_file(tmp_path: Path, lenet5: mcomp.Model) -> None:
    path = tmp_path / "m.mcomp"
    lenet5.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(mcomp.Corrupt) as caught:
        mcomp.load(path)
    assert "\n" not in str(caught.value)
    path.write_bytes(b"")
    with pytest.raises(mcomp.Corrupt):
        mcomp.load(path)


def test_the_other_format_is_named(tmp_path: Path, lenet5: mcomp.Model) -> None:
    onnx, packed = tmp_path / "a.ONNX", tmp_path / "a.mcomp"
    with pytest.raises(mcomp.InvalidArgument, match=r"a\.ONNX: .* write_onnx\(\) writes ONNX"):
        lenet5.save(onnx)
    with pytest.raises(mcomp.InvalidArgument, match=r"a\.mcomp: .* save\(\) writes \.mcomp"):
        lenet5.write_onnx(str(packed))
    assert list(tmp_path.iterdir()) == []
    lenet5.write_onnx(onnx)
    lenet5.save(packed)
    with pytest.raises(mcomp.Corrupt, match=r"mcomp\.read_onnx\(\) reads ONNX files"):
        mcomp.load(onnx)
    (tmp_path / "b.mcomp").write_bytes(onnx.read_bytes())
    with pytest.raises(mcomp.Corrupt, match=r"signature$"):
        mcomp.load(tmp_path / "b.mcomp")
    with pytest.raises(mcomp.Corrupt, match=r"mcomp\.load\(\) reads \.mcomp files"):
        mcomp.read_onnx(packed)


def test_save_into_nothing(tmp_path: Path, lenet5: mcomp.Model) -> None:
    with pytest.raises(OSError, match="nowhere"):
        lenet5.save(tmp_path / "nowhere" / "m.mcomp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["a\0b", "\0"])
def test_text_never_ends_early(text: str) -> None:
    for call in (
        lambda: mcomp.GraphBuilder(text),
        lambda: mcomp.load(text),
        lambda: mcomp.models.create(text),
        lambda: mcomp.Context(isa=text),
    ):
        with pytest.raises(mcomp.InvalidArgument, match="NUL"):
            call()


def test_text_that_is_no_text() -> None:
    with pytest.raises(mcomp.InvalidArgument, match="int"):
        mcomp.GraphBuilder(3)
    with pytest.raises(mcomp.InvalidArgument, match="valid text"):
        mcomp.GraphBuilder("\ud800")


@pytest.mark.parametrize("threads", [0, -1, 257, 2**40, 1.5, "2"])
def test_threads_out_of_range(threads: int) -> None:
    with pytest.raises(mcomp.InvalidArgument, match="threads"):
        mcomp.Context(threads=threads)


def test_unknown_names_list_the_known_ones(
    small_model: Callable[..., mcomp.Model],
) -> None:
    with pytest.raises(mcomp.InvalidArgument, match="avx2"):
        mcomp.Context(isa="mmx")
    with pytest.raises(mcomp.NotFound, match="lenet5"):
        mcomp.models.create("alexnet")
    with pytest.raises(mcomp.NotFound, match="lenet5"):
        mcomp.models.info("alexnet")
    with pytest.raises(mcomp.NotFound, match=r"cpu.*ref"):
        small_model().plan("tpu")
    with pytest.raises(mcomp.InvalidArgument, match="latency"):
        small_model().plan(objective="beauty")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"batch": 0}, mcomp.InvalidArgument),
        ({"batch": 65537}, mcomp.InvalidArgument),
        ({"batch": 1.0}, mcomp.InvalidArgument),
        ({"memory_limit": -1}, mcomp.InvalidArgument),
        ({"memory_limit": 2**64}, mcomp.InvalidArgument),
        ({"memory_limit": 1}, mcomp.LimitError),
        ({"devices": ""}, mcomp.MCompError),
        ({"devices": ["cpu", 3]}, mcomp.InvalidArgument),
    ],
)
def test_plans_that_cannot_be(
    small_model: Callable[..., mcomp.Model], arguments: dict[str, object], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        small_model().plan(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"min_runs": 0},
        {"min_runs": 1_000_001},
        {"min_seconds": -1},
        {"min_seconds": float("nan")},
        {"min_seconds": "long"},
        {"warmup_runs": -1},
        {"warmup_runs": 10_001},
    ],
)
def test_measurements_that_cannot_be(
    small_model: Callable[..., mcomp.Model], arguments: dict[str, object]
) -> None:
    with pytest.raises(mcomp.InvalidArgument, match=next(iter(arguments))):
        small_model().measure(**arguments)


def test_model_is_not_made_by_hand() -> None:
    with pytest.raises(mcomp.InvalidArgument, match="read_onnx"):
        mcomp.Model()


def test_seeds_and_widths_are_checked() -> None:
    with pytest.raises(mcomp.InvalidArgument, match="seed"):
        mcomp.models.create("lenet5", seed=-1)
    with pytest.raises(mcomp.InvalidArgument, match="seed"):
        mcomp.models.create("lenet5", seed=2**64)
    with pytest.raises(mcomp.InvalidArgument, match="width"):
        mcomp.models.create("lenet5", width=float("nan"))
    with pytest.raises(mcomp.InvalidArgument):
        mcomp.models.create("lenet5", width=0.5)


def test_constants_by_name(lenet5: mcomp.Model) -> None:
    constants = lenet5.constants
    assert constants.get("nothing") is None
    assert "nothing" not in constants
    with pytest.raises(KeyError, match="nothing") as caught:
        constants["nothing"]
    assert isinstance(caught.value, mcomp.NotFound)
    assert str(caught.value) == "no constant 'nothing' in the network"


def test_error_of_one_thread_is_not_seen_by_another(
    small_model: Callable[..., mcomp.Model],
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    model = small_model()

    def fail(number: int) -> str:
        try:
            model.plan(f"device{number}")
        except mcomp.NotFound as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(8) as pool:
        messages = list(pool.map(fail, range(400)))
    for number, message in enumerate(messages):
        assert f"device{number}" in message
        assert not message.replace(f"device{number}", "").count("device" + str(number + 1))


def test_python_side_checks_are_the_same_kind(small_model: Callable[..., mcomp.Model]) -> None:
    model = small_model()
    with pytest.raises(mcomp.ShapeError) as caught:
        model.run(np.zeros((1, 6), np.float64))
    assert caught.value.status == lib.MCOMP_ERR_SHAPE


@pytest.mark.parametrize("kind", [kind for kind, _, _ in KINDS] + [mcomp.MissingFile])
def test_errors_are_one_line_whatever_a_name_brings(kind: type[mcomp.MCompError]) -> None:
    every = "".join(chr(c) for c in range(0x3000) if len(f"a{chr(c)}b".splitlines()) > 1)
    assert "\n" in every
    assert len(str(kind(f"a{every}b\n")).splitlines()) == 1
    assert str(kind("a\nb\r\n\N{LINE SEPARATOR}c ä")) == r"a\nb\r\n\u2028c ä"


def test_names_with_line_breaks_are_shown_in_one_line(tmp_path: Path, lenet5: mcomp.Model) -> None:
    (tmp_path / "a\nb").write_bytes(b"")
    for call in (
        lambda: mcomp.read_onnx("none\nb"),
        lambda: mcomp.read_onnx(tmp_path / "a\nb"),
        lambda: mcomp.load(tmp_path / "a\nb"),
        lambda: mcomp.data.load("a\nb"),
        lambda: lenet5.save(tmp_path / "c\nd" / "e"),
        lambda: lenet5.write_onnx(tmp_path / "c\nd" / "e"),
        lambda: mcomp.Recipe("prune.magnitude sparsity='a\nb'"),
        lambda: lenet5.plan("a\nb"),
    ):
        with pytest.raises(mcomp.MCompError) as caught:
            call()
        assert len(str(caught.value).splitlines()) == 1
