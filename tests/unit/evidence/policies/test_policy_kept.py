"""Policy 10: tests that ran before run again, under their names; and who may change them, and how, without being accused."""

from __future__ import annotations

import pendulum
import pytest
from support.contents import coverage, junit
from support.cycles import Cycle, failing
from support.junit import SKIPPED, case, suite
from support.runs import HonestRun, honest, place, resign, under

from dag_factory.evidence.kinds import junit_report
from dag_factory.evidence.statement import Sealed, Undone
from dag_factory.evidence.verify import verify

TESTER, SDET, ENGINEER = "validation/test-engineer", "implementation/ingest.sdet", "implementation/ingest.software-engineer"
FULL, UNIT = (TESTER, "full-suite"), (SDET, "unit-tests")
THEIRS = [f"test_{feature}_{rest}" for feature in ("ingest", "daily_mart") for rest in ("1_works", "2_says_why")] + [
    "test_missingcolumn_is_told"
]
DROPPED = f"tests-dropped:{TESTER}/full-suite"


def validated(tmp_path, report: bytes) -> list[str]:
    """What the gate finds where the full suite is this report."""
    run = honest(tmp_path, through="implementation")
    run.contents[FULL] = report
    run.work("validation")
    return [finding.id for finding in run.judge("validation").findings]


def report(*names: str, classname: str = "tests", skipped: tuple[str, ...] = ()) -> bytes:
    return suite(*(case(name, SKIPPED if name in skipped else "", classname=classname, time="0.01") for name in names)).encode()


# ---------------------------------------------------------------- what a report includes


@pytest.mark.parametrize("gone", THEIRS[:4])
def test_a_test_of_the_sdet_that_the_full_suite_leaves_out_is_found(tmp_path, gone):
    other = gone.split("_")[1] if "daily" not in gone else "daily_mart"
    found = validated(tmp_path, junit("test_more", "test_and_more", *(name for name in THEIRS if name != gone)))
    assert found == [f"{DROPPED}:implementation/{other}.sdet"]


def test_as_many_others_do_not_stand_for_those_that_were_dropped(tmp_path):
    found = validated(tmp_path, junit(*(f"test_trivial_{number}" for number in range(100))))
    assert found == [f"{DROPPED}:implementation/{feature}.sdet" for feature in ("ingest", "daily_mart")]


def test_one_that_is_newly_skipped_is_not_run(tmp_path):
    found = validated(tmp_path, report(*THEIRS, skipped=(THEIRS[0],)))
    assert f"{DROPPED}:implementation/ingest.sdet" in found


def test_the_same_name_in_another_class_is_another_test(tmp_path):
    shadow = suite(*(case(name, classname="tests" if name != THEIRS[0] else "checks.trivial", time="0.01") for name in THEIRS)).encode()
    assert validated(tmp_path, shadow) == [f"{DROPPED}:implementation/ingest.sdet"]


@pytest.mark.parametrize(
    "told",
    [
        junit(*reversed(THEIRS)),
        junit(*THEIRS, "test_more"),
        report(*THEIRS, classname="product.tests"),
        b"\xef\xbb\xbf" + junit(*THEIRS).replace(b"><", b">\r\n<"),
        suite(
            *(case(name, classname="tests", time="0.01") for name in THEIRS), case("test_x", "<system-out>skipped</system-out>")
        ).encode(),
    ],
    ids=["in another order", "with more", "from another folder", "with other line ends", "with output"],
)
def test_what_only_looks_like_fewer_is_let_be(tmp_path, told):
    assert validated(tmp_path, told) == []


def test_what_other_reports_of_the_task_hold_counts(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[FULL] = junit(*THEIRS[:2], THEIRS[4])
    run.contents[TESTER, "integration"] = junit(*THEIRS[2:])
    run.work("validation")
    assert run.judge("validation").findings == ()


def test_a_report_that_is_a_part_by_design_is_held_to_nothing_of_others(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "end-to-end"] = junit("test_one_golden_path")
    run.work("validation")
    assert run.judge("validation").findings == ()


def test_a_report_that_is_missing_or_broken_is_told_as_that_alone(tmp_path):
    for number, (told, rule) in enumerate(((None, "evidence-missing"), (b"<no", "evidence-malformed"), (junit(), "tests-missing"))):
        run = honest(tmp_path / str(number), through="implementation")
        run.contents[FULL] = told
        run.work("validation")
        assert {finding.rule for finding in run.judge("validation").findings} == {rule}


# ---------------------------------------------------------------- what an item itself held before


def mended(tmp_path, *, before: bytes, after: bytes, by_sdet: bool = False) -> list[str]:
    """What the gate of a fix cycle finds where the end-to-end tests were `before` and are `after`."""
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "end-to-end"] = before
    run.work("validation")
    failing(run)
    run.contents[TESTER, "end-to-end"] = after
    cycle = Cycle(run, "validation")
    cycle.triage()
    made = cycle.case().rounds[-1].triage.says
    if by_sdet:
        order = made.orders[0].model_copy(update={"task": SDET})
        cycle.triage(orders=(*made.orders, order))
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task)
    cycle.merge()
    return [name for name in cycle.judged().told() if name.startswith("tests-")]


