"""Runs laid without Airflow: a plan, its charter, and signed statements with one file of evidence each, written by Phasegate's own code."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dag_factory.evidence.keys import AUTHORITY, KeyFolder
from dag_factory.evidence.record import binding_of, read_record
from dag_factory.evidence.statement import Charter, Entry, Refusal, TaskStatement, now, sign
from dag_factory.evidence.store import RunStore
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

if TYPE_CHECKING:
    from dag_factory.evidence.verify import Judgement

__all__ = ["attest", "begin", "judge", "lay", "leave", "plan_of"]


def plan_of(folder: Path, name: str, phases: int, tasks: int, runner: str = "command: work") -> Plan:
    """A plan of so many phases of so many tasks, each of which owes one file. `runner` is how the persona is bound."""
    path = folder / f"{name}.yaml"
    inner = ", ".join(f"task-{number}: {{persona: worker, duty: work}}" for number in range(tasks))
    path.write_text(
        f"workflow: {name}\npattern: false\nmission: A chain to verify\npersonas: {{default: {{{runner}}}}}\n"
        "catalogue: {worker: {title: Worker, instructions: Leaves a file., contracts: {work: {does: Leaves a file., "
        "evidence: {left: {report: left.txt, kind: file}}}}}}\nphases:\n"
        + "".join(
            f"  phase-{number:02d}: {{tasks: {{{inner}}}, gate: {{}}{f', after: phase-{number - 1:02d}' if number else ''}}}\n"
            for number in range(phases)
        ),
        encoding="utf-8",
    )
    return compile_plan(read_spec(path, patterns=("none",)))


def begin(plan: Plan, run: RunStore, keys: KeyFolder, run_id: str, **written: str) -> str:
    """Write the charter, as `kickoff` does; answers its digest. `written` is another PEM of a persona's key than its own."""
    names = (AUTHORITY, *plan.contract.personas)
    public = {name: keys.signer(name, make=True).public.pem for name in names} | written
    digest = run.put_bytes(plan.canonical)
    charter = Charter(
        plan=digest, dag_id=plan.workflow, run_id=run_id, workflow=plan.workflow, mission=plan.mission, params="{}", base=None, keys=public,
        assurance="local", nonce=secrets.token_hex(16), triggered_by="", previous=None, written_at=now(),
    )  # fmt: skip
    envelope = sign(charter, {"plan": {"sha256": digest}}, keys.signer(AUTHORITY))
    run.append("charters", envelope)
    return hashlib.sha256(envelope).hexdigest()


def leave(record: Any, run: RunStore, keys: KeyFolder, phase: str, task: str, *, runner: str = "command") -> None:
    """Leave one file of evidence for a task, and sign for it."""
    data = f"What {phase} {task} left.\n".encode()
    entry = Entry(task=f"{phase}/{task}", item="left", name="left.txt", digest=run.put_bytes(data), size=len(data), grade="observed")
    attest(record, run, keys, phase, task, persona="worker", evidence=(entry,), runner=runner)


def attest(
    record: Any, run: RunStore, keys: KeyFolder, phase: str, task: str, *, persona: str, evidence: tuple[Entry, ...],
    refusals: tuple[Refusal, ...] = (), runner: str = "command",
) -> None:  # fmt: skip
    """Sign for what a task left, or, where that is nothing, for its log."""
    moment, log = now(), None if evidence else run.put_bytes(b"done\n")
    principals, code = ((), 0) if runner == "command" else (("login:somebody",), None)
    statement = TaskStatement(
        binding=binding_of(record, phase, task, 1), persona=persona, runner=runner, principals=principals, outcome="completed", exit_code=code,
        excerpt="", log=log, base=None, sealed=None, checks=(), refusals=refusals, started_at=moment, finished_at=moment, evidence=evidence,
    )  # fmt: skip
    name = f"{record.charter.digest[:16]}/statements/{phase}/{task}/0001.json"
    subjects = {entry.name: {"sha256": entry.digest} for entry in evidence} or {"log": {"sha256": str(log)}}
    run.create(name, sign(statement, subjects, keys.signer(persona)))


def judge(run: RunStore, keys: KeyFolder, phase: str) -> Judgement:
    """Ask the gate of a phase, and keep its signed verdict, whatever it is."""
    import pendulum

    from dag_factory.evidence.answering import keep_verdict
    from dag_factory.evidence.verify import verify

    record, moment = read_record(run), pendulum.now("UTC")
    assert record is not None
    judgement = verify(record, phase, run.blob, moment)
    keep_verdict(run, record, judgement, attempt=1, moment=moment.to_iso8601_string(), signer=keys.signer(AUTHORITY))
    return judgement


def lay(plan: Plan, run: RunStore, keys: KeyFolder, run_id: str) -> None:
    """A whole run: every statement, and every gate's verdict."""
    begin(plan, run, keys, run_id)
    for phase in plan.contract.phases:
        record = read_record(run)
        for task in phase.tasks:
            leave(record, run, keys, phase.id, task.task)
        judgement = judge(run, keys, phase.id)
        if judgement.word != "PASSED":
            raise SystemExit(f"The run to be measured is not sound: {judgement.findings[:3]}")
