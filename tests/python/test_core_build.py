"""The module is what the public headers say, no more and no less."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import mcomp
from mcomp import _native


@pytest.fixture(scope="module")
def generator(root: Path) -> ModuleType:
    path = root / "python/mcomp/_build.py"
    spec = importlib.util.spec_from_file_location("mcomp_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def headers(root: Path) -> list[Path]:
    return [root / "libmcomp/include/mcomp/mcomp.h", root / "models/mcomp_models.h"]


def names_in_headers(root: Path) -> set[str]:
    """Function names, found by a second, cruder reading of the headers."""
    found = set()
    for path in [*(root / "libmcomp/include/mcomp").glob("*.h"), root / "models/mcomp_models.h"]:
        text = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"^\s*#.*$", " ", text, flags=re.MULTILINE)
        found |= set(re.findall(r"\b(mcomp_[a-z0-9_]+)\s*\(", text))
    return found


def test_function_lists_of_headers_module_and_stub_agree(
    root: Path, generator: ModuleType, headers: list[Path]
) -> None:
    expected = names_in_headers(root)
    assert len(expected) > 80
    assert set(generator.functions(generator.declarations(headers))) == expected
    in_module = {name for name in dir(_native.lib) if callable(getattr(_native.lib, name))}
    assert {name for name in in_module if "python" not in name} == expected
    stub = (root / "python/mcomp/_native.pyi").read_text()
    assert set(re.findall(r"def (mcomp_\w+)\(", stub)) == expected


def test_stub_is_what_the_headers_give(
    root: Path, generator: ModuleType, headers: list[Path]
) -> None:
    made = generator.stub(generator.declarations(headers))
    assert (root / "python/mcomp/_native.pyi").read_text() == made


def test_stub_has_the_parameters_of_the_headers(generator: ModuleType, headers: list[Path]) -> None:
    found = generator.functions(generator.declarations(headers))
    result, parameters = found["mcomp_tensor_decode"]
    assert result == "mcomp_status"
    assert parameters == [
        ("tensor", "const mcomp_tensor *"),
        ("values", "float *"),
        ("capacity", "size_t"),
    ]
    assert found["mcomp_version"] == ("const char *", [])


def test_constants_have_the_values_of_the_headers(
    generator: ModuleType, headers: list[Path]
) -> None:
    names = generator.constants(generator.declarations(headers))
    assert {"MCOMP_BATCH", "MCOMP_MAX_RANK", "MCOMP_ERR_INTERNAL", "MCOMP_DTYPE_S64"} <= set(names)
    for name in names:
        assert isinstance(getattr(_native.lib, name), int)
    assert _native.lib.MCOMP_BATCH == -1
    assert _native.lib.MCOMP_ERR_VERSION == -11


def test_module_exports_nothing_but_its_entry() -> None:
    loaded = ctypes.CDLL(_native.__file__)
    assert loaded.PyInit__native
    with pytest.raises(AttributeError):
        _ = loaded.mcomp_version


def test_version_is_that_of_the_header(root: Path) -> None:
    text = (root / "libmcomp/include/mcomp/base.h").read_text()
    parts = [
        re.search(rf"MCOMP_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR", "PATCH")
    ]
    assert mcomp.__version__ == ".".join(part[1] for part in parts if part)


def test_import_is_light() -> None:
    script = "import mcomp, sys; print(*(m in sys.modules for m in ('onnx', 'PIL', 'matplotlib')))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert done.stdout.split() == ["False"] * 3


def test_everything_public_exists_and_has_a_docstring() -> None:
    listed = dir(mcomp)
    for name in mcomp.__all__:
        assert name in listed
        found = getattr(mcomp, name)
        assert found.__doc__, name
        if inspect.isclass(found):
            for member, value in vars(found).items():
                if not member.startswith("_") and callable(value):
                    assert value.__doc__, f"{name}.{member}"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = mcomp.nothing_such


def test_what_is_installed_is_the_package_alone() -> None:
    try:
        files = importlib.metadata.files("mcomp")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("mcomp runs from its sources here, it is not installed")
    assert files
    for file in files:
        assert file.parts[0].startswith("mcomp") or file.name == "mcomp", file
        assert file.suffix not in (".h", ".a", ".c", ".cmake", ".pc"), file
    assert not any(file.name == "_build.py" for file in files)
    assert {"py.typed", "_native.pyi"} <= {file.name for file in files}
