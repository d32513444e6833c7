"""What reading a file of half a gigabyte costs: VGG-16's layers with random weights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_build import node

from mcomp.onnx_io import wire

#: VGG-16, configuration D: channels, 0 for a maximum over 2 x 2.
LAYERS = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]
PARAMETERS = 138_357_544

READ = """
import sys, time, mcomp
mcomp.Context()
mcomp.peak_resident_reset()
start = time.monotonic()
model = mcomp.read_onnx(sys.argv[1])
peak = mcomp.peak_resident_nbytes()
read = time.monotonic()
model.save(sys.argv[2])
print(peak, read - start, time.monotonic() - read, model.parameters)
"""


def write_vgg16(path: Path) -> int:
    """Write the file; one tensor at a time is in memory."""
    nodes, parts, value, channels = [], [], "x", 3
    generator = np.random.default_rng(1)

    def tensor(name: str, *shape: int) -> str:
        array = generator.standard_normal(shape, np.float32)
        header = TensorProto(name=name, dims=shape, data_type=TensorProto.FLOAT)
        data = array.reshape(-1).view(np.uint8).data
        parts.append(wire.TensorPart(header.SerializeToString(), array.nbytes, lambda: data))
        return name

    for index, made in enumerate(LAYERS):
        if made:
            weight = tensor(f"w{index}", made, channels, 3, 3)
            inputs = [value, weight, tensor(f"b{index}", made)]
            nodes.append(node("Conv", inputs, f"c{index}", pads=[1, 1, 1, 1]))
            nodes.append(node("Relu", [f"c{index}"], f"v{index}"))
            channels = made
        else:
            nodes.append(node("MaxPool", [value], f"v{index}", kernel_shape=[2, 2], strides=[2, 2]))
        value = f"v{index}"
    nodes.append(node("Flatten", [value], "f0"))
    for index, (inputs_count, outputs) in enumerate([(25088, 4096), (4096, 4096), (4096, 1000)]):
        inputs = [f"f{index}", tensor(f"fw{index}", outputs, inputs_count)]
        nodes.append(
            node("Gemm", [*inputs, tensor(f"fb{index}", outputs)], f"f{index + 1}", transB=1)
        )
    graph = helper.make_graph(
        nodes,
        "vgg16",
        [helper.make_tensor_value_info("x", 1, ["N", 3, 224, 224])],
        [helper.make_tensor_value_info("f3", 1, ["N", 1000])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    graph_bytes = model.graph.SerializeToString()
    model.ClearField("graph")
    nbytes, pieces = wire.join(model.SerializeToString(), graph_bytes, parts)
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
    return nbytes


@pytest.mark.slow
def test_peak_memory_of_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.onnx"
    nbytes = write_vgg16(path)
    assert nbytes > 550_000_000
    run = subprocess.run(
        [sys.executable, "-c", READ, str(path), str(tmp_path / "vgg16.mcomp")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    peak, read_s, write_s, parameters = run.stdout.split()
    print(
        f"{nbytes / 1e6:.0f} MB: peak {int(peak) / nbytes:.2f} times the file, read in "
        f"{float(read_s):.1f} s, .mcomp written in {float(write_s):.1f} s"
    )
    assert int(parameters) == PARAMETERS
    assert int(peak) < 2.2 * nbytes
