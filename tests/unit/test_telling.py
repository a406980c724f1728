"""Telling people: through any notifier, without ever changing what happens, and whatever personas wrote is data."""

from __future__ import annotations

import asyncio
import logging
import time
from types import SimpleNamespace

import pytest
from airflow.serialization.serialized_objects import DagSerialization
from support.mending import mendable
from support.notifiers import notices
from support.orders import SPEC, plan_of

from dag_factory import telling
from dag_factory.build import build_dag
from dag_factory.notices import Notice
from dag_factory.plan.models import Notifier
from dag_factory.telling import Tell, deliver, late

LINES = Notifier(path="support.notifiers.Lines")
RAISES = Notifier(path="support.notifiers.Raises")
NOTICE = Notice("gate-failed", "w", "manual__1", "FAILED", "phasegate/page", "Build", findings=(("rule:a", "{{ 6 * 7 }} {% raw %}"),))
NOTIFY = "\n".join(
    [
        "notify:",
        *(f"  {event}: {{notifier: support.notifiers.Lines}}" for event in ("gate-passed", "gate-failed", "fix-opened", "run-complete")),
    ]
)


@pytest.fixture(autouse=True)
def lab(tmp_path, monkeypatch):
    monkeypatch.setenv("TESTS_LAB", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example")
    return tmp_path


@pytest.fixture(autouse=True)
def told(caplog):
    caplog.set_level(logging.INFO, logger="airflow.task")
    return caplog


def test_what_personas_wrote_is_never_rendered(lab):
    deliver([LINES], NOTICE)
    [line] = notices(lab)
    assert "rule:a: {{ 6 * 7 }} {% raw %}" in line["text"]
    assert "42" not in line["text"]


def test_what_the_author_wrote_is_a_template(lab):
    text = "{{ phasegate.word }} of {{ phasegate.findings[0].text }} in {{ run_id }}"
    deliver([Notifier(path=LINES.path, arguments={"text": text})], NOTICE, {"run_id": "r"})
    assert notices(lab)[0]["text"] == "FAILED of {{ 6 * 7 }} {% raw %} in r"


def test_a_notifier_that_knows_only_how_to_be_awaited(lab):
    deliver([Notifier(path="support.notifiers.Later")], NOTICE)
    assert "Word: FAILED" in notices(lab)[0]["text"]


@pytest.mark.parametrize(
    ("notifier", "problem"),
    [
        (RAISES, "RuntimeError: the wire is cut"),
        (Notifier(path=LINES.path, arguments={"colour": "red"}), "TypeError"),
        (Notifier(path=LINES.path, arguments={"text": "{{ nobody.knows }}"}), "UndefinedError"),
        (Notifier(path="support.notifiers.Nobody"), "AttributeError"),
        (Notifier(path="subprocess.Popen", arguments={"args": "true"}), "none of Airflow's notifiers"),
        (Notifier(path="nowhere.at.All"), "there is no module nowhere on this worker; install what has it."),
        (
            Notifier(path="airflow.providers.slack.notifications.slack.SlackNotifier"),
            "there is no module airflow.providers.slack on this worker; install apache-airflow-providers-slack.",
        ),
        (Notifier(path="airflow.providers.apache.wire.notifications.Wire"), "install apache-airflow-providers-apache-wire."),
    ],
)
def test_what_goes_wrong_is_one_line_of_the_log_and_keeps_nobody_else_from_telling(notifier, problem, lab, told):
    deliver([notifier, LINES], NOTICE)
    assert len(notices(lab)) == 1
    [line] = [record.getMessage() for record in told.records if record.levelno == logging.WARNING]
    assert line.startswith(f"{notifier.path} did not tell anybody of gate-failed: ")
    assert problem in line
    assert "\n" not in line


def test_who_takes_too_long_is_left_behind(lab, told, monkeypatch):
    monkeypatch.setattr(telling, "LIMIT", 0.3)
    began = time.monotonic()
    deliver([Notifier(path="support.notifiers.Hangs"), LINES], NOTICE)
    assert time.monotonic() - began < 5
    assert len(notices(lab)) == 1
    assert "it took longer than 0.3 seconds" in told.text


def test_where_airflows_settings_cannot_be_read_or_no_thread_is_left_nothing_is_raised(lab, told, monkeypatch):
    def fails(*_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", fails)
        deliver([LINES], NOTICE)
    monkeypatch.setattr(telling, "base_url", fails)
    deliver([LINES], NOTICE)
    said = "Nobody was told of gate-failed: RuntimeError: can't start new thread"
    assert [record.getMessage() for record in told.records] == [said, said]


def test_mails_and_messages_say_what_we_say_unless_the_author_says_otherwise(monkeypatch):
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    sent = []
    monkeypatch.setattr(
        SmtpNotifier, "notify", lambda self, context: sent.append((self.to, self.smtp_conn_id, self.subject, self.html_content))
    )
    path = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
    deliver([Notifier(path=path, arguments={"to": ["maria@example.com"], "smtp_conn_id": "post"})], NOTICE)
    deliver([Notifier(path=path, arguments={"to": "erin@example.com", "subject": "Look", "html_content": "{{ phasegate.link }}"})], NOTICE)
    assert sent[0][:3] == (["maria@example.com"], "post", "w: Build FAILED")
    assert "{{ 6 * 7 }}" in sent[0][3]
    assert sent[1][2:] == ("Look", "https://airflow.example/phasegate/page")


def test_a_callback_never_raises(told):
    Tell("gate-failed", [LINES])({})
    assert "Nobody was told of gate-failed: KeyError" in told.text


def test_a_run_that_is_mended_is_told_of_from_gate_to_end(tmp_path, monkeypatch, lab):
    house = mendable(tmp_path / "house", monkeypatch, more=f"fix: {{owner: build/maker}}\n{NOTIFY}")
    house.run("kickoff")
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    house.fix("check")
    house.phase("ship")
    house.run("complete")
    said = [(line["event"], line["phase"], line["word"]) for line in notices(lab)]
    assert said == [
        ("gate-passed", "Plan", "PASSED"),
        ("gate-passed", "Build", "PASSED"),
        ("gate-failed", "Check", "FAILED"),
        ("fix-opened", "Check", "FAILED"),
        ("gate-passed", "Check", "PASSED"),
        ("gate-passed", "Ship", "PASSED"),
        ("run-complete", "", "PASSED"),
    ]
    failed, opened, passed = notices(lab)[2:5]
    assert {item["id"] for item in opened["findings"]} == {"build/one.maker", "build/two.maker"}
    page = "https://airflow.example/phasegate/dags/mend/runs/manual__1/gates/check"
    verdicts = [verdict.digest for verdict in house.record.verdicts["check"]]
    links = [f"{page}?verdict={digest}" for digest in (verdicts[0], verdicts[0], verdicts[1])]
    assert [line["link"] for line in (failed, opened, passed)] == links, "each to the verdict it speaks of, also when a newer one is there"
    assert notices(lab)[-1]["link"] == "https://airflow.example/phasegate/dags/mend/runs/manual__1"


def test_a_gate_that_cannot_judge_and_a_run_that_fails_are_told_of_with_the_reason(tmp_path, monkeypatch, lab):
    house = mendable(tmp_path / "house", monkeypatch, more=f"fix: {{owner: build/maker}}\n{NOTIFY}")
    house.run("plan.gate")
    assert [(line["event"], line["word"]) for line in notices(lab)] == [("gate-failed", "has no verdict")]
    assert "has no charter" in notices(lab)[0]["findings"][0]["text"]
    house.run("kickoff", "complete")
    last = notices(lab)[-1]
    assert (last["event"], last["word"]) == ("run-complete", "FAILED")
    assert "verdict-missing:plan" in last["text"]


def test_who_is_asked_to_decide_is_told_with_a_link_to_the_question(tmp_path, monkeypatch, lab):
    more = "fix: {max_cycles: 0, decide: [lea], owner: build/maker}\nnotify: {decision-needed: {notifier: support.notifiers.Lines}}"
    house = mendable(tmp_path / "house", monkeypatch, more=more)
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **_: None)
    house.run("kickoff")
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    house.run("check.decide_1")
    [line] = notices(lab)
    assert (line["word"], line["asked"]) == ("FAILED", ["lea"])
    assert line["findings"]
    assert line["link"] == "https://airflow.example/dags/mend/runs/manual__1/tasks/check.decide_1/required_actions"


def test_a_gate_that_ended_in_the_triggerer_is_not_told_of_again_by_the_dag_processor(tmp_path, monkeypatch, lab):
    house = mendable(tmp_path / "house", monkeypatch, more=f"fix: {{owner: build/maker}}\n{NOTIFY}")
    gate = house.dag().get_task("plan.gate")
    for kept, expected in (("{}", 0), (None, 1)):
        ti = SimpleNamespace(dag_id="mend", run_id="manual__1", xcom_pull=lambda task_ids, key, kept=kept: kept)
        for callback in gate.on_failure_callback:
            callback({"task": gate, "ti": ti})
        assert len(notices(lab)) == expected
    assert "may have been lost" in notices(lab)[0]["text"]


def test_where_nobody_is_to_be_told_there_are_no_callbacks(tmp_path):
    dag = build_dag(plan_of(tmp_path), tmp_path)
    assert not any(task.on_success_callback or task.on_failure_callback for task in dag.tasks)
    assert dag.deadline == [] or dag.deadline is None


def test_editing_who_is_told_changes_no_plan(tmp_path):
    more = "deadline: 6h\nassets: true\nnotify: {run-complete: {smtp: {to: [a@example.com]}}}\n"
    assert plan_of(tmp_path, SPEC + more).digest == plan_of(tmp_path).digest


def test_a_deadline_is_serialised_and_calls_what_tells(tmp_path):
    dag = build_dag(plan_of(tmp_path, SPEC + "deadline: 6h\nnotify: {run-late: {slack: {channel: orders}}}\n"), tmp_path)
    [alert] = DagSerialization.to_dict(dag)["dag"]["deadline"]
    assert alert["reference"] == {"reference_type": "DagRunQueuedAtDeadline"}
    callback = str(alert["callback"])
    assert "dag_factory.telling.late" in callback
    assert "airflow.providers.slack.notifications.slack.SlackNotifier" in callback
    assert str(6 * 3600) in str(alert["interval"])


def test_a_late_run_is_told_of(lab):
    run = {"dag_id": "w", "dag_run_id": "manual__1", "end_date": None, "state": "running"}
    assert asyncio.run(late([LINES.model_dump()], context={"dag_run": run})) == "Told of manual__1."
    [line] = notices(lab)
    assert (line["event"], line["subject"], line["link"]) == (
        "run-late", "w: the run is late", "https://airflow.example/phasegate/dags/w/runs/manual__1",
    )  # fmt: skip


def test_a_run_that_failed_in_time_is_not_late(lab):
    run = {"dag_id": "w", "dag_run_id": "r", "end_date": "2026-11-26T00:00:00Z"}
    assert asyncio.run(late([LINES.model_dump()], context={"dag_run": run})) == "The run had ended already."
    assert notices(lab) == []


def test_a_run_that_times_out_is_told_of_for_complete_never_runs_then(tmp_path, lab):
    more = "timeout: 2d\nnotify: {run-complete: {notifier: support.notifiers.Lines}}\n"
    dag = build_dag(plan_of(tmp_path, SPEC + more), tmp_path)
    callbacks = dag.on_failure_callback if isinstance(dag.on_failure_callback, list) else [dag.on_failure_callback]
    for reason in ("task_failure", "timed_out"):
        for callback in callbacks:
            callback({"dag": dag, "run_id": "manual__1", "reason": reason})
    [line] = notices(lab)
    assert "lasted longer than its timeout" in line["text"]
