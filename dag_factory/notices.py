"""What people are told: the text of a notice, with links that work.

A notice quotes findings, and findings quote what personas wrote. So its text is only ever the *value* of a template's variable, `phasegate`, and never
a template; and it is no markup in the forms for mail and chat.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Any

__all__ = ["Notice", "base_url"]

_FINDINGS = 5
_LONGEST = 300  # characters of a finding's text


def base_url() -> str:
    """Where people reach Airflow: `[api] base_url` without its last slash; empty where nobody set it."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="") or "").rstrip("/")


@dataclass(frozen=True)
class Notice:
    """Something that happened in a run.

    Parameters
    ----------
    event: what happened, as `notify` names it.
    workflow, run: where.
    word: what was said: a verdict's word, or what kind of thing happened.
    page: the page behind it, below Airflow's base.
    phase: the phase's title; empty for what concerns the whole run.
    cycle: the fix cycle; 0 for the ordinary work.
    findings: what was found: an id and a text each.
    asked: the logins of those who are asked.

    """

    event: str
    workflow: str
    run: str
    word: str
    page: str
    phase: str = ""
    cycle: int = 0
    findings: tuple[tuple[str, str], ...] = ()
    asked: tuple[str, ...] = field(default=())

    @property
    def subject(self) -> str:
        """One line that says it."""
        said = {
            "fix-opened": f"fix {self.cycle} of {self.phase} opened",
            "decision-needed": f"{self.phase} waits for a decision",
            "run-complete": f"the run ended {self.word}",
            "run-late": "the run is late",
        }.get(self.event, f"{self.phase} {self.word}")
        return _line(f"{self.workflow}: {said}")

    def told(self, base: str) -> dict[str, Any]:
        """What templates know as `phasegate`.

        Parameters
        ----------
        base: where people reach Airflow; empty where it is not known, and links are paths then.

        """
        link = f"{base}/{self.page}"
        first = [{"id": _line(name), "text": _line(text)} for name, text in self.findings[:_FINDINGS]]
        facts = [
            ("Workflow", self.workflow),
            ("Run", self.run),
            ("Phase", self.phase),
            ("Fix cycle", self.cycle or ""),
            ("Word", self.word),
        ]
        facts += [("Asked", ", ".join(self.asked)), ("Findings", len(self.findings) or "")]
        lines = [f"{name}: {_line(str(value))}" for name, value in facts if value]
        found = [f"{item['id']}: {item['text']}" for item in first]
        found += [f"and {len(self.findings) - _FINDINGS} more"] if len(self.findings) > _FINDINGS else []
        text = "\n".join([self.subject, "", *lines, *(f"- {line}" for line in found)])
        return {
            "event": self.event, "workflow": self.workflow, "run": self.run, "phase": self.phase, "cycle": self.cycle, "word": self.word,
            "findings": first, "count": len(self.findings), "asked": list(self.asked), "link": link,
            "subject": self.subject, "text": f"{text}\n\n{link}", "html": _html(self.subject, lines, found, link), "slack": _slack(text, link),
        }  # fmt: skip


def _line(text: str) -> str:
    """A text as one line, cut where it is too long."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _slack(text: str, link: str) -> str:
    """A text as a block of code in Slack's markup, where a star is a star; only three backticks would end it, and become quotes."""
    literal, target = (escape(part, quote=False) for part in (text.replace("```", "'''"), link))
    return f"```\n{literal}\n```\n{f'<{target}>' if link.startswith('http') else f'`{target}`'}"


def _html(subject: str, lines: Iterable[str], found: Iterable[str], link: str) -> str:
    facts = "<br>".join(escape(line) for line in lines)
    items = "".join(f"<li>{escape(line)}</li>" for line in found)
    target = f'<a href="{escape(link)}">{escape(link)}</a>' if link.startswith("http") else escape(link)
    return f"<p><b>{escape(subject)}</b></p><p>{facts}</p>{f'<ul>{items}</ul>' if items else ''}<p>{target}</p>"
