"""How a test ended, by the words that tools write into a JUnit report: an element in it, or a `status` or a `result` where no element tells.

The words are those of GoogleTest, CTest, Catch2, Ginkgo, go-junit-report, behave, Qt Test, Pester, PlatformIO, Jenkins, Katalon and Allure; tools that
write neither attribute (pytest, Surefire, Gradle, PHPUnit, TestNG, jest, vitest, Playwright, dotnet) need none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import clipped
from dag_factory.evidence.kinds.xml_read import plain

__all__ = ["FAILURES", "SKIPS", "TRIES", "WORSE", "Outcome", "outcome_of", "words_of"]

Outcome = Literal["passed", "failed", "errored", "skipped", "xfailed"]

FAILURES = frozenset({"failure", "error"})
"""Elements of a test that failed."""
SKIPS = frozenset({"skipped", "skip", "ignored", "warning"})
"""Elements of a test that did not run, or not as it should: TestNG's `ignored`, PHPUnit's `warning`, which it has for a class without tests."""
TRIES = frozenset({"flakyfailure", "flakyerror", "rerunfailure", "rerunerror", "flaky", "rerun", "retry"})
"""Elements for a try that failed, as Surefire and nextest write them, and what others may call them."""

_WORDS: dict[Outcome, str] = {
    "failed": "fail failed failing failure unsuccessful error errored broken crash crashed abort aborted timeout timedout panic panicked interrupted killed"
    " cancelled canceled exception fatal invalid regression xpass xpassed bfail bxpass hookerror cleanuperror",
    "skipped": "notrun notexecuted skip skipped bskip disabled suppressed ignore ignored pending blocked todo untested undefined inconclusive incomplete"
    " planned manual deselected warn warned warning",
    "xfailed": "xfail xfailed bxfail expectedfailure",
    "passed": "run ran executed complete completed done finished pass passed passing bpass success successful succeeded ok fixed",
}
"""Where a test has two of them, the one that stands first here counts; `b` is Qt's, for a test whose failures are to be overlooked."""
_OUTCOMES = {word: outcome for outcome, words in _WORDS.items() for word in words.split()}
WORSE = {word: outcome for word, outcome in _OUTCOMES.items() if outcome != "passed"}
"""The words that tell of no pass, whether as an attribute's value, as its name or as an element."""
_TELL = frozenset({"status", "result", "outcome", "state"})
_DENIED = {"success": "failed", "passed": "failed", "executed": "notrun"}  # NUnit's, where they are said not to be so


def words_of(attributes: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The words by which the attributes of a test tell how it ended, be it that one says `true` or `false` to its own name."""
    for key, value in attributes:
        name, said = plain(key), value.strip().casefold()
        if name in _TELL and not key.startswith("xmlns:"):
            yield value
        elif said == "true" and name in WORSE:
            yield name
        elif said == "false" and name in _DENIED:
            yield _DENIED[name]


def outcome_of(test: str, *words: str) -> Outcome:
    """How a test ended by what its attributes say; one that says nothing passed.

    Parameters
    ----------
    test: what the test is called, to be named.
    words: its attributes, as written: spaces, case and hyphens mean nothing.

    Raises
    ------
    EvidenceError: a word says neither that the test passed nor that it did not.

    """
    said: set[Outcome] = set()
    for word in words:
        if plain := "".join(filter(str.isalnum, word)).casefold():
            if plain not in _OUTCOMES:
                raise EvidenceError(
                    f"{clipped(test)} ended as {clipped(word, 40)!r}, which says neither that it passed nor that it did not.",
                    remedy="Have the tool write `passed`, `failed` or `skipped`.",
                )
            said.add(_OUTCOMES[plain])
    return next((outcome for outcome in _WORDS if outcome in said), "passed")
