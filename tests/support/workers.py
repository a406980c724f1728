"""Workers of a modelled run: the operators' own `execute`, on what Airflow's database says, with only the personas' programs and git left out.

What a persona leaves is chosen by whoever plays; who may work, what is signed, triaged, judged and decided is the code's own doing. A worker may be
lost before or after it worked, and others may go on while it works.
"""

from __future__ import annotations

import copy
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException, DownstreamTasksSkipped, TaskAwaitingInput
from airflow.utils.state import TaskInstanceState as State

from dag_factory.evidence.policies.merges import judged_base, work_base
from dag_factory.evidence.statement import Entry, Sealed
from dag_factory.operators import attempt, merging
from dag_factory.operators.place import Place
from dag_factory.runners import Outcome
from dag_factory.settings import work_root
from dag_factory.workspace.merge import Conflict, Merged
from support.scheduling import Running, ScheduledRun

__all__ = ["Workers", "without_programs"]

BASE = "b" * 40
Choose = Callable[[str, Sequence[Any]], Any]


@dataclass
class Workers:
    """Who does the tasks of one run.

    Parameters
    ----------
    run: the run, as Airflow's database has it.
    dag: its DAG, as a task process builds it.
    choose: gives one of some possibilities; the first is that all goes well.
    shut: says why no task of an operator's phase may do anything now; empty if any may.
    began: is told of every piece of work, by phase, cycle and task, before it is done.
    meanwhile: is called while somebody works.
    judged: is told how `complete` judged.

    """

    run: ScheduledRun
    dag: Any
    choose: Choose
    shut: Callable[[Any], str]
    began: Callable[[Any, str], None]
    meanwhile: Callable[[], None]
    judged: Callable[[str], None]
    own: dict[str, str] = field(default_factory=dict)
    parked: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)

    def work(self, instance: Any) -> None:
        """Do a task that is scheduled, to its end or until it asks somebody."""
        self.run.set(instance, State.RUNNING)
        operator = self._operator(instance)
        ti = Running(self.run, instance)
        ti.forget()
        self._do(instance, ti, operator, lambda: operator.execute({"ti": ti, "task_instance": ti, "params": {}, "run_id": ti.run_id}))

    def answer(self, instance: Any) -> None:
        """Have somebody answer what a task asks, or let the time pass."""
        operator, asked = self.parked.pop(instance.task_id)
        ti, chosen = Running(self.run, instance), self.choose("answer", [*operator.options, None])
        event = {
            "chosen_options": [chosen],
            "params_input": {"reason": "So be it.", "expires": None},
            "responded_by_user": {"id": "lead", "name": "lead"},
        }
        self.run.set(instance, State.RUNNING)
        self._do(instance, ti, operator, lambda: operator.execute_complete({"ti": ti}, event if chosen else {"timedout": True}, **asked))

    def _do(self, instance: Any, ti: Running, operator: Any, do: Callable[[], Any]) -> None:
        lost, shut = self.choose("lost", ["never", "before", "after"]), self.shut(operator)
        state, value = (State.FAILED, None) if lost == "before" else self._end(instance, operator, do)
        assert not shut or state not in {State.SUCCESS, State.AWAITING_INPUT}, f"{instance.task_id} ends {state}, though {shut}"
        if lost != "before" and instance.task_id == "complete":
            self.judged(state)
        if lost == "after" and state != State.AWAITING_INPUT:
            state = State.FAILED
        self.run.session.refresh(instance)
        if instance.state == State.RESTARTING:
            self.run.set(instance, State.UP_FOR_RETRY)  # cleared meanwhile: begins anew once the worker has ended
        if instance.state != State.RUNNING:
            return  # set by hand meanwhile: Airflow listens to the worker no more
        if state == State.FAILED and lost != "never" and instance.try_number <= instance.max_tries:
            state = State.UP_FOR_RETRY
        if state == State.SUCCESS and value is not None:
            ti.xcom_push("return_value", value)
        self.run.set(instance, state)
        self.own[instance.task_id] = state if lost == "never" else "lost"

    def _end(self, instance: Any, operator: Any, do: Callable[[], Any]) -> tuple[Any, Any]:
        """How a task process ends, as Airflow's task runner has it."""
        with _seated(self, operator):
            try:
                return State.SUCCESS, do()
            except TaskAwaitingInput as parked:
                self.parked[instance.task_id] = (operator, dict(parked.kwargs or {}))
                return State.AWAITING_INPUT, None
            except DownstreamTasksSkipped as spared:
                self.run.skip(spared.tasks)
                return State.SUCCESS, None
            except AirflowSkipException:
                return State.SKIPPED, None
            except AirflowFailException:
                return State.FAILED, None
            except (AirflowException, _UnforeseenError):
                return (State.UP_FOR_RETRY if instance.try_number <= instance.max_tries else State.FAILED), None

    def _operator(self, instance: Any) -> Any:
        """The operator anew, as every task process has it."""
        found = self.dag.get_task(instance.task_id)
        if instance.map_index >= 0:
            [source] = list(found.iter_mapped_dependencies())
            orders = Running(self.run, instance).xcom_pull(source.task_id) or []
            return found.unmap({"order": orders[instance.map_index]})
        made = copy.copy(found)
        if hasattr(made, "_stop"):
            made._stop = threading.Event()
        return made


_SEATS: list[tuple[Workers, Any]] = []


@contextmanager
def _seated(workers: Workers, operator: Any) -> Iterator[None]:
    _SEATS.append((workers, operator))
    try:
        yield
    finally:
        _SEATS.pop()


