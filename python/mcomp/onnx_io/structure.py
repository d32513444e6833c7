"""Rules of a graph that are checked before anything else looks at it, with names in the messages.

The onnx package's own checker runs afterwards; these checks come first because they say which node
and which value is meant, and keep recursion and big sizes away from what follows.
"""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from .._errors import Corrupt, InvalidArgument, Unsupported, VersionError
from .source import Source
from .text import listed, shown

#: Versions of the default operator set that are read; the newest is the onnx package's.
OPSET_MIN = 1
IR_VERSION_MIN = 3
DEFAULT_DOMAINS = ("", "ai.onnx")


def operator_name(node: onnx.NodeProto) -> str:
    """Name a node's operator with its domain."""
    return f"{shown(node.domain)[1:-1] or 'ai.onnx'}:{shown(node.op_type)[1:-1]}"


def node_subject(node: onnx.NodeProto, index: int) -> str:
    """Name a node: its name, or number and output."""
    if node.name:
        return f"node {shown(node.name)}"
    output = next((name for name in node.output if name), "")
    return f"node {index} with output {shown(output)}"


def node_label(node: onnx.NodeProto, index: int) -> str:
    """Name a node and its operator in messages."""
    return f"{node_subject(node, index)} ({operator_name(node)})"


def check_structure(source: Source) -> int:
    """Check versions, names and order of a file.

    Returns
    -------
    int
        The version of the default operator set.

    Raises
    ------
    Corrupt, InvalidArgument
        The graph breaks ONNX's rules.
    Unsupported
        It has parts that are not read: functions, training, sparse initialisers.
    VersionError
        The format or operator set is older or newer than what is read.
    """
    opset = _check_versions(source)
    model, path = source.model, source.path
    if model.functions:
        names = listed([shown(function.name) for function in model.functions])
        raise Unsupported(f"{path}: functions of the model's own are not read: {names}")
    if model.training_info:
        raise Unsupported(f"{path}: training information is not read")
    if model.graph.sparse_initializer:
        names = listed([shown(sparse.values.name) for sparse in model.graph.sparse_initializer])
        raise Unsupported(f"{path}: sparse initialisers are not read: {names}")
    _check_texts(source)
    if not model.graph.node:
        raise InvalidArgument(f"{path}: the graph {shown(model.graph.name)} is empty")
    _check_values(source)
    return opset


def _check_versions(source: Source) -> int:
    model, path = source.model, source.path
    if not model.HasField("graph"):
        raise Corrupt(f"{path}: not an ONNX file, or cut off: it has no graph")
    if not IR_VERSION_MIN <= model.ir_version <= onnx.IR_VERSION:
        raise VersionError(
            f"{path}: IR version {model.ir_version} is not in [{IR_VERSION_MIN}, {onnx.IR_VERSION}]"
            f" that onnx {onnx.__version__} reads"
        )
    domains = [entry.domain for entry in model.opset_import]
    for domain in domains:
        if not isinstance(domain, str) or domains.count(domain) > 1:
            raise InvalidArgument(f"{path}: operator set {shown(domain)} is imported twice")
    versions = [e.version for e in model.opset_import if e.domain in DEFAULT_DOMAINS]
    if len(versions) != 1:
        raise InvalidArgument(f"{path}: imports the operator set ai.onnx {len(versions)} times")
    newest = onnx.defs.onnx_opset_version()
    if not OPSET_MIN <= versions[0] <= newest:
        raise VersionError(
            f"{path}: operator set ai.onnx {versions[0]} is not in [{OPSET_MIN}, {newest}] that is "
            f"read with onnx {onnx.__version__}"
        )
    return int(versions[0])


def _texts(model: onnx.ModelProto) -> Iterable[tuple[str, str]]:
    graph = model.graph
    yield "the graph's name", graph.name
    for entry in model.metadata_props:
        yield "a metadata key", entry.key
        yield "a metadata text", entry.value
    for value in (*graph.input, *graph.output, *graph.value_info):
        yield "a value's name", value.name
    for tensor in graph.initializer:
        yield "an initialiser's name", tensor.name
    for node in graph.node:
        yield "a node's name", node.name
        yield "a node's operator", node.op_type
        yield "a node's domain", node.domain
        for name in (*node.input, *node.output):
            yield "a value's name", name
        for attribute in node.attribute:
            yield "an attribute's name", attribute.name


def _check_texts(source: Source) -> None:
    # The protobuf library gives bytes where a text is not UTF-8.
    for what, text in _texts(source.model):
        if not isinstance(text, str):
            raise Corrupt(f"{source.path}: {what} is not UTF-8: {shown(text)}")
        if "\0" in text:
            raise InvalidArgument(f"{source.path}: {what} holds a NUL: {shown(text)}")


def _check_values(source: Source) -> None:
    graph, path = source.model.graph, source.path
    _check_unique(path, "graph input", [value.name for value in graph.input])
    _check_unique(path, "initialiser", [tensor.name for tensor in graph.initializer])
    _check_unique(path, "graph output", [value.name for value in graph.output])
    _check_unique(path, "metadata", [entry.key for entry in source.model.metadata_props])
    if not graph.output:
        raise InvalidArgument(f"{path}: the graph {shown(graph.name)} has no output")
    given = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    producers: dict[str, int] = {}
    for index, node in enumerate(graph.node):
        for name in node.output:
            if name and (name in given or name in producers):
                raise InvalidArgument(
                    f"{path}: {node_label(node, index)}: output {shown(name)} is made already by "
                    + (
                        node_label(graph.node[producers[name]], producers[name])
                        if name in producers
                        else "an input or initialiser"
                    )
                )
        producers.update((name, index) for name in node.output if name)
    for index, node in enumerate(graph.node):
        for name in node.input:
            if name and name not in given and producers.get(name, index) >= index:
                _fail_input(source, producers, index, name)
    for value in graph.output:
        if value.name not in given and value.name not in producers:
            raise InvalidArgument(f"{path}: nothing makes the graph output {shown(value.name)}")


def _check_unique(path: str, what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name:
            raise InvalidArgument(f"{path}: the name of {what} {len(seen)} is empty")
        if name in seen:
            raise InvalidArgument(f"{path}: {what} {shown(name)} is there twice")
        seen.add(name)


def _fail_input(source: Source, producers: dict[str, int], index: int, name: str) -> None:
    """Say what is wrong with an input that no node before makes."""
    graph = source.model.graph
    where = f"{source.path}: {node_label(graph.node[index], index)}: input {shown(name)}"
    if name not in producers:
        raise InvalidArgument(f"{where} is missing: no node, initialiser or graph input makes it")
    later = node_label(graph.node[producers[name]], producers[name])
    if _reaches(graph, producers, producers[name], index):
        raise InvalidArgument(f"{where} is part of a cycle: {later} makes it from this node")
    raise InvalidArgument(f"{where} comes from {later}, which stands later: nodes are not sorted")


def _reaches(graph: onnx.GraphProto, producers: dict[str, int], start: int, target: int) -> bool:
    """Tell whether node ``start`` depends on node ``target``."""
    waiting = [start]
    seen: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index == target:
            return True
        if index not in seen:
            seen.add(index)
            waiting.extend(producers[name] for name in graph.node[index].input if name in producers)
    return False
