from __future__ import annotations

from dag_factory.runners import RUNNERS


def test_a_check_is_re_executed_and_nobody_s_claim(bench):
    check = RUNNERS["check"]
    (bench.spec / "a.sh").write_text("exit 2\n")
    request = bench.request({"check": "sh $PHASEGATE_SPEC_DIR/a.sh"})
    outcome = check.run(request, bench.stop)
    assert (outcome.exit_code, outcome.principals, check.principals(request)) == (2, (), ())
    assert check.reexecutes
    assert not check.waits


def test_the_registry_knows_each_runner_by_its_name():
    assert {name: runner.name for name, runner in RUNNERS.items()} == {name: name for name in RUNNERS}
