"""One persona per task, known, bound in exactly one way."""

from __future__ import annotations

from typing import Any

import pytest

from dag_factory.spec.rules import STATIC_RULES

PERSONAS = "personas:\n  default: {external: true}\n"
AUDITOR = """\
catalogue:
  auditor:
    title: Auditor
    instructions: Look.
    contracts:
      audit: {does: Audit., evidence: {report: {path: AUDIT.md, kind: file}}}
      review: {does: Review., evidence: {report: {path: REVIEW.md, kind: file}}}
"""


def phase(task: str) -> str:
    return f"phases:\n  extra:\n    after: integration\n    gate: {{}}\n    tasks:\n      {task}\n"


def bound(line: str) -> tuple[str, str]:
    return PERSONAS, f"{PERSONAS}  {line}\n"


def test_the_registry_names_every_rule_once() -> None:
    assert len({rule.__name__ for rule in STATIC_RULES}) == len(STATIC_RULES)
    assert all(rule.__doc__ for rule in STATIC_RULES)


COMBINED = ["architect and devops", "architect, devops", "architect+devops", "architect/devops", "architect & devops"]


@pytest.mark.parametrize("persona", ["[architect, devops]", "{architect: 1}", *(f"'{both}'" for both in COMBINED)])
def test_a_combined_persona(author: Any, persona: str) -> None:
    told = author.only("persona-combined", more=phase(f"t: {{¦persona: {persona}}}"))
    assert told.remedy == "Make one task per persona."


@pytest.mark.parametrize("persona", ["[architect, ux-designer]", "architect and ux-designer"])
def test_a_persona_of_the_pattern_combined_with_another(author: Any, persona: str) -> None:
    found = author.told(more=f"phases:\n  foundation:\n    tasks:\n      architect:\n        persona: {persona}\n")
    assert ("persona-combined", 14, 9) in [(told.rule, told.where.line, told.where.column) for told in found]
    assert {told.rule for told in found} <= {"persona-combined", "foundation-missing"}


def test_a_binding_of_a_combination(author: Any) -> None:
    told = author.only("persona-combined", bound("¦architect and devops: {external: true}"))
    assert told.remedy == "Bind each persona by itself."


@pytest.mark.parametrize(
    ("persona", "says"),
    [("architekt", "Did you mean 'architect'?"), ("nobody-at-all", "nobody-at-all"), ("5", "5"), ("~", "does not say who does it")],
)
def test_an_unknown_persona(author: Any, persona: str, says: str) -> None:
    told = author.only("persona-unknown", more=phase(f"t: {{¦persona: {persona}}}"))
    assert says in told.reason
    assert "phasegate explain personas" in told.remedy


def test_a_task_without_a_persona(author: Any) -> None:
    told = author.only("persona-unknown", more=phase("¦t: {duty: deployment}"))
    assert told.reason.endswith("does not say who does it.")


def test_a_persona_of_the_authors_own(author: Any) -> None:
    assert author.sound(more=AUDITOR + phase("audit: {persona: auditor, duty: review}"))


@pytest.mark.parametrize("duty", ["", ", ¦duty: deployment"])
def test_an_unknown_duty(author: Any, duty: str) -> None:
    place = "t" if duty else "¦t"
    told = author.only("duty-unknown", more=AUDITOR + phase(f"{place}: {{persona: auditor{duty}}}"))
    assert "audit, review" in told.reason
    assert told.remedy.startswith("Write `duty: audit`")


def test_a_persona_defined_again(author: Any) -> None:
    author.only("persona-redefined", more=AUDITOR.replace("  auditor:", "  ¦architect:"))


@pytest.mark.parametrize(("personas", "unbound"), [("personas:\n  architect: {external: true}\n", 10), ("personas: {}\n", 11)])
def test_nobody_is_bound(author: Any, personas: str, unbound: int) -> None:
    found = author.told((PERSONAS, personas))
    assert [(told.rule, told.where.line, told.where.column) for told in found] == [("binding-missing", 8, 1)] * unbound
    assert any("`ux-designer: {command: …}`" in told.remedy for told in found)


@pytest.mark.parametrize(
    ("personas", "says"),
    [
        ("personas:\n  ¦defalt: {external: true}\n", "Did you mean 'default'?"),
        ("personas:\n  ¦Default: {external: true}\n", "Did you mean 'default'?"),
    ],
)
def test_a_default_that_is_misspelt_is_told_alone(author: Any, personas: str, says: str) -> None:
    assert says in author.only("binding-unused", (PERSONAS, personas)).reason


def test_one_phase_of_two_is_bound(author: Any) -> None:
    every = ["ux-designer", "product-manager", "software-engineer", "sdet", "test-engineer", "performance-engineer", "security-engineer"]
    every += ["documentation-writer", "integration-engineer", "devops", "foundation/architect"]
    text = "personas:\n" + "".join(f"  {name}: {{external: true}}\n" for name in every)
    assert "@architect" in author.only("binding-missing", (PERSONAS, text.replace("personas:", "¦personas:"))).reason
    assert author.sound((PERSONAS, text + "  integration/architect: {external: true}\n"))
    misspelt = text.replace("  devops:", "  ¦devop:") + "  integration/architect: {external: true}\n"
    assert "Did you mean 'devops'?" in author.only("binding-unused", (PERSONAS, misspelt)).reason


