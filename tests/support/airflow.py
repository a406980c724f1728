"""One real Airflow for a test session, in a home of its own: started, asked, and ended with everything it has started.

What starts and ends it is what `phasegate demo` uses; here are only its tests' wishes: other workflows beside the sample, parts that are killed, and
the proof that nothing was left running.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dag_factory.cli.demo.api import ApiError
from dag_factory.cli.demo.home import DemoHome, fresh_home, without_slip
from dag_factory.cli.demo.processes import Airflow
from dag_factory.cli.demo.settings import HOST, environment, free_port, write_settings
from dag_factory.cli.runs import find_run, record_of
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.store import RunStore
from dag_factory.runners import warden
from support.rest import Rest

ROOT = Path(__file__).parents[2]
NEEDED = ("api-server", "metadatabase", "scheduler", "dag-processor", "triggerer")
SETTINGS = {
    "AIRFLOW__PHASEGATE__PATTERNS": "standard,none",
    "AIRFLOW__CORE__PARALLELISM": "8",  # two tasks sleep until they are killed, and must not keep the others waiting
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",  # one workflow waits for an asset
}


class _Parts(Airflow):
    """Airflow's components, of which one can be lost and come again."""

    def kill(self, name: str) -> None:
        """Lose one as when its machine loses power: it and all that it started are killed at once, without a word."""
        [lost] = [component for component in self._components if component.name == name]
        self._components.remove(lost)
        for pid, started in warden.below(lost.process.pid).items():
            warden.send(pid, started, signal.SIGKILL)
        lost.release()
        lost.process.wait(30)


