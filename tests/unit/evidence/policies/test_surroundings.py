"""What a kind is told of an item beside its bytes."""

from __future__ import annotations

import hashlib
import json

import pendulum
import pytest
from support.contents import coverage
from support.runs import honest, place, rules, under

from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.surroundings import _listed, _sources, product_of, surroundings
from dag_factory.evidence.statement import Entry, Sealed, moment_of

ENGINEER, SDET = "implementation/ingest.software-engineer", "implementation/ingest.sdet"
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


def test_comments_that_keep_most_of_the_product_out_of_a_trace_stop_the_gate(tmp_path):
    code = b"a();\n" * 10 + b"// LCOV_EXCL_START\n" + b"b();\n" * 30
    run = honest(tmp_path, through="foundation")
    run.contents[ENGINEER, "code"] = code
    run.contents[COVERED] = b"SF:/build/src/orders/code.py\n" + b"".join(b"DA:%d,1\n" % line for line in range(1, 11)) + b"end_of_record\n"
    for task in run.contract.phase("implementation").tasks:
        run.deliver(task.id)
    data = listed("src/orders/code.py", content=code)
    run.converge("implementation", product=run.store.put_bytes(data))
    assert run.answer("implementation").word == "PASSED"
    for task in run.contract.phase("validation").tasks:
        run.deliver(task.id)
    run.converge("validation", product=run.store.put_bytes(data))
    assert [(one.rule, "30 lines are excluded" in one.text) for one in run.judge("validation").findings] == [("coverage-low", True)]
    assert _sources(case_of(run, "validation")) == {"src/orders/code.py": code}, "what implementers brought, and nobody else"
    other = listed("src/orders/code.py", content=b"it was changed since")
    run.converge("validation", product=run.store.put_bytes(other))
    assert "coverage-low" not in rules(run.judge("validation")), "what stands there now is not known"


def test_a_comment_that_keeps_a_scan_silent_stops_the_gate(tmp_path):
    code, audit = b"run(cmd)  # noqa: S602\n", {"tool": {"driver": {"name": "ruff", "rules": [{"id": "S602"}]}}, "results": []}
    run = honest(tmp_path, through="foundation")
    run.contents[ENGINEER, "code"] = code
    run.contents["validation/security-engineer", "audit"] = json.dumps({"version": "2.1.0", "runs": [audit]}).encode()
    for phase in ("implementation", "validation"):
        for task in run.contract.phase(phase).tasks:
            run.deliver(task.id)
        run.converge(phase, product=run.store.put_bytes(listed("src/orders/code.py", content=code)))
        judgement = run.answer(phase)
    assert [(one.rule, "keep ruff silent" in one.text) for one in judgement.findings] == [("validation-failed", True)]


def test_sources_are_what_implementers_alone_brought_and_the_product_holds(run, monkeypatch):
    code = brought(run, ENGINEER, ("src/a.py", b"12345"), ("src/b.py", b"123456"), ("src/c.py", b"gone"))
    run.deliver(ENGINEER, evidence=code)
    run.deliver(SDET, evidence=brought(run, SDET, ("tests/test_a.py", b"test"), item="unit-tests"))
    run.store.blob_path(code[2].digest).unlink()
    monkeypatch.setattr("dag_factory.evidence.kinds.excluded.MAX_BYTES", 5)
    run.converge(
        "implementation", product=run.store.put_bytes(listed("src/a.py", content=b"12345") + listed("tests/test_a.py", content=b"test"))
    )
    assert {path for path in _sources(case_of(run, "implementation")) if "code.py" not in path} == {"src/a.py"}
    run.converge("implementation", product="a" * 64)
    assert {path for path in _sources(case_of(run, "implementation")) if "code.py" not in path} == {"src/a.py"}, "where no list is kept"


def test_of_what_a_check_printed_the_end_is_looked_at(run):
    task = run.contract.tasks[SDET]
    item = next(item for item in task.items if item.id == "unit-tests")
    case = case_of(run, "implementation")
    [result] = [one for one in case.results(task) if one.name == item.check]
    long = result.model_copy(update={"excerpt": "a" + "b" * 16_384})
    assert surroundings(case, task, item, long)["said"] == "b" * 16_384


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
    assert list(_listed(told)) == [("a.py", "1" * 64), ("bin/run", "2" * 64)]


def test_a_name_that_is_no_text_is_listed_all_the_same():
    assert list(_listed(b"caf\xe9.py\0file\0" + b"1" * 64)) == [("caf\ufffd.py", "1" * 64)]


# Where there is no merge, and what is not of the time.


def brought(run, task, *files, item="code"):
    """Entries of some files, by name, each with its bytes."""
    return tuple(
        Entry(task=task, item=item, name=name, digest=run.store.put_bytes(data), size=len(data), grade="observed") for name, data in files
    )


def test_before_the_first_merge_what_implementers_brought_is_the_product(tmp_path):
    run = honest(tmp_path)
    assert product_of(case_of(run, "implementation")) is None
    run.deliver(ENGINEER, evidence=brought(run, ENGINEER, ("src/a.py", b"x"), ("src/__init__.py", b"")))
    assert product_of(case_of(run, "implementation")) == {"src/a.py"}, "and nothing that is empty"


def test_what_testers_brought_is_no_product(tmp_path):
    run = honest(tmp_path)
    run.deliver(ENGINEER, evidence=brought(run, ENGINEER, ("src/a.py", b"x")))
    run.deliver(SDET, evidence=brought(run, SDET, ("tests/test_a.py", b"x"), item="unit-tests"))

    def changed(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == SDET):
            for item in task["items"]:
                item["changed"] = ("tests/**",)

    record = under(run, changed)
    assert product_of(Case(record, "implementation", run.store.blob, pendulum.now("UTC"))) == {"src/a.py"}


@pytest.mark.parametrize(("check", "at", "merged"), [(True, "converge", True), (True, "seal", False), (False, "converge", False)])
def test_a_report_is_of_the_time_of_the_merge_where_its_check_ran_there(run, check, at, merged):
    task = run.contract.tasks[SDET]
    item = next(item for item in task.items if item.id == "unit-tests")
    said = run.record.newest(SDET).says
    case = case_of(run, "implementation")
    told = surroundings(case, task, item.model_copy(update={"check": item.check if check else None, "at": at}), None)
    last = max(moment_of(case.statement(one).says.finished_at) for one in case.phase.tasks)
    assert told["work"].began == (last if merged else moment_of(said.started_at))
    assert told["said"] == ""


def test_what_was_not_merged_is_not_of_the_time_of_the_merge(run):
    before = max(moment_of(run.record.newest(task.id).says.finished_at) for task in run.contract.phase("implementation").tasks)
    later = pendulum.now("UTC").add(minutes=1).to_iso8601_string()
    place(run, "statements/implementation/daily_mart.sdet").unlink()  # who delivered nothing is of no time
    run.deliver(ENGINEER, sealed=Sealed(commit="f" * 40, tree="c" * 40, bundle="a" * 64), finished_at=later)
    task = run.contract.tasks[SDET]
    told = surroundings(case_of(run, "implementation"), task, next(item for item in task.items if item.id == "unit-tests"), None)
    assert told["work"].began <= before
