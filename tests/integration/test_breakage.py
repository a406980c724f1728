"""What docs/operations.md says of things that break, tried on a real Airflow: nothing opens, nothing half-done counts, and all of it can be mended."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.airflow import RealAirflow, Run, alive, titles
from support.levers import clear, sound

from dag_factory.runners import warden

GATE, AUTHOR, READER = "drafting.gate", "drafting.author", "reading.reader"
TOKEN = "tango-from/the+environment"
PATIENT = {
    "TESTS_TOKEN": TOKEN,
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "8",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAirflow]:
    """An Airflow of its own: its parts are killed, and its store is taken away."""
    with RealAirflow.running(tmp_path_factory.mktemp("broken") / "home", Path(__file__).parent / "breakage", **PATIENT) as started:
        yield started


def working(airflow: RealAirflow, name: str) -> tuple[Run, int]:
    """A run whose author works, and works on until it is told to end; the process id of its program."""
    for left in ("go", "pid"):
        (airflow.lab / left).unlink(missing_ok=True)
    run = airflow.run(name)
    run.start()
    pid = airflow.lab / "pid"
    airflow.until(lambda: pid.exists() and pid.read_text().strip(), 90, lambda: f"{name} works: {run.states}")
    return run, int(pid.read_text())


def go(airflow: RealAirflow) -> None:
    (airflow.lab / "go").touch()


def workers(airflow: RealAirflow, task_instance: str) -> list[int]:
    """The processes that work on a task instance: their titles name it."""
    return [pid for pid, title in titles(airflow.home.root).items() if task_instance in title]


def test_a_worker_is_lost_in_the_middle_of_a_task(broken: RealAirflow) -> None:
    run, pid = working(broken, "waits/lost")
    lost = workers(broken, broken.api.task("waits", "lost", AUTHOR)["id"])
    assert lost
    for one in lost:
        os.kill(one, signal.SIGKILL)
    broken.until(lambda: not alive(pid), 15, lambda: "its program ended with it")
    assert run.record.statements["drafting/author"] == [], "nothing half-done counts"
    go(broken)
    assert run.end() == "success"
    [statement] = run.record.statements["drafting/author"]
    assert statement.says.binding.attempt == 2
    assert sound(run)


@pytest.mark.parametrize("moment", ["sealing", "collecting", "attesting"])
def test_a_worker_is_lost_in_the_middle_of_a_step_of_ours(broken: RealAirflow, moment: str) -> None:
    """The work is done once more, and counts once; what was finished beside it is not done again."""
    run = broken.run(f"halts/{moment}")
    run.start()
    broken.until((broken.lab / f"halted-{moment}").exists, 90, lambda: f"{moment}: {run.states}")
    run.task_is("drafting.colleague", "success")
    lost = workers(broken, broken.api.task("halts", moment, AUTHOR)["id"])
    assert lost
    for one in lost:
        os.kill(one, signal.SIGKILL)
    assert run.record.statements["drafting/author"] == [], "nothing half-done counts"
    assert run.end() == "success"
    said = {task: [(one.says.binding.attempt, one.says.outcome) for one in stored] for task, stored in run.record.statements.items()}
    assert said == {
        "drafting/author": [(2, "completed")],
        "drafting/colleague": [(1, "completed")],
        "reading/reader": [(1, "completed")],
    }
    [notes] = [entry for entry in run.record.newest("drafting/author").says.evidence if entry.name == "NOTES.md"]
    wrote = (run.store.blob(notes.digest) or b"").count(b"Three good words.")
    assert wrote == (1 if moment == "sealing" else 2), "from the last sealed commit, never from a dirty tree"
    assert sound(run)


def test_the_supervisor_of_a_task_is_killed_and_the_task_is_not(broken: RealAirflow) -> None:
    """The task's own process lives on, and nobody hears it: it ends its program, and attests nothing, while Airflow has the work done again."""
    run, pid = working(broken, "waits/unheard")
    warden_of, task = warden.facts(pid)[0], warden.facts(warden.facts(pid)[0])[0]
    supervisor = warden.facts(task)[0]
    assert supervisor in workers(broken, broken.api.task("waits", "unheard", AUTHOR)["id"])
    os.kill(supervisor, signal.SIGKILL)
    broken.until(lambda: not alive(pid) and not alive(warden_of), 4, lambda: "its program ended")
    broken.until(lambda: not alive(task), 30, lambda: "and the task's process after it")
    assert run.record.statements["drafting/author"] == []
    go(broken)
    assert run.end() == "success"
    assert [item.says.binding.attempt for item in run.record.statements["drafting/author"]] == [2]
    assert sound(run)


