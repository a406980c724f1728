"""Runs the tasks of a workflow in this process, one after another, with everything real but Airflow's scheduler.

Each operator's own `execute` is called: real workspaces, real programs, real keys, real gates. What it cannot show (deferral, trigger rules,
retries, kills) is shown on a real Airflow in `tests/integration`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped, TaskAwaitingInput, TaskDeferred

ORDERS = Path(__file__).parents[2] / "examples" / "orders"


def git(*args: str, cwd: Path) -> str:
    """Run git as nobody in particular."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=Author", "-c", "user.email=author@localhost")
    return subprocess.run(["git", *who, *args], cwd=cwd, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def make_repository(folder: Path, content: Path | None = None) -> Path:
    """A git repository with one commit on main."""
    if content:
        shutil.copytree(content, folder)
    elif not folder.is_dir():
        folder.mkdir(parents=True)
        (folder / "README.md").write_text("# A product\n", encoding="utf-8")
    git("init", "-q", "-b", "main", ".", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "Start", cwd=folder)
    return folder


@dataclass
class House:
    """A folder with a spec, a repository, a store and keys; `run` has tasks done."""

    root: Path
    monkeypatch: Any
    run_id: str = "manual__1"
    tries: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    xcoms: dict[tuple[str, str], Any] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    deferred: dict[str, TaskDeferred] = field(default_factory=dict)
    parked: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    started_by: str = ""
    due: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    events: dict[Any, Any] = field(default_factory=lambda: defaultdict(SimpleNamespace))

    @classmethod
    def of_orders(cls, root: Path, monkeypatch: Any, **replaced: str) -> House:
        """The sample without its engineer's slip, with some texts of its spec replaced."""
        from dag_factory.cli.demo.home import without_slip

        made = cls(root, monkeypatch)
        shutil.copytree(ORDERS / "personas", made.specs / "personas")
        without_slip(made.specs / "personas")
        make_repository(root / "orders_repo", ORDERS / "repo")
        text = (ORDERS / "workflow.yaml").read_text(encoding="utf-8").replace("git: orders_repo", f"git: {root}/orders_repo")
        for old, new in replaced.items():
            text = text.replace(old, new)
        made.write(text)
        return made

    @property
    def specs(self) -> Path:
        """Where the spec lies."""
        return self.root / "workflows"

    def write(self, text: str) -> None:
        """Write the spec, and settle the settings."""
        self.specs.mkdir(parents=True, exist_ok=True)
        (self.specs / "workflow.yaml").write_text(text, encoding="utf-8")
        self.settle()

    def settle(self) -> None:
        """Point the settings at this house."""
        for option in ("evidence_root", "keys_root", "work_root"):
            self.monkeypatch.setenv(f"AIRFLOW__PHASEGATE__{option.upper()}", str(self.root / option))

    def dag(self) -> Any:
        """Load the DAG anew, as every task does."""
        from dag_factory.build import build_dag
        from dag_factory.plan import compile_plan
        from dag_factory.spec import read_spec

        path = self.specs / "workflow.yaml"
        return build_dag(compile_plan(read_spec(path, patterns=("standard", "none"))), path.parent)

    def run(self, *names: str, dag: Any = None, again: bool = False) -> None:
        """Have tasks done, by id; what each that fails raises is kept in `errors`, its message in `failures`.

        Parameters
        ----------
        again: Airflow tries again by itself; else a task that was done before was cleared by somebody.

        """
        self.settle()
        dag = dag or self.dag()
        for name in names:
            self._one(dag.get_task(name), name, again=again)

    def _one(self, operator: Any, name: str, *, map_index: int = -1, call: Any = None, tried: bool = False, again: bool = False) -> None:
        """Have one task done, or one instance of a mapped task, or go on with what was asked."""
        label = name if map_index < 0 else f"{name}[{map_index}]"
        self.tries[label] = self.tries.get(label, 0) + (0 if tried else 1)
        retries = int(getattr(operator, "retries", 0) or 0)
        ti = SimpleNamespace(
            max_tries=retries if again else self.tries[label] - 1 + retries,
            dag_id=operator.dag.dag_id, run_id=self.run_id, task_id=name, try_number=self.tries[label], map_index=map_index, id=label,
            xcom_push=lambda key, value: self.xcoms.__setitem__((name, key), value),
            xcom_pull=lambda task_ids, key="return_value": self.xcoms.get((task_ids, key)),
        )  # fmt: skip
        for kept in (self.failures, self.errors, self.deferred):
            kept.pop(label, None)
        self.xcoms = {place: value for place, value in self.xcoms.items() if place[0] != name}
        try:
            context = {
                "ti": ti,
                "task_instance": ti,
                "params": self.params,
                "run_id": self.run_id,
                "dag_run": SimpleNamespace(triggering_user_name=self.started_by, **self.due),
                "task": operator,
                "outlet_events": self.events,
            }
            with suppress(DownstreamTasksSkipped):  # a success, for Airflow; who is skipped is not done here anyway
                self.xcoms[name, "return_value"] = (call or operator.execute)(context)
            self._called(operator.on_success_callback, context)
        except TaskDeferred as deferred:
            self.deferred[label] = deferred
        except TaskAwaitingInput as parked:
            self.parked[label] = (operator, parked.kwargs or {})
        except Exception as error:  # the test asks for it
            self.failures[label], self.errors[label] = str(error), error
            if not isinstance(error, AirflowSkipException):
                self._called(operator.on_failure_callback, {**context, "exception": error})

    @staticmethod
    def _called(callbacks: Any, context: dict[str, Any]) -> None:
        """Call whom Airflow calls when the state of a task is known."""
        for callback in callbacks or ():
            callback(context)

    def answer(self, name: str, option: str, by: str | None, *, called: str = "", again: bool = False, **form: Any) -> None:
        """Answer what a task asked, as Airflow resumes it: in a process of its own, with who answered, by the account's id and what it is called.

        Parameters
        ----------
        again: Airflow had the task ask again by itself.

        """
        _, asked = self.parked.pop(name)
        user = {"id": by, "name": called or by} if by else None
        event = {"chosen_options": [option], "params_input": form, "responded_at": None, "responded_by_user": user}
        self.resume(name, event, asked, again=again)

    def resume(self, name: str, event: dict[str, Any], asked: dict[str, Any], *, dag: Any = None, again: bool = False) -> None:
        """Have a task go on with what came of its question."""
        operator = (dag or self.dag()).get_task(name)
        self._one(operator, name, call=lambda context: operator.execute_complete(context, event=event, **asked), tried=True, again=again)

    def fix(self, phase: str, cycle: int = 1, *, gate: bool = True) -> None:
        """Have a fix phase done: triage, an instance of `fix` an order, a look at what comes from outside, the merge, the validators, the gate."""
        group = f"{phase}.fix_{cycle}"
        self.run(f"{group}.triage")
        if f"{group}.triage" in self.failures:
            return
        self.mend(phase, cycle)
        own = [task.task_id for task in self.dag().tasks if task.task_id.startswith(f"{group}.")]
        apart = ("triage", "fix", "settled", "brought", "mended", "converge", "join", "evidence", "approve-", "gate")
        again = [name for name in own if not name.removeprefix(f"{group}.").startswith(apart)]
        self.run(
            *(name for name in (f"{group}.brought", f"{group}.converge", *again, f"{group}.join") if name in own),
            *([f"{group}.gate"] if gate else []),
        )

    def mend(self, phase: str, cycle: int = 1) -> None:
        """Have the orders of a triage done."""
        name = f"{phase}.fix_{cycle}.fix"
        for index, order in enumerate(self.xcoms.get((f"{phase}.fix_{cycle}.triage", "return_value")) or ()):
            mapped = self.dag().get_task(name)
            self._one(mapped.unmap({"order": order}), name, map_index=index)

    def tasks(self, phase: str) -> list[str]:
        """The ids of the tasks that personas do in a phase, in plan order."""
        own = ("open", "converge", "evidence", "gate", "approve-", "decide_", "fix_", "waived_", "passed")
        names = [task.task_id for task in self.dag().tasks if task.task_id.startswith(f"{phase}.")]
        return [name for name in names if not name.removeprefix(f"{phase}.").startswith(own)]

    def phase(self, phase: str, *, gate: bool = True) -> None:
        """Have a whole phase done: its tasks, the merge, the gate."""
        self.run(*self.tasks(phase))
        if gate:
            self.close(phase)

    def close(self, phase: str) -> None:
        """Have a phase merged, if it has a repository, and its gate asked."""
        dag = self.dag()
        self.run(*([f"{phase}.converge"] if f"{phase}.converge" in dag.task_ids else []), f"{phase}.gate", dag=dag)

    def whole(self) -> None:
        """Have everything done, kickoff to complete."""
        self.run("kickoff")
        for phase in ("foundation", "implementation", "validation", "integration"):
            self.phase(phase)
        self.run("complete")

    @property
    def store(self) -> Any:
        """The run's place in the store."""
        from dag_factory.evidence.store import Store

        return Store(self.root / "evidence_root").run(self.dag().dag_id, self.run_id)

    @property
    def record(self) -> Any:
        """The run as its store holds it now."""
        from dag_factory.evidence.record import read_record

        return read_record(self.store)

    def findings(self, phase: str) -> tuple[Any, ...]:
        """What the newest verdict on a phase found."""
        verdict = self.record.verdict(phase)
        return verdict.says.phasegate.findings if verdict else ()

    def word(self, phase: str) -> str | None:
        """The newest verdict on a phase in one word; None if there is none that counts."""
        verdict = self.record.verdict(phase)
        return verdict.says.phasegate.word if verdict else None

    def log(self, task: str) -> str:
        """What the newest attempt of a task printed, as the store keeps it."""
        return str((self.store.blob(self.record.newest(task).says.log) or b"").decode())

    def copy(self, to: Path, monkeypatch: Any = None) -> House:
        """A copy of this house, as it stands: spec, evidence and keys. The repository stays where it is, and is only read."""
        for folder in ("workflows", "evidence_root", "keys_root"):
            if (self.root / folder).exists():
                shutil.copytree(self.root / folder, to / folder, symlinks=True)
        return House(to, monkeypatch or self.monkeypatch, self.run_id, dict(self.tries), xcoms=dict(self.xcoms))
