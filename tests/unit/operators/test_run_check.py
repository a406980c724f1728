"""Checks are run by Phasegate, and their end is told as it was."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest
from support.collecting import SECRET, TASK

from dag_factory.errors import RunnerError, StoreError
from dag_factory.evidence.contract import CheckContract
from dag_factory.evidence.store import Store
from dag_factory.operators.collect import EXCERPT, Bench, keep_log, run_check
from dag_factory.runners import Limits, Outcome
from dag_factory.runners.bounds import why_not_offline


@pytest.fixture
def run(tmp_path):
    return Store(tmp_path / "store").run("dag", "run")


@pytest.fixture
def task():
    return TASK


@pytest.fixture
def lines():
    return []


@pytest.fixture
def bench(run, tmp_path, lines):
    for name in ("inputs", "home", "spec", "clean", "report"):
        (tmp_path / name).mkdir()
    (tmp_path / "task.json").write_text("{}", encoding="utf-8")
    return Bench(
        run, tmp_path / "inputs", tmp_path / "home", tmp_path / "task.json", tmp_path / "spec", {}, lines.append, threading.Event()
    )


@pytest.fixture
def check(bench, task, tmp_path):
    """Runs a command as a check."""

    def ran(command, timeout=30):
        asked = CheckContract(name="unit", run=command, timeout=timeout)
        return run_check(bench, task, asked, workspace=tmp_path / "clean", evidence=tmp_path / "report")

    return ran


@pytest.mark.parametrize(
    ("command", "code"), [("true", 0), ("exit 3", 3), ("exit 255", 255), (("sh", "-c", "exit 4"), 4), ("kill -9 $$", 137)]
)
def test_a_check_that_ended_by_itself_is_told_by_its_exit_code(check, command, code):
    result = check(command)
    assert (result.task, result.name, result.exit_code) == ("build/one", "unit", code)


def test_a_check_that_ended_well_says_no_more(check, run, bench, lines):
    result = check("echo out; echo err >&2")
    assert (result.exit_code, result.ended, result.excerpt) == (0, "exited", "out\nerr")
    assert run.blob(result.log) == b"out\nerr\n"
    assert lines == ["Check unit: echo out; echo err >&2", "out", "err"]
    assert 0 <= float(result.seconds) < 30


def test_a_check_that_ran_out_of_time_has_no_exit_code(check):
    result = check("echo begun; exec sleep 60", timeout=1)
    assert result.exit_code is None
    assert result.ended.startswith("Still running after 1 s")
    assert result.excerpt == "begun"


def test_a_check_whose_program_is_missing_has_no_exit_code(check, run):
    result = check(("no-such-program", "x"))
    assert result.exit_code is None
    assert "'no-such-program' is not on the worker's PATH" in result.ended
    assert run.blob(result.log) == b""


def test_a_check_that_was_stopped_is_never_told(check, bench):
    threading.Timer(0.5, bench.stop.set).start()
    with pytest.raises(RunnerError, match="The work was stopped; nothing of it is attested"):
        check("exec sleep 60")


def test_what_was_killed_is_refused_even_if_it_ended_well_in_that_moment(bench):
    ended = Outcome("exited", 0, (), 0, False, "", 0.1)
    bench.stopped(ended)
    bench.stop.set()
    with pytest.raises(RunnerError):
        bench.stopped(ended)


def test_of_a_flood_the_end_is_kept(check, run):
    result = check("yes phasegate | head -c 100000; printf last")
    assert len(result.excerpt) <= EXCERPT
    assert result.excerpt.endswith("last")
    assert len(run.blob(result.log)) == 100_004


def test_a_check_works_in_the_checkout_with_what_it_was_given(check, tmp_path):
    result = check('pwd; echo "$PHASEGATE_INPUTS $PHASEGATE_TASK"; echo report > "$PHASEGATE_EVIDENCE/read.txt"')
    assert result.excerpt.split() == [str(tmp_path / name) for name in ("clean", "inputs", "task.json")]
    assert (tmp_path / "report" / "read.txt").read_text(encoding="utf-8") == "report\n"


def test_a_request_carries_everything_and_the_default_limits(bench, tmp_path):
    asked = bench.request({"check": "true"}, workspace=tmp_path / "clean", evidence=tmp_path / "report", timeout=5, log=tmp_path / "log")
    assert (asked.work, asked.timeout, asked.limits) == ({"check": "true"}, 5, Limits())
    assert (asked.inputs, asked.home, asked.spec_dir) == (bench.inputs, bench.home, bench.spec_dir)


def test_no_log_is_an_empty_log(run, tmp_path):
    assert keep_log(run, tmp_path / "none") == hashlib.sha256(b"").hexdigest()


def test_a_log_that_the_store_has_no_room_for_was_replaced_by_nobody(run, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "log.txt").write_text("hello")
    monkeypatch.setattr(os, "link", full)
    with pytest.raises(StoreError, match=r"The evidence store cannot be written at .*: No space left on device"):
        keep_log(run, tmp_path / "log.txt")


@pytest.mark.parametrize("put", ["mkfifo $0", "mkdir $0", "ln -s /etc/hostname $0"])
def test_a_log_that_the_program_replaced_is_not_kept_and_not_waited_for(check, tmp_path, put):
    log = tmp_path / "report.log"
    with pytest.raises(RunnerError, match=r"The log report\.log was replaced by what is no plain file"):
        check(("sh", "-c", f"rm $0 && {put}", str(log)))


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("victim")], ids=["pipe", "folder", "link"])
def test_what_was_left_where_the_log_belongs_is_refused_and_not_written_to(check, tmp_path, make):
    (tmp_path / "victim").write_text("mine", encoding="utf-8")
    make(tmp_path / "report.log")
    with pytest.raises(RunnerError, match="The log of the program cannot be written to"):
        check("echo out")
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "mine"


def test_a_log_of_an_earlier_check_is_replaced(check, run, tmp_path):
    (tmp_path / "report.log").write_text("a longer text than the new one", encoding="utf-8")
    assert run.blob(check("echo out").log) == b"out\n"


def test_a_check_tells_its_secrets_to_nobody(check, bench, run, lines):
    from dataclasses import replace

    object.__setattr__(bench, "secrets", replace(bench.secrets, masked=(SECRET,)))
    result = check(f"printf tango-tan; sleep 0.3; printf '%s\n' go/whiskey; echo {SECRET} >&2; exit 1")
    assert result.excerpt == "***\n***"
    assert run.blob(result.log) == b"***\n***\n"
    assert not [line for line in lines if SECRET in line and not line.startswith("Check unit: ")]


# What was open to it.


@pytest.mark.parametrize("network", [False, True])
def test_a_check_says_whether_it_could_reach_the_network(bench, task, tmp_path, network):
    asked = CheckContract(name="unit", run="tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", network=network)
    result = run_check(bench, task, asked, workspace=tmp_path / "clean", evidence=tmp_path / "report")
    if network:
        assert (result.network, result.why_open) == ("open", "it may reach it")
    elif why_not_offline():
        assert (result.network, result.why_open) == ("open", why_not_offline())
    else:
        assert (result.network, result.why_open, result.excerpt) == ("none", "", "lo")


def test_a_check_that_takes_too_much_has_no_exit_code(bench, task, tmp_path):
    asked = CheckContract(name="unit", run="while :; do sleep 60 & done", processes=30)
    result = run_check(bench, task, asked, workspace=tmp_path / "clean", evidence=tmp_path / "report")
    assert result.exit_code is None
    assert "processes at once, and 30 are allowed" in result.ended
