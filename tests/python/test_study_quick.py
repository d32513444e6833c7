"""What the README of the quick study says is what its recipes give."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import mcomp
from mcomp.study.grid import read_study

FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "studies" / "quick"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
CELL = r"\| ([^|]*?) "
TABLE = {
    recipe: (ratio, top1, change)
    for recipe, ratio, top1, change in re.findall(rf"^{CELL * 3}\| ?([^|]*?) ?\|$", README, re.M)
    if re.fullmatch(r"\d+\.\d+", ratio)
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float]]:
    """Ratio and top-1 of each recipe in the README's table, made as the study makes them."""
    path = tmp_path_factory.mktemp("quick") / "file.mcomp"
    study = read_study(FOLDER / "study.toml")
    found = {}
    with study.models[0].open() as model:
        for recipe in study.recipes:
            if recipe.label in TABLE:
                with model.compress(recipe.text, seed=study.seeds[0]) as small:
                    nbytes = small.save(path)
                with mcomp.load(path) as loaded:
                    top1 = mcomp.evaluate(loaded, study.data.accuracy).top1
                found[recipe.label] = (model.float_nbytes / nbytes, top1)
    return found


def test_table_has_the_reference_and_three_chains() -> None:
    assert list(TABLE) == ["none", "whole chain", "harsher", "harshest"]


def test_table_is_what_the_recipes_give(measured: dict[str, tuple[float, float]]) -> None:
    _, reference = measured["none"]
    for recipe, (ratio, top1) in measured.items():
        change = "" if recipe == "none" else f"{top1 - reference:.1f}"
        assert TABLE[recipe] == (f"{ratio:.1f}", f"{top1:.1f}", change), recipe


def test_text_is_what_the_table_says() -> None:
    percent = float(TABLE["none"][1])
    standard_error = math.sqrt(percent * (100 - percent) / 1000)
    assert f"one standard error of {percent} % is {standard_error:.2f} points" in README
    paper = 39
    smaller = next(row for row in TABLE.values() if float(row[0]) > paper)
    assert f"smaller than the paper's loses {smaller[2].lstrip('-')} points" in re.sub(
        r"\s+", " ", README
    )
