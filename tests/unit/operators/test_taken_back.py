"""What people decide, and then do not want any more; who they are; and what a waiver reaches. See `test_asking` for what is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
import pytest
from support.house import House
from support.mending import mendable, script
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.evidence.recount import account_of

DECIDE = "fix: {{owner: build/maker, max_cycles: {cycles}, extra_cycles: 1, decide: [lea, max], timeout: 1h, max_waiver: 2d{more}}}"
APPROVAL = "approval: {people: [lea, max, kim], need: 1, timeout: 1h}"


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[dict[str, Any]]:
    """What Airflow was asked to show."""
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **kwargs: shown.append(kwargs))
    return shown


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Makes a house without fix cycles of its own, whose second phase failed, and in which a person is asked."""

    def made(*, started_by: str = "tom", cycles: int = 0, more: str = "", **kwargs: Any) -> House:
        house = mendable(tmp_path / "house", monkeypatch, mend="true", more=DECIDE.format(cycles=cycles, more=more), **kwargs)
        house.started_by = started_by
        house.run("kickoff")
        for phase in ("plan", "build", "check"):
            house.phase(phase)
        for cycle in range(1, cycles + 1):
            house.fix("check", cycle)
        house.run("check.decide_1")
        assert "check.decide_1" in house.parked
        return house

    return made


@pytest.fixture
def failed(make) -> House:
    return make()


def answer(house: House, option: str, by: str = "lea", **more: Any) -> None:
    house.answer("check.decide_1", option, by, **{"reason": "It can wait.", "expires": "", "findings": ["all"], **more})


def again(house: House, option: str, **more: Any) -> None:
    """The same question is asked once more, and answered otherwise."""
    house.failures.pop("check.decide_1", None)
    house.run("check.decide_1")
    answer(house, option, **more)


def test_a_waiver_that_was_taken_back_by_a_stop_opens_nothing(failed):
    answer(failed, "Waive")
    again(failed, "Stop", reason="On second thoughts.")
    failed.run("check.waived_1")
    assert "Nothing was waived" in failed.failures["check.waived_1"]
    failed.run("check.gate")
    assert failed.word("check") == "FAILED"
    assert "asked again since, and did not waive" in str(failed.findings("check"))


def test_silence_takes_it_back_too(failed):
    answer(failed, "Waive")
    failed.run("check.decide_1")
    failed.resume("check.decide_1", {"error": "timeout", "error_type": "timeout"}, failed.parked["check.decide_1"][1])
    failed.run("check.gate")
    assert failed.word("check") == "FAILED"


def waived_by_hand(house: House) -> None:
    """Somebody waives on a command line while the question stands, and only the gate is cleared."""
    command = ["waive", str(house.store.path), "check", "--finding", house.findings("check")[0].id, "--reason", "Fine.", "--by", "erin"]
    tomorrow = pendulum.now("UTC").add(days=1).to_date_string()
    assert CliRunner().invoke(app, [*command, "--until", tomorrow, "--keys", str(house.root / "keys_root")]).exit_code == 0
    house.run("check.gate")
    assert house.word("check") == "PASSED_WITH_WAIVER"


@pytest.mark.parametrize("silent", [False, True])
def test_what_comes_of_the_question_of_an_old_round_takes_back_no_waiver_given_since(failed, silent):
    waived_by_hand(failed)
    if silent:
        failed.resume("check.decide_1", {"error": "timeout", "error_type": "timeout"}, failed.parked["check.decide_1"][1])
    else:
        answer(failed, "Stop")
        assert "of an old round" in failed.failures["check.decide_1"]
    failed.phase("ship")
    failed.run("complete")
    assert "complete" not in failed.failures, failed.failures["complete"]


def test_the_gate_behind_a_waiver_judges_again_when_it_is_cleared(failed):
    answer(failed, "Waive")
    failed.run("check.waived_1")
    failed.run("check.waived_1")
    assert "check.waived_1" not in failed.failures, "it was waived, and still is"
    assert [stored.says.phasegate.word for stored in failed.record.verdicts["check"]] == ["FAILED", *["PASSED_WITH_WAIVER"] * 2]


def test_where_a_waiver_was_in_vain_nobody_is_waited_for(failed):
    answer(failed, "Waive")
    failed.run("check.judge", "check.waived_1")
    assert failed.word("check") == "FAILED", "the waiver was for other work"
    account = account_of(failed.record, pendulum.now("UTC"))
    assert (account.word, account.waits) == ("FAILED", ()), "behind that gate nobody is asked"
    failed.run("check.gate")
    [waited] = account_of(failed.record, pendulum.now("UTC")).waits
    assert waited.of == "decide", "a gate that is cleared asks again"


