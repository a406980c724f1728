"""A phase of a thousand tasks: its verdict is shown without reading evidence, and soon."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator

import pendulum
import pytest
from phasegate_plugin.pages import opening
from support.orders import SPEC
from support.pages import Server, serving
from support.runs import HonestRun

from dag_factory.evidence.answering import keep_verdict
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.statement import now
from dag_factory.evidence.verify import Judgement

FEATURES = 500


class LargeRun(HonestRun):
    """An honest run that does not read itself again for every task."""

    held: RunRecord | None = None

    @property
    def record(self) -> RunRecord:
        return self.held or super().record


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> LargeRun:
    """Two tasks a feature, each signed by the real code."""
    features = "".join(f"  feature_{number:03d}: Feature {number}\n" for number in range(FEATURES))
    text = SPEC.replace("  ingest: Load partner CSVs\n  daily_mart: Build the mart\n", features)
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(os, "fsync", lambda _: None)  # seven thousand of them take longer than all the rest
    made = LargeRun(tmp_path_factory.mktemp("large"), text=text)
    made.through("foundation")
    made.held = made.record
    # Of this phase the store holds no evidence at all: what lists it must not miss it.
    monkeypatch.setattr(type(made.store), "put_bytes", lambda _, data: hashlib.sha256(data).hexdigest())
    for task in made.contract.phase("implementation").tasks:
        made.deliver(task.id)
    made.held = None
    made.converge("implementation", evidence=(), checks=())
    record = made.held = made.record
    inputs = Case(record, "implementation", made.store.blob, pendulum.now("UTC")).inputs()
    # As the gate would, without reading it all.
    judgement = Judgement(
        phase="implementation", cycle=0, word="PASSED", findings=(), waived=(), rechecked=(), answers=(), inputs=inputs, approved="d" * 40,
        product="a" * 64,
    )  # fmt: skip
    keep_verdict(made.store, record, judgement, attempt=1, moment=now(), signer=made.keys.signer(AUTHORITY))
    made.held = None
    made.held = made.record
    monkeypatch.undo()
    return made


@pytest.fixture(scope="module")
def server(run: LargeRun) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as monkeypatch, serving(monkeypatch, run.tmp_path) as made:
        yield made


def test_the_verdict_of_a_thousand_tasks(server: Server, run: LargeRun, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    at = server.knows(run)
    server.get(at, who="ben")  # what is imported at the first request is imported once
    monkeypatch.setattr(opening, "_contracts", opening._Contracts(16))
    read: list[str] = []
    monkeypatch.setattr(type(run.store), "blob", noted(type(run.store).blob, read))
    took = []
    for _ in range(4):
        begun = time.perf_counter()
        answer = server.get(f"{at}/gates/implementation")
        took.append(time.perf_counter() - begun)
        assert answer.status_code == 200
    with capsys.disabled():
        sys.stdout.write(
            f"\n1,000 tasks: {took[0] * 1000:.0f} ms at first, then {min(took[1:]) * 1000:.0f} ms, {len(answer.content) / 1000:.0f} kB\n"
        )
    verdict = run.record.verdict("implementation")
    assert verdict
    assert len(verdict.says.input_attestations) == 2 * FEATURES + 2
    assert answer.text.count("/tasks/implementation/") >= 2 * FEATURES
    assert "</span> PASSED" in answer.text
    assert set(read) == {run.record.charter.says.plan}
    assert min(took) < 2  # it is to be 0.3 on a quiet machine


def noted(original, read: list[str]):
    def blob(self, digest: str, **kwargs):
        read.append(digest)
        return original(self, digest, **kwargs)

    return blob


def test_the_work_of_one_task_is_read_alone(server: Server, run: LargeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    at = f"/airflow/phasegate/dags/orders_mart/runs/{run.run_id}"
    task = run.contract.phase("implementation").tasks[0]
    opened: list[str] = []
    original = type(run.store).read
    monkeypatch.setattr(type(run.store), "read", lambda self, name, **kwargs: opened.append(name) or original(self, name, **kwargs))
    assert server.get(f"{at}/tasks/implementation/{task.task}").status_code == 200
    assert len([name for name in opened if "/statements/implementation/" in name]) == 1
