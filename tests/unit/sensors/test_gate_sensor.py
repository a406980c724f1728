"""GateSensor looks once in the worker: it lets through, stops, or defers while evidence may still come from outside."""

from __future__ import annotations

import importlib
import json
import time
from datetime import timedelta
from pathlib import Path

import pendulum
import pytest
from airflow.sdk.exceptions import AirflowFailException
from support.house import House, make_repository
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.evidence.statement import moment_of
from dag_factory.triggers.gate import GateTrigger

SPEC = """\
workflow: outside
pattern: false
mission: Evidence from outside
{workspace}
catalogue:
  auditor: {{title: Auditor, instructions: Audit., contracts: {{audit: {{does: Audit it., evidence: {{report: {{report: audit.txt, kind: file}}}}}}}}}}
  clerk: {{title: Clerk, instructions: File., contracts: {{filing: {{does: File it., evidence: {{record: {{report: record.txt, kind: file}}}}}}}}}}
personas:
  auditor: {{external: true{wait}}}
  clerk: {{command: '{clerk}'}}
phases:
  review:
    title: Review
    tasks: {{audit: {{persona: auditor, duty: audit}}, file: {{persona: clerk, duty: filing}}}}
    gate: {{says: Both are there., timeout: 2h}}
"""


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """Makes a workflow whose auditor works outside."""

    def make(*, wait="", clerk='echo filed > "$PHASEGATE_EVIDENCE/record.txt"', git=False):
        house = House(tmp_path / "house", monkeypatch)
        workspace = f"workspace: {{git: {make_repository(house.root / 'repo')}}}" if git else ""
        house.write(SPEC.format(wait=wait, clerk=clerk, workspace=workspace))
        house.run("kickoff", "review.audit", "review.file")
        return house

    return make


def submit(house, text="all is well", *more):
    (house.root / "audit.txt").write_text(text, encoding="utf-8")
    told = CliRunner().invoke(
        app,
        [
            "submit",
            str(house.store.path),
            "review/audit",
            "-f",
            f"report={house.root}/audit.txt",
            "--keys",
            str(house.root / "keys_root"),
            "--by",
            "maria",
            *more,
        ],
    )
    assert told.exit_code == 0, told.output


def test_an_external_task_is_assigned_and_ends_at_once(outside):
    house = outside()
    assert house.failures == {}
    assigned = json.loads(house.store.read(f"{house.record.charter.digest[:16]}/assignments/review/audit.json"))
    assert (assigned["task"], assigned["does"], assigned["binding"]["charter"]) == ("audit", "Audit it.", house.record.charter.digest)
    assert house.record.newest("review/audit") is None
    house.run("review.audit")
    assert house.failures == {}, "done again, it asks for the same"


@pytest.mark.parametrize("git", [False, True])
def test_while_evidence_may_still_come_the_gate_defers_and_signs_nothing(outside, git):
    house = outside(git=git)
    house.close("review")
    assert house.failures == {}
    assert house.word("review") is None
    deferred = house.deferred["review.gate"]
    assert deferred.method_name == "execute"
    assert deferred.timeout is None, "a deferral's timeout would resume it on a worker; the trigger keeps its own deadline"
    trigger = deferred.trigger
    assert isinstance(trigger, GateTrigger)
    assert trigger.folders == [f"{house.record.charter.digest[:16]}/statements/review/audit"]
    assert moment_of(trigger.deadlines[0]) == moment_of(house.record.charter.says.written_at) + timedelta(hours=2)
    assert pendulum.parse(trigger.deadlines[0]).tzinfo is not None


def test_the_trigger_survives_being_written_down(outside):
    house = outside()
    house.close("review")
    trigger = house.deferred["review.gate"].trigger
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)
    assert arguments == {
        "dag_id": "outside", "run_id": "manual__1", "charter": house.record.charter.digest,
        "plan": house.dag().get_task("review.gate").plan_digest, "phase": "review", "attempt": 1,
        "folders": trigger.folders, "deadlines": trigger.deadlines, "title": "Review", "cycle": 0, "consent": True, "notify": {},
    }  # fmt: skip


def test_the_binding_may_say_how_long_to_wait(outside):
    house = outside(wait=", timeout: 90m")
    house.close("review")
    opened = moment_of(house.record.charter.says.written_at)
    assert moment_of(house.deferred["review.gate"].trigger.deadlines[0]) == opened + timedelta(minutes=90)


def test_what_comes_from_outside_lets_it_pass(outside):
    house = outside()
    house.close("review")
    submit(house)
    house.close("review")
    assert house.deferred == {}
    assert house.word("review") == "PASSED"
    house.run("complete")
    assert house.failures == {}


def test_evidence_that_is_there_already_needs_no_deferral(outside):
    house = outside()
    submit(house)
    house.close("review")
    assert (house.deferred, house.failures, house.word("review")) == ({}, {}, "PASSED")


def test_it_does_not_wait_where_another_task_has_failed_for_good(outside):
    house = outside(clerk="exit 3")
    house.close("review")
    assert house.deferred == {}
    assert {finding.rule for finding in house.findings("review")} == {"statement-missing", "task-failed"}
    assert type(house.errors["review.gate"]) is AirflowFailException


def test_when_the_time_is_over_what_is_missing_is_a_red_flag(outside):
    house = outside(wait=", timeout: 1s")
    time.sleep(1.1)
    house.close("review")
    assert house.deferred == {}
    [finding] = house.findings("review")
    assert finding.id == "statement-missing:review/audit"
    assert finding.text == "@auditor delivered nothing: nothing was submitted."


def test_what_is_submitted_must_be_what_was_asked_for(outside):
    house = outside()
    submit(house, "", "--as-is")
    house.close("review")
    assert [finding.rule for finding in house.findings("review")] == ["evidence-missing"]


def test_the_verdict_is_told_item_by_item(outside, caplog):
    house = outside()
    submit(house)
    with caplog.at_level("INFO"):
        house.close("review")
    house.run("review.gate")
    assert len(house.record.verdicts["review"]) == 2, "asked again it answers again"
    assert [stored.says.phasegate.binding.attempt for stored in house.record.verdicts["review"]] == [1, 2]


def test_a_gate_is_never_retried_by_airflow(outside):
    gate = outside().dag().get_task("review.gate")
    assert gate.retries == 0
    assert set(gate.template_fields) == {"plan_digest"}


def test_a_store_that_cannot_be_written_is_told_without_a_verdict(outside):
    house = outside()
    submit(house)
    folder = Path(house.store.path) / house.record.charter.digest[:16] / "verdicts"
    folder.write_text("a file is in its place", encoding="utf-8")
    house.close("review")
    assert type(house.errors["review.gate"]) is AirflowFailException
    assert house.failures["review.gate"].startswith("The evidence store cannot be ")
    assert "evidence_root" in house.failures["review.gate"]


def test_a_store_that_nothing_reaches_is_told_in_one_line(outside, monkeypatch):
    house = outside()
    monkeypatch.setattr(house, "settle", lambda: monkeypatch.setenv("AIRFLOW__PHASEGATE__EVIDENCE_ROOT", "s4://bucket/evidence"))
    house.close("review")
    assert type(house.errors["review.gate"]) is AirflowFailException
    assert house.failures["review.gate"].startswith("[phasegate] evidence_root is a URL of s4, which this worker cannot reach")
