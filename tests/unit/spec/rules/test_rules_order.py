"""Foundation first, and every phase in a place of its own."""

from __future__ import annotations

from typing import Any

import pytest

TASK = "tasks: {t: {persona: devops}}, gate: {}"


@pytest.mark.parametrize(
    ("phase", "says"),
    [
        (f"¦late: {{after: nowhere, {TASK}}}", "nowhere, which is no other phase"),
        (f"¦late: {{after: validaton, {TASK}}}", "Did you mean 'validation'?"),
        (f"¦late: {{before: late, {TASK}}}", "late, which is no other phase"),
        (f"¦late: {{before: integration, after: validation, {TASK}}}", "both before and after"),
        (f"¦late: {{{TASK}}}", "has no place"),
    ],
)
def test_a_phase_without_a_place(author: Any, phase: str, says: str) -> None:
    assert says in author.only("phase-misplaced", more=f"phases:\n  {phase}\n").reason


def test_phases_that_stand_beside_each_other(author: Any) -> None:
    more = f"phases:\n  one: {{after: two, {TASK}}}\n  two: {{after: one, {TASK}}}\n  three: {{after: two, {TASK}}}\n"
    found = author.told(more=more)
    assert [(told.rule, told.where.line, told.where.column) for told in found] == [("phase-misplaced", 11, 3), ("phase-misplaced", 12, 3)]


def test_no_phases_at_all(bare: Any) -> None:
    text = bare.text
    path = bare.write(more="")
    path.write_text(text.partition("phases:")[0])
    assert "no phases" in bare.only("phase-misplaced", (text[text.index("phases:") :], ""), ("workflow: bare", "¦workflow: bare")).reason


@pytest.mark.parametrize("who", ["architect", "ux-designer"])
def test_the_foundation_lacks_somebody(author: Any, who: str) -> None:
    found = author.told(more=f"phases:\n  foundation:\n    tasks:\n      {who}: ~\n")
    assert [(told.rule, told.where.line, told.where.column) for told in found] == [
        ("foundation-missing", 13, 7),
        ("persona-removed", 13, 7),
    ]
    assert f"@{who}" in found[0].reason
    assert found[0].remedy == f"Give @{who} its task in the foundation phase."


def test_the_foundation_is_removed(author: Any) -> None:
    found = author.told(more="phases:\n  foundation: ~\n")
    assert [(told.rule, told.where.line, told.where.column) for told in found] == [
        ("foundation-missing", 11, 3),
        ("foundation-missing", 11, 3),
        ("phase-removed", 11, 3),
    ]


def test_somebody_who_is_not_required_is_removed(author: Any) -> None:
    author.only("persona-removed", more="phases:\n  foundation:\n    tasks:\n      ¦product-manager: ~\n")


def test_nobody_lays_a_foundation(bare: Any) -> None:
    design = "  design:\n    tasks:\n      architect: {persona: architect, duty: foundation}\n    gate: {}\n"
    told = bare.only("foundation-missing", (design, ""), ("phases:", "¦phases:"))
    assert "duty: foundation" in told.remedy


def test_a_required_persona_without_a_pattern(bare: Any) -> None:
    told = bare.only("foundation-missing", ("phases:", "requires: {foundation: [architect, devops]}\n¦phases:"))
    assert "@devops" in told.reason


def test_who_does_not_implement_needs_no_foundation(bare: Any) -> None:
    text = bare.text[bare.text.index("phases:") :]
    assert bare.sound(
        (text, "phases: {ship: {tasks: {t: {persona: devops}}, gate: {}}}\nchecks: {deployment: make deploy}\n"),
        ("interface: [", "deploy: [deploy], interface: ["),
    )


def test_implementation_before_the_foundation(author: Any) -> None:
    phase = "  early:\n    before: foundation\n    gate: {}\n    tasks:\n      ¦build: {persona: software-engineer, each: feature}\n"
    told = author.only("implementation-first", more="phases:\n" + phase)
    assert "early" in told.reason
    assert told.remedy == "Move it to a phase after foundation."


def test_implementation_beside_the_foundation(author: Any) -> None:
    author.only(
        "implementation-first", more="phases:\n  foundation:\n    tasks:\n      ¦build: {persona: software-engineer, each: feature}\n"
    )


def test_the_pattern_cannot_be_put_in_another_order(author: Any) -> None:
    found = author.told(more="phases:\n  implementation:\n    before: foundation\n")
    assert ("pattern-loosened", 12, 5) in [(told.rule, told.where.line, told.where.column) for told in found]


def test_a_later_foundation_holds_back_all_who_implement(author: Any) -> None:
    found = author.told(
        more="phases:\n  again:\n    after: integration\n    gate: {}\n    tasks:\n      a: {persona: architect, duty: foundation}\n"
    )
    assert {told.rule for told in found} == {"implementation-first"}


def test_a_phase_that_is_misspelt_is_told_whose_name_was_meant(author: Any) -> None:
    told = author.only("phase-misplaced", more="phases: {¦Validation: {gate: {}, tasks: {look: {persona: devops, duty: deployment}}}}\n")
    assert told.reason.endswith("has no place in it. Did you mean 'validation'?")
