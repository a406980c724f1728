"""How much of the product tests reach, added up anew from the lines of each file, whatever form the report has.

`coverage_json` reads what coverage.py's `coverage json` writes (format 2 and 3), `coverage_xml` Cobertura's XML, `coverage_lcov` lcov's
tracefiles. Totals are never believed, only compared. Where the product's files are known, each of a language that is measured must be
in the report, and the figure is that of the product's files too: tests that cover themselves raise nothing. Cobertura and lcov do not tell what was
excluded: there the comments in what was delivered are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BeforeValidator, Field

from dag_factory.evidence.kinds.base import (
    COVERAGE_LOW,
    COVERAGE_OMITTED,
    EVIDENCE_MISSING,
    MAX_FAULTS,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    clipped,
    listed,
    placed,
)
from dag_factory.evidence.kinds.moments import stale

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.measured import Counts, Measured

__all__ = ["MAX_EXCLUDED_PERCENT", "CoverageExpect", "CoverageKind", "Omitted"]

MAX_EXCLUDED_PERCENT = 20
"""How many lines may be excluded from measuring, of 100 statements."""
_FEW = 5  # excluded lines: a file of as many, all excluded, is a way in and no place to hide


class Omitted(Expectation):
    """Product files that need not be measured, and the reason, which the plan and every verdict's reader see."""

    files: str = Field(min_length=1)
    reason: str = Field(min_length=10, pattern=r"\S")


class CoverageExpect(Expectation):
    """What may be asked of a coverage report.

    Parameters
    ----------
    min_percent: the least percentage of statements, and of branches with them where they were measured.
    min_files: the fewest files that have statements.
    branches: whether branches must have been measured.
    omitted: product files that may be missing from the report, each with its reason; in `files`, `*` stands for any text.
    max_empty: how many of the product's files may stand in the report without a line that could be reached, `__init__.py` aside; without it, half of them.
    fresh: whether it must have been made in the course of the work, by its own timestamp; lcov writes none.

    """

    min_percent: int | float = Field(default=80, ge=0, le=100, allow_inf_nan=False)
    min_files: int = Field(default=1, ge=1)
    branches: bool = False
    omitted: Annotated[tuple[Omitted, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)] = ()
    max_empty: int | None = Field(default=None, ge=0)
    fresh: bool = False


class CoverageKind(Opened[CoverageExpect]):
    """A coverage report (coverage.py's JSON, Cobertura, lcov). Facts: `files`, those measured that have statements; `branches`, where they were measured."""

    name: ClassVar[str] = "coverage"
    Expect: ClassVar[type[Expectation]] = CoverageExpect
    nothing = "the report is empty. Measure."

    def look(self, material: Material, expect: CoverageExpect) -> Examination:
        """Add up the files and hold the sum against what is expected and against what the report states."""
        from dag_factory.evidence.kinds.measured import added, twice

        read = _read(material.data)
        total = added(read.files.values())
        faults = [*read.faults, *read.lies(total), *twice(read.files)]
        if read.listed and material.product is not None:
            read.files |= _commented(read, material)
        total = added([*read.files.values(), read.unplaced])
        files = tuple(path for path, counts in read.files.items() if counts.num_statements)
        faults += _too_low(total, len(files), expect)
        if expect.branches and not read.branches:
            faults.append(Fault("no branches were measured, and they are expected. Switch their measuring on.", "branches", COVERAGE_LOW))
        if material.product is not None:
            faults += _of_product(read.files, material.product, expect)
        if expect.fresh and (late := stale(read.stamp, material.work, "the report", "timestamp")):
            faults.append(late)
        return Examination(
            placed(material.name, faults[:MAX_FAULTS]), {"files": files} | ({"branches": ("measured",)} if read.branches else {})
        )


def _read(data: bytes) -> Measured:
    """Read a report in the form it begins like."""
    begins = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if begins == b"<":
        from dag_factory.evidence.kinds import coverage_xml

        return coverage_xml.read(data)
    if begins.isalpha() or begins == b"#":
        from dag_factory.evidence.kinds import coverage_lcov

        return coverage_lcov.read(data)
    from dag_factory.evidence.kinds import coverage_json

    return coverage_json.read(data)


