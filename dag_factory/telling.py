"""Tells people, through Airflow's notifiers, and never changes by it what happens.

Who tells: where a task ends in a worker, Airflow calls `Tell` after the task's state is known. A gate that ends in the triggerer tells from there
(`dag_factory.triggers.gate`): of such a task Airflow calls no callback of a success at all, and that of a failure in the dag-processor, where no
evidence is read. Who asks a person tells before it waits. A late run is told of by the triggerer (`late`).

A notifier is imported where it is used and nowhere before. Whatever it raises is a line of the log.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dag_factory.links import RunLink
from dag_factory.notices import Notice, base_url
from dag_factory.plan import Plan
from dag_factory.plan.models import Notifier

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["Tell", "TellTimeout", "Telling", "callbacks", "deliver", "late", "of_run"]

LIMIT = 15.0
"""Seconds for all notifiers of one event together: less than Airflow leaves a task after its success (`[core] task_success_overtime`)."""

_TEXTS = {
    "airflow.providers.smtp.notifications.smtp.SmtpNotifier": {
        "subject": "{{ phasegate.subject }}",
        "html_content": "{{ phasegate.html }}",
    },
    "airflow.providers.slack.notifications.slack.SlackNotifier": {"text": "{{ phasegate.slack }}"},
    "airflow.providers.slack.notifications.slack_webhook.SlackWebhookNotifier": {"text": "{{ phasegate.slack }}"},
}
"""What notifiers say where the spec leaves it open: templates of ours, with the notice as their value."""

_PAIRS = {"apache", "atlassian", "cncf", "common", "dbt", "microsoft"}  # whose providers have two words after airflow.providers

_log = logging.getLogger("airflow.task")


class Telling:
    """What an operator says of its end; `said` is set where it knows."""

    said: Notice | None = None

    def notice(self, event: str, context: Mapping[str, Any]) -> Notice | None:
        """What is to be told of an event; None where it was told elsewhere."""
        if self.said is not None and self.said.event == event:
            return self.said
        reason = context.get("exception") or "The task ended without saying why: its process may have been lost."
        return self.unsaid(event, context["ti"], str(reason))

    def unsaid(self, event: str, ti: Any, reason: str) -> Notice:
        """What is told where the task could not say itself what it found; a subclass knows more."""
        return Notice(event, ti.dag_id, ti.run_id, "FAILED", RunLink().get_link(None, ti_key=ti), findings=(("error", reason),))


class Tell:
    """A callback of Airflow's: tells people how a task ended.

    Parameters
    ----------
    event: what the end of the task means.
    notifiers: who tells.

    """

    def __init__(self, event: str, notifiers: Sequence[Notifier]) -> None:
        self.event, self.notifiers = event, tuple(notifiers)

    def __call__(self, context: Context) -> None:
        """Tell; nothing is raised."""
        try:
            task: Any = context["task"]
            notice = task.notice(self.event, context)
            if notice is None:
                _log.info("%s was told of already, by the triggerer.", self.event)
            else:
                deliver(self.notifiers, notice, context)
        except Exception as error:  # a notice must not change what happened
            _log.warning("Nobody was told of %s: %s: %s", self.event, type(error).__name__, error)


def callbacks(plan: Plan, *, success: str = "", failure: str = "") -> dict[str, Any]:
    """Airflow's callbacks of a task for what its end means; nothing where nobody is to be told."""
    notify = plan.presentation.notify
    asked = {"on_success_callback": success, "on_failure_callback": failure}
    return {name: Tell(event, notify[event]) for name, event in asked.items() if event in notify}


def deliver(notifiers: Sequence[Notifier], notice: Notice, context: Mapping[str, Any] | None = None) -> None:
    """Give a notice to notifiers, all at once; whatever goes wrong is logged, and who takes too long is left behind.

    Parameters
    ----------
    context: what the templates of their arguments know beside the notice.

    """
    try:
        _all_at_once(notifiers, notice, context)
    except Exception as error:  # Airflow's own settings cannot be read, or no thread can be had: a verdict stands all the same
        _log.warning("Nobody was told of %s: %s: %s", notice.event, type(error).__name__, error)


