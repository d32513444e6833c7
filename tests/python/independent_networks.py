"""The study's networks written a second time, with onnx.helper and Caffe's or PyTorch's names.

They share nothing with the library's builders: what both compute alike is what the papers say.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Writer:
    """A graph that grows by layers; weights are random, small enough to keep activations in range.

    Parameters
    ----------
    seed
        Of the weights.
    """

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def node(self, op: str, inputs: list[str], **attributes: object) -> str:
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def tensor(self, name: str, values: np.ndarray) -> str:
        self.tensors.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def normal(self, name: str, *shape: int, size: float) -> str:
        return self.tensor(name, self.random.standard_normal(shape) * size)

    def conv(self, x: str, name: str, shape: tuple[int, ...], bias: str = "", **attributes) -> str:
        size = (2 / np.prod(shape[1:])) ** 0.5
        inputs = [x, self.normal(name, *shape, size=size)]
        if bias:
            inputs.append(self.normal(bias, shape[0], size=0.05))
        return self.node("Conv", inputs, **attributes)

    def norm(self, x: str, names: list[str], channels: int, epsilon: float, scale: float) -> str:
        values = [
            self.random.uniform(0.8, 1.2, channels) * scale,
            self.random.standard_normal(channels) * 0.1,
            self.random.standard_normal(channels) * 0.1,
            self.random.uniform(0.8, 1.2, channels),
        ]
        inputs = [self.tensor(name, one) for name, one in zip(names, values, strict=True)]
        return self.node("BatchNormalization", [x, *inputs], epsilon=epsilon)

    def classifier(self, x: str, weight: str, bias: str, inputs: int) -> str:
        flat = self.node("Flatten", [x])
        names = [
            self.normal(weight, 1000, inputs, size=inputs**-0.5),
            self.normal(bias, 1000, size=0.05),
        ]
        return self.node("Gemm", [flat, *names], transB=1)

    def save(self, output: str, path: Path, size: int = 224) -> Path:
        image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, size, size])
        logits = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 1000])
        graph = helper.make_graph(self.nodes, "independent", [image], [logits], self.tensors)
        opset = [helper.make_opsetid("", 17)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
        return path


def resnet(blocks: tuple[int, ...], path: Path, size: int = 224) -> Path:
    """ResNet with torchvision's names, https://arxiv.org/abs/1512.03385 table 1."""
    writer = Writer(seed=sum(blocks))

    def unit(x, conv, norm, inputs, outputs, kernel, stride=1, scale=1.0, relu=True):
        pads = [kernel // 2] * 4
        shape = (outputs, inputs, kernel, kernel)
        x = writer.conv(x, f"{conv}.weight", shape, strides=[stride] * 2, pads=pads)
        names = [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        x = writer.norm(x, names, outputs, 1e-5, scale)
        return writer.node("Relu", [x]) if relu else x

    x = unit("x", "conv1", "bn1", 3, 64, 7, 2)
    x = writer.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        for block in range(count):
            name = f"layer{stage + 1}.{block}"
            stride = 2 if stage and not block else 1
            y = unit(x, f"{name}.conv1", f"{name}.bn1", channels, width, 1)
            y = unit(y, f"{name}.conv2", f"{name}.bn2", width, width, 3, stride)
            y = unit(y, f"{name}.conv3", f"{name}.bn3", width, 4 * width, 1, 1, 0.3, relu=False)
            if not block:
                down = f"{name}.downsample"
                x = unit(x, f"{down}.0", f"{down}.1", channels, 4 * width, 1, stride, 0.7, False)
            x = writer.node("Relu", [writer.node("Add", [y, x])])
            channels = 4 * width
    x = writer.node("GlobalAveragePool", [x])
    return writer.save(writer.classifier(x, "fc.weight", "fc.bias", 2048), path, size)


def googlenet(path: Path, size: int = 224) -> Path:
    """GoogLeNet with Caffe's names, https://arxiv.org/abs/1409.4842 table 1."""
    table = {
        "3a": (192, 64, 96, 128, 16, 32, 32),
        "3b": (256, 128, 128, 192, 32, 96, 64),
        "4a": (480, 192, 96, 208, 16, 48, 64),
        "4b": (512, 160, 112, 224, 24, 64, 64),
        "4c": (512, 128, 128, 256, 24, 64, 64),
        "4d": (512, 112, 144, 288, 32, 64, 64),
        "4e": (528, 256, 160, 320, 32, 128, 128),
        "5a": (832, 256, 160, 320, 32, 128, 128),
        "5b": (832, 384, 192, 384, 48, 128, 128),
    }
    writer = Writer(seed=1)

    def unit(x, name, inputs, outputs, kernel, stride=1):
        shape = (outputs, inputs, kernel, kernel)
        x = writer.conv(
            x,
            f"{name}_w_0",
            shape,
            f"{name}_b_0",
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
        )
        return writer.node("Relu", [x])

    def halve(x):
        return writer.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)

    def spread(x):
        return writer.node("LRN", [x], size=5, alpha=1e-4, beta=0.75, bias=1.0)

    x = spread(halve(unit("x", "conv1/7x7_s2", 3, 64, 7, 2)))
    x = unit(x, "conv2/3x3_reduce", 64, 64, 1)
    x = halve(spread(unit(x, "conv2/3x3", 64, 192, 3)))
    for name, (inputs, one, reduce3, three, reduce5, five, pool) in table.items():
        stem = f"inception_{name}"
        branches = [
            unit(x, f"{stem}/1x1", inputs, one, 1),
            unit(
                unit(x, f"{stem}/3x3_reduce", inputs, reduce3, 1), f"{stem}/3x3", reduce3, three, 3
            ),
            unit(
                unit(x, f"{stem}/5x5_reduce", inputs, reduce5, 1), f"{stem}/5x5", reduce5, five, 5
            ),
        ]
        around = writer.node("MaxPool", [x], kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
        branches.append(unit(around, f"{stem}/pool_proj", inputs, pool, 1))
        x = writer.node("Concat", branches, axis=1)
        x = halve(x) if name in ("3b", "4e") else x
    x = writer.node("GlobalAveragePool", [x])
    stem = "loss3/classifier"
    return writer.save(writer.classifier(x, f"{stem}_w_0", f"{stem}_b_0", 1024), path, size)


def vgg(stacks: tuple[int, ...], path: Path) -> Path:
    """VGG with torchvision's names, https://arxiv.org/abs/1409.1556 table 1."""
    writer = Writer(seed=sum(stacks))
    x, channels, position = "x", 3, 0
    for count, width in zip(stacks, (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            name = f"features.{position}"
            shape = (width, channels, 3, 3)
            x = writer.conv(x, f"{name}.weight", shape, f"{name}.bias", pads=[1] * 4)
            x = writer.node("Relu", [x])
            channels = width
            position += 2
        x = writer.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
        position += 1
    x = writer.node("Flatten", [x])
    for position, outputs, inputs in ((0, 4096, 25088), (3, 4096, 4096), (6, 1000, 4096)):
        name = f"classifier.{position}"
        weight = writer.normal(f"{name}.weight", outputs, inputs, size=(2 / inputs) ** 0.5)
        bias = writer.normal(f"{name}.bias", outputs, size=0.05)
        x = writer.node("Gemm", [x, weight, bias], transB=1)
        x = writer.node("Relu", [x]) if position < 6 else x
    return writer.save(x, path)


def with_random_constants(source: Path, path: Path, seed: int) -> Path:
    """Write a file again with random numbers where it fills constants with one number.

    Names of BatchNormalization's variances get positive numbers near 1, means and shifts small
    ones; a softmax at the end, which would hide differences, is left out.
    """
    random = np.random.default_rng(seed)
    model = onnx.load(source)
    graph = model.graph
    shapes = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    norms = {
        name: place
        for node in graph.node
        if node.op_type == "BatchNormalization"
        for place, name in enumerate(node.input)
        if place > 0
    }
    kept, tensors = [], list(graph.initializer)
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        name, shape = node.output[0], [int(extent) for extent in shapes[node.input[0]]]
        values = random.standard_normal(shape)
        place = norms.get(name, 0)
        if place in (1, 4) or name.endswith("sc_w_0"):
            values = random.uniform(0.8, 1.2, shape)
        elif len(shape) == 1:
            values *= 0.05
        else:
            values *= (2 / np.prod(shape[1:])) ** 0.5
        tensors.append(numpy_helper.from_array(values.astype(np.float32), name))
    read = {name for node in kept for name in node.input}
    tensors = [item for item in tensors if item.name in read]
    softmax = kept.pop()
    assert softmax.op_type == "Softmax"
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensors)
    filled = {item.name for item in tensors}
    inputs = [item for item in graph.input if item.name in read - filled]
    assert len(inputs) == 1
    del graph.input[:]
    graph.input.extend(inputs)
    graph.output[0].name = softmax.input[0]
    model.ir_version = 8  # initialisers need not be inputs
    onnx.save(model, path)
    return path
