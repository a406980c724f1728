"""Without the network: only its own loopback is left, it dies with its warden, and where that is not to be had it says so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dag_factory.runners import RUNNERS, offline
from dag_factory.runners import bounds as bounds_module
from dag_factory.runners.base import Bounds
from dag_factory.runners.bounds import why_not_offline

needs_namespaces = pytest.mark.skipif(bool(why_not_offline()), reason=f"this machine does not allow it: {why_not_offline()}")
OFFLINE = Bounds(network=False)

CONNECT = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 3)
except OSError as error:
    sys.exit(f"refused: {error}")
print("reached")
"""


@pytest.fixture
def service():
    """A service of this machine, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@needs_namespaces
def test_a_service_of_this_machine_cannot_be_reached(bench, service):
    assert bench.run(sys.executable, "-c", CONNECT, str(service)).excerpt == "reached"
    outcome = bench.run(sys.executable, "-c", CONNECT, str(service), bounds=OFFLINE)
    assert (outcome.exit_code, outcome.offline, outcome.why_online) == (1, True, "")
    assert "refused" in outcome.excerpt


@needs_namespaces
def test_an_address_elsewhere_cannot_be_reached(bench):
    script = CONNECT.replace("127.0.0.1", "192.0.2.1")  # TEST-NET-1, which is nobody's
    assert "Network is unreachable" in bench.run(sys.executable, "-c", script, "9", bounds=OFFLINE).excerpt


@needs_namespaces
@pytest.mark.parametrize(
    ("family", "host"),
    [
        ("AF_INET", "127.0.0.1"),
        pytest.param("AF_INET6", "::1", marks=pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")),
    ],
)
def test_it_has_a_loopback_of_its_own(bench, family, host):
    script = f"""
import socket
with socket.socket(socket.{family}) as server:
    server.bind(({host!r}, 0))
    server.listen()
    with socket.socket(socket.{family}) as client:
        client.connect(server.getsockname())
