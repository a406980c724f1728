"""Loads what tasks need once, where Airflow's scheduler, triggerer and dag-processor begin: what they fork has it then, and need not load it again.

A LocalExecutor's workers are forked by the scheduler, and every task by its worker: a module that the scheduler has is there in both, and so is what is
found out once: how statements are read, which certificates Airflow's client trusts, where git is. Without this each task would do it anew, and each
worker its part. Where tasks begin in a process of their own (Kubernetes), nothing changes.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from airflow.listeners import hookimpl

__all__ = ["complete", "modules", "on_starting"]

_FLOORS = ("spec", "evidence", "runners", "workspace", "plan", "triggers", "operators", "sensors")
_AIRFLOWS = (
    "airflow.sdk.execution_time.supervisor", "airflow.sdk.execution_time.timeout", "airflow.sdk.execution_time.cache",
    "airflow.sdk._shared.logging.factory", "airflow.sdk._shared.logging.remote", "airflow.sdk.definitions.connection",
    "jinja2.ext", "pendulum.locales.en.locale",
)  # fmt: skip
"""What Airflow itself imports late, in every worker or in every task anew."""
_ALONE = ("settings", "notices", "links", "telling", "scope", "phases", "placeholder", "build", "loader")


@hookimpl
def on_starting(component: object) -> None:
    """Airflow's listener, called where something of it begins: a `Job` lives long and forks, all else is a task."""
    if type(component).__name__ == "Job":
        for name in modules():
            _load(name)
        for name in _AIRFLOWS:
            with suppress(Exception):  # where Airflow has no such module, it needs none
                importlib.import_module(name)
        from dag_factory.errors import PhasegateError
        from dag_factory.runners.bounds import why_not_offline
        from dag_factory.workspace.program import found

        _ready(complete, "Statements and plans are")
        _ready(connectable, "The certificates of Airflow's client are")
        with suppress(PhasegateError):  # there may be no git where the scheduler is, and need not: a worker that has none tells
            found()
        why_not_offline()  # whether programs can be cut off is tried once here, and known in all that is forked


def modules() -> Iterator[str]:
    """The names of all modules a task may need; the command line and the pages are not among them."""
    for floor in _FLOORS:
        package = importlib.import_module(f"dag_factory.{floor}")
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield found.name
    yield from (f"dag_factory.{name}" for name in _ALONE)


def complete() -> None:
    """Have pydantic make ready what reads and writes statements, verdicts and plans: it waits for the first, and in every task each would be the first."""
    from pydantic import BaseModel

    kinds: list[type[BaseModel]] = [BaseModel]
    for kind in kinds:  # it grows meanwhile
        kinds += kind.__subclasses__()
        if kind.__module__.startswith("dag_factory."):
            kind.model_rebuild()


def connectable() -> None:
    """Have Airflow's client of a worker read the certificates it trusts: it keeps them for the process, and each worker would read them anew.

    Raises
    ------
    ValueError, OSError: the certificates that Airflow's `[api]` section names are not right; no worker can connect then.

    """
    from airflow.sdk.api.client import Client

    Client(base_url="http://127.0.0.1", token="").close()  # it connects to nothing before it is asked for something


def _ready(make: Callable[[], None], what: str) -> None:
    try:
        make()
    except Exception as error:  # a task makes ready what it needs, and tells why it cannot
        logging.getLogger(__name__).warning("%s not made ready before tasks need them: %s", what, error)


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:  # a task that needs it tells why; the scheduler must not fall over it
        logging.getLogger(__name__).warning("%s is not loaded before tasks need it: %s", name, error)
        return None
