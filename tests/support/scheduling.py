"""Airflow's own decisions about a run, on a real metadata database, without a scheduler process and without executors.

A round is what the scheduler does for one DagRun in one turn of its loop: `DagRun.update_state`, which asks `TriggerRuleDep` about every task and expands
what is mapped, and `DagRun.schedule_tis`. What people do in the UI goes through the same methods as Airflow's REST API.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pendulum
import pytest
import sqlalchemy
from airflow.utils.state import DagRunState, State, TaskInstanceState

__all__ = ["Airflow", "Running", "ScheduledRun", "database"]

_BUNDLE = "model"


@contextlib.contextmanager
def database(folder: Path) -> Iterator[Airflow]:
    """A metadata database in a folder, which Airflow uses until this ends."""
    import airflow.settings
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from airflow.models.dagbundle import DagBundleModel
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.db import synchronize_log_template
    from sqlalchemy.orm import scoped_session, sessionmaker

    import_all_models()
    engine = sqlalchemy.create_engine(f"sqlite:///{folder}/airflow.db")

    @sqlalchemy.event.listens_for(engine, "connect")
    def _fast(connection: Any, _: Any) -> None:
        connection.executescript("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;")

    Base.metadata.create_all(engine)
    made = sessionmaker(engine, autoflush=False, expire_on_commit=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(airflow.settings, "engine", engine, raising=False)
        patch.setattr(airflow.settings, "NonScopedSession", made, raising=False)
        patch.setattr(airflow.settings, "Session", scoped_session(made), raising=False)
        patch.setattr(DagSerialization, "_load_operator_extra_links", True)  # read with a run's DAG, it is set for all that is read later
        session = airflow.settings.Session()
        session.add(DagBundleModel(name=_BUNDLE))
        synchronize_log_template(session=session)
        session.commit()
        yield Airflow(session)
        session.close()
    engine.dispose()


class Airflow:
    """What the dag-processor leaves for the scheduler: DAGs, serialised."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self._known: dict[str, Any] = {}

    def run(self, dag: Any, run_id: str) -> ScheduledRun:
        """Start a run of a DAG, which is made known the first time."""
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        if dag.dag_id not in self._known:
            self._known[dag.dag_id] = self._serialise(dag)
        known, now = self._known[dag.dag_id], pendulum.now("UTC")
        row = known.create_dagrun(
            run_id=run_id, run_after=now, start_date=now, run_type=DagRunType.MANUAL, triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.RUNNING, session=self.session,
        )  # fmt: skip
        self.session.commit()
        return ScheduledRun(self.session, known, row)

    def _serialise(self, dag: Any) -> Any:
        from airflow.models.serialized_dag import SerializedDagModel
        from airflow.serialization.definitions.dag import SerializedDAG
        from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG

        lazy = LazyDeserializedDAG.from_dag(dag)
        SerializedDAG.bulk_write_to_db(_BUNDLE, None, [lazy], session=self.session)
        SerializedDagModel.write_dag(lazy, bundle_name=_BUNDLE, session=self.session)
        self.session.commit()
        return DagSerialization.from_dict(lazy.data)


