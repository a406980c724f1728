"""One fault is told once: not again where its consequences stand."""

from __future__ import annotations

from typing import Any

import pytest


def test_nothing_may_stand_where_anything_may(author: Any) -> None:
    assert author.sound(more="params: {day: , night: {default: }}\n")


def test_a_schedule_of_nothing_is_by_hand_alone(author: Any) -> None:
    schedule = next(line for line in author.text.splitlines() if line.startswith("schedule:"))
    assert author.sound((schedule, "schedule:")).workflow.schedule.cron is None


OWN = """\
catalogue:
  auditor:
    title: Auditor
    instructions: Ask why.
    contracts:
      review: {does: Look., evidence: {review: {path: R.md, ¦kid: markdown}}}
phases:
  late: {after: integration, gate: {}, tasks: {t: {persona: auditor, evidence: {review: {expect: {sections: [Sum]}}}}}}
"""


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("¦kid: markdown", "unknown-key"),
        ("¦kind: 7", "wrong-type"),
        ("kind: markdown, ¦colour: red", "unknown-key"),
        ("kind: markdown, ¦'': x", "unknown-key"),
    ],
)
def test_a_fault_in_a_contract_is_not_told_again_where_it_is_owed(author: Any, key: str, rule: str) -> None:
    more = OWN.replace("¦kid: markdown", key)
    author.only(rule, more=more)
    author.only(rule, more=more.replace(", evidence: {review: {expect: {sections: [Sum]}}}", ""))


@pytest.mark.parametrize("duty", ['""', "[]", "{}", "0"])
def test_a_duty_that_is_none_is_not_taken_for_one_left_out(author: Any, duty: str) -> None:
    late = f"{{after: integration, gate: {{}}, tasks: {{t: {{persona: auditor, ¦duty: {duty}}}}}}}\n"
    more = OWN.replace("¦kid", "kind").partition("  late: ")[0] + f"  late: {late}"
    author.only("wrong-type", more=more)


@pytest.mark.parametrize("key", ["phases", "paths", "checks"])
@pytest.mark.parametrize(("value", "rule"), [("7", "wrong-type"), ("", "pattern-loosened"), ("[a]", "wrong-type")])
def test_where_names_are_lost_nothing_is_said_about_who_refers_to_them(author: Any, key: str, value: str, rule: str) -> None:
    more = "checklists: {ours: {sound: {says: Sound?, holds: complete, tasks: [late/t], due: [late]}}}\n"
    author.only(rule, more=f"{more}¦{key}: {value}\n")


def test_a_phase_that_is_misspelt_lacks_nothing_else(author: Any) -> None:
    assert "Did you mean 'foundation'?" in author.only("phase-misplaced", more="phases:\n  ¦Foundation: {timeout: 5d}\n").reason