def test_a_secret_is_in_no_file_of_a_real_airflow(broken: RealAirflow) -> None:
    """Neither in its logs, nor in its database with XComs, rendered fields and serialised DAGs, nor in the evidence store."""
    run, _ = working(broken, "waits/secret")
    go(broken)
    assert run.end() == "success"
    assert "It is ***" in run.log(AUTHOR)
    assert TOKEN[:9] in run.log(AUTHOR), "a part of it is no secret, and these eyes are open"
    spellings = (TOKEN.encode(), TOKEN.replace("/", "%2F").encode(), TOKEN.replace("/", "\\/").encode())
    files = [path for path in broken.home.root.rglob("*") if path.is_file()]
    assert any(path.name == "airflow.db" for path in files)
    assert [path for path in files if any(text in path.read_bytes() for text in spellings)] == []


def test_the_store_cannot_be_reached_and_is_mended(broken: RealAirflow) -> None:
    run, _ = working(broken, "waits/away")
    evidence = broken.home.evidence
    evidence.rename(evidence.with_name("away"))
    evidence.write_text("This is no folder.\n")
    go(broken)
    assert run.end() == "failed"
    assert "The evidence store cannot be" in run.log(AUTHOR)
    assert (run.states[AUTHOR], run.states[GATE], run.states[READER], run.states["complete"]) == (
        "failed",
        "failed",
        "upstream_failed",
        "failed",
    )
    evidence.unlink()
    evidence.with_name("away").rename(evidence)
    assert not [path for path in run.store.path.rglob(".new-*") if path.is_file()], "no half of a file is left"
    clear(run, AUTHOR, downstream=True)
    run.task_is(AUTHOR, "success")
    assert run.end() == "success"
    assert sound(run)


def test_the_store_is_empty_since_it_is_not_mounted(broken: RealAirflow) -> None:
    run, _ = working(broken, "waits/empty")
    evidence = broken.home.evidence
    evidence.rename(evidence.with_name("away"))
    evidence.mkdir()
    go(broken)
    assert run.end() == "failed"
    assert "The charter that this task began with is gone from" in run.log(AUTHOR)
    assert "has no charter in" in run.log(GATE)
    assert (run.states[AUTHOR], run.states[GATE], run.states[READER], run.states["complete"]) == (
        "failed",
        "failed",
        "upstream_failed",
        "failed",
    )
    assert list(evidence.rglob("*.json")) == [], "nothing is signed that no charter stands above"
    for path in sorted(evidence.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    evidence.rmdir()
    evidence.with_name("away").rename(evidence)
    clear(run, AUTHOR, downstream=True)
    run.task_is(AUTHOR, "success")
    assert run.end() == "success"
    assert sound(run)


def test_the_api_server_goes_down_for_a_moment(broken: RealAirflow) -> None:
    run, _ = working(broken, "waits/deaf")
    broken.kill("api-server")
    go(broken)
    broken.begin("api-server")
    broken.until(broken.api.health, 60, lambda: "the API server answers")
    assert run.end() == "success"
    assert sound(run)


def test_the_scheduler_goes_down_with_the_tasks_it_runs_itself(broken: RealAirflow) -> None:
    """The LocalExecutor's tasks are the scheduler's children: a machine that goes down takes both."""
    run, pid = working(broken, "waits/headless")
    broken.kill("scheduler")
    broken.until(lambda: not alive(pid), 15, lambda: "its program ended with it")
    broken.begin("scheduler")
    go(broken)
    assert run.end() == "success"
    assert [item.says.binding.attempt for item in run.record.statements["drafting/author"]] == [2]
    assert sound(run)
