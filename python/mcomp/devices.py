"""The devices of this machine, and what the library can do: passes, operators."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ._errors import check
from ._handles import new_info, py_text
from ._native import lib
from .context import Context, context_or_default
from .display import Cell, html_table, text_table


@dataclass(frozen=True)
class DeviceInfo:
    """One device.

    Attributes
    ----------
    id : str
        What plans and command lines call it.
    kind : str
        ``cpu``, ``reference``, ``gpu`` or ``modelled``.
    name, detail : str
        Its own name; instruction set and threads, driver version.
    available : bool
        Whether it can run.
    reason : str
        Why it cannot, '' where it can.
    """

    id: str
    kind: str
    name: str
    detail: str
    available: bool
    reason: str


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter of a pass.

    Attributes
    ----------
    name : str
    type : str
        ``real``, ``integer``, ``choice`` or ``globs``.
    default : str
        As text; '' where it must be given (real, integer) or where there is none (globs).
    min, max : float
        Inclusive bounds of a real or integer.
    choices : tuple of str
        The words of a choice.
    summary : str
    """

    name: str
    type: str
    default: str
    min: float
    max: float
    choices: tuple[str, ...]
    summary: str


@dataclass(frozen=True)
class PassInfo:
    """A pass that recipes can name.

    Attributes
    ----------
    name, summary : str
    source : str
        The paper or page that the method comes from.
    parameters : list of ParameterInfo
    """

    name: str
    summary: str
    source: str
    parameters: list[ParameterInfo]


class DeviceList(list[DeviceInfo]):
    """Devices; a table in a notebook and where it is printed."""

    def _table(self) -> tuple[list[str], list[list[Cell]]]:
        headers = [field.name for field in fields(DeviceInfo)]
        return headers, [[getattr(item, name) for name in headers] for item in self]

    def __str__(self) -> str:
        return text_table(*self._table())

    def _repr_html_(self) -> str:
        return html_table(f"{len(self)} devices", *self._table())


class PassList(list[PassInfo]):
    """Passes; a table in a notebook and where it is printed."""

    def _table(self) -> tuple[list[str], list[list[Cell]]]:
        return ["name", "summary", "parameters"], [
            [item.name, item.summary, ", ".join(one.name for one in item.parameters)]
            for item in self
        ]

    def __str__(self) -> str:
        return text_table(*self._table())

    def _repr_html_(self) -> str:
        return html_table(f"{len(self)} passes", *self._table())


def devices(context: Context | None = None) -> DeviceList:
    """List the devices that are known, available or not.

    Examples
    --------
    >>> [device.id for device in devices() if device.available][:2]
    ['cpu', 'ref']
    """
    handle = context_or_default(context)._use()
    found = DeviceList()
    info = new_info("mcomp_device_info")
    while check(lib.mcomp_device_get_info(handle, len(found), info)) == lib.MCOMP_OK:
        found.append(
            DeviceInfo(
                py_text(info.id),
                py_text(info.kind),
                py_text(info.name),
                py_text(info.detail),
                bool(info.available),
                py_text(info.reason),
            )
        )
    return found


def passes() -> PassList:
    """List every pass and its parameters.

    Examples
    --------
    >>> "share.kmeans" in [item.name for item in passes()]
    True
    """
    found = PassList()
    info = new_info("mcomp_pass_info")
    while check(lib.mcomp_pass_get_info(len(found), info)) == lib.MCOMP_OK:
        parameters: list[ParameterInfo] = []
        detail = new_info("mcomp_parameter_info")
        while (
            check(lib.mcomp_pass_get_parameter(len(found), len(parameters), detail)) == lib.MCOMP_OK
        ):
            words = py_text(detail.choices)
            parameters.append(
                ParameterInfo(
                    py_text(detail.name),
                    py_text(detail.type),
                    py_text(detail.default_value),
                    float(detail.min),
                    float(detail.max),
                    tuple(words.split("|")) if words else (),
                    py_text(detail.summary),
                )
            )
        found.append(
            PassInfo(py_text(info.name), py_text(info.summary), py_text(info.source), parameters)
        )
    return found


def operators() -> list[str]:
    """List the names of all operators that a network may use.

    Examples
    --------
    >>> "Conv" in operators()
    True
    """
    found: list[str] = []
    while name := py_text(lib.mcomp_operator_name(len(found))):
        found.append(name)
    return found
