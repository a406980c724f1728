"""`phasegate submit` in fix cycles: an external persona judges again or mends, and the gate waits for it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pendulum
import pytest
from airflow.triggers.base import TaskSuccessEvent
from support.mending import PACK, mendable
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.errors import EvidenceError
from dag_factory.evidence.statement import moment_of
from dag_factory.evidence.story import cycles_of
from dag_factory.evidence.waiting import waits_for
from dag_factory.triggers import watch

JUDGE, PACKER = "check/judge", "ship/packer"
SCHEMA = "{type: object, required: [verdict], properties: {verdict: {const: PASSED}, of: {type: string}}}"


def external(house, persona, **replaced):
    """Have a persona work outside."""
    text = (house.specs / "workflow.yaml").read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if line.startswith(f"  {persona}: {{c")]
    text = text.replace(line, f"  {persona}: {{external: true, timeout: 2h}}")
    for old, new in replaced.values():
        assert old in text
        text = text.replace(old, new)
    house.write(text)
    return house


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as made:
        yield made


@pytest.fixture
def judged(judged_once, tmp_path, monkeypatch):
    """The judge works outside and has found what the second maker made wrong; the gate has answered."""
    return judged_once.copy(tmp_path / "house", monkeypatch)


@pytest.fixture(scope="module")
def judged_once(tmp_path_factory, patch):
    first = "if [ $PHASEGATE_FEATURE = one ]; then echo good > src/one.txt; else echo bad > src/two.txt; fi"
    house = mendable(tmp_path_factory.mktemp("judged") / "house", patch, first=first)
    works = "works: {report: works.txt, kind: file, needs: re-executed}"
    external(house, "judge", works=(works, f"works: {{report: verdict.json, kind: json, expect: {{schema: {SCHEMA}}}}}"))
    house.run("kickoff")
    house.phase("plan")
    house.phase("build")
    house.run(*house.tasks("check"))
    assert submit(house, JUDGE, works={"verdict": "FAILED", "of": "src/two.txt"}).exit_code == 0
    house.close("check")
    assert [item.rule for item in house.findings("check")] == ["validation-failed"]
    return house


def submit(house, task, *more, by="maria", **items):
    files = []
    for name, value in items.items():
        path = house.root / f"{name}.brought"
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        files += ["-f", f"{name}={path}"]
    return CliRunner().invoke(
        app, ["submit", str(house.store.path), task, *files, "--keys", str(house.root / "keys_root"), "--by", by, *more]
    )


def test_the_gate_of_a_fix_cycle_waits_for_a_judge_outside_and_passes_when_they_judged_again(judged):
    judged.fix("check")
    assert judged.failures == {}
    assert "check.fix_1.gate" in judged.deferred, "what was found before hangs on the judgement that is still to come"
    assert judged.record.cycle("check") == 0, "it signs nothing while it waits"
    told = submit(judged, JUDGE, works={"verdict": "PASSED"})
    assert told.exit_code == 0, told.exception
    assert told.output == f"Submitted {JUDGE} for fix cycle 1 of phase check as 0001.json: 1 file, signed by @judge.\n"
    [stored] = judged.record.rounds["check"][0].statements[JUDGE]
    bound = stored.says.binding
    assert (bound.phase, bound.cycle, bound.task, bound.attempt) == ("check", 1, JUDGE, 1)
    assert bound.previous_verdict == judged.record.verdict_in("check", 0).digest
    judged.run("check.fix_1.gate")
    assert judged.word("check") == "PASSED", judged.findings("check")
    assert [(item.finding, item.now) for item in judged.record.verdict("check").says.phasegate.rechecked] == [
        (f"validation-failed:{JUDGE}/works:verdict", "mended")
    ]
    judged.phase("ship")
    judged.run("complete")
    assert "complete" not in judged.failures


def test_the_trigger_of_that_gate_watches_the_place_of_the_cycle_and_ends_it(judged, monkeypatch):
    monkeypatch.setattr(watch, "INTERVAL", 0.02)
    judged.fix("check")
    trigger = judged.deferred["check.fix_1.gate"].trigger
    charter = judged.record.charter.digest[:16]
    assert f"{charter}/fixes/check/1/{JUDGE}" in trigger.folders
    triage = judged.record.rounds["check"][0].triage.says
    assert moment_of(trigger.deadlines[-1]) == moment_of(triage.written_at) + timedelta(hours=2), "the time begins with the fix cycle"

    async def wait():
        waiting = asyncio.create_task(anext(trigger.run()))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(submit, judged, JUDGE, works={"verdict": "PASSED"})
        return await asyncio.wait_for(waiting, 20)

    assert type(asyncio.run(wait())) is TaskSuccessEvent
    assert (judged.word("check"), judged.record.cycle("check")) == ("PASSED", 1)


def test_a_judge_who_finds_it_wrong_again_fails_the_cycle(judged):
    judged.fix("check")
    submit(judged, JUDGE, works={"verdict": "FAILED", "of": "src/two.txt"})
    judged.run("check.fix_1.gate")
    assert (judged.word("check"), judged.record.cycle("check")) == ("FAILED", 1)
    assert "has answered FAILED before; clear it" in submit(judged, JUDGE, works={"verdict": "PASSED"}).output
    judged.run("check.fix_1.gate")
    assert judged.word("check") == "PASSED"


def test_the_gate_does_not_wait_where_something_else_is_wrong_too(judged):
    judged.fix("check", gate=False)
    folder = judged.store.path / judged.record.charter.digest[:16] / "fixes" / "check" / "1" / "check" / "writer"
    (folder / "0001.json").unlink()
    judged.run("check.fix_1.gate")
    assert "check.fix_1.gate" not in judged.deferred
    assert "validation-stale" in {item.rule for item in judged.findings("check")}


def test_nothing_is_taken_before_the_task_of_the_cycle_has_asked(judged):
    judged.run("check.fix_1.triage")
    told = submit(judged, JUDGE, works={"verdict": "PASSED"})
    assert isinstance(told.exception, EvidenceError)
    assert f"{JUDGE} is not asked for yet in fix cycle 1 of phase check" in str(told.exception)


def test_between_verdict_and_triage_the_ordinary_work_may_be_brought_again(judged):
    told = submit(judged, JUDGE, works={"verdict": "PASSED"})
    assert "as 0002.json" in told.output
    assert "The gate of phase check has answered FAILED before" in told.output


def test_a_gate_that_is_asked_again_makes_the_cycle_ask_no_more(judged):
    judged.fix("check")
    judged.run("check.gate")
    assert "fix cycle" not in submit(judged, JUDGE, works={"verdict": "PASSED"}).output, "the cycle was about an older verdict"
    judged.run("check.gate")
    assert judged.word("check") == "PASSED"


def test_a_cycle_that_is_done_anew_asks_anew_and_waits_for_it(judged):
    """What was brought for the older verdict is neither believed nor held against anybody."""
    judged.fix("check")
    submit(judged, JUDGE, works={"verdict": "PASSED"})
    judged.run("check.fix_1.gate")
    assert judged.word("check") == "PASSED"
    judged.run("check.gate")
    submit(judged, JUDGE, works={"verdict": "FAILED", "of": "src/one.txt"})
    judged.run("check.gate")
    judged.fix("check")
    assert "check.fix_1.gate" in judged.deferred, judged.findings("check")
    [waited] = [item for item in waits_for(judged.record, pendulum.now("UTC")) if item.of == "phasegate submit"]
    assert f"brings from outside its judgement in fix cycle 1: {JUDGE}" in waited.says
    [cycle] = [one for one in cycles_of(judged.record) if one.phase == "check"]
    assert (cycle.mended, cycle.open, [order.delivered for order in cycle.again if order.owner == JUDGE]) == ((), (), [False])
    told = submit(judged, JUDGE, works={"verdict": "PASSED"})
    assert told.output == f"Submitted {JUDGE} for fix cycle 1 of phase check as 0002.json: 1 file, signed by @judge.\n"
    judged.run("check.fix_1.gate")
    assert judged.word("check") == "PASSED", judged.findings("check")


def test_what_was_passed_in_a_fix_cycle_stays_as_it_is(judged):
    judged.fix("check")
    submit(judged, JUDGE, works={"verdict": "PASSED"})
    judged.run("check.fix_1.gate")
    told = submit(judged, JUDGE, works={"verdict": "PASSED"})
    assert isinstance(told.exception, EvidenceError)
    assert "The gate of phase check has answered already: PASSED." in str(told.exception)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """The packer works outside, and has brought an empty box."""
    house = external(mendable(tmp_path / "house", monkeypatch, first='echo good > "src/$PHASEGATE_FEATURE.txt"', pack=PACK), "packer")
    house.run("kickoff")
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    house.run(*house.tasks("ship"))
    submit(house, PACKER, "--as-is", box="")
    house.close("ship")
    assert [item.rule for item in house.findings("ship")] == ["evidence-missing"]
    return house


def test_whoever_mends_outside_is_told_what_and_the_gate_waits(shipped):
    shipped.fix("ship")
    assert "ship.fix_1.gate" in shipped.deferred
    asked = json.loads(shipped.store.read(f"{shipped.record.charter.digest[:16]}/assignments/ship/1/0001/{PACKER}.json"))
    assert [item["id"] for item in asked["findings"]] == [f"evidence-missing:{PACKER}/box:deploy/box.txt"]
    told = submit(shipped, PACKER, box="a box")
    assert f"Submitted {PACKER} for fix cycle 1 of phase ship" in told.output, told.exception
    shipped.run("ship.fix_1.gate")
    assert shipped.word("ship") == "PASSED", shipped.findings("ship")
    shipped.run("complete")
    assert "complete" not in shipped.failures


def test_whoever_mends_outside_is_asked_once_for_each_verdict(shipped):
    shipped.fix("ship")
    submit(shipped, PACKER, box="a box")
    shipped.run("ship.fix_1.gate", "ship.gate")
    assert shipped.word("ship") == "FAILED", "the ordinary work is as it was"
    shipped.fix("ship")
    assert "ship.fix_1.gate" in shipped.deferred, "the box was for the verdict before"
    folder = f"{shipped.record.charter.digest[:16]}/assignments/ship/1"
    asked = {number: json.loads(shipped.store.read(f"{folder}/{number}/{PACKER}.json")) for number in shipped.store.names(folder)}
    bound = [one["binding"]["previousVerdict"] for one in asked.values()]
    assert bound == [stored.digest for stored in shipped.record.verdicts["ship"] if stored.says.phasegate.binding.cycle == 0]
    assert all(len(one["findings"]) == 1 for one in asked.values())
    submit(shipped, PACKER, box="another box")
    shipped.run("ship.fix_1.gate")
    assert shipped.word("ship") == "PASSED", shipped.findings("ship")
