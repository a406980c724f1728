"""Rules that need to know which runners and kinds there are, and who stands behind a command."""

from __future__ import annotations

from typing import Any

import pytest

from dag_factory.errors import SpecError
from dag_factory.plan.rules import PLAN_RULES
from dag_factory.runners import extras

TESTER = "  test-engineer: {check: make e2e, timeout: 10m}\n"


def evidence(item: str, task: str = "test-engineer") -> str:
    return f"phases:\n  validation:\n    tasks:\n      {task}:\n        evidence:\n          {item}\n"


def test_the_registry_names_every_rule_once() -> None:
    assert len({rule.__name__ for rule in PLAN_RULES}) == len(PLAN_RULES)
    assert all(rule.__doc__ for rule in PLAN_RULES)


def test_a_runner_whose_extra_is_not_installed(planner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = ('  devops: {python: "ops:deploy"}', "  ¦devops: {llm: my_model}")
    planner.plan((edit[0], edit[1].replace("¦", "")))
    monkeypatch.setitem(extras._EXTRAS, "llm", ("llm", ("no-such-distribution",)))
    told = planner.only("runner-unavailable", edit)
    assert told.reason == "The runner llm cannot work: no-such-distribution is not installed here."
    assert told.remedy == "pip install 'airflow-phasegate[llm]'."


def test_a_default_that_cannot_work_is_told_once(planner: Any) -> None:
    text = planner.text[: planner.text.index("personas:")] + "personas:\n  default: {¦runner: {robot: arm-7}, verify: make it}\n"
    assert type(planner)(planner.folder, text).only("runner-unavailable")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("¦runner: {robot: arm-7}", "There is no runner 'robot' here."),
        ("¦runner: {command: make it}", "command is one of Phasegate's own runners."),
    ],
)
def test_a_runner_nobody_brings(planner: Any, written: str, says: str) -> None:
    told = planner.only("runner-unavailable", ('  devops: {python: "ops:deploy"}', f"  devops: {{{written}}}"))
    assert told.reason == says


def test_a_runner_that_another_distribution_brings(planner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import import_module
    from types import SimpleNamespace

    robot = SimpleNamespace(
        name="robot", reexecutes=False, waits=False, reports=lambda value: frozenset({"time"}), principals=lambda _: (), run=None
    )
    point = SimpleNamespace(name="robot", value="arms:robot", dist=SimpleNamespace(name="arms"), load=lambda: robot)
    monkeypatch.setattr(import_module("dag_factory.brought"), "entry_points", lambda group: [point])
    plan = planner.plan(('  devops: {python: "ops:deploy"}', "  devops: {runner: {robot: arm-7}, budget: {time: 1h}}"))
    assert plan.contract.tasks["integration/devops"].runner == "robot"
    assert plan.executions["integration/devops"].work == "arm-7"
    told = planner.only("budget-unenforced", ('  devops: {python: "ops:deploy"}', "  devops: {runner: {robot: arm-7}, ¦budget: 1 USD}"))
    assert told.reason.startswith("`robot` reports time")


@pytest.mark.parametrize("written", ["agent: ¦cloude", "agent: {¦cli: cloude}"])
def test_an_agent_nobody_knows(planner: Any, written: str) -> None:
    written = written if "cli" in written else written.replace("agent: ¦", "¦agent: ")
    told = planner.only("agent-unknown", ('  devops: {python: "ops:deploy"}', f"  devops: {{{written}}}"))
    assert (told.reason, told.remedy) == ("There is no agent 'cloude'. Did you mean 'claude'?", "Use one of claude, codex.")


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "TOKEN", "db_password", "CLIENT_SECRET"])
def test_a_secret_in_plain_words(planner: Any, name: str) -> None:
    told = planner.only("secret-plain", ('  devops: {python: "ops:deploy"}', f"  devops: {{agent: claude, env: {{¦{name}: abc}}}}"))
    assert "abc" not in str(told)


@pytest.mark.parametrize("env", ["ANTHROPIC_API_KEY: {var: key}", "KEYBOARD: qwertz", "TOKENS_PER_DAY: '5'"])
def test_what_is_no_secret_in_plain_words(planner: Any, env: str) -> None:
    plan = planner.plan(('  devops: {python: "ops:deploy"}', f"  devops: {{agent: {{cli: claude, turns: 5}}, env: {{{env}}}}}"))
    assert plan.executions["integration/devops"].work == {"cli": "claude", "turns": 5, "tools": []}


def test_an_unknown_kind_of_evidence(planner: Any) -> None:
    told = planner.only("evidence-kind-unknown", more=evidence("more: {report: m, ¦kind: sculpture}"))
    assert "'sculpture'" in told.reason
    assert "benchmark, command, coverage" in told.remedy


