"""How a random network grows: each function adds a node or two to a value, where they fit."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st
from onnx_build import node
from onnx_network import ELEMENTS_MAX, Network, Shape


def _window(net: Network, shape: Shape, *, pool: bool) -> tuple[dict[str, object], Shape] | None:
    """Attributes of a window over height and width, and the extents of its result."""
    kernel = [net.number(1, min(4, extent + 1)) for extent in shape[1:]]
    strides = [net.number(1, 3) for _ in kernel]
    dilations = [net.one_of(1, 1, 2) if not pool else 1 for _ in kernel]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    attributes: dict[str, object] = {"kernel_shape": kernel, "strides": strides}
    if not pool:
        attributes["dilations"] = dilations
    mode = net.one_of("pads", "pads", "SAME_UPPER", "SAME_LOWER", "VALID", "none")
    ceil = pool and mode == "pads" and net.yes()
    pads = [0] * 4
    if mode == "pads":
        # Of a pool, less than the window; else whatever there is.
        pads = [net.number(0, min(3, span - 1 if pool else 3)) for span in [*spans, *spans]]
        attributes["pads"] = pads
    elif mode != "none":
        if mode.startswith("SAME") and dilations != [1, 1]:
            return None  # onnxruntime does not take both
        attributes["auto_pad"] = mode
    result = []
    for axis, (extent, span, stride) in enumerate(zip(shape[1:], spans, strides, strict=True)):
        if mode.startswith("SAME"):
            if pool and stride > span:
                return None  # onnxruntime refuses its own padding
            result.append(-(-extent // stride))
            continue
        room = extent + pads[axis] + pads[2 + axis] - span
        if room < 0:
            return None
        count = room // stride + 1
        if ceil and room % stride:
            if count * stride >= extent + pads[axis]:
                return None  # onnxruntime does not agree with itself
            count += 1
        result.append(count)
    if ceil:
        attributes["ceil_mode"] = 1
    return attributes, tuple(result)


def grow_conv(net: Network, data: str, shape: Shape) -> None:
    window = _window(net, shape, pool=False) if len(shape) == 3 else None
    if window is None:
        return
    attributes, extents = window
    channels = shape[0]
    group = net.one_of(1, 1, channels, math.gcd(channels, 2))
    made = group * net.number(1, 3)
    weight = net.constant(made, channels // group, *attributes["kernel_shape"])
    bias = [net.constant(made)] if net.yes() else []
    if math.prod((made, *extents)) <= ELEMENTS_MAX:
        net.add("Conv", [data, weight, *bias], (made, *extents), group=group, **attributes)


def grow_pool(net: Network, data: str, shape: Shape) -> None:
    window = _window(net, shape, pool=True) if len(shape) == 3 else None
    if window is None:
        return
    attributes, extents = window
    op = net.one_of("MaxPool", "AveragePool")
    if op == "AveragePool":
        # Nobody agrees about padding that is counted in windows that ceil_mode adds.
        counts = "ceil_mode" not in attributes and net.yes()
        attributes["count_include_pad"] = int(counts)
    net.add(op, [data], (shape[0], *extents), **attributes)


def grow_global_pool(net: Network, data: str, shape: Shape) -> None:
    if len(shape) == 3:
        net.add(net.one_of("GlobalAveragePool", "GlobalMaxPool"), [data], (shape[0], 1, 1))


def grow_unary(net: Network, data: str, shape: Shape) -> None:
    op = net.one_of("Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Identity", "Clip")
    inputs, attributes = [data], {}
    if op == "LeakyRelu":
        attributes["alpha"] = net.one_of(0.01, 0.3, 1.5)
    elif op == "HardSigmoid":
        attributes = {"alpha": net.one_of(0.2, 1 / 6), "beta": 0.5}
    elif op == "Clip":
        for bound in (net.one_of(None, -0.3, 0.0), net.one_of(None, 0.8, 6.0)):
            inputs.append("" if bound is None else net.integers())
            if bound is not None:
                net.constants[inputs[-1]] = np.array(bound, np.float32)
    net.add(op, inputs, shape, **attributes)


def grow_prelu(net: Network, data: str, shape: Shape) -> None:
    slope = [net.one_of(extent, 1) for extent in shape][net.number(0, len(shape) - 1) :]
    net.add("PRelu", [data, net.constant(*slope)], shape)


def grow_binary(net: Network, data: str, shape: Shape) -> None:
    op = net.one_of("Add", "Sub", "Mul", "Div")
    same_rank = [n for n, other in net.shapes.items() if _broadcast(shape, other) is not None]
    if same_rank and net.yes():
        other = net.one_of(*same_rank)
        if op == "Div":  # by something away from 0, which a Sigmoid is not
            low, high = net.integers(), net.integers()
            net.constants[low] = np.array(0.25, np.float32)
            net.constants[high] = np.array(4, np.float32)
            other = net.add("Clip", [other, low, high], net.shapes[other])
        result = _broadcast(shape, net.shapes[other])
        net.add(op, [data, other], result)
        return
    constant_shape = [net.one_of(extent, 1) for extent in shape][net.number(0, len(shape)) :]
    if net.yes():
        constant_shape = [net.number(1, 4) if e == 1 and net.yes() else e for e in constant_shape]
    full = [1] * (len(shape) - len(constant_shape)) + constant_shape
    result = _broadcast(shape, tuple(full))
    if result is None or math.prod(result) > ELEMENTS_MAX:
        return
    inputs = [data, net.constant(*constant_shape, away_from_0=op == "Div")]
    net.add(op, inputs if op == "Div" or net.yes() else inputs[::-1], result)


def _broadcast(a: Shape, b: Shape) -> Shape | None:
    if len(a) != len(b) or any(x != y and 1 not in (x, y) for x, y in zip(a, b, strict=True)):
        return None
    return tuple(map(max, zip(a, b, strict=True)))


def grow_normalization(net: Network, data: str, shape: Shape) -> None:
    if net.yes() and len(shape) == 3:
        size = net.one_of(1, 3, 5)
        net.add("LRN", [data], shape, size=size, alpha=net.one_of(1e-4, 0.5), beta=0.75, bias=1.0)
        return
    statistics = [net.constant(shape[0]) for _ in range(3)]
    variance = net.constant(shape[0], away_from_0=True)
    net.add("BatchNormalization", [data, *statistics, variance], shape)


def grow_softmax(net: Network, data: str, shape: Shape) -> None:
    net.add("Softmax", [data], shape, axis=net.one_of(*range(1, len(shape) + 1), -1))


def grow_concat(net: Network, data: str, shape: Shape) -> None:
    axis = net.number(0, len(shape) - 1)
    fits = [
        name
        for name, other in net.shapes.items()
        if len(other) == len(shape)
        and all(i == axis or a == b for i, (a, b) in enumerate(zip(shape, other, strict=True)))
    ]
    others = [net.one_of(*fits) for _ in range(net.number(1, 2))]
    total = sum(net.shapes[name][axis] for name in [data, *others])
    result = (*shape[:axis], total, *shape[axis + 1 :])
    if math.prod(result) <= ELEMENTS_MAX:
        net.add("Concat", [data, *others], result, axis=axis + 1)


def grow_slice(net: Network, data: str, shape: Shape) -> None:
    axis = net.number(0, len(shape) - 1)
    start = net.number(0, shape[axis] - 1)
    end = net.number(start + 1, shape[axis] + 2)
    step = net.one_of(1, 1, 2, -1)
    picked = slice(start, end, step)
    if step < 0:
        picked = slice(min(end, shape[axis]) - 1, start - 1 if start else None, -1)
    count = len(range(shape[axis])[picked])
    stop = picked.stop if picked.stop is not None else -100
    numbers = [net.integers(n) for n in (picked.start, stop, axis + 1, step)]
    net.add("Slice", [data, *numbers], (*shape[:axis], count, *shape[axis + 1 :]))


def grow_split(net: Network, data: str, shape: Shape) -> None:
    axis = net.number(0, len(shape) - 1)
    if shape[axis] < 2:
        return
    first = net.number(1, shape[axis] - 1)
    sizes = [first, shape[axis] - first]
    shapes = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
    net.add_several("Split", [data, net.integers(*sizes)], shapes, axis=axis + 1)


def grow_pad(net: Network, data: str, shape: Shape) -> None:
    mode = net.one_of("constant", "constant", "edge", "reflect")
    low = -1 if mode == "constant" and net.yes() else 0
    pads = []
    for extent in [*shape, *shape]:
        most = extent - 1 if mode == "reflect" else 2
        pads.append(net.number(low if extent > 3 else 0, min(2, most)))
    rank = len(shape)
    result = tuple(e + pads[i] + pads[rank + i] for i, e in enumerate(shape))
    if math.prod(result) > ELEMENTS_MAX:
        return
    inputs = [data, net.integers(0, *pads[:rank], 0, *pads[rank:])]
    if mode == "constant" and net.yes():
        inputs.append(net.integers())
        net.constants[inputs[-1]] = np.array(net.one_of(-1.5, 0.25), np.float32)
    net.add("Pad", inputs, result, mode=mode)


def grow_transpose(net: Network, data: str, shape: Shape) -> None:
    order = net.draw(st.permutations(range(len(shape))))
    perm = [0, *(axis + 1 for axis in order)]
    net.add("Transpose", [data], tuple(shape[axis] for axis in order), perm=perm)


def grow_reshape(net: Network, data: str, shape: Shape) -> None:
    kind = net.one_of("flatten", "merge", "divide", "squeeze", "unsqueeze")
    if kind == "flatten":
        net.add("Flatten", [data], (math.prod(shape),))
    elif kind == "merge" and len(shape) > 1:
        at = net.number(0, len(shape) - 2)
        result = (*shape[:at], shape[at] * shape[at + 1], *shape[at + 2 :])
        target = [net.one_of(0, -1), *result]
        net.add("Reshape", [data, net.integers(*target)], result)
    elif kind == "divide" and len(shape) < 5:
        at = net.number(0, len(shape) - 1)
        divisor = net.one_of(*(d for d in range(1, shape[at] + 1) if shape[at] % d == 0))
        result = (*shape[:at], divisor, shape[at] // divisor, *shape[at + 1 :])
        net.add("Reshape", [data, net.integers(0, *result)], result)
    elif kind == "squeeze" and 1 in shape and len(shape) > 1:
        at = shape.index(1)
        net.add("Squeeze", [data, net.integers(at + 1)], (*shape[:at], *shape[at + 1 :]))
    elif kind == "unsqueeze" and len(shape) < 5:
        at = net.number(0, len(shape))
        net.add("Unsqueeze", [data, net.integers(at + 1)], (*shape[:at], 1, *shape[at:]))


def grow_reduction(net: Network, data: str, shape: Shape) -> None:
    axes = sorted(net.draw(st.sets(st.integers(1, len(shape)), min_size=1)))
    keeps = net.yes()
    kept = [(1 if i + 1 in axes else e) for i, e in enumerate(shape)]
    result = tuple(kept if keeps else (e for i, e in enumerate(shape) if i + 1 not in axes))
    if result:
        net.add("ReduceMean", [data], result, axes=axes, keepdims=int(keeps))


def grow_product(net: Network, data: str, shape: Shape) -> None:
    outputs = net.number(1, 6)
    inputs = shape[-1]
    if math.prod(shape[:-1]) * outputs > ELEMENTS_MAX:
        return
    if len(shape) == 1 and net.yes():
        transposed = net.yes()
        weight = net.constant(*([outputs, inputs] if transposed else [inputs, outputs]))
        bias = [net.constant(*net.one_of([outputs], [1, outputs], [1], []))] if net.yes() else []
        factors = {"alpha": net.one_of(1.0, 0.5), "beta": net.one_of(1.0, 2.0)}
        net.add("Gemm", [data, weight, *bias], (outputs,), transB=int(transposed), **factors)
        return
    weight = net.constant(inputs, outputs)
    product = net.add("MatMul", [data, weight], (*shape[:-1], outputs))
    if net.yes():
        net.add("Add", [product, net.constant(outputs)], (*shape[:-1], outputs))


def grow_quantization(net: Network, data: str, shape: Shape) -> None:
    """A weight of integers, or one that is transposed: constants that are computed."""
    if len(shape) != 1:
        return
    outputs = net.number(1, 6)
    generator = np.random.default_rng(net.number(0, 7))
    names = [f"c{len(net.constants) + i}" for i in range(2)]
    net.constants[names[0]] = generator.integers(-128, 128, (outputs, shape[0])).astype(np.int8)
    scales = np.full(outputs if net.yes() else (), 0.01, np.float32)
    net.constants[names[1]] = scales
    weight = f"w{len(net.nodes)}"
    axis = {"axis": 0} if scales.ndim else {}
    net.nodes.append(node("DequantizeLinear", names, weight, **axis))
    if net.yes():
        net.nodes.append(node("Transpose", [weight], f"{weight}_t"))
        net.add("MatMul", [data, f"{weight}_t"], (outputs,))
    else:
        net.add("Gemm", [data, weight], (outputs,), transB=1)


GROWERS = (
    grow_conv,
    grow_unary,
    grow_binary,
    grow_pool,
    grow_normalization,
    grow_concat,
    grow_conv,
    grow_reshape,
    grow_transpose,
    grow_slice,
    grow_split,
    grow_pad,
    grow_prelu,
    grow_softmax,
    grow_reduction,
    grow_product,
    grow_global_pool,
    grow_quantization,
)
