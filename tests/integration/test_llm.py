"""A language model as a persona on a real Airflow: its connection is Airflow's own, made through REST and kept encrypted; it answers on loopback."""

from __future__ import annotations

import json

import pendulum
from support.airflow import RealAirflow
from support.completions import KEY, Fails, calls, ends, running

from dag_factory.evidence.verify import verify_run

AUTHOR, READER = "drafting.author", "reading.reader"
NOTES = "# Notes\n\n## Notes\n\nThree good words.\n"


def test_a_model_writes_and_judges_a_failed_attempt_goes_on_and_its_key_is_nowhere(airflow: RealAirflow):
    script = (
        calls(("write_file", {"path": "NOTES.md", "content": NOTES})),
        Fails(500, message="a bad moment"),
        calls(
            ("list_files", {}), ("write_file", {"path": "NOTES.md", "content": NOTES})
        ),  # it goes on talking; without git, its files are gone
        ends("Written.", references=["NOTES.md"]),
        calls(("read_file", {"path": "$PHASEGATE_INPUTS/drafting/author/NOTES.md"}), ("list_files", {})),
        ends("Read.", verdict="PASSED", notes="Three good words."),
    )
    with running(*script) as model:
        told = json.loads(model.connection)
        connection = {"connection_id": "loopback", "conn_type": told["conn_type"], "host": told["host"], "password": told["password"]}
        airflow.api.insist("POST", "/api/v2/connections", {**connection, "extra": json.dumps(told["extra"])})
        run = airflow.run("models/first")
        run.start()
        assert run.end(400) == "success", f"{run.states}\n{run.log(AUTHOR)}"
    assert set(run.states.values()) == {"success"}
    record = run.record
    first, second = (stored.says for stored in record.statements["drafting/author"])
    assert (first.outcome, [refusal.rule for refusal in first.refusals]) == ("failed", ["agent-failed"])
    assert "answered 500 (internal server error)" in first.excerpt
    assert (second.outcome, second.figures.requests) == ("completed", 2)
    assert second.figures.conversation == first.figures.conversation
    judged = record.statements["reading/reader"][0].says
    assert (judged.judgement.verdict, judged.judgement.grade, judged.judgement.by) == ("PASSED", "claimed", judged.principals[1])
    assert judged.figures.conversation != first.figures.conversation
    assert "Three good words." in model.said("tool")
    assert "Wrote NOTES.md" in model.said("tool", 2), "it remembers"
    assert model.tools(4) == ["list_files", "read_file", "search_files", "write_report", "final_result"], "who judges only reads"
    assert verify_run(record, run.store.blob, pendulum.now("UTC"))[2] == ()
    assert "write_file NOTES.md" in run.log(AUTHOR)
    kept = [path for path in airflow.home.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == [], (
        "neither plan, DAG, XCom, statement, store, log nor workspace"
    )
