"""Make the cffi module's C source, and its type stub, from the public headers.

The headers are the only description of the C functions: what is declared there is what Python can
call. Used by CMake and by the tests, never at run time; needs cffi only for the C source.

    python _build.py c OUT.c HEADER...       C source of the module
    python _build.py stub OUT.pyi HEADER...  type stub of the module

A header is read after those that it includes from its own folder.
"""

import re
import sys
from pathlib import Path

MODULE = "mcomp._native"

# Callbacks that C calls: implemented in Python with ffi.def_extern().
CALLBACKS = """
extern "Python" int mcomp_python_progress(void *user, const char *stage, uint64_t done,
                                          uint64_t total);
extern "Python" int mcomp_python_batch(void *user, uint64_t index, mcomp_tensor *input);
"""

_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_CPLUSPLUS = re.compile(r"^#ifdef __cplusplus\n.*?^#endif\n", re.DOTALL | re.MULTILINE)
_CONSTANT = re.compile(r"^#define (MCOMP_\w+) +(\(?-?\d+\)?)$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^#(?:[^\\\n]*\\\n)*[^\n]*$", re.MULTILINE)
_MARKS = re.compile(r"\b(?:MCOMP_API|MCOMP_NODISCARD)\b")
_FUNCTION = re.compile(r"^(?P<result>[\w ]+?[ *]+)(?P<name>mcomp_\w+)\((?P<parameters>[^()]*)\)$")
_ENUMERATOR = re.compile(r"\b(MCOMP_\w+) *=")

_INTEGERS = re.compile(
    r"^(?:const )?(?:u?int(?:8|16|32|64)_t|size_t|int|mcomp_(?:status|value|dtype|layout))$"
)
_REALS = re.compile(r"^(?:const )?(?:float|double)$")


def in_order(headers: list[Path]) -> list[Path]:
    """List the headers and what they include from their own folders, each after what it needs."""
    found: list[Path] = []

    def visit(header: Path) -> None:
        if header in found:
            return
        text = _COMMENT.sub("", header.read_text(encoding="utf-8"))
        for name in _INCLUDE.findall(text):
            if (header.parent / name).exists():
                visit(header.parent / name)
        found.append(header)

    for header in headers:
        visit(header)
    return found


def declarations(headers: list[Path]) -> str:
    """Join what the headers declare, without comments and preprocessor lines.

    Parameters
    ----------
    headers
        Paths of headers; what they include is read too.

    Returns
    -------
    str
        C declarations that cffi's ``cdef`` accepts.
    """
    parts = []
    for header in in_order(headers):
        text = _COMMENT.sub("", header.read_text(encoding="utf-8"))
        text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
        text = _CPLUSPLUS.sub("", text)
        constants = [
            f"#define {name} {value.strip('()')}" for name, value in _CONSTANT.findall(text)
        ]
        body = _MARKS.sub("", _DIRECTIVE.sub("", text))
        parts.append("\n".join([*constants, re.sub(r"\n\s*\n+", "\n", body).strip()]))
    return "\n".join(parts) + "\n"


