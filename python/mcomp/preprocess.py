"""How an image becomes a network's input.

A network carries its preprocessing as text metadata (lists are JSON), used in this order:

==============  ====================================================================
``resize``      ``"227x227 bilinear antialiased"``: the whole picture to this width and
                height, unless it has that size; ``"shorter 256 bilinear antialiased"``:
                its shorter side to 256 pixels, the other in proportion; ``"none"``
``crop``        ``"center 224x224"``: this width and height from the middle; ``"none"``
``input_range`` ``[0, 255]`` or ``[0, 1]``: what black and white become
``mean, std``   then (value - mean) / std, one number a channel
``layout``      ``"NCHW RGB"``, ``"NCHW BGR"`` or ``"NCHW L"`` (one grey channel): the order
                of the channels, also of mean and std
``labels``      what the outputs are: ``imagenet1001`` has a background class in front,
                which labels do not count; of it, ``imagenet1000`` and ``digits10`` the
                number of outputs is checked, anything else is a name only
==============  ====================================================================

A network that carries none of the first six gets the usual preprocessing of ImageNet networks
(:meth:`Preprocess.usual`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arguments import file_path, instance, items, mapping, text
from ._errors import Corrupt, InvalidArgument, IoError, ShapeError
from ._extras import pillow_image

KEYS = ("resize", "crop", "input_range", "mean", "std", "layout")
"""The metadata keys that make a preprocessing; all of them or none must be there."""

OUTPUTS = {"imagenet1000": 1000, "imagenet1001": 1001, "digits10": 10}
"""Known values of ``labels``: how many outputs they are."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
MAX_SIDE = 16384  # pixels; a larger side can only be a mistake

_CHANNELS = {"NCHW RGB": 3, "NCHW BGR": 3, "NCHW L": 1}
_RESIZE = re.compile(r"(?:([0-9]{1,5})x([0-9]{1,5})|shorter ([0-9]{1,5})) bilinear antialiased")
_CROP = re.compile(r"center ([0-9]{1,5})x([0-9]{1,5})")


