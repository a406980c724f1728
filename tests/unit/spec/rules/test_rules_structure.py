"""Gates, evidence, features, checks, references and schedules."""

from __future__ import annotations

from typing import Any

import pytest

SCHEDULE = 'schedule: {cron: "0 6 * * mon", timezone: Europe/Berlin, start: 2026-11-23}'
ITEM = "more: {path: MORE.md, kind: file"


def evidence(item: str, task: str = "test-engineer", phase: str = "validation") -> str:
    return f"phases:\n  {phase}:\n    tasks:\n      {task}:\n        evidence:\n          {item}\n"


def test_a_phase_of_the_pattern_without_its_gate(author: Any) -> None:
    told = author.only("gate-missing", more="phases:\n  validation:\n    ¦gate: ~\n")
    assert "the pattern's gate stays" in told.remedy


@pytest.mark.parametrize("gate", ["", ", gate: ~"])
def test_a_phase_of_the_authors_own_without_a_gate(author: Any, gate: str) -> None:
    told = author.only("gate-missing", more=f"phases:\n  ¦late: {{after: integration, tasks: {{t: {{persona: devops}}}}{gate}}}\n")
    assert told.remedy == "Write `gate: {says: what it waits for}`."


@pytest.mark.parametrize("tasks", ["", ", tasks: {}"])
def test_a_phase_without_tasks(author: Any, tasks: str) -> None:
    assert (
        author.only("phase-empty", more=f"phases:\n  ¦late: {{after: integration, gate: {{}}{tasks}}}\n").remedy
        == "Give it tasks, or remove it."
    )


def test_a_task_without_evidence(author: Any) -> None:
    catalogue = "catalogue: {idler: {title: Idler, instructions: Rest., contracts: {rest: {does: Rest.}}}}\n"
    told = author.only(
        "task-without-evidence", more=catalogue + "phases: {late: {after: integration, gate: {}, tasks: {¦t: {persona: idler}}}}\n"
    )
    assert "evidence: {name:" in told.remedy


def test_a_task_that_does_not_say_what_it_does(author: Any) -> None:
    author.only("missing-key", more="phases:\n  validation:\n    tasks:\n      ¦test-engineer: {does: ~}\n")


@pytest.mark.parametrize("items", ["evidence: ~", "evidence: {full-suite: ~}"])
def test_evidence_that_is_taken_away(author: Any, items: str) -> None:
    place = items.replace("evidence: ~", "¦evidence: ~").replace("full-suite", "¦full-suite")
    told = author.only("evidence-removed", more=f"phases:\n  validation:\n    tasks:\n      test-engineer:\n        {place}\n")
    assert told.remedy == "Remove this line."


def test_no_features(author: Any) -> None:
    features = "features:\n  ingest: Load partner CSVs\n  daily_mart: Build the mart\n"
    told = author.only("features-missing", (features, "¦features: {}\n"))
    assert "each feature" in told.reason
    assert [(found.rule, found.where.line) for found in author.told((features, ""))] == [("features-missing", 1)]


@pytest.mark.parametrize("place", ["path: 'docs/{feature}.md'", "report: '{feature}.md'"])
def test_a_feature_where_there_is_none(author: Any, place: str) -> None:
    told = author.only("features-missing", more=evidence(f"more: {{{place}, kind: file}}").replace("test-engineer:", "¦test-engineer:"))
    assert told.remedy == "Write `each: feature`."


def test_an_unknown_check(author: Any) -> None:
    told = author.only("check-unknown", more=evidence("more: {report: m.xml, kind: junit, ¦check: smoke}"))
    assert told.reason == "There is no check 'smoke'."
    assert told.remedy == "Add it: `checks: {smoke: make smoke}`."
    near = author.only("check-unknown", more=evidence("more: {report: m.xml, kind: junit, ¦check: unti}"))
    assert near.reason == "There is no check 'unti'. Did you mean 'unit'?"
    assert author.sound(more=evidence("more: {report: m.xml, kind: junit, check: smoke}") + "checks: {smoke: make smoke}\n")


def test_an_unknown_group_of_changed_paths(author: Any) -> None:
    assert "product" in author.only("path-unknown", more=evidence("more: {¦changed: nothing, kind: file}")).remedy
    assert "Did you mean 'product'?" in author.only("path-unknown", more=evidence("more: {¦changed: prodct, kind: file}")).reason


def test_no_workspace(author: Any) -> None:
    edits = [("workspace: {git: orders_repo, branch: main}\n", ""), ("workflow: orders_mart", "¦workflow: orders_mart")]
    assert author.only("workspace-missing", *edits).remedy == "Write `workspace: {git: …}`."


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (ITEM + ", ¦answers: {stories: nowhere}}", "nowhere"),
        (ITEM + ", ¦answers: {stories: foundation/nobody}}", "foundation/nobody"),
        (ITEM + ", ¦answers: {stories: foundation/product-manger}}", "Did you mean 'foundation/product-manager'?"),
        (ITEM + ", ¦differs_from: foundation/architect}", "no evidence of any task"),
        (ITEM + ", ¦differs_from: foundation/architect/nothing}", "no evidence of any task"),
        (ITEM + ", ¦differs_from: foundation/architect/architectur}", "Did you mean 'foundation/architect/architecture'?"),
    ],
)
def test_references_to_nothing(author: Any, item: str, says: str) -> None:
    told = author.only("reference-unknown", more=evidence(item))
    assert says in told.reason
    assert told.remedy.startswith("Write phase")


