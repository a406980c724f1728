"""How an operator of Airflow's ends: it fails, skips, takes too long, is killed, or leaves a daemon behind."""

from __future__ import annotations

import base64
import os
import sys
import traceback
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.stock import NOTED, REPORT, Noted, bound, first, said


@pytest.mark.parametrize(
    ("does", "says", "kind"),
    [
        ("skip", "It skipped (not today), and a skip is no answer here.", AirflowException),
        ("branch", "and a skip is no answer here.", AirflowException),
        ("break", "ValueError: it broke, with some-word and more", AirflowException),
        ("stop", "AirflowFailException: never again", AirflowFailException),
        ("exit", "AirflowException: Noted called sys.exit(0): an operator ends by returning, or fails", AirflowException),
        ("trigger", "It asks Airflow to start another run when it has ended", AirflowException),
    ],
)
def test_an_operator_that_fails_or_skips_leaves_a_failed_statement(small, does, says, kind):
    house = first(small(binding=bound(NOTED, does=does, text="some-word"), **REPORT))
    house.close("first")
    assert type(house.errors["first.write"]) is kind, "so that Airflow retries what may be retried"
    assert says in house.failures["first.write"]
    assert (said(house).outcome, said(house).evidence) == ("failed", ())
    assert {finding.rule for finding in house.findings("first")} == {"task-failed"}
    assert says in house.findings("first")[0].text


def no() -> bool:
    """What a `ShortCircuitOperator` asks."""
    return False


def gate() -> str:
    """What a `BranchPythonOperator` follows."""
    return "first.gate"


@pytest.mark.parametrize(("operator", "asks"), [("ShortCircuitOperator", "no"), ("BranchPythonOperator", "gate")])
def test_an_operator_that_would_have_others_skipped_fails_and_leaves_airflow_no_note_of_it(small, monkeypatch, operator, asks):
    monkeypatch.setitem(sys.modules, "asked_of_others", sys.modules[__name__])
    path = f"airflow.providers.standard.operators.python.{operator}"
    house = first(small(binding=bound(path, python_callable=f"{{import: asked_of_others.{asks}}}"), **REPORT))
    assert house.failures["first.write"].endswith("It skipped (what comes after it), and a skip is no answer here.")
    assert said(house).outcome == "failed"
    assert ("first.write", "skipmixin_key") not in house.xcoms, "by that Airflow would skip the gate"
    house.close("first")
    assert {finding.rule for finding in house.findings("first")} == {"task-failed"}


def test_an_operator_that_takes_too_long_is_ended_and_leaves_a_failed_statement(small, monkeypatch):
    monkeypatch.setattr(Noted, "killed", [])
    house = first(small(binding=bound(NOTED, ", timeout: 1s", does="sleep", text="slow"), **REPORT))
    assert "It was still at work after 1 s." in house.failures["first.write"]
    assert (said(house).outcome, Noted.killed) == ("failed", ["slow"])


def test_what_was_killed_is_not_attested_and_the_operators_own_end_is_called(small, monkeypatch):
    monkeypatch.setattr(Noted, "killed", [])
    house = first(small(binding=bound(NOTED, does="kill", text="end me"), **REPORT))
    assert "nothing of it is attested" in house.failures["first.write"]
    assert Noted.killed == ["end me"]
    assert house.record.newest("first/write") is None


def test_a_daemon_that_it_leaves_does_not_outlive_it(small, monkeypatch, tmp_path):
    monkeypatch.setattr(Noted, "waits", [])
    house = first(small(binding=bound(NOTED, does="daemon", deep=f"{tmp_path}/pid"), **REPORT))
    assert house.failures == {}
    [daemon] = Noted.waits
    stat = Path(f"/proc/{daemon}/stat")
    assert not stat.exists() or stat.read_bytes().rpartition(b")")[2].split()[0] == b"Z"


def test_a_thread_that_it_leaves_at_work_is_named_and_nothing_of_it_counts(small):
    house = first(small(binding=bound(NOTED, does="thread", deep="20"), **REPORT))
    assert "Noted ended and left threads at work: writer (linger in " in house.failures["first.write"]
    assert "have it wait for them" in house.failures["first.write"]
    assert (said(house).outcome, said(house).evidence) == ("failed", ())
    house.close("first")
    assert {finding.rule for finding in house.findings("first")} == {"task-failed"}


def test_a_thread_that_ends_a_moment_after_it_is_none_that_it_left(small):
    house = first(small(binding=bound(NOTED, does="thread", deep="0.3"), **REPORT))
    assert house.failures == {}


