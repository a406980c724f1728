"""What 50 command personas take of memory at once on one worker: above their programs, and beside 50 BashOperators that run the same."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.on_airflow import running
from benchmarks.table import Row, Section
from benchmarks.timing import ROOT
from dag_factory.cli.demo.api import Api, ApiError
from dag_factory.cli.demo.home import fresh_home
from dag_factory.runners import warden

__all__ = ["DAGS", "MANY", "Taken", "added_up", "measure", "spec"]

MANY = 50
DAGS = {"memory_phasegate": "Phasegate's command personas", "memory_bash": "BashOperators"}
_ASKED = "at most 25 MB each"
_PROGRAM = 'touch "{lab}/$PHASEGATE_FEATURE.{run}"; while test ! -e "{lab}/go.{run}"; do sleep 0.5; done; echo done > "$PHASEGATE_EVIDENCE/done.txt"'


@dataclass(frozen=True)
class Taken:
    """Bytes, of shared pages each process' share: of the programs, of the wardens above them, and of all else of the scheduler and its workers."""

    programs: int
    wardens: int
    airflow: int


def spec(lab: Path, many: int) -> str:
    """A workflow in which so many personas wait at once; each features' task is told which it is."""
    features = "\n".join(f"  f{number}: Wait" for number in range(many))
    command = _PROGRAM.format(lab=lab, run="phasegate").replace("'", "''")
    return (
        f"workflow: memory_phasegate\npattern: false\nmission: Wait\nmax_active_runs: 1\nfeatures:\n{features}\n"
        "catalogue:\n  waiter: {title: Waiter, instructions: Wait., contracts: {waiting: {does: Wait., "
        "evidence: {done: {report: done.txt, kind: file}}}}}\n"
        f"personas:\n  waiter: {{command: '{command}'}}\n"
        "phases:\n  waiting: {tasks: {waiter: {persona: waiter, duty: waiting, each: feature}}, gate: {}}\n"
    )


_BASH = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("memory_bash", schedule=None, catchup=False, max_active_tasks={many}):
    for number in range({many}):
        BashOperator(
            task_id=f"waiter_{{number}}", append_env=True, env={{"PHASEGATE_FEATURE": f"f{{number}}", "PHASEGATE_EVIDENCE": "/tmp"}},
            bash_command={command!r},
        )
"""


def measure(rounds: int) -> Section:
    """Have both wait, turn by turn, on one Airflow, and look at every process of its worker."""
    section = Section(
        f"Memory: {MANY} command personas at once on one worker",
        f"One Airflow (SQLite, LocalExecutor with {MANY} slots), a warm-up, then turn by turn: {MANY} tasks whose shell waits. When all wait, the memory of "
        "the scheduler, its workers, the tasks' processes and their programs is added up (PSS: of shared pages each process' share). The programs are "
        "the shell and its `sleep`. `above the program` is what all else has grown by since nothing ran, divided by the tasks: that is what Airflow takes to "
        "run a task, with Phasegate's own. A BashOperator takes more than half of it, too: what Airflow itself needs for a task nobody but Airflow can lower.",
    )
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in DAGS}
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder, fresh_home(Path(folder) / "home") as home:
        lab = Path(folder) / "lab"
        lab.mkdir()
        home.spec.with_name("memory_phasegate.yaml").write_text(spec(lab, MANY), encoding="utf-8")
        command = _PROGRAM.format(lab=lab, run="bash")
        (home.dags / "memory_bash.py").write_text(_BASH.format(many=MANY, command=command), encoding="utf-8")
        extra = {
            "AIRFLOW__CORE__PARALLELISM": str(MANY),
            "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": str(MANY),
            "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": str(MANY),
            "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY": str(MANY),
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "10",
            "AIRFLOW__PHASEGATE__PATTERNS": "standard,none",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
        }
        with running(home, tuple(DAGS), extra) as api:
            for number in range(rounds + 1):
                for name, values in found.items():
                    each, own = _round(api, name, lab, f"bench-{number}")
                    print(f"  {'warm-up' if number == 0 else f'round {number}'} {name} {each:.1f} MB each", file=sys.stderr, flush=True)
                    if number:
                        values.append((each, own))
    _show(section, found)
    return section


def _round(api: Api, dag_id: str, lab: Path, run_id: str) -> tuple[float, float]:
    """MB above the program, and MB of the warden, for each task."""
    kind = dag_id.partition("_")[2]
    for old in lab.glob(f"*.{kind}"):
        old.unlink()
    idle = added_up(os.getpid())
    api.trigger(dag_id, run_id)
    _until(lambda: len(list(lab.glob(f"f*.{kind}"))) == MANY, 600, f"{MANY} programs of {dag_id} wait")
    time.sleep(5)
    busy = added_up(os.getpid())
    (lab / f"go.{kind}").touch()
    _until(lambda: api.run_state(dag_id, run_id) in ("success", "failed"), 900, f"{dag_id} ends")
    above = busy.wardens + busy.airflow - idle.wardens - idle.airflow
    return above / MANY / 1e6, busy.wardens / MANY / 1e6


def _until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Look until something holds; a server that is too busy to answer is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(ApiError):
            if holds():
                return
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds:.0f} s: {what}")
        time.sleep(1)


def added_up(root: int) -> Taken:
    """What everything below a process takes now: programs are what is below a warden, or below a shell that Airflow started."""
    table = warden.processes()
    mine = set(warden.below(root))
    words = {pid: _words(pid) for pid in mine}
    every = {pid for pid in mine if words[pid][1:3] == ["-I", "-S"] and words[pid][3].endswith("warden.py")}
    wardens = {pid for pid in every if every & set(_above(table, pid))}  # Airflow's own parts are started below one each
    shells = {pid for pid in mine if words[pid] and Path(words[pid][0]).name in {"sh", "bash"}}
    programs = {pid for pid in mine if pid not in wardens and any(up in wardens or up in shells for up in (pid, *_above(table, pid)))}
    return Taken(_sum(programs), _sum(wardens), _sum(mine - programs - wardens))


def _above(table: dict[int, tuple[int, int, int]], pid: int) -> Iterator[int]:
    while pid in table and (pid := table[pid][0]):
        yield pid


def _words(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    return []


def _sum(pids: Iterable[int]) -> int:
    total = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines()
            total += next((int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:")), 0)
    return total


def _show(section: Section, found: dict[str, list[tuple[float, float]]]) -> None:
    each = {name: statistics.median(one for one, _ in values) for name, values in found.items()}
    wardens = statistics.median(own for _, own in found["memory_phasegate"])
    ours, peer = each["memory_phasegate"], each["memory_bash"]
    for name, title in DAGS.items():
        section.rows.append(
            Row(
                f"{title}, with Airflow's process for the task",
                f"{each[name]:.1f} MB each above the program",
                f"{each[name] / peer:.2f} x",
                _ASKED if name == "memory_phasegate" else "",
            )
        )
    beside = f"{wardens:.1f} MB of it the warden"
    section.rows.append(Row("Phasegate's own part: what a BashOperator does not take", f"{ours - peer:.1f} MB each", beside))
