"""The plain build needs a C compiler and zlib; what it installs can be built against."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "02_build_a_network.c"
CMAKE_USER = """\
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(mcomp {version} REQUIRED)
add_executable(user {example})
target_link_libraries(user PRIVATE mcomp::{kind})
"""
README = (ROOT / "README.md").read_text(encoding="utf-8")


def call(*command: str | Path, **options: object) -> str:
    result = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, **options
    )  # type: ignore[call-overload]
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return str(result.stdout)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    call("cmake", "-S", ROOT, "-B", folder, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
    call("cmake", "--build", folder, "--parallel", "2")
    return folder


@pytest.fixture(scope="module")
def prefix(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prefix")
    call("cmake", "--install", build, "--prefix", folder)
    return folder


@pytest.fixture(scope="module")
def library_folder(prefix: Path) -> Path:
    return next(prefix.rglob("libmcomp.so")).parent


def version() -> str:
    text = (ROOT / "libmcomp/include/mcomp/base.h").read_text()
    return ".".join(re.findall(r"MCOMP_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))


def test_headers_are_installed(prefix: Path) -> None:
    ours = {path.name for path in (ROOT / "libmcomp/include/mcomp").iterdir()}
    assert {path.name for path in (prefix / "include/mcomp").iterdir()} == ours


def test_pages_that_headers_name_are_installed(prefix: Path) -> None:
    headers = (prefix / "include/mcomp").iterdir()
    named = {page for path in headers for page in re.findall(r"docs/(\S+\.md)", path.read_text())}
    installed = {path.name for path in (prefix / "share/doc/mcomp").iterdir()}
    assert {"format.md", "operators.md"} <= named <= installed


def test_soname(library_folder: Path) -> None:
    dynamic = call("readelf", "-d", library_folder / "libmcomp.so")
    assert f"[libmcomp.so.{version().split('.')[0]}]" in dynamic


def test_exported_symbols(library_folder: Path) -> None:
    listing = call("nm", "-D", "--defined-only", library_folder / "libmcomp.so")
    exported = sorted(line.split()[-1] for line in listing.splitlines())
    committed = (ROOT / "tests/abi/symbols.txt").read_text().split()
    assert all(name.startswith("mcomp_") for name in exported)
    assert exported == committed


def test_nothing_is_built_for_this_machine_only(build: Path) -> None:
    commands = (build / "compile_commands.json").read_text()
    assert "-march=native" not in commands
    assert "-mtune=native" not in commands


def test_library_prints_nothing_and_never_exits(library_folder: Path) -> None:
    listing = call("nm", "-D", "--undefined-only", library_folder / "libmcomp.so")
    used = {line.split()[-1].partition("@")[0] for line in listing.splitlines()}
    forbidden = {"printf", "puts", "exit", "_exit", "abort", "signal", "sigaction", "__assert_fail"}
    assert not used & forbidden


@pytest.mark.parametrize("kind", ["static", "shared", "mcomp"])
def test_cmake_user(prefix: Path, tmp_path: Path, kind: str) -> None:
    text = CMAKE_USER.format(version=version(), example=EXAMPLE, kind=kind)
    (tmp_path / "CMakeLists.txt").write_text(text)
    call("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    call("cmake", "--build", tmp_path / "build")
    assert "mc_f32" in call(tmp_path / "build" / "user")


@pytest.mark.parametrize("kind", ["static", "shared"])
def test_pkg_config_user(library_folder: Path, tmp_path: Path, kind: str) -> None:
    search = {"PKG_CONFIG_PATH": str(library_folder / "pkgconfig")}
    environment = {**os.environ, **search, "LD_LIBRARY_PATH": str(library_folder)}
    words = ["--static"] if kind == "static" else []
    flags = call("pkg-config", "--cflags", "--libs", *words, "mcomp", env=environment).split()
    if kind == "static":
        flags = ["-l:libmcomp.a" if flag == "-lmcomp" else flag for flag in flags]
    call("cc", EXAMPLE, "-o", tmp_path / "user", *flags)
    assert "mc_f32" in call(tmp_path / "user", env=environment)


def readme_block(language: str, word: str) -> str:
    """The block of the README in this language that has this word."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (block,) = [block for block in blocks if word in block]
    return block


def test_readme_c_program(library_folder: Path, tmp_path: Path) -> None:
    lines = readme_block("sh", "01_compress_and_run.c").splitlines()
    # Where the library is installed and found is this test's own.
    own = [line for line in lines if re.match(r"cmake|sudo", line)]
    assert len(own) == 3
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "build").mkdir()
    environment = {
        **os.environ,
        "PKG_CONFIG_PATH": str(library_folder / "pkgconfig"),
        "LD_LIBRARY_PATH": str(library_folder),
    }
    script = "\n".join(line for line in lines if line not in own)
    script = f'mcomp() {{ "{sys.executable}" -m mcomp "$@"; }}\n{script}'
    call("bash", "-euc", script, cwd=tmp_path, env=environment)
    packed, small = tmp_path / "lenet5.mcomp", tmp_path / "compressed.mcomp"
    assert small.stat().st_size < packed.stat().st_size / 20


def test_readme_cmake_user(prefix: Path, tmp_path: Path) -> None:
    head = "cmake_minimum_required(VERSION 3.25)\nproject(user C)\n"
    (tmp_path / "CMakeLists.txt").write_text(head + readme_block("cmake", "find_package"))
    (tmp_path / "program.c").write_text(EXAMPLE.read_text())
    call("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    call("cmake", "--build", tmp_path / "build")
    assert "mc_f32" in call(tmp_path / "build" / "program")
