"""Passes against short oracles in numpy: masks, codebooks, integers, Huffman codes and gaps.

Every test builds a network of one layer from random weights, compresses it and compares.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import mcomp
from mcomp.graph_info import Constant

Floats = NDArray[np.float32]
MAX_EXAMPLES = 60

sparsities = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@st.composite
def weights(draw: st.DrawFn, *, rows: int = 12, columns: int = 40) -> Floats:
    """A weight [O, I] of float32, about 0, sometimes so coarse that many are equal or 0."""
    shape = draw(st.tuples(st.integers(1, rows), st.integers(2, columns)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = random.standard_normal(shape) ** 3
    if draw(st.booleans()):
        values = np.round(values * 4) / 4
    return values.astype(np.float32) + np.float32(0)  # no negative zeros


def network(values: Floats) -> mcomp.Model:
    """A Gemm with this weight, which is called `ip_weight`."""
    builder = mcomp.GraphBuilder("one")
    x = builder.add_input("x", [None, values.shape[1]])
    weight = builder.add_constant("ip_weight", values)
    builder.mark_output(builder.add_node("Gemm", "ip", [x, weight], {"transB": 1}))
    return builder.finish()


def compressed(values: Floats, recipe: str) -> Constant:
    """What a recipe makes of a weight."""
    return network(values).compress(recipe).constants["ip_weight"]


def smallest(magnitudes: NDArray[np.floating], sparsity: float) -> NDArray[np.bool_]:
    """Which are pruned: round(sparsity x n) of the smallest, of equal ones the first."""
    order = np.argsort(magnitudes.ravel(), kind="stable")
    pruned = np.zeros(magnitudes.size, bool)
    pruned[order[: round(sparsity * magnitudes.size)]] = True
    return pruned.reshape(magnitudes.shape)


@given(values=weights(), sparsity=sparsities)
@settings(max_examples=MAX_EXAMPLES)
def test_mask(values: Floats, sparsity: float) -> None:
    found = compressed(values, f"prune.magnitude sparsity={sparsity}").values()
    np.testing.assert_array_equal(found, np.where(smallest(np.abs(values), sparsity), 0, values))


@given(values=weights(), sparsity=sparsities, rows=st.integers(1, 5), columns=st.integers(1, 5))
@settings(max_examples=MAX_EXAMPLES)
def test_block_mask(values: Floats, sparsity: float, rows: int, columns: int) -> None:
    recipe = f"prune.magnitude sparsity={sparsity} block={rows}x{columns}"
    found = compressed(values, recipe).values()
    row_ends = range(0, values.shape[0], rows)
    column_ends = range(0, values.shape[1], columns)
    blocks = [values[r : r + rows, c : c + columns] for r in row_ends for c in column_ends]
    ranks = [np.float32(np.sqrt(np.mean(block.astype(np.float64) ** 2))) for block in blocks]
    wanted = values.copy()
    pruned = iter(smallest(np.array(ranks), sparsity))
    for r in row_ends:
        for c in column_ends:
            if next(pruned):
                wanted[r : r + rows, c : c + columns] = 0
    np.testing.assert_array_equal(found, wanted)


@given(values=weights(), n=st.integers(1, 7), more=st.integers(1, 8))
@settings(max_examples=MAX_EXAMPLES)
def test_n_of_m_mask(values: Floats, n: int, more: int) -> None:
    m = n + more
    found = compressed(values, f"prune.magnitude block={n}:{m}").values()
    wanted = values.copy()
    for row in wanted:
        for start in range(0, len(row), m):
            group = row[start : start + m]
            surplus = max(0, len(group) - n)
            group[np.argsort(np.abs(group), kind="stable")[:surplus]] = 0
    np.testing.assert_array_equal(found, wanted)


def optimal_error(values: NDArray[np.float64], clusters: int) -> float:
    """Least squared error of sorted numbers in so many runs, by trying every last run."""
    sums = np.concatenate(([0], np.cumsum(values)))
    squares = np.concatenate(([0], np.cumsum(values**2)))
    ends = np.arange(len(values) + 1)
    least = np.where(ends == 0, 0, np.inf)
    for _ in range(clusters):
        grown = np.full(len(ends), np.inf)
        for end in ends[1:]:
            counts = end - ends[:end]
            errors = squares[end] - squares[:end] - (sums[end] - sums[:end]) ** 2 / counts
            grown[end] = (least[:end] + errors).min()
        least = grown
    return float(least[-1])


@given(
    values=weights(),
    bits=st.integers(1, 8),
    init=st.sampled_from(["linear", "density", "random", "exact"]),
    sparsity=st.sampled_from([0.0, 0.5]),
)
@settings(max_examples=MAX_EXAMPLES)
def test_codebook(values: Floats, bits: int, init: str, sparsity: float) -> None:
    prune = f"prune.magnitude sparsity={sparsity}; "
    before = compressed(values, prune + "store.dense").values()
    constant = compressed(values, f"{prune}share.kmeans bits={bits} init={init}; store.dense")
    found, symbols, codebook = constant.values(), constant.symbols(), constant.codebook
    assert symbols is not None
    assert codebook is not None
    np.testing.assert_array_equal(found, codebook[symbols])
    zero, zeros = before == 0, bool((before == 0).any())
    assert len(codebook) <= 2**bits
    if zeros:
        assert codebook[0] == 0
        np.testing.assert_array_equal(symbols == 0, zero)
    others, entries = before[~zero].astype(np.float64), codebook[zeros:].astype(np.float64)
    if others.size == 0:
        return
    # Each has the nearest of the entries for numbers that are not 0.
    distances = np.abs(others[:, None] - entries[None, :])
    np.testing.assert_array_equal(np.abs(others - found[~zero]), distances.min(axis=1))
    room = 2**bits - zeros
    distinct = np.unique(others)
    if len(distinct) <= room:
        np.testing.assert_array_equal(found, before)
    elif init == "exact":
        error = float(((found[~zero] - others) ** 2).sum())
        least = optimal_error(np.sort(others), room)
        assert error == pytest.approx(least, rel=1e-5, abs=1e-9 * float((others**2).sum()))


@given(
    values=weights(),
    bits=st.integers(2, 8),
    granularity=st.sampled_from(["tensor", "channel"]),
)
@settings(max_examples=MAX_EXAMPLES)
def test_integers(values: Floats, bits: int, granularity: str) -> None:
    constant = compressed(
        values, f"quantize.weights bits={bits} granularity={granularity}; store.dense"
    )
    symbols, scales = constant.symbols(), constant.scales
    assert symbols is not None
    assert scales is not None
    limit = 2 ** (bits - 1) - 1
    axis = None if granularity == "tensor" else 1
    greatest = np.abs(values.astype(np.float64)).max(axis=axis, keepdims=True)
    steps = np.where(greatest == 0, 1, greatest / limit).astype(np.float32)
    np.testing.assert_array_equal(scales, steps.ravel())
    integers = np.clip(np.rint(values.astype(np.float64) / steps), -limit, limit)
    np.testing.assert_array_equal(symbols, integers + limit + 1)
    np.testing.assert_array_equal(constant.values(), steps * integers.astype(np.float32))


@given(values=weights(), bits=st.integers(2, 8))
@settings(max_examples=MAX_EXAMPLES)
def test_clipped_integers_are_no_worse(values: Floats, bits: int) -> None:
    def error(scale: str) -> float:
        recipe = f"quantize.weights bits={bits} scale={scale}"
        found = compressed(values, recipe).values().astype(np.float64)
        return float(((found - values) ** 2).sum())

    assert error("mse") <= error("minmax") * (1 + 1e-12)


def huffman_bits(counts: Iterable[int]) -> int:
    """Bits of the best prefix code; a lone symbol takes one bit each time."""
    queue = list(counts)
    if len(queue) == 1:
        return queue[0]
    heapq.heapify(queue)
    bits = 0
    while len(queue) > 1:
        merged = heapq.heappop(queue) + heapq.heappop(queue)
        bits += merged
        heapq.heappush(queue, merged)
    return bits


def table_nbytes(used: Iterable[int]) -> int:
    """Bytes of code lengths: four bits each, up to 16 unused symbols in a row in eight."""
    nibbles, following = 0, 0
    for symbol in sorted(used):
        unused = symbol - following
        nibbles += 1 + 2 * ((unused + 15) // 16)
        following = symbol + 1
    return (nibbles + 1) // 2


def coded_nbytes(symbols: Iterable[int]) -> int:
    """Bytes of Huffman-coded symbols and of the table of their code."""
    counts = Counter(symbols)
    return (huffman_bits(counts.values()) + 7) // 8 + table_nbytes(counts)


def gaps_of(kept: NDArray[np.bool_], gap_bits: int) -> list[int]:
    """Runs left out before each that is kept, long ones cut by fillers."""
    filler, gaps, last = 2**gap_bits - 1, [], -1
    for place in np.flatnonzero(kept):
        fillers, gap = divmod(int(place) - last - 1, filler)
        gaps += [filler] * fillers + [gap]
        last = int(place)
    return gaps


@given(values=weights(), bits=st.integers(1, 8), sparsity=sparsities)
@settings(max_examples=MAX_EXAMPLES)
def test_dense_huffman_takes_the_least_bits(values: Floats, bits: int, sparsity: float) -> None:
    recipe = f"prune.magnitude sparsity={sparsity}; share.kmeans bits={bits}; "
    constant = compressed(values, recipe + "encode.huffman layout=dense")
    symbols, codebook = constant.symbols(), constant.codebook
    assert symbols is not None
    assert codebook is not None
    wanted = coded_nbytes(symbols.ravel().tolist()) + 4 * len(codebook)
    assert constant.stored_nbytes == wanted
    plain = compressed(values, recipe + "store.dense")
    np.testing.assert_array_equal(constant.values(), plain.values())


@given(values=weights(), sparsity=sparsities, gap_bits=st.integers(2, 12))
@settings(max_examples=MAX_EXAMPLES)
def test_gaps_take_the_least_bits(values: Floats, sparsity: float, gap_bits: int) -> None:
    recipe = f"prune.magnitude sparsity={sparsity}; share.kmeans bits=4; "
    model = network(values).compress(f"{recipe}encode.huffman layout=gaps gap_bits={gap_bits}")
    constant = model.constants["ip_weight"]
    plain = compressed(values, recipe + "store.dense").values()
    np.testing.assert_array_equal(constant.values(), plain)
    if (plain != 0).all():
        assert "no zeros to leave out" in model.notes[0]
        return
    symbols, codebook = constant.symbols(), constant.codebook
    assert symbols is not None
    assert codebook is not None
    kept = plain.ravel() != 0
    stored = coded_nbytes(symbols.ravel()[kept].tolist())
    wanted = stored + coded_nbytes(gaps_of(kept, gap_bits)) + 4 * len(codebook)
    assert constant.stored_nbytes == wanted
