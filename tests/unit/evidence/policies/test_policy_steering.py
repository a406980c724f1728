"""Policy 10, of what surrounds tests: which files of an engineer's steer tests, and which only look so."""

from __future__ import annotations

import pytest
from support.cycles import Cycle, failing, findings_of
from support.runs import HonestRun, honest, rules
from support.steering import ENGINEER, PYTEST, brought, shadowed

from dag_factory.evidence.statement import Entry


@pytest.fixture
def run(tmp_path) -> HonestRun:
    return honest(tmp_path, through="foundation")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/conftest.py", "x"),
        ("src/orders/deep/conftest.py", "x"),
        ("src/pytest.ini", "[pytest]\n"),
        ("src/.pytest.ini", "[pytest]\n"),
        ("src/.coveragerc", "[run]\nomit = *\n"),
        ("src/sitecustomize.py", "x"),
        ("src/usercustomize.py", "x"),
        ("src/sitecustomize/__init__.py", "x"),
        ("src/pytest.py", "x"),
        ("src/_pytest/junitxml.py", "x"),
        ("src/coverage/__init__.py", "x"),
        ("src/tests/__init__.py", "x"),
        ("src/tests.py", "x"),
        ("src/pyproject.toml", PYTEST),
        ("src/pyproject.toml", 'tool = {coverage = {run = {omit = ["*"]}}}\n'),
        ("src/setup.cfg", "[metadata]\nname = x\n[tool:pytest]\naddopts = -x\n"),
        ("src/tox.ini", "[tox]\n[coverage:run]\nomit = *\n"),
        ("src/setup.cfg", "[metadata]\rname = x\r[tool:pytest]\raddopts = -x\r"),
        ("src/pyproject.toml", "# long\n" * 40_000 + PYTEST),
        ("src/web/vitest.config.ts", "export default {}"),
        ("src/orders-1.dist-info/entry_points.txt", "[pytest11]\norders = orders.hooks\n"),
        ("src/orders.egg-info/entry_points.txt", "[console_scripts]\na = b:c\n [[pytest11]] \norders = orders.hooks\n"),
        ("src/pyproject.toml", '[project.entry-points.pytest11]\norders = "orders.hooks"\n'),
        ("src/setup.cfg", "[options.entry_points]\npytest11 =\n    orders = orders.hooks\n"),
        ("src/setup.py", "setup(entry_points={'pytest11': ['orders = orders.hooks']})\n"),
        ("src/sitecustomize.pyc", "x"),
        ("src/orders/__pycache__/reader.cpython-312.pyc", "x"),
        ("src/orders/__pycache__/reader.nbi", "x"),
        ("src/orders/reader.pyc", "x"),
        ("src/orders/reader.pyo", "x"),
        ("reader.pyc", "x"),
        ("src/sitecustomize.cpython-312-x86_64-linux-gnu.so", "x"),
        ("src/_pytest/__init__.pyc", "x"),
        ("src/pytest.abi3.so", "x"),
        ("src/iniconfig.py", "x"),
        ("src/pytest_cov/__init__.py", "x"),
        ("src/calendar.py", "x"),
        ("src/xml/__init__.py", "x"),
        ("logging.py", "x"),
        ("xml/__init__.py", "x"),
        ("src/packaging.py", "x"),
        ("src/package.json", '{"name": "orders", "jest": {"testPathIgnorePatterns": ["hard"]}}'),
        ("src/web/vite.config.ts", "export default defineConfig({ test: { exclude: ['hard'] } })"),
        ("src/.cargo/config.toml", '[target.x86_64-unknown-linux-gnu]\nrunner = "true"\n'),
        ("src/main/resources/junit-platform.properties", "x"),
        ("src/main/resources/META-INF/services/org.junit.platform.launcher.TestExecutionListener", "x"),
        ("src/.c8rc", "{}"),
        ("src/nyc.config.js", "x"),
        ("src/phpunit.xml.dist", "<phpunit/>"),
        ("src/vitest.workspace.ts", "x"),
        ("src/.config/nextest.toml", "x"),
    ],
)
def test_what_steers_tests_is_not_for_who_implements_to_bring(run, name, text):
    assert shadowed(run, name, text) == [f"{ENGINEER}:{name}"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/orders/config.py", "x"),
        ("src/orders/conftests.py", "x"),
        ("src/orders/model.pth", "weights"),
        ("src/pyproject.toml", '[project]\nname = "orders"\n[tool.ruff]\nline-length = 100\n'),
        ("src/pyproject.toml", 'tool = "none"\n'),
        ("src/pyproject.toml", "x = " + "[" * 50_000),
        ("src/pyproject.toml", "x = " + "9" * 10_000),
        ("src/setup.cfg", "[metadata]\nname = pytest\n"),
        ("src/insurance/policies/coverage.py", "x"),
        ("src/orders/tests/example.py", "x"),
        ("src/orders/pytest.txt", "x"),
        ("src/orders-1.dist-info/entry_points.txt", "[console_scripts]\norders = orders:main\n"),
        ("src/orders/entry_points.txt", "[pytest11]\n"),
        ("src/setup.py", "setup(name='orders')\n"),
        ("src/orders/calendar.py", "x"),
        ("src/orders/xml/etree.py", "x"),
        ("src/xml/report.py", "x"),
        ("src/pytest.config.py", "x"),
        ("src/native/select.so", "x"),
        ("app/logging.py", "x"),
        ("src/package.json", '{"name": "orders", "scripts": {"test": "jest"}}'),
        ("src/package.json", '["jest"]'),
        ("src/web/vite.config.ts", "export default defineConfig({ plugins: [latest()] })"),
        ("src/.cargo/config.toml", '[alias]\nxtask = "run --package xtask --"\n[build]\ntarget = "thumbv7em-none-eabihf"\n'),
        ("src/orders/resources/site/index.html", "x"),
    ],
)
def test_what_only_looks_so_is_let_be(run, name, text):
    assert shadowed(run, name, text) == []


