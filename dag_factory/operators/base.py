"""What Phasegate's operators share: the plan they were built from, and how a fault ends a task."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from dag_factory.errors import EnvelopeError, PhasegateError, RemoteError
from dag_factory.plan import Plan

if TYPE_CHECKING:
    from dag_factory.evidence.policies.case import Case
    from dag_factory.workspace.access import Access
    from dag_factory.workspace.origin import Origin

__all__ = ["NothingToDo", "PlanOperator", "judged_by", "origin_of", "refuse_unless_open"]


class NothingToDo(AirflowSkipException):
    """The one skip that is meant: a fix phase, or a part of it, is not needed."""


def judged_by(ti: Any, gate: str) -> str:
    """The digest of the verdict that the newest try of a gate left; empty where it left none.

    What a task leaves from the triggerer, Airflow writes as JSON twice, and what a task reads it reads once: then there are quotes around it.
    """
    return str(ti.xcom_pull(task_ids=gate, key="judged") or "").strip('"')


def refuse_unless_open(case: Case) -> None:
    """Do nothing in a phase that is not open: what let this task start may have been marked by hand.

    Raises
    ------
    EnvelopeError: the phase before has no verdict that lets this one begin.

    """
    from dag_factory.evidence.policies.chain import not_open

    if reason := not_open(case):
        raise EnvelopeError(
            f"Phase {case.phase_id} is not open: {reason}", remedy="Clear the gate of the phase before: it judges again, and signs."
        )


class PlanOperator(BaseOperator):
    """An operator that belongs to a plan.

    Parameters
    ----------
    plan: the plan of the workflow; its digest is serialised with the DAG, so a changed plan is a new DAG version.
    folder: where the spec lies; commands find it as ``$PHASEGATE_SPEC_DIR``.

    """

    # Airflow keeps them with the DAG, each at a price, and shows them beside the task: nothing that its id or its doc tells.
    template_fields: tuple[str, ...] = ("plan_digest",)
    _stop: threading.Event

    def __init__(self, *, plan: Plan, folder: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan_digest = plan.digest
        self._plan = plan
        self._folder = folder

    def on_kill(self) -> None:
        """End what is asked of a remote."""
        if hasattr(self, "_stop"):
            self._stop.set()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """End the task with one clear message; a skip is a failure, for a skipped task would let a run end green."""
        try:
            yield
        except NothingToDo:
            raise
        except AirflowSkipException as error:
            raise AirflowFailException(f"A skip is no answer here: {error}") from error
        except RemoteError as error:  # trying again may help, as often as Airflow was told
            raise AirflowException(str(error)) from error
        except PhasegateError as error:
            raise AirflowFailException(str(error)) from error
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            from dag_factory.settings import work_root

            where = (
                f"{error.filename} cannot be written" if error.filename else f"a file cannot be written, most likely below {work_root()}"
            )
            raise AirflowException(
                f"{where[0].upper()}{where[1:]}: {error.strerror}. Free space on this worker, or set [phasegate] work_root to where there is some; "
                "then clear the task."
            ) from error

    def _origin(self) -> Origin | None:
        """The git repository of the workflow, found where the task executes."""
        from dag_factory.operators.stopping import Stop

        if not hasattr(self, "_stop"):  # made where it is needed: an operator is copied while DAGs are parsed
            self._stop = threading.Event()
        return origin_of(self._plan.workspace, self._folder, Stop(self._stop))


def origin_of(written: dict[str, Any] | None, folder: Path, stop: threading.Event | None = None) -> Origin | None:
    """The git repository that a plan's `workspace` leads to; None if it has none. What opens it is masked in logs.

    Parameters
    ----------
    written: the plan's `workspace`.
    folder: where the spec lies.
    stop: ends what is asked of a remote when it is set.

    Raises
    ------
    PhasegateError: a reference or a connection leads nowhere.
    WorkspaceError: a connection holds what cannot be.

    """
    from dag_factory.operators.references import resolve
    from dag_factory.settings import hidden_folder
    from dag_factory.workspace.access import Access
    from dag_factory.workspace.origin import Origin

    if written is None:
        return None
    named, access = written["git"], Access(place=hidden_folder())
    if "conn" in named and not isinstance(named, str):
        location, access = _of_connection(named["conn"])
    else:
        location = resolve(named, masked=False)
    if "://" not in location and "/" not in location and not location.startswith((".", "~")) and ":" not in location:
        location, access = _of_connection(location)
    if "://" not in location and ":" not in location.split("/", 1)[0]:  # as `Origin.is_url` has it
        path = Path(os.path.expandvars(location)).expanduser()
        location = str(path if path.is_absolute() else (folder / path).resolve())
    origin = Origin(location, written["branch"], written.get("depth", 1), access, stop)
    if origin.secrets:
        from airflow.sdk.log import mask_secret

        for secret in origin.secrets:
            mask_secret(secret)
    return origin


def _of_connection(conn_id: str) -> tuple[str, Access]:
    """The repository an Airflow connection leads to, and what opens it: its fields are those of the git provider."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

    from dag_factory.settings import hidden_folder
    from dag_factory.workspace.access import Access

    remedy = f"Add a connection {conn_id} of type git whose host is the repository's path or URL, or write the path with a slash in it."
    try:
        connection = Connection.get(conn_id)
    except (AirflowException, AirflowRuntimeError) as error:
        raise PhasegateError(f"There is no connection {conn_id!r} that leads to the workflow's repository.", remedy=remedy) from error
    if not connection.host:
        raise PhasegateError(f"The connection {conn_id!r} has no host.", remedy=remedy)
    return str(connection.host), Access.of(connection.login, connection.password, connection.extra_dejson, hidden_folder())
