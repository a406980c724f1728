"""`phasegate verify`: judges a run again, offline, from its store alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pendulum
import typer

from dag_factory.cli.harmless import visible
from dag_factory.cli.plain import as_json
from dag_factory.cli.runs import find_run, record_of
from dag_factory.cli.wording import counted
from dag_factory.errors import PhasegateError
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.story import cycles_of
from dag_factory.evidence.verdict import Answer, Finding, Recheck, Used, Word, table
from dag_factory.evidence.verify import Judgement, verify_run

__all__ = ["verify"]


@dataclass(frozen=True)
class _Verified:
    """A run, judged again."""

    record: RunRecord
    judgements: tuple[Judgement, ...]
    answers: tuple[Answer, ...]
    findings: tuple[Finding, ...]

    @property
    def waived(self) -> tuple[Used, ...]:
        return tuple(used for judgement in self.judgements for used in judgement.waived)

    @property
    def rechecked(self) -> tuple[Recheck, ...]:
        return tuple(item for judgement in self.judgements for item in judgement.rechecked)

    @property
    def word(self) -> Word:
        return "FAILED" if self.findings else "PASSED_WITH_WAIVER" if self.waived else "PASSED"


def verify(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Folders of runs in the store, or workflow/run_id of each.")],
    root: Annotated[Path | None, typer.Option(help="The evidence root, for workflow/run_id.")] = None,
    trust: Annotated[str | None, typer.Option(help="The key id that must have signed the charter (sha256 of its SPKI bytes).")] = None,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON; of several runs, as a list.")] = False,
) -> None:
    """Verify the statements and verdicts of runs, offline and without Airflow. Exits 1 if anything of any does not hold.

    A run that passed with waivers holds, exits 0, and is said to be PASSED_WITH_WAIVER.

    Example: phasegate verify ~/airflow/phasegate/evidence/orders_mart/manual__2026-11-23
    """
    if len(runs) == 1:
        verified = _verified(runs[0], root, trust)
        if json:
            typer.echo(as_json(_value(verified)))
        else:
            _print(verified)
        raise typer.Exit(1 if verified.findings else 0)
    values: list[dict[str, Any]] = []
    bad = 0
    for run in runs:
        try:
            verified = _verified(run, root, trust)
        except PhasegateError as error:  # the others are judged all the same
            bad += 1
            values.append({"run": run, "verdict": "FAILED", "error": str(error)})
            if not json:
                _echo(f"{run}: {error}\n")
            continue
        bad += bool(verified.findings)
        values.append(_value(verified))
        if not json:
            _print(verified)
            typer.echo()
    if json:
        typer.echo(as_json(values))
    else:
        typer.echo(f"{counted(len(runs), 'run')}: {f'{bad} of them not in order' if bad else 'all hold'}.")
    raise typer.Exit(1 if bad else 0)


def _verified(run: str, root: Path | None, trust: str | None) -> _Verified:
    """Judge one run.

    Raises
    ------
    StoreError, EnvelopeError: there is no such run, or it cannot be read.

    """
    store = find_run(run, root)
    record = record_of(store)
    judgements, answers, findings = verify_run(record, store.blob, record.judged_at(pendulum.now("UTC")))
    if trust is not None and trust != record.charter.keyid:
        findings = (
            Finding(
                rule="key-untrusted",
                subject="charter",
                text=f"The charter is signed by {record.charter.keyid}, not by {trust}.",
            ),
            *findings,
        )
    return _Verified(record, judgements, answers, findings)


def _print(verified: _Verified) -> None:
    record = verified.record
    said = record.charter.says
    _echo(f"Run {said.run_id} of {said.workflow}, plan {said.plan}")
    _echo(f"Charter signed by key {record.charter.keyid} (assurance: {said.assurance}); --trust KEYID holds it against one you know")
    for judgement in verified.judgements:
        verdict = record.verdict(judgement.phase)
        signed = verdict.says.phasegate.word if verdict else "none"
        cycle = f" after fix cycle {judgement.cycle}" if judgement.cycle else ""
        _echo(f"  {judgement.phase}: signed verdict {signed}{cycle}; judged again: {judgement.word}")
        _tell(record, judgement.phase)
    for line in table(
        verified.word, verified.findings, verified.answers, title="The run", waived=verified.waived, rechecked=verified.rechecked
    ):
        _echo(line)
    if verified.word == "PASSED_WITH_WAIVER":
        count = len(verified.waived)
        _echo(
            f"It holds because of waivers alone: {count} finding{'' if count == 1 else 's'} stood and {'was' if count == 1 else 'were'} not mended."
        )


def _tell(record: RunRecord, phase: str) -> None:
    """The fix cycles of a phase, and what people decided."""
    for cycle in (one for one in cycles_of(record) if one.phase == phase):
        given = ", ".join(f"{order.owner}{f' ({order.commit[:12]})' if order.commit else ''}" for order in cycle.orders) or "nobody"
        told = f"{len(cycle.mended)} mended, {len(cycle.waived)} waived, {len(cycle.open)} open"
        _echo(f"    fix cycle {cycle.cycle}: {counted(len(cycle.findings), 'finding')}, given to {given}; {told}")
    for waiver in record.waivers.get(phase, ()):
        said = waiver.says
        _echo(f"    waiver {said.number} by {said.by} until {said.expires_at}: {said.reason}")
    for decision in record.decisions.get(phase, ()):
        answer = decision.says
        told = "no answer that counts" if answer.answer == "void" else f"{answer.by} answered {answer.answer}"
        _echo(f"    {told} after cycle {answer.binding.cycle}{f': {answer.reason}' if answer.reason else ''}")


def _echo(line: str) -> None:
    typer.echo(visible(line))


def _value(verified: _Verified) -> dict[str, Any]:
    record, phases = verified.record, [phase.id for phase in verified.record.contract.phases]
    return {
        "workflow": record.charter.says.workflow,
        "run": record.charter.says.run_id,
        "plan": record.charter.says.plan,
        "charter": record.charter.digest,
        "key": record.charter.keyid,
        "assurance": record.charter.says.assurance,
        "verdict": verified.word,
        "phases": {judgement.phase: judgement.word for judgement in verified.judgements},
        "cycles": cycles_of(record),
        "waived": verified.waived,
        "waivers": [waiver.says for phase in phases for waiver in record.waivers.get(phase, ())],
        "decisions": [decision.says for phase in phases for decision in record.decisions.get(phase, ())],
        "rechecked": {judgement.phase: judgement.rechecked for judgement in verified.judgements if judgement.rechecked},
        "checklists": verified.answers,
        "findings": verified.findings,
    }