def test_one_more_cycle_that_was_taken_back_is_not_opened(failed):
    answer(failed, "One more cycle")
    again(failed, "Stop")
    failed.run("check.fix_1.triage")
    assert "Nobody allowed" in failed.failures["check.fix_1.triage"]


def begun(house: House) -> None:
    """One more cycle is allowed, and its gate alone is left."""
    answer(house, "One more cycle")
    script(house, "make.sh", 'echo good > "src/$PHASEGATE_FEATURE.txt"\n')
    house.fix("check", 1, gate=False)


@pytest.mark.parametrize("silent", [False, True])
def test_one_more_cycle_that_is_taken_back_while_it_is_under_way_opens_nothing(failed, silent):
    begun(failed)
    failed.run("check.decide_1")
    if silent:
        failed.resume("check.decide_1", {"error": "timeout", "error_type": "timeout"}, failed.parked["check.decide_1"][1])
    else:
        answer(failed, "Stop", "max")
    account = account_of(failed.record, pendulum.now("UTC"))
    assert (account.word, account.waits) == ("FAILED", ()), "nobody waits for what was stopped"
    failed.run("check.fix_1.judge")
    assert "allows it no more" in failed.failures["check.fix_1.judge"]
    failed.run("check.fix_1.gate")
    [finding] = [finding for finding in failed.findings("check") if finding.rule == "triage-missing"]
    assert finding.text == "The gate of fix cycle 1 is asked, and whoever decides was asked again since and allows it no more."
    [waited] = account_of(failed.record, pendulum.now("UTC")).waits
    assert waited.says == "a person decides in Airflow: waive or stop; asked are lea, max"
    failed.run("ship.packer", "complete")
    assert "not open" in failed.failures["ship.packer"]
    assert "MISSION FAILED" in failed.failures["complete"]


@pytest.mark.parametrize(("by", "option"), [("eve", "Stop"), ("max", "Waive")])
def test_an_answer_that_is_none_takes_no_waiver_back(failed, by, option):
    answer(failed, "Waive")
    again(failed, option, by=by, reason="")
    assert "does not count" in failed.failures["check.decide_1"]
    failed.run("check.gate")
    assert failed.word("check") == "PASSED_WITH_WAIVER", failed.findings("check")


def test_an_answer_by_somebody_who_may_not_takes_no_cycle_back(failed):
    begun(failed)
    failed.run("check.decide_1")
    answer(failed, "Stop", "eve")
    assert "none of those who may answer" in failed.failures["check.decide_1"]
    failed.run("check.fix_1.gate")
    assert failed.word("check") == "PASSED", failed.findings("check")


def test_a_question_of_a_round_that_is_over_takes_no_cycle_back(failed):
    begun(failed)
    failed.run("check.decide_1", "check.fix_1.gate")
    assert failed.word("check") == "PASSED"
    answer(failed, "Stop", "max")
    assert "of an old round" in failed.failures["check.decide_1"]
    failed.phase("ship")
    failed.run("complete")
    assert "complete" not in failed.failures, failed.failures["complete"]


def test_a_stop_that_was_taken_back_lets_the_newest_answer_count(failed):
    answer(failed, "Stop")
    again(failed, "Waive")
    failed.run("check.waived_1")
    assert failed.word("check") == "PASSED_WITH_WAIVER", failed.findings("check")


def test_whoever_started_the_run_is_known_by_the_accounts_name_where_its_id_is_a_number(make):
    house = make(started_by="lea")
    house.answer("check.decide_1", "Waive", "7", called="Lea", reason="Fine.", expires="", findings=["all"])
    assert "started the run" in house.failures["check.decide_1"]
    [kept] = [stored.says for stored in house.record.decisions["check"]]
    assert (kept.answer, kept.by, kept.name) == ("void", "7", "Lea")


def test_an_account_may_be_named_in_the_spec_by_its_id_or_by_its_name(failed):
    failed.answer("check.decide_1", "Waive", "7", called="lea", reason="Fine.", expires="", findings=["all"])
    failed.run("check.waived_1")
    assert failed.word("check") == "PASSED_WITH_WAIVER", failed.failures
    assert [(one.says.by, one.says.name) for one in failed.record.waivers["check"]] == [("7", "lea")]


