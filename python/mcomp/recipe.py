"""Recipes: which passes to apply, as text or as a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._arguments import file_path
from ._errors import InvalidArgument, IoError, MCompError, MissingFile, check
from ._handles import c_text, py_text
from ._native import ffi, lib
from .context import Context, context_or_default

if TYPE_CHECKING:
    from ._native import CData

_FILE_KEYS = ("recipe", "pass", "name", "summary", "evidence")


class Recipe:
    """A checked list of passes.

    Parameters
    ----------
    text
        Recipe text: passes separated by ``;`` or line breaks, each a name and ``parameter=value``
        words. Or the path of a TOML file (a Path, or text that ends in ``.toml``) with either
        ``recipe = "..."`` or tables ``[[pass]]`` of a name and parameters; beside them a file may
        have ``name``, ``summary`` and ``evidence``, which are not read here.
    context
        None: the default one.

    Raises
    ------
    InvalidArgument
        Unknown pass, parameter or word, a value out of bounds; names the file and what is known.
    MissingFile, IoError
        There is no such file, or it cannot be read.

    Examples
    --------
    >>> recipe = Recipe("prune.magnitude   sparsity=0.80; encode.huffman")
    >>> recipe == Recipe(str(recipe))
    True
    """

    def __init__(self, text: str | Path, *, context: Context | None = None) -> None:
        self._read(text, context_or_default(context)._use())

    @classmethod
    def _in(cls, text: str | Path, root: CData) -> Recipe:
        """Make a recipe in the library's context itself, whose object may be closed."""
        recipe = object.__new__(cls)
        recipe._read(text, root)
        return recipe

    def _read(self, text: str | Path, root: CData) -> None:
        if isinstance(text, Path) or _names_a_file(text):
            path = file_path("recipe", text)
            source = _read_file(path)
        else:
            path, source = None, text
        try:
            handle = new_recipe(root, source)
        except MCompError as error:
            if path is None:
                raise
            raise type(error)(f"{path}: {error}") from None
        self._text = py_text(lib.mcomp_recipe_text(handle))

    @property
    def text(self) -> str:
        """Canonical text: parameters in the pass's order, defaults left out."""
        return self._text

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"mcomp.Recipe({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Recipe) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)


def new_recipe(root: CData, text: str) -> CData:
    """Make the library's own recipe; each belongs to one thread, so none is kept."""
    out = ffi.new("mcomp_recipe **")
    check(lib.mcomp_recipe_create(root, c_text("recipe", text), out))
    return ffi.gc(out[0], lib.mcomp_recipe_destroy)


def _names_a_file(text: object) -> bool:
    return isinstance(text, str) and text.endswith(".toml") and "\n" not in text


def _read_file(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: {error.strerror}") from None
    except OSError as error:
        raise IoError(f"{path}: {error.strerror or error}") from None
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidArgument(f"{path}: {error}") from None
    for key in table:
        if key not in _FILE_KEYS:
            raise InvalidArgument(f"{path}: unknown key {key!r}; known: {', '.join(_FILE_KEYS)}")
    if ("recipe" in table) == ("pass" in table):
        raise InvalidArgument(f'{path}: either recipe = "..." or tables [[pass]] are wanted')
    if "recipe" in table:
        if not isinstance(table["recipe"], str):
            raise InvalidArgument(f"{path}: recipe must be text")
        return str(table["recipe"])
    entries = table["pass"]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidArgument(f"{path}: pass must be tables [[pass]]")
    return "; ".join(_pass_text(path, number, entry) for number, entry in enumerate(entries, 1))


def _pass_text(path: Path, number: int, entry: dict[str, Any]) -> str:
    where = f"{path}: pass {number}"
    if not isinstance(entry.get("name"), str):
        raise InvalidArgument(f"{where}: name is missing or no text")
    words = [_word(where, "name", entry["name"])]
    for key, value in entry.items():
        if key != "name":
            words.append(f"{_word(where, 'a key', key)}={_value_text(where, key, value)}")
    return " ".join(words)


def _value_text(where: str, key: str, value: object) -> str:
    if isinstance(value, list):
        return ",".join(_value_text(where, key, item) for item in value)
    if isinstance(value, str):
        return _word(where, key, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    raise InvalidArgument(f"{where}: {key} must be a number, text or a list of text")


def _word(where: str, key: str, text: str) -> str:
    if not text or any(letter.isspace() or letter == ";" for letter in text):
        raise InvalidArgument(f"{where}: {key} = {text!r} must be one word")
    return text