class RealAirflow:
    """An Airflow with the sample's workflow and others in its DAG folder; `running` makes one, and ends it."""

    def __init__(self, home: DemoHome, components: _Parts, api: Rest) -> None:
        self.home, self.components, self.api = home, components, api
        self.orphans: dict[int, int] = {}  # what outlived a component that was killed: pid to start time

    @classmethod
    @contextlib.contextmanager
    def running(cls, root: Path, workflows: Path, **settings: str) -> Iterator[RealAirflow]:
        """Start it, with every file of `workflows` beside the sample; end it, whatever happens, and see that nothing is left.

        Parameters
        ----------
        settings: variables that all its parts see.

        """
        with fresh_home(root) as home:
            without_slip(home.personas)
            for path in workflows.iterdir():
                if path.is_file():
                    (home.spec.parent / path.name).write_bytes(path.read_bytes())
            sample = home.spec.read_text(encoding="utf-8")
            home.spec.write_text(re.sub(r"^schedule: .*\n", "", sample, flags=re.MULTILINE), encoding="utf-8")  # it may be just that hour
            port = free_port(None)
            write_settings(home, port)
            seen = environment(home, os.environ) | SETTINGS | settings | {"TESTS_LAB": str(home.root / "lab")}
            (home.root / "lab").mkdir()
            seen["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "plugins"), seen.get("PYTHONPATH")]))
            components = _Parts(seen, home.airflow, home.logs)
            started: dict[int, int] = {}
            made = cls(home, components, Rest(f"http://{HOST}:{port}"))
            try:
                made._start()
                yield made
                started = warden.below(os.getpid())
            finally:
                components.stop()
                made._end_orphans()
                left = set(left_over(home.root, started))
                assert not left, f"still running: {left}"

    @property
    def lab(self) -> Path:
        """A folder the workflows know as $LAB."""
        return self.home.root / "lab"

    def run(self, name: str) -> Run:
        """A run, as workflow/run_id."""
        return Run(self, *name.split("/"))

    def dag_exists(self, dag_id: str) -> bool:
        """Whether Airflow has such a DAG."""
        return self.api.knows(dag_id)

    def kill(self, component: str) -> None:
        """Kill one of its parts, with all that it started."""
        self.components.kill(component)

    def begin(self, component: str) -> None:
        """Start a part again that was killed."""
        self.components.begin(component)

    def until(self, holds: Callable[[], Any], seconds: float, what: Callable[[], str]) -> Any:
        """Look until something holds, and give it; an API server that is busy for a moment is asked again."""
        deadline = time.monotonic() + seconds
        busy: ApiError | None = None
        while True:
            self.components.look()
            try:
                found = holds()
                if found:
                    return found
                busy = None
            except ApiError as error:
                busy = error
            if time.monotonic() > deadline:
                raise busy or AssertionError(f"not within {seconds:.0f} s: {what()}")
            time.sleep(0.3)

    def _end_orphans(self) -> None:
        """End what outlived a component that was killed, and all that it started."""
        deadline = time.monotonic() + 5
        while self.orphans and time.monotonic() < deadline:
            self.orphans |= {pid: began for orphan in self.orphans for pid, began in warden.below(orphan).items()}
            for pid, began in self.orphans.items():
                warden.send(pid, began, signal.SIGKILL)
            self.orphans = {
                pid: began for pid, began in self.orphans.items() if alive(pid) and (facts := warden.facts(pid)) and facts[2] == began
            }
            time.sleep(0.05)

    def _start(self) -> None:
        self.components.start()
        self.until(self.api.health, 240, lambda: "the API server answers")
        self.api.warm()
        self.until(lambda: all(self.api.health().get(name) for name in NEEDED), 120, lambda: f"healthy: {self.api.health()}")


@dataclass(frozen=True)
class Run:
    """One run of a workflow, seen from outside: through REST, the task logs and the evidence store."""

    airflow: RealAirflow
    dag_id: str
    run_id: str

    @property
    def name(self) -> str:
        """As workflow/run_id."""
        return f"{self.dag_id}/{self.run_id}"

    def start(self) -> None:
        """Trigger it."""
        self.airflow.until(lambda: self.airflow.dag_exists(self.dag_id), 60, lambda: f"the DAG {self.dag_id} is there")
        self.airflow.api.trigger(self.dag_id, self.run_id)

    def end(self, seconds: float = 240) -> str:
        """Wait for its end, and give its state."""
        api = self.airflow.api
        return self.airflow.until(
            lambda: (state := api.run_state(self.dag_id, self.run_id)) in ("success", "failed") and state, seconds, lambda: f"{self.name} ends: {self.states}"
        )  # fmt: skip

    def task_is(self, task_id: str, *states: str, seconds: float = 120) -> str:
        """Wait until a task is in one of some states, and give it."""
        return self.airflow.until(
            lambda: (state := self.states.get(task_id)) in states and state, seconds, lambda: f"{task_id} of {self.name} is {states}: {self.states}"
        )  # fmt: skip

    def asks(self, task_id: str, tries: int = 1, seconds: float = 180) -> None:
        """Wait until a task asks a person and its process is over for the scheduler: Airflow takes an answer that is quicker for a lost task."""
        self.task_is(task_id, "awaiting_input", seconds=seconds)
        said = re.compile(
            rf"TaskInstance Finished: dag_id={re.escape(self.dag_id)}, task_id={re.escape(task_id)}, run_id={re.escape(self.run_id)}, "
            rf".* state=awaiting_input, .* try_number={tries},"
        )  # fmt: skip
        log = self.airflow.home.logs / "scheduler.log"
        self.airflow.until(
            lambda: said.search(log.read_text(encoding="utf-8", errors="replace")), 60, lambda: f"{task_id} of {self.name} is parked"
        )

    def mark(self, task_id: str, state: str) -> None:
        """Set a task's state by hand."""
        self.airflow.api.mark(self.dag_id, self.run_id, task_id, state)

    @property
    def states(self) -> dict[str, str]:
        """The state of every task."""
        return {task.task_id: task.state for task in self.airflow.api.tasks(self.dag_id, self.run_id)}

    def log(self, task_id: str, pattern: str = "*") -> str:
        """The task's logs: of all its tries, and of its triggers."""
        folder = self.airflow.home.logs / "tasks" / f"dag_id={self.dag_id}" / f"run_id={self.run_id}" / f"task_id={task_id}"
        return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob(pattern)))

    def ended_in_the_triggerer(self, gate: str) -> bool:
        """Whether a gate looked once in a worker, and ended where it waited."""
        worker, trigger = self.log(gate, "attempt=?.log"), self.log(gate, "attempt=?.log.trigger.*")
        looked = worker.count("Gate of phase"), worker.count("Waiting for evidence")
        return looked == (1, 1) and trigger.count("Gate of phase") == 1

    @property
    def store(self) -> RunStore:
        """The run's place in the evidence store."""
        return find_run(self.name, self.airflow.home.evidence)

    @property
    def record(self) -> RunRecord:
        """The run as the evidence store holds it now."""
        return record_of(self.store)

    def rules(self, phase: str) -> set[str]:
        """The rules that the newest verdict on a phase found broken."""
        verdict = self.record.verdict(phase)
        assert verdict is not None, f"{phase} of {self.name} has no verdict"
        return {finding.rule for finding in verdict.says.phasegate.findings}

    def word(self, phase: str) -> str:
        """What the newest verdict on a phase says; empty if there is none."""
        verdict = self.record.verdict(phase)
        return verdict.says.phasegate.word if verdict else ""


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def titles(root: Path) -> dict[int, str]:
    """What the processes below a home call themselves: Airflow puts the task it works on into the title."""
    return {pid: _read(pid, "cmdline").replace(b"\0", b" ").decode("utf-8", "replace").strip() for pid in _processes(root)}


def left_over(root: Path, started: dict[int, int]) -> Iterator[str]:
    """Processes that have to do with a home, or were below this process (pid to start time), and are still there."""
    for pid in {*_processes(root), *(pid for pid, began in started.items() if (facts := warden.facts(pid)) and facts[2] == began)}:
        if alive(pid):
            yield f"{pid}: {_read(pid, 'cmdline').decode('utf-8', 'replace')}"


def _processes(root: Path) -> Iterator[int]:
    """Every process but this one that works below a folder, or was told of it in its environment or its words."""
    told = os.fsencode(root)
    for pid in warden.processes():
        if pid == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cwd").readlink().is_relative_to(root) or told in _read(pid, "environ") or told in _read(pid, "cmdline"):
                yield pid


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
