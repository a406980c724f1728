"""The net: who loses a warden is found and killed, and nobody else is."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from dag_factory.runners import warden
from dag_factory.runners.orphans import adopting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

LEAVES = "setsid sh -c 'trap \"\" TERM HUP; echo $$ > lost; sleep 600 & echo $! > below; wait' & while :; do sleep 1; done"
"""A program that leaves a process in a session of its own, with a child."""


@pytest.fixture
def start(bench):
    """Starts something in a warden's place."""
    started = []

    def begin(net, command, **options):
        process = net.start(["sh", "-c", command], cwd=bench.workspace, start_new_session=True, **options)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_adopting_is_undone_when_the_last_one_leaves():
    before = warden.is_subreaper()
    with adopting():
        assert warden.is_subreaper()
        with adopting():
            pass
        assert warden.is_subreaper(), "another run still needs it"
    assert warden.is_subreaper() is before


def test_adopting_is_undone_after_an_exception_too():
    before = warden.is_subreaper()
    with pytest.raises(KeyboardInterrupt), adopting():
        raise KeyboardInterrupt
    assert warden.is_subreaper() is before


def test_who_was_a_subreaper_stays_one():
    before = warden.is_subreaper()
    warden.set_subreaper(True)
    try:
        with adopting():
            pass
        assert warden.is_subreaper()
    finally:
        warden.set_subreaper(before)


def test_runs_in_two_threads_share_the_setting():
    first_is_in, second_is_done = threading.Event(), threading.Event()
    seen = []

    def stay():
        with adopting():
            first_is_in.set()
            second_is_done.wait(5)
            seen.append(warden.is_subreaper())

    other = threading.Thread(target=stay)
    other.start()
    first_is_in.wait(5)
    with adopting():
        pass
    second_is_done.set()
    other.join()
    assert seen == [True]


def test_what_a_dead_warden_left_is_killed_with_all_below_it_and_reaped(bench, start, runs):
    with adopting() as net:
        process = start(net, LEAVES)
        pids = [bench.pid_in("lost"), bench.pid_in("below")]
        process.kill()
        process.wait()
        began = time.monotonic()
        net.sweep(process.pid)
        assert time.monotonic() - began < 1
        assert [pid for pid in pids if runs(pid)] == [], "not even a zombie"


def test_where_nothing_was_left_a_sweep_is_done_at_once(start):
    with adopting() as net:
        process = start(net, "exit 0")
        process.wait()
        began = time.monotonic()
        net.sweep(process.pid)
        assert time.monotonic() - began < 0.3


def test_a_sweep_leaves_everybody_else_alone(bench, start):
    before = subprocess.Popen(["sleep", "600"], start_new_session=True)
    others = [before]
    try:
        with adopting() as net:
            others.append(subprocess.Popen(["sleep", "600"]))  # started meanwhile in the ordinary way
            with adopting() as second:
                others.append(start(second, "exec sleep 600"))  # the warden of a run in another thread
                process = start(net, LEAVES)
                bench.pid_in("below")
                process.kill()
                process.wait()
                net.sweep(process.pid)
                assert [other.poll() for other in others] == [None, None, None]
                second.forget(others[-1].pid)
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_a_warden_is_forgotten_once(start):
    with adopting() as net:
        process = start(net, "exit 0")
        process.wait()
        net.forget(process.pid)
        net.forget(process.pid)
        net.sweep(process.pid)


def test_what_cannot_be_started_is_told_and_not_remembered():
    from dag_factory.runners import orphans

    with adopting() as net:
        known = set(orphans._wardens)
        with pytest.raises(FileNotFoundError):
            net.start(["/no/such/program"])
        assert orphans._wardens == known