@pytest.mark.parametrize("written", ["LEA", " lea", "Lea "])
def test_a_login_in_other_letters_is_the_same_person(make, written):
    house = make(started_by="lea")
    command = ["waive", str(house.store.path), "check", "--finding", house.findings("check")[0].id, "--reason", "Fine."]
    tomorrow = pendulum.now("UTC").add(days=1).to_date_string()
    done = CliRunner().invoke(app, [*command, "--by", written, "--until", tomorrow, "--keys", str(house.root / "keys_root")])
    assert done.exit_code != 0
    assert "started the run" in str(done.output) + str(done.exception)
    assert house.record.waivers["check"] == []


def test_what_is_judged_again_after_the_time_of_its_phase_is_late_and_people_may_take_that_on_themselves(tmp_path, monkeypatch):
    house = mendable(tmp_path / "house", monkeypatch, mend="true", more=DECIDE.format(cycles=1, more=""))
    spec = house.specs / "workflow.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("  check:\n", "  check:\n    timeout: 1h\n"), encoding="utf-8")
    house.run("kickoff")
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    house.run("check.fix_1.triage")
    late, now = timedelta(hours=2), pendulum.now
    monkeypatch.setattr("pendulum.now", lambda *args: now(*args) + late)
    house.mend("check")
    assert "its time was over" in house.failures["check.fix_1.fix[0]"]
    assert "`phasegate waive`" in house.failures["check.fix_1.fix[0]"]
    house.run(*(f"check.fix_1.{name}" for name in ("converge", "judge", "writer", "join", "gate")))
    found = {finding.rule for finding in house.findings("check")}
    assert found == {"check-failed", "statement-missing", "phase-late"}, "no validator was kept from judging, and none is stale"
    house.run("check.decide_1")
    answer(house, "Waive", reason="It may be late.")
    house.run("check.waived_1")
    assert house.word("check") == "PASSED_WITH_WAIVER", house.findings("check")


def test_all_is_what_may_be_waived_in_this_workflow_and_no_more(make):
    house = make(first='echo bad > "src/$PHASEGATE_FEATURE.txt"; rm -f nothing', more=", never_waive: [check-failed]")
    answer(house, "Waive")
    assert "nothing that was found may be waived" in house.failures["check.decide_1"], "the only finding may not be"
    assert house.record.waivers["check"] == []


def test_after_a_waiver_people_are_asked_to_agree_to_that_too(make, asked):
    house = make(gate=APPROVAL)
    answer(house, "Waive")
    house.run("check.waived_1-evidence", "check.waived_1-approve-1")
    assert "check.waived_1-approve-1" in house.parked, house.failures
    body, [waiver] = asked[-1]["body"], [stored.says for stored in house.record.waivers["check"]]
    assert "Its evidence was verified, but for what is waived." in body
    told = f"- waiver {waiver.number}, by `lea` until {waiver.expires_at}: `check-failed:check/judge/check`. Why: `It can wait.`"
    assert told in body.splitlines(), "who agrees knows what to"
    house.answer("check.waived_1-approve-1", "Approve", "max", reason="")
    house.run("check.waived_1")
    assert house.word("check") == "PASSED_WITH_WAIVER", house.findings("check")


def test_without_a_waiver_nobody_is_asked_to_agree(make):
    house = make(gate=APPROVAL)
    answer(house, "Stop")
    house.run("check.waived_1-evidence")
    assert "Nothing was waived" in house.failures["check.waived_1-evidence"]


def test_a_run_that_is_complete_stays_what_it_was_when_a_waiver_runs_out_afterwards(failed, monkeypatch):
    answer(failed, "Waive", expires=pendulum.now("UTC").add(hours=6).to_iso8601_string())
    failed.run("check.waived_1")
    failed.phase("ship")
    failed.run("complete")
    assert "complete" not in failed.failures
    late, now = timedelta(hours=7), pendulum.now
    monkeypatch.setattr("pendulum.now", lambda *args: now(*args) + late)
    done = CliRunner().invoke(app, ["verify", str(failed.store.path)])
    assert done.exit_code == 0, done.output
    assert "PASSED_WITH_WAIVER" in done.output
    failed.run("complete")
    assert "complete" not in failed.failures, "to leave the branch anew, for one"
    assert len(failed.record.completions) == 1, "the moment of the last word stays"
    failed.run("check.gate")
    done = CliRunner().invoke(app, ["verify", str(failed.store.path)])
    assert done.exit_code == 1, "a gate that was asked since has ended what was complete"
