"""Rules of a graph that are checked before anything else looks at it, with names in the messages.

The onnx package's own checker runs afterwards; these checks come first because they say which node
and which value is meant, and keep recursion and big sizes away from what follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import onnx

from .._errors import Corrupt, InvalidArgument, Unsupported, VersionError
from .source import Source
from .text import listed, shown

#: Versions of the default operator set that are read; the newest is the onnx package's.
OPSET_MIN = 7
IR_VERSION_MIN = 3
_DEFAULT_DOMAINS = ("", "ai.onnx")


def node_label(node: onnx.NodeProto, index: int) -> str:
    """Name a node in messages: operator with its domain, name or number and output."""
    operator = f"{shown(node.domain)[1:-1] or 'ai.onnx'}:{shown(node.op_type)[1:-1]}"
    if node.name:
        return f"node {shown(node.name)} ({operator})"
    output = next((name for name in node.output if name), "")
    return f"node {index} with output {shown(output)} ({operator})"


def check_structure(source: Source, operators: Collection[str]) -> int:
    """Check versions, names, order and operators of a file.

    Parameters
    ----------
    source : Source
    operators : collection of str
        Operators of the default domain that can be read.

    Returns
    -------
    int
        The version of the default operator set.

    Raises
    ------
    Corrupt, InvalidArgument
        The graph breaks ONNX's rules.
    Unsupported
        It has what cannot be read here; all unsupported operators are named at once.
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
    _check_operators(source, operators)
    for index, node in enumerate(model.graph.node):
        _check_node(f"{path}: {node_label(node, index)}", node, opset)
    _check_values(source)
    return opset


def _check_versions(source: Source) -> int:
    model, path = source.model, source.path
    if not model.HasField("graph"):
        raise Corrupt(f"{path}: not an ONNX file: it has no graph")
    if not IR_VERSION_MIN <= model.ir_version <= onnx.IR_VERSION:
        raise VersionError(
            f"{path}: IR version {model.ir_version} is not in [{IR_VERSION_MIN}, {onnx.IR_VERSION}]"
            f" that onnx {onnx.__version__} reads"
        )
    domains = [entry.domain for entry in model.opset_import]
    for domain in domains:
        if not isinstance(domain, str) or domains.count(domain) > 1:
            raise InvalidArgument(f"{path}: operator set {shown(domain)} is imported twice")
    versions = [e.version for e in model.opset_import if e.domain in _DEFAULT_DOMAINS]
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


def _check_operators(source: Source, operators: Collection[str]) -> None:
    unknown: dict[str, list[str]] = {}
    nodes = source.model.graph.node
    if not nodes:
        raise InvalidArgument(f"{source.path}: the graph {shown(source.model.graph.name)} is empty")
    for index, node in enumerate(nodes):
        if node.domain not in _DEFAULT_DOMAINS or node.op_type not in operators:
            operator = f"{shown(node.domain or 'ai.onnx')[1:-1]}:{shown(node.op_type)[1:-1]}"
            unknown.setdefault(operator, []).append(node_label(node, index).split(" (")[0])
    if unknown:
        texts = [
            f"{operator} ({labels[0]}" + (f" and {len(labels) - 1} more)" if labels[1:] else ")")
            for operator, labels in unknown.items()
        ]
        raise Unsupported(f"{source.path}: unsupported operators: {listed(texts)}")


def _check_node(where: str, node: onnx.NodeProto, opset: int) -> None:
    """Check numbers of inputs and outputs, and names and types of attributes."""
    try:
        schema = onnx.defs.get_schema(node.op_type, opset, "")
    except onnx.defs.SchemaError as error:
        raise Unsupported(f"{where}: is not in operator set {opset}") from error
    if schema.deprecated:
        raise Unsupported(f"{where}: is deprecated in operator set {opset}")
    if not schema.min_input <= len(node.input) <= schema.max_input:
        raise InvalidArgument(
            f"{where}: has {len(node.input)} inputs, takes {schema.min_input} to {schema.max_input}"
        )
    if not max(schema.min_output, 1) <= len(node.output) <= schema.max_output:
        raise InvalidArgument(
            f"{where}: has {len(node.output)} outputs, gives {schema.min_output} to "
            f"{schema.max_output}"
        )
    if not all(node.input[: schema.min_input]):
        raise InvalidArgument(f"{where}: input {list(node.input).index('')} is left out")
    seen = set()
    for attribute in node.attribute:
        name = f"attribute {shown(attribute.name)}"
        if attribute.name in seen:
            raise InvalidArgument(f"{where}: {name} is given twice")
        seen.add(attribute.name)
        known = schema.attributes.get(attribute.name)
        if known is None:
            raise Unsupported(f"{where}: operator set {opset} knows no {name}")
        given = onnx.AttributeProto.AttributeType.Name(attribute.type)
        if attribute.ref_attr_name or given != _type_name(known):
            raise InvalidArgument(f"{where}: {name} is not of type {_type_name(known)}")
    missing = [name for name, known in schema.attributes.items() if known.required]
    for name in missing:
        if name not in seen:
            raise InvalidArgument(f"{where}: attribute {shown(name)} is missing")


def _type_name(attribute: onnx.defs.OpSchema.Attribute) -> str:
    return str(attribute.type).rpartition(".")[2]


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
