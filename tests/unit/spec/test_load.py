"""Reading a workflow: what is sound passes, what the models refuse is told with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dag_factory.errors import SpecError
from dag_factory.spec import ordered, read_spec

Edit = tuple[str, str]
MISSION: Edit = ("mission: Daily orders mart", "mission: Daily orders mart")
PERSONAS: Edit = ("  default: {external: true}\n", "  default: {external: true}\n")


def test_a_sound_workflow_has_its_pattern_in_it(author: Any) -> None:
    spec = author.sound()
    assert ordered(spec.workflow.phases) == ("foundation", "implementation", "validation", "integration")
    assert sum(len(phase.tasks) for phase in spec.workflow.phases.values()) == 13
    assert all(task.does and task.evidence and task.duty for phase in spec.workflow.phases.values() for task in phase.tasks.values())
    assert spec.workflow.pattern == "standard"
    assert spec.workflow.features["ingest"].does == "Load partner CSVs"
    assert str(spec.workflow.schedule.start) == "2026-11-23"
    assert spec.folder == author.folder


def test_a_sound_workflow_may_go_without_a_pattern_where_the_platform_lets_it(bare: Any) -> None:
    spec = bare.sound()
    assert ordered(spec.workflow.phases) == ("design", "build")
    assert spec.workflow.phases["build"].tasks["engineer"].duty == "implementation"


def test_everything_an_author_may_say_is_read(author: Any) -> None:
    more = """\
  validation/product-manager:
    command: [walk, --all]
    verify: make golden-paths
    env: {LEVEL: high, TOKEN: {env: TOKEN}, DB: {conn: orders}, LIMIT: {var: limit}}
    pool: agents
    queue: big
    executor: LocalExecutor
    priority: 5
    retries: 2
    retry_delay: 30s
    timeout: 1h30m
  devops: {python: "ops:deploy"}
params:
  day: 2026-01-01
  size: {default: 5, description: How much, schema: {type: integer}}
tags: [orders, daily]
owner: data-platform
docs: |
  # Orders
max_active_runs: 2
timeout: 2d
checks: {unit: make quick-unit, integration: [make, integration]}
paths: {product: ["app/**"]}
phases:
  validation:
    tasks:
      security-engineer: {evidence: {licences: {report: licences.json, kind: json}}}
  rehearsal:
    after: integration
    tasks:
      devops: {persona: devops}
    gate: {timeout: 2h}
