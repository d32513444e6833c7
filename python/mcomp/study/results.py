"""What a measurement gives, before it is stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

#: Samples of a metric: one dimension, any length from 1.
Samples = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.uint8]


@dataclass(frozen=True)
class Metric:
    """One figure with the statistics of the samples behind it. Percentiles by nearest rank."""

    name: str
    unit: str
    value: float
    sample_count: int
    min: float
    p50: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True)
class Measured:
    """What one call that measures gives back; plain data, so that it can travel.

    Attributes
    ----------
    samples : dict
        Metric name to samples, in the order of measuring.
    environment : dict
        Of the machine that measured.
    details : dict
        What ran instead of what was asked, notes, the source of an energy figure.
    """

    samples: Mapping[str, Samples]
    environment: Mapping[str, str]
    details: Mapping[str, object] = field(default_factory=dict)


def nearest_rank(ordered: Samples, percent: float) -> float:
    """Smallest sample that `percent` of all samples do not exceed; `ordered` ascends."""
    rank = max(1, math.ceil(percent / 100.0 * len(ordered)))
    return float(ordered[rank - 1])


def summarize(name: str, unit: str, parts: Sequence[Samples]) -> Metric:
    """Make a metric of the samples of all rounds.

    The value is the median, except for a percentage, where it is 100 times the mean: the samples
    are then 1 for a hit and 0 for a miss.
    """
    samples = np.concatenate(parts)
    ordered = np.sort(samples)
    median = nearest_rank(ordered, 50)
    return Metric(
        name=name,
        unit=unit,
        value=100.0 * float(samples.mean()) if unit == "percent" else median,
        sample_count=len(samples),
        min=float(ordered[0]),
        p50=median,
        p90=nearest_rank(ordered, 90),
        p99=nearest_rank(ordered, 99),
        max=float(ordered[-1]),
    )