def _commented(read: Measured, material: Material) -> Iterator[tuple[str, Counts]]:
    """The files of a report that lists no excluded lines, with those that comments in the source take out of it."""
    from dag_factory.evidence.kinds.excluded import excluded
    from dag_factory.evidence.kinds.measured import matched

    names = matched({path: path for path in read.files}, material.product or frozenset())
    for path, source in material.sources().items():
        if name := names.get(path):
            hidden = excluded(source).difference(read.listed[name])
            yield name, replace(read.files[name], excluded_lines=len(hidden))


def _too_low(total: Counts, measured: int, expect: CoverageExpect) -> Iterator[Fault]:
    if not total.num_statements:
        yield Fault("no statement was measured. No data is never a pass: measure the product.", rule=EVIDENCE_MISSING)
        return
    if measured < expect.min_files:
        text = f"{measured} files were measured, and at least {expect.min_files} are expected. Measure the others too."
        yield Fault(text, rule=COVERAGE_LOW)
    if total.percent < expect.min_percent:
        text = f"{total.told}: {total.percent:.2f} %, and at least {expect.min_percent} % is expected. Test what is missing."
        yield Fault(text, rule=COVERAGE_LOW)
    yield from _excluded(total, "")


def _excluded(counts: Counts, of: str) -> Iterator[Fault]:
    if 100 * counts.excluded_lines > MAX_EXCLUDED_PERCENT * counts.num_statements:
        text = f"{of}{counts.excluded_lines} lines are excluded from measuring beside {counts.num_statements} statements"
        yield Fault(f"{text}; {MAX_EXCLUDED_PERCENT} % may be. Measure them and test them.", rule=COVERAGE_LOW)


def _of_product(files: Mapping[str, Counts], product: frozenset[str], expect: CoverageExpect) -> Iterator[Fault]:
    """The product's files in the report: those that are missing from it, and the figure of those that are in it."""
    from dag_factory.evidence.kinds.measured import added, matched

    found = matched(files, product)
    endings = {_ending(path) for path in (found or files)} - {""}
    asked = [path for path in sorted(product) if _ending(path) in endings and not _excused(path, expect)]
    if files and not found and product:
        text = "no file of the product is in the report. Measure the product, not only its tests."
        yield Fault(text, "files", COVERAGE_OMITTED)
        return
    missing = [path for path in asked if path not in found]
    if missing:
        text = f"{len(missing)} files of the product were not measured: {listed(missing)}. Measure them too."
        yield Fault(text, clipped(missing[0]), COVERAGE_OMITTED)
    bare = [path for path in asked if path in found and not found[path].num_statements]
    hidden = [path for path in bare if found[path].excluded_lines > _FEW]
    if hidden:
        text = f"{len(hidden)} files of the product are excluded as a whole: {listed(hidden)}. Measure them too."
        yield Fault(text, clipped(hidden[0]), COVERAGE_OMITTED)
    whole, own = added(files.values()), added(found.values())
    empty = [path for path in bare if not found[path].excluded_lines and PurePosixPath(path).name != "__init__.py"]
    most = len(asked) // 2 if expect.max_empty is None else expect.max_empty
    if len(empty) > most or (bare and not own.num_statements and whole.num_statements and not hidden):
        text = f"{len(bare)} of {len(asked)} files of the product are in the report without a line that could be reached: {listed(bare)}. "
        yield Fault(f"{text}Measure them, or have the plan allow it (max_empty, omitted).", clipped(bare[0]), COVERAGE_OMITTED)
    measured = added(found[path] for path in asked if path in found)
    if measured.excluded_lines > _FEW and not any(_excluded(whole, "")):
        yield from _excluded(measured, "of the product itself, ")
    if own.num_statements and own.percent < expect.min_percent <= whole.percent:
        text = f"of the product itself, {own.told}: {own.percent:.2f} %, and at least {expect.min_percent} % is expected."
        yield Fault(f"{text} Test what is missing.", "files", COVERAGE_LOW)


def _ending(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).suffix.lower()


def _excused(path: str, expect: CoverageExpect) -> bool:
    return any(fnmatchcase(path, one.files) for one in expect.omitted)
