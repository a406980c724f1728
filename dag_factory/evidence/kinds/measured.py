"""What a coverage report comes to, whatever form it has: counts of each file, and what does not fit in it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, TypeVar

from dag_factory.evidence.kinds.base import MAX_FAULTS, Fault, clipped

__all__ = ["Counts", "Measured", "added", "matched", "twice"]

T = TypeVar("T")

_INSTALLED = ("/site-packages/", "/dist-packages/")


@dataclass(frozen=True)
class Counts:
    """Figures of a file or of all; named as coverage.py names them."""

    covered_lines: int = 0
    missing_lines: int = 0
    excluded_lines: int = 0
    covered_branches: int = 0
    missing_branches: int = 0

    @property
    def num_statements(self) -> int:
        """How many statements there are that are measured."""
        return self.covered_lines + self.missing_lines

    @property
    def num_branches(self) -> int:
        """How many branches there are that are measured."""
        return self.covered_branches + self.missing_branches

    @property
    def percent_covered(self) -> float:
        """As coverage.py computes it: statements and branches in one."""
        whole = self.num_statements + self.num_branches
        return 100 * (self.covered_lines + self.covered_branches) / whole if whole else 100.0

    @property
    def percent(self) -> float:
        """What is held against the minimum: branches may lower the figure, never raise it."""
        return min(self.percent_covered, 100 * self.covered_lines / self.num_statements if self.num_statements else 0.0)

    @property
    def told(self) -> str:
        """The figures in words."""
        text = f"{self.covered_lines} of {self.num_statements} statements are covered"
        return f"{text} and {self.covered_branches} of {self.num_branches} branches" if self.num_branches else text


@dataclass
class Measured:
    """One report, read.

    Parameters
    ----------
    files: the counts of every file that is listed, by its path as written.
    faults: what does not fit in it.
    branches: whether branches were measured.
    unplaced: what the totals tell and no file does, and counts against the report.
    stamp: when it says it was made, as written.
    lies: says where the totals it states are not those counted.
    listed: the lines that are listed of every file, of a report that does not tell which were excluded; else nothing.

    """

    files: dict[str, Counts] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    branches: bool = False
    unplaced: Counts = field(default_factory=Counts)
    stamp: Any = None
    lies: Callable[[Counts], Iterable[Fault]] = lambda _: ()
    listed: dict[str, Collection[int]] = field(default_factory=dict)

    def tell(self, text: str, subject: str = "") -> None:
        """Keep a fault; of too many the first."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(text, clipped(subject)))


def added(counts: Iterable[Counts]) -> Counts:
    """Add up."""
    return Counts(*(sum(column) for column in zip(*map(astuple, (Counts(), *counts)), strict=True)))


def twice(files: Mapping[str, Counts]) -> Iterator[Fault]:
    """Tell of files that stand in a report under two names."""
    seen: dict[str, str] = {}
    for path in files:
        first = seen.setdefault(_plain(path), path)
        if first != path:
            yield Fault(f"{clipped(first)!r} and {clipped(path)!r} are one file, counted twice. Measure it once.", path)


def matched(files: Mapping[str, T], product: frozenset[str]) -> dict[str, T]:
    """Find the product's files in a report, whose paths may begin further up or further down; each stands for one file at most.

    What was measured where it was installed is looked for by its path within that place.
    """
    rest = {_plain(path): of for path, of in files.items()}
    found = {path: rest.pop(path) for path in sorted(product) if path in rest}
    rest = {_installed(path): of for path, of in rest.items()}
    left = sorted(product - set(found), key=lambda one: (-one.count("/"), one))
    most = max(map(len, left), default=0)
    ending: dict[str, list[str]] = {path: [] for path in left}
    for path in rest:
        for tail in _tails(path, most):
            if tail in ending:
                ending[tail].append(path)
    for path in left:
        fits = [one for one in ending[path] if one in rest] or [tail for tail in _tails(path, most) if tail in rest]
        if fits:
            found[path] = rest.pop(max(fits, key=len))
    return found


def _tails(path: str, most: int) -> Iterator[str]:
    """What a path ends with, from its name on: less than the whole, and of so many signs at most."""
    at = path.rfind("/")
    while at >= 0 and len(path) - at - 1 <= most:
        yield path[at + 1 :]
        at = path.rfind("/", 0, at)


def _installed(path: str) -> str:
    """The path of a module within the place where it was installed."""
    return path[max(path.rfind(place) + len(place) for place in _INSTALLED) :] if any(place in path for place in _INSTALLED) else path


def _plain(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/"))