@pytest.mark.parametrize(
    ("rule", "kind"), [("evidence-kind-unknown", "¦kind: sculpture"), ("evidence-expect", "kind: markdown, expect: {¦section: [Errors]}")]
)
def test_what_a_persona_of_the_workflow_owes_is_told_where_it_is_written(planner: Any, rule: str, kind: str) -> None:
    reviewer = (
        "  ux-designer: {external: true, timeout: 2h}",
        "  ux-designer: {external: true, timeout: 2h}\n  reviewer: {command: python review.py}",
    )
    catalogue = f"""\
catalogue:
  reviewer:
    title: Reviewer
    instructions: Read.
    contracts: {{review: {{does: Review., evidence: {{review: {{report: review.md, {kind}}}}}}}}}
"""
    phase = "  review: {after: integration, tasks: {reviewer: {persona: reviewer}}, gate: {says: It was reviewed.}}\n"
    planner.only(rule, reviewer, more=catalogue + "phases:\n" + phase)


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ("kind: junit, expect: {¦min_test: 1}", "min_test"),
        ("kind: junit, expect: {¦min_tests: many}", "min_tests"),
        ("kind: markdown, expect: {¦sections: Errors}", "sections"),
        ("kind: file, expect: {¦sections: [Errors]}", "sections"),
        ("kind: command, check: documentation, expect: {¦anything: 1}", "anything"),
        ("kind: json, expect: {schema: {}, ¦publish: {cites: 5}}", "publish"),
        ("kind: json, expect: {¦schma: {}}", "Did you mean 'schema'?"),
    ],
)
def test_evidence_that_expects_what_its_kind_does_not_know(planner: Any, expect: str, says: str) -> None:
    report = "" if "kind: command" in expect else "report: m, "
    path = planner.write(more=evidence(f"more: {{{report}{expect}}}"))
    assert path
    told = next(iter(_told(planner, evidence(f"more: {{{report}{expect.replace('¦', '')}}}"))))
    assert told.rule == "evidence-expect"
    assert says in told.reason
    assert told.remedy.startswith(
        "It knows " if "nothing is called" in told.reason else "Write " if "publish" not in says else "Put it in quotes"
    )
    line = evidence(f"more: {{{report}{expect}}}").splitlines()[-1]
    assert told.where.line == planner.text.count("\n") + 6
    assert told.where.column >= line.index("¦") + 1


def test_everything_that_a_kind_does_not_know_is_told_and_its_words_are_those_of_a_spec(planner: Any) -> None:
    told = _told(planner, evidence("more: {report: m.json, kind: json, expect: {schma: {}, unique: a}}"))
    assert [item.remedy for item in told] == ["It knows schema, publish, unique.", "Write it in brackets, even if it is one alone: [a]."]


def _told(planner: Any, more: str) -> tuple[Any, ...]:
    with pytest.raises(SpecError) as caught:
        planner.plan(more=more)
    return caught.value.diagnostics


@pytest.mark.parametrize("binding", ["{command: make e2e}", "{external: true}", "{python: 'tests:run'}"])
def test_what_has_to_be_reexecuted_and_could_only_be_claimed(planner: Any, binding: str) -> None:
    told = planner.only("evidence-unverified", (TESTER, f"  ¦test-engineer: {binding}\n"))
    assert "full.xml" in told.reason
    assert "verify: COMMAND" in told.remedy


@pytest.mark.parametrize("binding", ["{command: make e2e, verify: make again}", "{check: make again}"])
def test_what_phasegate_runs_is_reexecuted(planner: Any, binding: str) -> None:
    assert planner.plan((TESTER, f"  test-engineer: {binding}\n"))


@pytest.mark.parametrize("persona", ["devops", "documentation-writer"])
def test_an_external_persona_brings_files_and_no_commits(planner: Any, persona: str) -> None:
    line = next(line for line in planner.text.splitlines() if line.startswith(f"  {persona}:"))
    told = planner.only("evidence-unverified", (line, f"  ¦{persona}: {{external: true}}"))
    assert "an external persona brings files" in told.reason


def test_an_attestation_nobody_can_give(planner: Any) -> None:
    told = planner.only(
        "evidence-unverified",
        ("  documentation-writer:", "  ¦documentation-writer:"),
        more=evidence("approval: {report: a.json, kind: json, needs: attested}", "documentation-writer"),
    )
    assert "attested" in told.reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{command: python architect.py}", "{command: python architect.py}"),
        ("{command: python architect.py}", '{command: ["python3", "./architect.py", "--fast"]}'),
        ("{command: python architect.py}", '{command: python "$PHASEGATE_SPEC_DIR/architect.py"}'),
        ("{python: 'ops:deploy'}", '{python: "ops:deploy"}'),
    ],
)
def test_one_script_under_two_duties(planner: Any, one: str, other: str) -> None:
    told = planner.only(
        "principal-shared", ("{command: python architect.py}", one), ('  devops: {python: "ops:deploy"}', f"  ¦devops: {other}")
    )
    assert "@architect (foundation/architect)" in told.reason
    assert told.remedy == "Give each duty a script of its own."


