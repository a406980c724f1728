"""What every kind of evidence shares: what it is given, what it answers, and the words it answers with.

A kind reads the bytes that were hashed and nothing else. It never raises for what it finds in them: every reason why
they are not the evidence asked for is a `Fault`. It publishes *facts*, the ids that other evidence must cite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, ClassVar, Generic, Protocol, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict

from dag_factory.errors import EvidenceError

__all__ = [
    "CHECK_FAILED",
    "CHECK_MISSING",
    "COVERAGE_LOW",
    "COVERAGE_OMITTED",
    "EVIDENCE_MALFORMED",
    "EVIDENCE_MISSING",
    "MAX_BYTES",
    "MAX_FAULTS",
    "REPORT_FOREIGN",
    "REPORT_STALE",
    "RULES",
    "TESTS_FAILED",
    "TESTS_FLAKY",
    "TESTS_MISSING",
    "TESTS_SKIPPED",
    "VALIDATION_FAILED",
    "Examination",
    "Expectation",
    "Fault",
    "Kind",
    "Material",
    "Opened",
    "TextTuple",
    "Work",
    "clipped",
    "listed",
    "placed",
    "rejected",
]

EVIDENCE_MALFORMED = "evidence-malformed"
EVIDENCE_MISSING = "evidence-missing"
VALIDATION_FAILED = "validation-failed"
TESTS_FAILED = "tests-failed"
TESTS_MISSING = "tests-missing"
TESTS_SKIPPED = "tests-skipped"
COVERAGE_LOW = "coverage-low"
TESTS_FLAKY = "tests-flaky"
COVERAGE_OMITTED = "coverage-omitted"
REPORT_STALE = "report-stale"
REPORT_FOREIGN = "report-foreign"
CHECK_FAILED = "check-failed"
CHECK_MISSING = "check-missing"

RULES: Mapping[str, str] = MappingProxyType(
    {
        EVIDENCE_MALFORMED: "The evidence is there and is not what it must be, or contradicts itself.",
        EVIDENCE_MISSING: "There is no evidence, or nothing in it. No data is never a pass.",
        VALIDATION_FAILED: "A verdict or result in the evidence is not the one that was asked for.",
        TESTS_FAILED: "Tests failed or ended in an error.",
        TESTS_MISSING: "Fewer tests were run than were asked for.",
        TESTS_SKIPPED: "Tests were skipped or expected to fail, so they prove nothing.",
        COVERAGE_LOW: "The tests reach too little of the product, or too much of it was excluded from measuring.",
        TESTS_FLAKY: "A test passed only because it was run again.",
        COVERAGE_OMITTED: "A product file of a language that is measured was left out of measuring.",
        REPORT_STALE: "A report was not made in the course of the work it is evidence of, or what it rests on is too old.",
        REPORT_FOREIGN: "A report is of another tool, host or target than it must be.",
        CHECK_FAILED: "A check that Phasegate ran ended with a code other than 0.",
        CHECK_MISSING: "A check was not run, or did not end.",
    }
)
"""Every rule a kind may answer with, and what it means."""

MAX_BYTES = 256 * 1024 * 1024
"""The largest single file that counts as evidence; a larger one is not read."""

MAX_FAULTS = 20
"""How many faults of one sort are told; a reader mends the first ones first."""


@dataclass(frozen=True)
class Work:
    """When the work was done that evidence is evidence of: two moments with their zones."""

    began: datetime
    ended: datetime


@dataclass(frozen=True)
class Material:
    """What there is to examine.

    Parameters
    ----------
    name: how the evidence is called in messages: its path or its report's name.
    data: the bytes that were hashed; empty where there are none.
    exit_code: how the check that made the evidence ended; None where none was run.
    files: the changed files by path, for evidence that is a set of files.
    work: when the work was done; None where nobody knows.
    said: the end of what the check printed.
    product: the paths of all files of the product, in the repository; None where nobody knows.
    sources: gives the bytes of those of them that were delivered in this run, by path; asked only where a kind needs them.

    """

    name: str
    data: bytes
    exit_code: int | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    work: Work | None = None
    said: str = ""
    product: frozenset[str] | None = None
    sources: Callable[[], Mapping[str, bytes]] = dict


@dataclass(frozen=True)
class Fault:
    """One reason why the material is not the evidence asked for.

    Parameters
    ----------
    text: what is wrong, where, why, and what would do.
    subject: the thing within the material it is about: a section, a test, a path inside the document.
    rule: the stable id of the rule that is broken, one of `RULES`.

    """

    text: str
    subject: str = ""
    rule: str = EVIDENCE_MALFORMED


@dataclass(frozen=True)
class Examination:
    """What came of it: no faults means the evidence holds.

    Parameters
    ----------
    faults: every reason against it, in the order of the material.
    facts: what it publishes, by name; `cites` are the texts in which ids of other evidence are looked for.

    """

    faults: tuple[Fault, ...] = ()
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Expectation(BaseModel):
    """What a spec may ask of a kind: frozen, strict, and nothing unknown; everything has a default."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Kind(Protocol):
    """One kind of evidence: a small class in a module of its own, entered in `KINDS`."""

    name: ClassVar[str]
    Expect: ClassVar[type[Expectation]]

    def examine(self, material: Material, expect: BaseModel) -> Examination:
        """Examine the material against what is expected of it.

        Parameters
        ----------
        material: the bytes, as hashed.
        expect: an instance of this kind's `Expect`; anything else is a mistake of the caller and a TypeError.

        """
        ...


