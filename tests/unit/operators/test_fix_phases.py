"""Fix phases with everything real but Airflow's scheduler: findings are routed, mended, merged, judged again."""

from __future__ import annotations

import json

import pytest
from support.house import House, git
from support.mending import PACK, mendable, script


@pytest.fixture
def make(tmp_path, monkeypatch):
    return lambda **kwargs: mendable(tmp_path / "house", monkeypatch, **kwargs)


def rechecked(house: House, phase: str) -> dict[str, str]:
    return {item.finding: item.now for item in house.record.verdict(phase).says.phasegate.rechecked}


def orders(house: House, phase: str, cycle: int = 1) -> dict[str, tuple[str, ...]]:
    [one] = [one for one in house.record.rounds[phase] if one.cycle == cycle]
    return {order.task: order.findings for order in one.triage.says.orders}


def test_missing_evidence_is_mended_by_whoever_owes_it(honest, tmp_path, monkeypatch):
    house = honest.to("foundation").copy(tmp_path / "house", monkeypatch)
    path = house.specs / "personas" / "ux_designer.py"
    good = path.read_text()
    path.write_text("print('done')\n")
    house.run("foundation.ux-designer")
    house.close("foundation")
    assert house.word("foundation") == "FAILED"
    path.write_text(good)
    house.fix("foundation")
    assert set(orders(house, "foundation")) == {"foundation/ux-designer"}
    assert house.word("foundation") == "PASSED", house.findings("foundation")
    assert house.record.verdict("foundation").says.phasegate.binding.cycle == 1
    assert set(rechecked(house, "foundation").values()) == {"mended"}
    house.phase("implementation")
    assert house.word("implementation") == "PASSED", "what was mended is what the next phase builds on"


def test_what_a_validator_found_is_mended_by_the_maker_of_the_feature_it_names(make):
    house = make(first="if [ $PHASEGATE_FEATURE = one ]; then echo good > src/one.txt; else echo bad > src/two.txt; fi")
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.phase("check")
    assert house.word("check") == "FAILED"
    house.fix("check")
    assert set(orders(house, "check")) == {"build/two.maker"}
    assert house.word("check") == "PASSED", house.findings("check")
    house.phase("ship")
    house.run("complete")
    assert house.failures == {"check.gate": house.failures["check.gate"]}
    [found] = orders(house, "check").values()
    rules = ", ".join(dict.fromkeys(name.partition(":")[0] for name in found))
    said = git("log", "--all", "--format=%B", "--grep=^build/two.maker: Mend", cwd=house.root / "repository")
    assert said.strip() == f"build/two.maker: Mend {rules}\n\n" + "\n".join(f"- {name}" for name in found)


def test_a_gate_that_failed_in_the_triggerer_is_mended_too(make):
    house = make()
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.phase("check")
    house.xcoms["check.gate", "judged"] = json.dumps(house.record.verdict("check").digest)
    house.fix("check")
    assert house.word("check") == "PASSED", house.findings("check")


def test_all_validators_judge_again_and_writers_among_them_are_merged(make):
    house = make()
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.phase("check")
    house.fix("check")
    assert house.word("check") == "PASSED", house.findings("check")
    [mended] = house.record.rounds["check"]
    assert set(mended.statements) == {"build/one.maker", "build/two.maker", "check/judge", "check/writer"}
    guide = mended.statements["check/writer"][-1].says.evidence[0]
    assert house.store.blob(guide.digest) == b"good\ngood\n", "the writer wrote about what was mended"
    steps = [(merge.says.binding.cycle, merge.says.binding.task) for merge in house.record.converges["check"]]
    assert steps == [(0, "converge"), (1, "converge"), (1, "join")]


def test_a_validator_who_did_not_judge_again_is_missed_by_name(make):
    house = make()
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.phase("check")
    house.run("check.fix_1.triage")
    house.mend("check")
    house.run("check.fix_1.converge", "check.fix_1.writer", "check.fix_1.join", "check.fix_1.gate")
    assert [(item.rule, item.task) for item in house.findings("check") if item.rule == "validation-stale"] == [
        ("validation-stale", "check/judge")
    ]


