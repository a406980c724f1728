"""Policy 8, of a cycle that somebody allowed and then took back: nobody works in it any more, and its gate says why."""

from __future__ import annotations

import pytest
from support.cycles import Cycle, decide, failing
from support.orders import SPEC
from support.runs import honest

from dag_factory.evidence.policies.chain import not_mending

DECIDE = SPEC + "fix: {max_cycles: 0, extra_cycles: 1, decide: [erin]}\n"
SAID = "whoever decides was asked again since"


@pytest.fixture
def run(tmp_path):
    made = failing(honest(tmp_path, worked="validation", text=DECIDE))
    decide(made, "validation", "cycle")
    return made


@pytest.mark.parametrize(
    ("by", "answer", "taken"), [("erin", "stop", True), ("", "void", True), ("tom", "void", False), ("erin", "cycle", False)]
)
def test_a_cycle_that_was_allowed_is_worked_in_until_somebody_stops_it(run, by, answer, taken):
    cycle = Cycle(run, "validation")
    cycle.mended().judged()
    assert not_mending(cycle.case()) is None
    assert cycle.told() == []
    decide(run, "validation", answer, by=by)
    assert not_mending(cycle.case()) == (
        "Whoever decides was asked again since cycle 1 was allowed, and allows it no more." if taken else None
    )
    found = [(finding.id, SAID in finding.text) for finding in cycle.ask().findings if finding.rule == "triage-missing"]
    assert found == ([("triage-missing:validation:1", True)] if taken else [])


def test_where_nobody_was_told_to_mend_nobody_took_it_back(run):
    assert [
        (finding.rule, SAID in finding.text) for finding in Cycle(run, "validation").ask().findings if finding.rule == "triage-missing"
    ] == [("triage-missing", False)]
