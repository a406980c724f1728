"""Airflow's own operators as personas: begun, sealed, verified and attested like any other work.

Each is a subclass made on the spot, of `StockWork` and of the operator. `execute` begins the attempt, `resume_execution` finds it again after a
deferral; whichever ends the operator's work delivers. So an operator that waits holds no slot, and one that fails leaves a failed statement.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    TaskAwaitingInput,
    TaskDeferred,
)

from dag_factory.errors import OperatorError, RunnerError
from dag_factory.links import EvidenceLink
from dag_factory.operators.arguments import Referring, given, imported
from dag_factory.operators.base import PlanOperator
from dag_factory.operators.fix import FixOperator
from dag_factory.operators.persona import PersonaOperator
from dag_factory.plan import Plan

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dag_factory.evidence.contract import TaskContract
    from dag_factory.operators.attempt import Attempt
    from dag_factory.runners import Outcome
    from dag_factory.runners.offspring import Offspring

__all__ = ["StockFix", "StockWork", "stock_operator", "tried"]

_SINCE = "phasegate_since"
_OWN = frozenset(
    {"plan", "folder", "contract", "phase", "cycle", "order", "persona", "runner", "contract_id", "plan_digest", "whose", "stock"}
)
_ALLOWED = frozenset({"do_xcom_push", "multiple_outputs"})
_JOIN = (
    "What they still write would be missing from what is sealed: have it wait for them (`join`, or `shutdown` of a pool) before it returns."
)
P = TypeVar("P", bound=PersonaOperator)


class StockWork(PersonaOperator):
    """The part that all of them share; `stock` is the operator's own class, which comes next among the bases."""

    stock: ClassVar[type[BaseOperator]]
    _offspring: Offspring | None = None

    def __init__(self, *, plan: Plan, contract: TaskContract, **kwargs: Any) -> None:
        try:
            arguments, references = given(plan.executions[contract.id].work["arguments"])
            _refuse_arguments(self.stock, arguments)
            super().__init__(plan=plan, contract=contract, **kwargs, **arguments)
            self.do_xcom_push = self.do_xcom_push and bool(_ALLOWED & set(arguments))  # what it returns may tell a secret
            _refuse_triggerer(self)
            self._referring = Referring(self, references)
        except RunnerError as error:
            raise OperatorError(error.message, remedy=error.remedy, task=contract.id, part="arguments") from error
        except Exception as error:  # whatever the operator raises, it is about what it was given
            reason = f"{self.stock.__name__} refuses its arguments: {' '.join(str(error).split())[:300]}."
            remedy = f"Write what {self.stock.__module__}.{self.stock.__name__} takes."
            raise OperatorError(reason, remedy=remedy, task=contract.id, part="arguments") from error

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Wait: templates may name the workspace, which is not there before the attempt has begun."""

    def execute(self, context: Context) -> Any:
        """Begin, and have the operator work."""
        return self._worked(context, partial(super(PlanOperator, self).execute, context))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a deferral."""
        kwargs = dict(next_kwargs or {})
        since = str(kwargs.pop(_SINCE, ""))
        return self._worked(context, partial(super(PlanOperator, self).resume_execution, next_method, kwargs, context), since=since)

    def on_kill(self) -> None:
        """See that nothing of it is attested, then end what the operator started."""
        super().on_kill()
        super(PlanOperator, self).on_kill()
        if self._offspring is not None:
            self._offspring.end()

    def _worked(self, context: Context, work: Callable[[], Any], *, since: str | None = None) -> Any:
        """Steps 0 to 6 around the operator's work.

        Parameters
        ----------
        since: when the attempt began, where this goes on with one.

        """
        failed, result, error = None, None, None
        with self._told():
            attempt = self._begun(context, again=since is not None)
            if attempt is None:
                return None
            attempt.started_at = since or attempt.started_at
            attempt.principals = self._contract.principals
            outcome, result, error = self._tried(attempt, context, work)
            failed = self._delivered(attempt, outcome)
        if failed:
            from dag_factory.operators.surroundings import discreet

            kind = AirflowFailException if isinstance(error, AirflowFailException) else AirflowException
            raise kind(failed) from discreet(attempt, error)
        return result if self.do_xcom_push else None

    def _tried(self, attempt: Attempt, context: Context, work: Callable[[], Any]) -> tuple[Outcome, Any, Exception | None]:
        """Have the operator work; what it raises is its answer."""
        from airflow.sdk.exceptions import AirflowTaskTimeout

        from dag_factory.operators.surroundings import surrounded, told, within
        from dag_factory.runners.offspring import overseen
        from dag_factory.runners.threads import Threads

        limit = self._plan.executions[self._contract.id].timeout
        mark = f"PHASEGATE_WORKSPACE={attempt.workspace.absolute()}"
        try:
            with overseen(mark) as self._offspring, surrounded(attempt), within(limit):
                self._fill_in(attempt, context)
                attempt.principals = self._acting(attempt)
                threads, result = Threads(), work()
                if left := threads.at_work():
                    return told(attempt, f"{self.stock.__name__} ended and left threads at work: {', '.join(left)}. {_JOIN}"), None, None
                return told(attempt), result, None
        except (TaskDeferred, TaskAwaitingInput, AirflowRescheduleException) as waits:
            if reason := self._not_to_wait(attempt, waits):
                refused = AirflowFailException(f"{self.stock.__name__} {reason}")
                return told(attempt, refused), None, refused
            if not isinstance(waits, AirflowRescheduleException):
                waits.kwargs = {**(waits.kwargs or {}), _SINCE: attempt.started_at}
                waits.timeout = _shorter(waits.timeout, limit)
            raise
        except AirflowTaskTimeout:
            super(PlanOperator, self).on_kill()
            return told(attempt, f"It was still at work after {limit} s.", ended="timed-out"), None, None
        except SystemExit as left:
            exited = AirflowException(f"{self.stock.__name__} called sys.exit({left.code!r}): an operator ends by returning, or fails")
            return told(attempt, exited), None, exited
        except Exception as error:
            return told(attempt, error), None, error

    def _not_to_wait(self, attempt: Attempt, waits: BaseException) -> str | None:
        """Why it may not wait now; None where it may. What it changed elsewhere is known here, and to nobody who goes on."""
        if getattr(getattr(waits, "trigger", None), "end_from_trigger", False):
            return "would end in the triggerer, where nothing can be sealed"
        attempt.look_around()
        return "changed others' files before it waited: have it write to its workspace alone" if attempt.strayed else None

    def _fill_in(self, attempt: Attempt, context: Context) -> None:
        """Render the operator's templates, then look its references up."""
        from dag_factory.operators.surroundings import names

        self.template_fields = tuple(self.stock.template_fields)
        more = {"phasegate": names(attempt)}
        super(PlanOperator, self).render_template_fields(cast("Context", {**context, **more}))
        secrets = self._referring.look_up(self)
        if attempt.bench is not None:
            attempt.bench = replace(attempt.bench, secrets=attempt.bench.secrets | secrets)

    def _acting(self, attempt: Attempt) -> tuple[str, ...]:
        """Who works, as the files are before it does."""
        from dag_factory.operators.surroundings import names
        from dag_factory.runners.principals import operator_principals

        assert attempt.bench is not None  # noqa: S101 # it was prepared
        known = {f"PHASEGATE_{name.upper()}": path for name, path in names(attempt).items()}
        return operator_principals(
            self._contract.principals, getattr(self, "bash_command", None), spec_dir=attempt.bench.spec_dir, workspace=attempt.workspace,
            variables={**attempt.bench.environment, **known},
        )  # fmt: skip

    def _why(self, outcome: Outcome) -> str | None:
        """Why an attempt failed; None where it did not."""
        return None if outcome.exit_code == 0 and not outcome.flaws else f"@{self.persona} failed: {outcome.why}"


