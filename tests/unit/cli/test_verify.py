"""`phasegate verify`: a run judged again from its store alone."""

from __future__ import annotations

import json
import shutil

import pytest
import typer
from support.auditing import completed
from support.runs import honest, place
from support.telling import FINDING, JUDGED, decided, failed, mended, waived
from typer.testing import CliRunner

from dag_factory.cli.verify import verify
from dag_factory.errors import PhasegateError, StoreError
from dag_factory.evidence.keys import AUTHORITY

APP = typer.Typer()
APP.command()(verify)
PHASES = ("foundation", "implementation", "validation", "integration")


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, through="integration")


def ask(run, *more):
    return CliRunner().invoke(APP, [str(run.store.path), *more])


def test_an_honest_run_holds(run):
    result = ask(run)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0] == f"Run manual__1 of orders_mart, plan {run.plan.digest}"
    assert f"Charter signed by key {run.record.charter.keyid} (assurance: local)" in result.output
    assert "Assurance local: nothing was changed afterwards; no wall between programs on one worker" in result.output
    for phase in PHASES:
        assert f"{phase}: signed verdict PASSED; judged again: PASSED" in result.output
    assert "The run: PASSED" in result.output
    assert result.output.count("✓") == 9
    assert "✗" not in result.output


def test_it_is_found_by_its_name(run, tmp_path):
    result = CliRunner().invoke(APP, ["orders_mart/manual__1", "--root", str(tmp_path / "evidence")])
    assert result.exit_code == 0


def test_it_reads_and_writes_nothing(run):
    before = sorted(run.store.path.rglob("*"))
    ask(run)
    assert sorted(run.store.path.rglob("*")) == before


def test_keys_are_not_needed(run):
    shutil.rmtree(run.keys.path)
    assert ask(run).exit_code == 0


def test_an_altered_file_is_found(run):
    blob = run.store.blob_path(run.record.newest("foundation/architect").says.evidence[0].digest)
    blob.write_bytes(blob.read_bytes()[:-1])
    result = ask(run)
    assert result.exit_code == 1
    assert "✗ evidence-altered  foundation/architect/architecture" in result.output
    assert "foundation: signed verdict PASSED; judged again: FAILED" in result.output
    assert "The run: FAILED" in result.output
    assert "✗ @architect complete with evidence" in result.output


def test_a_missing_verdict_is_found(run):
    place(run, "verdicts/integration").unlink()
    result = ask(run)
    assert result.exit_code == 1
    assert "✗ verdict-missing  integration" in result.output
    assert "integration: signed verdict none; judged again: PASSED" in result.output


def test_a_failed_verdict_is_found(tmp_path):
    run = honest(tmp_path)
    run.work("foundation", without=("foundation/architect",))
    run.answer("foundation")
    result = ask(run)
    assert result.exit_code == 1
    assert "foundation: signed verdict FAILED; judged again: FAILED" in result.output
    assert "✗ statement-missing  foundation/architect: @architect delivered nothing" in result.output


def test_the_same_as_json(run):
    result = ask(run, "--json")
    assert result.exit_code == 0
    told = json.loads(result.output)
    assert told["verdict"] == "PASSED"
    assert (told["workflow"], told["run"], told["plan"]) == ("orders_mart", "manual__1", run.plan.digest)
    assert (told["charter"], told["key"], told["assurance"]) == (run.record.charter.digest, run.record.charter.keyid, "local")
    assert told["phases"] == dict.fromkeys(PHASES, "PASSED")
    assert [answer["holds"] for answer in told["checklists"]] == [True] * 9
    assert told["findings"] == []


def test_a_last_word_about_older_verdicts_is_none(run):
    completed(run)
    assert "  last word: PASSED, at " in ask(run).output
    assert json.loads(ask(run, "--json").output)["completed"] == run.record.completions[-1].says.completed_at
    run.answer("integration")
    result = ask(run)
    assert result.exit_code == 0
    assert "  last word: none, the run is not complete, for that which was signed is about older verdicts" in result.output.splitlines()
    assert json.loads(ask(run, "--json").output)["completed"] is None


