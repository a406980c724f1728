"""What can go wrong while a run is mended and decided about: each is named, and the run ends in a known state.

What needs Airflow itself is shown there: two people who answer one question at the same moment in `tests/integration/test_fix_phases.py`, a notifier
that raises on a run to its end in `tests/integration/test_notices.py`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.house import House
from support.mending import mendable, script
from typer.testing import CliRunner

from dag_factory.cli import app

DECIDE = "fix: {owner: build/maker, max_cycles: 1, extra_cycles: 1, decide: [lea, max], timeout: 1h, max_waiver: 2d}"
GOOD = 'echo good > "src/$PHASEGATE_FEATURE.txt"'
ONE_IS_GOOD = "if [ $PHASEGATE_FEATURE = one ]; then echo good > src/one.txt; else echo bad > src/two.txt; fi"
APPROVAL = "approval: {people: [lea, max, kim], need: 2, timeout: 1h}"

MENDS_WHAT_IT_IS_TOLD = """\
import json, os, pathlib

pathlib.Path("plans").mkdir(exist_ok=True)
for item in json.loads(pathlib.Path(os.environ["PHASEGATE_TASK"]).read_text())["findings"]:
    pathlib.Path("plans", item["subject"].rpartition("/")[2]).with_suffix(".md").write_text("here")
"""


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody shows anything: there is no Airflow."""
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **kwargs: None)


@pytest.fixture
def make(tmp_path, monkeypatch):
    def made(*phases: str, **kwargs: Any) -> House:
        house = mendable(tmp_path / "house", monkeypatch, **kwargs)
        house.run("kickoff")
        for phase in phases:
            house.phase(phase)
        return house

    return made


def found(house: House, phase: str) -> set[tuple[str, str]]:
    return {(item.rule, item.task) for item in house.findings(phase)}


def rechecked(house: House, phase: str) -> dict[str, str]:
    return {item.finding: item.now for item in house.record.verdict(phase).says.phasegate.rechecked}


def ends_failed(house: House) -> None:
    """The run ends as failed, and nothing of a later phase was begun."""
    house.run("ship.packer", "complete")
    assert "is not open" in house.failures["ship.packer"]
    assert "MISSION FAILED" in house.failures["complete"]


def test_a_fix_that_breaks_another_finding_is_found_by_its_own_name_and_mended_in_the_next_cycle(make):
    breaks = f'{GOOD}; if grep -q \'"cycle": 1\' "$PHASEGATE_TASK"; then echo worse > src/one.txt; fi'
    house = make("plan", "build", "check", first=ONE_IS_GOOD, mend=breaks)
    [before] = house.findings("check")
    assert "two.txt" in before.text
    house.fix("check", 1)
    assert house.word("check") == "FAILED"
    [now] = house.findings("check")
    assert "one.txt" in now.text
    assert "two.txt" not in now.text
    house.fix("check", 2)
    assert house.word("check") == "PASSED", house.findings("check")
    house.phase("ship")
    house.run("complete")
    assert "complete" not in house.failures


def test_a_fix_that_undoes_the_evidence_of_another_task_is_named_with_the_file_it_took(make):
    house = make("plan", "build", "check", first=ONE_IS_GOOD, mend=f"{GOOD}; rm -f src/one.txt")
    house.fix("check", 1)
    [undone] = [item for item in house.findings("check") if item.rule == "evidence-undone"]
    assert (undone.task, undone.subject) == ("build/one.maker", "build/one.maker:src/one.txt")
    house.fix("check", 2)
    ends_failed(house)


def test_a_finding_without_an_owner_is_named_as_that_and_stays_open(make):
    house = make(more="fix: {max_cycles: 1}")
    house.run(*house.tasks("plan"), "plan.gate")  # somebody marked `converge` as a success
    lost = "merge-missing:plan"
    assert lost in {item.id for item in house.findings("plan")}
    house.fix("plan", 1)
    assert house.record.rounds["plan"][0].triage.says.unowned == (lost,)
    assert house.word("plan") == "FAILED"
    assert rechecked(house, "plan")[lost] == "open"
    house.run("complete")
    assert "MISSION FAILED" in house.failures["complete"]


def test_of_200_findings_at_once_50_are_given_and_the_rest_is_named(make):
    house = make()
    names = [f"e{number:03}" for number in range(200)]
    owed = ", ".join(f"{name}: {{path: plans/{name}.md, kind: file}}" for name in names)
    script(house, "plan.py", MENDS_WHAT_IT_IS_TOLD)
    text = (house.specs / "workflow.yaml").read_text()
    text = text.replace("plan: {path: PLAN.md, kind: file}", owed).replace("plan: [PLAN.md]", 'plan: ["plans/**"]')
    house.write(text.replace("echo plan > PLAN.md", 'python3 "$PHASEGATE_SPEC_DIR/plan.py"').replace("fix: {", "fix: {max_cycles: 2, "))
    house.run("kickoff")
    house.phase("plan")
    before = [item.id for item in house.findings("plan")]
    assert len(before) == 200
    for cycle, left in ((1, 150), (2, 100)):
        house.fix("plan", cycle)
        said = house.record.rounds["plan"][-1].triage.says
        assert [len(order.findings) for order in said.orders] == [50]
        assert [*said.orders[0].findings, *said.left] == before, "what is not given is named"
        before = [item.id for item in house.findings("plan")]
        assert len(before) == left
    house.run("complete")
    assert "MISSION FAILED" in house.failures["complete"]


