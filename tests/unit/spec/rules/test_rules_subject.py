"""What a static rule looks at: phases in running order, tasks with their place, contracts without surprises."""

from __future__ import annotations

from typing import Any

import pytest

from dag_factory.errors import Position
from dag_factory.spec.models import Workflow
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.source import Source

TEXT = """\
workflow: w
mission: m
phases:
  last: {after: middle, tasks: {c: {persona: writer}}, gate: {}}
  first: {tasks: {a: {persona: writer}, b: {persona: reader}}, gate: {}}
  middle: {after: first, tasks: {}, gate: {}}
"""
CATALOGUE: dict[str, Any] = {"writer": {"contracts": {"writing": {"does": "Write."}}}, "odd": {"contracts": ["writing"]}, "odder": "writer"}


@pytest.fixture
def subject(tmp_path: Any) -> Subject:
    path = tmp_path / "w.yaml"
    path.write_text(TEXT, encoding="utf-8")
    source = Source.read(path)
    raw = source.load()
    return Subject(Workflow.model_validate(raw), CATALOGUE, raw, source)


def test_phases_and_tasks_come_in_the_order_in_which_they_run(subject: Subject) -> None:
    assert [name for name, _ in subject.phases()] == ["first", "middle", "last"]
    assert [(path, phase, task) for path, phase, task, _ in subject.tasks()] == [
        (("phases", "first", "tasks", "a"), "first", "a"),
        (("phases", "first", "tasks", "b"), "first", "b"),
        (("phases", "last", "tasks", "c"), "last", "c"),
    ]


def test_a_fault_is_told_at_its_value_or_at_the_nearest_one_above(subject: Subject) -> None:
    told = subject.fault("rule", ("phases", "first", "tasks", "b", "persona"), "Why.", "What next.")
    assert (told.rule, told.reason, told.remedy, told.where.line) == ("rule", "Why.", "What next.", 5)
    above = subject.fault("rule", ("phases", "first", "tasks", "b", "evidence", "x"), "Why.", "What next.").where
    assert isinstance(above, Position)
    assert above.line == 5


def test_contracts_of_a_persona_by_duty(subject: Subject) -> None:
    assert subject.contracts("writer") == {"writing": {"does": "Write."}}


@pytest.mark.parametrize("who", ["nobody", None, ["writer"], {"writer": 1}, 3, "odd", "odder"])
def test_a_stranger_or_nonsense_owes_nothing_and_breaks_nothing(subject: Subject, who: object) -> None:
    assert subject.contracts(who) == {}