E = TypeVar("E", bound=Expectation)


class Opened(Generic[E]):
    """The opening that kinds share: whose expectation it is, whether there is anything at all, what cannot be read.

    A kind derives from it, looks at the material in `look`, and raises an `EvidenceError` there for what it cannot read.
    """

    name: ClassVar[str]
    Expect: ClassVar[type[Expectation]]
    nothing: ClassVar[str | None] = None
    """What to say of no bytes, and what would do; None where the kind has a word of its own for that."""

    def examine(self, material: Material, expect: BaseModel) -> Examination:
        """Examine the material; see `Kind`.

        Raises
        ------
        TypeError: `expect` is of another kind.

        """
        if not isinstance(expect, self.Expect):
            raise TypeError(f"the kind {self.name} expects {self.Expect.__name__}, not {type(expect).__name__}")
        if self.nothing is not None and not material.data.strip():
            return rejected(f"{material.name}: {self.nothing}", rule=EVIDENCE_MISSING)
        try:
            return self.look(material, cast(E, expect))
        except EvidenceError as error:
            return rejected(f"{material.name}: {error}")

    def look(self, material: Material, expect: E) -> Examination:
        """Look at material that is there.

        Raises
        ------
        EvidenceError: it cannot be read.

        """
        raise NotImplementedError


def _tuple_of_list(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


TextTuple = Annotated[tuple[str, ...], BeforeValidator(_tuple_of_list)]
"""Texts; YAML gives a list where strict pydantic wants a tuple."""


def rejected(text: str, *, subject: str = "", rule: str = EVIDENCE_MALFORMED) -> Examination:
    """Answer with one fault and no facts."""
    return Examination((Fault(text, subject, rule),))


def placed(name: str, faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Begin the text of each fault with the name of the material it was found in."""
    return tuple(Fault(f"{name}: {fault.text}", fault.subject, fault.rule) for fault in faults)


def clipped(text: str, limit: int = 200) -> str:
    """Shorten foreign text to one printable line, so that it can stand in a message."""
    line = " ".join(text[: 4 * limit].split())
    line = "".join(sign if sign.isprintable() else "\ufffd" for sign in line)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def listed(names: list[str], limit: int = 5) -> str:
    """Name the first few and count the rest."""
    rest = len(names) - limit
    named = ", ".join(clipped(name, 120) for name in names[:limit])
    return f"{named} and {rest} more" if rest > 0 else named
