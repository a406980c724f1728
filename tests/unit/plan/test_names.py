"""Names that a spec may give, and those that Phasegate has given."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("name", ["kickoff", "complete"])
def test_names_of_phases_that_are_taken(planner: Any, name: str) -> None:
    told = planner.only(
        "name-reserved", more=f"phases:\n  ¦{name}: {{after: integration, gate: {{}}, tasks: {{t: {{persona: devops}}}}}}\n"
    )
    assert told.remedy == "Give the phase another name."


@pytest.mark.parametrize(
    "name",
    [
        *("open", "converge", "gate", "evidence", "settled", "brought", "triage", "join", "fix"),
        *("fix_1", "fix_it", "fix-it", "share-fix", "approve-1", "decide_1", "waived_1"),
    ],
)
def test_names_of_tasks_that_are_taken(planner: Any, name: str) -> None:
    told = planner.only(
        "name-reserved", more=f"phases:\n  late: {{after: integration, gate: {{}}, tasks: {{¦{name}: {{persona: devops}}}}}}\n"
    )
    assert told.remedy == "Give it another name."


@pytest.mark.parametrize("name", ["fixed", "approve", "decide", "joined", "gates", "shared"])
def test_names_that_only_look_like_them_are_free(planner: Any, name: str) -> None:
    assert planner.plan(more=f"phases:\n  late: {{after: integration, gate: {{}}, tasks: {{{name}: {{persona: devops}}}}}}\n")


def test_no_feature_is_called_like_a_fix_phase(planner: Any) -> None:
    told = planner.only("name-reserved", ("  ingest: Load", "  ¦fix_1: Load"))
    assert told.remedy == "Give the feature another name."


@pytest.mark.parametrize("name", ["fix-login", "fix_login", "approve-orders", "gate", "triage"])
def test_a_feature_may_be_called_like_what_is_to_be_done(planner: Any, name: str) -> None:
    assert planner.plan(("  ingest: Load", f"  {name}: Load"))


def test_a_task_for_each_feature_may_have_any_name(planner: Any) -> None:
    assert planner.plan(more="phases: {implementation: {tasks: {gate: {persona: software-engineer, each: feature}}}}\n")