@pytest.mark.parametrize(
    ("binding", "says", "remedy"),
    [
        ("{}", "has none", "Write one of check, command, python"),
        ("{retries: 1}", "has none", "Write one of check, command, python"),
        ("{check: a, command: b}", "check and command", "Keep one of check, command."),
        ("{external: true, human: [a]}", "external and human", "Keep one of external, human."),
    ],
)
def test_a_binding_with_no_runner_or_two(author: Any, binding: str, says: str, remedy: str) -> None:
    told = author.only("binding-runner", bound(f"¦devops: {binding}"))
    assert says in told.reason
    assert told.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("binding", "says"),
    [
        ("¦python: deploy", "'deploy', which names no function"),
        ("¦python: 'ops:'", "'ops:', which names no function"),
        ("¦python: ops.deploy", "'ops.deploy', which names no function"),
        ("¦operator: BashOperator", "'BashOperator', which is no import path"),
        ("¦operator: 'airflow.x:Y'", "'airflow.x:Y', which is no import path"),
    ],
)
def test_what_names_no_function_and_no_operator_is_told_before_a_run(author: Any, binding: str, says: str) -> None:
    told = author.only("binding-runner", bound(f"devops: {{{binding}}}"))
    assert says in told.reason
    assert "like " in told.remedy


@pytest.mark.parametrize(("runner", "says"), [("check: b", "it is a check itself"), ("external: true", "it works outside")])
def test_a_verify_that_nobody_would_run(author: Any, runner: str, says: str) -> None:
    told = author.only("binding-runner", bound(f"devops: {{{runner}, ¦verify: a}}"))
    assert says in told.reason
    assert author.sound(bound("devops: {command: b, verify: a}"))


@pytest.mark.parametrize(
    ("runner", "says"),
    [
        ("operator: a.B", "`operator` works in the task's own process"),
        ("human: [dora]", "`human` is no program"),
        ("external: true", "`external` works outside"),
    ],
)
@pytest.mark.parametrize("bound_by", ["network: false", "memory: 1 GB", "processes: 10", "disk: 1 GB"])
def test_a_bound_that_nothing_would_hold(author: Any, runner: str, says: str, bound_by: str) -> None:
    told = author.only("binding-runner", bound(f"devops: {{{runner}, ¦{bound_by}}}"))
    assert f"has `{bound_by.partition(':')[0]}`, which nothing would hold: {says}." in told.reason


@pytest.mark.parametrize("binding", ["operator: a.B, verify: a, memory: 1 GB", "operator: a.B, network: true", "command: b, memory: 1 GB"])
def test_a_bound_that_something_holds_or_that_bounds_nothing(author: Any, binding: str) -> None:
    assert author.sound(bound(f"devops: {{{binding}}}"))


def test_arguments_belong_to_an_operator(author: Any) -> None:
    author.only("binding-runner", bound("devops: {python: 'a:b', ¦arguments: {x: 1}}"))
    assert author.sound(bound("devops: {operator: a.B, arguments: {x: 1}}"))


@pytest.mark.parametrize(("name", "says"), [("devop", "Did you mean"), ("validation/devops", "Did you mean"), ("nothing", "")])
def test_a_binding_that_binds_nobody(author: Any, name: str, says: str) -> None:
    assert says in author.only("binding-unused", bound(f"¦{name}: {{external: true}}")).reason


def test_a_binding_that_binds_nobody_is_not_taken_for_a_task_that_nobody_does(author: Any) -> None:
    more = phase("t: {duty: deployment}")
    told = [found for found in author.told(bound("auditor: {external: true}"), more=more) if found.rule == "binding-unused"]
    assert [found.reason for found in told] == ["No task is done by auditor."]


@pytest.mark.parametrize(
    ("written", "rule"), [("auditr", "persona-unknown"), ("'@auditor'", "persona-unknown"), ("[auditor, devops]", "persona-combined")]
)
def test_where_a_task_misspells_its_persona_the_binding_is_not_told_to_follow_it(author: Any, written: str, rule: str) -> None:
    catalogue = """
catalogue:
  auditor:
    title: Auditor
    instructions: Read.
    contracts: {audit: {does: Audit., evidence: {audit: {report: audit.md, kind: markdown}}}}
"""
    told = author.told(bound("auditor: {external: true}"), more=catalogue + phase(f"t: {{persona: {written}, duty: audit}}"))
    assert [found.rule for found in told] == [rule]


def test_a_binding_that_others_hide_is_no_fault(author: Any) -> None:
    lines = "devops: {external: true}\n  integration/devops: {external: true}"
    assert author.sound(bound(lines))
