"""`phasegate waive`: what it signs, what a gate makes of it, and every reason to refuse."""

from __future__ import annotations

import shutil

import pendulum
import pytest
from support.runs import honest
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.errors import EvidenceError, KeyFolderError, PhasegateError, StoreError
from dag_factory.evidence.keys import AUTHORITY

TESTER = "validation/test-engineer"
FINDING = f"check-failed:{TESTER}/check"
UNTIL = pendulum.now("UTC").add(days=3).to_date_string()
WHY = ("--reason", "Known, ticket 4711", "--by", "erin", "--until", UNTIL)


@pytest.fixture
def run(tmp_path):
    """The check of the test engineer failed, and the gate has said so."""
    run = honest(tmp_path, worked="validation")
    run.codes[TESTER, "check"] = 1
    run.deliver(TESTER)
    assert [finding.id for finding in run.answer("validation").findings] == [FINDING]
    return run


def ask(run, *more, phase="validation", keys=None):
    return CliRunner().invoke(app, ["waive", str(run.store.path), phase, *more, "--keys", str(keys or run.keys.path)])


def refused(run, result, error=EvidenceError):
    assert isinstance(result.exception, error), (result.output, result.exception)
    assert (result.exit_code, result.output) == (1, "")
    assert run.record.waivers["validation"] == [], "nothing was signed"
    assert result.exception.remedy, "it says what to do next"
    return str(result.exception)


def test_what_is_waived_passes_the_gate_and_is_never_shown_like_passed(run):
    result = ask(run, "--finding", FINDING, *WHY)
    assert result.exit_code == 0, result.exception
    [stored] = run.record.waivers["validation"]
    said = stored.says
    assert (said.by, said.reason, [scope.finding for scope in said.scope]) == ("erin", "Known, ticket 4711", [FINDING])
    assert stored.keyid == run.record.charter.keyid
    assert f"Wrote the waiver {said.number} to {run.store.path}" in result.output
    assert f"by erin, until {said.expires_at}" in result.output
    assert f"⚠ {FINDING}" in result.output
    assert "clear the task validation.gate in Airflow" in result.output
    assert run.record.verdict("validation").says.phasegate.word == "FAILED", "no gate was asked"
    assert run.answer("validation").word == "PASSED_WITH_WAIVER"


def test_without_a_finding_it_lists_those_of_the_newest_verdict(run):
    result = ask(run)
    assert result.exit_code == 0
    assert "The newest verdict on phase validation, fix cycle 0, is FAILED. Nothing was waived" in result.output
    assert f"  {FINDING}\n    The check failed" in result.output
    assert run.record.waivers["validation"] == []


def test_what_may_not_be_waived_is_listed_as_such(run):
    run.deliver("validation/performance-engineer", persona="architect")
    run.answer("validation")
    lines = ask(run).output.splitlines()
    assert any("persona-mismatch" in line and line.endswith("(may not be waived)") for line in lines)
    [forbidden] = [line.split()[0] for line in lines if "may not be waived" in line]
    assert f"These may not be waived: {forbidden}." in refused(run, ask(run, "--finding", forbidden, *WHY))


@pytest.mark.parametrize("given", [("--reason", "Why"), ("--by", "erin"), ("--until", UNTIL)])
def test_with_a_reason_and_no_finding_it_is_refused_and_names_them(run, given):
    assert f"No finding is named. Give --finding one of: {FINDING}." in refused(run, ask(run, *given))


@pytest.mark.parametrize("name", ["", "check-failed", f"{FINDING} ", FINDING.upper(), "evidence-missing:foundation/ux-designer/ux"])
def test_a_finding_that_the_newest_verdict_has_not(run, name):
    assert "The newest verdict has no finding" in refused(run, ask(run, "--finding", FINDING, "--finding", name, *WHY))


def test_a_finding_of_an_older_verdict_is_none(run):
    run.codes.clear()
    run.codes["validation/security-engineer", "check"] = 1
    run.deliver(TESTER)
    run.deliver("validation/security-engineer")
    run.answer("validation")
    assert "has no finding" in refused(run, ask(run, "--finding", FINDING, *WHY))


