"""Known vulnerabilities as OSV-Scanner, pip-audit and Trivy write them in JSON, told apart by their shape.

A scan that lists no package saw nothing, and nothing is never a pass: OSV-Scanner needs ``--all-packages`` and Trivy
``--list-all-pkgs`` to tell what they looked at. A vulnerability whose severity nobody states counts as critical.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    REPORT_FOREIGN,
    VALIDATION_FAILED,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    TextTuple,
    Work,
    clipped,
    listed,
    placed,
)
from dag_factory.evidence.kinds.moments import aged, stale
from dag_factory.evidence.visible import visible

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.scan import Scan, Vulnerability

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Ignored", "Unscanned", "VulnerabilitiesExpect", "VulnerabilitiesKind"]

MAX_BYTES = 100_000_000
"""The largest report that is read."""
MAX_DEPTH = 32
"""How deep it may nest."""
MAX_NODES = 2_000_000
"""How many values it may hold."""


class Ignored(Expectation):
    """A vulnerability the spec lives with: its id or alias, and the reason, which the plan and every verdict's reader see."""

    id: str = Field(min_length=3)
    reason: str = Field(min_length=10, pattern=r"\S")


class Unscanned(Expectation):
    """A package that need not have been looked up, like the project itself, and the reason, which the plan and every verdict's reader see."""

    name: str = Field(min_length=1)
    reason: str = Field(min_length=10, pattern=r"\S")


class VulnerabilitiesExpect(Expectation):
    """What may be asked of a scan.

    Parameters
    ----------
    max_severity: the worst severity that may be found; ``none`` allows no vulnerability at all.
    max_unfixed: how many may be found, of those that are not too severe, for which no fixed version is known.
    min_packages: the fewest packages that were scanned.
    ignore: vulnerabilities that do not count, each with its reason.
    unscanned: packages that need not have been looked up, each with its reason, like the project itself where its own environment is scanned.
    targets: what must have been scanned, each by its path or the end of it; pip-audit does not tell.
    max_database_days: how old the scanner's database may have been, which the report must then tell: `VulnerabilityDB` of trivy, or `database: {updated}`.
    fresh: whether the scan must have been made in the course of the work, by its own timestamp; trivy alone writes one.

    """

    max_severity: Literal["none", "low", "medium", "high"] = "none"
    max_unfixed: int = Field(default=0, ge=0)
    min_packages: int = Field(default=1, ge=1)
    ignore: Annotated[tuple[Ignored, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)] = ()
    unscanned: Annotated[tuple[Unscanned, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)] = ()
    targets: TextTuple = ()
    max_database_days: int | None = Field(default=None, ge=0)
    fresh: bool = False


class VulnerabilitiesKind(Opened[VulnerabilitiesExpect]):
    """A scan of dependencies. Facts: `findings`, the ids of all vulnerabilities, ignored or not; `packages`."""

    name: ClassVar[str] = "vulnerabilities"
    Expect: ClassVar[type[Expectation]] = VulnerabilitiesExpect
    nothing = "the report is empty. Scan the dependencies."

    def look(self, material: Material, expect: VulnerabilitiesExpect) -> Examination:
        """Count what was scanned, and judge every vulnerability that was found in it."""
        from dag_factory.evidence.kinds import scan

        report = strict_json.loads(material.data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
        seen = scan.read(report)
        faults = [*_unseen(seen, expect), *_elsewhere(seen, material.work, expect), *_vulnerable(seen.vulnerabilities, expect)]
        facts = {
            "findings": tuple(dict.fromkeys(found.id for found in seen.vulnerabilities)),
            "packages": tuple(dict.fromkeys(seen.packages)),
        }
        return Examination(placed(material.name, faults[:MAX_FAULTS]), facts)


def _unseen(seen: Any, expect: VulnerabilitiesExpect) -> Iterator[Fault]:
    packages = len({_plain(visible(package)) for package in seen.packages})
    if packages < expect.min_packages:
        text = f"{packages} packages were scanned, and at least {expect.min_packages} are expected. No data is never a pass: "
        yield Fault(f"{text}scan what is locked, and have the scanner list all of it.", "packages", EVIDENCE_MISSING)
    known = {_plain(one.name) for one in expect.unscanned}
    for package, reason in seen.skipped:
        if _plain(package) not in known:
            text = (
                f"{clipped(package, 80)} was not looked up ({clipped(reason, 120)}), so nothing is known of it. Lock a released version, "
            )
            yield Fault(f"{text}or have the plan say why not, under unscanned.", package, EVIDENCE_MISSING)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).casefold()


def _elsewhere(seen: Scan, work: Work | None, expect: VulnerabilitiesExpect) -> Iterator[Fault]:
    """What is of another target, another time, or rests on a database that is too old."""
    targets = [target.replace("\\", "/") for target in seen.targets]
    for target in expect.targets:
        if not any(one == target or one.endswith(f"/{target}") for one in targets):
            text = f"{clipped(target, 80)} was not scanned, by what the report names: {listed(targets) or 'nothing'}. Scan it."
            yield Fault(text, target, REPORT_FOREIGN)
    if expect.max_database_days is not None and (
        old := aged(seen.database, work, expect.max_database_days, "the database of vulnerabilities", "database")
    ):
        yield old
    if expect.fresh and (late := stale(seen.created, work, "the scan", "created")):
        yield late


def _vulnerable(found: list[Vulnerability], expect: VulnerabilitiesExpect) -> Iterator[Fault]:
    from dag_factory.evidence.kinds.cvss import SEVERITIES

    known = {ignored.id for ignored in expect.ignore}
    worst = SEVERITIES.index(expect.max_severity)
    unfixed = []
    for one in found:
        if known & {one.id, *one.aliases}:
            continue
        if SEVERITIES.index(one.severity) > worst or expect.max_severity == "none":
            text = (
                f"{clipped(one.package, 80)} has {clipped(one.id, 60)} ({one.severity}), and {_at_most(expect.max_severity)}. {_mend(one)}"
            )
            yield Fault(text, one.id, VALIDATION_FAILED)
        elif not one.fixed and not one.mend:
            unfixed.append(one)
    for one in unfixed[expect.max_unfixed :]:
        text = f"{clipped(one.package, 80)} has {clipped(one.id, 60)} ({one.severity}), for which no fixed version is known, and "
        yield Fault(f"{text}at most {expect.max_unfixed} of those may be. Do without it.", one.id, VALIDATION_FAILED)


def _mend(one: Vulnerability) -> str:
    if one.mend:
        return one.mend
    return f"It is fixed in {clipped(', '.join(one.fixed), 80)}: take that." if one.fixed else "No fixed version is known: do without it."


def _at_most(severity: str) -> str:
    return "no vulnerability may be" if severity == "none" else f"{severity} is the worst that may be"
