"""Policy 10, of what tests are called: which parameters may be others, and from which folder tests may have been run."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
from support.contents import junit
from support.junit import case, suite
from support.runs import honest, under

from dag_factory.evidence.policies.kept import _shifts, _undrawn
from dag_factory.evidence.verify import verify

TESTER, SDET = "validation/test-engineer", "implementation/ingest.sdet"
THEIRS = [f"test_{feature}_{rest}" for feature in ("ingest", "daily_mart") for rest in ("1_works", "2_says_why")] + [
    "test_missingcolumn_is_told"
]
DROPPED = f"tests-dropped:{TESTER}/full-suite:{SDET}"


def included(tmp_path, owned: tuple[str, ...], ran: tuple[str, ...]):
    """What the gate finds where the sdet's tests hold some more, and the full suite others."""
    run = honest(tmp_path, through="foundation")
    run.contents[SDET, "unit-tests"] = junit(*owned, *THEIRS)
    run.work("implementation")
    assert run.answer("implementation").word == "PASSED"
    run.contents[TESTER, "full-suite"] = junit(*ran, *THEIRS, suite="full")
    run.work("validation")
    return run.judge("validation").findings


def includes(tmp_path, owned: tuple[str, ...], ran: tuple[str, ...]) -> list[str]:
    return [finding.id for finding in included(tmp_path, owned, ran)]


@pytest.mark.parametrize(
    ("owned", "ran"),
    [
        (("test_refund[negative]", "test_refund[zero]"), ("test_refund[one]", "test_refund[zero]")),
        (("test_refund[negative]",), ("test_refund[one]", "test_refund[zero]")),
        (("[refunds] refuses negative amounts",), ("[refunds] one is one",)),
        (("adds [refunds] negative [a]",), ("adds [refunds] one [a]",)),
        (("refuses [negative]",), ("refuses [one]",)),
        (("test_refund[-500]",), ("test_refund[500]",)),
        (("test_refund[5]",), ("test_refund[1]",)),
        (("test_a[2026-11-30-hard]",), ("test_a[2026-11-30-easy]",)),
        (("test_a[2026-11-30]", "test_a[2026-11-29]"), ("test_a[2026-12-01]",)),
        (("test_a[x] and more",), ("test_a[y] and more",)),
        (("test_a[2026-11",), ("test_a[2027-12",)),
    ],
)
def test_in_the_reports_of_others_parameters_are_those_of_the_owner(tmp_path, owned, ran):
    assert includes(tmp_path, owned, ran) == [DROPPED]


@pytest.mark.parametrize(
    ("owned", "ran"),
    [
        (("test_refund[negative]", "test_refund[zero]"), ("test_refund[zero]", "test_refund[negative]", "test_refund[one]")),
        (("test_a[2026-11-30]",), ("test_a[2026-12-01]",)),
        (("test_a[2026-11-30T10:00:00+00:00]",), ("test_a[2026-11-30T10:00:01.25+00:00]",)),
        (("test_a[3f2a91bc-dead-4e1f-8abc-0123456789ab]",), ("test_a[beefbeef-1234-4fed-9abc-aaaaaaaaaaaa]",)),
        (("test_a[&lt;object at 0x7f00aa&gt;]",), ("test_a[&lt;object at 0x55cc09&gt;]",)),
        (("test_a[/tmp/tmp8x2k/orders.csv]",), ("test_a[/tmp/tmpq19z/orders.csv]",)),
        (("test_a[0.12345]",), ("test_a[0.98]", "test_a[0.9876]")),
        (("test_a(int, int)[2026]",), ("test_a(int, int)[2027]",)),
    ],
)
def test_what_is_drawn_anew_each_time_may_be_another(tmp_path, owned, ran):
    assert includes(tmp_path, owned, ran) == []


