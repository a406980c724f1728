"""Without a repository there is no merge to tell what was mended: whoever validated a maker's work before judges it again all the same."""

from __future__ import annotations

import pytest
from support.house import House

SPEC = """\
workflow: loose
pattern: false
mission: Nothing is left unvalidated
fix: {max_cycles: 2, owner: build/maker}
catalogue:
  planner: {title: Planner, instructions: Plan., contracts: {foundation: {does: Plan., evidence: {plan: {report: plan.md, kind: file}}}}}
  maker: {title: Maker, instructions: Make., contracts: {implementation: {does: Make it., evidence: {code: {report: code.txt, kind: file}}}}}
  judge: {title: Judge, instructions: Judge.,
    contracts: {validation: {does: Judge it., evidence: {works: {report: works.txt, kind: file, needs: re-executed}}}}}
  shipper: {title: Shipper, instructions: Ship.,
    contracts: {integration: {does: Ship it., evidence: {box: {report: box.txt, kind: file, needs: re-executed}}}}}
personas:
  planner: {command: 'echo plan > "$PHASEGATE_EVIDENCE/plan.md"'}
  maker: {command: 'sh "$PHASEGATE_SPEC_DIR/make.sh"'}
  judge: {check: 'cp "$PHASEGATE_INPUTS"/build/maker/code.txt "$PHASEGATE_EVIDENCE/works.txt"; grep good "$PHASEGATE_EVIDENCE/works.txt"'}
  shipper: {check: 'cp "$PHASEGATE_INPUTS"/build/maker/code.txt "$PHASEGATE_EVIDENCE/box.txt"; grep v2 "$PHASEGATE_EVIDENCE/box.txt"'}
phases:
  plan: {tasks: {planner: {persona: planner, duty: foundation}}, gate: {}}
  build: {tasks: {maker: {persona: maker, duty: implementation}}, gate: {}}
  check: {tasks: {judge: {persona: judge, duty: validation, validates: [build]}}, gate: {}}
  ship: {tasks: {shipper: {persona: shipper, duty: integration, validates: [build]}}, gate: {}}
"""
MAKE = 'if grep -q \'"cycle": 0\' "$PHASEGATE_TASK"; then echo good; else {mend}; fi > "$PHASEGATE_EVIDENCE/code.txt"\n'


@pytest.fixture
def make(tmp_path, monkeypatch):
    def made(mend: str, spec: str = SPEC) -> House:
        """What was validated does not ship, and its maker mends that."""
        house = House(tmp_path / "house", monkeypatch)
        house.write(spec)
        (house.specs / "make.sh").write_text(MAKE.format(mend=mend), encoding="utf-8")
        house.run("kickoff")
        for phase in ("plan", "build", "check", "ship"):
            house.phase(phase)
        assert [finding.id for finding in house.findings("ship")] == ["check-failed:ship/shipper/check"]
        house.fix("ship")
        return house

    return made


def test_what_a_validator_of_an_earlier_phase_would_refuse_does_not_ship(make):
    house = make("echo evil v2")
    assert [finding.id for finding in house.findings("ship")] == ["check-failed:check/judge/check"]


def test_what_they_find_good_again_ships(make):
    house = make("echo good v2")
    assert house.word("ship") == "PASSED", house.findings("ship")
    assert set(house.record.rounds["ship"][0].statements) == {"build/maker", "check/judge", "ship/shipper"}
    house.run("complete")
    assert "complete" not in house.failures


def test_a_check_that_validates_nobody_by_name_is_run_again_too(make):
    house = make("echo good v2", SPEC.replace("duty: integration, validates: [build]", "duty: integration"))
    assert {order.task for order in house.record.rounds["ship"][0].triage.says.orders} == {"build/maker"}
    assert house.word("ship") == "PASSED", house.findings("ship")


def test_what_is_mended_once_more_after_they_judged_does_not_ship_unseen(make):
    house = make("echo good v2")
    (house.specs / "make.sh").write_text(MAKE.format(mend="echo evil v3"), encoding="utf-8")
    house.mend("ship")
    house.run("ship.fix_1.gate")
    stale = ["validation-stale:ship/shipper", "validation-stale:check/judge"]
    assert [finding.id for finding in house.findings("ship")] == stale
    house.run("ship.fix_1.shipper", "ship.fix_1.check.judge", "ship.fix_1.gate")
    assert [finding.id for finding in house.findings("ship")] == ["check-failed:ship/shipper/check", "check-failed:check/judge/check"]


def test_what_a_validator_had_before_it_stands_in_its_statement(make):
    [round_] = make("echo good v2").record.rounds["ship"]
    mended = round_.statements["build/maker"][-1]
    assert {name: found[-1].says.saw for name, found in round_.statements.items()} == {
        "build/maker": None,
        "check/judge": (mended.digest,),
        "ship/shipper": (mended.digest,),
    }
