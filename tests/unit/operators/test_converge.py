"""ConvergeOperator: merges what was sealed, runs what needs the whole, attests, and leaves the judgement to the gate."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException
from support.house import House, make_repository

from dag_factory.links import EvidenceLink
from dag_factory.operators.converge import ConvergeOperator

SPEC = """\
workflow: merged
pattern: false
mission: A check on the whole
workspace: {{git: {repository}}}
catalogue:
  writer:
    title: Writer
    instructions: Write.
    contracts: {{writing: {{does: Write., writes: ["{{feature}}.txt"], evidence: {{tests: {{report: "seen.txt", kind: file, check: whole}}}}}}}}
features: {{one: The first, two: The second}}
checks: {{whole: {{run: '{check}', at: converge, timeout: 20s}}}}
personas: {{writer: {{command: 'echo $PHASEGATE_FEATURE > $PHASEGATE_FEATURE.txt'}}}}
phases:
  write: {{tasks: {{write: {{persona: writer, duty: writing, each: feature}}}}, gate: {{}}}}
"""
SEES_ALL = 'cat one.txt two.txt | tee "$PHASEGATE_EVIDENCE/seen.txt"'


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Makes two writers, and a check that needs both."""

    def make(check=SEES_ALL):
        made = House(tmp_path / "house", monkeypatch)
        made.write(SPEC.format(repository=make_repository(made.root / "repo"), check=check))
        made.run("kickoff", *made.tasks("write"))
        assert made.failures == {}
        return made

    return make


def test_the_check_runs_on_the_merge_and_its_report_is_collected_for_each_task(house):
    made = house()
    made.close("write")
    assert made.failures == {}
    said = made.record.converged("write").says
    assert [(check.task, check.exit_code, check.excerpt) for check in said.checks] == [
        ("write/one.write", 0, "one\ntwo"),
        ("write/two.write", 0, "one\ntwo"),
    ]
    assert [(entry.task, entry.grade, made.store.blob(entry.digest)) for entry in said.evidence] == [
        ("write/one.write", "re-executed", b"one\ntwo\n"),
        ("write/two.write", "re-executed", b"one\ntwo\n"),
    ]
    assert made.word("write") == "PASSED"


def test_it_is_green_whatever_the_check_says_and_the_gate_is_not(house):
    made = house("echo no; exit 3")
    made.close("write")
    assert list(made.failures) == ["write.gate"]
    assert [check.exit_code for check in made.record.converged("write").says.checks] == [3, 3]
    assert {"check-failed", "evidence-missing"} <= {finding.rule for finding in made.findings("write")}


def test_one_check_does_not_find_what_another_left(house):
    made = house('test ! -e left && test ! -e "$HOME/left" && touch left "$HOME/left" && cp one.txt "$PHASEGATE_EVIDENCE/seen.txt"')
    made.run("write.converge")
    assert [check.exit_code for check in made.record.converged("write").says.checks] == [0, 0]


def test_what_a_check_changes_is_not_what_was_merged(house):
    honest = house()
    honest.run("write.converge")
    before = honest.record.converged("write").says
    honest.write((honest.specs / "workflow.yaml").read_text(encoding="utf-8"))
    check = 'echo changed > one.txt; cp one.txt "$PHASEGATE_EVIDENCE/seen.txt"'
    text = (honest.specs / "workflow.yaml").read_text(encoding="utf-8").replace(SEES_ALL, check)
    honest.write(text)
    honest.run("kickoff", *honest.tasks("write"), "write.converge")
    after = honest.record.converged("write").says
    assert after.sealed.tree == before.sealed.tree


def test_its_workspace_is_gone_when_it_is_done(house):
    made = house()
    made.run("write.converge")
    assert [path for path in (made.root / "work_root").rglob("*converge*") if path.is_dir()] == []


def test_killed_it_attests_nothing(house):
    made = house("exec sleep 20")
    dag = made.dag()
    operator = dag.get_task("write.converge")
    threading.Timer(0.7, operator.on_kill).start()
    began = time.monotonic()
    made.run("write.converge", dag=dag)
    assert time.monotonic() - began < 10
    assert made.failures["write.converge"].startswith("The work was stopped; nothing of it is attested.")
    assert made.record.converged("write") is None


def test_a_sealed_commit_that_was_altered_in_the_store_is_not_merged(house):
    made = house()
    blob = Path(made.store.blob_path(made.record.newest("write/two.write").says.sealed.bundle))
    blob.write_bytes(blob.read_bytes()[:-1])
    made.run("write.converge")
    assert type(made.errors["write.converge"]) is AirflowFailException
    assert "is missing or was altered. Find out by whom; start a new run." in made.failures["write.converge"]
    assert made.record.converged("write") is None


def test_before_kickoff_there_is_nothing_to_merge(house, tmp_path):
    made = house()
    made.run_id = "manual__2"
    made.xcoms.clear()
    made.run("write.converge")
    assert "The run manual__2 has no charter" in made.failures["write.converge"]


def test_what_airflow_shows_of_it(house):
    operator = house().dag().get_task("write.converge")
    assert isinstance(operator, ConvergeOperator)
    assert set(operator.template_fields) == {"plan_digest"}
    assert (operator.phase, operator.cycle) == ("write", 0)
    assert isinstance(operator.operator_extra_links[0], EvidenceLink)
