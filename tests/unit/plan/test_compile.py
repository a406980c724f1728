"""What a spec leaves open, decided."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dag_factory.errors import SpecError
from dag_factory.plan import Plan


@pytest.fixture
def plan(planner: Any) -> Plan:
    made = planner.plan()
    assert isinstance(made, Plan)
    return made


def test_phases_and_tasks_in_their_order(plan: Plan) -> None:
    assert [phase.id for phase in plan.contract.phases] == ["foundation", "implementation", "validation", "integration"]
    assert [task.id for task in plan.contract.phases[1].tasks] == [
        "implementation/ingest.software-engineer",
        "implementation/daily_mart.software-engineer",
        "implementation/ingest.sdet",
        "implementation/daily_mart.sdet",
    ]
    assert list(plan.executions) == list(plan.contract.tasks)
    assert len(plan.executions) == 15


def test_the_full_suite_includes_the_tests_of_the_sdets(plan: Plan) -> None:
    [full] = [item for item in plan.contract.tasks["validation/test-engineer"].items if item.includes]
    assert full.id == "full-suite"
    assert [task.id for task in plan.contract.select(str(full.includes))] == [
        "implementation/ingest.sdet",
        "implementation/daily_mart.sdet",
    ]


@pytest.mark.parametrize("other", ["validation/test-engineer", "implementation", "null"])
def test_no_workflow_has_it_include_less(planner: Any, other: str) -> None:
    more = f"phases:\n  validation:\n    tasks:\n      test-engineer: {{evidence: {{full-suite: {{includes: {other}}}}}}}\n"
    with pytest.raises(SpecError) as raised:
        planner.plan(more=more)
    assert "pattern-loosened" in str(raised.value)


def test_what_is_said_of_the_whole(plan: Plan) -> None:
    assert (plan.workflow, plan.mission, plan.pattern) == ("orders_mart", "Daily orders mart", "standard")
    assert plan.schedule.model_dump() == {
        "cron": "0 6 * * mon", "preset": None, "assets": (), "timezone": "Europe/Berlin", "start": "2026-11-23", "catchup": False,
    }  # fmt: skip
    assert plan.workspace == {"git": "orders_repo", "branch": "main"}
    assert plan.features == {"ingest": "Load partner CSVs", "daily_mart": "Build the mart"}
    assert plan.feature_paths == {"daily_mart": ("src/mart/**",)}
    assert plan.params == {
        "day": {"default": "today", "description": "Which day", "schema": {"type": "string"}},
        "size": {"default": 5, "schema": {}},
    }
    assert plan.contract.product == ("src/**",)
    assert (plan.max_active_runs, plan.timeout) == (1, None)


def test_a_binding_by_phase_and_name_beats_one_by_name_beats_the_default(planner: Any) -> None:
    made = planner.plan(
        ("personas:\n", "personas:\n  default: {check: make all}\n  architect: {command: python drawing.py}\n"),
        ("  integration/architect: {command: python update.py}\n", ""),
        ("  sdet: ", "  # "),
    )
    work = {name: made.executions[name].work for name in ("foundation/architect", "integration/architect", "implementation/ingest.sdet")}
    assert work == {
        "foundation/architect": "python architect.py",
        "integration/architect": "python drawing.py",
        "implementation/ingest.sdet": "make all",
    }


def test_a_contract_by_feature(plan: Plan) -> None:
    task = plan.contract.tasks["implementation/ingest.software-engineer"]
    assert (task.phase, task.task, task.persona, task.duty, task.runner, task.feature) == (
        "implementation", "ingest.software-engineer", "software-engineer", "implementation", "command", "ingest",
    )  # fmt: skip
    assert task.writes == ("src/**", "interfaces/ingest/**")
    assert [(item.id, item.place) for item in task.items] == [("code", "src/**"), ("interface", "interfaces/ingest/INTERFACE.md")]
    assert task.checks == ()
    execution = plan.executions[task.id]
    assert execution.work == "python work/ingest.py"
    assert execution.does == "Build the feature. ingest: Load partner CSVs"


def test_no_placeholder_is_left_where_there_is_a_feature(plan: Plan) -> None:
    for task in plan.contract.tasks.values():
        if task.feature:
            assert "{feature}" not in task.model_dump_json() + plan.executions[task.id].model_dump_json()


def test_a_task_without_a_feature_keeps_braces_as_they_are(planner: Any) -> None:
    made = planner.plan(("{check: make bench}", '{check: "make bench FEATURE={feature}"}'))
    assert made.executions["validation/performance-engineer"].work == "make bench FEATURE={feature}"


def test_checks_in_order_with_their_moment(plan: Plan) -> None:
    def checks(task: str) -> list[tuple[Any, ...]]:
        return [(check.name, check.run, check.at, check.timeout) for check in plan.contract.tasks[task].checks]

    assert checks("implementation/daily_mart.sdet") == [
        ("unit", "make unit FEATURE=daily_mart", "converge", 1800),
        ("integration", "make integration FEATURE=daily_mart", "converge", 1800),
        ("hollow", "rm -rf src && ! make unit FEATURE=daily_mart", "converge", 1800),
    ]
    assert checks("validation/test-engineer") == [("check", "make e2e", "seal", 600)]
    assert checks("integration/integration-engineer") == [("check", ("make", "compat"), "seal", 3600)]
    assert checks("validation/security-engineer") == [("verify", "make audit", "seal", 7200)]
    assert checks("validation/documentation-writer") == [("documentation", "make docs", "seal", 1800)]
    assert [item.at for item in plan.contract.tasks["implementation/ingest.sdet"].items] == ["converge"] * 3


def test_one_check_for_two_items_runs_once(planner: Any) -> None:
    more = "phases: {validation: {tasks: {documentation-writer: {evidence: {links: {report: links.xml, kind: junit, check: documentation}}}}}}\n"
    task = planner.plan(more=more).contract.tasks["validation/documentation-writer"]
    assert [check.name for check in task.checks] == ["documentation"]
    assert [item.check for item in task.items][-2:] == ["documentation", "documentation"]


def test_who_validates_what_by_feature(plan: Plan) -> None:
    validates = {name: task.validates for name, task in plan.contract.tasks.items()}
    assert validates["implementation/ingest.sdet"] == ("implementation/ingest.software-engineer",)
    assert validates["implementation/daily_mart.sdet"] == ("implementation/daily_mart.software-engineer",)
    assert validates["validation/test-engineer"] == tuple(task.id for task in plan.contract.phases[1].tasks)
    assert validates["foundation/architect"] == ()


@pytest.mark.parametrize(
    ("targets", "resolved"),
    [
        ("implementation/sdet", ["ingest.sdet", "daily_mart.sdet"]),
        (
            "implementation/sdet, implementation",
            ["ingest.sdet", "daily_mart.sdet", "ingest.software-engineer", "daily_mart.software-engineer"],
        ),
    ],
)
def test_a_validator_of_all_features_validates_each_once(planner: Any, targets: str, resolved: list[str]) -> None:
    task = f"{{persona: devops, validates: [{targets}]}}"
    more = f"phases: {{late: {{after: validation, gate: {{}}, tasks: {{t: {task}}}}}}}\n"
    found = planner.plan(more=more).contract.tasks["late/t"].validates
    assert sorted(found) == sorted(f"implementation/{name}" for name in resolved)
    assert found[:2] == ("implementation/ingest.sdet", "implementation/daily_mart.sdet")


def test_references_are_kept_as_they_are(planner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    made = planner.plan(("git: orders_repo", "git: {conn: orders_repo}"))
    assert made.executions["implementation/ingest.software-engineer"].env == {
        "TOKEN": {"env": "TOKEN"}, "DB": {"conn": "orders"}, "LIMIT": {"var": "limit"}, "LEVEL": "high",
    }  # fmt: skip
    assert made.workspace == {"git": {"conn": "orders_repo"}, "branch": "main"}
    assert b"secret" not in made.canonical


def test_how_airflow_runs_a_task(plan: Plan) -> None:
    execution = plan.executions["implementation/ingest.sdet"]
    assert (execution.pool, execution.queue, execution.executor, execution.priority, execution.retries, execution.retry_delay) == (
        "agents", "big", "LocalExecutor", 5, 2, 90,
    )  # fmt: skip
    assert execution.work == ["python", "tests/ingest.py"]
    plain = plan.executions["foundation/architect"]
    assert (plain.pool, plain.priority, plain.retries, plain.retry_delay, plain.timeout) == (None, None, 0, 30, 3600)


def test_external_tasks_wait_as_long_as_they_may(plan: Plan) -> None:
    task = plan.contract.tasks["foundation/ux-designer"]
    assert task.external
    assert task.wait == 7200
    assert plan.contract.tasks["foundation/architect"].wait is None


def test_who_acts_is_known_from_the_text_with_its_feature(plan: Plan) -> None:
    acts = {name: task.principals for name, task in plan.contract.tasks.items()}
    assert acts["foundation/architect"] == ("script:architect.py",)
    assert acts["implementation/ingest.software-engineer"] == ("script:work/ingest.py",)
    assert acts["implementation/daily_mart.sdet"] == ("script:tests/daily_mart.py",)
    assert acts["integration/devops"] == ("function:ops:deploy",)
    assert acts["validation/test-engineer"] == ()


def test_verify_speaks_of_its_feature(planner: Any) -> None:
    made = planner.plan(
        ("python architect.py}", 'python architect.py, verify: "x {feature}"}'),
        ('"python work/{feature}.py",', '"python work/{feature}.py", verify: "try {feature}",'),
    )
    assert made.executions["implementation/ingest.software-engineer"].verify == "try ingest"
    assert made.contract.tasks["implementation/ingest.software-engineer"].checks[0].run == "try ingest"
    assert made.executions["foundation/architect"].verify == "x {feature}"


def test_gates_and_questions(plan: Plan) -> None:
    assert [phase.says for phase in plan.contract.phases] == [
        "All three complete with evidence.",
        "All implementation and testing complete.",
        "Every validation PASSED.",
        "Integration PASSED and architecture updated.",
    ]
    assert all(phase.timeout == 7 * 24 * 3600 and phase.converges for phase in plan.contract.phases)
    assert len(plan.contract.questions) == 9
    assert all(question.due for question in plan.contract.questions)


def test_a_workflow_without_git_does_not_converge(planner: Any) -> None:
    text = planner.text.replace("workspace: {git: orders_repo, branch: main}\n", "pattern: false\n")
    text += "paths: {deploy: [deploy]}\nchecks: {deployment: make deploy}\nphases: {ship: {gate: {}, tasks: {devops: {persona: devops}}}}\n"
    text = text[: text.index("personas:")] + "personas: {devops: {python: 'ops:deploy'}}\n" + text[text.index("tags:") :]
    made = type(planner)(planner.folder, text).plan()
    assert made.workspace is None
    assert made.pattern is None
    assert [(phase.id, phase.title, phase.says, phase.converges) for phase in made.contract.phases] == [
        ("ship", "Ship", "All tasks complete with evidence.", False)
    ]


def test_dates_in_what_is_expected_become_texts(planner: Any) -> None:
    more = "params: {since: 2026-01-01}\nphases: {validation: {tasks: {test-engineer: {evidence: {more: "
    more += "{report: m.json, kind: json, expect: {schema: {const: 2026-01-01}}}}}}}}\n"
    params = "params: {day: {default: today, description: Which day, schema: {type: string}}, size: 5}\n"
    made = planner.plan((params, ""), more=more)
    assert made.params["since"]["default"] == "2026-01-01"
    assert made.contract.tasks["validation/test-engineer"].items[-1].expect == {"schema": {"const": "2026-01-01"}}
    json.loads(made.canonical)


def test_who_is_told_what_is_an_event_and_when_a_run_is_late(planner: Any) -> None:
    notify = "notify: {gate-failed: [{smtp: {conn: post, to: [a@b.c]}}, {slack: {channel: d}}], run-late: {notifier: e.F, arguments: {since: 2026-01-01}}}\n"
    seen = planner.plan(more=notify + "deadline: 90m\nphases: {validation: {gate: {asset: true}}}\n").presentation
    assert {event: [(one.path.rpartition(".")[2], one.arguments) for one in told] for event, told in seen.notify.items()} == {
        "gate-failed": [
            ("SmtpNotifier", {"smtp_conn_id": "post", "to": ["a@b.c"]}),
            ("SlackNotifier", {"slack_conn_id": "slack_api_default", "channel": "d"}),
        ],
        "run-late": [("F", {"since": "2026-01-01"})],
    }
    assert (seen.assets, seen.deadline) == (("validation",), 5400)
    everywhere = planner.plan(more="assets: true\n").presentation
    assert everywhere.assets == ("foundation", "implementation", "validation", "integration")


def test_what_people_see(plan: Plan) -> None:
    seen = plan.presentation
    assert (seen.docs, seen.tags, seen.owner) == ("Read me.", ("orders",), "data-platform")
    assert len(seen.titles) == len(plan.instructions) == 11
    assert seen.titles["ux-designer"] == "UX designer"


# Where a program may write.


@pytest.mark.parametrize(
    ("written", "planned"),
    [
        ("", ()),
        ("outside: false, ", ()),
        ("outside: [], ", ()),
        ("outside: true, ", ("/",)),
        ("outside: [/srv/cache, /srv/b], ", ("/srv/cache", "/srv/b")),
    ],
)
def test_where_a_program_may_write(planner: Any, written: str, planned: tuple[str, ...]) -> None:
    plan = planner.plan(("foundation/architect: {", f"foundation/architect: {{{written}"))
    assert plan.executions["foundation/architect"].outside == planned
    assert (b"outside" in plan.canonical) is bool(planned)
    assert Plan.model_validate_json(plan.model_dump_json()).digest == plan.digest


@pytest.mark.parametrize("written", ["[cache]", "[/srv/../etc]", "[~/cache]", "['']"])
def test_what_is_no_folder(planner: Any, written: str) -> None:
    with pytest.raises(SpecError, match=r"no folder|is empty"):
        planner.plan(("foundation/architect: {", f"foundation/architect: {{outside: {written}, "))
