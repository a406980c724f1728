"""What may be written in a spec: frozen pydantic models, nothing extra, nothing coerced.

Patterns and workflows share one language; `Workflow` is a pattern with a workflow laid over it (see `overlay`).
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from dag_factory.spec.agent import Agent
from dag_factory.spec.budget import Budget, budget_of
from dag_factory.spec.closing import Approval, Checklist, ChecklistItem, Fix, Gate
from dag_factory.spec.keys import Key, Place, PublicKey
from dag_factory.spec.llm import Llm, llm_of
from dag_factory.spec.scalars import Command, Name, Seconds, Texts, Word, short_form, spoken
from dag_factory.spec.shape import near
from dag_factory.spec.taking import Taking
from dag_factory.spec.telling import Notifier, Notify, Slack, Smtp
from dag_factory.spec.written import Written

__all__ = [
    "RUNNER_KEYS",
    "Agent",
    "Approval",
    "Binding",
    "Budget",
    "Check",
    "Checklist",
    "ChecklistItem",
    "Contract",
    "Evidence",
    "Feature",
    "Fix",
    "Gate",
    "Key",
    "Llm",
    "Notifier",
    "Notify",
    "Param",
    "Persona",
    "Phase",
    "Place",
    "PublicKey",
    "Reference",
    "Requires",
    "Schedule",
    "Slack",
    "Smtp",
    "Task",
    "Workflow",
    "Workspace",
]

RUNNER_KEYS = ("check", "command", "python", "external", "agent", "llm", "human", "operator")
MAX_RUNS = 2**31 - 1
"""What the column of Airflow's database holds, in which the number is kept."""
Moment = Literal["seal", "converge"]
Grade = Literal["observed", "attested", "re-executed"]


class Reference(Written):
    """A value that is looked up where a task executes, and nowhere before: exactly one of the three."""

    REFERS: ClassVar[bool] = True  # it stands for a value, so nothing else belongs into it

    env: Word | None = None
    conn: Word | None = None
    var: Word | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Reference:
        if sum(part is not None for part in (self.env, self.conn, self.var)) != 1:
            raise ValueError("a reference has exactly one of env, conn and var")
        return self