print("reached")
"""
    assert bench.run(sys.executable, "-c", script, bounds=OFFLINE).excerpt == "reached"


@needs_namespaces
def test_it_is_still_who_it_was_and_its_files_are_its_own(bench):
    outcome = bench.run("sh", "-c", "id -u; id -g; echo made > made", bounds=OFFLINE)
    assert outcome.excerpt.split() == [str(os.geteuid()), str(os.getegid())]
    assert (bench.workspace / "made").stat().st_uid == os.geteuid()


@needs_namespaces
def test_it_cannot_read_what_another_process_keeps_in_its_environment(bench):
    with subprocess.Popen(["sleep", "60"], env={"CANARY": "tango"}) as other:
        try:
            where = f"/proc/{other.pid}/environ"
            assert "tango" in bench.run("cat", where, bounds=Bounds(outside=("/",))).excerpt
            assert "tango" not in bench.run("cat", where, bounds=Bounds(network=False, outside=("/",))).excerpt
        finally:
            other.kill()


@needs_namespaces
@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -SEGV $$", 139)])
def test_it_ends_as_it_would_online(bench, command, code):
    assert bench.run("sh", "-c", command, bounds=OFFLINE).exit_code == code


@needs_namespaces
def test_a_program_that_cannot_be_started_is_told_as_online(bench):
    (bench.workspace / "plain").write_text("#!/nowhere/python\n")
    (bench.workspace / "plain").chmod(0o755)
    outcome = bench.run("./plain", bounds=OFFLINE)
    assert outcome.exit_code == 127
    assert "cannot start ./plain" in outcome.excerpt


@needs_namespaces
def test_it_is_ended_with_all_that_it_started(bench, runs):
    outcome = bench.run("sh", "-c", "setsid sleep 600 & echo $! > child; sleep 600", timeout=1, bounds=OFFLINE)
    assert outcome.ended == "timed-out"
    assert not runs(bench.pid_in("child"))


@needs_namespaces
def test_it_dies_with_its_warden(bench, runs):
    outcome = bench.run("sh", "-c", "echo $$ > child; kill -KILL $PPID; sleep 600", bounds=Bounds(network=False, outside=("/",)))
    assert outcome.exit_code == 137
    assert not runs(bench.pid_in("child"))


@needs_namespaces
def test_a_pipe_that_closes_ends_its_writer(bench):
    assert bench.run("bash", "-c", "yes | head -1 >/dev/null; echo ${PIPESTATUS[0]}", bounds=OFFLINE).excerpt == "141"


def test_what_may_reach_it_is_not_called_offline(bench):
    outcome = bench.run("true")
    assert (outcome.offline, outcome.why_online) == (False, "it may reach it")


def test_what_could_not_be_cut_off_runs_and_says_why(bench, monkeypatch):
    monkeypatch.setattr("dag_factory.runners.process.why_not_offline", lambda: "unshare: Operation not permitted")
    outcome = bench.run("true", bounds=OFFLINE)
    assert (outcome.exit_code, outcome.offline, outcome.why_online) == (0, False, "unshare: Operation not permitted")


# Where the kernel says no after all.


@pytest.fixture
def refusing(tmp_path):
    """The script as on a machine that allows no more namespaces."""
    path = tmp_path / "offline.py"
    text = Path(offline.__file__).read_text(encoding="utf-8")
    broken = "    cut_off = lambda: (_ for _ in ()).throw(OSError(1, 'unshare: Operation not permitted'))\n"
    path.write_text(text.replace('if __name__ == "__main__":\n', f'if __name__ == "__main__":\n{broken}'), encoding="utf-8")
    return path


def test_what_was_to_be_offline_and_is_not_is_not_started(bench, refusing, monkeypatch):
    monkeypatch.setattr("dag_factory.runners.process.why_not_offline", lambda: "")
    monkeypatch.setattr(offline, "__file__", str(refusing))
    outcome = bench.run("touch", "made", bounds=OFFLINE)
    assert outcome.exit_code == offline.REFUSED
    assert outcome.excerpt == "phasegate: the network cannot be taken away: unshare: Operation not permitted"
    assert not (bench.workspace / "made").exists()


def test_a_machine_that_does_not_allow_it_is_found_out_once(refusing, monkeypatch):
    monkeypatch.setattr(offline, "__file__", str(refusing))
    asked = why_not_offline.__wrapped__
    assert asked() == "the network cannot be taken away: unshare: Operation not permitted"
    calls = []
    monkeypatch.setattr(bounds_module.subprocess, "run", lambda *a, **k: calls.append(a) or subprocess.CompletedProcess(a, 0, b"", b""))
    why_not_offline.cache_clear()
    try:
        assert [why_not_offline(), why_not_offline()] == ["", ""]
        assert len(calls) == 1
    finally:
        why_not_offline.cache_clear()


def test_elsewhere_than_on_linux_nothing_is_promised(monkeypatch):
    monkeypatch.setattr(offline.sys, "platform", "darwin")
    with pytest.raises(OSError, match="only Linux"):
        offline.cut_off()


def test_a_check_is_asked_with_bounds(bench):
    from dataclasses import replace

    request = replace(bench.request({"check": "true"}), bounds=OFFLINE)
    assert RUNNERS["check"].run(request, bench.stop).offline is not bool(why_not_offline())


# What docs/isolation.md says of it.


@needs_namespaces
@pytest.mark.parametrize(("abstract", "reached"), [(True, False), (False, True)])
def test_sockets_that_are_files_stay_open_and_abstract_ones_do_not(bench, abstract, reached):
    name = f"\0phasegate-{os.getpid()}" if abstract else str(bench.root / "socket")
    script = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r}); print('reached')"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name)
        listening.listen()
        assert bench.run(sys.executable, "-c", script).excerpt == "reached"
        assert (bench.run(sys.executable, "-c", script, bounds=OFFLINE).excerpt == "reached") is reached


@needs_namespaces
def test_no_other_address_is_left(bench):
    outcome = bench.run("sh", "-c", "tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/route | wc -l", bounds=OFFLINE)
    assert outcome.excerpt.split() == ["lo", "1"]