@dataclass(frozen=True)
class Preprocess:
    """The steps from an image's pixels to a network's input.

    Parameters
    ----------
    resize : str
        ``"none"``, ``"WxH bilinear antialiased"`` or ``"shorter N bilinear antialiased"``.
    crop : str
        ``"none"`` or ``"center WxH"``.
    input_range : tuple of float
        What pixel values 0 and 255 become.
    mean, std : tuple of float
        One number a channel, in the channels' order; std is not 0.
    layout : str
        ``"NCHW RGB"``, ``"NCHW BGR"`` or ``"NCHW L"``.
    labels : str
        What the network's outputs are, "" where unknown.
    assumed : bool
        True where the network said nothing and the usual was taken.

    Raises
    ------
    InvalidArgument
        A field does not say what it must; names it.
    """

    resize: str
    crop: str
    input_range: tuple[float, float]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    layout: str
    labels: str = ""
    assumed: bool = False

    def __post_init__(self) -> None:
        for key in ("resize", "crop", "layout", "labels"):
            if not isinstance(getattr(self, key), str):
                raise InvalidArgument(f"{key} is {getattr(self, key)!r}, not a text")
        for key in ("input_range", "mean", "std"):
            _numbers(key, getattr(self, key))
        if len(self.input_range) != 2:
            raise InvalidArgument(f"input_range has {len(self.input_range)} numbers, not 2")
        if self.layout not in _CHANNELS:
            raise InvalidArgument(f"layout is {self.layout!r}, not one of {', '.join(_CHANNELS)}")
        _sizes("resize", self.resize, _RESIZE, "'227x227 bilinear antialiased'")
        _sizes("crop", self.crop, _CROP, "'center 224x224'")
        low, high = (np.float32(end) for end in self.input_range)
        if low == high:
            raise InvalidArgument(
                f"input_range is {list(self.input_range)}: both ends are equal in float32"
            )
        for key, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) != self.channels:
                raise InvalidArgument(
                    f"{key} has {len(numbers)} numbers, but layout {self.layout!r} has "
                    f"{self.channels} channels"
                )
        std = np.array(self.std, np.float32)
        if 0 in std:
            raise InvalidArgument(f"std is {list(self.std)}: it must not hold 0 in float32")
        with np.errstate(over="ignore"):
            ends = (np.array([[low], [high]]) - np.array(self.mean, np.float32)) / std
        if not np.isfinite(ends).all():
            raise InvalidArgument(
                f"std is {list(self.std)}: so small that a pixel becomes infinite in float32"
            )

    @property
    def channels(self) -> int:
        """Channels of the result: 1 or 3."""
        return _CHANNELS[self.layout]

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width of the result, pixels; None where they follow from the image."""
        sizes = _sizes("crop", self.crop, _CROP, "") or _sizes("resize", self.resize, _RESIZE, "")
        return None if sizes is None or len(sizes) == 1 else (sizes[1], sizes[0])

    @property
    def background_classes(self) -> int:
        """Outputs in front that labels do not count: 1 for ``imagenet1001``, else 0."""
        return 1 if self.labels == "imagenet1001" else 0

    @classmethod
    def usual(cls, input_shape: Sequence[int | None], labels: str = "") -> Preprocess:
        """Make what networks trained on ImageNet usually want.

        The shorter side resized to 256/224 of the input's shorter side, the middle cut out, 0..1,
        ImageNet's mean and deviation, RGB.

        Parameters
        ----------
        input_shape : sequence of int or None
            Of the network's input, [N, 3, H, W].

        Raises
        ------
        InvalidArgument
            The input is not [N, 3, H, W]: there is no usual way then.
        """
        shape = tuple(items("input_shape", input_shape))
        text("labels", labels)
        if len(shape) != 4 or shape[1] != 3 or shape[2] is None or shape[3] is None:
            raise InvalidArgument(
                f"the network carries no preprocessing and its input {_shape_text(shape)} is not "
                "that of colour images [N, 3, H, W]: say how with a preprocessing file"
            )
        height, width = shape[2], shape[3]
        return cls(
            resize=f"shorter {round(min(height, width) * 256 / 224)} bilinear antialiased",
            crop=f"center {width}x{height}",
            input_range=(0.0, 1.0),
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            layout="NCHW RGB",
            labels=labels,
            assumed=True,
        )

    @classmethod
    def from_metadata(
        cls, metadata: Mapping[str, str], input_shape: Sequence[int | None]
    ) -> Preprocess:
        """Read what a network says of its input.

        Parameters
        ----------
        metadata : mapping of str to str
            The network's metadata; keys that are not listed in this module are ignored.
        input_shape : sequence of int or None
            Of the network's input, [N, C, H, W]: for :meth:`usual`, where metadata says nothing.

        Raises
        ------
        InvalidArgument
            A key is missing beside others, or says something unknown; names it.
        """
        items("input_shape", input_shape)
        labels = text("labels", mapping("metadata", metadata).get("labels", ""))
        if not any(key in metadata for key in KEYS):
            return cls.usual(input_shape, labels)
        return cls._from_values({k: metadata[k] for k in KEYS if k in metadata}, labels)

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        metadata: Mapping[str, str] | None = None,
        input_shape: Sequence[int | None] | None = None,
    ) -> Preprocess:
        """Read a TOML file with the keys of this module (lists as TOML arrays).

        Parameters
        ----------
        path : str or Path
            The file. Keys it leaves out are taken from metadata.
        metadata : mapping of str to str, optional
            The network's own.
        input_shape : sequence of int or None, optional
            Where metadata says nothing, keys left out are those of :meth:`usual` for this shape.

        Raises
        ------
        IoError
            The file cannot be read.
        Corrupt
            It is no TOML.
        InvalidArgument
            A key is unknown, missing or says something unknown; names file and key.
        """
        path = file_path("preprocess", path)
        if metadata is not None:
            mapping("metadata", metadata)
        if input_shape is not None:
            items("input_shape", input_shape)
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as reason:
            raise IoError(f"{path}: {reason.strerror}") from reason
        except ValueError as reason:  # not UTF-8, or not TOML
            raise Corrupt(f"{path}: no TOML file: {reason}") from reason
        unknown = sorted(set(table) - {*KEYS, "labels"})
        if unknown:
            known = ", ".join((*KEYS, "labels"))
            raise InvalidArgument(f"{path}: unknown key {unknown[0]!r}; known are {known}")
        values: dict[str, Any] = {k: v for k, v in (metadata or {}).items() if k in KEYS}
        try:
            if not values and input_shape is not None and not set(KEYS) <= set(table):
                usual = cls.usual(input_shape)
                values = {key: getattr(usual, key) for key in KEYS}
            labels = table.pop("labels", (metadata or {}).get("labels", ""))
            if not isinstance(labels, str):
                raise InvalidArgument(f"labels is {labels!r}, not a text")
            return cls._from_values(values | table, labels)
        except InvalidArgument as reason:
            raise InvalidArgument(f"{path}: {reason}") from reason

    @classmethod
    def _from_values(cls, values: Mapping[str, Any], labels: str) -> Preprocess:
        """Make one of texts (lists as JSON) or of what a TOML file holds."""
        missing = [key for key in KEYS if key not in values]
        if missing:
            raise InvalidArgument(
                f"the preprocessing lacks {missing[0]!r}; it needs {', '.join(KEYS)}"
            )
        numbers = {
            key: _numbers(key, _parsed(key, values[key])) for key in ("input_range", "mean", "std")
        }
        return cls(**{**values, **numbers}, labels=labels)

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Make a network's input of one image.

        Parameters
        ----------
        picture : uint8 ndarray
            [H, W] grey or [H, W, 3] red, green, blue.

        Returns
        -------
        float32 ndarray
            [1 or 3, height, width], C-contiguous.

        Raises
        ------
        ShapeError
            The image has another shape, or is smaller than what is cut out of it.
        """
        instance("picture", picture, np.ndarray)
        grey = picture.ndim == 2
        if picture.dtype != np.uint8 or not (grey or (picture.ndim == 3 and picture.shape[2] == 3)):
            raise ShapeError(
                f"an image is uint8 [H, W] or [H, W, 3], not {picture.dtype} {list(picture.shape)}"
            )
        if self.channels == 3 and grey:
            picture = np.repeat(picture[:, :, None], 3, axis=2)
        elif self.channels == 1 and not grey:
            picture = np.asarray(pillow_image().fromarray(picture).convert("L"))
        pixels = self._cropped(self._resized(picture))
        low, high = self.input_range
        x = pixels.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)
        if x.ndim == 2:
            x = x[:, :, None]
        if self.layout.endswith("BGR"):
            x = x[:, :, ::-1]
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        return np.ascontiguousarray(((x - mean) / std).transpose(2, 0, 1))

    def _resized(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        sizes = _sizes("resize", self.resize, _RESIZE, "")
        if sizes is None:
            return picture
        height, width = picture.shape[:2]
        if len(sizes) == 1:
            factor = sizes[0] / min(height, width)
            sizes = (max(1, round(width * factor)), max(1, round(height * factor)))
            if max(sizes) > MAX_SIDE:
                raise ShapeError(
                    f"an image of {width}x{height} would be resized to {sizes[0]}x{sizes[1]}; "
                    f"a side may have {MAX_SIDE} pixels"
                )
        if sizes == (width, height):
            return picture
        image = pillow_image()
        # Pillow's bilinear filter widens with the factor: it antialiases.
        return np.asarray(image.fromarray(picture).resize(sizes, image.Resampling.BILINEAR))

    def _cropped(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        sizes = _sizes("crop", self.crop, _CROP, "")
        if sizes is None:
            return picture
        height, width = picture.shape[:2]
        if sizes[0] > width or sizes[1] > height:
            raise ShapeError(
                f"an image of {width}x{height} pixels is smaller than its crop "
                f"{sizes[0]}x{sizes[1]}"
            )
        left, top = (width - sizes[0]) // 2, (height - sizes[1]) // 2
        return picture[top : top + sizes[1], left : left + sizes[0]]


def _sizes(key: str, text: str, pattern: re.Pattern[str], example: str) -> tuple[int, ...] | None:
    """Read the numbers in a size's text, None for "none"."""
    if text == "none":
        return None
    match = pattern.fullmatch(text)
    sizes = tuple(int(n) for n in match.groups() if n is not None) if match else ()
    if not sizes or min(sizes) < 1 or max(sizes) > MAX_SIDE:
        raise InvalidArgument(
            f"{key} is {text!r}, neither 'none' nor like {example} with sides of 1 to {MAX_SIDE}"
        )
    return sizes


def _parsed(key: str, value: object) -> object:
    """Read a list from its JSON text; leave anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise InvalidArgument(f"{key} is {value!r}, no list of numbers") from None


def _numbers(key: str, value: object) -> tuple[float, ...]:
    """Check that a list holds finite numbers."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(n, int | float) and not isinstance(n, bool) and abs(n) <= 1e9 for n in value
    ):
        raise InvalidArgument(f"{key} is {value!r}, no list of finite numbers")
    return tuple(float(n) for n in value)


def _shape_text(shape: Sequence[int | None]) -> str:
    return "[" + ", ".join("N" if n is None else str(n) for n in shape) + "]"