@pytest.mark.parametrize("name", ["src/orders/pytest.py", "src/orders/unittest/run.py"])
def test_within_a_package_a_module_hides_no_tool(run, name):
    assert shadowed(run, name, product=("src/orders/__init__.py",)) == []


@pytest.mark.parametrize("name", ["src/pytest.py", "src/coverage.py", "src/xml/__init__.py"])
def test_src_is_where_modules_are_looked_for_whatever_lies_in_it(run, name):
    assert shadowed(run, name, product=("src/__init__.py",)) == [f"{ENGINEER}:{name}"]


@pytest.mark.parametrize(
    ("product", "found"),
    [
        (("app/orders/__init__.py",), True),
        (("app/__init__.py", "app/orders/__init__.py"), False),
        (("app/orders/deep/__init__.py", "other/orders/__init__.py"), False),
    ],
)
def test_so_is_a_folder_that_holds_packages_and_is_none(run, product, found):
    assert shadowed(run, "app/logging.py", product=product) == ([f"{ENGINEER}:app/logging.py"] if found else [])


def test_a_module_that_stands_in_the_place_of_another_may_be_called_otherwise(run):
    shadowed(run, "src/calendar.py")
    [finding] = run.judge("implementation").findings
    assert "stands in the place of calendar, which tests are run with. Call it otherwise, or put it into a package." in finding.text


@pytest.mark.parametrize("name", ["src/orders/pytest.py", "src/orders/unittest/run.py"])
def test_where_there_is_no_package_it_does(run, name):
    assert shadowed(run, name) == [f"{ENGINEER}:{name}"]


def test_settings_that_were_there_before_may_be_edited_where_they_are_kept_with_others(tmp_path):
    run = honest(tmp_path)
    for task in run.contract.phase("foundation").tasks:
        run.deliver(task.id)
    run.converge("foundation", product=run.store.put_bytes(f"src/pyproject.toml\0file\0{'b' * 64}\n".encode()))
    assert run.answer("foundation").word == "PASSED"
    assert shadowed(run, "src/pyproject.toml", PYTEST) == []


def test_testers_may_bring_it(run):
    sdet, data = "implementation/ingest.sdet", b"import pytest\n"
    found = Entry(
        task=sdet, item="unit-tests", name="tests/conftest.py", digest=run.store.put_bytes(data), size=len(data), grade="observed"
    )
    for task in run.contract.phase("implementation").tasks:
        run.deliver(task.id, **({"evidence": (found,)} if task.id == sdet else {}))
    run.converge("implementation")
    assert "tests-shadowed" not in rules(run.judge("implementation"))


def test_what_an_engineer_brought_once_is_found_until_it_is_gone(run):
    """A fix that touches something else leaves the file where it is; one that takes it away is believed by what was merged."""
    name = "src/conftest.py"
    assert shadowed(run, name)
    run.answer("implementation")
    assert findings_of(run, "implementation")
    cycle = Cycle(run, "implementation")
    listed = f"{name}\0file\0{'a' * 64}\n".encode()
    cycle.mended(product=run.store.put_bytes(listed))
    assert f"tests-shadowed:{ENGINEER}:{name}" in cycle.judged().told()
    cycle.answer()
    second = Cycle(run, "implementation", 2)
    second.mended()
    assert second.judged().told() == []


def test_the_engineer_is_asked_to_mend_it(run):
    assert shadowed(run, "src/conftest.py")
    run.answer("implementation")
    cycle = Cycle(run, "implementation")
    cycle.triage()
    [order] = cycle.case().rounds[-1].triage.says.orders
    assert order.task == ENGINEER


def test_a_fix_in_a_later_phase_is_looked_at_too(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    cycle = Cycle(run, "validation")
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        more = {"evidence": brought(run, "src/sitecustomize.py", b"x\n")} if order.task == ENGINEER else {}
        cycle.mend(order.task, **more)
    cycle.merge()
    assert f"tests-shadowed:{ENGINEER}:src/sitecustomize.py" in cycle.judged().told()