Preset = Literal["hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "once", "continuous"]


class Schedule(Written):
    """When runs are made: a cron line or preset in a timezone, or assets; without any, by hand alone."""

    cron: Word | None = None
    preset: Preset | None = None
    assets: Texts | None = None
    timezone: Word = "UTC"
    start: datetime.date | None = None
    catchup: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Schedule:
        if sum(part is not None for part in (self.cron, self.preset, self.assets)) > 1:
            raise ValueError("a schedule has one of cron, preset and assets, not several")
        return self


def _schedule_of(value: Any) -> Any:
    if value is None or value == "none":
        return {}
    if isinstance(value, str) and (" " in value or value in get_args(Preset)):
        return {"cron": value} if " " in value else {"preset": value}
    if not isinstance(value, dict):
        asked = near(value, get_args(Preset)) if isinstance(value, str) else ""
        wanted = f'a cron line like "0 6 * * mon", one of {", ".join(get_args(Preset))}, or none for runs by hand alone'
        raise ValueError(f"{spoken(value)} is no schedule.{asked} Write {wanted}")  # noqa: TRY004 # pydantic tells these
    return value


class Workspace(Written):
    """The git repository in which personas work: a path, a URL or the id of an Airflow connection."""

    git: Word | Reference
    branch: Word = "main"
    depth: Annotated[int, Field(ge=0)] | None = None


class Feature(Written):
    """One thing to build; each gets tasks of its own in the phase that implements."""

    does: Word
    paths: Texts = ()


class Param(Written):
    """A parameter of the run, shown by Airflow when someone triggers it by hand."""

    default: Any = None
    description: Word | None = None
    json_schema: dict[str, Any] = Field(default_factory=dict, alias="schema")


def _param_of(value: Any) -> Any:
    return value if isinstance(value, dict) else {"default": value}


class Evidence(Written):
    """One thing a task must leave, and what is looked for in it.

    `path` lies in the repository, `report` in ``$PHASEGATE_EVIDENCE``, `changed` names a group of paths of which the
    task must have changed some file; with `check` alone the evidence is that Phasegate ran it and it succeeded.
    """

    kind: Name
    path: Word | None = None
    report: Word | None = None
    changed: Name | None = None
    check: Name | None = None
    expect: dict[str, Any] = Field(default_factory=dict)
    needs: Grade = "observed"
    answers: dict[Name, Word] = Field(default_factory=dict)
    differs_from: Word | None = None
    includes: Word | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Evidence:
        places = sum(part is not None for part in (self.path, self.report, self.changed))
        if places > 1 or (places == 0 and self.check is None):
            raise ValueError("evidence has exactly one of path, report and changed, or a check alone")
        for place in (self.path, self.report):
            if place is not None and (place.startswith("/") or ".." in place.split("/") or "\\" in place):
                raise ValueError(f"{place!r} must stay below the workspace: no leading /, no .. and no backslash")
        return self


class Check(Taking):
    """A command that Phasegate runs itself: on what a task sealed, or on the merged work of a phase.

    `blames` says whose work is at fault where it fails: what the task validates, or the task's own.
    """

    run: Command
    at: Moment = "seal"
    blames: Literal["validated", "own"] = "validated"
    timeout: Seconds = 1800


def _check_of(value: Any) -> Any:
    return {"run": value} if isinstance(value, list) else short_form("run", "a command, or a mapping like {run: make unit}")(value)


class Contract(Written):
    """What a persona owes when it works under a duty."""

    does: Word
    writes: Texts = ()
    evidence: dict[Name, Evidence] = Field(default_factory=dict)


class Persona(Written):
    """An entry of the catalogue: who this is, under which duties, and what it owes under each."""

    title: Word
    instructions: Word
    contracts: dict[Name, Contract] = Field(min_length=1)


class Binding(Taking):
    """How a persona works: exactly one runner, and how Airflow is to run it."""

    check: Command | None = None
    command: Command | None = None
    python: Word | None = None
    external: Literal[True] | None = None
    agent: Name | Agent | None = None
    llm: Annotated[Llm, BeforeValidator(llm_of)] | None = None
    human: Annotated[Texts, Field(min_length=1)] | None = None
    operator: Word | None = None
    runner: Annotated[dict[Name, Any], Field(min_length=1, max_length=1)] | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    verify: Command | None = None
    env: dict[Word, str | Reference] = Field(default_factory=dict)
    budget: Annotated[Budget, BeforeValidator(budget_of)] | None = None
    pool: Word | None = None
    queue: Word | None = None
    executor: Word | None = None
    priority: Annotated[int, Field(ge=1)] | None = None
    retries: Annotated[int, Field(ge=0, le=100)] | None = None
    retry_delay: Seconds | None = None
    timeout: Seconds | None = None

    @property
    def runners(self) -> tuple[str, ...]:
        """The runners that were written; a sound binding has one. What stands under `runner` is brought by another distribution."""
        return (*(key for key in RUNNER_KEYS if getattr(self, key) is not None), *(self.runner or ()))

    @property
    def value(self) -> Any:
        """What the one runner is given."""
        name = self.runners[0]
        if name == "operator":
            return {"path": self.operator, "arguments": self.model_dump(mode="json", include={"arguments"})["arguments"]}
        return self.runner[name] if self.runner and name in self.runner else getattr(self, name)


class Task(Written):
    """One task: one persona, one duty."""

    persona: Any = None
    duty: Name | None = None
    each: Literal["feature"] | None = None
    does: Word | None = None
    writes: Texts | None = None
    evidence: dict[Name, Evidence] = Field(default_factory=dict)
    validates: Texts = ()
    budget: Annotated[Budget, BeforeValidator(budget_of)] | None = None


class Phase(Written):
    """An ordered stage. `before` or `after` place a phase that a workflow adds to its pattern; `timeout` is how long it may be open."""

    title: Word | None = None
    tasks: dict[Name, Task] = Field(default_factory=dict)
    gate: Gate | None = None
    timeout: Seconds | None = None
    before: Name | None = None
    after: Name | None = None


class Requires(Written):
    """Who must have laid the foundation before anyone implements."""

    foundation: Texts = ()


class Workflow(Written):
    """A whole workflow, its pattern included."""

    workflow: Name
    mission: Word
    pattern: Name | Literal[False] | None = None
    schedule: Annotated[Schedule, BeforeValidator(_schedule_of)] = Schedule()
    workspace: Workspace | None = None
    features: dict[Name, Annotated[Feature, BeforeValidator(short_form("does", "a text, or a mapping like {does: Load the files}"))]] = (
        Field(default_factory=dict)
    )
    personas: dict[Word, Binding] = Field(default_factory=dict)
    catalogue: dict[Name, Persona] = Field(default_factory=dict)
    params: dict[Name, Annotated[Param, BeforeValidator(_param_of)]] = Field(default_factory=dict)
    tags: Texts = ()
    owner: Word = "phasegate"
    docs: Word | None = None
    max_active_runs: Annotated[int, Field(ge=1, le=MAX_RUNS)] = 1
    timeout: Seconds | None = None
    deadline: Seconds | None = None
    budget: Annotated[Budget, BeforeValidator(budget_of)] | None = None
    notify: Notify = Notify()
    assets: bool = False
    requires: Requires = Requires()
    fix: Fix = Fix()
    keys: dict[Name, Key] = Field(default_factory=dict)
    paths: dict[Name, Texts] = Field(default_factory=dict)
    checks: dict[Name, Annotated[Check, BeforeValidator(_check_of)]] = Field(default_factory=dict)
    phases: dict[Name, Phase] = Field(default_factory=dict)
    checklists: dict[Name, Checklist] = Field(default_factory=dict)