BEFORE = f"tests-dropped:{TESTER}/end-to-end:before"
PARAMETRISED = ("test_a[1]", "test_a[2]", "test_b")


@pytest.mark.parametrize(
    ("before", "after", "by_sdet", "found"),
    [
        (("test_a", "test_b"), ("test_a",), False, True),
        (("test_a", "test_b"), ("test_a", "test_c"), False, True),
        (("test_a", "test_b"), ("test_a", "test_c", "test_d"), False, True),
        (("test_a", "test_b"), ("test_b", "test_a", "test_c"), False, False),
        (PARAMETRISED, ("test_b", "test_a[2]", "test_a[1]"), False, False),
        (PARAMETRISED, ("test_b", "test_a[2026-11-30]", "test_a[x]"), False, False),
        (PARAMETRISED, ("test_b", "test_a[1]"), False, True),
        (("test_a", "test_b"), ("test_a", "test_renamed"), True, False),
        (("test_a", "test_b"), ("test_renamed",), True, True),
    ],
)
def test_the_names_of_the_cycle_before_are_held_against_those_of_this(tmp_path, before, after, by_sdet, found):
    assert mended(tmp_path, before=junit(*before), after=junit(*after), by_sdet=by_sdet) == ([BEFORE] if found else [])


def test_a_test_that_was_skipped_before_may_go(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "end-to-end"] = report("test_a", "test_b", skipped=("test_b",))
    run.work("validation")
    assert {finding.rule for finding in run.answer("validation").findings} == {"tests-skipped"}
    run.contents.clear()
    run.contents[TESTER, "end-to-end"] = report("test_a")
    cycle = Cycle(run, "validation")
    cycle.triage()
    cycle.judged()
    assert not [name for name in cycle.told() if name.startswith("tests-")]


def test_a_flaky_test_that_was_run_again_is_there(tmp_path):
    again = suite(case("test_a", '<flakyFailure message="once"/>', time="0.1")).encode()
    found = mended(tmp_path, before=report("test_a", classname="tests.test_x"), after=again)
    assert found == [f"tests-flaky:{TESTER}/end-to-end:tests.test_x::test_a"]


def test_what_was_dropped_in_one_cycle_is_not_forgotten_in_the_next(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "end-to-end"] = junit("test_a", "test_b")
    run.work("validation")
    failing(run)
    run.contents[TESTER, "end-to-end"] = junit("test_a")
    first = Cycle(run, "validation").mended().judged()
    assert BEFORE in first.told()
    first.answer()
    second = Cycle(run, "validation", 2).mended().judged()
    assert BEFORE in second.told()


def merged(tmp_path, *, by_sdet: bool, names: tuple[str, ...], duty: str = "testing") -> list[str]:
    """The sdet's own tests, run on a merge and, once an engineer or the sdet mended something, on the next; `duty` is the sdet's."""

    def on_duty(contract):
        next(task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == SDET)["duty"] = duty

    run = honest(tmp_path, through="foundation")
    run.contents[UNIT] = report("test_missingcolumn_is_told", "test_b")
    run.codes[SDET, "unit"] = 1
    run.work("implementation")
    assert [finding.id for finding in run.answer("implementation").findings] == [f"check-failed:{SDET}/unit"]
    run.codes.clear()
    run.contents[UNIT] = report(*names)
    cycle = Cycle(run, "implementation")
    cycle.triage()
    made = cycle.case().rounds[-1].triage.says
    if by_sdet:
        cycle.triage(orders=(*made.orders, made.orders[0].model_copy(update={"task": SDET})))
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task)
    cycle.merge()
    judgement = verify(under(cycle.judged().run, on_duty), "implementation", run.store.blob, pendulum.now("UTC"), cycle=1)
    return [finding.id for finding in judgement.findings if finding.rule.startswith("tests-")]


