"""A phase to judge: what each item of evidence turned out to be, and what may still come."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import Cycle, approve, failing
from support.orders import EXTERNAL
from support.runs import honest, place, rules

from dag_factory.evidence.contract import Item
from dag_factory.evidence.policies.case import Case

ITEM = ("foundation/architect", "architecture")


def case_of(run, phase, *, now=None):
    return Case(run.record, phase, run.store.blob, now or pendulum.now("UTC"))


def item_of(run, task_id, item_id):
    task = run.contract.tasks[task_id]
    return task, next(item for item in task.items if item.id == item_id)


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="foundation")


def blob_of(run):
    return run.store.blob_path(run.record.newest(ITEM[0]).says.evidence[0].digest)


def flipped(data):
    return data[:5] + bytes([data[5] ^ 1]) + data[6:]


ALTERED = {
    "bit flipped": flipped,
    "truncated": lambda data: data[:-7],
    "emptied": lambda data: b"",
    "line endings": lambda data: data.replace(b"\n", b"\r\n"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "grown": lambda data: data + b"\n",
}


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_blob_is_told_for_what_it_is(run, how):
    blob = blob_of(run)
    blob.write_bytes(ALTERED[how](blob.read_bytes()))
    judgement = run.judge("foundation")
    assert rules(judgement) == {"evidence-altered"}
    assert "ARCHITECTURE.md" in judgement.findings[0].text


def test_a_deleted_blob_is_told(run):
    blob_of(run).unlink()
    assert rules(run.judge("foundation")) == {"evidence-altered"}


def test_a_link_to_what_is_not_there_is_told(run):
    blob = blob_of(run)
    blob.unlink()
    blob.symlink_to("/nowhere")
    assert rules(run.judge("foundation")) == {"evidence-altered"}


def test_a_size_that_is_not_that_of_the_bytes_is_told(run):
    entry = run.record.newest(ITEM[0]).says.evidence[0]
    run.deliver(ITEM[0], evidence=(entry.model_copy(update={"size": entry.size + 1}),))
    run.converge("foundation")
    assert rules(run.judge("foundation")) == {"evidence-altered"}


def test_what_is_missing_is_told_once(run):
    run.contents[ITEM] = None
    run.work("foundation")
    judgement = run.judge("foundation")
    assert [(finding.rule, finding.subject) for finding in judgement.findings] == [
        ("evidence-missing", "foundation/architect/architecture")
    ]


def test_an_item_is_read_once(run):
    read = []
    case = Case(run.record, "foundation", lambda digest: read.append(digest) or run.store.blob(digest), pendulum.now("UTC"))
    assert case.examine(*item_of(run, *ITEM)) is case.examine(*item_of(run, *ITEM))
    assert len(read) == 1


def test_a_kind_that_is_not_there_is_malformed(run):
    task, item = item_of(run, *ITEM)
    assert case_of(run, "foundation").examine(task, item.model_copy(update={"kind": "x-ray"})).faults[0].rule == "evidence-malformed"


def test_an_expectation_that_makes_no_sense_is_malformed(run):
    task, item = item_of(run, *ITEM)
    faults = case_of(run, "foundation").examine(task, item.model_copy(update={"expect": {"sections": 7}})).faults
    assert [fault.rule for fault in faults] == ["evidence-malformed"]


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_a_kind_that_breaks_down_is_no_pass(run, monkeypatch, error):
    def broken(self, material, expect):
        raise error

    from dag_factory.evidence.kinds import KINDS

    monkeypatch.setattr(type(KINDS["markdown"]), "examine", broken)
    assert "evidence-malformed" in rules(run.judge("foundation"))


def test_evidence_of_the_merge_is_taken_from_the_merge(tmp_path):
    run = honest(tmp_path, worked="implementation")
    sdet, item = item_of(run, "implementation/ingest.sdet", "unit-tests")
    engineer, code = item_of(run, "implementation/ingest.software-engineer", "code")
    case = case_of(run, "implementation")
    assert [entry.name for entry in case.entries(sdet, item)] == ["unit.xml", "integration.xml"]
    assert {result.name for result in case.results(sdet)} == {"unit", "integration", "hollow"}
    assert case.entries(engineer, code)[0].task == engineer.id
    place(run, "statements/implementation/converge").unlink()
    assert case_of(run, "implementation").entries(sdet, item) == ()


def test_what_a_task_brings_itself_does_not_count_where_the_merge_must(tmp_path):
    run = honest(tmp_path, worked="implementation")
    sdet = "implementation/ingest.sdet"
    entries = run.entries(run.contract.tasks[sdet], "converge")
    run.deliver(sdet, evidence=entries, checks=run.results(run.contract.tasks[sdet], "converge"))
    run.converge("implementation", evidence=(), checks=())
    found = run.judge("implementation").findings
    assert ("evidence-missing", f"{sdet}/unit-tests") in {(finding.rule, finding.subject) for finding in found}


def test_evidence_may_come_from_outside_as_long_as_there_is_time(tmp_path):
    run = honest(tmp_path, text=EXTERNAL)
    opened = pendulum.parse(run.record.charter.says.written_at)
    assert case_of(run, "foundation", now=opened.add(minutes=119)).may_come("foundation/ux-designer")
    assert not case_of(run, "foundation", now=opened.add(minutes=121)).may_come("foundation/ux-designer")
    assert not case_of(run, "foundation", now=opened).may_come("foundation/architect")
    assert not case_of(run, "foundation", now=opened).may_come("foundation/nobody")
    assert not case_of(run, "foundation", now=opened).may_come("")


def test_a_phase_is_opened_by_the_verdict_before(tmp_path):
    run = honest(tmp_path, through="foundation")
    assert case_of(run, "foundation").opened_at() == run.record.charter.says.written_at
    assert case_of(run, "implementation").opened_at() == run.record.verdict("foundation").says.time_verified


def test_a_verdict_rests_on_every_statement_and_the_merge(run):
    record = run.record
    assert case_of(run, "foundation").inputs() == (
        record.charter.digest,
        *(record.newest(task.id).digest for task in run.contract.phase("foundation").tasks),
        record.converged("foundation").digest,
    )


def test_a_finding_is_about_its_task_unless_told_otherwise(run):
    case, task = case_of(run, "foundation"), run.contract.tasks["foundation/architect"]
    assert case.finding("x", task, "text").subject == task.id
    assert case.finding("x", task, "text", subject="else").subject == "else"
    assert case.finding("x", task, "text", subject="else").task == task.id


def test_of_items_without_files_nothing_is_missing(run):
    task = run.contract.tasks["foundation/architect"]
    examined = case_of(run, "foundation").examine(task, Item(id="x", kind="command", check="x"))
    assert all(fault.rule != "evidence-missing" for fault in examined.faults)


def test_nobody_validates_again_what_no_cycle_mended(tmp_path):
    """A product that changed in the integration phase itself is for another rule to tell."""
    run = honest(tmp_path, through="validation")
    for task in run.contract.phase("integration").tasks:
        run.deliver(task.id)
    run.converge("integration", product=run.store.put_bytes(b"another product"))
    case = case_of(run, "integration")
    assert case.again == ()
    assert case.due == run.contract.phase("integration").tasks


def test_evidence_of_a_check_on_sealed_work_lies_in_the_tasks_own_statement(tmp_path):
    run = honest(tmp_path, worked="validation")
    task = run.contract.tasks["validation/test-engineer"]
    case, own = case_of(run, "validation"), run.record.newest(task.id).says.evidence
    for item in task.items:
        assert case.entries(task, item.model_copy(update={"check": "check", "at": "seal"})) == own
        assert case.entries(task, item.model_copy(update={"check": "check", "at": "converge"})) == ()


@pytest.mark.parametrize("codes", [(0, 1), (1, 0), (0, None)])
def test_an_item_is_told_of_the_run_of_its_check_that_failed(tmp_path, codes):
    run = honest(tmp_path, worked="validation")
    task = run.contract.tasks["validation/test-engineer"]
    [ran] = run.results(task, "seal")
    run.deliver(task.id, checks=tuple(ran.model_copy(update={"exit_code": code}) for code in codes))
    case = case_of(run, "validation")
    assert [fault.rule for fault in case.examine(task, Item(id="x", kind="command", check=ran.name)).faults] != []


def test_to_the_moment_when_the_time_is_over(tmp_path):
    run = honest(tmp_path, text=EXTERNAL)
    opened = pendulum.parse(run.record.charter.says.written_at)
    assert case_of(run, "foundation", now=opened.add(minutes=120).subtract(microseconds=1)).may_come("foundation/ux-designer")
    assert not case_of(run, "foundation", now=opened.add(minutes=120)).may_come("foundation/ux-designer")


def test_a_phase_whose_time_is_over_waits_for_nobody(tmp_path):
    run = honest(tmp_path, text=f"{EXTERNAL}phases: {{foundation: {{timeout: 1h}}}}\n")
    opened = pendulum.parse(run.record.charter.says.written_at)
    assert case_of(run, "foundation", now=opened.add(minutes=59)).may_come("foundation/ux-designer")
    assert not case_of(run, "foundation", now=opened.add(minutes=61)).may_come("foundation/ux-designer")


def test_work_is_asked_for_by_the_newest_triage(tmp_path):
    run = failing(honest(tmp_path, through="validation"))
    Cycle(run, "validation").mended().judged()
    run.codes["validation/test-engineer", "check"] = 1
    Cycle(run, "validation").mend("validation/test-engineer")
    run.codes.clear()
    Cycle(run, "validation").answer()
    Cycle(run, "validation", 2).triage()
    first, second = (item.triage.says.written_at for item in Case(run.record, "validation", run.store.blob, pendulum.now("UTC"), 2).rounds)
    assert first < second
    assert Case(run.record, "validation", run.store.blob, pendulum.now("UTC"), 2).opened_at() == second
    assert Case(run.record, "validation", run.store.blob, pendulum.now("UTC"), 1).opened_at() == first


def test_who_validates_again_is_answered_for_by_the_gate(tmp_path):
    run = failing(honest(tmp_path, through="integration"), "integration/integration-engineer")
    cycle = Cycle(run, "integration").mended(product=run.store.put_bytes(b"another product"))
    again = run.contract.phase("validation").judges
    assert cycle.case().again == again
    assert all(task in cycle.case().tasks and task in cycle.case().due for task in again)


def test_as_large_as_may_be_is_read(run, monkeypatch):
    task, item = item_of(run, *ITEM)
    [size] = [entry.size for entry in case_of(run, "foundation").entries(task, item)]
    for most, faults in ((size, 0), (size - 1, 1)):
        monkeypatch.setattr("dag_factory.evidence.kinds.base.MAX_BYTES", most)
        assert len(case_of(run, "foundation").examine(task, item).faults) == faults


def test_without_a_check_it_lies_in_the_tasks_own_statement(tmp_path):
    run = honest(tmp_path, worked="validation")
    task = run.contract.tasks["validation/test-engineer"]
    own = run.record.newest(task.id).says.evidence
    assert own
    item = task.items[0].model_copy(update={"check": None, "at": "converge"})
    assert case_of(run, "validation").entries(task, item) == own


def test_a_file_that_is_another_task_s_is_none_of_an_item(tmp_path):
    run = failing(honest(tmp_path, through="validation"))
    task, code = item_of(run, "implementation/ingest.software-engineer", "code")
    strange = run.entries(run.contract.tasks["implementation/daily_mart.software-engineer"], "seal")
    run.deliver(task.id, evidence=(*run.entries(task, "seal"), *strange))
    run.converge("implementation")
    assert {entry.task for entry in case_of(run, "implementation").entries(task, code)} == {task.id}
    cycle = Cycle(run, "validation")
    cycle.triage()
    cycle.mend(task.id, evidence=strange)
    assert {entry.task for entry in cycle.case().entries(task, code)} <= {task.id}


def test_what_was_mended_takes_the_place_of_what_was_before(tmp_path):
    run = failing(honest(tmp_path, through="validation"))
    task, code = item_of(run, "implementation/ingest.software-engineer", "code")
    before = case_of(run, "validation").entries(task, code)
    run.contents[task.id, "code"] = b"mended = True\n"
    cycle = Cycle(run, "validation")
    cycle.triage()
    cycle.mend(task.id)
    after = cycle.case().entries(task, code)
    assert {entry.item for entry in after} == {"code", "interface"}
    assert [entry.digest for entry in after if entry.item == "code"] != [entry.digest for entry in before if entry.item == "code"]


def test_what_nobody_answered_is_no_approval(tmp_path):
    run = honest(tmp_path, worked="foundation")
    approve(run, "foundation", by="", answer="void")
    assert case_of(run, "foundation").approvals == ()
    approve(run, "foundation", by="maria", answer="refuse", index=2)
    approve(run, "foundation", by="erin", cycle=1, index=3)
    assert [stored.says.by for stored in case_of(run, "foundation").approvals] == ["maria"]
