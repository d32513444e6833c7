"""What of a file cannot be read: collected while it is read, and said in one line."""

from __future__ import annotations

from dataclasses import dataclass

from .._errors import MCompError, Unsupported
from .text import cut

_SHOWN_MAX = 8
_LINE_LIMIT = 1600
_REASON_LIMIT = 200

_FROM_EACH_IMAGE = (
    "integers whose scale comes from each image are not computed: quantise with fixed scales"
)
_ENLARGES = "there is no operator that enlarges an image"
_SUB_GRAPHS = "sub-graphs are not read"
_RECURRENT = "recurrent layers are not computed"
_NORMALIZES = "statistics of each image are not computed"

#: Known operators that are not read, with a reason of their own.
REASONS: dict[str, str] = {
    "ConvTranspose": f"{_ENLARGES}, and a transposed convolution does",
    "Resize": _ENLARGES,
    "Upsample": _ENLARGES,
    "DynamicQuantizeLinear": _FROM_EACH_IMAGE,
    "ConvInteger": _FROM_EACH_IMAGE,
    "MatMulInteger": _FROM_EACH_IMAGE,
    "DynamicQuantizeMatMul": _FROM_EACH_IMAGE,
    "MatMulIntegerToFloat": _FROM_EACH_IMAGE,
    "If": _SUB_GRAPHS,
    "Loop": _SUB_GRAPHS,
    "Scan": _SUB_GRAPHS,
    "GRU": _RECURRENT,
    "LSTM": _RECURRENT,
    "RNN": _RECURRENT,
    "InstanceNormalization": _NORMALIZES,
    "LayerNormalization": _NORMALIZES,
    "GroupNormalization": _NORMALIZES,
}


class NodeRefused(Exception):
    """One node cannot be read.

    Attributes
    ----------
    kind : type of MCompError
    reason : str
    """

    def __init__(self, kind: type[MCompError], reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(slots=True)
class _Refusal:
    kind: type[MCompError]
    subject: str
    operator: str
    reason: str
    more: int = 0

    def text(self, limit: int | None = None) -> str:
        more = f" and {self.more} more" if self.more else ""
        operator = f" ({self.operator})" if self.operator else ""
        subject = f"{self.subject}{more}{operator}: " if self.subject else ""
        return subject + (self.reason if limit is None else cut(self.reason, limit))


class Refusals:
    """Refusals of one file, those of one operator for one reason together.

    Parameters
    ----------
    path : str
        Begins the message.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._found: dict[tuple[str, str], _Refusal] = {}

    def add_node(self, kind: type[MCompError], subject: str, operator: str, reason: str) -> None:
        """Note that a node cannot be read.

        Parameters
        ----------
        kind : type of MCompError
        subject : str
            The node, as :func:`structure.node_subject` names it.
        operator : str
            With its domain.
        reason : str
        """
        known = self._found.get((operator, reason))
        if known is None:
            self._found[operator, reason] = _Refusal(kind, subject, operator, reason)
        else:
            known.more += 1

    def add_error(self, error: MCompError) -> None:
        """Note an error whose message says it all, after the file's path."""
        text = str(error).removeprefix(f"{self._path}: ")
        self._found.setdefault(("", text), _Refusal(type(error), "", "", text))

    def raise_any(self) -> None:
        """Raise what was noted, if anything was.

        Raises
        ------
        MCompError
            Of the refusals' kind; Unsupported where there are several.
        """
        found = list(self._found.values())
        if not found:
            return
        if len(found) == 1:
            raise found[0].kind(f"{self._path}: {found[0].text()}")
        count = sum(1 + refusal.more for refusal in found)
        line = f"{count} refusals"
        for index, refusal in enumerate(found):
            text = refusal.text(_REASON_LIMIT)
            if index and (index == _SHOWN_MAX or len(line) + len(text) > _LINE_LIMIT):
                line += f"; and {sum(1 + refusal.more for refusal in found[index:])} more"
                break
            line += f"{';' if index else ':'} {text}"
        kinds = {refusal.kind for refusal in found}
        kind = kinds.pop() if len(kinds) == 1 else Unsupported
        raise kind(f"{self._path}: {line}")
