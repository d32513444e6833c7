"""The examples in the docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

import mcomp

MODULES = [
    "mcomp",
    "mcomp.context",
    "mcomp.devices",
    "mcomp.display",
    "mcomp.graph_builder",
    "mcomp.model",
    "mcomp.models",
    "mcomp.recipe",
    "mcomp.session",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    found = doctest.DocTestFinder(exclude_empty=True).find(module, name)
    examples = [test for test in found if test.examples]
    assert examples
    runner = doctest.DocTestRunner()
    for test in examples:
        test.globs |= {item: getattr(mcomp, item) for item in mcomp.__all__} | vars(module)
        runner.run(test)
    assert runner.failures == 0
