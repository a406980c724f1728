"""Policy 9 at its edges: who is told where several have the same, what else is compared, and what need not be."""

from __future__ import annotations

import json

import pendulum
import pytest
from support.contents import sarif
from support.orders import SPEC
from support.runs import honest, rules, under
from support.sharing import ALL, ARCHITECT, DESIGNER, PICTURES, drawn, judged, told

from dag_factory.evidence.statement import Entry
from dag_factory.evidence.verify import verify

WIREFRAME, DIAGRAM = ("foundation/ux-designer", "wireframe"), ("foundation/architect", "diagram")
SAME = ("evidence-shared", "foundation/ux-designer/ux:foundation/architect/architecture")


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="foundation")


# Who is told, and where.


def test_it_is_told_at_the_gate_of_who_brought_it_later_and_at_no_other(tmp_path):
    run = honest(tmp_path)
    run.contents |= {ARCHITECT: ALL, DESIGNER: ALL}
    run.work("foundation")
    run.answer("foundation")
    run.work("implementation")
    assert "evidence-shared" not in rules(run.judge("implementation"))


def test_who_delivered_it_later_is_told_wherever_the_plan_has_them(tmp_path):
    """Of two things that each brings, and after other work of the one who copied."""
    run = honest(tmp_path, text=SPEC + PICTURES)
    run.contents |= {DESIGNER: ALL, WIREFRAME: drawn(1, 1, 50, 50), DIAGRAM: drawn(9, 9, 70, 70)}
    run.deliver(ARCHITECT[0])
    run.deliver(DESIGNER[0])
    run.contents[ARCHITECT] = ALL
    run.deliver(ARCHITECT[0])
    run.deliver("foundation/product-manager")
    run.converge("foundation")
    assert told(run.judge("foundation")) == [("evidence-shared", "foundation/architect/architecture:foundation/ux-designer/ux")]


def test_what_comes_in_a_later_phase_accuses_nobody_of_an_earlier(tmp_path):
    """Also where it is said to be older: an auditor asks every gate again."""
    run = honest(tmp_path, worked="validation")
    copy = run.record.newest(ARCHITECT[0]).says.evidence[0].digest
    run.contents["validation/documentation-writer", "guide"] = run.store.blob(copy)
    before = pendulum.now("UTC").subtract(hours=2).to_iso8601_string()
    run.deliver("validation/documentation-writer", started_at=before, finished_at=before)
    run.converge("validation")
    assert rules(run.judge("foundation")) == set()
    assert "statement-misdated" in rules(run.judge("validation"))


def test_what_somebody_brought_who_failed_is_not_compared(run):
    run.contents |= {ARCHITECT: ALL, DESIGNER: ALL}
    run.deliver(ARCHITECT[0])
    run.deliver(DESIGNER[0], outcome="failed", exit_code=1)
    run.converge("foundation")
    assert "evidence-shared" not in rules(run.judge("foundation"))


def test_what_was_made_in_a_later_phase_is_the_copy_whatever_time_it_states(tmp_path):
    run = honest(tmp_path, worked="validation")
    copied = run.record.newest(ARCHITECT[0]).says
    run.contents["validation/documentation-writer", "guide"] = run.store.blob(copied.evidence[0].digest)
    run.deliver("validation/documentation-writer", started_at=copied.started_at, finished_at=copied.started_at)
    run.converge("validation")
    judgement = run.judge("validation")
    assert ("evidence-shared", "validation/documentation-writer/guide:foundation/architect/architecture") in told(judgement)
    assert "that @architect has delivered" in next(one.text for one in judgement.findings if one.rule == "evidence-shared")


def test_nor_does_it_where_it_says_to_be_of_the_earlier_phase(tmp_path):
    run, writer = honest(tmp_path, worked="validation"), "validation/documentation-writer"
    run.contents[writer, "guide"] = run.store.blob(run.record.newest(ARCHITECT[0]).says.evidence[0].digest)
    before = pendulum.now("UTC").subtract(hours=2).to_iso8601_string()
    bound = run.record.newest(writer).says.binding.model_copy(update={"phase": "foundation", "attempt": 2})
    run.deliver(writer, binding=bound, started_at=before, finished_at=before)
    assert rules(run.judge("foundation")) == set()
    assert "statement-misbound" in rules(run.judge("validation"))


def test_a_statement_of_a_phase_that_nobody_knows_is_told_as_that(run):
    run.contents |= {ARCHITECT: ALL, DESIGNER: ALL}
    run.deliver(ARCHITECT[0])
    said = run.record.newest(ARCHITECT[0]).says.binding
    run.deliver(ARCHITECT[0], binding=said.model_copy(update={"phase": "elsewhere", "attempt": 3}))
    run.deliver(DESIGNER[0])
    run.deliver("foundation/product-manager")
    run.converge("foundation")
    assert "statement-misbound" in rules(run.judge("foundation"))


