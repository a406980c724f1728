"""What a spec says about fix phases and people means something."""

from __future__ import annotations

from typing import Any

import pytest

BOUND = ("  default: {external: true}\n", "  default: {command: work}\n  sdet: {check: make tests}\n")


@pytest.mark.parametrize(
    "owner",
    [
        "integration/integration-engineer",
        "implementation/software-engineer",
        "implementation/ingest.software-engineer",
    ],
)
def test_an_owner_that_is_there(author: Any, owner: str) -> None:
    assert author.sound(BOUND, more=f"fix: {{owner: {owner}}}\n").workflow.fix.owner == owner


@pytest.mark.parametrize(
    "owner",
    [
        "software-engineer",
        "implementation",
        "implementation/nobody",
        "nowhere/software-engineer",
        "implementation/other.software-engineer",
        "foundation/ingest.architect",
        "implementation/",
        "/",
        "foundation/architect ",
    ],
)
def test_an_owner_that_is_nowhere(author: Any, owner: str) -> None:
    told = author.only("fix-owner-unknown", BOUND, more=f"fix: {{¦owner: '{owner}'}}\n")
    assert owner in told.reason
    assert "implementation/software-engineer" in told.remedy


@pytest.mark.parametrize("owner", ["implementation/sdet", "implementation/ingest.sdet"])
def test_an_owner_that_only_looks(author: Any, owner: str) -> None:
    told = author.only("fix-owner-unknown", BOUND, more=f"fix: {{¦owner: {owner}}}\n")
    assert "bound to `check`" in told.reason


def test_a_binding_of_the_phase_beats_that_of_the_persona(author: Any) -> None:
    both = (BOUND[0], BOUND[1] + "  implementation/sdet: {command: test}\n")
    assert author.sound(both, more="fix: {owner: implementation/sdet}\n")


def test_the_owner_of_the_pattern_may_be_bound_to_what_only_looks(author: Any) -> None:
    looks = ("  default: {external: true}\n", "  default: {check: make all}\n")
    assert author.sound(looks).workflow.fix.owner == "implementation/software-engineer"
    assert author.sound(looks, more="fix: {max_cycles: 1}\n")


def test_without_a_pattern_nobody_owns_the_rest(bare: Any) -> None:
    assert bare.sound().workflow.fix.owner is None


def test_cycles_that_nobody_can_allow(author: Any) -> None:
    told = author.only("fix-undecided", more="fix: {¦extra_cycles: 2}\n")
    assert "does nothing" in told.reason
    assert author.sound(more="fix: {extra_cycles: 2, decide: [maria]}\n")
    assert author.sound(more="fix: {extra_cycles: 0}\n"), "nothing is expected of none"
    assert author.sound(more="fix: {max_cycles: 3}\n"), "what was not written misleads nobody"


def test_who_decides_is_named_once(author: Any) -> None:
    assert "maria" in author.only("people-twice", more="fix: {decide: [maria, erin, ¦maria]}\n").reason
    assert author.sound(more="fix: {decide: [maria, erin]}\n")


def test_who_approves_is_named_once(author: Any) -> None:
    gate = "phases:\n  validation:\n    gate:\n      approval: {people: [maria, erin, ¦erin], need: 2}\n"
    assert "erin" in author.only("people-twice", more=gate).reason
    assert author.sound(more=gate.replace(", ¦erin", ""))


@pytest.mark.parametrize("people", ["[maria]", "[]", "maria"])
def test_more_approvals_than_people(author: Any, people: str) -> None:
    gate = f"phases:\n  validation:\n    gate:\n      approval: {{people: {people}, need: 2}}\n"
    [told] = author.told(more=gate)
    assert (told.rule, told.where.line) == ("wrong-type", 13)


@pytest.mark.parametrize(
    ("name", "guess"), [("test-failed", "tests-failed"), ("all", ""), ("Tests-Failed", ""), ("tests-failed:x", "tests-failed")]
)
def test_what_may_never_be_waived_is_a_rule(author: Any, name: str, guess: str) -> None:
    told = author.only("rule-unknown", more=f"fix: {{never_waive: [check-failed, ¦'{name}']}}\n")
    assert name in told.reason
    assert guess in told.reason
    assert author.sound(more="fix: {never_waive: [check-failed, tests-failed]}\n")


@pytest.mark.parametrize(
    "fix",
    ["{max_cycles: 10}", "{max_cycles: -1}", "{max_cycles: true}", "{max_findings: 0}", "{timeout: soon}", "{max_waiver: 0d}", "{decide: maria, x: 1}", "[]"],
)  # fmt: skip
def test_values_that_make_no_sense(author: Any, fix: str) -> None:
    assert {told.rule for told in author.told(more=f"fix: {fix}\n")} <= {"wrong-type", "unknown-key"}
