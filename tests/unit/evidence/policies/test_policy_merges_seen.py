"""Policy 5: evidence counts as the merge saw it, and not as somebody names it beside the same commit afterwards."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import Cycle, failing
from support.orders import EXTERNAL
from support.runs import honest, place, resign, under

from dag_factory.evidence.rounds import JOIN
from dag_factory.evidence.verify import verify

ARCHITECT, ENGINEER, WRITER = "foundation/architect", "implementation/ingest.software-engineer", "validation/documentation-writer"


def told(run, phase, cycle=None):
    return [(finding.rule, finding.subject) for finding in run.judge(phase, cycle=cycle).findings]


def exchanged(run, task_id, stored, **more):
    """Deliver again, with the commit that was merged and another file beside it."""
    task = run.contract.tasks[task_id]
    item = next(item for item in task.items if item.path)
    run.contents[task_id, item.id] = run.content(task, item) + b"\n\nThis was never sealed.\n"
    run.deliver(task_id, sealed=stored.says.sealed, **more)


@pytest.mark.parametrize("task_id", [ARCHITECT, ENGINEER, WRITER])
def test_another_file_beside_the_commit_that_was_merged(tmp_path, task_id):
    phase = task_id.partition("/")[0]
    run = honest(tmp_path, worked=phase)
    exchanged(run, task_id, run.record.newest(task_id))
    assert told(run, phase) == [("merge-missing", task_id)]
    run.converge(phase)
    assert told(run, phase) == []


def test_another_file_in_the_place_of_the_statement_that_was_merged(tmp_path):
    run = honest(tmp_path, worked="foundation")
    exchanged(run, ARCHITECT, run.record.newest(ARCHITECT))
    second = place(run, f"statements/{ARCHITECT}", 2)
    resign(
        run,
        second,
        lambda said: said["predicate"]["binding"].update(attempt=1),
        signer="architect",
        to=place(run, f"statements/{ARCHITECT}"),
    )
    second.unlink()
    assert told(run, "foundation") == [("merge-missing", ARCHITECT)]


def test_the_same_work_delivered_again_was_seen(tmp_path):
    run = honest(tmp_path, worked="foundation")
    run.deliver(ARCHITECT, sealed=run.record.newest(ARCHITECT).says.sealed)
    assert told(run, "foundation") == []


def test_what_was_seen_beside_another_commit_was_not_seen_beside_this_one(tmp_path):
    run = honest(tmp_path, worked="foundation")
    sealed = run.record.newest(ARCHITECT).says.sealed
    run.deliver(ARCHITECT, sealed=sealed.model_copy(update={"tree": "f" * 40}))
    assert told(run, "foundation") == [("merge-missing", ARCHITECT)]


def test_a_merge_that_does_not_say_what_it_saw_is_believed(tmp_path):
    """It was made before it was asked for."""
    run = honest(tmp_path, worked="foundation")
    run.converge("foundation", saw=None)
    assert "saw" not in run.record.converged("foundation").says.model_dump(by_alias=True)
    exchanged(run, ARCHITECT, run.record.newest(ARCHITECT))
    assert told(run, "foundation") == []


def test_a_merge_that_saw_nothing_says_so(tmp_path):
    run = honest(tmp_path, worked="foundation")
    run.converge("foundation", saw=())
    assert run.record.converged("foundation").says.saw == ()
    assert ("merge-missing", ARCHITECT) in told(run, "foundation")


def test_who_is_outside_brings_files_and_no_commit(tmp_path):
    run = honest(tmp_path, text=EXTERNAL)
    run.work("foundation", without=("foundation/ux-designer",))
    run.deliver("foundation/ux-designer", runner="external", principals=("login:ann",), base=None, sealed=None)
    assert told(run, "foundation") == []


@pytest.mark.parametrize("task_id", [ENGINEER, WRITER])
def test_in_a_fix_cycle_too(tmp_path, task_id):
    run = failing(honest(tmp_path, worked="validation"))
    cycle = Cycle(run, "validation").mended().judged()
    assert cycle.told() == []
    exchanged(run, task_id, cycle.case().rounds[-1].statements[task_id][-1], within=("validation", 1))
    assert f"merge-missing:{task_id}" in cycle.told()
    cycle.merge(JOIN) if task_id == WRITER else cycle.merge()
    assert f"merge-missing:{task_id}" not in cycle.told()


def test_a_check_has_no_commit_beside_which_anything_could_be_named(tmp_path):
    run = honest(tmp_path, worked="validation")
    exchanged(run, WRITER, run.record.newest(WRITER))

    def check(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == WRITER):
            task["runner"] = "check"

    found = verify(under(run, check), "validation", run.store.blob, pendulum.now("UTC")).findings
    assert "merge-missing" not in {finding.rule for finding in found}


def test_what_merges_of_other_cycles_leave_unsaid_makes_no_difference(tmp_path):
    run = honest(tmp_path, worked="validation")
    run.converge("validation", saw=None)
    failing(run)
    cycle = Cycle(run, "validation").mended().judged()
    assert cycle.told() == []
    exchanged(run, ENGINEER, cycle.case().rounds[-1].statements[ENGINEER][-1], within=("validation", 1))
    assert f"merge-missing:{ENGINEER}" in cycle.told()


def test_who_shows_nothing_out_of_the_repository_has_nothing_to_be_seen(tmp_path):
    run, sdet = honest(tmp_path, worked="implementation"), "implementation/ingest.sdet"
    sealed = run.record.newest(sdet).says.sealed
    run.deliver(sdet, sealed=sealed.model_copy(update={"tree": "f" * 40}))
    assert ("merge-missing", sdet) not in told(run, "implementation")


def test_where_there_is_no_merge_that_is_told_and_not_what_it_has_not_seen(tmp_path):
    run = honest(tmp_path, worked="foundation")
    place(run, "statements/foundation/converge").unlink()
    run.deliver(ARCHITECT, sealed=None)
    found = told(run, "foundation")
    assert "merge-missing" in {rule for rule, _ in found}
    assert ("merge-missing", ARCHITECT) not in found


def ids(run, *, cycle, writes):
    """What the gate of validation finds, where validators write or do not."""

    def read_only(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"]):
            task["writes"] = task["writes"] if writes or task["phase"] != "validation" else []

    return {
        finding.id for finding in verify(under(run, read_only), "validation", run.store.blob, pendulum.now("UTC"), cycle=cycle).findings
    }


@pytest.mark.parametrize(("writes", "found"), [(False, False), (True, True)])
def test_where_no_validator_writes_no_merge_comes_after_them(tmp_path, writes, found):
    run = failing(honest(tmp_path, worked="validation"))
    cycle = Cycle(run, "validation").mended()
    merged = cycle.case().merges[-1].says.sealed
    for task in run.contract.judges("validation"):
        cycle.mend(task.id, **({"sealed": merged.model_copy(update={"bundle": None})} if task.id == WRITER else {}))

    assert (f"merge-missing:{WRITER}" in ids(run, cycle=1, writes=writes)) == found


def test_where_no_validator_writes_all_else_is_to_be_seen(tmp_path):
    run = honest(tmp_path / "at first", worked="validation")
    exchanged(run, WRITER, run.record.newest(WRITER))
    assert f"merge-missing:{WRITER}" in ids(run, cycle=None, writes=False)
    run = failing(honest(tmp_path / "mended", worked="validation"))
    cycle = Cycle(run, "validation").mended()
    exchanged(run, ENGINEER, cycle.case().rounds[-1].statements[ENGINEER][-1], within=("validation", 1))
    assert f"merge-missing:{ENGINEER}" in ids(run, cycle=1, writes=False)


def test_where_a_cycle_has_no_merge_that_is_told_and_not_what_it_has_not_seen(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    cycle = Cycle(run, "validation")
    cycle.triage()
    cycle.mend(ENGINEER, sealed=None)
    assert {"merge-missing:validation", f"evidence-unsealed:{ENGINEER}:interfaces/ingest/INTERFACE.md"} <= set(cycle.told())
    assert f"merge-missing:{ENGINEER}" not in cycle.told()