def test_one_place_that_two_personas_owe_is_no_excuse(run):
    run.contents |= {ARCHITECT: ALL, DESIGNER: ALL}
    run.work("foundation")

    def one_place(contract):
        for task in contract["phases"][0]["tasks"]:
            for item in task["items"]:
                item["path"] = item["path"] and "NOTES.md"

    assert SAME in told(verify(under(run, one_place), "foundation", run.store.blob, pendulum.now("UTC")))


# Words.


def test_prose_that_is_gone_is_told_to_be_gone(run):
    run.contents[ARCHITECT] = run.content(run.contract.tasks[DESIGNER[0]], run.contract.tasks[DESIGNER[0]].items[0]) + b"\n"
    run.work("foundation")
    run.store.blob_path(run.record.newest(ARCHITECT[0]).says.evidence[0].digest).unlink()
    assert rules(run.judge("foundation")) == {"evidence-altered"}


@pytest.mark.parametrize("how", [b"\xff\xfe", b" \xed\xa0\x80"])
def test_prose_that_cannot_be_read_is_compared_all_the_same(tmp_path, how):
    assert SAME in told(judged(tmp_path, "foundation", {ARCHITECT: ALL + how, DESIGNER: ALL + b"\n" + how}))


def test_prose_without_a_word_is_like_no_other(tmp_path):
    found = rules(judged(tmp_path, "foundation", {ARCHITECT: b" " * 100, DESIGNER: b" " * 101}))
    assert found == {"evidence-missing"}


# Runs.


def report(suite="pytest", stamp="2026-11-30T06:00:00", seconds="0.012", last="everything"):
    names = [f"test_{feature}_{rest}" for feature in ("ingest", "daily_mart") for rest in ("1_works", "2_says_why")]
    names += ["test_missingcolumn_is_told", f"test_{last}"]
    cases = "".join(f'<testcase classname="tests" name="{name}" time="{seconds}"/>' for name in names)
    return f'<testsuites><testsuite name="{suite}" timestamp="{stamp}" hostname="ci">{cases}</testsuite></testsuites>'.encode()


@pytest.mark.parametrize(
    ("other", "one_run"),
    [
        (report() + b"\n\n", True),
        (report().replace(b"><", b">\n<"), True),
        (report().replace(b"<testsuites>", b"<testsuites><!-- of the parts -->"), True),
        (report(stamp="2026-11-30T06:05:00"), False),
        (report(seconds="0.013"), False),
        (report(last="thing"), False),
        (report(suite="firefox"), False),
    ],
)
def test_one_run_is_no_evidence_of_two_suites_and_the_same_tests_may_be_run_twice(tmp_path, other, one_run):
    contents = {("validation/test-engineer", "full-suite"): report(), ("validation/test-engineer", "integration"): other}
    judgement = judged(tmp_path, "validation", contents, through="implementation")
    found = [finding for finding in judgement.findings if finding.rule == "evidence-shared"]
    assert [finding.subject for finding in found] == ["validation/test-engineer/integration:validation/test-engineer/full-suite"] * one_run
    if one_run:
        assert (
            "integration.xml of @test-engineer is a report of the very run that @test-engineer has delivered as full.xml" in found[0].text
        )


def test_two_reports_are_enough_for_that(tmp_path):
    tester, owed = "validation/test-engineer", ("full-suite", "integration")
    run = honest(tmp_path, through="implementation")
    run.contents |= {(tester, "full-suite"): report(), (tester, "integration"): report() + b"\n"}
    run.work("validation")

    def two(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == tester):
            task["items"] = [item for item in task["items"] if item["id"] in owed]

    found = told(verify(under(run, two), "validation", run.store.blob, pendulum.now("UTC")))
    assert ("evidence-shared", f"{tester}/integration:{tester}/full-suite") in found


SDET, TESTER = ("implementation/ingest.sdet", "unit-tests"), ("validation/test-engineer", "full-suite")


def clocked(*seconds, stamp='timestamp="2026-11-30T06:00:00" '):
    cases = "".join(
        f'<testcase classname="tests" name="test_ingest_{place}_works" time="{took}"/>' for place, took in enumerate(seconds, 1)
    )
    return f'<testsuites><testsuite name="pytest" {stamp}hostname="ci">{cases}</testsuite></testsuites>'.encode()


