"""Every way a program may end, and that nothing of it is left."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from dag_factory.errors import RunnerError
from dag_factory.runners import Bounds, Limits

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
ANYWHERE = Bounds(outside=("/",))  # who is kept in reaches its warden on older kernels only

# Forks twice into a session of its own, closes nothing, ignores SIGTERM if told; writes its pid.
DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        if "deaf" in sys.argv:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open("daemon", "w") as file:
            print(os.getpid(), file=file)
        time.sleep(3600)
    os._exit(0)
os.wait()
while not (os.path.exists("daemon") and open("daemon").read().endswith("\\n")):
    time.sleep(0.01)
if "stay" in sys.argv:
    time.sleep(3600)
"""


def test_output_is_live_and_in_order(bench):
    seen: list[tuple[float, str]] = []
    outcome = bench.run(
        "sh", "-c", "echo one; echo two >&2; sleep 0.5; printf three", emit=lambda line: seen.append((time.monotonic(), line))
    )
    assert (outcome.ended, outcome.exit_code, outcome.reason) == ("exited", 0, "")
    assert [line for _, line in seen] == ["one", "two", "three"]
    assert seen[2][0] - seen[0][0] > 0.4
    assert bench.log.read_text() == "one\ntwo\nthree"
    assert outcome.excerpt == "one\ntwo\nthree"
    assert (outcome.log_bytes, outcome.log_truncated) == (13, False)


def test_exit_code_and_signal(bench):
    assert bench.run("sh", "-c", "exit 3").exit_code == 3
    killed = bench.run("sh", "-c", "kill -SEGV $$")
    assert killed.exit_code == 128 + signal.SIGSEGV
    assert "signal 11" in killed.reason


def test_a_flood_fills_neither_memory_nor_disk(bench):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = bench.run("sh", "-c", "yes phasegate | head -c 300M; echo; echo last")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert outcome.exit_code == 0
    assert outcome.log_bytes > 300 * 2**20
    assert outcome.log_truncated
    assert bench.log.stat().st_size < Limits().log_bytes + 100
    assert outcome.excerpt.endswith("\nlast")
    assert "bytes left out" in bench.log.read_text()
    assert sum(map(len, bench.lines)) < Limits().emit_bytes + 100
    assert bench.lines[-1] == "[phasegate] output continues in the log file"
    assert grown < 100_000  # kilobytes


def test_no_standard_input_and_a_session_of_its_own(bench):
    outcome = bench.run("sh", "-c", "cat; ps -o sid= -p $$; echo $$")
    session, pid = outcome.excerpt.split()
    assert session == pid


def test_no_descriptor_is_inherited(bench):
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        outcome = bench.run("sh", "-c", "ls /dev/fd | sort -n | tr '\\n' ' '")
    finally:
        os.close(read)
        os.close(write)
    assert outcome.excerpt.split()[:3] == ["0", "1", "2"]
    assert str(write) not in outcome.excerpt.split()[4:]


def test_sigpipe_is_as_a_shell_expects(bench):
    assert bench.run("bash", "-c", "yes | head -1 >/dev/null; echo ${PIPESTATUS[0]}").excerpt == "141"


@linux
def test_hang_is_timed_out_with_its_children(bench, runs):
    outcome = bench.run("sh", "-c", "sleep 3600 & echo $! > child; wait", timeout=0.5)
    assert (outcome.ended, outcome.exit_code) == ("timed-out", None)
    assert "0.5 s" in outcome.reason
    assert outcome.seconds < 2
    assert not runs(bench.pid_in("child"))


@linux
def test_what_ignores_sigterm_is_killed(bench, runs):
    outcome = bench.run("sh", "-c", "trap '' TERM; echo $$ > child; while :; do sleep 1; done", timeout=0.3)
    assert outcome.ended == "timed-out"
    assert 2 < outcome.seconds < 4.3
    assert not runs(bench.pid_in("child"))


@linux
def test_a_program_may_end_well_on_sigterm(bench):
    outcome = bench.run("sh", "-c", "trap 'echo put away; exit 0' TERM; sleep 3600 & wait", timeout=0.3)
    assert (outcome.ended, outcome.exit_code) == ("timed-out", None)
    assert outcome.excerpt == "put away"


@linux
@pytest.mark.parametrize("deaf", ["", "deaf"])
def test_a_daemon_does_not_outlive_its_program(bench, runs, deaf):
    outcome = bench.run(sys.executable, "-c", DAEMON, deaf)
    assert (outcome.ended, outcome.exit_code) == ("exited", 0)
    assert outcome.seconds < 4
    assert not runs(bench.pid_in("daemon"))


@linux
def test_a_daemon_does_not_outlive_a_timeout(bench, runs):
    outcome = bench.run(sys.executable, "-c", DAEMON, "stay", timeout=1)
    assert outcome.ended == "timed-out"
    assert not runs(bench.pid_in("daemon"))


@linux
def test_a_crowd_that_keeps_forking_is_ended(bench, runs):
    script = "trap '' TERM; for i in 1 2 3 4 5; do (while :; do sleep 0.01; done) & done; echo $! > child; wait"
    assert bench.run("sh", "-c", script, timeout=0.5).ended == "timed-out"
    assert not runs(bench.pid_in("child"))


@linux
def test_stop_from_another_thread(bench, runs):
    timer = threading.Timer(0.4, bench.stop.set)
    timer.start()
    outcome = bench.run("sh", "-c", "echo $$ > child; sleep 3600")
    timer.join()
    assert (outcome.ended, outcome.exit_code) == ("stopped", None)
    assert outcome.seconds < 2
    assert not runs(bench.pid_in("child"))