def _all_at_once(notifiers: Sequence[Notifier], notice: Notice, context: Mapping[str, Any] | None) -> None:
    told = {**(context or {}), "phasegate": notice.told(base_url())}
    answers: dict[int, str] = {}

    def one(index: int, notifier: Notifier) -> None:
        answers[index] = _tried(notifier, dict(told))

    threads = []
    for index, notifier in enumerate(notifiers):
        around = contextvars.copy_context()
        threads.append(threading.Thread(target=around.run, args=(one, index, notifier), daemon=True))
        threads[-1].start()
    end = time.monotonic() + LIMIT
    for index, (thread, notifier) in enumerate(zip(threads, notifiers, strict=True)):
        thread.join(max(0.0, end - time.monotonic()))
        problem = answers.get(index, f"it took longer than {LIMIT:g} seconds.")
        if problem:
            _log.warning("%s did not tell anybody of %s: %s", notifier.path, notice.event, problem)
        else:
            _log.info("%s told of %s.", notifier.path, notice.event)


def _tried(notifier: Notifier, context: dict[str, Any]) -> str:
    """Let a notifier tell; answers what went wrong, in a line, or nothing."""
    try:
        made = _found(notifier.path)(**{**_TEXTS.get(notifier.path, {}), **notifier.arguments})
        _call(made, context)
    except ModuleNotFoundError as error:
        return _missing(notifier.path, str(error.name))
    except BaseException as error:  # whatever it raises, it is not the task's fault
        return " ".join(f"{type(error).__name__}: {error}".split())
    return ""


def _found(path: str) -> Any:
    from airflow.sdk import BaseNotifier

    module, _, name = path.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, BaseNotifier)):
        raise TypeError(f"{path} is none of Airflow's notifiers")
    return found


def _call(notifier: Any, context: dict[str, Any]) -> None:
    from airflow.sdk import BaseNotifier

    if type(notifier).notify is not BaseNotifier.notify:
        notifier(context)
        return

    async def wait() -> None:
        await notifier

    notifier.context = context
    asyncio.run(wait())


def _missing(path: str, module: str) -> str:
    parts = path.split(".")
    if parts[:2] != ["airflow", "providers"]:
        return f"there is no module {module} on this worker; install what has it."
    words = parts[2:4] if parts[2] in _PAIRS else parts[2:3]
    return f"there is no module {module} on this worker; install apache-airflow-providers-{'-'.join(words)}."


def of_run(plan: Plan) -> dict[str, Any]:
    """What a DAG is given so that people are told of runs that no task of theirs can tell of: those that are late, and those that time out."""
    from datetime import timedelta

    shown = plan.presentation
    given: dict[str, Any] = {}
    if plan.timeout is not None and "run-complete" in shown.notify:
        given["on_failure_callback"] = TellTimeout(shown.notify["run-complete"])
    if shown.deadline is not None:
        from airflow.sdk.definitions.callback import AsyncCallback
        from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

        asked = {"notifiers": [notifier.model_dump(mode="json") for notifier in shown.notify.get("run-late", ())]}
        given["deadline"] = DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(seconds=shown.deadline), callback=AsyncCallback(late, asked),
            name="run-late",
        )  # fmt: skip
    return given


class TellTimeout:
    """A callback of Airflow's for a run that failed: tells of one that lasted longer than `timeout`, for then `complete` never runs.

    Parameters
    ----------
    notifiers: who tells.

    """

    def __init__(self, notifiers: Sequence[Notifier]) -> None:
        self.notifiers = tuple(notifiers)

    def __call__(self, context: Mapping[str, Any]) -> None:
        """Tell; nothing is raised. Airflow calls it in the dag-processor."""
        if context.get("reason") != "timed_out":
            return
        dag_id, run_id = context["dag"].dag_id, str(context["run_id"])
        found = (("timeout", "The run lasted longer than its timeout, and Airflow ended it."),)
        deliver(self.notifiers, Notice("run-complete", dag_id, run_id, "FAILED", RunLink.to(dag_id, run_id), findings=found), context)


async def late(notifiers: list[dict[str, Any]], context: dict[str, Any] | None = None) -> str:
    """Tell that a run is late: called in the triggerer, by Airflow, some seconds after the deadline.

    Airflow forgets the deadline of a run that succeeded in time, and calls for one that failed in time: nobody is told of that.
    """
    run = (context or {}).get("dag_run") or {}
    if run.get("end_date"):
        return "The run had ended already."
    dag_id, run_id = str(run.get("dag_id")), str(run.get("dag_run_id"))
    notice = Notice("run-late", dag_id, run_id, "LATE", RunLink.to(dag_id, run_id))
    await asyncio.to_thread(deliver, [Notifier.model_validate(one) for one in notifiers], notice, {"dag_run": run, "run_id": run_id})
    return f"Told of {run_id}."
