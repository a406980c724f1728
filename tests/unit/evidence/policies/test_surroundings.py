"""What a kind is told of an item beside its bytes."""

from __future__ import annotations

import hashlib
import json

import pendulum
import pytest
from support.contents import coverage
from support.runs import honest, rules

from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.surroundings import _listed, product_of
from dag_factory.evidence.statement import moment_of

COVERED = ("validation/test-engineer", "coverage")


def case_of(run, phase):
    return Case(run.record, phase, run.store.blob, pendulum.now("UTC"))


def listed(*names, mode="file", content=b"x"):
    return "".join(f"{name}\0{mode}\0{hashlib.sha256(content).hexdigest()}\n" for name in names).encode()


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, through="implementation")


def with_product(run, data):
    """The implementation's merge, as if its product had been this list, and its gate asked again."""
    run.converge("implementation", product=run.store.put_bytes(data))
    run.answer("implementation")
    return run


def test_where_a_merge_keeps_no_list_what_was_delivered_is_the_product(run):
    run.converge("implementation", product="a" * 64)
    run.answer("implementation")
    assert product_of(case_of(run, "validation")) == {"src/orders/code.py"}
    other = honest(run.tmp_path / "other", worked="foundation")
    other.converge("foundation", product="a" * 64)
    assert product_of(case_of(other, "foundation")) is None


def test_the_product_is_what_the_newest_merge_lists(run):
    data = listed("src/orders/code.py", "src/orders/more.py") + listed("src/l.py", mode="link") + listed("src/__init__.py", content=b"")
    with_product(run, data)
    assert product_of(case_of(run, "validation")) == {"src/orders/code.py", "src/orders/more.py"}


def test_a_product_file_that_the_coverage_leaves_out_stops_the_gate(run):
    data = listed("src/orders/code.py", "src/orders/more.py")
    with_product(run, data)
    for task in run.contract.phase("validation").tasks:
        run.deliver(task.id)
    run.converge("validation", product=run.store.put_bytes(data))
    judgement = run.judge("validation")
    assert [(finding.rule, finding.subject) for finding in judgement.findings] == [
        ("coverage-omitted", "validation/test-engineer/coverage:src/orders/more.py")
    ]


def test_a_list_that_is_nonsense_asks_nothing(run):
    with_product(run, b"\xff\0\0\n\n\0\0\0nonsense")
    run.work("validation")
    assert run.judge("validation").findings == ()


def fresh(run, moment, **more):
    report = json.loads(coverage())
    report["meta"]["timestamp"] = moment
    run.contents[COVERED] = json.dumps(report).encode()
    run.deliver(COVERED[0], **more)
    task = run.contract.tasks[COVERED[0]]
    item = next(item for item in task.items if item.id == COVERED[1])
    asked = item.model_copy(update={"expect": {**item.expect, "fresh": True}})
    return [fault.rule for fault in case_of(run, "validation").examine(task, asked).faults]


def test_a_report_is_of_the_time_of_its_task(run):
    now = pendulum.now("UTC")
    assert fresh(run, now.to_iso8601_string()) == []
    assert fresh(run, now.subtract(hours=1).to_iso8601_string()) == ["report-stale"]
    assert fresh(run, now.subtract(days=2).format("YYYY-MM-DDTHH:mm:ss")) == ["report-stale"]


def test_a_report_of_the_merge_is_of_the_time_of_the_merge(run):
    task = run.contract.tasks["implementation/ingest.sdet"]
    item = next(item for item in task.items if item.id == "unit-tests")
    case = case_of(run, "implementation")
    from dag_factory.evidence.policies.surroundings import surroundings

    [result] = [one for one in case.results(task) if one.name == item.check]
    told = surroundings(case, task, item, result)
    ends = [moment_of(case.statement(one).says.finished_at) for one in case.phase.tasks]
    assert told["work"].began == max(ends)
    assert told["work"].ended >= told["work"].began
    assert told["said"] == "ran"
    assert "product" not in told


def test_an_honest_run_is_still_honest(tmp_path):
    run = honest(tmp_path, worked="validation")
    assert rules(run.judge("validation")) == set()


def test_every_plain_file_of_the_product_is_listed_and_nothing_else():
    lines = (
        ("a.py", "file", "1" * 64),
        ("bin/run", "program", "2" * 64),
        ("link", "link", "3" * 64),
        ("empty.py", "file", hashlib.sha256(b"").hexdigest()),
    )
    told = "\n".join("\0".join(line) for line in lines).encode()
    assert list(_listed(told)) == ["a.py", "bin/run"]
