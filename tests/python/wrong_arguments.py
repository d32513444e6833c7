"""Every public function with a valid call, and values of a wrong kind for most arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import study_support
from cli_tools import images
from PIL import Image

import mcomp
from mcomp import data, models, study
from mcomp.data import ArrayDataset, FolderDataset
from mcomp.preprocess import Preprocess


def _recursive() -> list[object]:
    inside: list[object] = []
    inside.append(inside)
    return inside


WRONG: dict[str, object] = {
    "none": None,
    "text": "x",
    "real": 1.5,
    "negative": -1,
    "large": 10**400,
    "nan": float("nan"),
    "complex": 1j,
    "bytes": b"x",
    "empty_text": "",
    "surrogate": "\ud800",
    "line_break": "a\nb",
    "nul": "a\0b",
    "long_text": "x" * 10**6,
    "list": [],
    "list_of_none": [None],
    "list_of_lists": [[1], [2, 3]],
    "recursive": _recursive(),
    "dict": {},
    "dict_of_numbers": {1: 2},
    "set": {1},
    "function": print,
    "object": object(),
    "array": np.zeros(2),
    "scalar": np.array(3.0),
    "table": np.zeros((2, 3), np.float32),
    "objects": np.array([None, "x"], object),
    "texts": np.array(["a", "b"]),
    "complexes": np.array([1j, 2j]),
    "path": Path("nowhere"),
}


@dataclass(frozen=True)
class Call:
    """A function with arguments that it takes."""

    function: Callable[..., Any]
    valid: dict[str, Any]
    first: tuple[str, ...] = ()  # what is passed by position

    def __call__(self, **changed: object) -> Any:
        values = {**self.valid, **changed}
        positional = [values.pop(name) for name in self.first]
        return self.function(*positional, **values)


def calls(folder: Path) -> dict[str, Call]:
    """Every public function and method that takes arguments, by name."""
    model = models.create("lenet5")
    package, onnx_file, store = folder / "m.mcomp", folder / "m.onnx", folder / "s.sqlite"
    model.save(package)
    model.write_onnx(onnx_file)
    pictures = images(folder / "pictures", [1, 2])
    dataset = FolderDataset(pictures)
    preprocess = Preprocess("none", "none", (0, 255), (0,), (1,), "NCHW L")
    (folder / "p.toml").write_text('resize = "none"\n')
    Image.new("L", (4, 4)).save(folder / "one.png")
    x = np.zeros((1, 1, 28, 28), np.float32)
    plan = model.plan()
    session = plan.session()
    context = mcomp.default_context()
    metadata, shape = dict(model.metadata), (None, 1, 28, 28)
    study_file = study_support.write_study(folder)
    study.run(study_file, store)
    (folder / "expected.csv").write_text(
        "claim,metric,model,recipe,device,threads,against,relation,expected,tolerance,source\n"
    )
    (folder / "figures.py").write_text("FIGURES = ()\n")

    def builder(method: str, **valid: Any) -> Call:
        """Call a method of a fresh builder that has an input 0 and a constant 1."""

        def call(**values: Any) -> Any:
            with mcomp.GraphBuilder("g") as made:
                made.add_input("x", (None, 4))
                made.add_constant("w", np.ones((2, 4), np.float32))
                made.add_node("Relu", "r", [0])
                return getattr(made, method)(**values)

        return Call(call, valid)

    devices = {"devices": "cpu", "batch": 1, "objective": "latency", "memory_limit": 0}
    measuring = {"min_runs": 1, "min_seconds": 0.0, "warmup_runs": 0, "progress": None}
    looking = {"limit": 1, "devices": "cpu", "batch": 1, "preprocess": None, "progress": None}
    return {
        "Context": Call(mcomp.Context, {"threads": 1, "isa": "scalar"}),
        "load": Call(mcomp.load, {"path": package, "verify": True, "context": context}),
        "read_onnx": Call(
            mcomp.read_onnx, {"path": onnx_file, "simplify": True, "context": context}
        ),
        "package_sections": Call(mcomp.package_sections, {"path": package, "context": context}),
        "package_format_version": Call(
            mcomp.package_format_version, {"path": package, "context": context}
        ),
        "Recipe": Call(mcomp.Recipe, {"text": "store.dense", "context": context}),
        "devices": Call(mcomp.devices, {"context": context}),
        "Session": Call(mcomp.Session, {"plan": plan}),
        "models.info": Call(models.info, {"name": "lenet5"}),
        "models.create": Call(
            models.create,
            {"name": "lenet5", "seed": 0, "width": 1.0, "size": None, "simplify": True,
             "context": context},
        ),
        "data.load": Call(data.load, {"source": pictures}),
        "data.read_picture": Call(data.read_picture, {"path": folder / "one.png"}),
        "FolderDataset": Call(FolderDataset, {"folder": pictures}),
        "ArrayDataset": Call(
            ArrayDataset,
            {"name": "a", "images": np.zeros((2, 4, 4), np.uint8),
             "labels": np.array([0, 1], np.int64), "label_set": ""},
        ),
        "Dataset.batches": Call(
            lambda **values: list(dataset.batches(**values)),
            {"preprocess": preprocess, "size": 1, "limit": 1},
        ),
        "Dataset.inputs": Call(dataset.inputs, {"preprocess": preprocess}),
        "Preprocess": Call(
            Preprocess,
            {"resize": "none", "crop": "none", "input_range": (0, 1), "mean": (0,), "std": (1,),
             "layout": "NCHW L", "labels": ""},
        ),
        "Preprocess.usual": Call(
            Preprocess.usual, {"input_shape": (None, 3, 8, 8), "labels": ""}
        ),
        "Preprocess.from_metadata": Call(
            Preprocess.from_metadata, {"metadata": metadata, "input_shape": shape}
        ),
        "Preprocess.from_file": Call(
            Preprocess.from_file,
            {"path": folder / "p.toml", "metadata": metadata, "input_shape": shape},
        ),
        "Preprocess.apply": Call(preprocess.apply, {"picture": np.zeros((28, 28), np.uint8)}),
        "evaluate": Call(mcomp.evaluate, {"model": model, "dataset": dataset, **looking}),
        "compare": Call(
            mcomp.compare, {"a": model, "b": model, "dataset": dataset, **looking, "layers": True}
        ),
        "Model.compress": Call(
            model.compress,
            {"recipe": "store.dense", "data": [x[0]], "samples": 1, "seed": 0, "progress": None},
        ),
        "Model.with_outputs": Call(model.with_outputs, {"names": [model.nodes[0].output]}),
        "Model.save": Call(model.save, {"path": folder / "saved.mcomp"}),
        "Model.write_onnx": Call(model.write_onnx, {"path": folder / "saved.onnx"}),
        "Model.plan": Call(model.plan, devices),
        "Model.session": Call(model.session, devices),
        "Model.run": Call(model.run, {"array": x, "devices": "cpu"}),
        "Model.measure": Call(
            model.measure, {"devices": "cpu", "batch": 1, "array": x, **measuring}
        ),
        "Session.run": Call(
            session.run, {"array": x, "out": np.zeros((1, 10), np.float32)}, ("array",)
        ),
        "Session.profile": Call(session.profile, {"runs": 1, "array": x}, ("runs", "array")),
        "Session.measure": Call(session.measure, {"array": x, **measuring}, ("array",)),
        "GraphBuilder": Call(mcomp.GraphBuilder, {"name": "g", "context": context}),
        "GraphBuilder.add_input": builder("add_input", name="i", shape=(None, 4)),
        "GraphBuilder.add_constant": builder(
            "add_constant", name="c", array=np.ones((2, 4), np.float32)
        ),
        "GraphBuilder.add_tensor": builder(
            "add_tensor", name="c", handle=next(iter(model.constants.values())).handle
        ),
        "GraphBuilder.add_quantized": builder(
            "add_quantized", name="c", array=np.ones((2, 4), np.uint8), scales=1.0, zero_points=0
        ),
        "GraphBuilder.add_node": builder(
            "add_node", op="Gemm", name="y", inputs=[0, 1], attributes={"transB": 1}
        ),
        "GraphBuilder.add_node_attribute": Call(
            lambda value: builder(
                "add_node", op="Gemm", name="y", inputs=[0, 1], attributes={"transB": value}
            )(),
            {"value": 1},
        ),
        "GraphBuilder.shape": builder("shape", value=0),
        "GraphBuilder.dtype": builder("dtype", value=0),
        "GraphBuilder.mark_output": builder("mark_output", value=2),
        "GraphBuilder.set_metadata": builder("set_metadata", key="k", text="t"),
        "study.run": Call(
            # Another store would be measured anew, a scheduler waited for.
            functools.partial(study.run, store=store),
            {"study": study_file, "progress": None},
        ),
        "study.status": Call(study.status, {"store": store}),
        "study.read_rows": Call(study.read_rows, {"store": store}),
        "study.report": Call(study.report, {"store": store}),
        "study.export": Call(study.export, {"store": store, "path": folder / "rows.csv"}),
        "study.check": Call(
            study.check, {"store": store, "expected": folder / "expected.csv"}
        ),
        "study.figures": Call(
            study.figures,
            {"store": store, "output": folder / "figures", "script": folder / "figures.py"},
        ),
    }  # fmt: skip
