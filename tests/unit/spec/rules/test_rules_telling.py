"""Notifiers are named by a path, and what they are named for can happen."""

from __future__ import annotations

import pytest

from dag_factory.errors import SpecError
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec

SPEC = """\
workflow: orders_mart
mission: Daily orders mart
workspace: {git: orders_repo}
features: {ingest: Load partner CSVs}
personas: {default: {check: make all}}
"""


@pytest.fixture
def lint(tmp_path):
    def linted(more: str):
        path = tmp_path / "workflow.yaml"
        path.write_text(SPEC + more, encoding="utf-8")
        try:
            compile_plan(read_spec(path))
        except SpecError as error:
            return [(item.rule, item.where.line, item.reason) for item in error.diagnostics]
        return []

    return linted


@pytest.mark.parametrize("path", ["SmtpNotifier", "airflow.providers.", "a b.C", "a/b.py:C", "{{ x }}.y", "a..b"])
def test_what_is_no_import_path_is_refused(lint, path):
    [(rule, line, reason)] = lint(f"notify:\n  gate-passed:\n    - {{notifier: '{path}'}}\n")
    assert (rule, line) == ("notifier-path", 8)
    assert path in reason


@pytest.mark.parametrize(
    "more",
    [
        "notify: {gate-failed: {notifier: nobody.has.installed.This, arguments: {to: a, since: 2026-11-26}}}\n",
        "notify: {gate-failed: [{smtp: {conn: post, to: [a@example.com]}}, {slack: {channel: orders}}], run-complete: {slack: {channel: orders}}}\n",
        "deadline: 6h\nnotify: {run-late: {slack: {channel: orders}}}\n",
        "fix: {decide: [maria]}\nnotify: {decision-needed: {slack: {channel: orders}}}\n",
        "phases: {validation: {gate: {approval: {people: [maria]}, asset: true}}}\nnotify: {decision-needed: {slack: {channel: orders}}}\n",
        "deadline: 6h\n",
    ],
)
def test_what_can_be_told_is_taken(lint, more):
    assert lint(more) == []


@pytest.mark.parametrize(
    ("more", "event"),
    [
        ("", "run-late"),
        ("fix: {max_cycles: 0, extra_cycles: 0}\n", "fix-opened"),
        ("", "decision-needed"),
    ],
)
def test_what_never_happens_is_no_event_to_wait_for(lint, more, event):
    [(rule, _, reason)] = lint(f"{more}notify: {{{event}: {{slack: {{channel: orders}}}}}}\n")
    assert rule == "notify-never"
    assert reason.startswith(f"{event} never happens")


@pytest.mark.parametrize(
    "more",
    [
        "notify: {gate-passed: {smtp: {to: [a]}, slack: {channel: b}}}\n",
        "notify: {gate-passed: {arguments: {to: a}}}\n",
        "notify: {gate-passed: {slack: {channel: b}, arguments: {to: a}}}\n",
        "notify: {gate-passed: {smtp: {to: []}}}\n",
        "notify: {gate-opened: {slack: {channel: b}}}\n",
        "notify: {gate-passed: everybody}\n",
        "notify: {gate_passed: {slack: {channel: b}}}\n",
        "deadline: soon\n",
    ],
)
def test_what_is_no_notifier_is_refused(lint, more):
    assert lint(more)
