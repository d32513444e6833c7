"""Writes tests/golden anew: for a new version of the format alone, which ends the old files."""

from __future__ import annotations

import numpy as np
from test_format import GOLDEN, RECIPES, image, network


def main() -> None:
    """Write one file a recipe, and the values and outputs that they must give."""
    GOLDEN.mkdir(exist_ok=True)
    expected: dict[str, np.ndarray] = {}
    for number, recipe in enumerate(RECIPES):
        stem = f"{number:02}"
        model = network().compress(recipe)
        model.save(GOLDEN / f"{stem}.mcomp")
        for name, constant in model.constants.items():
            expected[f"{stem}/{name}"] = constant.values()
        output = model.run(image(), devices="ref")
        assert isinstance(output, np.ndarray)
        expected[f"{stem}/output"] = output
    np.savez_compressed(GOLDEN / "expected.npz", **expected)


if __name__ == "__main__":
    main()
