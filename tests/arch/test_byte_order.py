"""A big-endian processor is refused when the library is compiled, by name."""

import subprocess
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[2] / "libmcomp"


@pytest.mark.parametrize(("order", "refused"), [("LITTLE", False), ("BIG", True)])
def test_only_little_endian_compiles(order: str, refused: bool) -> None:
    command = ["gcc", "-std=c11", "-fsyntax-only", "-U__BYTE_ORDER__"]
    command += [f"-D__BYTE_ORDER__=__ORDER_{order}_ENDIAN__"]
    command += [f"-I{LIBRARY / 'include'}", f"-I{LIBRARY / 'src'}"]
    command += [str(LIBRARY / "src" / "base" / "cpu_features.c")]
    result = subprocess.run(command, text=True, capture_output=True, check=False)
    assert (result.returncode != 0) == refused, result.stderr
    assert ("libmcomp needs a little-endian processor" in result.stderr) == refused
