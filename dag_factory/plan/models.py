"""A plan: a spec with everything decided. Pure data, with a digest that is the same everywhere and every day."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from operator import not_
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from dag_factory.evidence.contract import RunContract

__all__ = ["Budget", "Execution", "Notifier", "Plan", "Presentation", "Schedule"]

FORMAT = 2


class _Frozen(BaseModel):
    # Each is checked as a part of the whole, so none needs a validator of its own: parsing a DAG pays for every one.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Budget(_Frozen):
    """The most that may be drawn from one account of a run: US dollars as text, tokens, requests, seconds."""

    money: str | None = None
    tokens: int | None = None
    requests: int | None = None
    time: int | None = None


class Execution(_Frozen):
    """How one task is worked on: its runner's own value, what it may take, and how Airflow is to run it. Times are in seconds, sizes in bytes.

    `accounts` are those of the plan's `budgets` that the task draws on.
    """

    work: Any
    does: str
    verify: str | tuple[str, ...] | None = None
    env: dict[str, Any] = {}
    pool: str | None = None
    queue: str | None = None
    executor: str | None = None
    priority: int | None = None
    retries: int = 0
    retry_delay: int = 30
    timeout: int = 3600
    accounts: tuple[str, ...] = ()
    network: bool = True
    memory: int | None = None
    processes: int | None = None
    disk: int | None = None
    outside: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()


class Schedule(_Frozen):
    """When runs are made; times are dates in the timezone."""

    cron: str | None = None
    preset: str | None = None
    assets: tuple[str, ...] = ()
    timezone: str = "UTC"
    start: str | None = None
    catchup: bool = False


class Notifier(_Frozen):
    """One of Airflow's notifiers: the import path of its class, and what it is made with."""

    path: str
    arguments: dict[str, Any] = {}


class Presentation(_Frozen):
    """What people see and no gate cares about: editing it changes no digest, and so kills no running run.

    `notify` says by event who is told; `assets` are the phases whose passing is an event of an asset; after `deadline` seconds a run is late.
    """

    docs: str = ""
    tags: tuple[str, ...] = ()
    owner: str = "phasegate"
    titles: dict[str, str] = {}
    notify: dict[str, tuple[Notifier, ...]] = {}
    assets: tuple[str, ...] = ()
    deadline: int | None = None


class Plan(_Frozen):
    """Everything a run is held to."""

    format: int = FORMAT
    mission: str
    pattern: str | None
    contract: RunContract
    executions: dict[str, Execution]
    instructions: dict[str, str] = {}
    schedule: Schedule
    features: dict[str, str]
    feature_paths: dict[str, tuple[str, ...]] = {}
    params: dict[str, dict[str, Any]]
    budgets: dict[str, Budget] = {}
    workspace: dict[str, Any] | None
    max_active_runs: int
    timeout: int | None
    presentation: Presentation

    def __str__(self) -> str:
        """Its digest: what is serialised of a plan where an operator is mapped, so that a changed plan is a new DAG version there too."""
        return self.digest

    @property
    def workflow(self) -> str:
        """The workflow's name, which is the dag_id."""
        return self.contract.workflow

    @cached_property
    def canonical(self) -> bytes:
        """The plan as bytes, without its presentation: keys sorted, nothing between them."""
        value = self.model_dump(mode="json", exclude={"presentation"})
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

    @cached_property
    def digest(self) -> str:
        """Sha256 of `canonical`, in hex."""
        return hashlib.sha256(self.canonical).hexdigest()
