"""What is mended outside is waited for before validators judge again: what nobody has looked at passes no gate."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pendulum
import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSuccessEvent
from support.house import House
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.evidence.statement import moment_of
from dag_factory.triggers import watch
from dag_factory.triggers.brought import BroughtTrigger

SPEC = """\
workflow: outside
pattern: false
mission: Somebody outside mends
fix: {max_cycles: 2}
catalogue:
  planner: {title: Planner, instructions: Plan., contracts: {foundation: {does: Plan., evidence: {plan: {report: plan.md, kind: file}}}}}
  maker: {title: Maker, instructions: Make., contracts: {implementation: {does: Make it., evidence: {code: {report: code.txt, kind: file}}}}}
  judge: {title: Judge, instructions: Judge.,
    contracts: {validation: {does: Judge it., evidence: {works: {report: works.txt, kind: file, needs: re-executed}}}}}
personas:
  planner: {command: 'echo plan > "$PHASEGATE_EVIDENCE/plan.md"'}
  maker: {external: true, timeout: 2h}
  judge: {check: 'cp "$PHASEGATE_INPUTS"/build/maker/code.txt "$PHASEGATE_EVIDENCE/works.txt"; grep -q good "$PHASEGATE_EVIDENCE/works.txt"'}
phases:
  plan: {tasks: {planner: {persona: planner, duty: foundation}}, gate: {}}
  build: {tasks: {maker: {persona: maker, duty: implementation}}, gate: {}}
  check: {tasks: {judge: {persona: judge, duty: validation, validates: [build]}}, gate: {}}
"""
MAKER, JUDGE, BROUGHT = "build/maker", "check/judge", "check.fix_1.brought"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watch, "INTERVAL", 0.02)


@pytest.fixture
def house(tmp_path, monkeypatch) -> House:
    """The maker works outside, the judge has found their work wrong, and the gate has given it to them to mend."""
    house = House(tmp_path / "house", monkeypatch)
    house.write(SPEC)
    house.run("kickoff")
    house.phase("plan")
    house.run("build.maker")
    submit(house, "bad\n")
    house.run("build.gate")
    house.phase("check")
    house.run("check.fix_1.triage")
    house.mend("check")
    house.run(BROUGHT)
    return house


def submit(house: House, text: str) -> None:
    path = house.root / "code.txt"
    path.write_text(text, encoding="utf-8")
    keys = str(house.root / "keys_root")
    command = ["submit", str(house.store.path), MAKER, "-f", f"code={path}", "--by", "maria", "--keys", keys]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.exception


def judged(house: House) -> set[str]:
    house.run("check.fix_1.judge", "check.fix_1.gate")
    return {f"{finding.rule}:{finding.task}" for finding in house.findings("check")}


def test_validators_judge_what_was_brought(house):
    trigger = house.deferred[BROUGHT].trigger
    assert trigger.folders == [f"{house.record.charter.digest[:16]}/fixes/check/1/{MAKER}"]
    triage = house.record.rounds["check"][0].triage.says
    assert [moment_of(end) for end in trigger.deadlines] == [moment_of(triage.written_at) + timedelta(hours=2)]
    submit(house, "good\n")
    house.run(BROUGHT)
    assert house.deferred == {}
    assert judged(house) == set()
    assert house.word("check") == "PASSED"


def test_what_is_brought_after_they_judged_passes_no_gate(house):
    submit(house, "good\n")
    house.run("check.fix_1.judge")
    submit(house, "a back door\n")
    house.run("check.fix_1.gate")
    [finding] = house.findings("check")
    assert (finding.rule, finding.task) == ("validation-stale", JUDGE)
    assert f"before {MAKER} was brought" in finding.text
    assert judged(house) == {f"check-failed:{JUDGE}"}, "who judges again finds it"


def test_one_who_brings_nothing_is_waited_for_no_longer_than_their_time(house, monkeypatch):
    late, now = timedelta(hours=3), pendulum.now
    monkeypatch.setattr("pendulum.now", lambda *args: now(*args) + late)
    house.run(BROUGHT)
    assert (house.deferred, house.failures.get(BROUGHT)) == ({}, None)
    assert judged(house) == {f"statement-missing:{MAKER}", f"check-failed:{JUDGE}"}


def ended(trigger: BroughtTrigger, *meanwhile) -> list[str]:
    """The events of a trigger; `meanwhile` happens while it waits."""

    async def wait():
        return [type(event) async for event in trigger.run()]

    async def all_of_it():
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        for step in meanwhile:
            await asyncio.to_thread(step)
        return await asyncio.wait_for(waiting, 20)

    return asyncio.run(all_of_it())


def test_the_triggerer_ends_it_when_it_is_there(house):
    path, given = house.deferred[BROUGHT].trigger.serialize()
    assert path == f"{BroughtTrigger.__module__}.{BroughtTrigger.__qualname__}"
    assert ended(BroughtTrigger(**given), lambda: submit(house, "good\n")) == [TaskSuccessEvent]


def test_the_triggerer_fails_it_where_the_run_was_begun_anew(house):
    assert ended(house.deferred[BROUGHT].trigger, lambda: house.run("kickoff")) == [TaskFailedEvent]


def test_where_nobody_mends_outside_there_is_no_such_task(house):
    house.write(SPEC.replace("{external: true, timeout: 2h}", "{command: 'true'}"))
    assert BROUGHT not in house.dag().task_ids