class SpeechlessError(Exception):
    """What an operator may raise, too."""

    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (ValueError("no file n\udcffme"), "ValueError: no file n?me"),
        (ValueError("half of \ud83d"), "ValueError: half of ?"),
        (SpeechlessError(), "SpeechlessError: it says nothing that can be read"),
    ],
)
@pytest.mark.parametrize("more", ["", ", env: {WORD: {env: SOME_TOKEN}}"], ids=["nothing to mask", "a secret to mask"])
def test_what_cannot_be_signed_as_it_was_raised_leaves_a_failed_statement_all_the_same(small, monkeypatch, raised, says, more):
    def broken(self, context):
        raise raised

    monkeypatch.setenv("SOME_TOKEN", "hunter2-hunter2")
    monkeypatch.setattr(Noted, "do_nothing", broken)
    house = first(small(binding=bound(NOTED, more), **REPORT))
    assert type(house.errors["first.write"]) is AirflowException, "so that Airflow retries it"
    assert says in house.failures["first.write"]
    assert said(house).outcome == "failed"


def test_a_secret_in_a_mapping_that_was_raised_is_masked(small, monkeypatch):
    told = base64.b64encode(b"bot:hunter2-hunter2").decode()

    def broken(self, context):
        raise KeyError({"headers": {told: told}})

    monkeypatch.setenv("SOME_TOKEN", "hunter2-hunter2")
    monkeypatch.setattr(Noted, "do_nothing", broken)
    house = first(small(binding=bound(NOTED, ", env: {WORD: {env: SOME_TOKEN}}"), **REPORT))
    assert told[8:-4] not in f"{house.failures['first.write']} {house.errors['first.write'].__cause__!r}"
    assert "***" in repr(house.errors["first.write"].__cause__)


class HoldingError(Exception):
    """Holds what it tells where nobody can change it."""

    __slots__ = ("_told",)

    def __init__(self, told: str) -> None:
        self._told = told.encode()

    def __str__(self) -> str:
        return f"answered {self._told!r}"


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "raised",
    [
        HoldingError(SECRET),
        ValueError(SECRET.encode()),
        ValueError(frozenset([SECRET])),
        ExceptionGroup(SECRET, [ValueError(1)]),
        SyntaxError("bad", ("f", 1, 1, SECRET)),
        OSError(2, "no", "/from", None, f"/to/{SECRET}"),
    ],
    ids=lambda raised: type(raised).__name__,
)
@pytest.mark.parametrize("led", [False, True], ids=["itself", "what led to it"])
def test_wherever_an_exception_holds_a_secret_its_traceback_tells_none(small, monkeypatch, raised, led):
    def broken(self, context):
        if not led:
            raise raised
        raise LookupError("no such order") from raised

    monkeypatch.setenv("SOME_TOKEN", SECRET)
    monkeypatch.setattr(Noted, "do_nothing", broken)
    house = first(small(binding=bound(NOTED, ", env: {WORD: {env: SOME_TOKEN}}"), **REPORT))
    shown = "".join(traceback.format_exception(house.errors["first.write"]))
    assert SECRET not in shown
    assert "***" in shown
    assert "in broken" in shown, "it still tells where it was raised"


def test_an_exception_without_a_secret_is_passed_on_as_it_is(small, monkeypatch):
    raised = KeyError("orders")

    def broken(self, context):
        raise raised

    monkeypatch.setenv("SOME_TOKEN", SECRET)
    monkeypatch.setattr(Noted, "do_nothing", broken)
    house = first(small(binding=bound(NOTED, ", env: {WORD: {env: SOME_TOKEN}}"), **REPORT))
    assert house.errors["first.write"].__cause__ is raised


def test_what_an_operator_leaves_of_its_surroundings_steers_no_check(small, monkeypatch, tmp_path):
    tools, gone = tmp_path / "tools", tmp_path / "gone"
    for folder in (tools, gone):
        folder.mkdir()
    (tools / "true-test").write_text("#!/bin/sh\nexit 0\n")
    (tools / "true-test").chmod(0o755)

    def spoils(self, context):
        os.environ.pop("LEFT_ALONE")
        os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
        os.chdir(gone)
        gone.rmdir()
        os.umask(0o777)

    monkeypatch.setenv("LEFT_ALONE", "as it was")
    monkeypatch.setattr(Noted, "do_nothing", spoils)
    before, place = dict(os.environ), Path.cwd()
    house = first(small(binding=bound(NOTED, ", verify: true-test"), **REPORT))
    assert house.failures == {}
    assert said(house).checks[0].exit_code == 127, "the tool is on the operator's own PATH"
    assert (os.environ["LEFT_ALONE"], os.environ["PATH"], Path.cwd()) == ("as it was", before["PATH"], place)
    umask = os.umask(0)
    os.umask(umask)
    assert umask != 0o777