class _UnforeseenError(Exception):
    """What nobody foresaw."""


class _Attempt(attempt.Attempt):
    """An attempt whose persona needs no time, no program and no git."""

    def prepare(self, origin: Any, folder: Any, *, again: bool = False) -> None:
        self.base = (judged_base if self.task.judges else work_base)(self.case) if origin else None
        self.place = Place.make(work_root(), self.record.charter.digest, f"{self.case.phase_id}-{self.case.at}-{self.task.id}", self.number)
        self.bench: Any = SimpleNamespace(stopped=lambda outcome: _not_stopped(self.stop))

    def run(self) -> Outcome:
        workers, operator = _SEATS[-1]
        workers.began(self.case, self.task.id)
        self.left = workers.choose("work", ["good", "wanting", "failing", "skipping", "breaking"])
        workers.meanwhile()
        _perhaps_stopped(workers, operator)
        if self.left == "skipping":
            raise AirflowSkipException("Not today.")
        if self.left == "breaking":
            raise _UnforeseenError
        code = 1 if self.left == "failing" else 0
        self.principals = () if self.task.runner == "check" else (f"script:{self.task.persona}",)
        (self.root / "log.txt").write_bytes(b"ran\n")
        return Outcome("exited", code, self.principals, 0, False, "done", 0.1)

    def seal(self, *, failed: bool = False) -> None:
        if failed:
            return
        if self.base is not None and self.task.runner != "check":
            commit = _commit(self.base, self.folder, self.number)
            self.sealed = Sealed(commit=commit, tree=commit, bundle=self.scope.run.put_bytes(commit.encode()))

    def verify(self) -> None: ...

    def collect(self) -> None:
        digest = self.scope.run.put_bytes(b"made\n")
        self.entries += [
            Entry(task=self.task.id, item=item.id, name=item.path or item.report or "src/made.txt", digest=digest, size=5, grade=item.needs)
            for item in self.task.items
            if self.left != "wanting"
        ]


class _Merging(merging.Merging):
    """A merge without git: its commit is a digest of what is in it."""

    def merge(self) -> Merged:
        workers, operator = _SEATS[-1]
        workers.began(self.case, self.step)
        workers.meanwhile()
        _perhaps_stopped(workers, operator)
        fits = self.sealed if workers.choose("merge", ["good", "conflict"]) == "good" else self.sealed[:-1]
        left = [Conflict(name, ("src/made.txt",), "does not fit") for name, _ in self.sealed[len(fits) :]]
        commit = _commit(self.base, *fits) if fits else self.base
        return Merged(commit, commit, tuple(fits), tuple(left))

    def keep(self, merged: Merged) -> None:
        self.kept = Sealed(commit=merged.commit, tree=merged.tree, bundle=self.scope.run.put_bytes(merged.commit.encode()))
        made = {task.id for task in self.record.contract.tasks.values() if task.duty == "implementation"} & {
            name for name, _ in merged.merged
        }
        self.product = self._listed(merged.commit) if made else self._before()

    def _before(self) -> str:
        before = self.case.contract.before(self.case.phase_id)
        verdict = self.record.verdict(before.id) if before else None
        product = verdict.says.phasegate.product if verdict else None
        return self.case.merges[-1].says.product if self.case.merges else product or self._listed()

    def _listed(self, commit: str = "") -> str:
        """The list of the product's files, as a merge keeps it: none at first, then one that is another in every merge."""
        line = f"src/made.txt\0file\0{hashlib.sha256(commit.encode()).hexdigest()}\n" if commit else ""
        return self.scope.run.put_bytes(line.encode())

    def check(self, *_: Any) -> None: ...


def _commit(*parts: Any) -> str:
    return hashlib.sha1("\n".join(str(part) for part in parts).encode()).hexdigest()


def _not_stopped(stop: threading.Event) -> None:
    from dag_factory.errors import RunnerError

    if stop.is_set():
        raise RunnerError("The work was stopped; nothing of it is attested.")


def _perhaps_stopped(workers: Workers, operator: Any) -> None:
    """Whoever was set by hand is killed at the next heartbeat, unless it ends before."""
    states = workers.run.states()
    mine = [state for name, state in states.items() if name.partition("[")[0] == operator.task_id]
    if State.RUNNING not in mine and workers.choose("killed", ["no", "yes"]) == "yes":
        operator.on_kill()


@contextmanager
def without_programs() -> Iterator[pytest.MonkeyPatch]:
    """Personas without programs, merges without git, questions without an API server."""
    import os

    import structlog

    from dag_factory.operators.complete import CompleteOperator
    from dag_factory.workspace import origin

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempt, "Attempt", _Attempt)
        patch.setattr(merging, "Merging", _Merging)
        patch.setattr(merging, "PrivateRepository", SimpleNamespace(create=lambda *_, **__: None))
        for name in ("bundles_of", "fetch_bundle", "objects"):
            patch.setattr(merging, name, lambda *_: [])
        patch.setattr(origin, "head", lambda *_: BASE)
        patch.setattr(CompleteOperator, "_leave", lambda *_: None)
        patch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **_: None)
        patch.setattr(os, "fsync", lambda _: None)
        before = structlog.get_config()["processors"]
        structlog.configure(processors=[_unheard])
        try:
            yield patch
        finally:
            structlog.configure(processors=before)


def _unheard(*_: Any) -> Any:
    import structlog

    raise structlog.DropEvent
