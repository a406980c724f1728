"""Fixers who do nothing, take something away, or whose work was asked for by an older triage; and validators of more than one phase."""

from __future__ import annotations

from typing import Any

import pytest
from support.house import House
from support.mending import mendable

from dag_factory.evidence.policies.consent import partial
from dag_factory.evidence.policies.people import unfit

CLASH = 'echo $PHASEGATE_FEATURE > src/shared.txt; echo good > "src/$PHASEGATE_FEATURE.txt"'
GOOD = 'echo good > "src/$PHASEGATE_FEATURE.txt"'
IN_CYCLE_2 = 'if grep -q \'"cycle": 2\' "$PHASEGATE_TASK"; then {}; fi'


@pytest.fixture
def make(tmp_path, monkeypatch):
    def made(*phases: str, **kwargs: Any) -> House:
        house = mendable(tmp_path / "house", monkeypatch, **kwargs)
        house.run("kickoff")
        for phase in phases:
            house.phase(phase)
        return house

    return made


def rules(house: House, phase: str) -> set[str]:
    return {item.rule for item in house.findings(phase)}


def test_a_conflict_is_not_mended_by_doing_nothing_and_what_was_left_out_is_given_again(make):
    fits = f"{GOOD}; git log --all --oneline > src/two.log; echo both good > src/shared.txt"
    house = make("plan", "build", first=CLASH, mend=IN_CYCLE_2.format(fits))
    assert rules(house, "build") == {"merge-conflict"}
    house.fix("build", 1)
    assert house.word("build") == "FAILED"
    assert "merge-conflict" in rules(house, "build")
    house.fix("build", 2)
    assert house.word("build") == "PASSED", house.findings("build")


def test_evidence_that_was_never_merged_does_not_stand(make):
    house = make("plan", "build", first=CLASH, mend="true")
    house.fix("build", 1)
    house.fix("build", 2)
    assert house.word("build") == "FAILED"
    assert {item.task for item in house.findings("build")} == {"build/two.maker"}


def test_who_mends_must_not_take_the_own_evidence_away(make):
    house = make("plan", "build", first=CLASH, mend="git rm -q -r src; mkdir -p src; echo x > src/.keep; rm src/.keep")
    house.fix("build", 1)
    assert house.word("build") == "FAILED"


def test_who_mended_for_an_older_triage_is_not_forgotten(make, monkeypatch):
    house = make("plan", "build", "check")
    monkeypatch.setattr("dag_factory.runners.command.CommandRunner.principals", lambda *args: ("login:lea",), raising=False)
    house.fix("check", 1, gate=False)
    [one] = house.record.rounds["check"]
    mended = next(name for name in one.statements if name.startswith("build/"))
    (house.specs / "judge.txt").write_text("", encoding="utf-8")
    _triage_without(house, mended)
    [one] = house.record.rounds["check"]
    assert mended not in one.statements
    assert one.superseded[mended]
    assert "lea worked on" in (partial(house.record, "lea") or "")
    assert "nobody works under two names" in (unfit(house.record, house.record.contract.tasks["check/judge"], "Lea") or "")


def _triage_without(house: House, task: str) -> None:
    """The gate was asked again, and its newer triage gives the task nothing."""
    from dag_factory.evidence.keys import AUTHORITY, KeyFolder
    from dag_factory.evidence.statement import sign

    record = house.record
    said = record.rounds["check"][0].triage.says
    orders = tuple(order for order in said.orders if order.task != task)
    newer = said.model_copy(update={"orders": orders, "binding": said.binding.model_copy(update={"attempt": said.binding.attempt + 1})})
    envelope = sign(newer, {"charter": {"sha256": record.charter.digest}}, KeyFolder(house.root / "keys_root").signer(AUTHORITY))
    house.store.append(f"{record.charter.digest[:16]}/triages/check", envelope)


def test_validators_of_an_earlier_phase_judge_again_what_is_mended_in_a_later_one(make):
    house = make(first=GOOD, mend='echo very good > "src/$PHASEGATE_FEATURE.txt"')
    look = "  look:\n    tasks: {judge: {persona: judge, duty: validation, validates: [build]}}\n    gate: {}\n  check:\n"
    text = (house.specs / "workflow.yaml").read_text(encoding="utf-8").replace("  check:\n", look)
    house.write(
        text.replace(
            "personas:\n", "personas:\n  check/judge: {check: 'echo seen > \"$PHASEGATE_EVIDENCE/works.txt\"; grep very src/one.txt'}\n"
        )
    )
    house.run("kickoff")
    for phase in ("plan", "build", "look", "check"):
        house.phase(phase)
    assert (house.word("look"), house.word("check")) == ("PASSED", "FAILED")
    house.fix("check", 1)
    [cycle] = house.record.rounds["check"]
    assert cycle.statements["look/judge"], "the product is no longer the one that was looked at"
    assert house.word("check") == "PASSED", house.findings("check")
    house.phase("ship")
    house.run("complete")
    assert "complete" not in house.failures, house.failures["complete"]