class ScheduledRun:
    """One DagRun."""

    def __init__(self, session: Any, dag: Any, row: Any) -> None:
        self.session, self.dag, self.row = session, dag, row
        self.rounds = 0

    @property
    def state(self) -> str:
        """The state of the run."""
        return str(self.row.state)

    @property
    def over(self) -> bool:
        """Whether Airflow has ended it."""
        return self.row.state in State.finished_dr_states

    def round(self) -> bool:
        """One turn of the scheduler; answers whether anything changed."""
        self.rounds += 1
        before = self._all()
        self.session.expire_all()
        if self.row.state == DagRunState.QUEUED:
            self.row.set_state(DagRunState.RUNNING)
        self.row.dag = self.dag
        ready, _ = self.row.update_state(session=self.session, execute_callbacks=False)
        self.row.schedule_tis(ready, session=self.session)
        self.session.commit()
        self.session.expire_all()
        return before != self._all()

    def instances(self, *states: str | None) -> list[Any]:
        """The task instances in some states, or all, in a fixed order."""
        found = self.row.get_task_instances(state=states or None, session=self.session)
        return sorted(found, key=lambda one: (one.task_id, one.map_index))

    def states(self) -> dict[str, str | None]:
        """The state of every task instance; of one that is mapped, by its number."""
        return {name if index < 0 else f"{name}[{index}]": state for name, index, state, _ in self._all()[:-1]}

    def set(self, instance: Any, state: str | None) -> None:
        """What a worker reports through the task API. Who waits for a retry has waited."""
        instance.set_state(state, session=self.session)
        if state == TaskInstanceState.UP_FOR_RETRY:
            instance.end_date = pendulum.now("UTC").subtract(years=1)
        self.session.commit()

    def skip(self, task_ids: list[str]) -> None:
        """What a task that ends asks the task API to skip: none that works or has ended (`ti_skip_downstream`)."""
        from airflow.models.taskinstance import TaskInstance

        kept = [TaskInstanceState.RUNNING, TaskInstanceState.SUCCESS, TaskInstanceState.FAILED]
        at = (TaskInstance.dag_id == self.row.dag_id, TaskInstance.run_id == self.row.run_id, TaskInstance.map_index == -1)
        open_yet = sqlalchemy.or_(TaskInstance.state.is_(None), TaskInstance.state.not_in(kept))
        now = pendulum.now("UTC")
        self.session.execute(
            sqlalchemy.update(TaskInstance)
            .where(*at, TaskInstance.task_id.in_(task_ids), open_yet)
            .values(state=TaskInstanceState.SKIPPED, start_date=now, end_date=now)
            .execution_options(synchronize_session=False)
        )
        self.session.commit()
        self.session.expire_all()

    def mark(self, task_id: str, state: str) -> bool:
        """Set a task's state by hand, as the UI does: failed tasks behind it are cleared. Where it has that state, the UI refuses."""
        changed = bool(
            self.dag.set_task_instance_state(task_id=task_id, run_id=self.row.run_id, state=TaskInstanceState(state), session=self.session)
        )
        self.session.commit() if changed else self.session.rollback()
        return changed

    def clear(self, task_id: str, *, downstream: bool = True) -> None:
        """Clear a task, and all that is behind it if asked, as the UI does; a run that has ended goes on."""
        subset = self.dag.partial_subset({task_id}, include_downstream=downstream, include_upstream=False)
        self.dag.clear(task_ids=list(subset.task_dict), run_id=self.row.run_id, session=self.session)
        self.session.commit()

    def _all(self) -> list[tuple[Any, ...]]:
        from airflow.models.taskinstance import TaskInstance

        wanted = sqlalchemy.select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state, TaskInstance.try_number)
        found = self.session.execute(wanted.where(TaskInstance.dag_id == self.row.dag_id, TaskInstance.run_id == self.row.run_id))
        return [*sorted(tuple(one) for one in found), (self.row.state,)]


class Running:
    """A running task instance, as operators see it; XComs and the lengths of what is mapped are rows of Airflow's database."""

    def __init__(self, run: ScheduledRun, instance: Any) -> None:
        self._run, self._session = run, run.session
        self.id, self.dag_id, self.run_id, self.task_id = instance.id, instance.dag_id, instance.run_id, instance.task_id
        self.try_number, self.max_tries, self.map_index = instance.try_number, instance.max_tries, instance.map_index

    def forget(self) -> None:
        """What an earlier try left, as the task API clears it when a task starts."""
        from airflow.models.taskmap import TaskMap
        from airflow.models.xcom import XComModel

        for model in (XComModel, TaskMap):
            at = (
                model.dag_id == self.dag_id,
                model.run_id == self.run_id,
                model.task_id == self.task_id,
                model.map_index == self.map_index,
            )
            self._session.execute(sqlalchemy.delete(model).where(*at))
        self._session.commit()

    def xcom_push(self, key: str, value: Any) -> None:
        from airflow.models.taskmap import TaskMap
        from airflow.models.xcom import XComModel

        at = {"dag_id": self.dag_id, "run_id": self.run_id, "task_id": self.task_id, "map_index": self.map_index}
        XComModel.set(key, value, **at, session=self._session)
        if key == "return_value" and isinstance(value, list):
            self._session.merge(TaskMap(**at, length=len(value), keys=None))
        self._session.commit()

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        from airflow.models.xcom import XComModel

        at = (XComModel.dag_id == self.dag_id, XComModel.run_id == self.run_id, XComModel.task_id == task_ids, XComModel.key == key)
        found = self._session.scalars(sqlalchemy.select(XComModel.value).where(*at)).first()
        return json.loads(found) if isinstance(found, str) else found
