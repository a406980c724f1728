"""A run as it is known: what is newest, at which cycle a phase stands, and what ties a statement to its place."""

from __future__ import annotations

import pytest
from support.cycles import Cycle, failing
from support.runs import HonestRun, honest, place

from dag_factory.evidence.run import binding_of

ARCHITECT = "foundation/architect"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    return failing(honest(tmp_path, worked="validation"))


def test_the_newest_of_everything(run):
    record = run.record
    assert record.newest(ARCHITECT) == record.statements[ARCHITECT][-1]
    assert record.converged("foundation") == record.converges["foundation"][-1]
    assert record.verdict("validation") == record.verdicts["validation"][-1]
    run.deliver(ARCHITECT)
    assert run.record.newest(ARCHITECT).name == "0002.json"


def test_of_what_is_not_there_there_is_none(tmp_path):
    record = honest(tmp_path).record
    assert record.newest(ARCHITECT) is record.newest("nobody/nowhere") is None
    assert record.converged("foundation") is record.verdict("foundation") is record.verdict_in("foundation", 0) is None
    assert record.cycle("foundation") == 0


def test_a_phase_stands_at_the_cycle_of_its_newest_verdict(run):
    assert run.record.cycle("validation") == 0
    Cycle(run, "validation").mended().judged()
    assert run.record.cycle("validation") == 0, "its gate has not answered"
    Cycle(run, "validation").answer()
    assert run.record.cycle("validation") == 1
    run.answer("validation", cycle=0)
    assert run.record.cycle("validation") == 0, "the first gate was asked again"


def test_each_cycle_has_its_newest_verdict(run):
    Cycle(run, "validation").mended().judged().answer()
    run.answer("validation", cycle=0)
    first, second, third = run.record.verdicts["validation"]
    assert run.record.verdict_in("validation", 0) == third
    assert run.record.verdict_in("validation", 1) == second
    assert run.record.verdict_in("validation", 2) is None
    assert first.says.phasegate.binding.cycle == 0


def test_verdicts_name_the_one_before_them(run):
    Cycle(run, "validation").mended().judged().answer()
    first, second = run.record.verdicts["validation"]
    assert (first.says.phasegate.previous, second.says.phasegate.previous) == (None, first.digest)


def test_a_broken_newest_verdict_counts_as_none(run):
    Cycle(run, "validation").mended().judged().answer()
    place(run, "verdicts/validation", 2).write_bytes(b"{}")
    assert run.record.verdict("validation") is None
    assert run.record.cycle("validation") == 0


def test_ordinary_work_follows_the_verdict_on_the_phase_before(run):
    record = run.record
    bound = binding_of(record, "validation", "test-engineer", 3)
    assert (bound.phase, bound.cycle, bound.task, bound.map_index, bound.attempt) == ("validation", 0, "test-engineer", -1, 3)
    assert bound.previous_verdict == record.verdict("implementation").digest
    assert binding_of(record, "foundation", "architect", 1).previous_verdict is None


def test_what_is_mended_follows_the_verdict_that_found_it(run):
    Cycle(run, "validation").mended().judged().answer()
    record = run.record
    bound = binding_of(record, "validation", "implementation/ingest.sdet", 1, cycle=1, map_index=4)
    assert (bound.cycle, bound.task, bound.map_index) == (1, "implementation/ingest.sdet", 4)
    assert bound.previous_verdict == record.verdict_in("validation", 0).digest
    assert binding_of(record, "validation", "triage", 1, cycle=2).previous_verdict == record.verdict_in("validation", 1).digest
    assert binding_of(record, "validation", "triage", 1, cycle=3).previous_verdict is None, "which no gate takes for one"


def test_key_ids_are_computed_from_the_charters_keys(run):
    record = run.record
    assert record.keyids == {name: run.keys.signer(name).public.keyid for name in record.charter.says.keys}
