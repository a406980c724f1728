"""Consent: whoever must agree has agreed, to this very evidence, and has no part in it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.cycles import Cycle, approve, case_of, failing, given
from support.orders import SPEC
from support.runs import HonestRun, honest, place, resign, rules

from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.consent import agreed, asked_of, called_by, logins_of, partial, same
from dag_factory.evidence.run import binding_of
from dag_factory.evidence.story import cycles_of, findings_of

TWO = SPEC + "phases: {validation: {gate: {approval: {people: [maria, erin, ann], need: 2}}}}\n"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    """Validated, with two people still to agree."""
    return honest(tmp_path, worked="validation", text=TWO)


def told(run, cycle=0):
    return [finding.id for finding in run.judge("validation", cycle=cycle).findings]


def both(run, cycle=0):
    approve(run, "validation", by="maria", index=1, cycle=cycle)
    approve(run, "validation", by="erin", index=2, cycle=cycle)


def test_two_of_three(run):
    assert told(run) == ["approval-missing:validation"]
    approve(run, "validation", by="maria")
    assert told(run) == ["approval-missing:validation"]
    assert "1 of 2" in run.judge("validation").findings[0].text
    approve(run, "validation", by="erin", index=2)
    judgement = run.answer("validation")
    assert (judgement.word, judgement.findings) == ("PASSED", ())
    assert {stored.digest for stored in run.record.decisions["validation"]} <= set(judgement.inputs), "the verdict rests on them"


def test_where_nobody_is_asked_nobody_is_missing(tmp_path):
    assert list(agreed(case_of(honest(tmp_path, worked="validation"), "validation"))) == []


def test_the_evidence_alone_may_be_asked_for(run):
    assert run.judge("validation", consent=False).word == "PASSED"


def test_people_are_asked_only_where_nothing_else_speaks_against_the_phase(run):
    run.codes["validation/test-engineer", "check"] = 1
    run.deliver("validation/test-engineer")
    assert rules(run.judge("validation")) == {"check-failed"}


def test_one_refusal_weighs_more_than_any_approval(run):
    both(run)
    assert told(run) == []
    approve(run, "validation", by="ann", index=3, answer="refuse", reason="The report is of last week.")
    [finding] = run.judge("validation").findings
    assert finding.id == "approval-refused:validation:approve-3"
    assert finding.text == "ann refused: The report is of last week."


def test_a_refusal_without_a_reason_is_one(run):
    approve(run, "validation", by="maria", answer="refuse")
    assert [finding.text for finding in run.judge("validation").findings] == ["maria refused: no reason was given"]


def test_one_person_twice(run):
    approve(run, "validation", by="maria", index=1)
    approve(run, "validation", by="maria", index=2)
    assert told(run) == ["approval-partial:validation:approve-2", "approval-missing:validation"]
    assert "counts once" in run.judge("validation").findings[0].text


def test_one_person_under_a_number_and_under_a_login(run):
    approve(run, "validation", by="23", name="maria", index=1)
    approve(run, "validation", by="Maria", index=2, name="maria")
    assert told(run) == ["approval-partial:validation:approve-2", "approval-missing:validation"]


@pytest.mark.parametrize("other", [{"charter": "0" * 64}, {"phase": "integration"}, {"cycle": 1}])
def test_nobody_takes_a_refusal_back_in_another_run_phase_or_cycle(run, other):
    approve(run, "validation", by="maria", answer="refuse")
    approve(run, "validation", by="erin", index=2)
    refused = ["approval-refused:validation:approve-1"]
    assert told(run) == refused
    bound = binding_of(run.record, "validation", "approve-1", 1).model_copy(update=other)
    approve(run, "validation", by="", answer="void", binding=bound)
    assert told(run) == refused
    approve(run, "validation", by="", answer="void")
    assert refused[0] not in told(run)


def test_one_question_has_one_answer_the_newest(run):
    approve(run, "validation", by="maria", answer="refuse")
    approve(run, "validation", by="maria")
    approve(run, "validation", by="erin", index=2)
    assert told(run) == []


@pytest.mark.parametrize(
    ("by", "says"),
    [("tom", "none of those who may approve"), ("", "nobody is known"), ("Maria", "none of those"), (" maria", "none of those")],
)
def test_somebody_who_was_not_asked(run, by, says):
    approve(run, "validation", by=by)
    assert told(run)[0] == "approval-partial:validation:approve-1"
    assert says in run.judge("validation").findings[0].text


def test_whoever_started_the_run(tmp_path):
    run = HonestRun(tmp_path, text=TWO)
    run.kickoff(triggered_by="maria")
    run.before("validation").work("validation")
    both(run)
    found = run.judge("validation").findings
    assert [finding.id for finding in found] == ["approval-partial:validation:approve-1", "approval-missing:validation"]
    assert "maria started the run" in found[0].text


@pytest.mark.parametrize("task", ["validation/security-engineer", "implementation/ingest.software-engineer"])
def test_whoever_worked_on_it(run, task):
    run.deliver(task, principals=("login:maria",))
    assert partial(run.record, "maria") == f"maria worked on {task}"
    assert partial(run.record, "erin") is None


def test_whoever_turns_out_to_have_worked_on_it_later(run):
    """Who approved a phase may not mend in a later one: asked when the whole run is judged, the approval counts no more."""
    both(run)
    assert run.answer("validation").word == "PASSED"
    run.work("integration")
    run.deliver("integration/devops", principals=("login:erin",))
    assert told(run) == ["approval-partial:validation:approve-2", "approval-missing:validation"]


def test_whoever_mended_something(run):
    cycle = Cycle(failing(run), "validation")
    cycle.triage()
    cycle.mend("implementation/ingest.software-engineer", principals=("login:maria",))
    cycle.mend("implementation/daily_mart.software-engineer")
    cycle.merge()
    cycle.judged()
    both(run, 1)
    assert told(run, 1) == ["approval-partial:validation:approve-1", "approval-missing:validation"]


def test_even_work_that_was_done_again_by_others_since(run):
    run.deliver("validation/security-engineer", principals=("login:maria",))
    run.deliver("validation/security-engineer")
    assert partial(run.record, "maria") == "maria worked on validation/security-engineer"


# What was approved.


def test_an_approval_of_other_evidence(run):
    both(run)
    run.deliver("validation/security-engineer")
    assert told(run) == ["approval-stale:validation:approve-1", "approval-stale:validation:approve-2", "approval-missing:validation"]


def test_an_approval_of_a_digest_made_up(run):
    approve(run, "validation", by="maria", asked="0" * 64)
    assert told(run)[0] == "approval-stale:validation:approve-1"


def test_what_is_asked_about_does_not_move_with_the_answers(run):
    before = asked_of(case_of(run, "validation", 0))
    both(run)
    assert asked_of(case_of(run, "validation", 0)) == before
    run.converge("validation")
    assert asked_of(case_of(run, "validation", 0)) != before


def test_approvals_of_the_first_round_are_none_of_the_next(run):
    both(run)
    cycle = Cycle(failing(run), "validation").mended().judged()
    assert told(run, 1) == ["approval-missing:validation"]
    both(run, 1)
    assert told(run, 1) == []
    assert cycle.answer().word == "PASSED"


def test_a_refusal_opens_a_new_round_and_is_history_there(run):
    approve(run, "validation", by="maria", answer="refuse", reason="Too slow.")
    assert [finding.id for finding in run.answer("validation").findings] == ["approval-refused:validation:approve-1"]
    cycle = Cycle(run, "validation").mended()
    assert {order.task for order in cycle.case().rounds[0].triage.says.orders} == {
        "implementation/ingest.software-engineer",
        "implementation/daily_mart.software-engineer",
    }, "the workflow's owner"
    cycle.judged()
    both(run, 1)
    judgement = cycle.ask()
    assert judgement.word == "PASSED", judgement.findings
    assert [(item.finding, item.now) for item in judgement.rechecked] == [("approval-refused:validation:approve-1", "mended")]


def test_a_refusal_stands_while_other_findings_keep_people_from_being_asked_again(run):
    approve(run, "validation", by="maria", answer="refuse", reason="Too slow.")
    run.answer("validation")
    cycle = Cycle(run, "validation").mended()
    run.codes["validation/test-engineer", "check"] = 1
    cycle.judged()
    judgement = cycle.answer()
    assert rules(judgement) == {"check-failed"}
    refused = "approval-refused:validation:approve-1"
    assert [(item.finding, item.now) for item in judgement.rechecked] == [(refused, "open")], "nobody has taken it back"
    assert {story.finding.id: story.now for story in findings_of(run.record, "validation")}[refused] == "open"
    [told] = cycles_of(run.record)
    assert (told.open, told.mended) == ((refused,), ())


def test_a_question_that_is_asked_again_and_that_nobody_answers_takes_the_approval_back(run):
    both(run)
    assert told(run) == []
    approve(run, "validation", by="", index=2, answer="void", reason="Nobody answered in time.")
    assert told(run) == ["approval-missing:validation"]
    approve(run, "validation", by="ann", index=2)
    assert told(run) == []


def test_a_question_that_is_asked_once_more_after_a_waiver_is_the_same_seat(run):
    """Who was asked behind a decision, and then again behind the gate, or the other way round, has the newest answer; the older one is none."""
    run.codes["validation/test-engineer", "check"] = 1
    run.deliver("validation/test-engineer")
    run.answer("validation")
    for index, task in enumerate(("waived_1-approve-{}", "approve-{}", "waived_2-approve-{}"), 1):
        given(run, "validation", number=f"W-{index}", by="tom")
        for seat, by in enumerate(("maria", "erin"), 1):
            bound = binding_of(run.record, "validation", task.format(seat), 1)
            approve(run, "validation", by=by, index=seat, binding=bound)
        judgement = run.judge("validation")
        assert judgement.word == "PASSED_WITH_WAIVER", judgement.findings


def test_a_decision_by_anybody_elses_key(run):
    both(run)
    resign(run, place(run, "decisions/validation", 2), lambda payload: None, signer="architect")
    assert rules(run.judge("validation")) == {"statement-invalid"}


def test_a_decision_of_another_run_is_about_other_evidence(tmp_path, run):
    other = HonestRun(run.tmp_path, text=TWO, run_id="manual__2")
    other.before("validation").work("validation")
    both(other)
    for number in (1, 2):
        data = place(other, "decisions/validation", number)
        resign(other, data, lambda payload: None, signer=AUTHORITY, to=place(run, "decisions/validation", number))
    assert rules(run.judge("validation", cycle=0)) == {"approval-stale", "approval-missing"}


def test_only_logins_are_people():
    said = SimpleNamespace(
        principals=("login: Maria ", "Login:\u200bwang", "login:\u200b", "agent:erin", "erin", "script:sha256:login:ann")
    )
    assert logins_of(said) == {"maria", "wang"}


def test_what_shows_nothing_tells_no_two_people_apart_and_names_nobody():
    assert {same(name) for name in ("mar\u200bia", "MARIA\u00ad", " \uff4daria\ufeff", "\u3164maria")} == {"maria"}
    assert called_by("", " ", "\u200b", "\uffa0", "maria") == {"maria"}
    assert called_by("login:", "login: Anna\u00a0 Maria", "anna maria") == {"anna maria"}
