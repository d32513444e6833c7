"""Building a network node by node."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arguments import array_of, items, mapping, numbers, text, wrong
from ._arrays import DTYPE_NAMES, AnyArray, c_shape, new_quantized_tensor, new_tensor
from ._errors import InvalidArgument, check
from ._handles import Handle, c_text, integer, new_info
from ._native import ffi, lib
from .context import Context, context_or_default
from .graph_info import symbolic_shape

if TYPE_CHECKING:
    from ._native import CData
    from .model import Model

AttributeValue = int | float | str | Sequence[int] | Sequence[float]


class GraphBuilder(Handle):
    """Builds a network in order: inputs and constants, then nodes that use what exists already.

    Values are numbers, as the ``add_`` methods give them. Operators and their attributes are those
    of ONNX. Belongs to one thread at a time.

    Parameters
    ----------
    name
        The network's name.
    context
        None: the default one.

    Examples
    --------
    >>> import numpy as np
    >>> builder = GraphBuilder("scale")
    >>> x = builder.add_input("x", (None, 4))
    >>> weight = builder.add_constant("weight", np.full((2, 4), 0.5, np.float32))
    >>> y = builder.add_node("Gemm", "y", [x, weight], {"transB": 1})
    >>> builder.mark_output(y)
    >>> builder.finish().run(np.ones((1, 4), np.float32))
    array([[2., 2.]], dtype=float32)
    """

    _kind = "graph builder"

    def __init__(self, name: str = "", *, context: Context | None = None) -> None:
        made = context_or_default(context)
        self._start(name, made, made._use())

    def _start(self, name: str, context: Context, root: CData) -> None:
        self._context = context
        self._root = root  # the library's context, alive even when its object was closed
        out = ffi.new("mcomp_graph **")
        check(lib.mcomp_graph_create(root, c_text("name", name), out))
        self._own(out[0], lib.mcomp_graph_destroy)

    @classmethod
    def _beside(cls, model: Model) -> GraphBuilder:
        """Start a network of the same name in a model's context, which may be closed."""
        builder = object.__new__(cls)
        builder._start(model.name, model._context, model._root)
        return builder

    @property
    def context(self) -> Context:
        """The context that the network is made in."""
        return self._context

    def add_input(self, name: str, shape: Sequence[int | None]) -> int:
        """Add a float32 input.

        Parameters
        ----------
        name
            Unique among values, not empty.
        shape
            Extents; the first, the batch, is None or -1, the others are above 0.

        Returns
        -------
        int
            The value's number.
        """
        extents = [
            lib.MCOMP_BATCH if extent is None else extent for extent in items("shape", shape)
        ]
        out = ffi.new("mcomp_value *")
        check(
            lib.mcomp_graph_add_input(
                self._use(), c_text("name", name), len(extents), c_shape(extents), out
            )
        )
        return int(out[0])

    def add_constant(self, name: str, array: AnyArray) -> int:
        """Add a plain tensor, copied: float32, float16, int32, int64, uint8 or int8.

        Returns
        -------
        int
            The value's number.

        Raises
        ------
        ShapeError
            Another dtype, or more than six axes.
        """
        values = array_of(f"constant {text('name', name)}", array)
        return self.add_tensor(name, new_tensor(self._root, f"constant {name}", values))

    def add_tensor(self, name: str, handle: CData) -> int:
        """Add a constant that is a tensor of the library already, such as ``Constant.handle``.

        Returns
        -------
        int
            The value's number.
        """
        out = ffi.new("mcomp_value *")
        graph, encoded = self._use(), c_text("name", name)
        try:
            status = lib.mcomp_graph_add_constant(graph, encoded, handle, out)
        except TypeError:
            raise wrong("handle", "a tensor of the library", handle) from None
        check(status)
        return int(out[0])

    def add_quantized(
        self,
        name: str,
        array: AnyArray,
        scales: AnyArray | Sequence[float] | float,
        zero_points: AnyArray | Sequence[int] | int | None = None,
    ) -> int:
        """Add an 8-bit weight that was quantised elsewhere: ``scale * (array - zero_point)``.

        Parameters
        ----------
        name
            Unique among values, not empty.
        array
            uint8 or int8; the first axis is the output channel.
        scales
            One positive finite number, or one for each output channel.
        zero_points
            As many integers in the dtype's range, None: all 0.

        Returns
        -------
        int
            The value's number.
        """
        what = f"constant {text('name', name)}"
        tensor = new_quantized_tensor(
            self._root,
            what,
            array_of(what, array),
            numbers(f"{what}: scales", scales),
            None if zero_points is None else numbers(f"{what}: zero_points", zero_points),
        )
        return self.add_tensor(name, tensor)

    def add_node(
        self,
        op: str,
        name: str,
        inputs: Sequence[int | None],
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> int:
        """Add a node with one output.

        Parameters
        ----------
        op
            An operator of :func:`mcomp.operators`.
        name
            The node's name and its output's, unique among values, not empty.
        inputs
            Numbers of values; None where an optional one is left out.
        attributes
            By name: integers, reals or text, one or several.

        Returns
        -------
        int
            The output value's number.

        Raises
        ------
        Unsupported
            Unknown operator or attribute.
        InvalidArgument
            An attribute, a number of inputs or a name out of range.
        ShapeError
            Shapes do not fit; names node, inputs and extents.
        """
        values = [
            lib.MCOMP_NO_VALUE
            if value is None
            else integer(f"node {name}: input", value, 0, 2**31 - 1)
            for value in items(f"node {text('name', name)}: inputs", inputs)
        ]
        given = {} if attributes is None else mapping(f"node {name}: attributes", attributes)
        keep: list[CData] = []
        packed = ffi.new("mcomp_attribute[]", max(1, len(given)))
        for index, (key, value) in enumerate(given.items()):
            _pack_attribute(f"node {name}: attribute {key}", packed[index], key, value, keep)
        out = ffi.new("mcomp_value *")
        check(
            lib.mcomp_graph_add_node(
                self._use(),
                c_text("op", op),
                c_text("name", name),
                ffi.new("mcomp_value[]", values),
                len(values),
                packed,
                len(given),
                out,
            )
        )
        return int(out[0])

    def shape(self, value: int) -> tuple[int | None, ...]:
        """Give the extents of a value, None for the batch.

        Raises
        ------
        NotFound
            There is no such value.
        """
        return symbolic_shape(self._value_info(value))

    def dtype(self, value: int) -> str:
        """Give the dtype of a value: ``float32``; ``uint8`` or ``int8`` of a quantised one.

        Raises
        ------
        NotFound
            There is no such value.
        """
        return DTYPE_NAMES[self._value_info(value).dtype]

    def _value_info(self, value: int) -> CData:
        info = new_info("mcomp_value_info")
        number = integer("value", value, -(2**31), 2**31 - 1)
        check(lib.mcomp_graph_get_value(self._use(), number, info))
        return info

    def mark_output(self, value: int) -> None:
        """Make a value an output of the network, in the order of calls."""
        number = integer("value", value, -(2**31), 2**31 - 1)
        check(lib.mcomp_graph_mark_output(self._use(), number))

    def set_metadata(self, key: str, text: str) -> None:
        """Keep a text with the network; replaces one of the same key."""
        graph = self._use()
        check(lib.mcomp_graph_set_metadata(graph, c_text("key", key), c_text("text", text)))

    def finish(self) -> Model:
        """Check the whole network and give it; the builder is closed then.

        Raises
        ------
        ShapeError, InvalidArgument
            The message names the node.
        """
        from .model import Model

        graph = self._use()
        check(lib.mcomp_graph_verify(graph))
        self.close()
        return Model._adopt(self._context, self._root, graph)

    def __repr__(self) -> str:
        return "<mcomp.GraphBuilder, closed>" if self.closed else "<mcomp.GraphBuilder>"


def _pack_attribute(what: str, packed: Any, key: str, value: object, keep: list[CData]) -> None:
    """Fill one mcomp_attribute; ``keep`` holds the memory that it points to."""
    name = ffi.new("char[]", c_text("attribute", key))
    packed.name = name
    keep.append(name)
    if isinstance(value, str):
        encoded = c_text(what, value)
        data = ffi.new("char[]", encoded)
        packed.type, packed.count, packed.text = lib.MCOMP_ATTRIBUTE_TEXT, len(encoded), data
        keep.append(data)
        return
    if isinstance(value, np.ndarray):
        value = value.reshape(-1).tolist()
    listed = isinstance(value, Sequence) and not isinstance(value, bytes)
    given: list[Any] = list(value) if listed else [value]  # type: ignore[call-overload]
    if all(isinstance(item, int | np.integer) for item in given):
        integers = [integer(what, item, -(2**63), 2**63 - 1) for item in given]
        data = ffi.new("int64_t[]", integers)
        packed.type, packed.integers = lib.MCOMP_ATTRIBUTE_INTEGERS, data
    elif all(isinstance(item, int | float | np.integer | np.floating) for item in given):
        data = ffi.new("float[]", [_single(what, item) for item in given])
        packed.type, packed.floats = lib.MCOMP_ATTRIBUTE_FLOATS, data
    else:
        raise wrong(what, "integers, reals or text", value)
    packed.count = len(given)
    keep.append(data)


def _single(what: str, value: float) -> float:
    limit = float(np.finfo(np.float32).max)
    if abs(value) > limit and not (isinstance(value, float) and math.isinf(value)):
        raise InvalidArgument(f"{what}: a number is too large for float32")
    return float(value)
