"""The grid of a study: what study.toml says, checked before anything is measured."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import mcomp
from mcomp._arguments import file_path

_SECTIONS = {"name", "description", "grid", "data", "measure"}


@dataclass(frozen=True)
class ModelSource:
    """A network of the grid.

    Attributes
    ----------
    label : str
        What tables and figures call it.
    source : str
        A name from ``mcomp.models.names()``, or the path of an ``.onnx`` or ``.mcomp`` file.
    seed : int
        Seed of the weights where the network brings none, 0 to 2**63 - 1.
    width : float
        Width multiplier of a named network, above 0 and at most 1.
    """

    label: str
    source: str
    seed: int = 0
    width: float = 1.0

    def open(self) -> mcomp.Model:
        """Open the network.

        Raises
        ------
        mcomp.MCompError
            Of the kind that fits: no such file or name, a damaged or unsupported file.
        """
        if self.source.endswith(".onnx"):
            return mcomp.read_onnx(self.source)
        if self.source.endswith(".mcomp"):
            return mcomp.load(self.source)
        return mcomp.models.create(self.source, seed=self.seed, width=self.width)


@dataclass(frozen=True)
class RecipeSource:
    """A recipe of the grid: its label and its canonical text."""

    label: str
    text: str


@dataclass(frozen=True)
class DataOptions:
    """Which images are used.

    Attributes
    ----------
    accuracy : str
        Data set that accuracy is measured on; empty: accuracy is not measured.
    limit : int
        Images at most, the first ones of the data set; 0: all.
    calibration : str
        Data set that passes may calibrate on; empty: none.
    samples : int
        Images of it, 1 or more.
    """

    accuracy: str = ""
    limit: int = 0
    calibration: str = ""
    samples: int = 128


@dataclass(frozen=True)
class MeasureOptions:
    """How time is measured. The two minima are met together, over all rounds.

    Attributes
    ----------
    min_runs : int
        Samples at least, 1 to 1,000,000.
    min_seconds : float
        Time at least, 0 to 3600 s.
    rounds : int
        Parts that the samples are taken in, 1 to 1000. A round visits every variant once, so that
        a machine that slows down slows all of them.
    warmup_runs : int
        Runs before the first sample of a round, 0 to 10,000.
    batch : int
        Images per run, 1 to 4096.
    memory_runs : int
        Fresh processes that memory is measured in, 1 to 1000.
    """

    min_runs: int = 10
    min_seconds: float = 1.0
    rounds: int = 5
    warmup_runs: int = 2
    batch: int = 1
    memory_runs: int = 3


@dataclass(frozen=True)
class Study:
    """All that study.toml says.

    Attributes
    ----------
    path : Path
        The file, absolute.
    name, description, text : str
        Its name, one sentence about it, and the text of the whole file.
    models, recipes, devices, threads, seeds : tuple
        The axes of the grid. No threads: all cores of the machine that measures.
    data : DataOptions
    measure : MeasureOptions
    """

    path: Path
    name: str
    description: str
    text: str
    models: tuple[ModelSource, ...]
    recipes: tuple[RecipeSource, ...]
    devices: tuple[str, ...]
    threads: tuple[int, ...]
    seeds: tuple[int, ...]
    data: DataOptions
    measure: MeasureOptions

    def __repr__(self) -> str:
        return (
            f"Study({self.name!r}, {len(self.models)} models x {len(self.recipes)} recipes x "
            f"{len(self.devices)} devices x {len(self.threads) or 1} threads x "
            f"{len(self.seeds)} seeds)"
        )


class _Table:
    """A TOML table that names itself in every complaint."""

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, Mapping):
            raise mcomp.InvalidArgument(f"{where} must be a table")
        self._values = values
        self._where = where

    def check_keys(self, known: set[str]) -> None:
        for key in self._values:
            if key not in known:
                raise mcomp.InvalidArgument(
                    f"{self._where}: unknown key '{key}'; known: {', '.join(sorted(known))}"
                )

    def get(self, key: str) -> object:
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._values.get(key, default)
        if not isinstance(value, str) or (default is None and not value):
            raise mcomp.InvalidArgument(f"{self._where}: {key} must be a text, not {value!r}")
        return value

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        return check_integer(self._values.get(key, default), f"{self._where}: {key}", low, high)

    def real(self, key: str, default: float, low: float, high: float) -> float:
        value = self._values.get(key, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise mcomp.InvalidArgument(
                f"{self._where}: {key} must be a number from {low:g} to {high:g}, not {value!r}"
            )
        return float(value)

    def sequence(self, key: str, default: Sequence[object] | None = None) -> Sequence[object]:
        value = self._values.get(key, default)
        if not isinstance(value, list | tuple) or not value:
            raise mcomp.InvalidArgument(
                f"{self._where}: {key} must be a list of at least one entry"
            )
        return value


def check_integer(value: object, where: str, low: int, high: int) -> int:
    """Return `value` where it is an integer from `low` to `high`, else raise InvalidArgument."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise mcomp.InvalidArgument(
            f"{where} must be an integer from {low} to {high}, not {value!r}"
        )
    return value