"""
    workflow = author.sound(more=more).workflow
    binding = workflow.personas["validation/product-manager"]
    assert (binding.command, binding.timeout, binding.retry_delay) == (("walk", "--all"), 5400, 30)
    assert binding.env["TOKEN"].env == "TOKEN"
    assert ordered(workflow.phases)[-1] == "rehearsal"
    assert workflow.phases["rehearsal"].gate.timeout == 7200
    assert "licences" in workflow.phases["validation"].tasks["security-engineer"].evidence
    assert workflow.checks["unit"].at == "converge"
    assert workflow.timeout == 172_800


@pytest.mark.parametrize(
    "schedule",
    [
        "none",
        "daily",
        '"0 6 * * mon"',
        "{preset: hourly, catchup: true}",
        "{assets: [a, b]}",
        "{}",
        "~",
        '{cron: "*/5 * * * *", timezone: Asia/Tokyo}',
    ],
)
def test_schedules(author: Any, schedule: str) -> None:
    assert author.sound(('schedule: {cron: "0 6 * * mon", timezone: Europe/Berlin, start: 2026-11-23}', f"schedule: {schedule}"))


@pytest.mark.parametrize(
    ("edit", "rule", "says"),
    [
        ((MISSION[0], "¦misson: Daily"), "unknown-key", "Did you mean 'mission'?"),
        ((MISSION[0], "¦MISSION: Daily"), "unknown-key", "Did you mean 'mission'?"),
        (("git: orders_repo", "¦gitt: orders_repo"), "unknown-key", "Did you mean 'git'?"),
        ((MISSION[0], MISSION[0] + "\n¦max-active-runs: 2"), "unknown-key", "Did you mean 'max_active_runs'?"),
        ((PERSONAS[0], "  default: {external: true, ¦colour: red}\n"), "unknown-key", "'colour'"),
        ((PERSONAS[0], "  default: {external: true, ¦retry: 2}\n"), "unknown-key", "Did you mean 'retries'?"),
        ((MISSION[0], MISSION[0] + "\n¦catchup: true"), "unknown-key", "it is a key of `schedule`."),
        ((MISSION[0], MISSION[0] + "\nnotify: {¦gate_failed: {slack: {channel: x}}}"), "unknown-key", "Did you mean 'gate-failed'?"),
        (("mission: Daily orders mart\n", "¦mission: \n"), "wrong-type", "mission must be a text, and is nothing."),
        (("mission: Daily orders mart\n", "¦mission: 5\n"), "wrong-type", "must be a text, and is 5."),
        (("mission: Daily orders mart\n", "¦mission: [a]\n"), "wrong-type", "must be a text, and is [a]."),
        (("mission: Daily orders mart\n", '¦mission: ""\n'), "wrong-type", "mission is empty."),
        (("mission: Daily orders mart\n", '¦mission: " "\n'), "wrong-type", "mission is blank."),
        ((PERSONAS[0], "  default: {external: true, env: {A: {¦conn: ' '}}}\n"), "wrong-type", "personas.default.env.A.conn is blank."),
        ((MISSION[0], MISSION[0] + "\n¦budget:"), "wrong-type", "budget has no value."),
        ((MISSION[0], MISSION[0] + "\n¦deadline: ~"), "wrong-type", "deadline has no value."),
        (("workspace: {git: orders_repo, branch: main}", "¦workspace:"), "wrong-type", "workspace has no value."),
        ((PERSONAS[0], "  default: {¦check: }\n"), "wrong-type", "personas.default.check has no value."),
        ((PERSONAS[0], "  default: {external: true, env: {A: {¦conn: }}}\n"), "wrong-type", "personas.default.env.A.conn has no value."),
        ((PERSONAS[0], PERSONAS[0] + "fix: {decide: [erin], ¦owner: }\n"), "wrong-type", "fix.owner has no value."),
        (("workflow: orders_mart", "¦workflow: orders mart"), "wrong-type", "workflow: 'orders mart' is no name."),
        (("workflow: orders_mart", "¦workflow: [a]"), "wrong-type", "workflow"),
        (("features:\n  ingest: Load partner CSVs", "features:\n  ¦in gest: Load"), "wrong-type", "features.in gest"),
        (
            ("  ingest: Load partner CSVs", "  ¦ingest: 5"),
            "wrong-type",
            "5 may not stand here; write a text, or a mapping like {does: Load the files}",
        ),
        (("  ingest: Load partner CSVs", "  ¦ingest: {paths: [a]}"), "missing-key", "features.ingest.does is missing"),
        (("  ingest: Load partner CSVs", "  ingest: {does: x, ¦paths: src}"), "wrong-type", "paths must be a list, and is 'src'."),
        ((PERSONAS[0], "  default: {¦external: false}\n"), "wrong-type", "external is false"),
        ((PERSONAS[0], "  ¦default: make x\n"), "wrong-type", "must be a mapping, and is 'make x'."),
        ((PERSONAS[0], "  ¦default: ~\n"), "wrong-type", "personas.default"),
        ((PERSONAS[0], "  default: {external: true, ¦retries: 2.0}\n"), "wrong-type", "must be a whole number, and is 2.0."),
        ((PERSONAS[0], "  default: {external: true, ¦retries: true}\n"), "wrong-type", "must be a whole number, and is true."),
        ((PERSONAS[0], '  default: {external: true, ¦retries: "2"}\n'), "wrong-type", "must be a whole number, and is '2'."),
        ((PERSONAS[0], "  default: {external: true, ¦retries: 101}\n"), "wrong-type", "must be at most 100, and is 101."),
        ((PERSONAS[0], "  default: {external: true, ¦timeout: 90}\n"), "wrong-type", "90 is not a duration"),
        ((PERSONAS[0], "  default: {external: true, ¦budget: 5 dollars}\n"), "wrong-type", "5 USD"),
        ((PERSONAS[0], "  default: {¦command: [make, 1]}\n"), "wrong-type", "all texts"),
        ((PERSONAS[0], "  default: {¦command: {run: x}}\n"), "wrong-type", "personas.default.command"),
        ((PERSONAS[0], "  default: {external: true, env: {A: {¦secret: x}}}\n"), "unknown-key", "'secret'"),
        (("git: orders_repo", "¦git: 5"), "wrong-type", "workspace.git"),
        (("git: orders_repo, ", ""), "missing-key", "workspace.git is missing"),
        (("Europe/Berlin,", "Europe/Berlin, ¦until: x,"), "unknown-key", "'until'"),
        (("start: 2026-11-23", "¦start: soon"), "wrong-type", "must be a day, and is 'soon'."),
        (("start: 2026-11-23", "¦start: 2026-11-23 10:00:00"), "wrong-type", "schedule.start"),
    ],
)
def test_what_the_models_refuse_is_told_with_its_place(author: Any, edit: Edit, rule: str, says: str) -> None:
    new = edit[1]
    if edit[0].startswith("git: orders_repo, "):  # what is missing is told where it is missed
        edits = [edit, ("workspace: {", "¦workspace: {")]
        told = author.only(rule, *reversed(edits))
    elif "secret" in says:
        both = author.told((edit[0], new.replace("¦", "")))
        told = next(found for found in both if found.rule == rule)
        assert (told.where.line, told.where.column) == (9, new.index("¦") + 1)
    else:
        told = author.only(rule, edit)
    assert says in told.reason


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("params: {¦a b: 1}\n", "params"),
        ("¦tags: orders\n", "tags"),
        ("tags: [¦1]\n", "tags"),
        ("¦max_active_runs: 0\n", "at least 1, and is 0"),
        ("¦max_active_runs: 2147483648\n", "at most 2147483647, and is 2147483648"),
        ("¦timeout: 1 day\n", "duration"),
        ("¦catalogue: ~\n", "mapping"),
        ("¦catalogue: []\n", "mapping"),
        ("catalogue: {¦auditor: {}}\n", "catalogue.auditor"),
        ("¦params: []\n", "mapping"),
        ("¦docs: 5\n", "must be a text, and is 5."),
        ("¦checks: x\n", "mapping"),
        ("checks: {¦unit: ~}\n", "checks.unit"),
        ("¦paths: ~\n", "taken away"),
        ("paths: {¦docs: docs}\n", "list"),
        ("¦phases: ~\n", "taken away"),
        ("¦phases: []\n", "mapping"),
        ("¦phases: {}x\n", ""),
        ("phases: {¦validation: []}\n", "mapping"),
        ("phases: {validation: {¦tasks: []}}\n", "mapping"),
        ("phases: {validation: {tasks: {¦devops: ~}}}\n", "mapping"),
        ("phases: {¦extra: ~}\n", "mapping"),
    ],
)
def test_wrong_types_at_every_height_are_told_and_no_traceback_comes(author: Any, more: str, says: str) -> None:
    path = author.write(more=more.replace("¦", ""))
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    assert any(says in found.reason for found in caught.value.diagnostics), str(caught.value)
    assert all(found.where.file == str(path) and found.remedy for found in caught.value.diagnostics)
    if says:
        first = caught.value.diagnostics[0]
        assert (first.where.line, first.where.column) == (10, more.index("¦") + 1)


@pytest.mark.parametrize("value", ["~", "[]", "x", "5"])
def test_personas_that_are_none(author: Any, value: str) -> None:
    told = author.only("wrong-type", ("personas:\n  default: {external: true}\n", f"¦personas: {value}\n"))
    assert "personas" in told.reason


def test_two_references_in_one(author: Any) -> None:
    told = author.told(("git: orders_repo", "git: {env: A, conn: b}"))
    assert any("exactly one of env, conn and var" in found.reason for found in told)
    assert {(found.where.line, found.where.column) for found in told} == {(4, 13)}


@pytest.mark.parametrize(
    ("pattern", "rule", "says"),
    [
        ("¦pattern: standart", "pattern-unknown", "Did you mean 'standard'?"),
        ("¦pattern: ~", "pattern-unknown", "no pattern nothing."),
        ("¦pattern: true", "pattern-unknown", "no pattern true."),
        ("¦pattern: [standard]", "pattern-unknown", "standard"),
        ("¦pattern: false", "pattern-forbidden", "no workflow without one"),
        ("¦pattern: none", "pattern-forbidden", "no workflow without one"),
    ],
)
def test_patterns_that_may_not_be_used(author: Any, pattern: str, rule: str, says: str) -> None:
    assert says in author.only(rule, more=f"{pattern}\n").reason


def test_a_pattern_the_platform_does_not_allow(author: Any) -> None:
    path = author.write(more="pattern: standard\n")
    with pytest.raises(SpecError, match=r":10:1: pattern-forbidden: .* not standard\. Use an allowed one"):
        read_spec(path, patterns=("none",))
    with pytest.raises(SpecError, match="pattern-forbidden"):
        read_spec(path, patterns=())


def test_without_a_word_the_first_allowed_pattern_is_meant(author: Any) -> None:
    assert read_spec(author.write(), patterns=("standard", "none")).workflow.pattern == "standard"
    with pytest.raises(SpecError, match=r"phase-misplaced.*no phases"):
        read_spec(author.write(), patterns=("none", "standard"))


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(author: Any) -> None:
    more = "phases:\n  validation:\n    gate: ~\n    tasks: {devops: {persona: nobody}}\ntags: []\nchecklists: ~\n"
    told = author.told(('cron: "0 6 * * mon"', 'cron: "0 6 * *"'), more=more)
    assert [(found.rule, found.where.line, found.where.column) for found in told] == [
        ("schedule-invalid", 3, 12),
        ("gate-missing", 12, 5),
        ("persona-unknown", 13, 22),
        ("pattern-loosened", 15, 1),
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("max_active_runs: 010\nfoo: 1\ntimeout: 1:30\ntags: x\n", ["wrong-type 10:18", "unknown-key 11:1", "wrong-type 12:10", "wrong-type 13:1"]),
        ("docs: a\ndocs: b\nowner: !mine x\nparams: {on: 1, a: 2026-13-45, b: .inf}\n",
         ["duplicate-key 11:1", "yaml-broken 12:8", "wrong-type 13:10", "wrong-type 13:20", "wrong-type 13:35"]),
        ("on: {push: main}\n", ["unknown-key 10:1"]),
        ("schedule: daly\nfoo: 1\nrequires: {foundation: [nobody]}\nowner: 3\n",
         ["duplicate-key 10:1", "unknown-key 11:1", "pattern-loosened 12:12", "wrong-type 13:1"]),
        ("tags: x\nfoo: 1\nrequires: {foundation: [architect, ux-designer, product-manager, nobody]}\n",
         ["foundation-missing 1:1", "wrong-type 10:1", "unknown-key 11:1"]),
        ("tagz: x\nrequires: {foundation: [architect, ux-designer, product-manager, nobody]}\n", ["unknown-key 10:1"]),
        ("phases: {validation: {gate: {timeout: soon}}}\nrequires: {foundation: [architect, ux-designer, product-manager, nobody]}\n",
         ["wrong-type 10:30"]),
        ("notify: {run-late: {smtp: {to: [a@example.com]}}}\ndeadline: soon\n", ["wrong-type 11:1"]),
    ],
)  # fmt: skip
def test_what_is_refused_hides_nothing_that_stands_by_itself(author: Any, written: str, told: list[str]) -> None:
    """And of what may only follow from something that is refused, nothing is said."""
    found = author.told(more=written)
    assert [f"{item.rule} {item.where.line}:{item.where.column}" for item in found] == told


def test_a_file_that_names_no_workflow_is_not_looked_through_for_more(author: Any) -> None:
    assert {item.rule for item in author.told(("workflow: orders_mart", "services: {}"))} == {"missing-key", "unknown-key"}


def test_a_setting_that_names_no_pattern_is_not_the_authors_fault(author: Any) -> None:
    with pytest.raises(SpecError, match="The platform's patterns begin with one that is none"):
        read_spec(author.write(), patterns=("fast",))


def test_the_samples_workflow_is_sound() -> None:
    sample = Path(__file__).parents[3] / "examples" / "orders" / "workflow.yaml"
    assert read_spec(sample).workflow.workflow == "orders_mart"


def test_a_schedule_that_is_none_names_those_there_are(author: Any) -> None:
    told = author.only("wrong-type", ('schedule: {cron: "0 6 * * mon", timezone: Europe/Berlin, start: 2026-11-23}', "¦schedule: dayly"))
    for word in ("0 6 * * mon", "hourly", "daily", "once", "none"):
        assert word in told.reason


def test_of_a_binding_with_a_strange_key_nothing_more_is_said(author: Any) -> None:
    """Without the key it has no runner: that would be the same fault, told twice."""
    told = author.told((PERSONAS[0], "  default: {shell: make}\n"), more="foo: 1\n")
    assert [item.rule for item in told] == ["unknown-key", "unknown-key"]