def functions(text: str) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Find the functions among declarations.

    Parameters
    ----------
    text
        What :func:`declarations` gave.

    Returns
    -------
    dict
        Function name to (result type, [(parameter name, parameter type)]).
    """
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    body = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    body = re.sub(r"\{[^{}]*\}", "", body)
    for statement in body.split(";"):
        match = _FUNCTION.match(" ".join(statement.split()))
        if match is None or match["result"].startswith("typedef"):
            continue
        parameters = []
        for parameter in match["parameters"].split(","):
            if parameter.strip() != "void":
                kind, name = re.fullmatch(r"(.*?[ *])(\w+)", parameter.strip()).groups()  # type: ignore[union-attr]
                parameters.append((name, kind.strip()))
        found[match["name"]] = (match["result"].strip(), parameters)
    return found


def constants(text: str) -> list[str]:
    """Name the integer constants among declarations: defines and enumerators, in order."""
    return re.findall(r"^#define (\w+)", text, re.MULTILINE) + _ENUMERATOR.findall(text)


def _stub_type(kind: str, *, result: bool) -> str:
    if kind == "void":
        return "None"
    if _INTEGERS.match(kind):
        return "int"
    if _REALS.match(kind):
        return "float"
    if kind == "const char *" and not result:
        return "CData | bytes"
    return "CData"


def stub(text: str) -> str:
    """Write the module's type stub.

    Parameters
    ----------
    text
        What :func:`declarations` gave.
    """
    lines = [
        "# Made by _build.py from the public headers. Do not edit.",
        "from collections.abc import Callable",
        "from typing import Any",
        "",
        "class CData:",
        "    def __getattr__(self, name: str) -> Any: ...",
        "    def __setattr__(self, name: str, value: Any) -> None: ...",
        "    def __getitem__(self, index: Any) -> Any: ...",
        "    def __setitem__(self, index: Any, value: Any) -> None: ...",
        "    def __bool__(self) -> bool: ...",
        "    def __int__(self) -> int: ...",
        "    def __len__(self) -> int: ...",
        "",
        "class Ffi:",
        "    NULL: CData",
        "    def new(self, ctype: str, init: Any = ...) -> CData: ...",
        "    def cast(self, ctype: str, value: Any) -> CData: ...",
        "    def sizeof(self, ctype: str | CData) -> int: ...",
        "    def string(self, cdata: CData) -> bytes: ...",
        "    def buffer(self, cdata: CData, size: int = ...) -> Any: ...",
        "    def from_buffer(",
        "        self, ctype: str, buffer: Any, require_writable: bool = ...",
        "    ) -> CData: ...",
        "    def gc(self, cdata: CData, destructor: Callable[[CData], Any]) -> CData: ...",
        "    def new_handle(self, value: Any) -> CData: ...",
        "    def from_handle(self, handle: CData) -> Any: ...",
        "    def def_extern(",
        "        self, *, error: Any = ..., onerror: Callable[[Any, Any, Any], Any] = ...",
        "    ) -> Callable[[Callable[..., Any]], Any]: ...",
        "",
        "class Lib:",
    ]
    lines += [f"    {name}: int" for name in constants(text)]
    for name, (result, parameters) in functions(text).items():
        heads = "".join(
            f", {parameter}: {_stub_type(kind, result=False)}" for parameter, kind in parameters
        )
        lines.append(f"    def {name}(self{heads}) -> {_stub_type(result, result=True)}: ...")
    lines += [
        "    mcomp_python_progress: CData",
        "    mcomp_python_batch: CData",
        "",
        "ffi: Ffi",
        "lib: Lib",
        "",
    ]
    return "\n".join(lines)


def _include_name(header: Path) -> str:
    return f"mcomp/{header.name}" if header.parent.name == "mcomp" else header.name


def write_c_source(output: Path, headers: list[Path]) -> None:
    """Write the C source of the module."""
    from cffi import FFI

    builder = FFI()
    builder.cdef(declarations(headers))
    builder.cdef(CALLBACKS)
    includes = "\n".join(f'#include "{_include_name(header)}"' for header in headers)
    builder.set_source(MODULE, includes)
    builder.emit_c_code(str(output))


def main(arguments: list[str]) -> None:
    """Run as CMake does."""
    kind, output, headers = arguments[0], Path(arguments[1]), [Path(item) for item in arguments[2:]]
    if kind == "c":
        write_c_source(output, headers)
    elif kind == "stub":
        text = stub(declarations(headers))
        if not output.exists() or output.read_text(encoding="utf-8") != text:
            output.write_text(text, encoding="utf-8")
    else:
        raise SystemExit(f"_build.py: unknown kind {kind!r}; known: c, stub")


if __name__ == "__main__":
    main(sys.argv[1:])
