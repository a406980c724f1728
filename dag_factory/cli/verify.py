"""`phasegate verify`: judges a run again, offline, from its store alone."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import pendulum
import typer

from dag_factory.cli.runs import find_run, record_of
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.verdict import Answer, Finding, table
from dag_factory.evidence.verify import Judgement, verify_run

__all__ = ["verify"]


def verify(
    run: Annotated[str, typer.Argument(help="The run's folder in the store, or workflow/run_id.")],
    root: Annotated[Path | None, typer.Option(help="The evidence root, for workflow/run_id.")] = None,
    trust: Annotated[str | None, typer.Option(help="The key id that must have signed the charter (sha256 of its SPKI bytes).")] = None,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Verify a run's statements and verdicts, offline and without Airflow. Exits 1 if anything does not hold.

    Example: phasegate verify ~/airflow/phasegate/evidence/orders_mart/manual__2026-11-23
    """
    store = find_run(run, root)
    record = record_of(store)
    judgements, answers, findings = verify_run(record, store.blob, pendulum.now("UTC"))
    if trust is not None and trust != record.charter.keyid:
        findings = (
            Finding(
                rule="key-untrusted",
                subject="charter",
                text=f"The charter is signed by {record.charter.keyid}, not by {trust}.",
            ),
            *findings,
        )
    if json:
        typer.echo(jsonlib.dumps(_value(record, judgements, answers, findings), indent=2, ensure_ascii=False))
    else:
        _print(record, judgements, answers, findings)
    raise typer.Exit(1 if findings else 0)


def _print(record: RunRecord, judgements: tuple[Judgement, ...], answers: tuple[Answer, ...], findings: tuple[Finding, ...]) -> None:
    said = record.charter.says
    typer.echo(f"Run {said.run_id} of {said.workflow}, plan {said.plan}")
    typer.echo(f"Charter signed by key {record.charter.keyid} (assurance: {said.assurance}); --trust KEYID holds it against one you know")
    for judgement in judgements:
        verdict = record.verdict(judgement.phase)
        signed = verdict.says.phasegate.word if verdict else "none"
        typer.echo(f"  {judgement.phase}: signed verdict {signed}; judged again: {judgement.word}")
    for line in table("FAILED" if findings else "PASSED", findings, answers, title="The run"):
        typer.echo(line)


def _value(
    record: RunRecord, judgements: tuple[Judgement, ...], answers: tuple[Answer, ...], findings: tuple[Finding, ...]
) -> dict[str, Any]:
    return {
        "workflow": record.charter.says.workflow,
        "run": record.charter.says.run_id,
        "plan": record.charter.says.plan,
        "charter": record.charter.digest,
        "key": record.charter.keyid,
        "assurance": record.charter.says.assurance,
        "verdict": "FAILED" if findings else "PASSED",
        "phases": {judgement.phase: judgement.word for judgement in judgements},
        "checklists": [answer.model_dump() for answer in answers],
        "findings": [finding.model_dump() for finding in findings],
    }
