"""Who is told what: the notifiers a workflow names for each thing that happens, and the short forms of the two most common."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from dag_factory.spec.scalars import Texts, Word, spoken
from dag_factory.spec.written import Written

__all__ = ["EVENTS", "PATH", "Notifier", "Notify", "Slack", "Smtp"]

EVENTS = ("gate-passed", "gate-failed", "fix-opened", "decision-needed", "run-complete", "run-late")
"""What people may be told of."""

PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
"""An import path of a class."""


class Smtp(Written):
    """A mail: through which connection, to whom. The connection says from whom."""

    conn: Word = "smtp_default"
    to: Annotated[Texts, Field(min_length=1)]


class Slack(Written):
    """A message in Slack: through which connection, in which channel."""

    conn: Word = "slack_api_default"
    channel: Word


class Notifier(Written):
    """One of Airflow's notifiers: by import path with its arguments, or in a short form."""

    notifier: Word | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    smtp: Smtp | None = None
    slack: Slack | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Notifier:
        if sum(part is not None for part in (self.notifier, self.smtp, self.slack)) != 1:
            raise ValueError("a notifier has exactly one of notifier, smtp and slack")
        if self.arguments and self.notifier is None:
            raise ValueError("arguments are those of a notifier named by its import path")
        return self

    @property
    def path(self) -> str:
        """The import path of the notifier's class."""
        if self.smtp:
            return "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
        return "airflow.providers.slack.notifications.slack.SlackNotifier" if self.slack else str(self.notifier)

    @property
    def given(self) -> dict[str, Any]:
        """What it is made with."""
        if self.smtp:
            return {"smtp_conn_id": self.smtp.conn, "to": list(self.smtp.to)}
        return {"slack_conn_id": self.slack.conn, "channel": self.slack.channel} if self.slack else self.arguments


def _listed(value: Any) -> Any:
    if not isinstance(value, (list, dict)):
        raise ValueError(f'{spoken(value)} is no notifier; write one like {{slack: {{channel: "#orders"}}}}, or a list of them')  # noqa: TRY004 # pydantic tells these
    return tuple(value) if isinstance(value, list) else (value,)


_Notifiers = Annotated[tuple[Notifier, ...], BeforeValidator(_listed)]


class Notify(Written):
    """Who is told when something happens: a notifier or a list of them for each event."""

    model_config = ConfigDict(populate_by_name=False)

    gate_passed: _Notifiers = Field(default=(), alias="gate-passed")
    gate_failed: _Notifiers = Field(default=(), alias="gate-failed")
    fix_opened: _Notifiers = Field(default=(), alias="fix-opened")
    decision_needed: _Notifiers = Field(default=(), alias="decision-needed")
    run_complete: _Notifiers = Field(default=(), alias="run-complete")
    run_late: _Notifiers = Field(default=(), alias="run-late")

    def of(self, event: str) -> tuple[Notifier, ...]:
        """The notifiers of an event."""
        found: tuple[Notifier, ...] = getattr(self, event.replace("-", "_"))
        return found
