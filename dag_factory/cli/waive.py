"""`phasegate waive`: somebody takes the responsibility for findings, signed, for this very work, and until a date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pendulum
import typer

from dag_factory.cli.harmless import visible
from dag_factory.cli.runs import find_run, record_of, signer_of
from dag_factory.errors import EvidenceError
from dag_factory.evidence.giving import waive as give
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Finding
from dag_factory.evidence.waiting import asked_again
from dag_factory.evidence.waiving import waivable

__all__ = ["waive"]


def waive(
    run: Annotated[str, typer.Argument(help="The run's folder in the store, or workflow/run_id.")],
    phase: Annotated[str, typer.Argument(help="The phase whose newest verdict is FAILED.")],
    finding: Annotated[
        list[str] | None, typer.Option("--finding", help="A finding's id, as the verdict names it; repeat for each.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why the next phase may start all the same.")] = "",
    by: Annotated[str, typer.Option(help="Who takes the responsibility: a login. Nobody who worked on the run or started it.")] = "",
    until: Annotated[str, typer.Option(help="A date, whose day is included, or a time with its zone.")] = "",
    root: Annotated[Path | None, typer.Option(help="The evidence root, for workflow/run_id.")] = None,
    keys: Annotated[Path | None, typer.Option(help="The key folder; phasegate/keys below AIRFLOW_HOME if not given.")] = None,
) -> None:
    """Waive findings of a phase's newest verdict. Its gate counts the waiver when it is asked again; without findings, list what there is to waive.

    Example: phasegate waive orders_mart/manual__1 validation --finding coverage-low:validation/test-engineer/coverage
    --reason "Known, ticket 4711" --by erin --until 2026-12-24
    """
    store = find_run(run, root)
    record = record_of(store)
    case = _failed(store, record, phase)
    findings = _findings(record, phase)
    if not (finding or reason or by or until):
        _list(case, findings)
        return
    chosen = _chosen(findings, finding or [])
    if not by.strip():
        raise EvidenceError(
            "Nobody is named who takes the responsibility.", remedy="Give --by a login, of somebody without a part in the run."
        )
    if not until.strip():
        longest = pendulum.duration(seconds=record.contract.fix.max_waiver).in_words()
        raise EvidenceError("A waiver ends some day.", remedy=f"Give --until a date; this workflow allows {longest} at most.")
    number = give(store, case, chosen, reason=reason, by=by, until=until, signer=signer_of(record, AUTHORITY, keys))
    _tell(store, phase, number)


def _failed(store: RunStore, record: RunRecord, phase: str) -> Case:
    """The phase as its newest verdict judged it, if that is FAILED."""
    known = [one.id for one in record.contract.phases]
    if phase not in known:
        raise EvidenceError(f"There is no phase {phase!r} in this run.", remedy=f"Its phases: {', '.join(known)}.")
    verdict = record.verdict(phase)
    if verdict is None:
        raise EvidenceError(
            f"The gate of phase {phase} has not answered: there is nothing to waive.",
            remedy="`phasegate status` tells what is waited for.",
        )
    case = Case(record, phase, store.blob, pendulum.now("UTC"), record.cycle(phase))
    word = verdict.says.phasegate.word
    if word != "FAILED":
        ran_out = word == "PASSED_WITH_WAIVER" and not verdict.says.passed(case.now)
        more = ", but a waiver ran out" if ran_out else ""
        remedy = (
            "Clear its gate in Airflow; what it finds then can be waived." if ran_out else "Only what a FAILED verdict found can be waived."
        )
        raise EvidenceError(f"The newest verdict on phase {phase} is {word}{more}: there is nothing to waive.", remedy=remedy)
    return case


def _findings(record: RunRecord, phase: str) -> tuple[Finding, ...]:
    verdict = record.verdict(phase)
    return verdict.says.phasegate.findings if verdict else ()


def _chosen(findings: tuple[Finding, ...], names: list[str]) -> list[Finding]:
    known = {finding.id for finding in findings}
    strange = [name for name in names if name not in known]
    if strange or not names:
        what = f"The newest verdict has no finding {', '.join(repr(name) for name in strange)}." if strange else "No finding is named."
        listed = "; ".join(visible(name) for name in sorted(known))
        raise EvidenceError(what, remedy=f"Give --finding one of: {listed}.")
    return [finding for finding in findings if finding.id in set(names)]


def _list(case: Case, findings: tuple[Finding, ...]) -> None:
    typer.echo(
        f"The newest verdict on phase {case.phase_id}, fix cycle {case.at}, is FAILED. Nothing was waived; these could be, with --finding ID:"
    )
    for finding in findings:
        shut = "" if waivable(case, finding) else " (may not be waived)"
        typer.echo(f"  {visible(finding.id)}{shut}\n    {visible(finding.text)}")


def _tell(store: RunStore, phase: str, number: str) -> None:
    """What was written, as it lies in the store now."""
    record = record_of(store)
    written = next(stored for stored in record.waivers[phase] if stored.says.number == number)
    said, folder = written.says, record.charter.digest[:16]
    typer.echo(
        f"Wrote the waiver {number} to {store.path}/{folder}/waivers/{phase}/{written.name}, by {visible(said.by)}, until {said.expires_at}:"
    )
    for scope in said.scope:
        typer.echo(f"  ⚠ {visible(scope.finding)}")
    task = asked_again(record.contract.phase(phase), said.binding.cycle)
    typer.echo(f"No gate has counted it yet: clear the task {task} in Airflow, with what comes after it, and it judges again.")
