"""Public headers compile alone, as C11 and as C++11; the essay is the example."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "libmcomp" / "include"
HEADERS = sorted(path.relative_to(INCLUDE).as_posix() for path in INCLUDE.rglob("*.h"))
COMPILERS = [
    ("gcc", "c", "c11"),
    ("clang", "c", "c11"),
    ("g++", "c++", "c++11"),
    ("clang++", "c++", "c++11"),
]


@pytest.mark.parametrize(("compiler", "language", "standard"), COMPILERS)
@pytest.mark.parametrize("header", HEADERS)
def test_compiles_alone(header: str, compiler: str, language: str, standard: str) -> None:
    command = [compiler, f"-x{language}", f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic"]
    command += ["-Wshadow", "-Wconversion", "-Werror", "-fsyntax-only", f"-I{INCLUDE}", "-"]
    result = subprocess.run(
        command, input=f"#include <{header}>\n", text=True, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_the_essay_is_the_first_example() -> None:
    example = (ROOT / "examples" / "01_compress_and_run.c").read_text()
    program = example[example.index("#include") :].splitlines()
    printed = [f" *      {line}" if line else " *" for line in program]
    assert "\n".join(printed) in (INCLUDE / "mcomp" / "mcomp.h").read_text()
