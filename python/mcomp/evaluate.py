"""Accuracy of a network on labelled images."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import data
from ._arguments import instance
from ._arguments import progress as check_progress
from ._errors import InvalidArgument, ShapeError
from ._handles import integer
from .display import Cell, html_table
from .model import Model
from .preprocess import OUTPUTS, Preprocess

Progress = Callable[[str, int, int], object]

# Of so many images drawn from all classes, less than one set in a thousand stays in the lower half.
TELLING_IMAGES = 10


@dataclass(frozen=True)
class Evaluation:
    """How often a network was right.

    Attributes
    ----------
    n : int
        Images.
    top1, top5 : float
        Percent of images whose class ranks first, or among the first five. Among equal outputs
        the lower class ranks first.
    predictions : int64 ndarray
        [n], the class that ranks first, in the data set's order and numbering.
    ranks : int64 ndarray
        [n], place of the right class, 0 = first.
    notes : tuple of str
        Why the figures may say little: images of another kind than the network takes, or labels
        that seem to be of other classes.
    """

    n: int
    top1: float
    top5: float
    predictions: NDArray[np.int64]
    ranks: NDArray[np.int64]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Evaluation of {self.n} images: top-1 {self.top1:.2f} %, top-5 {self.top5:.2f} %>"

    def _repr_html_(self) -> str:
        text = "; ".join(["accuracy", *self.notes])
        row: list[Cell] = [self.n, round(self.top1, 2), round(self.top5, 2)]
        return html_table(text, ["images", "top-1 %", "top-5 %"], [row])


def ranks(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of the right class, 0 = first; among equal outputs the lower class is before.

    Parameters
    ----------
    logits : float32 ndarray
        [n, classes].
    labels : int64 ndarray
        [n], each below classes.

    Returns
    -------
    int64 ndarray
        [n].
    """
    right = np.take_along_axis(logits, labels[:, None], axis=1)
    lower = np.arange(logits.shape[1]) < labels[:, None]
    before: NDArray[np.bool_] = (logits > right) | ((logits == right) & lower)
    return np.asarray(before.sum(axis=1), np.int64)


def percent(ranks_found: NDArray[np.int64], places: int) -> float:
    """Percent of images whose class is among the first places."""
    return 100.0 * float(np.mean(ranks_found < places))


class Classifier:
    """A network that classifies the images of a data set.

    Parameters
    ----------
    model : Model
        One input [N, C, H, W]; its first output is [N, classes].
    devices : str
        Ids by priority, with commas.
    batch : int
        Images a run.
    preprocess : Preprocess, optional
        None: what the network's metadata say.
    layers : sequence of str, optional
        Values of the network to give besides, see :meth:`run`.

    Raises
    ------
    ShapeError
        The network is no classifier of images.
    InvalidArgument
        It has another number of outputs than its labels.
    """

    def __init__(
        self,
        model: Model,
        devices: str,
        batch: int,
        preprocess: Preprocess | None = None,
        layers: tuple[str, ...] = (),
    ) -> None:
        self.name = instance("model", model, Model).name
        if len(model.inputs) != 1 or len(model.inputs[0].shape) != 4:
            shapes = ", ".join(str(list(value.shape)) for value in model.inputs)
            raise ShapeError(
                f"network {model.name!r}: a classifier of images has one input [N, C, H, W], "
                f"this one {shapes}"
            )
        self.preprocess = (
            preprocess_of(model)
            if preprocess is None
            else instance("preprocess", preprocess, Preprocess)
        )
        self._input_shape = tuple(int(extent or 0) for extent in model.inputs[0].shape[1:])
        output = model.outputs[0]
        extents = [int(extent or 0) for extent in output.shape[1:]]
        self.classes = int(np.prod(extents)) - self.preprocess.background_classes
        if not extents or self.classes < 1 or max(extents) != np.prod(extents):
            raise ShapeError(
                f"network {model.name!r}: a classifier's output is [N, classes], {output.name!r} "
                f"is {list(output.shape)}"
            )
        outputs, wanted = int(np.prod(extents)), OUTPUTS.get(self.preprocess.labels)
        if wanted is not None and outputs != wanted:
            raise InvalidArgument(
                f"network {model.name!r}: its labels are said to be {self.preprocess.labels!r}, "
                f"{wanted} outputs, but {output.name!r} has {outputs}"
            )
        self._batch = batch
        run = model.with_outputs([output.name, *layers]) if layers else model
        self._session = run.session(devices, batch=batch)
        self._inputs = np.zeros((batch, *self._input_shape), np.float32)
        self._seen = 0
        self._seen_grey = 0

    def check_labels(self, dataset: data.Dataset, count: int) -> None:
        """Refuse labels that the network has no output for, or that are of other things.

        Raises
        ------
        InvalidArgument
            Names the image, its label and the number of classes; or what the labels are and what
            the network's outputs are, where both are known.
        """
        outputs = self.preprocess.labels
        if dataset.label_set and outputs and dataset.label_set != outputs:
            raise InvalidArgument(
                f"data {dataset.name!r} is labelled with {dataset.label_set!r}, but the outputs of "
                f"network {self.name!r} are {outputs!r}"
            )
        worst = int(np.argmax(dataset.labels[:count]))
        if dataset.labels[worst] >= self.classes:
            raise InvalidArgument(
                f"{dataset.image_name(worst)}: label {dataset.labels[worst]}, but network "
                f"{self.name!r} has {self.classes} classes"
            )

    def run(self, dataset: data.Dataset, start: int, stop: int) -> list[NDArray[np.float32]]:
        """Classify images start to stop - 1, at most a batch of them.

        Returns
        -------
        list of float32 ndarray
            [n, classes] without background, then the layers, each [n, ...].

        Raises
        ------
        ShapeError
            A prepared picture does not fit the network's input.
        InvalidArgument
            An output holds NaN.
        """
        for place, index in enumerate(range(start, stop)):
            picture = dataset.image(index)
            self._seen += 1
            self._seen_grey += picture.ndim == 2
            x = dataset.prepare(index, picture, self.preprocess)
            if x.shape != self._input_shape:
                raise ShapeError(
                    f"{dataset.image_name(index)}: prepared it is {list(x.shape)}, but network "
                    f"{self.name!r} takes {list(self._input_shape)}"
                )
            self._inputs[place] = x
        count = stop - start
        found = self._session.run(self._inputs)
        outputs = [found] if isinstance(found, np.ndarray) else list(found)
        logits = outputs[0][:count].reshape(count, -1)[:, self.preprocess.background_classes :]
        unknown = np.isnan(logits).any(axis=1)
        if unknown.any():
            raise InvalidArgument(
                f"{dataset.image_name(start + int(np.argmax(unknown)))}: network {self.name!r} "
                "answers NaN"
            )
        return [logits, *(layer[:count] for layer in outputs[1:])]

    def notes(self, dataset: data.Dataset) -> list[str]:
        """Tell what speaks against the images that were run being meant for this network.

        One image of another kind is nothing special: photographs of a data set may be grey.
        """
        found = []
        channels = self.preprocess.channels
        if self._seen and channels == 3 and self._seen_grey == self._seen:
            found.append(
                f"the images of data {dataset.name!r} are grey, network {self.name!r} takes "
                "coloured ones: it was given the grey in all three channels"
            )
        if self._seen and channels == 1 and self._seen_grey == 0:
            found.append(
                f"the images of data {dataset.name!r} are coloured, network {self.name!r} takes "
                "grey ones: their colours were dropped"
            )
        highest = int(dataset.labels.max())
        if len(dataset) >= TELLING_IMAGES and highest + 1 <= self.classes // 2:
            found.append(
                f"the labels of data {dataset.name!r} go up to {highest}, network {self.name!r} "
                f"has {self.classes} classes: the labels may number something else"
            )
        return found

    def close(self) -> None:
        """Give the session's memory back."""
        self._session.close()


