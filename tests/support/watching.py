"""The one thing that a watch over others' files has to tell."""

from __future__ import annotations

from dag_factory.workspace.watch import Watch


def told(watch: Watch) -> str:
    found = watch.refusals()
    assert [(refusal.rule, refusal.path) for refusal in found] == [("workspace-elsewhere", "")]
    return found[0].text