def test_stopped_before_it_began(bench):
    bench.stop.set()
    outcome = bench.run("touch", "made")
    assert (outcome.ended, outcome.exit_code) == ("stopped", None)
    assert not (bench.workspace / "made").exists()


class TaskTimeoutError(BaseException):
    """As Airflow's AirflowTaskTimeout: raised by a signal handler, and no Exception."""


@linux
@pytest.mark.parametrize("deaf", ["", "deaf"])
def test_an_exception_out_of_a_signal_handler_ends_everything(bench, runs, deaf):
    def interrupt(*_: object) -> None:
        raise TaskTimeoutError

    before = signal.signal(signal.SIGALRM, interrupt)
    began = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.7)
        with pytest.raises(TaskTimeoutError):
            bench.run(sys.executable, "-c", DAEMON, "stay", deaf)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - began < 0.7 + 4
    assert not runs(bench.pid_in("daemon"))
    assert bench.log.exists()


@linux
def test_an_exception_out_of_emit_ends_everything(bench, runs):
    def refuse(line: str) -> None:
        raise OSError(line)

    with pytest.raises(OSError, match="hello"):
        bench.run("sh", "-c", "echo $$ > child; echo hello; sleep 3600", emit=refuse)
    assert not runs(bench.pid_in("child"))


@linux
def test_a_killed_task_process_leaves_nothing(bench, runs, until):
    (bench.workspace / "daemon.py").write_text(DAEMON)
    task = textwrap.dedent(
        f"""
        import sys, threading
        from pathlib import Path
        from dag_factory.runners import Limits, run_program
        run_program([sys.executable, "daemon.py", "stay", "deaf"], cwd=Path({str(bench.workspace)!r}), environment={{}},
                    timeout=None, stop=threading.Event(), log=Path({str(bench.log)!r}), emit=print, limits=Limits())
        """
    )
    process = subprocess.Popen([sys.executable, "-c", task], env={"PYTHONPATH": os.pathsep.join(sys.path)})
    daemon = bench.pid_in("daemon")
    process.kill()
    process.wait()
    assert until(lambda: not runs(daemon), 4)


@linux
def test_killing_the_warden_frees_nobody(bench, runs):
    (bench.workspace / "daemon.py").write_text(DAEMON)
    outcome = bench.run("sh", "-c", f"{sys.executable} daemon.py deaf; kill -9 $PPID; sleep 3600", bounds=ANYWHERE)
    assert (outcome.ended, outcome.exit_code) == ("exited", 137)
    assert outcome.seconds < 3
    assert not runs(bench.pid_in("daemon"))


@linux
def test_stopping_the_warden_frees_nobody(bench, runs):
    outcome = bench.run("sh", "-c", "echo $$ > child; kill -STOP $PPID; sleep 3600", timeout=0.3, bounds=ANYWHERE)
    assert outcome.ended == "timed-out"
    assert outcome.seconds < 4.3
    assert not runs(bench.pid_in("child"))


@linux
def test_who_is_not_of_the_program_is_left_alone(bench, runs):
    siblings = [subprocess.Popen(["sleep", "60"], start_new_session=own) for own in (False, True)]
    later: list[subprocess.Popen[bytes]] = []
    try:
        more = {"emit": lambda _: later.append(subprocess.Popen(["sleep", "60"])), "bounds": ANYWHERE}
        assert bench.run("sh", "-c", "echo x; kill -9 $PPID; sleep 9", **more).exit_code == 137
        assert [sibling.poll() for sibling in (*siblings, *later)] == [None, None, None]
    finally:
        for sibling in (*siblings, *later):
            sibling.kill()
            sibling.wait()


@linux
def test_runs_in_two_threads_do_not_meet(bench, tmp_path):
    answers: list[object] = []
    other = threading.Thread(target=lambda: answers.append(bench.run("sh", "-c", "sleep 1.5; exit 4", log=tmp_path / "other").exit_code))
    other.start()
    time.sleep(0.3)
    assert bench.run("sh", "-c", "kill -9 $PPID; sleep 3600", bounds=ANYWHERE).exit_code == 137
    other.join()
    assert answers == [4]


def test_a_program_that_closes_its_output_still_runs(bench):
    outcome = bench.run("sh", "-c", "exec >/dev/null 2>&1; sleep 0.5; exit 5")
    assert outcome.exit_code == 5
    assert outcome.seconds > 0.4


def test_what_cannot_be_started_is_an_outcome(bench):
    (bench.workspace / "plain").write_text("#!/nowhere/python\n")
    missing = bench.run("no-such-program", "x")
    assert (missing.ended, missing.exit_code) == ("not-started", None)
    assert "'no-such-program' is not on the worker's PATH" in missing.reason
    assert "chmod +x" in bench.run("./plain").reason
    assert "does not exist" in bench.run("./none").reason
    assert "empty" in bench.run().reason
    assert bench.run("echo", "a\0b").ended == "not-started"
    assert bench.run("echo", "x" * 10_000_000).ended == "not-started"
    (bench.workspace / "plain").chmod(0o755)
    outcome = bench.run("./plain")
    assert outcome.exit_code == 127
    assert "cannot start ./plain" in outcome.excerpt


def test_without_a_workspace_there_is_nothing_to_run(bench):
    with pytest.raises(RunnerError, match="no folder"):
        bench.run("true", cwd=bench.root / "none")


@linux
def test_starting_costs_little(bench):
    assert min(bench.run("true").seconds for _ in range(5)) < 0.5