class StockFix(FixOperator, StockWork):
    """The same where something is mended."""


def stock_operator(path: str, way: type[P]) -> type[P]:
    """Make the class of an operator that works as a persona.

    Parameters
    ----------
    path: the operator's import path.
    way: `PersonaOperator` for work, `FixOperator` for mending.

    Raises
    ------
    RunnerError: it cannot be imported, is no operator, or works where nothing can be sealed after it.

    """
    return cast("type[P]", _made(path, StockFix if way is FixOperator else StockWork))


@lru_cache
def _made(path: str, way: type[StockWork]) -> type[StockWork]:
    stock = imported(path)
    _refuse_class(path, stock)
    fields = () if way is StockFix else ("plan_digest", "runner", *stock.template_fields)
    body: dict[str, Any] = {
        "stock": stock, "template_fields": fields, "operator_extra_links": (EvidenceLink(), *stock.operator_extra_links),
        "__module__": __name__, "__doc__": stock.__doc__,
    }  # fmt: skip
    if hasattr(stock, "skip_all_except"):  # it is one of Airflow's that may skip others
        body |= dict.fromkeys(("skip", "skip_all_except"), _skip)
    return type(stock.__name__, (way, stock), body)


def _skip(*_: Any, **__: Any) -> None:
    """Skip nobody. Airflow would be left a note by which it skips the gate, however the task ends.

    Raises
    ------
    AirflowSkipException: always.

    """
    raise AirflowSkipException("what comes after it")


