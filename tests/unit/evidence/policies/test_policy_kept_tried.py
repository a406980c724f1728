"""Policy 10, of what is no test of a suite: an attempt that got in and a benchmark that was too slow are tried again, whatever was mended."""

from __future__ import annotations

import json

import pytest
from support.contents import benchmark
from support.cycles import Cycle
from support.runs import honest

SECURITY, PERFORMANCE = "validation/security-engineer", "validation/performance-engineer"
LOG, LOAD = (SECURITY, "penetration"), (PERFORMANCE, "load")
DROPPED = f"tests-dropped:{SECURITY}/penetration:before"
SLOW = f"tests-dropped:{PERFORMANCE}/load:before"


def log(**results: str) -> bytes:
    return json.dumps(
        {"attempts": [{"id": name, "attempt": "SQL in a field", "result": result} for name, result in results.items()]}
    ).encode()


def load(**seconds: float) -> bytes:
    made = [benchmark(*[taken] * 3, name=name, limit=2)["benchmarks"] for name, taken in seconds.items()]
    return json.dumps({"benchmarks": [one for of in made for one in of], "version": "5.1.0"}).encode()


def judged(tmp_path, item: tuple[str, str], *reports: bytes) -> Cycle:
    """A report of each cycle; something is mended in all, and the gate of the last is to be asked."""
    run = honest(tmp_path, through="implementation")
    first, *more = reports
    run.contents[item] = first
    run.work("validation")
    assert run.answer("validation").word == "FAILED"
    for number, report in enumerate(more, 1):
        cycle = Cycle(run, "validation", number).mended()
        run.contents[item] = report
        cycle.judged()
        if number < len(more):
            assert cycle.answer().word == "FAILED"
    return cycle


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (log(a="repelled", b="repelled"), []),
        (log(b="repelled", more="repelled"), []),
        (log(a="repelled"), [DROPPED]),
        (log(a="repelled", B="repelled"), [DROPPED]),
    ],
    ids=["both", "the-one", "left-out", "renamed"],
)
def test_an_attempt_that_got_in_is_made_again(tmp_path, after, found):
    assert judged(tmp_path, LOG, log(a="repelled", b="got in"), after).told() == found


def test_it_is_not_forgotten_in_the_cycle_after_and_is_told_by_its_name(tmp_path):
    cycle = judged(tmp_path, LOG, log(a="repelled", b="got in", c="got in"), log(a="repelled"), log(a="repelled", c="repelled"))
    [finding] = cycle.ask().findings
    assert (finding.id, finding.task) == (DROPPED, SECURITY)
    assert "1 of what spoke against the product" in finding.text
    assert "not told any more: b. Try it again" in finding.text


def test_what_is_found_again_is_told_once(tmp_path):
    assert judged(tmp_path, LOG, log(b="got in"), log(b="got in")).told() == [
        f"validation-failed:{SECURITY}/penetration:attempts[0].result"
    ]


@pytest.mark.parametrize(
    ("after", "found"), [(load(slow=1.0), []), (load(fast=0.1), [SLOW]), (load(fast=0.1, slow=1.5), [])], ids=["slow", "fast", "both"]
)
def test_a_benchmark_that_was_too_slow_is_run_again(tmp_path, after, found):
    assert judged(tmp_path, LOAD, load(fast=0.1, slow=9.0), after).told() == found


def test_a_report_without_any_entry_is_told_for_what_it_is(tmp_path):
    assert judged(tmp_path, LOAD, load(slow=9.0), b'{"benchmarks": []}').told() == [f"evidence-missing:{PERFORMANCE}/load:benchmarks"]
