"""The onnx package's own cases of every operator that is read, through the reader, on both devices.

What is refused is listed in onnx_backend_refused.toml.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from onnx_backend import forms_of, node_cases

import mcomp
from mcomp.onnx_io.operators import OPERATORS

REFUSED = tomllib.loads((Path(__file__).parent / "onnx_backend_refused.toml").read_text())


def reason_of(form: str, operator: str, case: str) -> str | None:
    """What the refusal of a form says; None where it must be read."""
    reasons = REFUSED[form].get(operator, {})
    return reasons if isinstance(reasons, str) else reasons.get(case)


@pytest.mark.parametrize("operator", OPERATORS)
def test_node_cases(operator: str, tmp_path: Path) -> None:
    cases = node_cases(operator)
    assert cases
    read, refused, wrong = 0, 0, []
    for case in cases:
        for form, run in forms_of(case).items():
            reason = reason_of(form, operator, case.name)
            try:
                for device in ("ref", "cpu"):
                    run(case, tmp_path, device)
            except mcomp.MCompError as error:
                refused += 1
                if reason is None or reason not in str(error):
                    wrong.append(f"{case.name}, {form} form: {error}")
            except AssertionError as error:
                wrong.append(f"{case.name}, {form} form: {error}")
            else:
                read += 1
                if reason is not None:
                    wrong.append(f"{case.name}, {form} form: is listed as refused, but is read")
    assert not wrong, "\n".join(wrong)
    print(f"{operator}: {len(cases)} cases, {read} forms read, {refused} refused")


def test_only_cases_that_there_are_are_listed() -> None:
    for form, operators in REFUSED.items():
        assert form in ("network", "constant", "quantized")
        assert set(operators) <= set(OPERATORS)
        for operator, reasons in operators.items():
            if isinstance(reasons, dict):
                assert set(reasons) <= {
                    case.name for case in node_cases(operator) if form in forms_of(case)
                }
