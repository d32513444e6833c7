"""One network against another, on the same images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import data
from ._arguments import flag, instance
from ._arguments import progress as check_progress
from ._errors import InvalidArgument, ShapeError
from ._handles import integer
from .display import Cell, html_table
from .evaluate import Classifier, Progress, percent, picture_count, ranks, warn_of
from .model import Model
from .preprocess import Preprocess

LAYER_NBYTES = 1 << 28  # of all layers of one network in one run: bounds the batch


@dataclass(frozen=True)
class LayerError:
    """How far a value of the second network is from that of the first.

    Attributes
    ----------
    name : str
        Of the value, which both networks have in the same shape.
    nmse : float
        Sum of squared differences / sum of squares of the first network's values.
    """

    name: str
    nmse: float


@dataclass(frozen=True)
class Comparison:
    """A network b against a network a, on the same images.

    Attributes
    ----------
    n : int
        Images.
    top1_a, top1_b : float
        Percent of images that each has right.
    drop : float
        top1_a - top1_b, points.
    drop_stderr : float
        Standard error of the drop, points: sqrt(images where one is right and one wrong) / n.
    agree : float
        Percent of images that both put into the same class, right or wrong.
    output_nmse : float
        Sum of squared differences of the outputs / sum of squares of a's outputs.
    layers : tuple of LayerError
        In the order of a's nodes.
    notes : tuple of str
        As in :class:`mcomp.Evaluation`, of both networks.
    """

    n: int
    top1_a: float
    top1_b: float
    drop: float
    drop_stderr: float
    agree: float
    output_nmse: float
    layers: tuple[LayerError, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<Comparison on {self.n} images: top-1 {self.top1_a:.2f} % -> {self.top1_b:.2f} %, "
            f"drop {self.drop:.2f} +- {self.drop_stderr:.2f} points, agree {self.agree:.2f} %>"
        )

    def _repr_html_(self) -> str:
        caption = "; ".join([repr(self).strip("<>"), *self.notes])
        rows: list[list[Cell]] = [["(output)", self.output_nmse]]
        rows += [[layer.name, layer.nmse] for layer in self.layers]
        return html_table(caption, ["layer", "nmse"], rows)


class _ErrorSum:
    """Squared differences and squares, summed in double over batches."""

    def __init__(self) -> None:
        self._error = 0.0
        self._power = 0.0

    def add(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> None:
        reference = a.astype(np.float64)
        self._error += float(np.sum((b - reference) ** 2))
        self._power += float(np.sum(reference**2))

    @property
    def nmse(self) -> float:
        if self._error == 0:
            return 0.0
        return self._error / self._power if self._power > 0 else math.inf


def common_layers(a: Model, b: Model) -> dict[str, int]:
    """Find the values that both networks compute under one name; outputs are left out.

    Both must make it in the same shape with the same operator from as many values: a convolution
    that a residual addition was fused into is not the convolution alone, whatever their names.

    Returns
    -------
    dict
        Name to elements an image, in the order of a's nodes.
    """
    kinds_a, kinds_b = _kinds(a), _kinds(b)
    outputs = {value.name for model in (a, b) for value in model.outputs}
    return {
        node.output: int(np.prod([int(extent or 1) for extent in node.shape[1:]]))
        for node in a.nodes
        if node.output not in outputs and kinds_b.get(node.output) == kinds_a[node.output]
    }


def _kinds(model: Model) -> dict[str, tuple[object, ...]]:
    """Tell how each value is made: operator, shape, and from how many values."""
    constants = {value.name for value in model.values if value.constant}
    return {
        node.output: (
            node.op,
            node.shape,
            sum(name is not None and name not in constants for name in node.inputs),
        )
        for node in model.nodes
    }


def compare(
    a: Model,
    b: Model,
    dataset: data.Dataset | str | Path,
    *,
    limit: int | None = None,
    devices: str = "cpu",
    batch: int = 32,
    preprocess: Preprocess | tuple[Preprocess, Preprocess] | None = None,
    layers: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """Run two networks on the same images.

    Parameters
    ----------
    a, b : Model
        The reference and the network that is held against it; both classifiers of as many classes.
    dataset : Dataset or str or Path
        As for :func:`mcomp.data.load`.
    limit : int, optional
        The first so many images only, 1 or more.
    devices : str
        Ids by priority, with commas; for both.
    batch : int
        Images a run at most; fewer where the layers would need more than 256 MiB.
    preprocess : Preprocess or two, optional
        For both networks, or for each; None: each as its own metadata say.
    layers : bool
        Compare inner values too.
    progress : callable, optional
        Called with (stage, images done, images in all).

    Raises
    ------
    InvalidArgument, ShapeError
        As :func:`mcomp.evaluate`; also where the networks have different numbers of classes.

    Warns
    -----
    UserWarning
        Each of the result's ``notes``.
    """
    check_progress(progress)
    for which, model in (("a", a), ("b", b)):
        instance(which, model, Model)
    flag("layers", layers)
    dataset = data.load(dataset)
    count = picture_count(dataset, limit)
    batch = integer("batch", batch, 1, 65536)
    sizes = common_layers(a, b) if layers else {}
    names = tuple(sizes)
    batch = min(batch, count, max(1, LAYER_NBYTES // (4 * max(1, sum(sizes.values())))))
    ways = preprocess if isinstance(preprocess, tuple) else (preprocess, preprocess)
    if len(ways) != 2:
        raise InvalidArgument(f"preprocess must be one or two, not {len(ways)}")
    classifiers: list[Classifier] = []
    try:
        for model, way in zip((a, b), ways, strict=True):
            classifiers.append(Classifier(model, devices, batch, way, names))
        first, second = classifiers
        if first.classes != second.classes:
            raise ShapeError(
                f"network {a.name!r} has {first.classes} classes, network {b.name!r} has "
                f"{second.classes}"
            )
        for classifier in classifiers:
            classifier.check_labels(dataset, count)
        ranks_a, ranks_b, same = [], [], 0
        errors = [_ErrorSum() for _ in range(len(names) + 1)]
        for start in range(0, count, batch):
            stop = min(start + batch, count)
            if progress is not None:
                progress("comparing", start, count)
            outputs_a = first.run(dataset, start, stop)
            outputs_b = second.run(dataset, start, stop)
            for total, value_a, value_b in zip(errors, outputs_a, outputs_b, strict=True):
                total.add(value_a, value_b)
            labels = dataset.labels[start:stop]
            ranks_a.append(ranks(outputs_a[0], labels))
            ranks_b.append(ranks(outputs_b[0], labels))
            same += int(np.sum(outputs_a[0].argmax(axis=1) == outputs_b[0].argmax(axis=1)))
        if progress is not None:
            progress("comparing", count, count)
        both = [note for classifier in classifiers for note in classifier.notes(dataset)]
        notes = tuple(dict.fromkeys(both))
    finally:
        for classifier in classifiers:
            classifier.close()
    warn_of(notes)
    found_a, found_b = np.concatenate(ranks_a), np.concatenate(ranks_b)
    changed = int(np.sum((found_a == 0) != (found_b == 0)))
    top1_a, top1_b = percent(found_a, 1), percent(found_b, 1)
    return Comparison(
        n=count,
        top1_a=top1_a,
        top1_b=top1_b,
        drop=top1_a - top1_b,
        drop_stderr=100.0 * math.sqrt(changed) / count,
        agree=100.0 * same / count,
        output_nmse=errors[0].nmse,
        layers=tuple(
            LayerError(name, total.nmse) for name, total in zip(names, errors[1:], strict=True)
        ),
        notes=notes,
    )
