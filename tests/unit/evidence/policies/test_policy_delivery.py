"""Policy 2: every task delivered a statement that is whole, its own, and in time."""

from __future__ import annotations

import json
import shutil

import pendulum
import pytest
from support.architect import ARCHITECT, about, begun, judged
from support.orders import EXTERNAL
from support.runs import HonestRun, honest, payload_of, place, resign, rules, under

from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import binding_of
from dag_factory.evidence.verify import verify

FOLDER = f"statements/{ARCHITECT}"


@pytest.fixture
def run(tmp_path):
    return begun(tmp_path)


def test_an_honest_statement_is_no_finding(run):
    assert judged(run).word == "PASSED"


def test_nothing_delivered_is_told_with_who_owes_it(run):
    assert about(run.judge("foundation"), "statement-missing") == ["@architect delivered nothing: the task left no statement."]


def test_nothing_submitted_is_told_in_other_words(tmp_path):
    run = honest(tmp_path, text=EXTERNAL)
    run.work("foundation", without=("foundation/ux-designer",))
    assert about(run.judge("foundation"), "statement-missing") == ["@ux-designer delivered nothing: nothing was submitted."]


CHANGED = {
    "charter": "f" * 64, "plan": "f" * 64, "dag_id": "other", "run_id": "manual__2", "phase": "validation", "task": "ux-designer", "map_index": 0,
    "attempt": 2,
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_a_statement_of_something_else_is_misbound(run, name):
    bound = binding_of(run.record, "foundation", "architect", 1).model_copy(update={name: CHANGED[name]})
    judgement = judged(run, binding=bound)
    assert rules(judgement) == {"statement-misbound"}
    assert about(judgement, "statement-misbound") == [f"The statement is of another {name}: it was made for something else."]


def test_a_statement_of_another_run_copied_into_place(run, tmp_path):
    (tmp_path / "other").mkdir()
    other = HonestRun(tmp_path / "other", run_id="manual__2")
    shutil.rmtree(other.keys.path)
    shutil.copytree(run.keys.path, other.keys.path)
    other.kickoff()
    other.deliver(ARCHITECT)
    place(run, FOLDER).parent.mkdir()
    shutil.copy(place(other, FOLDER), place(run, FOLDER))
    judgement = run.judge("foundation")
    assert "statement-misbound" in rules(judgement)
    assert "another charter, run_id" in about(judgement, "statement-misbound")[0]


def test_a_statement_of_a_stranger_copied_into_place(run, tmp_path):
    (tmp_path / "other").mkdir()
    other = HonestRun(tmp_path / "other", run_id="manual__2")
    other.deliver(ARCHITECT)
    place(run, FOLDER).parent.mkdir()
    shutil.copy(place(other, FOLDER), place(run, FOLDER))
    assert {"statement-invalid", "statement-missing"} <= rules(run.judge("foundation"))


def test_a_statement_of_another_task_copied_into_place(run):
    place(run, FOLDER).parent.mkdir()
    shutil.copy(place(run, "statements/foundation/ux-designer"), place(run, FOLDER))
    judgement = run.judge("foundation")
    assert {"statement-misbound", "persona-mismatch"} <= rules(judgement)
    assert {finding.task for finding in judgement.findings if finding.rule != "principal-shared"} == {ARCHITECT}


def test_a_statement_of_another_phase_copied_into_place(tmp_path):
    run = honest(tmp_path, through="validation")
    run.work("integration", without=("integration/architect",))
    place(run, "statements/integration/architect").parent.mkdir()
    shutil.copy(place(run, FOLDER), place(run, "statements/integration/architect"))
    texts = about(run.judge("integration"), "statement-misbound")
    assert texts == [
        "The statement is of another phase: it was made for something else.",
        "The statement was made before the newest verdict that it had to follow.",
    ]


def test_a_statement_made_before_the_newest_verdict(tmp_path):
    run = honest(tmp_path, worked="implementation")
    run.answer("foundation")
    judgement = run.judge("implementation")
    assert rules(judgement) == {"statement-misbound"}
    assert all("before the newest verdict" in finding.text for finding in judgement.findings)


def test_only_the_persona_that_was_asked_may_answer(run):
    judgement = judged(run, persona="engineer and designer")
    assert about(judgement, "persona-mismatch") == ["The plan asks @architect and the statement is by 'engineer and designer'."]


def test_a_name_that_looks_alike_is_another(run):
    assert "persona-mismatch" in rules(judged(run, persona="аrchitect"))


@pytest.mark.parametrize("signer", ["ux-designer", "software-engineer", AUTHORITY])
def test_a_statement_is_signed_by_its_own_persona(run, signer):
    judgement = judged(run, signer=signer)
    assert about(judgement, "persona-mismatch") == [f"The statement is signed by {signer}, not by @architect."]


def test_a_stranger_signs_nothing(run):
    run.keys.signer("stranger", make=True)
    judgement = judged(run, signer="stranger")
    assert {"statement-invalid", "statement-missing"} <= rules(judgement)
    assert "not among the keys of this run" in about(judgement, "statement-invalid")[0]


def test_another_runner_than_the_plan_has(run):
    assert rules(judged(run, runner="external")) == {"statement-misbound"}


def ago(**period):
    return pendulum.now("UTC").subtract(**period).to_iso8601_string()


def ahead(**period):
    return pendulum.now("UTC").add(**period).to_iso8601_string()


@pytest.mark.parametrize(
    ("begun", "ended"),
    [
        (ahead(hours=1), ahead(hours=2)),
        (ago(minutes=1), ahead(days=1)),
        (ago(minutes=1), ago(minutes=2)),
        (ago(days=1), ago(minutes=1)),
        (ago(years=30), ahead(years=3000)),
    ],
    ids=["future", "ends in the future", "ends before it begins", "before the charter", "absurd"],
)
def test_times_that_cannot_be(run, begun, ended):
    judgement = judged(run, started_at=begun, finished_at=ended)
    assert rules(judgement) == {"statement-misdated"}
    assert begun in judgement.findings[0].text


def test_work_that_began_before_the_verdict_it_follows(tmp_path):
    run = HonestRun(tmp_path)
    run.kickoff(written_at=ago(hours=2))
    run.through("foundation").work("implementation", without=("implementation/ingest.software-engineer",))
    run.deliver("implementation/ingest.software-engineer", started_at=ago(hours=1))
    run.converge("implementation")
    [finding] = run.judge("implementation").findings
    assert (finding.rule, "before the verdict that it follows" in finding.text) == ("statement-misdated", True)


def test_validators_judge_what_was_approved_and_nothing_else(tmp_path):
    run = honest(tmp_path, worked="validation")
    run.deliver("validation/test-engineer", base="c" * 40)
    [finding] = run.judge("validation").findings
    assert (finding.rule, finding.task) == ("statement-misbound", "validation/test-engineer")
    assert f"stands on {'c' * 40}" in finding.text


def test_clocks_may_differ_a_little(run):
    assert judged(run, started_at=ago(minutes=4), finished_at=ahead(minutes=4)).word == "PASSED"


def test_zones_are_reckoned_with(run):
    moment = pendulum.now("Pacific/Auckland").to_iso8601_string()
    assert judged(run, started_at=moment, finished_at=moment).word == "PASSED"


@pytest.mark.parametrize("text", ["2026-11-23T06:00:00", "06:00:00Z", "0001-01-01T00:00:00+14:00", "2026-11-23T06:00:00-99:00"])
def test_a_time_that_is_none_is_a_finding_and_no_crash(run, text):
    run.deliver(ARCHITECT)
    resign(run, place(run, FOLDER), lambda payload: payload["predicate"].update(startedAt=text), signer="architect")
    judgement = run.judge("foundation")
    assert {"statement-invalid", "statement-missing"} <= rules(judgement)
    assert "startedAt is wrong" in about(judgement, "statement-invalid")[0]


def test_a_verification_later_on_finds_the_same(run):
    run.deliver(ARCHITECT)
    run.converge("foundation")
    assert verify(run.record, "foundation", run.store.blob, pendulum.now("UTC").add(years=5)).word == "PASSED"


@pytest.mark.parametrize(("code", "says"), [(3, "exit code 3"), (None, "it did not end by itself")])
@pytest.mark.parametrize(("excerpt", "last"), [("first\nlast words\n", "last words"), ("", "it printed nothing")])
def test_a_failed_persona_is_told_with_its_last_words(run, code, says, excerpt, last):
    judgement = judged(run, outcome="failed", exit_code=code, excerpt=excerpt, evidence=(), checks=(), sealed=None)
    assert about(judgement, "task-failed") == [f"@architect failed ({says}): {last}"]


def test_two_signatures_are_no_statement(run):
    run.deliver(ARCHITECT)
    path = place(run, FOLDER)
    body = json.loads(path.read_bytes())
    path.write_text(json.dumps(body | {"signatures": body["signatures"] * 2}))
    assert "exactly one signature" in about(run.judge("foundation"), "statement-invalid")[0]


def test_evidence_that_says_more_than_it_may_is_no_statement(run):
    run.deliver(ARCHITECT)
    path = place(run, FOLDER)
    resign(run, path, lambda payload: payload["predicate"].update(verdict="PASSED"), signer="architect")
    assert payload_of(path)["predicate"]["verdict"] == "PASSED"
    assert "verdict is wrong" in about(run.judge("foundation"), "statement-invalid")[0]


@pytest.mark.parametrize(("minutes", "late"), [(1, True), (0, False), (-1, False)])
def test_work_that_ended_after_the_time_of_its_phase_is_late(run, minutes, late):
    run.deliver(ARCHITECT)
    run.converge("foundation")
    ended = pendulum.parse(run.record.newest(ARCHITECT).says.finished_at)
    opened = pendulum.parse(run.record.charter.says.written_at)
    seconds = int((ended - opened).total_seconds()) + 60

    def limited(contract):
        contract["phases"][0]["limit"] = seconds

    finished = opened.add(seconds=seconds, minutes=minutes)
    run.deliver(ARCHITECT, finished_at=finished.to_iso8601_string())
    run.converge("foundation")
    judgement = verify(under(run, limited), "foundation", run.store.blob, finished)
    assert [finding.task for finding in judgement.findings if finding.rule == "phase-late"] == ([ARCHITECT] if late else [])


@pytest.mark.parametrize("named", [True, False])
def test_evidence_from_outside_names_a_login(tmp_path, named):
    run = honest(tmp_path, text=EXTERNAL)
    run.work("foundation", without=("foundation/ux-designer",))
    run.deliver("foundation/ux-designer", principals=("login:ann",) if named else ())
    run.converge("foundation")
    assert bool(about(run.judge("foundation"), "principal-missing")) is not named


def test_who_is_not_outside_need_not_name_anybody(run):
    assert about(judged(run, principals=()), "principal-missing") == []


@pytest.mark.parametrize("name", CHANGED)
def test_what_a_statement_is_bound_to_is_named(run, name):
    bound = binding_of(run.record, "foundation", "architect", 1).model_copy(update={name: CHANGED[name]})
    assert about(judged(run, binding=bound), "statement-misbound")[0].startswith(f"The statement is of another {name}:")