def test_a_fix_that_does_nothing_leaves_the_finding_open_and_the_second_cycle_mends_it(make):
    house = make(mend='if grep -q \'"cycle": 2\' "$PHASEGATE_TASK"; then echo good > "src/$PHASEGATE_FEATURE.txt"; fi')
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.phase("check")
    house.fix("check", 1)
    assert house.word("check") == "FAILED"
    assert "open" in rechecked(house, "check").values()
    house.fix("check", 2)
    assert house.word("check") == "PASSED", house.findings("check")
    house.phase("ship")
    house.run("complete")
    assert "complete" not in house.failures


def test_what_did_not_fit_is_made_to_fit_by_whose_work_was_left_out(make):
    house = make(
        first='echo $PHASEGATE_FEATURE > src/shared.txt; echo good > "src/$PHASEGATE_FEATURE.txt"',
        mend='echo both good > src/shared.txt; echo good > "src/$PHASEGATE_FEATURE.txt"',
    )
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    assert [item.rule for item in house.findings("build")] == ["merge-conflict"]
    house.fix("build", 1)
    assert house.word("build") == "PASSED", house.findings("build")
    assert set(orders(house, "build")) == {"build/two.maker"}


def test_what_is_mended_after_the_validation_is_validated_again(make):
    house = make(first='echo good > "src/$PHASEGATE_FEATURE.txt"', mend='echo very good > "src/$PHASEGATE_FEATURE.txt"', pack="true\n")
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.phase("check")
    house.phase("ship")
    assert house.word("ship") == "FAILED"
    script(house, "pack.sh", PACK)
    house.fix("ship", 1)
    assert house.word("ship") == "PASSED", house.findings("ship")
    assert "check/judge" not in {name for name, found in house.record.rounds["ship"][0].statements.items() if found}, (
        "the product is as it was"
    )


def test_a_product_mended_in_a_later_phase_needs_the_validators_again(make):
    house = make(
        first='echo good > "src/$PHASEGATE_FEATURE.txt"', mend='echo very good > "src/$PHASEGATE_FEATURE.txt"',
        pack='mkdir -p deploy; if grep -q very src/one.txt; then echo box > deploy/box.txt; fi\n',
    )  # fmt: skip
    spec = house.specs / "workflow.yaml"
    house.write(
        spec.read_text()
        .replace(
            "ship: {tasks: {packer: {persona: packer, duty: deployment}}",
            "ship: {tasks: {packer: {persona: packer, duty: deployment, validates: [build]}}",
        )
        .replace("personas:\n", "checks: {fits: {run: 'grep very src/one.txt'}}\npersonas:\n")
        .replace(
            "box: {path: deploy/box.txt, kind: file}",
            "box: {path: deploy/box.txt, kind: file}, fits: {check: fits, kind: command, needs: re-executed}",
        )
    )
    house.run("kickoff")
    for phase in ("plan", "build", "check", "ship"):
        house.phase(phase)
    assert house.word("ship") == "FAILED"
    house.fix("ship", 1, gate=False)
    mended = house.record.rounds["ship"][0].statements
    assert {name for name, found in mended.items() if found} == {
        "build/one.maker",
        "build/two.maker",
        "ship/packer",
        "check/judge",
        "check/writer",
    }
    house.run("ship.fix_1.gate", "complete")
    assert house.word("ship") == "PASSED", house.findings("ship")
    assert "complete" not in house.failures, house.failures["complete"]


def test_a_gate_that_is_asked_again_makes_older_fixes_count_no_more(make):
    house = make()
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.phase("check")
    house.fix("check", 1)
    assert house.word("check") == "PASSED"
    house.run("check.gate")
    assert house.word("check") == "FAILED", "the ordinary work is as it was"
    house.run("ship.packer")
    assert "not open" in house.failures["ship.packer"]


def test_triage_skips_itself_without_a_verdict_of_this_try(make):
    house = make()
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.run(*house.tasks("check"), "check.converge", "check.fix_1.triage")
    assert "nothing to mend" in house.failures["check.fix_1.triage"]
    assert type(house.errors["check.fix_1.triage"]).__name__ == "NothingToDo"


def test_a_fix_without_an_order_is_refused(make):
    house = make()
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.phase("check")
    house.run("check.fix_1.triage")
    house.xcoms["check.fix_1.triage", "return_value"] = [{"task": "check/writer"}]
    house.mend("check")
    assert "judge again" in "".join(house.failures.values()) or "check.fix_1.fix[0]" not in house.failures
    house.xcoms["check.fix_1.triage", "return_value"] = [{"task": "ship/packer"}]
    house.mend("check")
    assert "orders nothing" in house.failures["check.fix_1.fix[0]"]