def from_another_folder(tmp_path, owned: str, ran: str, **writes: str) -> bool:
    """Whether the gate misses tests where the sdets' are all of one class, those of the full suite of another, and some may write more."""
    run = honest(tmp_path, through="foundation")
    for task in (SDET, SDET.replace("ingest", "daily_mart")):
        for item in run.contract.tasks[task].items[:2]:
            told = run.content(run.contract.tasks[task], item)
            run.contents[task, item.id] = told.replace(b'classname="tests"', f'classname="{owned}"'.encode())
    run.work("implementation")
    assert run.answer("implementation").word == "PASSED"
    run.contents[TESTER, "full-suite"] = suite(*(case(name, classname=ran, time="0.01") for name in THEIRS)).encode()
    run.work("validation")

    def writing(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"]):
            if (globs := writes.get(task["persona"].replace("-", "_"))) is not None:
                task["writes"] = [*task["writes"], *globs.split()]

    told = verify(under(run, writing), "validation", run.store.blob, pendulum.now("UTC"))
    return "tests-dropped" in {finding.rule for finding in told.findings}


@pytest.mark.parametrize(
    ("owned", "ran", "writes", "found"),
    [
        ("tests", "checks.tests", {"test_engineer": "checks/**"}, True),
        ("tests", "checks.e2e.tests", {"test_engineer": "checks/**"}, True),
        ("tests", "checks.tests", {"test_engineer": "checks"}, True),
        ("tests", "checks.tests", {"test_engineer": "other/**"}, False),
        ("tests", "checks.tests", {"test_engineer": "**"}, False),
        ("tests", "checks.tests", {"sdet": "checks/**"}, False),
        ("tests", "checks.tests", {"sdet": "checks/**", "test_engineer": "checks/**"}, False),
        ("tests", "orders.tests", {"test_engineer": "checks/**"}, False),
        ("tests.unit", "checks.tests.unit", {"test_engineer": "checks/** tests/unit"}, False),
        ("tests.unit", "checks.tests.unit", {"test_engineer": "checks/tests/unit"}, True),
        ("product.tests", "tests", {}, False),
        ("product.tests", "tests", {"test_engineer": "tests"}, True),
        ("product.tests", "producttests", {}, True),
        ("tests", "mytests", {}, True),
        ("mytests", "tests", {}, True),
        ("", "tests", {}, True),
        ("", "tests.", {}, True),
        ("tests.", "", {}, True),
    ],
)
def test_where_somebody_else_may_write_lies_another_test_of_the_same_name(tmp_path, owned, ran, writes, found):
    assert from_another_folder(tmp_path, owned, ran, **writes) == found


def moved(tmp_path, before: str, again: str, *, apart: bool, drawn: str = ""):
    """A run whose sdets' tests lie in one folder, and those of the full suite in another; `apart`: each has a class of its own."""
    run, called = honest(tmp_path, through="foundation"), rb'classname="tests" name="(\w+)"'

    def calls(folder: str, day: int) -> bytes:
        of, parameter = r".of_\1" if apart else "", drawn % day if drawn else ""
        return rf'classname="{folder}tests{of}" name="\1{parameter}"'.encode()

    for task in (SDET, SDET.replace("ingest", "daily_mart")):
        for item in run.contract.tasks[task].items[:2]:
            run.contents[task, item.id] = re.sub(called, calls(before, 29), run.content(run.contract.tasks[task], item))
    run.work("implementation")
    assert run.answer("implementation").word == "PASSED"
    run.contents[TESTER, "full-suite"] = re.sub(called, calls(again, 30), junit(*THEIRS))
    run.work("validation")
    return run


@pytest.mark.parametrize("drawn", ["", "[2026-11-%d]"])
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(("before", "again"), [("", "product."), ("product.", "")])
def test_all_tests_may_be_run_from_another_folder(tmp_path, before, again, apart, drawn):
    """What is drawn anew each time may be another there as well."""
    assert moved(tmp_path, before, again, apart=apart, drawn=drawn).judge("validation").findings == ()


@pytest.mark.parametrize("name", [THEIRS[0], THEIRS[1], "test_of_nobody"])
def test_one_of_them_that_somebody_else_may_write_there_is_another_test(tmp_path, name):
    run = moved(tmp_path, "", "checks.", apart=True)

    def writing(contract):
        next(task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == TESTER)["writes"] = [
            f"checks/tests/of_{name}"
        ]

    found = verify(under(run, writing), "validation", run.store.blob, pendulum.now("UTC")).findings
    assert [finding.id for finding in found if finding.rule == "tests-dropped"] == ([DROPPED] if name in THEIRS else [])


def test_who_misses_tests_is_told_to_run_them_as_they_are_called(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "full-suite"] = junit(*THEIRS[1:])
    run.work("validation")
    [finding] = run.judge("validation").findings
    assert finding.text.endswith("Run them, under these names; a test that is wrong is its owner's to change.")


def test_of_those_that_differ_in_what_is_drawn_only_the_one_that_is_gone_is_named(tmp_path):
    [finding] = included(tmp_path, ("test_a[2026-11-29]", "test_a[2026-11-30]"), ("test_a[2026-11-30]",))
    assert f": 1 tests that {SDET} reported are not run any more: tests::test_a[2026-11-29]. Run them" in finding.text


def test_a_parameter_without_a_figure_may_be_of_any_length(tmp_path):
    name = f"test_a[{'long' * 100_000}]"
    assert includes(tmp_path, (name,), (name,)) == []
    assert _undrawn(name) == name
    assert _undrawn(f"{name[:-1]}-deadbeef]") == f"{name[:-1]}-0]"


def test_of_very_many_folders_from_which_tests_may_have_been_run_some_are_tried():
    now = [f"p{number:05}.test_orders::test_a" for number in range(100_000)]
    owner: Any = SimpleNamespace(writes=())
    of: Any = SimpleNamespace(contract=SimpleNamespace(tasks={}))
    assert len(list(_shifts(of, owner, ["test_orders::test_a"] * 1_000, "test_orders::test_a", now))) == 50
