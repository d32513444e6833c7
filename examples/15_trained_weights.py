"""Take a network of torchvision into libmcomp: its weights onto our graph, and its own graph."""

import tempfile
from pathlib import Path

import numpy as np

import mcomp

try:
    import torch
    import torchvision
    from safetensors.torch import save_file
except ImportError as missing:
    print(f"this example needs torch, torchvision and safetensors: {missing}")
    raise SystemExit(0) from None

# weights="DEFAULT" downloads the trained ones.
network = torchvision.models.resnet50(weights=None).eval()
images = np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(np.float32)
with torch.no_grad():
    wanted = network(torch.from_numpy(images)).numpy()

with tempfile.TemporaryDirectory() as folder:
    # The weights alone, by their names, onto our own graph ...
    weights = Path(folder) / "resnet50.safetensors"
    save_file(network.state_dict(), str(weights))
    ours = mcomp.models.create("resnet50", weights=weights)
    print(ours.metadata["weights"])

    # ... or the graph as PyTorch exports it.
    path = Path(folder) / "resnet50.onnx"
    torch.onnx.export(
        network,
        torch.zeros(1, 3, 224, 224),
        str(path),
        opset_version=17,
        input_names=["input"],
        dynamic_axes={"input": {0: "batch"}},
    )
    exported = mcomp.read_onnx(path)

for model in (ours, exported):
    error = ((model.run(images) - wanted) ** 2).sum() / (wanted**2).sum()
    print(f"{model.name}: {len(model.nodes)} nodes, error {error:.1e} of PyTorch's output")
