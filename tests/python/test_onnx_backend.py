"""The onnx package's own cases of every operator that is read, through the reader, on both devices.

What is not read is listed in onnx_backend_refused.toml.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from onnx_backend import node_cases, run_case

import mcomp
from mcomp.onnx_io.operators import OPERATORS

REFUSED = tomllib.loads((Path(__file__).parent / "onnx_backend_refused.toml").read_text())


@pytest.mark.parametrize("operator", OPERATORS)
def test_node_cases(operator: str, tmp_path: Path) -> None:
    refused = REFUSED.get(operator, {})
    cases = node_cases(operator)
    assert cases
    passed, wrong = 0, []
    for case in cases:
        reason = refused.get(case.name)
        for device in ("ref", "cpu"):
            try:
                run_case(case, tmp_path, device)
            except mcomp.MCompError as error:
                if reason is None or reason not in str(error):
                    wrong.append(f"{case.name}: {error}")
                break
            except AssertionError as error:
                wrong.append(f"{case.name} on {device}: {error}")
            else:
                passed += 1
                if reason is not None:
                    wrong.append(f"{case.name}: is listed as refused, but is read")
    assert not wrong, "\n".join(wrong)
    assert passed + 2 * len(refused) >= 2 * len(cases)
    print(f"{operator}: {len(cases)} cases, {passed // 2} read, {len(refused)} refused")


def test_only_operators_that_are_read_are_listed() -> None:
    assert set(REFUSED) <= set(OPERATORS)
