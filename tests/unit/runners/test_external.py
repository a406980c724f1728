from __future__ import annotations

from dag_factory.runners import RUNNERS


def test_external_runs_nothing_and_waits(bench):
    external = RUNNERS["external"]
    outcome = external.run(bench.request({"external": True}), bench.stop)
    assert external.waits
    assert not external.reexecutes
    assert (outcome.ended, outcome.exit_code, outcome.principals) == ("exited", 0, ())
    assert bench.log.read_bytes() == b""


def test_a_stopped_task_is_told_so(bench):
    bench.stop.set()
    assert RUNNERS["external"].run(bench.request({"external": True}), bench.stop).ended == "stopped"
