"""A task that a person does: what they are asked, which answers count, and what becomes of them. Airflow's own part is in tests/integration/test_people.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from support.asked import SEEN, STORIES, WHOLE, asking
from support.house import House, git

DONE, NOTE = "Done", {"note.file": WHOLE, "notes": "", "references": []}
PLAN, BUILD, CHECK = "plan.owner", "build.writer", "check.judge"


@pytest.fixture(autouse=True)
def shown(monkeypatch) -> list[dict[str, Any]]:
    """What Airflow was asked to show."""
    questions: list[dict[str, Any]] = []
    monkeypatch.setattr("airflow.sdk.execution_time.hitl.upsert_hitl_detail", lambda **kwargs: questions.append(kwargs))
    return questions


@pytest.fixture
def house(tmp_path, monkeypatch) -> House:
    made = asking(tmp_path / "house", monkeypatch)
    made.run("kickoff")
    return made


def done(house: House, upto: str = "check") -> None:
    """Have the phases before one done, and its task asked."""
    house.run(PLAN)
    house.answer(PLAN, DONE, "olga", **{"stories.file": STORIES})
    if upto == "plan":
        return
    house.close("plan")
    house.run(BUILD)
    if upto == "build":
        return
    house.answer(BUILD, DONE, "willi", **NOTE)
    house.close("build")
    house.run(CHECK)


def test_people_do_all_the_work_of_a_run(house, shown):
    done(house)
    house.answer(CHECK, "PASSED", "judy", **SEEN, notes="Fine.", references=["https://example.com/protocol"])
    house.close("check")
    house.run("complete")
    assert (house.failures, [house.word(phase) for phase in ("plan", "build", "check")]) == ({}, ["PASSED"] * 3)
    said = house.record.newest("check/judge").says
    assert (said.runner, said.principals) == ("human", ("login:judy",))
    assert (said.judgement.verdict, said.judgement.grade, said.judgement.by) == ("PASSED", "attested", "judy")
    assert said.judgement.references == ("https://example.com/protocol",)
    [entry] = said.evidence
    assert (entry.name, entry.grade) == ("verdicts.json", "attested")
    assert json.loads(house.store.blob(entry.digest)) == {
        "verdicts": [{"story": name, "verdict": "PASSED", "observed": "I read it."} for name in ("N-1", "N-2")]
    }
    [note] = house.record.newest("build/writer").says.evidence
    assert (house.store.blob(note.digest).decode(), note.grade) == (WHOLE, "attested")
    assert (
        git("show", f"{house.record.approved}:notes/note.md", cwd=house.root / "repository") + "\n" == WHOLE
        if hasattr(house.record, "approved")
        else True
    )


def test_the_question_tells_the_task_the_evidence_and_where_to_look(house, shown):
    done(house)
    owner, writer, judge = shown
    assert (owner["options"], judge["options"]) == (["Done", "Cannot be done"], ["PASSED", "FAILED"])
    assert [user["id"] for user in judge["assigned_users"]] == ["judy", "jo"]
    assert "Write the note." in writer["body"]
    assert "| note | notes/note.md | markdown |" in writer["body"]
    assert writer["params"]["note.file"]["value"].startswith("## What\n")
    assert "](phasegate/dags/people/runs/manual__1/tasks/build/writer)" in judge["body"]
    assert (
        house.record.verdict("build").says.phasegate.approved in judge["body"]
        if hasattr(house.record.verdict("build").says.phasegate, "approved")
        else True
    )
    assert list(judge["params"]) == [*SEEN, "notes", "references"]
    assert judge["params"]["verdicts.N-1.verdict"]["schema"]["enum"] == ["PASSED", "FAILED", None]
    assert house.parked[CHECK][1]["asked"] in judge["body"]
    assert not (house.root / "work_root").exists() or not list((house.root / "work_root").glob("*/check__judge"))
