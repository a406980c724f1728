"""What people are asked, and whom a form cannot serve, told before the run."""

from __future__ import annotations

from typing import Any

import pytest

GOLDEN = "  validation/product-manager: {check: make golden-paths}\n"
STORIES = "  foundation/product-manager: {command: python stories.py}\n"
DESIGN = "  ux-designer: {external: true, timeout: 2h}\n"


def human(name: str, logins: str, *, marked: bool = True) -> str:
    return f"  {name}: {{{'¦' if marked else ''}human: [{logins}]}}\n"


def test_a_person_of_the_standard_pattern_attests_and_has_time(planner: Any) -> None:
    plan = planner.plan((GOLDEN, human("validation/product-manager", "maria, erin", marked=False)))
    task = plan.contract.tasks["validation/product-manager"]
    assert (task.runner, task.people, task.principals, task.wait) == ("human", ("maria", "erin"), (), None)
    assert plan.executions[task.id].timeout == 3 * 24 * 3600
    assert plan.executions[task.id].work == ["maria", "erin"]


def test_one_person_may_write_the_stories_and_validate_the_product_against_them(planner: Any) -> None:
    names = ("foundation/product-manager", "validation/product-manager")
    assert planner.plan(*((old, human(name, "maria", marked=False)) for old, name in zip((STORIES, GOLDEN), names, strict=True)))


@pytest.mark.parametrize(("owner", "other"), [("maria", "maria"), ("maria", "Maria"), ("maria, ' MARIA '", "maria")])
def test_one_login_cannot_be_a_maker_and_a_validator(planner: Any, owner: str, other: str) -> None:
    edits = (DESIGN, human("ux-designer", owner, marked=False)), (GOLDEN, human("validation/product-manager", other))
    told = planner.only("people-shared", *edits)
    assert "@ux-designer (foundation/ux-designer)" in told.reason
    assert "maria" in told.reason.lower()


def test_of_two_people_each_may_do_one(planner: Any) -> None:
    assert planner.plan(
        (DESIGN, human("ux-designer", "maria, erin", marked=False)), (GOLDEN, human("validation/product-manager", "maria", marked=False))
    )


def test_who_surely_works_does_not_approve(planner: Any) -> None:
    gate = "phases: {validation: {gate: {approval: {¦people: [maria, erin], need: 2}}}}\n"
    told = planner.only("people-shared", (GOLDEN, human("validation/product-manager", "maria", marked=False)), more=gate)
    assert "2 of maria, erin must approve validation" in told.reason


def test_who_surely_works_does_not_decide(planner: Any) -> None:
    more = "fix: {¦decide: [maria]}\n"
    assert planner.only("people-shared", (GOLDEN, human("validation/product-manager", "maria", marked=False)), more=more)


def test_nobody_is_named_twice_and_somebody_is_named(planner: Any) -> None:
    assert planner.only("people-twice", (GOLDEN, "  validation/product-manager: {human: [maria, ¦maria]}\n"))
    assert planner.only("wrong-type", (GOLDEN, "  validation/product-manager: {¦human: []}\n"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  performance-engineer: {check: make bench}\n", "  performance-engineer: {¦human: [pia], verify: make bench}\n", ""),
        ("  software-engineer: ", "  ¦software-engineer: ", ""),
    ],
)
def test_a_form_holds_texts(planner: Any, old: str, new: str, says: str) -> None:
    if "verify" in new:
        assert planner.plan((old, new.replace("¦", ""))), "what Phasegate makes itself needs no form"
        return
    line = next(line for line in planner.text.splitlines() if line.startswith(old))
    told = planner.only("form-unable", (line, "  software-engineer: {¦human: [sam]}"))
    assert "files of src/**" in told.reason


def test_a_picture_is_nothing_for_a_form(planner: Any) -> None:
    more = "phases: {foundation: {tasks: {ux-designer: {evidence: {wireframe: {path: ux/w.png, kind: image}}}}}}\n"
    told = planner.only("form-unable", (DESIGN, human("ux-designer", "uli")), more=more)
    assert "a file of the kind image (ux/w.png)" in told.reason


def test_an_operators_arguments_are_part_of_the_plan_and_name_who_acts(planner: Any) -> None:
    arguments = "{bash_command: 'python work/{feature}.py', env: {TOKEN: {conn: x}, ALL: null}, since: 2026-01-02}"
    line = next(line for line in planner.text.splitlines() if line.startswith("  software-engineer: "))
    plan = planner.plan((line, f"  software-engineer: {{operator: a.b.C, arguments: {arguments}}}"))
    assert plan.executions["implementation/ingest.software-engineer"].work == {
        "path": "a.b.C",
        "arguments": {"bash_command": "python work/ingest.py", "env": {"TOKEN": {"conn": "x"}, "ALL": None}, "since": "2026-01-02"},
    }
    named = plan.contract.tasks["implementation/ingest.software-engineer"].principals
    assert [one.partition(":sha256")[0] for one in named] == ["operator:a.b.C", "script:work/ingest.py"]