def test_one_persona_under_two_duties_with_one_script(planner: Any) -> None:
    planner.only(
        "principal-shared",
        ("  integration/architect: {command: python update.py}", "  ¦integration/architect: {command: python architect.py}"),
    )


def test_one_script_bound_to_many_is_told_once_with_all_of_them(planner: Any) -> None:
    told = planner.only(
        "principal-shared",
        ("  integration/architect: {command: python update.py}\n", ""),
        ('  devops: {python: "ops:deploy"}\n', ""),
        ("  foundation/architect: {command: python architect.py}", "  ¦default: {command: python architect.py}"),
    )
    assert told.reason.startswith(
        "@architect (integration/architect), @devops (integration/devops) and @architect (foundation/architect) are one"
    )


def test_one_script_for_every_feature_is_one_duty(planner: Any) -> None:
    assert planner.plan(('"python work/{feature}.py"', "python engineer.py"))


def test_one_checks_command_under_two_duties_is_nobodys(planner: Any) -> None:
    assert planner.plan(("{check: make bench}", "{check: make e2e}"))


@pytest.mark.parametrize("runner", ["agent: claude", "llm: my_model"])
def test_a_model_that_judges_has_a_check_beside_it(planner: Any, runner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dag_factory.plan import rules

    monkeypatch.setattr(rules, "RUNNERS", {**rules.RUNNERS, "agent": None, "llm": None})
    extra = (
        "catalogue:\n  critic: {title: Critic, instructions: Ask why., contracts: {review: {does: Review it., "
        "evidence: {words: {report: words.md, kind: file}}}}}\n"
        "phases:\n  validation:\n    tasks:\n      critic: {persona: critic, duty: review, validates: [implementation]}\n"
    )
    binding = (TESTER, f"{TESTER}  ¦critic: {{{runner}}}\n")
    told = planner.only("passed-unchecked", binding, more=extra)
    assert "validation/critic judges the work of others" in told.reason
    sound = (TESTER, f"{TESTER}  critic: {{{runner}, verify: make review}}\n")
    assert planner.plan(sound, more=extra).contract.tasks["validation/critic"].checks[0].name == "verify"


EARLY = "phases:\n  validation:\n    tasks:\n      {task}: {{¦validates: [{targets}]}}\n"


@pytest.mark.parametrize(
    "targets", ["implementation, validation", "implementation, validation/security-engineer", "implementation, integration/devops"]
)
def test_nobody_validates_what_is_not_made_yet(planner: Any, targets: str) -> None:
    told = planner.only("validation-early", more=EARLY.format(task="test-engineer", targets=targets))
    assert told.reason.startswith("validation/test-engineer would judge ")
    assert "before it is made" in told.reason


def test_somebody_outside_looks_when_they_will(planner: Any) -> None:
    text = (
        "workflow: small\npattern: false\nmission: A note\npersonas: {writer: {command: write}, reader: {external: true}}\n"
        "catalogue:\n"
        "  writer: {title: W, instructions: Write., contracts: {writing: {does: Write., evidence: {note: {report: n, kind: file}}}}}\n"
        "  reader: {title: R, instructions: Read., contracts: {reading: {does: Read., evidence: {read: {report: r, kind: file}}}}}\n"
        "phases: {one: {gate: {}, tasks: {w: {persona: writer, duty: writing}, r: {persona: reader, duty: reading, validates: [one]}}}}\n"
    )
    assert type(planner)(planner.folder, text).plan().contract.tasks["one/r"].validates == ("one/w",)
    with pytest.raises(SpecError, match="validation-early: one/r would judge one/w before it is made"):
        type(planner)(planner.folder, text.replace("external: true", "command: read")).plan()


@pytest.mark.parametrize("reader", ["external: true", "command: read"])
def test_nobody_waits_for_a_later_phase(planner: Any, reader: str) -> None:
    text = (
        "workflow: small\npattern: false\nmission: A note\npersonas: {writer: {command: write}, reader: {" + reader + "}}\n"
        "catalogue:\n"
        "  writer: {title: W, instructions: Write., contracts: {writing: {does: Write., evidence: {note: {report: n, kind: file}}}}}\n"
        "  reader: {title: R, instructions: Read., contracts: {reading: {does: Read., evidence: {read: {report: r, kind: file}}}}}\n"
        "phases:\n  one: {gate: {}, tasks: {r: {persona: reader, duty: reading, validates: [two]}}}\n"
        "  two: {gate: {}, tasks: {w: {persona: writer, duty: writing}}}\n"
    )
    with pytest.raises(SpecError, match="validation-early: one/r would judge two/w before it is made"):
        type(planner)(planner.folder, text).plan()


def test_a_check_on_the_merge_validates_what_is_made_beside_it(planner: Any) -> None:
    validates = planner.plan().contract.tasks["implementation/ingest.sdet"].validates
    assert validates == ("implementation/ingest.software-engineer",)
