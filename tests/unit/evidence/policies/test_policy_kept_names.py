"""Policy 10, of what tests are called: which parameters may be others, and from which folder tests may have been run."""

from __future__ import annotations

import pendulum
import pytest
from support.contents import junit
from support.junit import case, suite
from support.runs import honest, under

from dag_factory.evidence.verify import verify

TESTER, SDET = "validation/test-engineer", "implementation/ingest.sdet"
THEIRS = [f"test_{feature}_{rest}" for feature in ("ingest", "daily_mart") for rest in ("1_works", "2_says_why")] + [
    "test_missingcolumn_is_told"
]
DROPPED = f"tests-dropped:{TESTER}/full-suite:{SDET}"


def includes(tmp_path, owned: tuple[str, ...], ran: tuple[str, ...]) -> list[str]:
    """What the gate finds where the sdet's tests hold some more, and the full suite others."""
    run = honest(tmp_path, through="foundation")
    run.contents[SDET, "unit-tests"] = junit(*owned, *THEIRS)
    run.work("implementation")
    assert run.answer("implementation").word == "PASSED"
    run.contents[TESTER, "full-suite"] = junit(*ran, *THEIRS)
    run.work("validation")
    return [finding.id for finding in run.judge("validation").findings]


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


@pytest.mark.parametrize(
    ("classname", "writes", "found"),
    [
        ("checks.tests", (TESTER, "checks/**"), True),
        ("checks.e2e.tests", (TESTER, "checks/**"), True),
        ("checks.tests", (TESTER, "checks"), True),
        ("checks.tests", (TESTER, "other/**"), False),
        ("checks.tests", (TESTER, "**"), False),
        ("checks.tests", (SDET, "checks/**"), False),
        ("orders.tests", (TESTER, "checks/**"), False),
    ],
)
def test_where_somebody_else_may_write_lies_another_test_of_the_same_name(tmp_path, classname, writes, found):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "full-suite"] = suite(*(case(name, classname=classname, time="0.01") for name in THEIRS)).encode()
    run.work("validation")

    def may_write(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"]):
            if task["id"] == writes[0] or (writes[0] == SDET and task["duty"] == "testing"):
                task["writes"] = [*task["writes"], writes[1]]

    told = verify(under(run, may_write), "validation", run.store.blob, pendulum.now("UTC"))
    assert bool([finding.id for finding in told.findings if finding.rule == "tests-dropped"]) == found