def read_study(path: str | Path) -> Study:
    """Read and check a study file; nothing is opened or measured yet.

    Parameters
    ----------
    path : str or Path
        A study.toml. Files that it names are relative to its folder.

    Raises
    ------
    mcomp.IoError
        The file cannot be read.
    mcomp.InvalidArgument
        It is no TOML, a key is unknown, a value is out of bounds, a name stands twice.
    """
    path = file_path("study", path).absolute()
    try:
        text = path.read_bytes().decode("utf-8")
        root = tomllib.loads(text)
    except OSError as error:
        raise mcomp.IoError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise mcomp.InvalidArgument(f"{path}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise mcomp.InvalidArgument(f"{path}: {error}") from None
    top = _Table(root, str(path))
    top.check_keys(_SECTIONS)
    grid = _Table(root.get("grid"), f"{path}: [grid]")
    grid.check_keys({"models", "recipes", "devices", "threads", "seeds"})
    return Study(
        path=path,
        name=top.text("name"),
        description=top.text("description", ""),
        text=text,
        models=_models(grid, path),
        recipes=_recipes(grid, path),
        devices=_devices(grid, path),
        threads=_integers(grid, "threads", (), path, 1, 256),
        seeds=_integers(grid, "seeds", (0,), path, 0, 2**63 - 1),
        data=_data(root.get("data", {}), path),
        measure=_measure(root.get("measure", {}), path),
    )


def _models(grid: _Table, path: Path) -> tuple[ModelSource, ...]:
    models = []
    for index, entry in enumerate(grid.sequence("models")):
        where = f"{path}: [grid] models[{index}]"
        table = _Table({"model": entry} if isinstance(entry, str) else entry, where)
        table.check_keys({"name", "model", "seed", "width"})
        source = table.text("model")
        if source.endswith((".onnx", ".mcomp")):
            label = table.text("name", Path(source).stem)
            source = str(path.parent / source)
        else:
            label = table.text("name", source)
            if source not in mcomp.models.names():
                raise mcomp.NotFound(
                    f"{where}: '{source}' is no .onnx or .mcomp file and no network; known: "
                    f"{', '.join(mcomp.models.names())}"
                )
        seed = table.integer("seed", 0, 0, 2**63 - 1)
        models.append(ModelSource(label, source, seed, table.real("width", 1.0, 0.0, 1.0)))
    _refuse_twice([model.label for model in models], f"{path}: [grid] models")
    return tuple(models)


def _recipes(grid: _Table, path: Path) -> tuple[RecipeSource, ...]:
    values = grid.get("recipes")
    if not isinstance(values, Mapping) or not values:
        raise mcomp.InvalidArgument(
            f"{path}: [grid.recipes] must be a table of names and recipes, with one at least"
        )
    recipes = []
    for label, text in values.items():
        if not isinstance(text, str):
            raise mcomp.InvalidArgument(f"{path}: recipe '{label}' must be a text, not {text!r}")
        source = path.parent / text if text.endswith(".toml") else text
        try:
            recipes.append(RecipeSource(label, mcomp.Recipe(source).text))
        except mcomp.MCompError as error:
            raise type(error)(f"{path}: recipe '{label}': {error}") from None
    for index, recipe in enumerate(recipes):
        for other in recipes[:index]:
            if other.text == recipe.text:
                raise mcomp.InvalidArgument(
                    f"{path}: recipes '{other.label}' and '{recipe.label}' are the same: "
                    f"{recipe.text}"
                )
    return tuple(recipes)


def _devices(grid: _Table, path: Path) -> tuple[str, ...]:
    devices = []
    for index, device in enumerate(grid.sequence("devices", ("cpu",))):
        if not isinstance(device, str) or not device:
            raise mcomp.InvalidArgument(
                f"{path}: [grid] devices[{index}] must be a text, not {device!r}"
            )
        devices.append(device)
    _refuse_twice(devices, f"{path}: [grid] devices")
    return tuple(devices)


def _integers(
    grid: _Table, key: str, default: tuple[int, ...], path: Path, low: int, high: int
) -> tuple[int, ...]:
    where = f"{path}: [grid] {key}"
    if grid.get(key) is None:
        return default
    values = [check_integer(value, where, low, high) for value in grid.sequence(key)]
    _refuse_twice(values, where)
    return tuple(values)


def _data(values: object, path: Path) -> DataOptions:
    table = _Table(values, f"{path}: [data]")
    table.check_keys({"accuracy", "limit", "calibration", "samples"})
    return DataOptions(
        accuracy=_data_set(table.text("accuracy", ""), path),
        limit=table.integer("limit", 0, 0, 2**31 - 1),
        calibration=_data_set(table.text("calibration", ""), path),
        samples=table.integer("samples", 128, 1, 2**31 - 1),
    )


def _data_set(text: str, path: Path) -> str:
    """Take a folder from where the study is; anything else is the name of a data set."""
    folder = path.parent / text
    return str(folder) if text and folder.is_dir() else text


def _measure(values: object, path: Path) -> MeasureOptions:
    table = _Table(values, f"{path}: [measure]")
    table.check_keys({entry.name for entry in fields(MeasureOptions)})
    default = MeasureOptions()
    return MeasureOptions(
        min_runs=table.integer("min_runs", default.min_runs, 1, 1_000_000),
        min_seconds=table.real("min_seconds", default.min_seconds, 0.0, 3600.0),
        rounds=table.integer("rounds", default.rounds, 1, 1000),
        warmup_runs=table.integer("warmup_runs", default.warmup_runs, 0, 10_000),
        batch=table.integer("batch", default.batch, 1, 4096),
        memory_runs=table.integer("memory_runs", default.memory_runs, 1, 1000),
    )


def _refuse_twice(values: Sequence[object], where: str) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise mcomp.InvalidArgument(f"{where}: '{value}' stands twice")
