"""What is decided about findings is read strictly, in one spelling, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.decisions import Completion, Decision, Order, Scope, Triage, Waiver
from dag_factory.evidence.reading import parse
from dag_factory.evidence.statement import STATEMENT, Binding, Wire

DIGEST, TIME = "a" * 64, "2026-11-23T06:00:00+00:00"
BINDING = Binding(
    charter=DIGEST, plan=DIGEST, dag_id="orders", run_id="manual__1", phase="validation", cycle=1, task="triage", map_index=-1, attempt=1,
    previous_verdict=DIGEST,
)  # fmt: skip
ORDER = Order(task="implementation/ingest.sdet", findings=("check-failed:x",))
MADE: dict[str, Wire] = {
    "triage": Triage(binding=BINDING, orders=(ORDER,), again=(), left=("a",), unowned=("b",), written_at=TIME),
    "decision": Decision(
        binding=BINDING, asked=DIGEST, answer="waive", by="erin", name="Erin", reason="r", findings=("a",), decided_at=TIME
    ),
    "waiver": Waiver(
        binding=BINDING,
        number="W-1",
        scope=(Scope(finding="a", digest=DIGEST),),
        reason="r",
        by="erin",
        name="",
        given_at=TIME,
        expires_at=TIME,
    ),
    "completion": Completion(binding=BINDING, word="PASSED", verdicts=(DIGEST,), ledger=None, completed_at=TIME),
}


def payload(made: Wire, **changes: Any) -> dict[str, Any]:
    predicate = json.loads(made.model_dump_json(by_alias=True)) | changes
    kind = type(made).TYPE  # type: ignore[attr-defined] # each predicate has one
    return {"_type": STATEMENT, "subject": [{"name": "x", "digest": {"sha256": DIGEST}}], "predicateType": kind, "predicate": predicate}


@pytest.mark.parametrize("name", MADE)
def test_it_is_read_as_it_was_written(name):
    assert parse(payload(MADE[name]), type(MADE[name])) == MADE[name]


def test_each_has_a_type_of_its_own():
    kinds = [type(made) for made in MADE.values()]
    assert {kind.TYPE for kind in kinds} == {f"urn:phasegate:predicate:{name}:v1" for name in MADE}
    for kind in kinds:
        for made in MADE.values():
            if type(made) is not kind:
                with pytest.raises(EnvelopeError, match="predicate type"):
                    parse(payload(made), kind)


@pytest.mark.parametrize("name", MADE)
def test_nothing_extra_and_nothing_missing(name):
    with pytest.raises(EnvelopeError):
        parse(payload(MADE[name], extra=1), type(MADE[name]))
    for key in json.loads(MADE[name].model_dump_json(by_alias=True)):
        short = payload(MADE[name])
        del short["predicate"][key]
        with pytest.raises(EnvelopeError, match="wrong"):
            parse(short, type(MADE[name]))


@pytest.mark.parametrize("answer", ["WAIVE", "yes", "", None, True, "approved"])
def test_no_other_answer_is_a_decision(answer):
    with pytest.raises(EnvelopeError, match="answer"):
        parse(payload(MADE["decision"], answer=answer), Decision)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("waiver", {"expiresAt": "2026-12-24"}),
        ("waiver", {"expiresAt": "never"}),
        ("waiver", {"expiresAt": None}),
        ("waiver", {"expiresAt": "9999-12-31T00:00:00Z"}),
        ("waiver", {"scope": [{"finding": "a", "digest": "*"}]}),
        ("waiver", {"scope": [{"finding": "a"}]}),
        ("waiver", {"by": 7}),
        ("waiver", {"by": ["erin"]}),
        ("decision", {"asked": DIGEST[:8]}),
        ("decision", {"findings": "all"}),
        ("triage", {"orders": [{"task": "x", "findings": [1]}]}),
        ("triage", {"left": {"a": "b"}}),
    ],
)
def test_values_that_say_nothing_certain(name, changes):
    with pytest.raises(EnvelopeError, match="wrong"):
        parse(payload(MADE[name], **changes), type(MADE[name]))
