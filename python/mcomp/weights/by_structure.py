"""Finds layers of one network in another by how they are connected, whatever they are called.

Both networks are simplified. Every node gets a colour: its operator, its output's shape and its
weight's; then, again and again, its own colour and those of the nodes before and behind it, in
order (Weisfeiler and Leman's refinement). Layers of the same colour are the same layer if no colour
stands twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .._errors import InvalidArgument
from ..graph_info import Constant, NodeInfo
from ..model import Model
from .onnx_file import window

Colour = int


def match_nodes(ours: Model, theirs: Model, path: str) -> dict[str, NodeInfo]:
    """Pair each Conv and Gemm of ours with one of theirs.

    Returns
    -------
    dict
        Their node by the name of ours.

    Raises
    ------
    InvalidArgument
        The networks differ, or layers cannot be told apart; names some of them.
    """
    table: dict[object, Colour] = {}
    mine, other = _Colouring(ours, table), _Colouring(theirs, table)
    while True:
        before = len(set(mine.colours))
        mine.refine()
        other.refine()
        if len(set(mine.colours)) == before:
            break
    wanted, found = mine.layers(), other.layers()
    counts = Counter(colour for colour, _ in wanted)
    theirs_counts = Counter(colour for colour, _ in found)
    if theirs_counts != counts:
        odd = [node.name for colour, node in wanted if theirs_counts[colour] != counts[colour]]
        raise InvalidArgument(
            f"{path}: its names are unknown, and its structure is not that of {ours.name}: "
            f"{len(wanted)} layers here, {len(found)} there, {len(odd)} without a counterpart"
        )
    twins = [node.name for colour, node in wanted if counts[colour] > 1]
    if twins:
        raise InvalidArgument(
            f"{path}: its names are unknown, and by its structure layers {', '.join(twins[:3])} "
            "cannot be told apart"
        )
    by_colour = dict(found)
    return {node.name: by_colour[colour] for colour, node in wanted}


class _Colouring:
    """The colours of a network's nodes; one table numbers those of both networks."""

    def __init__(self, model: Model, table: dict[object, Colour]) -> None:
        self.table = table
        self.nodes, inputs = _plain_nodes(model)
        producers = {node.output: index for index, node in enumerate(self.nodes)}
        self.before = [
            [producers.get(name, -1) for name in inputs[node.name]] for node in self.nodes
        ]
        self.behind: list[list[tuple[int, int]]] = [[] for _ in self.nodes]
        for index, read in enumerate(self.before):
            for place, producer in enumerate(read):
                if producer >= 0:
                    self.behind[producer].append((place, index))
        constants = model.constants
        self.colours = [self._number(self._first(node, constants)) for node in self.nodes]

    def _number(self, key: object) -> Colour:
        return self.table.setdefault(key, len(self.table))

    @staticmethod
    def _first(node: NodeInfo, constants: Mapping[str, Constant]) -> object:
        weight: tuple[int, ...] = ()
        if node.op in ("Conv", "Gemm") and node.inputs[1] in constants:
            weight = constants[str(node.inputs[1])].shape
        sliding = str(window(node)) if node.op == "Conv" else ""
        return node.op, node.shape, weight, sliding

    def refine(self) -> None:
        """Tell nodes apart whose neighbours differ."""
        old = self.colours
        self.colours = [
            self._number(
                (
                    old[index],
                    tuple(old[one] if one >= 0 else -1 for one in self.before[index]),
                    tuple(sorted((place, old[one]) for place, one in self.behind[index])),
                )
            )
            for index in range(len(self.nodes))
        ]

    def layers(self) -> list[tuple[Colour, NodeInfo]]:
        """List the colours of nodes with weights."""
        return [
            (colour, node)
            for colour, node in zip(self.colours, self.nodes, strict=True)
            if node.op in ("Conv", "Gemm")
        ]


def _plain_nodes(model: Model) -> tuple[list[NodeInfo], dict[str, list[str]]]:
    """List nodes and, by node, the values they read, as if written in the plainest way.

    A pool may bring its padding or have a Pad before it; a Concat of Concats is one Concat.
    """
    readers: dict[str, list[NodeInfo]] = {}
    for node in model.nodes:
        for name in node.inputs:
            readers.setdefault(str(name), []).append(node)
    stand_ins: dict[str, list[str]] = {}
    kept: list[NodeInfo] = []
    inputs: dict[str, list[str]] = {}
    for node in model.nodes:
        names = [one for name in node.inputs for one in stand_ins.get(str(name), [str(name)])]
        behind = readers.get(node.output, [])
        inner = node.op == "Concat" and behind and all(one.op == "Concat" for one in behind)
        if inner or node.op == "Pad":
            stand_ins[node.output] = names if inner else names[:1]
        else:
            kept.append(node)
            inputs[node.name] = names
    return kept, inputs
