"""The first byte of a verdict page of 1,000 tasks, from a real API server that was just started."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import chain
from benchmarks.table import Row, Section
from benchmarks.timing import ROOT, NotMeasuredError, child, environment, milliseconds, turns
from dag_factory.cli.demo.settings import free_port
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.record import read_charter
from dag_factory.evidence.store import Store

__all__ = ["measure"]

_TASKS = 1000
_RUN = "bench"
_SETTLED = 5.0  # seconds after it listens in which nobody asks for a page
_ASKED = "at most 300 ms"


@dataclass(frozen=True)
class _Views:
    """Seconds to the first byte: of the first view after a start, and of the quickest of the next."""

    first: float
    next: float


def measure(rounds: int) -> Section:
    """Start a server for each first view."""
    section = Section(
        "A verdict page of a phase with 1,000 tasks",
        "From the request to the first byte of the answer, over loopback, from `airflow api-server` with a worker of its own and SQLite. Every "
        f"first view is of a server that was just started: {_SETTLED:.0f} s after it began to listen, and at the very moment it does, when it is "
        "still making its pages ready.",
    )
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        env = _laid(Path(folder))
        found = turns({"settled": lambda: _views(env, _SETTLED), "at once": lambda: _views(env, 0.0)}, rounds)
    settled, at_once = found.get("settled", []), found.get("at once", [])
    for what, values, asked in (
        ("first view after a start", [one.first for one in settled], _ASKED),
        ("first view at the moment the server listens", [one.first for one in at_once], ""),
        ("next views", [one.next for one in (*settled, *at_once)], _ASKED),
    ):
        section.rows.append(Row(what, milliseconds(values) if values else "did not run; its error is above the table", "", asked))
    return section


def _laid(folder: Path) -> dict[str, str]:
    """A run in a store, and Airflow's database that knows it; answers the server's environment, and in it the token of a user."""
    plan = chain.plan_of(folder, "large", 1, _TASKS)
    store = Store(folder / "evidence").run(plan.workflow, _RUN)
    chain.lay(plan, store, KeyFolder(folder / "keys"), _RUN)
    charter = read_charter(store)
    assert charter is not None
    env = environment(
        folder,
        PYTHONPATH=f"{ROOT}{os.pathsep}{ROOT / 'plugins'}",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{folder}/airflow.db",
        AIRFLOW__DATABASE__CHECK_MIGRATIONS="False",
        AIRFLOW__API_AUTH__JWT_SECRET="of this benchmark alone, and long enough to sign with " * 2,
        AIRFLOW__API__WORKERS="1",
        AIRFLOW__PHASEGATE__EVIDENCE_ROOT=str(folder / "evidence"),
        AIRFLOW__PHASEGATE__KEYS_ROOT=str(folder / "keys"),
    )
    return env | {"TOKEN": str(child(sys.executable, "rows.py", plan.workflow, _RUN, charter.digest, env=env)["token"])}


def _views(env: dict[str, str], wait: float) -> _Views:
    with _serving(env) as port:
        time.sleep(wait)
        path = f"/phasegate/dags/large/runs/{_RUN}/gates/phase-00"
        first, *more = [_first_byte(port, path, env["TOKEN"]) for _ in range(4)]
        return _Views(first, min(more))


@contextmanager
def _serving(env: dict[str, str]) -> Iterator[int]:
    """An API server on loopback, from the moment it listens."""
    port = free_port(None)
    with Path(env["AIRFLOW_HOME"], "api-server.log").open("ab") as log:
        command = [sys.executable, "-m", "airflow", "api-server", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=env["AIRFLOW_HOME"])
    try:
        deadline = time.monotonic() + 120
        while not _listens(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise NotMeasuredError("Airflow's API server did not come up")
            time.sleep(0.02)
        yield port
    finally:
        server.terminate()
        server.wait(60)


def _listens(port: int) -> bool:
    try:
        return _answer(port, "/api/v2/version")[0] == 200
    except OSError:
        return False


def _first_byte(port: int, path: str, token: str) -> float:
    status, seconds = _answer(port, path, token)
    if status != 200:
        raise NotMeasuredError(f"the page was answered with {status}")
    return seconds


def _answer(port: int, path: str, token: str = "") -> tuple[int, float]:
    """The status, and the seconds until it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"_token={token}"} if token else {})
        answer = connection.getresponse()
        seconds = time.perf_counter() - began
        answer.read()
        return answer.status, seconds
    finally:
        connection.close()
