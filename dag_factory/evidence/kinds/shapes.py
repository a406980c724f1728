"""Taking JSON apart: what must be an object, a list or a text is one, or it is told where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import clipped
from dag_factory.evidence.visible import visible

__all__ = ["Taking"]

_LARGEST = 1e300
_MOST = 2**53


@dataclass(frozen=True)
class Taking:
    """How one document is taken apart; `remedy` is told with whatever is not what it must be."""

    remedy: str

    def mapping(self, value: Any, where: str) -> Mapping[str, Any]:
        """Take an object.

        Raises
        ------
        EvidenceError: it is none.

        """
        if not isinstance(value, dict):
            raise EvidenceError(f"{where} is {_shown(value)}, and must be an object.", remedy=self.remedy)
        return value

    def items(self, value: Any, where: str) -> list[Any]:
        """Take a list; nothing is an empty one.

        Raises
        ------
        EvidenceError: it is none.

        """
        if value is None:
            return []
        if not isinstance(value, list):
            raise EvidenceError(f"{where} is {_shown(value)}, and must be a list.", remedy=self.remedy)
        return value

    def mappings(self, value: Any, where: str) -> list[Mapping[str, Any]]:
        """Take a list of objects.

        Raises
        ------
        EvidenceError: it is none.

        """
        return [self.mapping(one, f"{where}[{index}]") for index, one in enumerate(self.items(value, where))]

    def text(self, value: Any, where: str) -> str:
        """Take a text with something in it.

        Raises
        ------
        EvidenceError: it is none.

        """
        if not isinstance(value, str) or not visible(value).strip():
            raise EvidenceError(f"{where} is {_shown(value)}, and must be a text.", remedy=self.remedy)
        return value.strip()

    def number(self, value: Any, where: str) -> int | float:
        """Take a number, and no truth; an integer beyond what a double holds is one that nothing can be held against.

        Raises
        ------
        EvidenceError: it is none, or too large.

        """
        if type(value) not in (int, float) or not -_LARGEST <= value <= _LARGEST:
            raise EvidenceError(f"{where} is {_shown(value)}, and must be a number.", remedy=self.remedy)
        return value  # type: ignore[no-any-return]

    def count(self, value: Any, where: str) -> int:
        """Take a whole number of at least 0, within what every reader of JSON reads alike (RFC 7493, 2.2).

        Raises
        ------
        EvidenceError: it is none, or too large.

        """
        if type(value) is not int or not 0 <= value < _MOST:
            raise EvidenceError(f"{where} is {_shown(value)}, and must be a count.", remedy=self.remedy)
        return value


def _shown(value: Any) -> str:
    return "missing" if value is None else clipped(repr(value), 40)
