"""Waivers: a finding passes under another word, for this very work, by somebody without a part in it, and until a moment."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import Cycle, case_of, failing, findings_of, given
from support.orders import SPEC
from support.runs import HonestRun, honest, place, resign, rules

from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.chain import not_closed
from dag_factory.evidence.run import binding_of
from dag_factory.evidence.verdict import Finding
from dag_factory.evidence.verify import verify_run
from dag_factory.evidence.waiving import NEVER, apply_waivers, scope_of, waivable

TESTER = "validation/test-engineer"
FOUND = f"check-failed:{TESTER}/check"
STRICT = SPEC + "fix: {never_waive: [check-failed], max_waiver: 2d}\n"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    """Validated, and found wanting by the test-engineer."""
    return failing(honest(tmp_path, worked="validation"))


def void(run, **changes) -> str:
    """Why a waiver of the newest verdict does not count."""
    given(run, "validation", **changes)
    judgement = run.judge("validation")
    assert (judgement.word, judgement.waived) == ("FAILED", ())
    assert rules(judgement) == {"check-failed", "waiver-void"}
    [finding] = [finding for finding in judgement.findings if finding.rule == "waiver-void"]
    assert finding.subject == f"W-1:{FOUND}"
    return finding.text.removeprefix("The waiver W-1 does not count: ")


def test_a_waiver_that_counts(run):
    given(run, "validation")
    judgement = run.answer("validation")
    assert (judgement.word, judgement.findings) == ("PASSED_WITH_WAIVER", ())
    [used] = judgement.waived
    assert (used.finding.id, used.by, used.waiver) == (FOUND, "erin", run.record.waivers["validation"][0].digest)
    said = run.record.verdict("validation").says
    assert (said.phasegate.word, said.verification_result, said.verified_levels) == ("PASSED_WITH_WAIVER", "PASSED", ())
    assert not_closed(run.record, run.contract.phase("validation"), pendulum.now("UTC")) is None


def test_the_questions_it_touches_hold_by_a_waiver_and_not_by_themselves(run):
    given(run, "validation")
    answers = run.judge("validation").answers
    touched = [answer for answer in answers if answer.waived]
    assert touched
    assert not any(answer.holds for answer in touched)
    assert all(answer.holds or answer.waived for answer in answers)


def test_what_is_waived_is_told_as_that_in_the_next_cycle(run):
    run.codes[TESTER, "check"] = 1
    cycle = Cycle(run, "validation").mended().judged()
    given(run, "validation", cycle=1)
    judgement = cycle.ask()
    assert (judgement.word, [item.now for item in judgement.rechecked]) == ("PASSED_WITH_WAIVER", ["waived"])


# How it ends.


def test_it_falls_back_when_it_runs_out(run):
    given(run, "validation")
    run.answer("validation")
    ends = pendulum.parse(run.record.waivers["validation"][0].says.expires_at)
    phase = run.contract.phase("validation")
    assert not_closed(run.record, phase, ends.subtract(seconds=1)) is None
    assert not_closed(run.record, phase, ends) == f"A waiver of phase {phase.title} ran out."
    assert run.judge("validation", now=ends.subtract(seconds=1)).word == "PASSED_WITH_WAIVER"
    late = run.judge("validation", now=ends)
    assert rules(late) == {"check-failed", "waiver-void"}
    assert f"it ran out at {ends.to_iso8601_string()}" in late.findings[1].text


def test_a_run_that_is_complete_after_it_ran_out_has_not_passed(run):
    given(run, "validation")
    run.answer("validation")
    run.work("integration")
    run.answer("integration")
    soon, late = pendulum.now("UTC"), pendulum.now("UTC").add(days=2)
    assert verify_run(run.record, run.store.blob, soon)[2] == ()
    assert {"verdict-failed", "check-failed", "waiver-void"} <= {
        finding.rule for finding in verify_run(run.record, run.store.blob, late)[2]
    }


def test_a_waiver_that_was_taken_out_of_the_store(run):
    given(run, "validation")
    run.answer("validation")
    place(run, "waivers/validation").unlink()
    reason = not_closed(run.record, run.contract.phase("validation"), pendulum.now("UTC"))
    assert reason is not None
    assert reason.endswith("is gone.")


# Why it does not count.


@pytest.mark.parametrize("reason", [" \n", "\u200b", "\u3164 \u00ad", "."])
def test_without_a_reason(run, reason):
    assert void(run, reason=reason) == "it gives no reason."


def test_without_a_number_that_anybody_sees(run):
    given(run, "validation", number="\u200b")
    assert "it has no number by which people could speak of it" in run.judge("validation").findings[1].text


def test_for_too_long(run):
    moment = pendulum.now("UTC")
    given(run, "validation", expires_at=moment.add(days=15).to_iso8601_string())
    assert "it lasts longer than 336 hours" in run.judge("validation").findings[1].text


def test_it_cannot_be_dated_ahead_to_last_longer(run):
    moment = pendulum.now("UTC").add(days=3)
    assert "in the future" in void(run, given_at=moment.to_iso8601_string(), expires_at=moment.add(days=1).to_iso8601_string())


def test_that_has_run_out_already(run):
    moment = pendulum.now("UTC").subtract(days=2)
    assert "it ran out at" in void(run, given_at=moment.to_iso8601_string(), expires_at=moment.add(days=1).to_iso8601_string())


@pytest.mark.parametrize("by", ["", "\u200b"])
def test_by_nobody(run, by):
    assert void(run, by=by) == "nobody is known to have answered."


def test_by_who_worked_on_it(run):
    run.deliver("validation/security-engineer", principals=("login:erin",))
    assert void(run) == "erin worked on validation/security-engineer."


def test_by_who_started_the_run(tmp_path):
    run = HonestRun(tmp_path)
    run.kickoff(triggered_by="erin")
    run.before("validation").work("validation")
    assert void(failing(run)) == "erin started the run."


@pytest.mark.parametrize("changed", [{"charter": "0" * 64}, {"plan": "0" * 64}, {"phase": "implementation"}])
def test_of_another_run_plan_or_phase(run, changed):
    binding = binding_of(run.record, "validation", "waiver", 1).model_copy(update=changed)
    assert void(run, binding=binding) == "it is of another run, plan or phase."


def test_of_work_that_was_done_again(run):
    given(run, "validation")
    run.codes[TESTER, "check"] = 1
    run.deliver(TESTER)
    assert run.judge("validation").findings[1].text.endswith("it is about other work: what it was given for has changed.")


def test_of_a_tree_that_is_no_longer_the_same(run):
    given(run, "validation")
    sealed = run.record.converged("validation").says.sealed
    run.converge("validation", sealed=sealed.model_copy(update={"tree": "f" * 40}))
    assert rules(run.judge("validation")) == {"check-failed", "waiver-void"}


def test_of_a_finding_that_says_something_else(run):
    [finding] = findings_of(run, "validation")
    other = finding.model_copy(update={"text": "Nothing to see."})
    assert scope_of(case_of(run, "validation"), other) != scope_of(case_of(run, "validation"), finding)
    given(run, "validation", other)
    assert rules(run.judge("validation")) == {"check-failed", "waiver-void"}


def test_of_a_finding_that_is_not_there(run):
    given(run, "validation", Finding(rule="tests-failed", subject="all", text="All of them."))
    assert rules(run.judge("validation")) == {"check-failed"}, "it is about nothing"


def test_signed_by_a_persona(run):
    given(run, "validation")
    resign(run, place(run, "waivers/validation"), lambda payload: None, signer="architect")
    assert {"check-failed", "statement-invalid"} <= rules(run.judge("validation"))


def test_edited(run):
    given(run, "validation")
    path = place(run, "waivers/validation")
    path.write_bytes(path.read_bytes().replace(b'"payload": "e', b'"payload": "f').replace(b'"payload":"e', b'"payload":"f'))
    assert {"check-failed", "statement-invalid"} <= rules(run.judge("validation"))


def test_one_that_counts_among_others_is_enough(run):
    given(run, "validation", reason="")
    given(run, "validation")
    given(run, "validation", by="")
    judgement = run.judge("validation")
    assert judgement.word == "PASSED_WITH_WAIVER"
    assert [used.by for used in judgement.waived] == ["erin"]


def test_what_is_not_waived_stands(run):
    run.codes["validation/security-engineer", "check"] = 1
    run.deliver("validation/security-engineer")
    run.answer("validation")
    given(run, "validation", findings_of(run, "validation")[0])
    judgement = run.judge("validation")
    assert judgement.word == "FAILED"
    assert [used.finding.id for used in judgement.waived] == [FOUND]
    assert [finding.id for finding in judgement.findings] == ["check-failed:validation/security-engineer/check"]


# What may be waived.


@pytest.mark.parametrize("rule", sorted(NEVER))
def test_rules_that_no_waiver_reaches(run, rule):
    finding = Finding(rule=rule, subject="x", text="x")
    given(run, "validation", finding)
    standing, used = apply_waivers(case_of(run, "validation"), (finding,))
    assert used == ()
    assert [item.rule for item in standing] == [rule, "waiver-void"]
    assert f"{rule} may not be waived" in standing[1].text
    assert not waivable(case_of(run, "validation"), finding)


def test_a_rule_that_the_workflow_forbids_to_waive(tmp_path):
    run = failing(honest(tmp_path, worked="validation", text=STRICT))
    assert void(run) == "check-failed may not be waived."


def test_the_longest_that_the_workflow_allows(tmp_path):
    run = honest(tmp_path, worked="validation", text=STRICT)
    run.contents[TESTER, "full-suite"] = None
    run.deliver(TESTER)
    run.answer("validation")
    moment = pendulum.now("UTC")
    given(run, "validation", given_at=moment.to_iso8601_string(), expires_at=moment.add(days=2).to_iso8601_string())
    assert run.judge("validation").word == "PASSED_WITH_WAIVER"
    given(run, "validation", given_at=moment.to_iso8601_string(), expires_at=moment.add(days=2, seconds=1).to_iso8601_string())
    place(run, "waivers/validation", 1).unlink()
    assert "waiver-void" in rules(run.judge("validation"))


def test_phasegates_own_key_is_the_only_one(run):
    given(run, "validation")
    assert run.record.waivers["validation"][0].keyid == run.keys.signer(AUTHORITY).public.keyid
