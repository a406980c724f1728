"""Who is told can be told: notifiers are named by a path, and what they are named for can happen."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.telling import EVENTS, PATH

__all__ = ["notifier_path", "notify_never"]


def notifier_path(subject: Subject) -> Iterator[Diagnostic]:
    """A notifier is named by the import path of its class; whether that is installed, only the worker knows that imports it."""
    for event in EVENTS:
        for index, told in enumerate(subject.workflow.notify.of(event)):
            if told.notifier is not None and not PATH.fullmatch(told.notifier):
                reason = f"{told.notifier!r} is no import path of a class."
                remedy = "Write it like airflow.providers.smtp.notifications.smtp.SmtpNotifier."
                yield subject.fault("notifier-path", ("notify", event, index, "notifier"), reason, remedy)


def notify_never(subject: Subject) -> Iterator[Diagnostic]:
    """Who waits for word of what never happens takes silence for a good sign."""
    workflow = subject.workflow
    asked = bool(workflow.fix.decide) or any(binding.human for binding in workflow.personas.values())
    asked = asked or any(phase.gate and phase.gate.approval for _, phase in subject.phases())
    never = {
        "run-late": (workflow.deadline is None, "no run has a deadline", "Write `deadline: 6h`."),
        "fix-opened": (
            workflow.fix.max_cycles == 0 and not workflow.fix.decide,
            "no gate has a fix phase",
            "Raise `fix: {max_cycles: …}`.",
        ),
        "decision-needed": (
            not asked,
            "nobody is asked for anything",
            "Write `fix: {decide: [login]}`, `gate: {approval: …}` or `human: [login]`.",
        ),
    }
    for event, (impossible, reason, remedy) in never.items():
        if impossible and workflow.notify.of(event):
            yield subject.fault("notify-never", ("notify", event), f"{event} never happens: {reason}.", remedy)
