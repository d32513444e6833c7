"""The figures of the quick study: one function each, from rows to a drawing; no file is read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mcomp.study import Drawing, Row, Rows
from mcomp.study.rows import SPREAD_LIMIT
from mcomp.study.style import GREYS, HATCHES, marker_of, new_figure

KIB = 1024.0
NS_PER_MS = 1e6
SPREAD_TEXT = f"* 90th percentile above {SPREAD_LIMIT} times the fastest run: was the machine busy?"


def size_against_accuracy(rows: Rows) -> Drawing:
    """File size against top-1 accuracy; bars are one standard error of the share of hits."""
    models = rows.distinct("model")
    recipes = rows.distinct("recipe")
    devices = [device for device in rows.distinct("device") if device]
    figure, axes = new_figure(1, len(models), 3.3, sharey=True)
    numbers: list[dict[str, Any]] = []
    for axis, model in zip(axes[0], models, strict=True):
        here = rows.where(model=model)
        for file in here.where(metric="file_nbytes"):
            for place, device in enumerate(devices):
                hits = here.where(metric="top1", recipe=file.recipe, seed=file.seed, device=device)
                entry = _size_and_accuracy(file, hits[0] if hits else None, device)
                look = marker_of(recipes.index(file.recipe)) | _ring_of(place)
                _size_point(axis, entry, look, error=place == 0)
                numbers.append(entry)
        axis.set_xscale("log")
        axis.set_xlabel("file size, KiB")
        _say_ratios(axis, here)
        axis.set_title(model, loc="left")
    axes[0][0].set_ylabel("top-1 accuracy, % (± one standard error)")
    drawn = {entry["recipe"] for entry in numbers if entry["top1_percent"] is not None}
    handles = [
        _legend_marker(f"{recipe}{'' if recipe in drawn else ' (missing)'}", **marker_of(index))
        for index, recipe in enumerate(recipes)
    ]
    for place, device in enumerate(devices):
        look = {"marker": "o", "color": "0.6", "markeredgecolor": "black"} | _ring_of(place)
        handles.append(_legend_marker(f"on {device}", **look))
    figure.legend(handles=handles, loc="outside right upper")
    return Drawing(figure, numbers)


def time_by_recipe(rows: Rows) -> Drawing:
    """Median time of one run; the line reaches from the fastest run to the 90th percentile."""
    places, recipes = _places(rows, "latency_ns"), rows.distinct("recipe")
    figure, axes = new_figure(
        len(rows.distinct("model")), len(places), _height(rows, recipes), sharey=True
    )
    numbers: list[dict[str, Any]] = []
    for line, model in zip(axes, rows.distinct("model"), strict=True):
        for axis, (device, threads) in zip(line, places, strict=True):
            for position, recipe in enumerate(recipes):
                found = rows.where(
                    model=model, recipe=recipe, device=device, threads=threads, metric="latency_ns"
                )
                numbers += [
                    {
                        "model": model,
                        "recipe": recipe,
                        "seed": row.seed,
                        "device": device,
                        "threads": threads,
                        "runs": row.sample_count,
                        "min_ms": _scaled(row.min, NS_PER_MS),
                        "median_ms": _scaled(row.value, NS_PER_MS),
                        "p90_ms": _scaled(row.p90, NS_PER_MS),
                    }
                    for row in found
                ]
                _time_bar(axis, position, found)
            axis.set_xlabel("time a run, ms")
            axis.set_title(f"{model} on {device}, {_threads_text(threads)}", loc="left")
            _label_recipes(axis, recipes)
    if any(row.is_spread for row in rows.where(metric="latency_ns")):
        figure.supxlabel(SPREAD_TEXT, fontsize=7.5)
    return Drawing(figure, numbers)


def memory_by_recipe(rows: Rows) -> Drawing:
    """Bytes on disk and in memory: the file, what a session holds, and how the process grew."""
    places, recipes = _places(rows, "peak_memory_nbytes"), rows.distinct("recipe")
    figure, axes = new_figure(
        len(rows.distinct("model")), len(places), 1.7 * _height(rows, recipes), sharey=True
    )
    numbers: list[dict[str, Any]] = []
    bars = (
        ("file", ("file_nbytes",), 0),
        ("weights held", ("weights_nbytes",), 1),
        ("activations held", ("activations_nbytes",), 1),
        ("growth of the process", ("peak_memory_nbytes",), 2),
    )
    for line, model in zip(axes, rows.distinct("model"), strict=True):
        for axis, (device, threads) in zip(line, places, strict=True):
            for position, recipe in enumerate(recipes):
                variant = rows.where(model=model, recipe=recipe)
                here = Rows(
                    row
                    for row in variant
                    if row.device in ("", device) and row.threads in (0, threads)
                )
                entry: dict[str, Any] = {
                    "model": model,
                    "recipe": recipe,
                    "device": device,
                    "threads": threads,
                }
                held = 0.0
                for look, (_, (metric,), slot) in enumerate(bars):
                    value = _median(here.where(metric=metric))
                    entry[metric] = value
                    y = position + (slot - 1) * 0.27
                    if value is None:
                        if metric != "activations_nbytes":  # stands behind the weights
                            _mark_missing(axis, y, here.where(metric=metric))
                        continue
                    left = held if metric == "activations_nbytes" else 0.0
                    held = value if metric == "weights_nbytes" else held
                    axis.barh(
                        y,
                        value / KIB,
                        left=left / KIB,
                        height=0.25,
                        color=GREYS[look],
                        hatch=HATCHES[look],
                        edgecolor="black",
                        linewidth=0.6,
                    )
                numbers.append(entry)
            axis.set_xlabel("KiB")
            axis.set_title(f"{model} on {device}, {_threads_text(threads)}", loc="left")
            _label_recipes(axis, recipes)
    figure.legend(
        handles=[_legend_bar(label, look) for look, (label, _, _) in enumerate(bars)],
        loc="outside upper left",
        ncols=len(bars),
    )
    return Drawing(figure, numbers)


#: What `mcomp study figures` draws.
FIGURES = (size_against_accuracy, time_by_recipe, memory_by_recipe)


def _size_and_accuracy(file: Row, hits: Row | None, device: str) -> dict[str, Any]:
    """Numbers of one point; None where they are missing."""
    return {
        "model": file.model,
        "recipe": file.recipe,
        "seed": file.seed,
        "device": device,
        "file_nbytes": file.value,
        "top1_percent": hits.value if hits else None,
        "standard_error_percent": _standard_error(hits),
        "images": hits.sample_count if hits else 0,
    }


def _size_point(axis: Any, entry: dict[str, Any], look: dict[str, Any], *, error: bool) -> None:
    if entry["file_nbytes"] is None or entry["top1_percent"] is None:
        return
    x, y = entry["file_nbytes"] / KIB, entry["top1_percent"]
    if error:
        axis.errorbar(
            x, y, yerr=entry["standard_error_percent"], fmt="none", ecolor="0.4", capsize=2.5,
            elinewidth=0.9, zorder=2,
        )  # fmt: skip
    axis.plot([x], [y], linestyle="none", zorder=3, **look)


def _ring_of(place: int) -> dict[str, Any]:
    """Fill the marker of the first device; every other one draws a wider ring around it."""
    return {"markerfacecolor": "none", "markersize": 7 + 3 * place} if place else {}


def _standard_error(hit: Row | None) -> float | None:
    """Of a share of hits, in percent."""
    if hit is None or hit.value is None:
        return None
    return math.sqrt(hit.value * (100.0 - hit.value) / hit.sample_count)


def _places(rows: Rows, metric: str) -> list[tuple[str, int]]:
    return list(dict.fromkeys((row.device, row.threads) for row in rows.where(metric=metric)))


def _height(rows: Rows, recipes: list[str]) -> float:
    return len(rows.distinct("model")) * (0.8 + 0.27 * len(recipes))


def _scaled(value: float | None, divisor: float) -> float | None:
    return None if value is None else value / divisor


def _median(rows: Rows) -> float | None:
    values = np.sort(rows.values())
    return float(values[(len(values) - 1) // 2]) if len(values) else None


def _time_bar(axis: Any, position: int, rows: Rows) -> None:
    """One bar: the median over seeds; its line covers the spread of all of them."""
    median = _median(rows)
    if median is None:
        _mark_missing(axis, position, rows)
        return
    low = min(row.min for row in rows if row.min is not None)
    high = max(row.p90 for row in rows if row.p90 is not None)
    axis.barh(
        position, median / NS_PER_MS, height=0.62, color=GREYS[1], edgecolor="black", linewidth=0.6
    )
    axis.errorbar(
        median / NS_PER_MS,
        position,
        xerr=[[(median - low) / NS_PER_MS], [max(0.0, high - median) / NS_PER_MS]],
        color="black",
        capsize=2.5,
        elinewidth=0.9,
    )
    mark = " *" if any(row.is_spread for row in rows) else ""
    axis.annotate(  # at the bar's end, above the line
        f"{median / NS_PER_MS:#.3g}{mark}",
        (median / NS_PER_MS, position),
        xytext=(3, 5.5),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )
    axis.margins(x=0.16)


def _mark_missing(axis: Any, y: float, rows: Rows) -> None:
    status = next((row.status for row in rows), "missing")
    axis.annotate(
        status,
        (0, y),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
        style="italic",
        color="0.35",
    )


def _label_recipes(axis: Any, recipes: list[str]) -> None:
    """Recipes from top to bottom in the order of the study."""
    axis.set_yticks(range(len(recipes)), recipes)
    axis.set_ylim(len(recipes) - 0.5, -0.5)
    axis.set_xlim(left=0)
    axis.grid(axis="y", visible=False)
    axis.tick_params(axis="y", length=0)


def _say_ratios(axis: Any, rows: Rows) -> None:
    """Add an axis on top: how many times smaller than float32 the file is."""
    whole = _median(rows.where(metric="float_nbytes"))
    _round_ticks(axis.xaxis)
    if whole is None:
        return

    def swap(x: Any) -> Any:
        return whole / KIB / np.maximum(x, 1e-9)

    top = axis.secondary_xaxis("top", functions=(swap, swap))
    top.set_xlabel("times smaller than float32")
    _round_ticks(top.xaxis)


def _round_ticks(axis: Any) -> None:
    """Label 1, 2 and 5 of every decade, written out."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")


def _legend_marker(label: str, **look: Any) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, linestyle="none", **look)


def _legend_bar(label: str, look: int) -> Any:
    from matplotlib.patches import Patch

    return Patch(
        label=label, facecolor=GREYS[look], hatch=HATCHES[look], edgecolor="black", linewidth=0.6
    )


def _threads_text(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"