def test_a_validator_that_flips_between_runs_is_believed_neither_time(make):
    house = make(mend="true")
    judge = house.specs / "flip"
    house.write((house.specs / "workflow.yaml").read_text().replace("sh judge.sh", f"sh judge.sh || test -e {judge}"))
    house.run("kickoff")
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    assert found(house, "check") == {("check-failed", "check/judge")}
    judge.touch()
    house.fix("check", 1)
    assert found(house, "check") == {("validator-flipped", "check/judge")}
    ends_failed(house)


def test_two_people_who_answer_two_questions_at_once_are_both_heard_and_each_counts_once(make):
    house = make("plan", "build", first=GOOD, gate=APPROVAL)
    house.phase("check", gate=False)
    house.run("check.converge", "check.evidence", "check.approve-1", "check.approve-2")
    dag, asked = house.dag(), {name: asked for name, (_, asked) in house.parked.items()}

    def answer(index: int, by: str) -> None:
        name = f"check.approve-{index}"
        event = {"chosen_options": ["Approve"], "params_input": {}, "responded_by_user": {"id": by, "name": by}}
        house.resume(name, event, asked[name], dag=dag)

    with ThreadPoolExecutor() as pool:
        list(pool.map(answer, (1, 2), ("lea", "max")))
    assert house.failures == {}
    assert [stored.name for stored in house.record.decisions["check"]] == ["0001.json", "0002.json"]
    assert {stored.says.by for stored in house.record.decisions["check"]} == {"lea", "max"}
    house.run("check.gate")
    assert house.word("check") == "PASSED", house.findings("check")


def test_an_approver_who_later_turns_out_to_be_a_producer_takes_the_run_down(make, tmp_path):
    house = make(first=GOOD, gate=APPROVAL)
    house.write(
        (house.specs / "workflow.yaml")
        .read_text()
        .replace("""packer: {command: 'sh "$PHASEGATE_SPEC_DIR/pack.sh"'}""", "packer: {external: true}")
    )
    house.run("kickoff")
    for phase in ("plan", "build"):
        house.phase(phase)
    house.phase("check", gate=False)
    house.run("check.converge", "check.evidence", "check.approve-1", "check.approve-2")
    house.answer("check.approve-1", "Approve", "lea", reason="")
    house.answer("check.approve-2", "Approve", "max", reason="")
    house.run("check.gate", *house.tasks("ship"))
    assert house.word("check") == "PASSED"
    (tmp_path / "box.txt").write_text("a box\n", encoding="utf-8")
    brought = [
        "submit",
        str(house.store.path),
        "ship/packer",
        "-f",
        f"box={tmp_path}/box.txt",
        "--by",
        "lea",
        "--keys",
        f"{house.root}/keys_root",
    ]
    assert CliRunner().invoke(app, brought).exit_code == 0
    house.close("ship")
    house.run("complete")
    assert "An approval does not count: lea worked on ship/packer." in house.failures["complete"]
    assert "MISSION FAILED" in house.failures["complete"]


@pytest.fixture
def failed(make) -> House:
    """A house whose one fix cycle changed nothing, and in which a person is asked."""
    house = make("plan", "build", "check", mend="true", more=DECIDE)
    house.fix("check", 1)
    house.run("check.decide_1")
    return house


def test_a_waiver_for_a_digest_that_has_changed_is_void_and_says_so(failed):
    failed.answer("check.decide_1", "Waive", "lea", reason="Fine.", expires="", findings=["all"])
    failed.run("check.fix_1.judge", "check.waived_1")
    assert failed.word("check") == "FAILED"
    [void] = [item for item in failed.findings("check") if item.rule == "waiver-void"]
    assert "what it was given for has changed" in void.text
    ends_failed(failed)


def test_an_answer_to_an_old_round_is_refused_and_leaves_the_new_one_as_it_is(make):
    house = make("plan", "build", first=GOOD, gate=APPROVAL)
    house.phase("check", gate=False)
    house.run("check.converge", "check.evidence", "check.approve-1", "check.approve-2")
    house.answer("check.approve-1", "Refuse", "lea", reason="Not yet.")
    house.run("check.gate")
    house.fix("check", 1, gate=False)
    house.run("check.fix_1.evidence", "check.fix_1.approve-1", "check.fix_1.approve-2")
    house.answer("check.approve-2", "Approve", "max", reason="")
    assert "This question is of an old round" in house.failures["check.approve-2"]
    counted = [stored.says for stored in house.record.decisions["check"] if stored.says.answer in {"approve", "refuse"}]
    assert [(one.by, one.answer) for one in counted] == [("lea", "refuse")]
    house.answer("check.fix_1.approve-1", "Approve", "lea", reason="")
    house.run("check.fix_1.gate")
    assert {item.id for item in house.findings("check")} == {"approval-missing:check"}
    assert "1 of 2 approvals" in house.findings("check")[0].text


def test_an_answer_about_a_verdict_that_is_no_longer_the_newest_is_of_an_old_round_too(failed):
    failed.run("check.fix_1.gate")
    failed.answer("check.decide_1", "Waive", "lea", reason="Fine.", expires="", findings=["all"])
    assert "This question is of an old round" in failed.failures["check.decide_1"]
    assert failed.record.waivers["check"] == []
    ends_failed(failed)


def test_a_notifier_that_raises_changes_no_state_and_is_named(make, caplog):
    notify = "fix: {owner: build/maker}\nnotify: {gate-failed: [{notifier: support.notifiers.Raises}], gate-passed: [{notifier: support.notifiers.Raises}]}"
    house = make("plan", "build", "check", more=notify)
    house.fix("check", 1)
    assert house.word("check") == "PASSED"
    assert set(house.failures) == {"check.gate"}
    for event in ("gate-failed", "gate-passed"):
        assert f"support.notifiers.Raises did not tell anybody of {event}: RuntimeError: the wire is cut" in caplog.text