def test_named_twice_it_is_waived_once(run):
    ask(run, "--finding", FINDING, "--finding", FINDING, *WHY)
    [stored] = run.record.waivers["validation"]
    assert len(stored.says.scope) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--by", "erin", "--until", UNTIL), "A waiver needs a reason."),
        (("--reason", "Why", "--until", UNTIL), "Nobody is named who takes the responsibility. Give --by a login"),
        (("--reason", "Why", "--by", " ", "--until", UNTIL), "Nobody is named who takes the responsibility."),
        (("--reason", " ", "--by", "erin", "--until", UNTIL), "A waiver needs a reason."),
        (("--reason", "Why", "--by", "erin"), "A waiver ends some day. Give --until a date; this workflow allows 2 weeks at most."),
        (("--reason", "Why", "--by", "erin", "--until", " "), "A waiver ends some day."),
        (("--reason", "Why", "--by", "erin", "--until", "2020-01-01"), "2020-01-01 is over already."),
        (("--reason", "Why", "--by", "erin", "--until", "2199-01-01"), "and no longer."),
        (("--reason", "Why", "--by", "erin", "--until", "soon"), "'soon' is no date"),
    ],
)
def test_what_a_waiver_needs(run, given, says):
    assert says in refused(run, ask(run, "--finding", FINDING, *given))


def test_who_worked_on_the_run_may_not(run):
    run.principals["validation/documentation-writer"] = ("login:erin",)
    run.deliver("validation/documentation-writer")
    run.answer("validation")
    assert "erin worked on validation/documentation-writer" in refused(run, ask(run, "--finding", FINDING, *WHY))


def test_who_started_the_run_may_not(tmp_path):
    run = honest(tmp_path)
    run.kickoff(triggered_by="erin", previous=run.record.charter.digest)
    run.work("foundation", without=("foundation/ux-designer",))
    [finding] = run.answer("foundation").findings[:1]
    assert "erin started the run" in refused(run, ask(run, "--finding", finding.id, *WHY, phase="foundation"))


def test_a_phase_that_is_not_there(run):
    text = refused(run, ask(run, "--finding", FINDING, *WHY, phase="valid"))
    assert "There is no phase 'valid' in this run. Its phases: foundation, implementation, validation, integration." in text


def test_a_phase_whose_gate_has_not_answered(run):
    assert "The gate of phase integration has not answered" in refused(run, ask(run, *WHY, phase="integration"))


def test_a_phase_that_passed(run):
    text = refused(run, ask(run, "--finding", FINDING, *WHY, phase="foundation"))
    assert "The newest verdict on phase foundation is PASSED: there is nothing to waive." in text


def test_a_phase_that_passed_with_a_waiver(run):
    ask(run, "--finding", FINDING, *WHY)
    run.answer("validation")
    assert "is PASSED_WITH_WAIVER: there is nothing to waive." in str(ask(run, "--finding", FINDING, *WHY).exception)


def test_keys_that_are_not_those_of_the_run(run, tmp_path):
    other = type(run.keys)(tmp_path / "other")
    other.signer(AUTHORITY, make=True)
    assert "is not the one of this run" in refused(run, ask(run, "--finding", FINDING, *WHY, keys=other.path), PhasegateError)


def test_no_keys_and_none_are_made(run, tmp_path):
    told = refused(run, ask(run, "--finding", FINDING, *WHY, keys=tmp_path / "none"), KeyFolderError)
    assert told.startswith(f"There is no key for phasegate in {tmp_path / 'none'}. Name the folder of the run's keys with --keys")
    assert not (tmp_path / "none").exists()


def test_keys_are_not_needed_to_list(run):
    shutil.rmtree(run.keys.path)
    assert ask(run).exit_code == 0


def test_a_run_that_is_not_there(tmp_path):
    result = CliRunner().invoke(app, ["waive", "orders_mart/manual__1", "validation", "--root", str(tmp_path)])
    assert isinstance(result.exception, StoreError)


def test_what_is_quoted_cannot_speak_to_the_terminal(run):
    name = "src/\x1b[2J\u202eevil.py"
    run.contents["validation/documentation-writer", "guide"] = None
    from dag_factory.evidence.statement import Refusal

    refusal = Refusal(rule="workspace-path-name", path=name, text=f"{name} is no name.")
    run.deliver("validation/documentation-writer", refusals=(refusal,))
    run.answer("validation")
    told = ask(run).output
    assert "src/⟨U+001B⟩[2J⟨U+202E⟩evil.py is no name." in told
    assert "\x1b" not in told
    assert "\u202e" not in told