def preprocess_of(model: Model) -> Preprocess:
    """Tell how images become a network's input, by what its metadata say.

    Raises
    ------
    InvalidArgument
        They say something unknown, or nothing where there is no usual way; names the network.
    """
    try:
        return Preprocess.from_metadata(model.metadata, model.inputs[0].shape)
    except InvalidArgument as reason:
        raise InvalidArgument(f"network {model.name!r}: {reason}") from reason


def picture_count(dataset: data.Dataset, limit: int | None) -> int:
    """How many images are looked at.

    Raises
    ------
    InvalidArgument
        The limit is no integer or below 1, or the data set is empty.
    """
    if limit is not None:
        limit = integer("limit", limit, 1, 2**63 - 1)
    if len(dataset) == 0:
        raise InvalidArgument(f"data set {dataset.name!r} has no images")
    return len(dataset) if limit is None else min(limit, len(dataset))


def warn_of(notes: tuple[str, ...]) -> None:
    """Tell the caller's caller what speaks against a measurement's figures."""
    for note in notes:
        warnings.warn(note, stacklevel=3)


def evaluate(
    model: Model,
    dataset: data.Dataset | str | Path,
    *,
    limit: int | None = None,
    devices: str = "cpu",
    batch: int = 32,
    preprocess: Preprocess | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure how often a network is right.

    Parameters
    ----------
    model : Model
        One input [N, C, H, W]; its first output is [N, classes].
    dataset : Dataset or str or Path
        As for :func:`mcomp.data.load`.
    limit : int, optional
        The first so many images only, 1 or more.
    devices : str
        Ids by priority, with commas.
    batch : int
        Images a run, 1 to 65536. It does not change what is computed.
    preprocess : Preprocess, optional
        How images become inputs; None: what the network's metadata say.
    progress : callable, optional
        Called with (stage, images done, images in all).

    Returns
    -------
    Evaluation

    Raises
    ------
    InvalidArgument
        A label that the network has no output for, a data set known to be labelled with other
        classes, a limit below 1, an output that is NaN.
    ShapeError
        The network is no classifier of images, or an image does not fit it.

    Warns
    -----
    UserWarning
        Each of the result's ``notes``.
    """
    check_progress(progress)
    instance("model", model, Model)
    dataset = data.load(dataset)
    count = picture_count(dataset, limit)
    batch = min(integer("batch", batch, 1, 65536), count)
    classifier = Classifier(model, devices, batch, preprocess)
    try:
        classifier.check_labels(dataset, count)
        places, predictions = [], []
        for start in range(0, count, batch):
            stop = min(start + batch, count)
            if progress is not None:
                progress("evaluating", start, count)
            logits = classifier.run(dataset, start, stop)[0]
            places.append(ranks(logits, dataset.labels[start:stop]))
            predictions.append(logits.argmax(axis=1).astype(np.int64))
        if progress is not None:
            progress("evaluating", count, count)
        notes = tuple(classifier.notes(dataset))
    finally:
        classifier.close()
    warn_of(notes)
    found = np.concatenate(places)
    return Evaluation(
        n=count,
        top1=percent(found, 1),
        top5=percent(found, 5),
        predictions=np.concatenate(predictions),
        ranks=found,
        notes=notes,
    )
