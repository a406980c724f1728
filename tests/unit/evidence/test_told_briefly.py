"""Whatever others write, what is signed is of a length that is read again: one envelope that is not would stop the whole run."""

from __future__ import annotations

import importlib

import pytest
from support.cycles import given
from support.runs import HonestRun, honest, rules
from support.sharing import ALL, ARCHITECT, DESIGNER

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.envelope import MAX_BYTES, sign_envelope
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.verdict import Finding

LONG = "x" * 8_000_000


@pytest.fixture
def run(tmp_path) -> HonestRun:
    return honest(tmp_path, worked="foundation")


def test_a_verdict_on_work_that_says_very_much_is_read_again(run):
    for task in run.contract.phase("foundation").tasks[:2]:
        run.deliver(task.id, outcome="failed", excerpt=f"{LONG}{task.id}")
    assert run.answer("foundation").word == "FAILED"
    (verdict,) = run.record.verdicts["foundation"]
    told = [finding.text for finding in verdict.says.phasegate.findings if finding.rule == "task-failed"]
    assert len(set(told)) == 2
    assert all(1_000 < len(text) < 1_100 for text in told)


def test_of_what_is_cut_no_two_are_one():
    found = [Finding.briefly("r", f"{LONG}{end}", f"{LONG}{end}") for end in "ab"]
    assert len({finding.id for finding in found}) == len({finding.text for finding in found}) == 2
    assert Finding.briefly("r", "x" * 300, "x" * 1_000, "t") == Finding(rule="r", subject="x" * 300, text="x" * 1_000, task="t")


def test_of_very_many_findings_it_is_told_how_many_more_there_are(run, monkeypatch):
    for task in run.contract.phase("foundation").tasks:
        run.deliver(task.id, outcome="failed")
    every = run.judge("foundation").findings
    monkeypatch.setattr(importlib.import_module("dag_factory.evidence.verify"), "_MOST", 1)
    *first, last = run.judge("foundation").findings
    assert (tuple(first), last.id, last.rule) == (every[:1], f"{every[1].rule}:foundation:more", every[1].rule)
    assert f"{len(every) - 1} more findings" in last.text


def test_what_nobody_would_read_is_not_signed(tmp_path):
    signer = KeyFolder(tmp_path).signer("architect", make=True)
    assert len(sign_envelope(b"x" * 11_000_000, signer)) < MAX_BYTES
    with pytest.raises(EnvelopeError, match="would take 16,000,"):
        sign_envelope(b"x" * 12_000_000, signer)


def test_a_file_that_stands_very_often_in_a_statement_is_one_file(run):
    run.contents |= {ARCHITECT: ALL, DESIGNER: ALL}
    run.work("foundation")
    task = run.contract.tasks[DESIGNER[0]]
    (mine,) = [entry for entry in run.entries(task, "seal") if entry.item == DESIGNER[1]]
    run.deliver(task.id, evidence=(*run.entries(task, "seal"), *[mine] * 20_000))
    found = run.judge("foundation")
    assert "evidence-shared" in rules(found)
    assert sum(finding.rule == "evidence-shared" for finding in found.findings) == 1


def test_who_waives_all_that_is_told_waives_nothing_that_is_not(tmp_path, monkeypatch):
    run = honest(tmp_path, worked="validation")
    for task in ("validation/test-engineer", "validation/performance-engineer"):
        run.deliver(task, outcome="failed")
    every = run.judge("validation").findings
    monkeypatch.setattr(importlib.import_module("dag_factory.evidence.verify"), "_MOST", len(every) - 1)
    told = run.answer("validation").findings
    assert told[-1].subject == "validation:more"
    given(run, "validation")
    judgement = run.judge("validation")
    assert judgement.word == "FAILED"
    assert every[-1].id in {finding.id for finding in judgement.findings}
    assert not [used for used in judgement.waived if used.finding.subject == "validation:more"]
