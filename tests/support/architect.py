"""The architect's work of a run made by `support.runs`, which a test delivers last, and in its own way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dag_factory.evidence.verify import Judgement
from support.runs import HonestRun, honest

__all__ = ["ARCHITECT", "about", "begun", "judged"]

ARCHITECT = "foundation/architect"


def begun(to: Path) -> HonestRun:
    """A run in which everybody of the foundation has delivered but the architect."""
    run = honest(to)
    run.work("foundation", without=(ARCHITECT,))
    return run


def judged(run: HonestRun, **changes: Any) -> Judgement:
    """Have the architect deliver, but for some changes, and ask the gate."""
    run.deliver(ARCHITECT, **changes)
    run.converge("foundation")
    return run.judge("foundation")


def about(judgement: Judgement, rule: str) -> list[str]:
    """What is said of one rule."""
    return [finding.text for finding in judgement.findings if finding.rule == rule]
