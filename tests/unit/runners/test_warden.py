"""The warden, started as it is: a program of its own between us and a program, so that nothing of that outlives it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dag_factory.runners import warden

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

CROWD = """
echo $$ > child
sleep 600 & echo $! > sleeper
setsid sh -c 'trap "" TERM; echo $$ > deaf; while :; do sleep 1; done' &
{then}
"""


@pytest.fixture
def guard(bench):
    """Starts a warden over a program; its lifeline is `stdin`."""
    started = []

    def start(*argv, **options):
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", warden.__file__, *argv], cwd=bench.workspace, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True, **options,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


def ended(process, patience=10):
    """How it ended, with what was said; the lifeline stays in our hand."""
    code = process.wait(patience)
    return code, process.stdout.read().decode()


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -SEGV $$", 139), ("kill -KILL $$", 137), ("kill -TERM $$", 143)],
)
def test_it_ends_as_its_program_ended(guard, command, code):
    assert ended(guard("sh", "-c", command)) == (code, "")


@pytest.mark.parametrize(("name", "code", "why"), [("./none", 127, "No such file"), ("./plain", 126, "Permission denied")])
def test_a_program_that_cannot_be_started_is_told_as_a_shell_tells_it(guard, bench, name, code, why):
    (bench.workspace / "plain").write_text("text", encoding="utf-8")
    got, said = ended(guard(name))
    assert got == code
    assert said.startswith(f"phasegate: cannot start {name}: {why}")


def test_a_program_has_no_input_a_session_of_its_own_and_no_lifeline(guard):
    process = guard("sh", "-c", "readlink /proc/self/fd/0; ls /proc/self/fd | wc -l; ps -o sid= -p $$; echo $$")
    _, said = ended(process)
    where, count, session, pid = said.split()
    assert (where, session) == ("/dev/null", pid)
    assert int(count) == 4, "0, 1, 2, and the one that ls looks with"


def crowd(guard, bench, then):
    process = guard("sh", "-c", CROWD.format(then=then))
    return process, [bench.pid_in(name) for name in ("child", "sleeper", "deaf")]


@pytest.mark.parametrize("how", ["lifeline", "term", "twice"])
def test_told_to_end_it_ends_the_whole_tree_and_dies_of_the_signal(guard, bench, runs, how):
    process, pids = crowd(guard, bench, "wait")
    began = time.monotonic()
    if how == "lifeline":
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    if how == "twice":
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    assert warden.GRACE - 0.2 < time.monotonic() - began < warden.GRACE + warden.KILL_PATIENCE + 2, "the deaf one was given its grace"
    assert [pid for pid in pids if runs(pid)] == []


def test_what_heeds_sigterm_is_not_waited_for(guard, bench, runs):
    process = guard("sh", "-c", "trap 'echo put away; exit 0' TERM; echo $$ > child; sleep 600 & wait")
    pid = bench.pid_in("child")
    began = time.monotonic()
    process.stdin.close()
    assert process.wait(10) == -signal.SIGTERM
    assert time.monotonic() - began < warden.GRACE
    assert process.stdout.read() == b"put away\n"
    assert not runs(pid)


def test_what_a_program_leaves_behind_is_ended_and_its_code_kept(guard, bench, runs):
    process, pids = crowd(guard, bench, "while test ! -s deaf; do sleep 0.05; done; exit 7")
    assert process.wait(10) == 7
    assert [pid for pid in pids if runs(pid)] == []


def test_a_stopped_program_is_ended_too(guard, bench, runs):
    process = guard("sh", "-c", "echo $$ > child; kill -STOP $$; sleep 600")
    pid = bench.pid_in("child")
    process.stdin.close()
    assert process.wait(10) == -signal.SIGTERM
    assert not runs(pid)


def test_killed_it_takes_its_program_with_it(guard, bench, runs, until):
    process = guard("sh", "-c", "echo $$ > child; exec sleep 600")
    pid = bench.pid_in("child")
    process.kill()
    assert until(lambda: not runs(pid) or warden.facts(pid) is None)


def test_what_is_written_on_the_lifeline_ends_it_as_well(guard):
    process = guard("sleep", "600")
    process.stdin.write(b"x")
    process.stdin.flush()
    assert process.wait(10) == -signal.SIGTERM


# What it knows of processes.


@pytest.fixture
def sleeper(tmp_path):
    """A process whose name is made to be misread in /proc."""
    program = tmp_path / "x) R 1 1 (1"
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "600"]) as process:
        yield process
        process.kill()


def test_a_name_made_to_be_misread_is_not(sleeper, until):
    assert until(lambda: b"x) R" in Path(f"/proc/{sleeper.pid}/comm").read_bytes())
    parent, session, started = warden.facts(sleeper.pid)
    assert (parent, session) == (os.getpid(), os.getsid(0))
    assert started > 1
    assert warden.processes()[sleeper.pid] == (parent, session, started)
    assert warden.below(os.getpid())[sleeper.pid] == started


def test_a_process_that_is_not_there_has_no_facts(sleeper):
    sleeper.kill()
    sleeper.wait()
    assert warden.facts(sleeper.pid) is None
    assert sleeper.pid not in warden.below(os.getpid())
    warden.send(sleeper.pid, 1, signal.SIGKILL)


def test_a_pid_that_was_given_to_another_is_left_alone(sleeper):
    started = warden.facts(sleeper.pid)[2]
    warden.send(sleeper.pid, started - 1, signal.SIGKILL)
    time.sleep(0.1)
    assert sleeper.poll() is None
    warden.send(sleeper.pid, started, signal.SIGKILL)
    assert sleeper.wait(5) == -signal.SIGKILL


def test_being_a_subreaper_can_be_chosen_and_asked():
    before = warden.is_subreaper()
    try:
        warden.set_subreaper(not before)
        assert warden.is_subreaper() is not before
    finally:
        warden.set_subreaper(before)
    assert warden.is_subreaper() is before