def _shorter(asked: timedelta | float | None, limit: int) -> timedelta:
    """How long a trigger may take: as long as the operator asks, and no longer than the task has; operators give seconds, too."""
    given = timedelta(seconds=asked) if isinstance(asked, int | float) else asked
    return min(given or timedelta(seconds=limit), timedelta(seconds=limit))


def _refuse_class(path: str, stock: Any) -> None:
    """Refuse what is no operator, and what cannot be one of ours."""
    if not (isinstance(stock, type) and issubclass(stock, BaseOperator)):
        raise RunnerError(f"{path} is no operator of Airflow's.", remedy="Name the class of an operator.")
    if issubclass(stock, PlanOperator) or hasattr(stock, "hitl_summary"):
        use = "`human: [login]`" if hasattr(stock, "hitl_summary") else "the runner it belongs to"
        raise RunnerError(f"{path} cannot be a persona by itself.", remedy=f"Write {use}.")
    ours = {name for way in (StockFix, FixOperator, StockWork, PersonaOperator, PlanOperator) for name in vars(way)} - set(
        dir(BaseOperator)
    )
    theirs = {*inspect.signature(stock.__init__).parameters, *stock.template_fields, *dir(stock)} - set(dir(BaseOperator))
    taken = sorted((_OWN | ours) & theirs - {"template_fields"})
    if taken:
        raise RunnerError(f"{path} has {', '.join(taken)}, a name that Phasegate's operators use themselves.", remedy="Derive one from it.")
    if stock.start_from_trigger:
        raise RunnerError(f"{path} starts in the triggerer, where nothing can be prepared.", remedy="Use one that starts in a worker.")


def _refuse_arguments(stock: type[BaseOperator], arguments: dict[str, Any]) -> None:
    """Refuse arguments that are Airflow's own for any task: the binding has keys for them."""
    taken = sorted(set(inspect.signature(BaseOperator.__init__).parameters) & set(arguments) - _ALLOWED)
    if taken:
        reason = f"{', '.join(taken)} of {stock.__name__} is for Phasegate to say, as of every task."
        raise RunnerError(reason, remedy="Use the binding's own keys: pool, queue, executor, priority, retries, retry_delay, timeout.")


def _refuse_triggerer(made: Any) -> None:
    """Refuse what was told to start or to end in the triggerer."""
    for name, where in (("start_from_trigger", "nothing can be prepared"), ("end_from_trigger", "nothing can be sealed")):
        if getattr(made, name, False):
            word = "start" if name.startswith("start") else "end"
            raise RunnerError(f"{made.stock.__name__} would {word} in the triggerer, where {where}.", remedy=f"Leave `{name}` out.")


def tried(plan: Plan, folder: Path) -> list[OperatorError]:
    """Make every operator of a plan once, outside of any DAG; what is wrong with them, in plan order."""
    found: list[OperatorError] = []
    for task in plan.contract.tasks.values():
        if task.runner == "operator":
            try:
                made = stock_operator(str(plan.executions[task.id].work["path"]), PersonaOperator)
                made(task_id=task.task, plan=plan, folder=folder, contract=task)
            except OperatorError as error:
                found.append(error)
            except RunnerError as error:
                found.append(OperatorError(error.message, remedy=error.remedy, task=task.id, part="operator"))
    return found
