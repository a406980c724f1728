"""People who do tasks on a real Airflow: asked in its UI, answering through its REST API; and Airflow's own operators as personas."""

from __future__ import annotations

import pytest
from support.airflow import RealAirflow
from support.people import Person

WHOLE = "## What\n\nA note that somebody wrote by hand.\n"
WRITTEN = {"note.file": WHOLE, "notes": "", "references": []}
SEEN = {"seen.file": "I read it.", "notes": "", "references": []}


@pytest.fixture(scope="module")
def begun(airflow: RealAirflow) -> RealAirflow:
    """All runs of this module, started together so that they share the waiting."""
    for name in ("asks/good", "asks/mended", "asks/outsider", "asks/own", "mute/late", "mute/never", "stocks/run"):
        Person(airflow, "tom").start(airflow.run(name))
    return airflow


def test_the_right_people_answer_once_each(begun):
    run = begun.run("asks/good")
    assert Person(begun, "lea").answer(run, "writing.writer", "Done", **WRITTEN) == 200
    path = f"/api/v2/dags/asks/dagRuns/{run.run_id}/taskInstances/writing.writer/-1/hitlDetails"
    code, said = Person(begun, "max").ask("PATCH", path, {"chosen_options": ["Done"], "params_input": WRITTEN})
    assert code == 409, said
    assert Person(begun, "kim").answer(run, "judging.judge", "PASSED", **SEEN | {"references": ["https://example.com"]}) == 200
    assert run.end(300) == "success", run.states
    note, judged = (run.record.newest(task).says for task in ("writing/writer", "judging/judge"))
    assert (note.principals, judged.principals) == (("login:lea",), ("login:kim",))
    assert [(entry.name, entry.grade) for entry in note.evidence] == [("NOTE.md", "attested")]
    assert run.store.blob(note.evidence[0].digest) == WHOLE.encode()
    assert (judged.judgement.verdict, judged.judgement.grade, judged.judgement.by) == ("PASSED", "attested", "kim")
    assert judged.judgement.references == ("https://example.com",)


@pytest.mark.parametrize(
    ("name", "by", "why"), [("outsider", "eve", "eve is none of those who may answer: lea, kim"), ("own", "lea", "lea worked as @writer")]
)
def test_the_wrong_person_is_refused_or_named(begun, name, by, why):
    """Where all are administrators Airflow lets anybody answer; then it is Phasegate that does not count it."""
    run = begun.run(f"asks/{name}")
    assert Person(begun, "lea").answer(run, "writing.writer", "Done", **WRITTEN) == 200
    code = Person(begun, by).answer(run, "judging.judge", "PASSED", **SEEN)
    if code == 403:
        assert Person(begun, "kim").answer(run, "judging.judge", "PASSED", **SEEN) == 200
        return
    assert code == 200
    run.task_is("judging.judge", "failed")
    assert why in run.log("judging.judge")
    said = run.record.newest("judging/judge").says
    assert (said.outcome, said.principals, said.judgement) == ("failed", (), None)


def test_a_person_mends_what_a_person_found(begun):
    run = begun.run("asks/mended")
    assert Person(begun, "lea").answer(run, "writing.writer", "Done", **WRITTEN) == 200
    assert Person(begun, "kim").answer(run, "judging.judge", "FAILED", **SEEN | {"notes": "Say why."}) == 200
    better = WRITTEN | {"note.file": f"{WHOLE}\n## Why\n\nSomebody asked.\n"}
    assert Person(begun, "max").answer(run, "judging.fix_1.fix", "Done", index=0, **better) == 200
    assert Person(begun, "kim").answer(run, "judging.fix_1.judge", "PASSED", **SEEN) == 200
    assert run.end(300) == "success", run.states
    said = run.record.verdict("judging").says.phasegate
    assert [(item.finding.partition(":")[0], item.now) for item in said.rechecked] == [("validation-failed", "mended")]


def test_silence_is_a_failure_that_names_who_was_asked_and_a_retry_asks_anew(begun):
    late, never = begun.run("mute/late"), begun.run("mute/never")
    late.asks("writing.writer", tries=2)
    assert Person(begun, "lea").answer(late, "writing.writer", "Done", **WRITTEN) == 200
    assert late.end(300) == "success", late.states
    assert [stored.says.outcome for stored in late.record.statements["writing/writer"]] == ["failed", "completed"]
    assert never.end(400) == "failed"
    [finding] = never.record.verdict("writing").says.phasegate.findings
    assert finding.rule == "task-failed"
    assert "Nobody answered within 40 seconds; asked: lea." in finding.text


def test_operators_of_airflows_work_wait_and_mend(begun):
    run = begun.run("stocks/run")
    assert run.end(400) == "success", run.states
    box, waited = run.record.newest("packing/packer").says, run.record.newest("packing/waiter").says
    assert run.store.blob(box.evidence[0].digest) == b"bad hello told\n"
    assert [(entry.name, entry.grade) for entry in waited.evidence] == [("waited.txt", "re-executed")]
    assert "Pausing task as DEFERRED" in run.log("packing.waiter")
    assert run.states["judging.fix_1.fix"] == "success"
    assert run.word("judging") == "PASSED"
    shown = begun.api._ask("GET", f"/api/v2/dags/stocks/dagRuns/{run.run_id}/taskInstances/packing.packer")["rendered_fields"]
    assert str(begun.lab) not in str(shown), "what was looked up is not what Airflow keeps"
    assert str(begun.lab) not in run.log("packing.packer")
