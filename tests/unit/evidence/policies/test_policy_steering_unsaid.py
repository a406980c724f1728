"""Policy 10, of what nobody says to have brought: the list of the product that a merge signs is looked at too."""

from __future__ import annotations

import pendulum
import pytest
from support.runs import HonestRun, honest, under
from support.steering import ENGINEER, PYTEST, brought

from dag_factory.evidence.verify import verify

MART = "implementation/daily_mart.software-engineer"
PHASE = "tests-shadowed:implementation"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    return honest(tmp_path, through="foundation")


def listing(*paths: str, digest: str = "a" * 64, mode: str = "file") -> bytes:
    return "".join(f"{path}\0{mode}\0{digest}\n" for path in paths).encode()


def implemented(run: HonestRun, listed: bytes, **changes) -> HonestRun:
    """Have everybody implement as they say, where the product is listed as something else."""
    for task in run.contract.phase("implementation").tasks:
        run.deliver(task.id, **(changes if task.id == ENGINEER else {}))
    run.converge("implementation", product=run.store.put_bytes(listed))
    return run


def told(run: HonestRun, change=None) -> list[str]:
    record = run.record if change is None else under(run, change)
    return [finding.id for finding in verify(record, "implementation", run.store.blob, pendulum.now("UTC")).findings]


@pytest.mark.parametrize("mode", ["file", "program", "link"])
@pytest.mark.parametrize("path", ["src/conftest.py", "src/pytest.py", "src/orders.egg-info/entry_points.txt"])
def test_what_is_in_the_product_and_in_nobodys_list_is_found(run, path, mode):
    implemented(run, listing("src/orders/code.py", path, mode=mode))
    [finding] = run.judge("implementation").findings
    assert (finding.id, finding.task) == (f"{PHASE}:{path}", "")
    assert finding.text.startswith(f"{path}, which nobody lists of those who may write it, ")


def apart(contract):
    """Have one of the two engineers write elsewhere."""
    for task in (task for phase in contract["phases"] for task in phase["tasks"]):
        if task["id"] == MART:
            task["writes"] = ["src/mart/**"]


def test_it_is_told_of_whom_alone_may_write_it(run):
    implemented(run, listing("src/conftest.py", "src/orders/helper.py"))
    assert told(run, apart) == [f"tests-shadowed:{ENGINEER}:src/conftest.py"]


@pytest.mark.parametrize("writes", ["src/**", "src", "src/conftest.py", "**/conftest.py", "**", "*.py", "/src/"])
def test_where_a_tester_may_have_brought_it_nobody_is_accused(run, writes):
    implemented(run, listing("src/conftest.py"))

    def shared(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"]):
            if task["duty"] == "testing":
                task["writes"] = [*task["writes"], writes]

    assert told(run, shared) == []


@pytest.mark.parametrize("path", ["src/orders/helper.py", "README.md", "tests/conftest.py"])
def test_what_steers_nothing_or_is_not_for_them_to_write_is_let_be(run, path):
    assert told(implemented(run, listing(path))) == []


def test_what_was_there_before_is_nobodys(tmp_path):
    run = honest(tmp_path)
    for task in run.contract.phase("foundation").tasks:
        run.deliver(task.id)
    run.converge("foundation", product=run.store.put_bytes(listing("src/conftest.py", "src/setup.cfg")))
    assert run.answer("foundation").word == "PASSED"
    assert told(implemented(run, listing("src/conftest.py", "src/setup.cfg"))) == []


def test_where_nothing_tells_what_was_before_nobody_is_accused(tmp_path):
    run = honest(tmp_path)
    for task in run.contract.phase("foundation").tasks:
        run.deliver(task.id)
    run.converge("foundation", product="b" * 64)
    run.answer("foundation")
    assert told(implemented(run, listing("src/conftest.py"))) == []


@pytest.mark.parametrize(("text", "found"), [(PYTEST, True), ("[project]\nname = 'orders'\n", False)])
def test_settings_are_read_where_they_are_kept(run, text, found):
    digest = run.store.put_bytes(text.encode())
    assert told(implemented(run, listing("src/pyproject.toml", digest=digest))) == ([f"{PHASE}:src/pyproject.toml"] if found else [])
    assert all("holds settings of tests" in finding.text for finding in run.judge("implementation").findings)


def test_settings_that_nobody_can_read_are_to_be_listed(run):
    implemented(run, listing("src/pyproject.toml"))
    [finding] = run.judge("implementation").findings
    assert "nobody can tell. List it among what was changed" in finding.text


@pytest.mark.parametrize("who", [(ENGINEER, MART), (MART,)])
def test_where_one_of_them_lists_no_changes_at_all_nobody_is_asked_to(run, who):
    implemented(run, listing("src/pyproject.toml"))

    def unlisted(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"] if task["id"] in who):
            task["items"] = [item for item in task["items"] if not item["changed"]]

    assert f"{PHASE}:src/pyproject.toml" not in told(run, unlisted)


def test_where_who_alone_may_write_it_lists_no_changes_at_all_nothing_is_told(run):
    implemented(run, listing("src/pyproject.toml"))

    def alone(contract):
        apart(contract)
        for task in (task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == ENGINEER):
            task["items"] = [item for item in task["items"] if not item["changed"]]

    assert not [one for one in told(run, alone) if one.endswith("src/pyproject.toml")]


@pytest.mark.parametrize(("writes", "found"), [("/spec/", [f"{PHASE}:src/spec.py"]), ("spec?", [])])
def test_a_module_hides_a_folder_of_tests_only_by_its_whole_name(run, writes, found):
    implemented(run, listing("src/spec.py"))

    def specified(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"]):
            if task["duty"] == "testing":
                task["writes"] = [writes]

    assert told(run, specified) == found


def test_what_is_listed_is_told_once(run):
    implemented(run, listing("src/conftest.py"), evidence=brought(run, "src/conftest.py", b"import os\n"))
    assert told(run) == [f"tests-shadowed:{ENGINEER}:src/conftest.py"]


def test_a_file_that_is_read_instead_of_one_from_before_is_found(tmp_path):
    run = honest(tmp_path)
    for task in run.contract.phase("foundation").tasks:
        run.deliver(task.id)
    run.converge("foundation", product=run.store.put_bytes(listing("src/Makefile")))
    assert run.answer("foundation").word == "PASSED"
    implemented(run, listing("src/Makefile", "src/GNUmakefile"))
    [finding] = run.judge("implementation").findings
    assert finding.id == f"{PHASE}:src/GNUmakefile"
    assert "is read instead of src/Makefile" in finding.text