@pytest.mark.parametrize(
    ("first", "other", "one_run"),
    [
        (clocked("0.012", "0.012"), clocked("0.012", "0.012"), True),
        (clocked("0.012", "0.012"), clocked("0.012", "0.011"), False),
        (clocked("0.012", "0.012", stamp=""), clocked("0.012", "0.012", stamp=""), False),
        (clocked("0.012", "0.011", stamp=""), clocked("0.012", "0.011", stamp=""), False),
        (clocked("0.012", "0.011", "0.01", stamp=""), clocked("0.012", "0.011", "0.01", stamp=""), True),
        (clocked("0.012", "0.011", "0", stamp=""), clocked("0.012", "0.011", "0", stamp=""), False),
        (clocked("0", "0", "0"), clocked("0", "0", "0"), False),
    ],
)
def test_one_run_is_no_evidence_of_two_personas_where_a_clock_was_read(tmp_path, first, other, one_run):
    """In another phase, and with a blank added."""
    run = honest(tmp_path, through="foundation")
    run.contents |= {SDET: first, TESTER: other + b"\n"}
    run.work("implementation")
    run.answer("implementation")
    run.work("validation")
    found = [finding for finding in run.judge("validation").findings if finding.rule == "evidence-shared"]
    assert [finding.subject for finding in found] == [f"{'/'.join(TESTER)}:{'/'.join(SDET)}"] * one_run
    if one_run:
        assert "full.xml of @test-engineer is a report of the very run that @sdet has delivered as unit.xml" in found[0].text
    assert "evidence-shared" not in rules(run.judge("implementation"))


def test_one_run_is_no_evidence_of_two_items_of_one_task_though_no_clock_was_read(tmp_path):
    """And where the phase has no report but those two."""
    run = honest(tmp_path, through="foundation")
    run.contents |= {SDET: clocked("0"), (SDET[0], "integration-tests"): clocked("0") + b"\n"}
    run.work("implementation")
    assert ("evidence-shared", f"{SDET[0]}/integration-tests:{SDET[0]}/unit-tests") in told(run.judge("implementation"))


def test_reports_that_cannot_be_read_are_left_to_another_rule(tmp_path):
    broken = b"<testsuite>".ljust(100, b"!")
    contents = {("validation/test-engineer", "full-suite"): broken, ("validation/test-engineer", "integration"): broken + b"\n"}
    assert "evidence-shared" not in rules(judged(tmp_path, "validation", contents, through="implementation"))


# Scans.

OBSERVED = """\
phases:
  foundation:
    tasks:
      ux-designer: {evidence: {lint: {report: a.sarif, kind: sarif}}}
      architect: {evidence: {lint: {report: b.sarif, kind: sarif}}}
"""


def test_a_scan_that_nobody_ran_again_is_not_the_same_whoever_runs_it(tmp_path):
    scan = json.dumps(sarif()).encode()
    contents = {("foundation/ux-designer", "lint"): scan, ("foundation/architect", "lint"): scan}
    found = told(judged(tmp_path, "foundation", contents, text=SPEC + OBSERVED))
    assert ("evidence-shared", "foundation/ux-designer/lint:foundation/architect/lint") in found


# Pictures.


def test_a_picture_of_an_earlier_phase_that_is_handed_in_again(tmp_path):
    text = SPEC + PICTURES + "  validation: {tasks: {documentation-writer: {evidence: {shot: {report: shot.png, kind: image}}}}}\n"
    run = honest(tmp_path, text=text)
    run.contents |= {WIREFRAME: drawn(1, 1, 50, 50), DIAGRAM: drawn(9, 9, 70, 70)}
    run.through("implementation")
    run.contents["validation/documentation-writer", "shot"] = drawn(9, 9, 70, 70, compress_level=0)
    run.work("validation")
    shared = [subject for rule, subject in told(run.judge("validation")) if rule == "evidence-shared"]
    assert shared == ["validation/documentation-writer/shot:foundation/architect/diagram"]


def changed_pictures(tmp_path, *of_each, kind="image"):
    """Two of the foundation, each of whom owes changed files of one kind and brings some."""
    run = honest(tmp_path)
    owed = {"foundation/architect": "architecture", "foundation/ux-designer": "ux"}
    for (task, item), files in zip(owed.items(), of_each, strict=True):
        entries = tuple(
            Entry(
                task=task, item=item, name=f"{task[-3:]}/{number}.png", digest=run.store.put_bytes(data), size=len(data), grade="observed"
            )
            for number, data in enumerate(files)
        )
        run.deliver(task, evidence=entries)
    run.deliver("foundation/product-manager")
    run.converge("foundation")

    def pictures(contract):
        for task in contract["phases"][0]["tasks"]:
            for item in task["items"]:
                if item["id"] == owed.get(task["id"]):
                    item.update(kind=kind, path=None, changed=("**",), expect={})

    judgement = verify(under(run, pictures), "foundation", run.store.blob, pendulum.now("UTC"))
    return [one for one in told(judgement) if one[0] == "evidence-shared"]


def test_changed_pictures_are_compared_and_those_of_one_item_are_for_another_rule(tmp_path):
    one, other = drawn(20, 20, 90, 90), drawn(9, 9, 70, 70)
    assert changed_pictures(tmp_path / "a", [one], [other, drawn(20, 20, 90, 90, compress_level=0)]) == [SAME]
    assert changed_pictures(tmp_path / "b", [one, one], [other]) == []


def test_changed_prose_is_not(tmp_path):
    assert changed_pictures(tmp_path, [ALL], [ALL + b"\n"], kind="markdown") == []
