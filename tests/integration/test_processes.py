"""A task that someone marks by hand while its persona works: what worked is ended, and nothing of it is attested."""

from __future__ import annotations

import pytest
from support.airflow import Run, alive

GATE, AUTHOR, READER = "drafting.gate", "drafting.author", "reading.reader"


def asleep(run: Run) -> list[int]:
    """Wait until the persona, its child and its daemon sleep, and give their process ids."""
    place = run.airflow.home.airflow / "phasegate" / "work"

    def pids() -> list[int]:
        file = place / run.record.charter.digest[:16] / "drafting__author" / "0001" / "evidence" / "pids"
        found = [int(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
        return found if len(found) == 3 else []

    run.task_is(AUTHOR, "running")
    return run.airflow.until(pids, 60, lambda: f"{run.name} sleeps")


def gone(run: Run, pids: list[int]) -> bool:
    """Whether all of them are, within the seconds that a heartbeat and a little grace take."""
    return run.airflow.until(lambda: not any(map(alive, pids)), 15, lambda: f"ended: {[pid for pid in pids if alive(pid)]}")


@pytest.mark.flies("sleeper/failed")
def test_what_is_killed_is_gone_with_all_it_started_and_attests_nothing(run: Run):
    pids = asleep(run)
    assert all(map(alive, pids))
    run.mark(AUTHOR, "failed")
    assert gone(run, pids)
    assert run.end() == "failed"
    assert (run.states[AUTHOR], run.states[GATE], run.states[READER]) == ("failed", "failed", "upstream_failed")
    assert "nothing of it is attested" in run.log(AUTHOR)
    assert run.record.statements["drafting/author"] == []
    assert run.rules("drafting") == {"statement-missing"}


@pytest.mark.flies("sleeper/skipped")
def test_a_task_that_is_marked_skipped_lets_no_run_end_green(run: Run):
    pids = asleep(run)
    run.mark(AUTHOR, "skipped")
    assert gone(run, pids)
    assert run.end() == "failed"
    assert run.states[AUTHOR] == "skipped"
    assert run.states[READER] != "success"
    assert run.states["complete"] == "failed"
    assert run.record.statements["drafting/author"] == []
    assert run.word("drafting") == ""
