"""The folders of libmcomp/src include each other only as libmcomp/layers.txt says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "libmcomp" / "src"
HEADERS = ROOT / "libmcomp" / "include" / "mcomp"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
DECLARATION = re.compile(r"\b(mcomp_[a-z0-9_]+)\s*\(")


def read_layers() -> dict[str, set[str]]:
    layers = {}
    for line in (ROOT / "libmcomp" / "layers.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            folder, _, allowed = line.partition(":")
            layers[folder] = set(allowed.split())
    return layers


LAYERS = read_layers()


def files_of(folder: str) -> list[Path]:
    return sorted(
        path for path in (SOURCES / folder).rglob("*") if path.suffix in {".c", ".h", ".inc"}
    )


def test_every_folder_has_a_layer() -> None:
    assert sorted(LAYERS) == sorted(path.name for path in SOURCES.iterdir() if path.is_dir())


def test_layers_only_look_up() -> None:
    seen: set[str] = set()
    for folder, allowed in LAYERS.items():
        assert allowed <= seen, f"{folder} may include {allowed - seen}, which comes later"
        seen.add(folder)


@pytest.mark.parametrize("folder", LAYERS)
def test_includes(folder: str) -> None:
    files = files_of(folder)
    assert files
    for path in files:
        for included in INCLUDE.findall(path.read_text()):
            where = f"{path.relative_to(ROOT)} includes {included}"
            if included.startswith("mcomp/"):
                assert (HEADERS / included.removeprefix("mcomp/")).is_file(), where
            elif (path.parent / included).is_file():
                target = (path.parent / included).resolve()
                assert target.is_relative_to(SOURCES / folder), where
            else:
                assert (SOURCES / included).is_file(), where
                target_folder = included.split("/")[0]
                assert target_folder in LAYERS[folder] | {folder}, where


@pytest.mark.parametrize("header", sorted(path.stem for path in HEADERS.glob("*.h")))
def test_a_header_is_implemented_by_its_folder(header: str) -> None:
    if header == "mcomp":
        return
    text = re.sub(r"/\*.*?\*/", "", (HEADERS / f"{header}.h").read_text(), flags=re.DOTALL)
    declared = {
        name
        for name in DECLARATION.findall(text)
        if re.search(rf"MCOMP_API[^;]*\b{name}\s*\(", text)
    }
    assert declared
    for name in declared:
        definition = re.compile(rf"^[a-z][^;={{}}]*\b{name}\([^;{{]*\)\s*\n?\{{", re.MULTILINE)
        homes = {
            path.relative_to(SOURCES).parts[0]
            for path in SOURCES.rglob("*.c")
            if definition.search(path.read_text())
        }
        assert homes == {header}, f"{name} is declared in {header}.h and defined in {homes}"


def test_models_use_public_headers_only() -> None:
    for path in (ROOT / "models").glob("*.[ch]"):
        for included in INCLUDE.findall(path.read_text()):
            assert included.startswith("mcomp/") or (path.parent / included).is_file(), path


def test_file_names_are_unique() -> None:
    names: dict[str, Path] = {}
    for path in SOURCES.rglob("*.c"):
        assert path.name not in names, f"{path} and {names[path.name]}"
        names[path.name] = path


def test_files_fit_in_the_head() -> None:
    folders = ("libmcomp", "models", "python", "examples", "notebooks")
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".c", ".h", ".py"}:
                count = len(path.read_text().splitlines())
                assert count <= 600, f"{path.relative_to(ROOT)} has {count} lines"
