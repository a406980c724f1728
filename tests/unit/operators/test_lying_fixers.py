"""Fixers who make the finding go away instead of the fault: they rewrite the report, the check or the tests, and the gate finds the fault again."""

from __future__ import annotations

import json
import random

import pytest
from support.house import House
from support.liars import FAKES, PASSED
from support.slips import SLIPS, slip

ENGINEER = "implementation/daily_mart.software-engineer"
REPORT = '<testsuite name="e2e" tests="1" failures="0" errors="0" skipped="0"><testcase classname="tests" name="test_all" time="0.1"/></testsuite>'
LIES = {
    "leaves good reports where evidence belongs": (FAKES, ""),
    "commits a good report, and the checks that make it": (
        f"put('reports/e2e.xml', {REPORT!r}); put('checks/suites.py', ''); put('Makefile', 'e2e golden-paths:\\n\\ttrue\\n')",
        "checks/suites.py",
    ),
}
"""What each does, and what of it the seal refuses: anything but the product."""

LIAR = f"""
from pathlib import Path

def put(name, text):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)

{{lie}}
print({PASSED!r})
"""

ECHO = """
import os
print(open(os.environ["PHASEGATE_TASK"]).read())
print(dict(os.environ))
"""


@pytest.fixture(scope="module")
def bug() -> str:
    """One of the bugs, chosen now; its name is in the ids of what fails."""
    return random.choice(sorted(SLIPS))  # no secret


@pytest.fixture(scope="module")
def wrong(bug, tmp_path_factory, session_patch) -> tuple[House, str]:
    """The sample with that bug in it, and the phase whose gate finds it: by what sdets wrote, or by what validators run."""
    house = House.of_orders(tmp_path_factory.mktemp("wrong") / "house", session_patch)
    slip(house.specs / "personas" / "work" / "software-engineer" / SLIPS[bug][0] / "src", bug)
    house.run("kickoff")
    for phase in ("foundation", "implementation", "validation"):
        house.phase(phase)
        if house.word(phase) == "FAILED":
            return house, phase
    raise AssertionError(bug)


def test_the_engineer_is_told_the_findings_and_mends_whichever_bug_it_is(wrong, bug, tmp_path, monkeypatch):
    house, phase = wrong[0].copy(tmp_path / "house", monkeypatch), wrong[1]
    house.fix(phase)
    assert house.word(phase) == "PASSED", (bug, house.findings(phase))
    [one] = house.record.rounds[phase]
    told = {order.task for order in one.triage.says.orders}
    assert ENGINEER in told
    assert not [task for task in told if "ingest" in task], "the other engineer could not mend it"


def test_a_fixer_is_told_the_findings_and_nothing_of_what_was_broken(wrong, bug, tmp_path, monkeypatch):
    house, phase = wrong[0].copy(tmp_path / "house", monkeypatch), wrong[1]
    (house.specs / "personas" / "software_engineer.py").write_text(ECHO, encoding="utf-8")
    house.run(f"{phase}.fix_1.triage")
    house.mend(phase)
    [one] = house.record.rounds[phase]
    said = house.store.blob(one.statements[ENGINEER][-1].says.log).decode()
    order = next(order for order in one.triage.says.orders if order.task == ENGINEER)
    assert all(json.dumps(name)[1:-1] in said for name in order.findings)
    _, module, right, wrong_text = SLIPS[bug]
    for word in (bug, right, wrong_text, f"{module}:"):
        assert word not in said


@pytest.mark.parametrize("name", LIES)
def test_a_fixer_that_rewrites_the_report_instead_of_the_product_is_caught(name, wrong, bug, tmp_path, monkeypatch):
    house, phase = wrong[0].copy(tmp_path / "house", monkeypatch), wrong[1]
    lie, refused = LIES[name]
    before = {item.id for item in house.findings(phase)}
    (house.specs / "personas" / "software_engineer.py").write_text(LIAR.format(lie=lie), encoding="utf-8")
    house.fix(phase)
    [one] = house.record.rounds[phase]
    assert PASSED in house.store.blob(one.statements[ENGINEER][-1].says.log).decode()
    assert house.word(phase) == "FAILED", bug
    assert {item.finding for item in house.record.verdict(phase).says.phasegate.rechecked if item.now == "open"} == before
    outside = [item.subject for item in house.findings(phase) if item.rule == "workspace-outside-writes"]
    assert (f"{ENGINEER}:{refused}" in outside) == bool(refused)
    house.run("complete")
    assert "MISSION FAILED" in house.failures["complete"]