@pytest.mark.parametrize("more", [(), ("test_c",), ("test_c", "test_d")])
def test_a_fix_of_the_engineers_leaves_the_sdets_tests_as_they_were(tmp_path, more):
    found = merged(tmp_path, by_sdet=False, names=("test_missingcolumn_is_told", *more))
    assert found == [f"tests-dropped:{SDET}/unit-tests:before"]


@pytest.mark.parametrize("duty", ["testing", "implementation"])
def test_whoever_reports_them_may_rename_a_test_in_a_fix(tmp_path, duty):
    assert merged(tmp_path, by_sdet=True, names=("test_missingcolumn_is_told", "test_c"), duty=duty) == []


def test_the_sdet_may_not_have_fewer_after_it(tmp_path):
    assert merged(tmp_path, by_sdet=True, names=("test_missingcolumn_is_told",)) == [f"tests-dropped:{SDET}/unit-tests:before"]


def test_an_sdet_who_was_asked_and_changed_nothing_has_renamed_nothing(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "end-to-end"] = junit("test_a", "test_b")
    run.work("validation")
    failing(run)
    run.contents[TESTER, "end-to-end"] = junit("test_a", "test_c")
    cycle = Cycle(run, "validation")
    cycle.triage()
    orders = cycle.case().rounds[-1].triage.says.orders
    cycle.triage(orders=(*orders, orders[0].model_copy(update={"task": SDET})))
    same = Sealed(commit=run.record.converged("implementation").says.sealed.commit, tree="e" * 40, bundle=None)
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task, **({"sealed": same, "base": same.commit} if order.task == SDET else {}))
    cycle.merge(merged=tuple((order.task, run.commits[f"{order.task}, validation 1"]) for order in orders))
    assert BEFORE in cycle.judged().told()


# ---------------------------------------------------------------- what is measured


@pytest.mark.parametrize(
    ("before", "after", "found"), [(True, False, True), (True, True, False), (False, False, False), (False, True, False)]
)
def test_branches_that_were_measured_are_measured_again(tmp_path, before, after, found):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "coverage"] = coverage().replace(
        b'"format": 3', b'"format": 3, "branch_coverage": ' + str(before).lower().encode()
    )
    run.work("validation")
    failing(run)
    run.contents[TESTER, "coverage"] = coverage().replace(b'"format": 3', b'"format": 3, "branch_coverage": ' + str(after).lower().encode())
    cycle = Cycle(run, "validation").mended().judged()
    assert [name for name in cycle.told() if name.startswith("coverage-")] == (
        [f"coverage-omitted:{TESTER}/coverage:branches"] if found else []
    )


def test_a_statement_that_says_it_is_of_no_phase_at_all_breaks_no_gate(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "end-to-end"] = junit("test_a", "test_b")
    for task in run.contract.phase("validation").tasks:
        run.deliver(task.id)
    spoilt = place(run, f"statements/{TESTER}")
    resign(run, spoilt, lambda payload: payload["predicate"]["binding"].update(phase="nowhere"), signer="test-engineer")
    run.converge("validation")
    run.answer("validation")
    run.contents[TESTER, "end-to-end"] = junit("test_a")
    cycle = Cycle(run, "validation")
    cycle.triage()
    cycle.judged()
    assert BEFORE in cycle.told()


# ---------------------------------------------------------------- the files


def test_a_file_of_a_testers_that_is_no_longer_what_they_brought_is_found(tmp_path):
    run: HonestRun = honest(tmp_path, through="foundation")
    for task in run.contract.phase("implementation").tasks:
        run.deliver(task.id)
    run.converge("implementation", altered=(Undone(task=SDET, path="tests/ingest/test_a.py"),))
    [finding] = run.judge("implementation").findings
    assert (finding.id, finding.task) == (f"tests-changed:{SDET}:tests/ingest/test_a.py", SDET)


def test_reading_an_earlier_report_costs_no_more_than_reading_it_once(tmp_path, monkeypatch):
    """Two features with two reports each, and three of the test-engineer's: each is read once for one verdict."""
    run = honest(tmp_path, worked="validation")
    read, real = [], junit_report.read
    monkeypatch.setattr(junit_report, "read", lambda data, *more: read.append(data) or real(data, *more))
    assert run.judge("validation").word == "PASSED"
    assert len(read) == 7
