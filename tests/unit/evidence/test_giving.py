"""Giving a waiver: what it is signed for, and what is refused before anything is written."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import case_of, failing, findings_of
from support.runs import HonestRun, honest

from dag_factory.errors import EvidenceError
from dag_factory.evidence.giving import waive
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.statement import moment_of
from dag_factory.evidence.verdict import Finding


@pytest.fixture
def run(tmp_path) -> HonestRun:
    return failing(honest(tmp_path, worked="validation"))


def give(run, findings=None, **said) -> str:
    asked = {"reason": "Known, and harmless.", "by": "erin", "until": ""} | said
    found = findings_of(run, "validation") if findings is None else findings
    return waive(run.store, case_of(run, "validation"), found, signer=run.keys.signer(AUTHORITY), **asked)


def refused(run, *args, **said) -> str:
    with pytest.raises(EvidenceError) as caught:
        give(run, *args, **said)
    assert run.record.waivers["validation"] == [], "nothing is written"
    return str(caught.value)


def test_what_is_written_counts(run):
    number = give(run)
    [stored] = run.record.waivers["validation"]
    assert stored.says.number == number
    assert number.startswith(f"W-{pendulum.now('UTC').format('YYYYMMDD')}-")
    assert (stored.says.by, stored.says.reason) == ("erin", "Known, and harmless.")
    assert [scope.finding for scope in stored.says.scope] == [finding.id for finding in findings_of(run, "validation")]
    assert run.judge("validation").word == "PASSED_WITH_WAIVER"


def test_two_have_two_numbers(run):
    assert give(run) != give(run)


def test_without_a_date_it_lasts_as_long_as_the_workflow_allows(run):
    give(run)
    said = run.record.waivers["validation"][0].says
    assert moment_of(said.expires_at) - moment_of(said.given_at) == pendulum.duration(days=14)


def test_a_day_counts_to_its_end(run):
    day = pendulum.now("UTC").add(days=3).to_date_string()
    give(run, until=f" {day} ")
    assert moment_of(run.record.waivers["validation"][0].says.expires_at) == pendulum.parse(day).add(days=1)


def test_today_counts_to_its_end(run):
    give(run, until=pendulum.now("UTC").to_date_string())
    assert run.judge("validation").word == "PASSED_WITH_WAIVER"


@pytest.mark.parametrize("form", ["YYYY-MM-DDTHH:mm[+01:00]", "YYYY-MM-DD HH:mm:ss[Z]", "YYYY-MM-DDTHH:mm:ss.SSS[-05:30]"])
def test_a_time_with_its_zone(run, form):
    text = pendulum.now("UTC").add(days=3).format(form)
    give(run, until=text)
    assert moment_of(run.record.waivers["validation"][0].says.expires_at) == pendulum.parse(text)


@pytest.mark.parametrize(
    "until",
    ["soon", "2027", "2027-01", "10:30", "now", "20270101", "2027-W01", "P1D", "2027-13-01", "2027-02-30", "9999-12-31", "2027-01-01T10:00", "1/2/2027",
     "2027-01-01/2027-01-02", "２０２７-01-01", "2027-01-01T25:00Z"],
)  # fmt: skip
def test_what_is_neither_a_date_nor_a_time_with_its_zone(run, until):
    told = refused(run, until=until)
    assert "is no date" in told
    assert "Write it like 20" in told


@pytest.mark.parametrize("until", ["2020-01-01", "2020-01-01T00:00:00Z"])
def test_a_date_that_is_over(run, until):
    assert refused(run, until=until).startswith(f"{until} is over already.")


def test_longer_than_the_workflow_allows(run):
    told = refused(run, until=pendulum.now("UTC").add(days=15).to_date_string())
    assert told.startswith("The workflow allows waivers of 2 weeks and no longer.")


@pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
def test_without_a_reason(run, reason):
    assert refused(run, reason=reason).startswith("A waiver needs a reason.")


def test_for_nothing(run):
    assert refused(run, ()).startswith("There is no such finding in the newest verdict.")


def test_for_a_rule_that_may_not_be_waived(run):
    never = Finding(rule="statement-invalid", subject="validation/test-engineer", text="It was edited.")
    told = refused(run, (*findings_of(run, "validation"), never))
    assert told.startswith("These may not be waived: statement-invalid:validation/test-engineer.")


def test_by_nobody(run):
    assert refused(run, by="").startswith("This waiver cannot be given: nobody is known to have answered.")


def test_by_who_worked_on_it(run):
    run.deliver("validation/security-engineer", principals=("login:erin",))
    told = refused(run)
    assert told.startswith("This waiver cannot be given: erin worked on validation/security-engineer.")
    assert "Ask somebody" in told


def test_by_who_started_the_run(tmp_path):
    run = HonestRun(tmp_path)
    run.kickoff(triggered_by="erin")
    run.before("validation").work("validation")
    failing(run)
    assert refused(run).startswith("This waiver cannot be given: erin started the run.")
