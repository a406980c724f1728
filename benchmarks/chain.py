"""Runs laid without Airflow: a plan, its charter, and signed statements with one file of evidence each, written by Phasegate's own code."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from dag_factory.evidence.keys import AUTHORITY, KeyFolder
from dag_factory.evidence.record import binding_of, read_record
from dag_factory.evidence.statement import Charter, Entry, TaskStatement, now, sign
from dag_factory.evidence.store import RunStore
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

__all__ = ["begin", "lay", "leave", "plan_of"]


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


def begin(plan: Plan, run: RunStore, keys: KeyFolder, run_id: str) -> str:
    """Write the charter, as `kickoff` does; answers its digest."""
    names = (AUTHORITY, *plan.contract.personas)
    public = {name: keys.signer(name, make=True).public.pem for name in names}
    digest = run.put_bytes(plan.canonical)
    charter = Charter(
        plan=digest, dag_id=plan.workflow, run_id=run_id, workflow=plan.workflow, mission=plan.mission, params="{}", base=None, keys=public,
        assurance="local", nonce="0" * 32, triggered_by="", previous=None, written_at=now(),
    )  # fmt: skip
    envelope = sign(charter, {"plan": {"sha256": digest}}, keys.signer(AUTHORITY))
    run.append("charters", envelope)
    return hashlib.sha256(envelope).hexdigest()


def leave(record: Any, run: RunStore, keys: KeyFolder, phase: str, task: str, *, runner: str = "command") -> None:
    """Leave one file of evidence for a task, and sign for it."""
    data = f"What {phase} {task} left.\n".encode()
    digest, task_id, moment = run.put_bytes(data), f"{phase}/{task}", now()
    principals, code = ((), 0) if runner == "command" else (("login:somebody",), None)
    statement = TaskStatement(
        binding=binding_of(record, phase, task, 1), persona="worker", runner=runner, outcome="completed", principals=principals, exit_code=code,
        excerpt="", log=None, base=None, sealed=None, checks=(), refusals=(), started_at=moment, finished_at=moment,
        evidence=(Entry(task=task_id, item="left", name="left.txt", digest=digest, size=len(data), grade="observed"),),
    )  # fmt: skip
    name = f"{record.charter.digest[:16]}/statements/{task_id}/0001.json"
    run.create(name, sign(statement, {"left.txt": {"sha256": digest}}, keys.signer("worker")))


def lay(plan: Plan, run: RunStore, keys: KeyFolder, run_id: str) -> None:
    """A whole run: every statement, and every gate's verdict."""
    import pendulum

    from dag_factory.evidence.answering import keep_verdict
    from dag_factory.evidence.verify import verify

    begin(plan, run, keys, run_id)
    for phase in plan.contract.phases:
        record = read_record(run)
        for task in phase.tasks:
            leave(record, run, keys, phase.id, task.task)
        record, moment = read_record(run), pendulum.now("UTC")
        assert record is not None
        judgement = verify(record, phase.id, run.blob, moment)
        if judgement.word != "PASSED":
            raise SystemExit(f"The run to be measured is not sound: {judgement.findings[:3]}")
        keep_verdict(run, record, judgement, attempt=1, moment=moment.to_iso8601_string(), signer=keys.signer(AUTHORITY))
