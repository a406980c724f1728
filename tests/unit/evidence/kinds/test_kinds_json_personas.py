"""What the catalogue asks of the JSON that its personas leave: what says nothing or the contrary is refused, and more may be told."""

from __future__ import annotations

import copy
import json

import pytest
from support.contents import content_of
from support.runs import honest

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.json import JsonExpect, JsonKind

STORY, ATTACK, SPEED = "product-manager/verdicts", "security-engineer/penetration", "performance-engineer/optimisations"


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    contract = honest(tmp_path_factory.mktemp("run")).contract
    tasks = contract.phase("validation").tasks
    return {f"{task.task}/{item.id}": (task, item) for task in tasks for item in task.items if item.kind == "json"}


def examine(items, name, change):
    task, item = items[name]
    document = copy.deepcopy(json.loads(content_of(task, item, commits={})))
    change(document)
    found = JsonKind().examine(Material("a.json", json.dumps(document).encode()), JsonExpect.model_validate(item.expect))
    return [fault.subject for fault in found.faults]


def row(**changes):
    return lambda document: next(iter(document.values()))[0].update(changes)


def top(**changes):
    return lambda document: document.update(changes)


def again(document):
    rows = next(iter(document.values()))
    rows.append(dict(rows[0]))


@pytest.mark.parametrize(
    ("name", "change", "subject"),
    [
        *((STORY, row(observed=text), "verdicts[0].observed") for text in (" ", "\u200b", "\u3164", ".", "-")),
        (STORY, row(story="\u200b"), "verdicts[0].story"),
        (STORY, again, "verdicts[*].story"),
        *((STORY, top(verdict=word), "verdict") for word in ("FAILED", "failed", False, "not passed", "Rejected")),
        (STORY, top(failed=["story-ingest"]), "failed"),
        (STORY, top(Failures=1), "Failures"),
        (STORY, row(Verdict="FAILED"), "verdicts[0].Verdict"),
        (STORY, row(blocked=True), "verdicts[0].blocked"),
        *((ATTACK, row(attempt=text), "attempts[0].attempt") for text in (" ", "\u2060", "?")),
        (ATTACK, row(id=" "), "attempts[0].id"),
        (ATTACK, again, "attempts[*].id"),
        (ATTACK, row(succeeded=True), "attempts[0].succeeded"),
        (ATTACK, top(breached=["PEN-1"]), "breached"),
        (SPEED, row(text=" "), "findings[0].text"),
        (SPEED, again, "findings[*].id"),
    ],
)
def test_what_says_nothing_or_the_contrary_is_refused(items, name, change, subject):
    assert subject in examine(items, name, change)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (STORY, top(verdict="PASSED", result="2 of 2", failed=[], blocked=0, failures="none", generated="2026-11-30")),
        (STORY, row(notes="Nothing failed.", failed=False, blocked=None, steps=[1])),
        (STORY, row(observed="訂單已載入")),
        (ATTACK, top(succeeded=0, blocked=12, failed=12, tool="by hand")),
        (ATTACK, row(observed="409", failed=True, severity="critical")),
        (SPEED, row(function="load", result="failed")),
        (SPEED, lambda document: document["findings"].clear()),
    ],
)
def test_more_may_be_told(items, name, change):
    assert examine(items, name, change) == []


def test_a_verdict_of_failed_is_told_once(items):
    assert examine(items, STORY, row(verdict="FAILED")) == ["verdicts[0].verdict"]
