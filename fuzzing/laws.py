"""What a target is, what it answers, and how a broken law is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from dag_factory.errors import PhasegateError

__all__ = ["SEEDS", "Answer", "BrokenLawError", "Target", "as_is", "refused", "seeds"]

SEEDS = Path(__file__).parent / "seeds"
_EVIDENCE = Path(__file__).parents[1] / "dag_factory" / "evidence"
_WORD = re.compile(r"[A-Za-z]{2,}")


class BrokenLawError(Exception):
    """What was answered may not be answered."""


@dataclass(frozen=True)
class Answer:
    """What came of an input: the rules it breaks (none: it holds), in which words, and everything that must be the same when it is asked again."""

    rules: frozenset[str]
    reason: tuple[str, ...] = ()
    whole: object = None

    @classmethod
    def of(cls, rules: Iterable[str], text: str, whole: object) -> Answer:
        """An answer; of its text count the words that Phasegate itself uses, not those that it quotes."""
        return cls(frozenset(rules), tuple(word for word in _WORD.findall(text[:300]) if word in _own_words())[:14], whole)


def as_is(data: bytes, chance: Random) -> bytes:  # noqa: ARG001 # the same for all
    """Leave an input as the mutator made it."""
    return data


@dataclass(frozen=True)
class Target:
    """One parser, or what reads several.

    Parameters
    ----------
    name: how it is called: ``make fuzz TARGET=name``.
    corpus: gives the inputs to begin with.
    prepare: makes what asks it; a call may raise nothing but `BrokenLawError`.
    finish: the last touch to an input, such as checksums that fit.
    share: of so many inputs that were asked for, one is tried: where each starts a process.
    seconds: the longest one input may take.

    """

    name: str
    corpus: Callable[[], list[bytes]]
    prepare: Callable[[Path], Callable[[bytes], Answer]]
    finish: Callable[[bytes, Random], bytes] = as_is
    share: int = 1
    seconds: float = 5


def seeds(*folders: str) -> Callable[[], list[bytes]]:
    """The files of folders of seeds, in order."""
    return lambda: [path.read_bytes() for folder in folders for path in sorted((SEEDS / folder).rglob("*")) if path.is_file()]


def refused(error: PhasegateError) -> Answer:
    """The answer that an error of ours is."""
    kind = type(error).__name__
    return Answer.of([kind], str(error), (kind, str(error)))


@cache
def _own_words() -> frozenset[str]:
    return frozenset(word for path in _EVIDENCE.rglob("*.py") for word in _WORD.findall(path.read_text(encoding="utf-8")))
