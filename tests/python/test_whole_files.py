"""Files that Python writes: whole or not at all, through links, under names of any legal length."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_tools import here, program, small_disk
from onnx import TensorProto, helper

import mcomp
from mcomp._whole_files import whole_file, whole_files
from mcomp.study.writing import write_whole

LONGEST_NAME = 255


def _with_block(path: Path) -> None:
    with whole_file(path) as stream:
        stream.write(b"new")


def _trace(path: Path) -> None:
    assert here("profile", "lenet5", "--trace", path, "--runs", 1).code == 0


def _array(path: Path) -> None:
    source = path.parent / "x.npy"
    np.save(source, np.zeros((1, 1, 28, 28), np.float32))
    done = here("run", "lenet5", "-i", source, "-o", path)
    source.unlink()
    if done.code != 0:
        raise mcomp.IoError(done.err)


def _onnx(path: Path) -> None:
    mcomp.models.create("lenet5").write_onnx(path)


WRITERS = [
    pytest.param(_with_block, "f.bin", id="block"),
    pytest.param(_array, "f.npy", id="array"),
    pytest.param(_onnx, "f.onnx", id="onnx"),
    pytest.param(lambda path: write_whole(path, b"new"), "f.csv", id="study"),
    pytest.param(_trace, "f.json", id="trace"),
]


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_link_stays_and_what_it_points_to_is_replaced(
    tmp_path: Path, write: Callable[[Path], None], name: str
) -> None:
    (tmp_path / "real").mkdir()
    target, link, second = tmp_path / "real" / name, tmp_path / "links" / name, tmp_path / name
    link.parent.mkdir()
    link.symlink_to(Path("..", "real", name))
    second.symlink_to(link)
    write(second)  # the links dangle: it is made
    made = target.read_bytes()
    target.write_bytes(b"old")
    inode = target.stat().st_ino
    write(second)
    assert link.is_symlink()
    assert second.is_symlink()
    assert not target.is_symlink()
    assert target.stat().st_ino != inode, "written in place, not replaced whole"
    assert target.read_bytes() != b"old"
    if name != "f.json":  # times differ
        assert target.read_bytes() == made
    left = sorted(path.name for path in tmp_path.rglob("*") if not path.is_dir())
    assert left == [name] * 3


@pytest.mark.parametrize(("write", "name"), WRITERS[:4])
def test_a_loop_of_links_is_refused(
    tmp_path: Path, write: Callable[[Path], None], name: str
) -> None:
    one, two = tmp_path / name, tmp_path / f"2{name}"
    one.symlink_to(two)
    two.symlink_to(one)
    with pytest.raises(mcomp.IoError, match=os.strerror(errno.ELOOP)):
        write(one)
    assert sorted(tmp_path.iterdir()) == sorted([one, two])
    assert one.is_symlink()


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_the_longest_name_is_written_and_a_longer_one_refused(
    tmp_path: Path, write: Callable[[Path], None], name: str
) -> None:
    longest = tmp_path / name.rjust(LONGEST_NAME, "n")
    write(longest)
    assert list(tmp_path.iterdir()) == [longest]
    if write is not _trace:
        with pytest.raises((mcomp.IoError, AssertionError), match=os.strerror(errno.ENAMETOOLONG)):
            write(tmp_path / name.rjust(LONGEST_NAME + 1, "n"))
        assert list(tmp_path.iterdir()) == [longest]


@pytest.mark.parametrize(("write", "name"), WRITERS[:4])
def test_a_folder_or_a_pipe_is_not_replaced(
    tmp_path: Path, write: Callable[[Path], None], name: str
) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(mcomp.IoError, match="not a regular file"):
        write(tmp_path / name)
    assert (tmp_path / name).is_fifo()
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(mcomp.IoError, match="not a regular file"):
        write(tmp_path / name)
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_several_files_appear_together_or_none_does(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    paths[0].write_bytes(b"old")

    def write(fail: bool) -> None:
        with whole_files(paths) as streams:
            streams[0].write(b"new")
            assert paths[0].read_bytes() == b"old"
            if fail:
                raise KeyboardInterrupt
            streams[1].write(b"new too")

    with pytest.raises(KeyboardInterrupt):
        write(fail=True)
    assert list(tmp_path.iterdir()) == [paths[0]]
    assert paths[0].read_bytes() == b"old"
    write(fail=False)
    assert [path.read_bytes() for path in paths] == [b"new", b"new too"]
    assert sorted(tmp_path.iterdir()) == paths


@pytest.fixture
def two_outputs(tmp_path: Path) -> Path:
    """A network whose second output is 2 MB, with an input for it."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["small"]),
        helper.make_node("Relu", ["x"], ["large"]),
    ]
    graph = helper.make_graph(
        nodes,
        "two",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 512, 1024])],
        [
            helper.make_tensor_value_info("small", TensorProto.FLOAT, ["N", 1, 1, 1]),
            helper.make_tensor_value_info("large", TensorProto.FLOAT, ["N", 1, 512, 1024]),
        ],
    )
    path = tmp_path / "two.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    np.save(tmp_path / "x.npy", np.ones((1, 1, 512, 1024), np.float32))
    return path


def test_run_refuses_outputs_that_are_one_file(two_outputs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "link.npy").symlink_to("y.npy")
    (folder / "same").symlink_to(folder)

    def run(first: str, second: str) -> None:
        here(
            "run", two_outputs, "-i", tmp_path / "x.npy", "-o", f"{folder}/{first}",
            "-o", f"{folder}/{second}",
        ).assert_error("the same file", first, second)  # fmt: skip

    pairs = [("y.npy", "y.npy"), ("y.npy", "./y.npy"), ("link.npy", "y.npy")]
    for first, second in [*pairs, ("y.npy", "same/y.npy")]:
        run(first, second)
    assert not (folder / "y.npy").exists()
    (folder / "y.npy").write_bytes(b"old")
    (folder / "hard.npy").hardlink_to(folder / "y.npy")
    for first, second in [*pairs, ("y.npy", "hard.npy")]:
        run(first, second)
    assert (folder / "y.npy").read_bytes() == b"old"


def test_run_writes_all_outputs(two_outputs: Path, tmp_path: Path) -> None:
    a, b = tmp_path / "a.npy", tmp_path / "b.npy"
    done = here("run", two_outputs, "-i", tmp_path / "x.npy", "-o", a, "-o", b)
    assert done.code == 0, done.err
    assert np.load(a).shape == (1, 1, 1, 1)
    assert np.load(b).shape == (1, 1, 512, 1024)


def test_run_on_a_full_disk_writes_no_output_at_all(two_outputs: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as folder:
        program(
            "run", two_outputs, "-i", tmp_path / "x.npy", "-o", folder / "a.npy",
            "-o", folder / "b.npy",
        ).assert_error(os.strerror(errno.ENOSPC))  # fmt: skip
        assert list(folder.iterdir()) == []
