"""Airflow's components begin in their order, are missed when they end, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from dag_factory.cli.demo.processes import Airflow
from dag_factory.errors import PhasegateError

# A stand-in for the command `airflow`: says what it was asked, and does what BEHAVIOUR has for its first argument.
STAND_IN = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
name = sys.argv[1]
Path(f"{name}.asked").write_text(json.dumps([sys.argv[1:], os.getpid(), os.environ.get("AIRFLOW__DATABASE__CHECK_MIGRATIONS")]))
behaviour = json.loads(os.environ.get("BEHAVIOUR", "{}")).get(name, "stay")
if behaviour.startswith("end"):
    print("I cannot go on", flush=True)
    sys.exit(int(behaviour.removeprefix("end")))
if behaviour == "breed":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    deaf = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.setsid(); os.fork(); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", deaf], start_new_session=False)
Path(f"{name}.ready").touch()
time.sleep(600)
"""


@pytest.fixture
def start(tmp_path):
    (tmp_path / "airflow.py").write_text(STAND_IN)
    begun = []

    def make(behaviour="{}"):
        environment = {**os.environ, "BEHAVIOUR": behaviour, "MARK": str(tmp_path)}
        made = Airflow(environment, tmp_path, tmp_path, airflow=[sys.executable, str(tmp_path / "airflow.py")])
        begun.append(made)
        made.start()
        return made

    yield make
    for made in begun:
        made.stop()
    assert left(tmp_path) == []


def left(mark: Path) -> list[str]:
    """What still runs of a test: everything it starts inherits MARK."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                if f"MARK={mark}".encode() in (path / "environ").read_bytes():
                    found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return found


def until(holds, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return value


def looking(components, path):
    def look():
        components.look()
        return path.exists()

    return look


def test_the_server_does_not_wait_for_the_database_and_the_others_do(start, tmp_path):
    components = start('{"db": "stay"}')
    until((tmp_path / "api-server.ready").exists)
    assert '"False"' in (tmp_path / "api-server.asked").read_text()
    for _ in range(5):
        components.look()
    assert not (tmp_path / "scheduler.log").exists()


def test_the_others_begin_when_the_database_is_there(start, tmp_path):
    components = start('{"db": "end0"}')
    for name in ("scheduler", "dag-processor", "triggerer"):
        until(looking(components, tmp_path / f"{name}.ready"))
    assert "--skip-serve-logs" in (tmp_path / "scheduler.asked").read_text()
    assert "null" in (tmp_path / "scheduler.asked").read_text()


def test_a_database_that_cannot_be_made_is_told(start, tmp_path):
    components = start('{"db": "end3"}')
    with pytest.raises(PhasegateError, match=r"db-migrate ended with code 3: I cannot go on Its log is .*db-migrate\.log"):
        until(looking(components, tmp_path / "never"))


def test_a_component_that_ends_is_missed(start, tmp_path):
    components = start('{"db": "end0", "triggerer": "end1"}')
    with pytest.raises(PhasegateError, match="triggerer ended with code 1: I cannot go on"):
        until(looking(components, tmp_path / "never"))


def test_a_component_that_is_killed_is_missed(start, tmp_path):
    components = start('{"db": "end0"}')
    until(looking(components, tmp_path / "scheduler.ready"))
    until((tmp_path / "scheduler.ready").exists)
    os.kill(int((tmp_path / "scheduler.asked").read_text().split(", ")[-2]), signal.SIGKILL)
    with pytest.raises(PhasegateError, match="scheduler ended with code 137"):
        until(looking(components, tmp_path / "never"))


def test_what_hides_in_a_session_of_its_own_and_is_deaf_to_sigterm_ends_too(start, tmp_path):
    components = start('{"db": "end0", "scheduler": "breed"}')
    for name in ("scheduler", "triggerer"):
        until(looking(components, tmp_path / f"{name}.ready"))
    until(lambda: len([line for line in left(tmp_path) if "setsid" in line]) == 2)
    began = time.monotonic()
    components.stop()
    assert left(tmp_path) == []
    assert time.monotonic() - began < 6


def test_stopping_twice_and_before_the_start_does_no_harm(start, tmp_path):
    components = start()
    components.stop()
    components.stop()
    Airflow({}, tmp_path, tmp_path).stop()


def test_nothing_outlives_a_demo_that_is_killed(tmp_path):
    (tmp_path / "airflow.py").write_text(STAND_IN)
    program = textwrap.dedent(f"""
        import os, sys, time
        from pathlib import Path
        from dag_factory.cli.demo.processes import Airflow
        here = Path({str(tmp_path)!r})
        components = Airflow(dict(os.environ), here, here, airflow=[sys.executable, str(here / "airflow.py")])
        components.start()
        while True:
            components.look()
            time.sleep(0.05)
    """)
    environment = {**os.environ, "MARK": str(tmp_path), "BEHAVIOUR": '{"db": "end0", "scheduler": "breed"}'}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as demo:
        for name in ("scheduler", "triggerer", "api-server"):
            until((tmp_path / f"{name}.ready").exists)
        demo.kill()
    until(lambda: left(tmp_path) == [], 8)
