"""A statement of a task, one of a merge and a charter, each with every field; what is signed of them, and the same with one field changed."""

from __future__ import annotations

import copy

from dag_factory.evidence.statement import (
    STATEMENT,
    Binding,
    Charter,
    CheckResult,
    Conflict,
    ConvergeStatement,
    Entry,
    Refusal,
    Sealed,
    TaskStatement,
    Undone,
)

DIGEST, COMMIT, TIME = "a" * 64, "b" * 40, "2026-11-23T06:00:00+00:00"
BINDING = Binding(
    charter=DIGEST, plan=DIGEST, dag_id="orders", run_id="manual__1", phase="foundation", cycle=0, task="architect", map_index=-1, attempt=1,
    previous_verdict=None,
)  # fmt: skip
ENTRY = Entry(task="foundation/architect", item="architecture", name="ARCHITECTURE.md", digest=DIGEST, size=7, grade="observed")
CHECK = CheckResult(
    task="foundation/architect",
    name="verify",
    exit_code=0,
    ended="exited",
    log=DIGEST,
    excerpt="ok",
    seconds="0.100",
    network="none",
    why_open="",
)
SEALED = Sealed(commit=COMMIT, tree=COMMIT, bundle=DIGEST)
TASK = TaskStatement(
    binding=BINDING, persona="architect", runner="command", principals=("script:sha256:1",), outcome="completed", exit_code=0, excerpt="done",
    log=DIGEST, base=COMMIT, sealed=SEALED, evidence=(ENTRY,), checks=(CHECK,), refusals=(Refusal(rule="r", path="p", text="t"),),
    started_at=TIME, finished_at=TIME,
)  # fmt: skip
MERGE = ConvergeStatement(
    binding=BINDING, base=COMMIT, merged=(("foundation/architect", COMMIT),), conflicts=(Conflict(task="t", paths=("a",), text="x"),),
    undone=(Undone(task="t", path="a"),), sealed=SEALED,
    product=DIGEST, evidence=(), checks=(), finished_at=TIME,
)  # fmt: skip
CHARTER = Charter(
    plan=DIGEST, dag_id="orders", run_id="manual__1", workflow="orders", mission="m", params="{}", base=None, keys={"architect": "pem"},
    assurance="local", nonce="n", triggered_by="ann", previous=None, written_at=TIME,
)  # fmt: skip


def payload_of(predicate):
    return {
        "_type": STATEMENT,
        "subject": [{"name": "ARCHITECTURE.md", "digest": {"sha256": DIGEST}}],
        "predicateType": predicate.TYPE,
        "predicate": predicate.model_dump(by_alias=True, mode="json"),
    }


def put(payload, path, value):
    spoilt = copy.deepcopy(payload)
    place = spoilt["predicate"]
    for key in path[:-1]:
        place = place[key]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return spoilt