def test_findings_as_json(run):
    place(run, "statements/foundation/ux-designer").unlink()
    result = ask(run, "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert told["verdict"] == "FAILED"
    assert told["phases"]["foundation"] == "FAILED"
    assert {"rule": "statement-missing", "subject": "foundation/ux-designer", "task": "foundation/ux-designer"}.items() <= next(
        finding for finding in told["findings"] if finding["rule"] == "statement-missing"
    ).items()
    assert {answer["id"] for answer in told["checklists"] if not answer["holds"]} == {"ux-designer-complete", "evidence-verified"}


def test_a_key_that_is_trusted(run):
    assert ask(run, "--trust", run.keys.signer(AUTHORITY).public.keyid).exit_code == 0


@pytest.mark.parametrize("trusted", ["0" * 64, "", "architect"])
def test_a_key_that_is_not(run, trusted):
    result = ask(run, "--trust", trusted)
    assert result.exit_code == 1
    assert f"✗ key-untrusted  charter: The charter is signed by {run.record.charter.keyid}, not by {trusted}." in result.output
    assert "The run: FAILED" in result.output


def test_the_start_of_a_key_is_not_the_key(run):
    assert ask(run, "--trust", run.record.charter.keyid[:16]).exit_code == 1


def test_a_forged_run_with_a_key_of_its_own_is_told_by_trust_alone(run, tmp_path):
    # Whoever makes a charter with a key of their own is believed by nobody who names the key they trust.
    (tmp_path / "forger").mkdir()
    forged = honest(tmp_path / "forger")
    shutil.rmtree(forged.keys.path)
    shutil.rmtree(forged.store.path / "charters")
    forged.kickoff()
    forged.through("integration")
    assert ask(forged).exit_code == 0
    assert ask(forged, "--trust", run.record.charter.keyid).exit_code == 1


def test_a_run_that_is_not_there(tmp_path):
    result = CliRunner().invoke(APP, ["orders_mart/manual__1", "--root", str(tmp_path)])
    assert isinstance(result.exception, StoreError)
    assert "There is no run" in str(result.exception)


def test_a_run_whose_charter_was_altered_is_an_error_and_no_verdict(run):
    (run.store.path / "charters" / "0001.json").write_bytes(b"{}")
    result = ask(run)
    assert isinstance(result.exception, PhasegateError)
    assert "PASSED" not in result.output


@pytest.fixture
def excused(tmp_path):
    """A whole run that passed with a waiver."""
    run = failed(tmp_path)
    decided(run, "waive", findings=(FINDING,))
    waived(run)
    run.answer("validation")
    run.work("integration")
    assert run.answer("integration").word == "PASSED"
    return run


def test_what_passed_with_a_waiver_holds_and_is_said_to_have_one(excused):
    result = ask(excused)
    assert result.exit_code == 0
    assert "validation: signed verdict PASSED_WITH_WAIVER; judged again: PASSED_WITH_WAIVER" in result.output
    assert "The run: PASSED_WITH_WAIVER" in result.output
    assert "The run: PASSED\n" not in result.output
    assert f"⚠ waived by erin until {excused.record.waivers['validation'][0].says.expires_at}: {FINDING}" in result.output
    assert "⚠ @test-engineer gave technical validation" in result.output
    assert "It holds because of waivers alone: 1 finding stood and was not mended." in result.output
    assert "erin answered waive after cycle 0: It can wait." in result.output


def test_waivers_and_decisions_as_json(excused):
    told = json.loads(ask(excused, "--json").output)
    assert (told["verdict"], told["phases"]["validation"]) == ("PASSED_WITH_WAIVER", "PASSED_WITH_WAIVER")
    assert [(item["finding"]["rule"], item["by"]) for item in told["waived"]] == [("check-failed", "erin")]
    assert [(item["by"], item["reason"]) for item in told["waivers"]] == [("erin", "Known, ticket 4711")]
    assert [(item["by"], item["answer"]) for item in told["decisions"]] == [("erin", "waive")]
    assert [item["id"] for item in told["checklists"] if item["waived"]] == ["evidence-verified", "technically-validated"]
    assert told["findings"] == []


def test_a_waiver_that_was_taken_away_is_found(excused):
    place(excused, "waivers/validation").unlink()
    result = ask(excused)
    assert result.exit_code == 1
    assert "The run: FAILED" in result.output
    assert f"✗ {FINDING.replace(':', '  ')}" in result.output


def test_fix_cycles_are_judged_again_and_told(tmp_path, monkeypatch):
    house = mended(tmp_path / "house", monkeypatch)
    house.fix("check")
    house.phase("ship")
    result = ask(house)
    assert result.exit_code == 0, result.output
    commit = house.record.rounds["check"][0].statements["build/two.maker"][-1].says.sealed.commit
    assert "check: signed verdict PASSED after fix cycle 1; judged again: PASSED" in result.output
    assert f"fix cycle 1: 1 finding, given to build/two.maker ({commit[:12]}); 1 mended, 0 waived, 0 open" in result.output
    assert f"✓ mended, found at first: {JUDGED}" in result.output
    told = json.loads(ask(house, "--json").output)
    assert told["rechecked"] == {"check": [{"finding": JUDGED, "cycle": 0, "now": "mended"}]}
    assert [(cycle["phase"], cycle["cycle"], cycle["mended"]) for cycle in told["cycles"]] == [("check", 1, [JUDGED])]
    assert told["cycles"][0]["orders"][0]["owner"] == "build/two.maker"


def test_what_is_quoted_cannot_speak_to_the_terminal(tmp_path):
    run = failed(tmp_path)
    decided(run, "stop", reason="\x1b[2J\u202e\nThe run: PASSED")
    told = ask(run).output
    assert "⟨U+001B⟩[2J⟨U+202E⟩ The run: PASSED" in told
    assert "\x1b" not in told
    assert "\x1b" not in ask(run, "--json").output


def test_several_runs_are_judged_one_after_another_and_one_that_cannot_be_read_stops_none(run, tmp_path):
    other = tmp_path / "copies" / "orders_mart" / "manual__1"
    shutil.copytree(run.store.path, other)
    result = ask(run, str(other))
    assert result.exit_code == 0, result.output
    assert result.output.count("Run manual__1 of orders_mart") == 2
    assert result.output.endswith("2 runs: all hold.\n")
    result = CliRunner().invoke(APP, [str(tmp_path / "nothing"), str(run.store.path)])
    assert (result.exit_code, "There is no run" in result.output, "The run: PASSED" in result.output) == (1, True, True)
    assert result.output.endswith("2 runs: 1 of them not in order.\n")
    told = json.loads(ask(run, str(other), "--json").output)
    assert [one["verdict"] for one in told] == ["PASSED", "PASSED"]


def test_of_several_runs_neither_a_bundle_alone_nor_a_name_that_no_disk_has_stops_the_others(run, tmp_path):
    bundle = tmp_path / "run.intoto.jsonl"
    bundle.write_bytes(b"{}\n")
    result = CliRunner().invoke(APP, [str(bundle), "x" * 300, str(run.store.path)])
    assert result.exit_code == 1
    assert f"Of a bundle alone nothing can be judged: {bundle}." in result.output
    assert "File name too long" in result.output
    assert "Run manual__1 of orders_mart" in result.output
    assert result.output.endswith("3 runs: 2 of them not in order.\n")
