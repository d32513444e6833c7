"""Arguments of a wrong kind: every public function refuses them in one line, or takes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from wrong_arguments import WRONG, Call, calls

import mcomp
from mcomp import data, models, study
from mcomp.data import ArrayDataset

# Functions of the package that take no arguments, or that the list covers by what they stand for.
WITHOUT_ARGUMENTS = {
    "default_context", "operators", "passes", "peak_resident_nbytes", "peak_resident_reset",
    "resident_nbytes",
}  # fmt: skip


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Call]:
    return calls(tmp_path_factory.mktemp("calls"))


def names() -> list[str]:
    """Names of what `calls` gives, known before anything is made."""
    source = Path(__file__).with_name("wrong_arguments.py").read_text(encoding="utf-8")
    body = source[source.index("    return {\n") :]
    return [line.split('"')[1] for line in body.splitlines() if line.startswith('        "')]


def test_every_public_function_is_in_the_list(every: dict[str, Call]) -> None:
    assert list(every) == names()
    public = {name for name in mcomp.__all__ if type(getattr(mcomp, name)).__name__ == "function"}
    assert public - WITHOUT_ARGUMENTS <= set(every)
    for module, prefix in ((models, "models"), (data, "data"), (study, "study")):
        functions = {
            name for name in module.__all__ if type(getattr(module, name)).__name__ == "function"
        } - {"names"}
        assert {f"{prefix}.{name}" for name in functions} <= set(every)


@pytest.mark.parametrize("name", names())
@pytest.mark.filterwarnings("ignore:.*classes. the labels may number:UserWarning")
def test_arguments_of_a_wrong_kind(
    every: dict[str, Call], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some are good names of files
    call = every[name]
    call()  # what is changed below is all that is wrong
    refused: list[tuple[str, mcomp.MCompError]] = []
    for parameter in call.valid:
        for kind, value in WRONG.items():
            where = f"{name}({parameter}={kind})"
            try:
                call(**{parameter: value})
            except mcomp.MCompError as error:
                refused.append((where, error))
            except Exception as other:
                pytest.fail(f"{where}: {type(other).__name__}: {other}")
    for where, error in refused:
        assert not isinstance(error, mcomp.InternalError), where
        assert len(str(error).splitlines()) == 1, where
    refused_parameters = {where.split("(")[1].split("=")[0] for where, _ in refused}
    assert refused_parameters == set(call.valid)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda m, _: mcomp.load("x", context="abc"), "context must be a Context, not str"),
        (lambda m, _: mcomp.Recipe("store.dense", context="abc"), "context"),
        (lambda m, _: mcomp.Recipe(None), "recipe must be text, not NoneType"),
        (lambda m, _: mcomp.GraphBuilder(context="abc"), "context"),
        (lambda m, d: mcomp.evaluate("x", d), "model must be a Model, not str"),
        (lambda m, d: mcomp.evaluate(m, d, limit="1"), "limit"),
        (lambda m, d: mcomp.evaluate(m, d, limit=np.zeros(2)), "limit"),
        (lambda m, d: mcomp.evaluate(m, d, batch=None), "batch"),
        (lambda m, d: mcomp.evaluate(m, d, preprocess="abc"), "preprocess must be a Preprocess"),
        (lambda m, d: mcomp.evaluate(m, d, progress="x"), "progress must be callable, not str"),
        (lambda m, _: mcomp.evaluate(m, None), "data must be a path, not NoneType"),
        (lambda m, _: mcomp.compare(m, m, 1.5), "data must be a path, not float"),
        (lambda m, d: mcomp.compare("a", m, d), "a must be a Model"),
        (lambda m, d: mcomp.compare(m, "b", d), "b must be a Model"),
        (lambda m, d: mcomp.compare(m, m, d, preprocess=()), "preprocess must be one or two"),
        (lambda m, _: mcomp.data.load(None), "data must be a path"),
        (lambda m, _: mcomp.data.load("x" * 10**7), "data 'xxx"),
        (lambda m, _: m.session(1.5), "devices must be a sequence, not float"),
        (lambda m, _: m.plan(None), "devices must be a sequence, not NoneType"),
        (lambda m, _: m.plan(np.zeros((2, 2))), "each of devices must be text, not ndarray"),
        (lambda m, _: m.run(np.zeros((1, 1, 28, 28), np.float32), devices=None), "devices"),
        (lambda m, _: m.compress("store.dense", np.array(3.0)), "data must be arrays"),
        (lambda m, _: m.write_onnx("\ud800"), "path is not valid text"),
        (lambda m, _: m.measure(min_seconds=np.zeros((2, 2))), "min_seconds must be a number"),
        (lambda m, _: m.with_outputs("conv1"), "names must be a sequence, not str"),
        (lambda m, _: study.status(None), "store must be a path"),
    ],
)
def test_the_argument_is_named(
    lenet5: mcomp.Model, function: Callable[..., object], words: str
) -> None:
    toys = ArrayDataset("toys", np.zeros((2, 28, 28), np.uint8), np.array([0, 1]))
    with pytest.raises(mcomp.MCompError) as caught:
        function(lenet5, toys)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda b: b.add_input("y", None), "shape must be a sequence, not NoneType"),
        (lambda b: b.add_node("Relu", "y", None), "node y: inputs must be a sequence"),
        (lambda b: b.add_node("Relu", "y", [0], "abc"), "node y: attributes must be a mapping"),
        (lambda b: b.add_node("Relu", "y", [0], {"a": np.full((3, 3), None)}), "attribute a"),
        (lambda b: b.add_node("Relu", "y", [0], {"a": b"x"}), "not bytes"),
        (lambda b: b.add_node("Relu", "y", [0], {"a": [1.5, 10**400]}), "too large"),
        (lambda b: b.add_tensor("c", None), "handle must be a tensor of the library"),
        (lambda b: b.add_constant("c", [[1], [2, 3]]), "constant c"),
        (lambda b: b.add_quantized("c", np.ones((2, 2), np.uint8), "abc"), "constant c: scales"),
        (lambda b: b.add_quantized("c", np.ones((2, 2), np.uint8), np.array([1j])), "complex128"),
    ],
)
def test_the_argument_of_a_builder_is_named(
    function: Callable[[mcomp.GraphBuilder], object], words: str
) -> None:
    with mcomp.GraphBuilder("g") as builder:
        builder.add_input("x", (None, 4))
        with pytest.raises(mcomp.MCompError) as caught:
            function(builder)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
