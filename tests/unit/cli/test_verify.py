"""`phasegate verify`: a run judged again from its store alone."""

from __future__ import annotations

import json
import shutil

import pytest
import typer
from support.runs import honest, place
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
