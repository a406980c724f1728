"""Inputs hold what the plan asks for: a name in a signed statement leads nowhere else."""

from __future__ import annotations

import pendulum
import pytest
from support.runs import honest

from dag_factory.errors import StoreError
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.statement import Entry
from dag_factory.operators.place import inputs_of


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path / "run", through="implementation")


def delivering(run, *names):
    """The engineer delivers what it owes, and files of these names as its code."""
    task = run.contract.tasks["implementation/ingest.software-engineer"]
    digest = run.store.put_bytes(b"anything\n")
    more = tuple(Entry(task=task.id, item="code", name=name, digest=digest, size=9, grade="observed") for name in names)
    run.deliver(task.id, evidence=(*run.entries(task, "seal"), *more))
    return Case(run.record, "implementation", run.store.blob, pendulum.now("UTC")), [run.contract.phase("implementation")]


@pytest.mark.parametrize(
    "name", ["../../../../out.txt", "src/../../../../out.txt", "{absolute}", "src/a\0b", "elsewhere/code.py", "src//x"]
)
def test_what_the_plan_does_not_ask_for_is_not_laid_out(run, tmp_path, name):
    absolute = tmp_path / "absolute.txt"
    case, phases = delivering(run, name.format(absolute=absolute))
    inputs_of(run.store, case, phases, tmp_path / "deep" / "in" / "inputs")
    laid = {
        path.name for path in (tmp_path / "deep" / "in" / "inputs" / "implementation/ingest.software-engineer").rglob("*") if path.is_file()
    }
    assert laid == {"INTERFACE.md", "code.py"}
    assert not absolute.exists()
    assert not list(tmp_path.rglob("out.txt"))


def test_a_file_that_is_named_as_anothers_folder_is_an_error_that_says_so(run, tmp_path):
    case, phases = delivering(run, "src/orders/code.py/more.py")
    with pytest.raises(StoreError, match=r"'src/orders/code\.py/more\.py' of implementation/ingest\.software-engineer cannot be laid out"):
        inputs_of(run.store, case, phases, tmp_path / "inputs")
