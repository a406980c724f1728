"""What a person is asked who decides about very many findings, and about what others wrote into them."""

from __future__ import annotations

from support.mending import mendable

from dag_factory.evidence.policies.registry import POLICIES

DECIDE = "fix: {owner: build/maker, max_cycles: 0, extra_cycles: 1, decide: [lea]}"


def test_the_question_tells_the_first_and_the_form_has_all(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **kwargs: asked.append(kwargs))

    def many(case):
        for number in range(60) if case.phase_id == "plan" else ():
            yield case.finding("check-failed", case.phase.tasks[0], f"See https://evil.example/{number}.", subject=f"plan/planner/{number}")

    monkeypatch.setattr("dag_factory.evidence.verify.POLICIES", (*POLICIES, many))
    house = mendable(tmp_path / "house", monkeypatch, more=DECIDE)
    house.run("kickoff")
    house.phase("plan")
    house.run("plan.decide_1")
    [question] = asked
    assert "60 red flags are left" in question["body"]
    assert "- `check-failed:plan/planner/49`: `See https://evil.example/49.`\n- and 10 more" in question["body"], (
        "in code no address is a link"
    )
    assert "plan/planner/50" not in question["body"]
    assert len(question["params"]["findings"]["schema"]["examples"]) == 60
