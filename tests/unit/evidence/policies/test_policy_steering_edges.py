"""Policy 10 at its edges: names that nearly are one, settings that can hardly be read, and where no list of the product is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cycles import Cycle
from support.runs import HonestRun, honest, rules
from support.steering import ENGINEER, PYTEST, brought, shadowed

from dag_factory.evidence.statement import Entry

MART, SDET = "implementation/daily_mart.software-engineer", "implementation/ingest.sdet"
LIMIT = 200_000  # bytes of settings that are read


@pytest.fixture
def run(tmp_path) -> HonestRun:
    return honest(tmp_path, through="foundation")


@pytest.mark.parametrize(
    "name",
    [
        "src/pytest.toml", "src/.coveragerc.toml", "src/jest.config.js", "src/karma.conf.cjs", "src/.mocharc.yml", "src/.mocharc",
        "src/.nycrc.json", "src/.c8rc.json", "src/pluggy.py", "src/hypothesis/__init__.py", "src/unittest/mock.py",
        "src/behave.ini", "src/.behaverc", "src/.taprc", "src/cucumber.mjs", "src/testng.xml", "src/orders.runsettings", "src/nose2.cfg",
    ],
)  # fmt: skip
def test_every_tool_of_tests_has_its_own_files(run, name):
    assert shadowed(run, name) == [f"{ENGINEER}:{name}"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/.c8rc.jso", "{}"),
        ("src/setup.cf", "[tool:pytest]\n"),
        ("src/tox.in", "[pytest]\n"),
        ("src/setup.p", "pytest11"),
        ("src/orders.egg-info/entry_points.tx", "[pytest11]\n"),
        ("src/vite.config.tsx", "test: {}"),
        ("src/vite.config.j", "test: {}"),
        ("src/vite.config.js", "export default {} // what we test is elsewhere\n"),
        ("src/.cargo/config", "# the runner is asked for elsewhere\n"),
        ("src/orders.egg-info/entry_points.txt", "[pytest11tools]\norders = orders:main\n"),
        ("src/setup.cfg", "[options.entry_points]\nconsole_scripts =\n    pytest11tools = orders:main\n"),
        ("src/package.jso", '{"jest": {}}'),
        ("src/sitecustomize.pyx", "x"),
        ("src/orders/pycache.py", "x"),
        ("src/orders/reader.pyd", "x"),
        ("src/orders/my__pycache__/reader.py", "x"),
        ("src/orders/.pyc/reader.txt", "x"),
        ("src/pytest.pyx", "x"),
        ("src/pytest.", "x"),
        ("src/native/__init__.py", "x"),
        ("__init__.py", "x"),
        ("src/setup.cfg", "[tool:pytest\n"),
        ("src/tox.ini", "[pytest\n"),
        ("src/bunfig.tom", "[test]\n"),
        ("src/bunfig.toml", "testing = true\n"),
        ("src/.npmr", "node-options=--require ./src/always.js\n"),
        ("src/.npmrc", "node-options-of = node\n"),
        ("src/.mvn/jvm.confi", "-javaagent:src/always.jar\n"),
        ("src/.mvn/jvm.config", "-javaagen\n"),
        ("src/pyproject.toml", 'tool = ["pytest", "coverage"]\n'),
        ("src/pyproject.toml", "tool = 3\n"),
        ("src/pyproject.toml", "# pytest and coverage".ljust(LIMIT - 1) + "\n"),
        ("src/pyproject.toml", "# nothing of the kind\n".ljust(LIMIT + 1, "#")),
    ],
)
def test_what_nearly_is_one_is_none(run, name, text):
    assert shadowed(run, name, text) == []


@pytest.mark.parametrize(
    ("name", "holds", "not_so"),
    [
        ("src/bunfig.toml", '[test]\npreload = ["./always.ts"]\n', '[install]\nregistry = "https://example.org"\n'),
        ("src/.npmrc", "node-options=--require ./src/always.js\n", "save-exact=true\n"),
        ("src/.mvn/maven.config", "-T1\n-Dmaven.test.failure.ignore=true\n", "-T1\n"),
        ("src/.mvn/jvm.config", "-javaagent:src/always.jar\n", "-Xmx1g\n"),
    ],
)
def test_settings_of_other_tools_that_steer_tests_too(run, name, holds, not_so):
    assert shadowed(run, name, holds) == [f"{ENGINEER}:{name}"]
    assert shadowed(run, name, not_so) == []


@pytest.mark.parametrize("tool", ["mocha", "nyc", "c8", "ava", "tap", "vitest"])
def test_a_package_may_hold_settings_of_every_tool_of_tests(run, tool):
    assert shadowed(run, "src/package.json", f'{{"name": "orders", "{tool}": {{}}}}') == [f"{ENGINEER}:src/package.json"]


@pytest.mark.parametrize("word", ["pytest", "coverage"])
def test_of_what_is_too_long_to_be_read_a_word_is_enough(run, word):
    assert shadowed(run, "src/pyproject.toml", f"# {word}\n".ljust(LIMIT + 1, "#")) == [f"{ENGINEER}:src/pyproject.toml"]


def test_at_the_top_no_package_is_around_it(run):
    assert shadowed(run, "pytest.py", product=("__init__.py",)) == [f"{ENGINEER}:pytest.py"]


def test_the_package_may_be_anywhere_in_the_list(run):
    assert shadowed(run, "src/orders/pytest.py", product=("src/a.py", "src/orders/__init__.py", "src/z.py")) == []


def work(run, *more, without=(), **changes):
    """Have everybody implement, one of them with more files, and keep no list of the product."""
    for task in run.contract.phase("implementation").tasks:
        if task.id not in without:
            run.deliver(task.id, **(changes | {"evidence": more} if task.id == ENGINEER else {}))
    run.converge("implementation", product="a" * 64)
    return [finding.id for finding in run.judge("implementation").findings]


def file(run, name, data=b"import os\n", task=ENGINEER, item="code"):
    return Entry(task=task, item=item, name=name, digest=run.store.put_bytes(data), size=len(data), grade="observed")


def own(run):
    return run.entries(run.contract.tasks[ENGINEER], "seal")


def test_where_no_list_is_kept_what_implementers_brought_is_the_product(run):
    pair = (file(run, "src/orders/pytest.py"), file(run, "src/orders/__init__.py"))
    found = work(run, *own(run), *pair, without=(MART,))
    assert f"tests-shadowed:{ENGINEER}:src/orders/pytest.py" not in found
    assert f"tests-shadowed:{ENGINEER}:src/orders/pytest.py" in work(run, *own(run), pair[0])


def test_where_no_list_is_kept_nobody_knows_what_a_new_file_is_read_instead_of(run):
    assert work(run, *own(run), file(run, "src/Makefile"), file(run, "src/GNUmakefile")) == []
    Path(run.store.blob_path(run.record.converges["foundation"][-1].says.product)).unlink()
    assert run.judge("implementation").findings == ()


def test_a_list_with_a_name_that_is_no_text_is_read_all_the_same(run):
    run.deliver(ENGINEER, evidence=(*own(run), file(run, "src/conftest.py")))
    for task in run.contract.phase("implementation").tasks:
        if task.id != ENGINEER:
            run.deliver(task.id)
    run.converge("implementation", product=run.store.put_bytes(b"src/caf\xe9.py\0file\0" + b"a" * 64 + b"\n"))
    assert [finding.id for finding in run.judge("implementation").findings] == [f"tests-shadowed:{ENGINEER}:src/conftest.py"]


def test_what_testers_brought_is_no_product(run):
    run.deliver(SDET, evidence=(file(run, "src/orders/__init__.py", task=SDET, item="unit-tests"),))
    found = work(run, *own(run), file(run, "src/orders/pytest.py"), without=(SDET,))
    assert f"tests-shadowed:{ENGINEER}:src/orders/pytest.py" in found


def test_what_somebody_brought_who_failed_steers_nothing(run):
    found = work(run, *own(run), file(run, "src/conftest.py"), outcome="failed", exit_code=1)
    assert f"task-failed:{ENGINEER}" in found
    assert not [one for one in found if one.startswith("tests-shadowed")]


def test_settings_that_are_gone_are_told_to_be_gone(run):
    entry = file(run, "src/pyproject.toml", PYTEST.encode())
    run.store.blob_path(entry.digest).unlink()
    found = work(run, *own(run), entry)
    assert not [one for one in found if one.startswith("tests-shadowed")]
    assert "evidence-altered" in {one.partition(":")[0] for one in found}


def test_settings_that_are_no_text_are_read_as_well_as_can_be(run):
    entry = file(run, "src/setup.cfg", b"# \xff\xfe\n[tool:pytest]\n")
    assert f"tests-shadowed:{ENGINEER}:src/setup.cfg" in work(run, *own(run), entry)


def test_where_the_phase_before_kept_no_list_every_file_is_new(tmp_path):
    run = honest(tmp_path)
    for task in run.contract.phase("foundation").tasks:
        run.deliver(task.id)
    run.converge("foundation", product="b" * 64)
    assert run.answer("foundation").word == "PASSED"
    assert shadowed(run, "src/pyproject.toml", PYTEST) == [f"{ENGINEER}:src/pyproject.toml"]


def test_the_newest_of_a_file_is_what_counts(run):
    """Settings of tests were brought, and then taken out of a file that stays."""
    name = "src/pyproject.toml"
    assert shadowed(run, name, PYTEST)
    run.answer("implementation")
    cycle = Cycle(run, "implementation")
    cycle.triage()
    cycle.mend(ENGINEER, evidence=brought(run, name, b'[project]\nname = "orders"\n'))
    cycle.merge(product=run.store.put_bytes(f"{name}\0file\0{'a' * 64}\n".encode()))
    assert "tests-shadowed" not in rules(cycle.judged().ask())