@pytest.mark.parametrize("kind", ["junit", "json"])
def test_tests_are_included_by_tests_and_of_those_who_have_some(author: Any, kind: str) -> None:
    of = "foundation" if kind == "junit" else "implementation/sdet"
    told = author.only("reference-unknown", more=evidence(f"¦tests: {{report: t.x, kind: {kind}, includes: {of}}}"))
    assert f"includes the tests of {of}" in told.reason


def test_references_to_something(author: Any) -> None:
    assert author.sound(
        more=evidence(
            ITEM + ", answers: {a: all, b: foundation, c: foundation/architect}, differs_from: foundation/architect/architecture}"
        )
    )


def test_a_validator_of_nothing(author: Any) -> None:
    more = "phases:\n  validation:\n    tasks:\n      test-engineer:\n        ¦validates: [implementation, nowhere]\n"
    assert "nowhere" in author.only("reference-unknown", more=more).reason


@pytest.mark.parametrize(
    "item", ["{says: Is it?, holds: complete, tasks: [nowhere], due: [foundation]}", "{says: Is it?, holds: evidence, due: [nowhere]}"]
)
def test_a_checklist_about_nothing(author: Any, item: str) -> None:
    assert "nowhere" in author.only("reference-unknown", more=f"checklists:\n  mine:\n    ¦item: {item}\n").reason


@pytest.mark.parametrize(
    "cron",
    [
        "0 6 * *",
        "0 6 * * mon *",
        "61 * * * *",
        "@daily",
        "0 0 31 2 *",
        "a b c d e",
        "*/0 * * * *",
        "R * * * *",
        "0 0 R(1-5) * *",
        "H * * * *",
        "0 6 * * mon#9",
    ],
)
def test_a_cron_line_that_never_fires_or_fires_at_random(author: Any, cron: str) -> None:
    told = author.only("schedule-invalid", (SCHEDULE, f'schedule: {{¦cron: "{cron}"}}'))
    assert cron in told.reason
    assert "five fields" in told.remedy


@pytest.mark.parametrize("cron", ["* * * * *", "0 0 29 2 *", "*/15 8-18 * mar,apr fri", "0 0 L * *", "0 6 * * 1#2"])
def test_a_cron_line_that_fires(author: Any, cron: str) -> None:
    assert author.sound((SCHEDULE, f'schedule: {{cron: "{cron}"}}'))


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", "Europe", "/UTC", "+25:00"])
def test_a_timezone_that_does_not_exist(author: Any, zone: str) -> None:
    told = author.only("schedule-invalid", (SCHEDULE, f'schedule: {{preset: daily, ¦timezone: "{zone}"}}'))
    assert told.remedy == "Use a name like Europe/Berlin."


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("params: {¦full: yes}\n", "params.full is yes, which YAML reads as true."),
        ("params: {country: {¦default: NO}}\n", "params.country.default is NO, which YAML reads as false."),
        ("params: {states: [open, ¦off]}\n", "params.states.1 is off, which YAML reads as false."),
        ("params: {full: {default: x, schema: {enum: [x, ¦On]}}}\n", "params.full.schema.enum.1 is On, which YAML reads as true."),
        ("params: {¦version: 1.10}\n", "params.version is 1.10, which YAML reads as 1.1."),
        ("params: {versions: [1.9, ¦2.00]}\n", "params.versions.1 is 2.00, which YAML reads as 2.0."),
    ],
)
def test_nobody_can_tell_what_is_meant_where_anything_may_stand_and_yaml_reads_it_otherwise(author: Any, written: str, says: str) -> None:
    told = author.only("wrong-type", more=written)
    assert told.reason == says
    spelled, stands = says.split(" is ")[1].removesuffix(".").split(", which YAML reads as ")
    assert told.remedy == f'Write {stands}; or put it in quotes, if a text is meant: "{spelled}".'


def test_numbers_that_are_read_as_they_are_written(author: Any) -> None:
    author.sound(more="params: {a: 1.1, b: 10, c: 2.0, d: '1.10', e: -0.5, f: 10.05, g: 0}\n")


def test_yes_is_true_where_nothing_else_may_stand(author: Any) -> None:
    """And true and false, and texts in quotes, say what they are."""
    spec = author.sound(("start: 2026-11-23", "catchup: yes"), more="assets: on\nparams: {full: true, country: 'NO', word: y}\n")
    assert spec.workflow.schedule.catchup
    assert spec.workflow.params["country"].default == "NO"


def test_what_an_operator_and_a_schema_are_given_is_as_open(author: Any) -> None:
    more = (
        "  devops: {operator: a.b.C, arguments: {env: {DEBUG: yes}}}\n"
        "phases: {validation: {tasks: {product-manager: {evidence: {verdicts: {expect: {schema: {required: [on]}}}}}}}}\n"
    )
    assert [item.reason for item in author.told(more=more) if item.rule == "wrong-type"] == [
        "personas.devops.arguments.env.DEBUG is yes, which YAML reads as true.",
        "phases.validation.tasks.product-manager.evidence.verdicts.expect.schema.required.0 is on, which YAML reads as true.",
    ]
