"""The trigger rules of a run, evaluated by Airflow's own code: whatever becomes of tasks, gates and answers, and whatever people set by hand or clear.

Airflow's `DagRun.update_state` decides on a metadata database, the operators' own `execute` works, and hypothesis chooses what becomes of everything:
work that is good, wanting, failing, skipping or breaking, merges with and without conflicts, workers that are lost, answers and silence, tasks done
side by side, and hands that set a state, clear a task or all of the run, or let a month go by. Of all this:

1. No task of a phase ends well, or asks anybody, that began without a valid verdict on the phase before; none works on it, and none mends without red flags.
2. Every run ends, and no task is left behind.
3. A run ends green if and only if every phase has a valid verdict.

The suite plays a few runs, always the same. ``PHASEGATE_MODEL_RUNS=1000 pytest tests/unit/test_trigger_rules.py`` plays so many others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import TriggerRule
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.playing import Clock, Game, Shape
from support.scheduling import Airflow, database
from support.workers import without_programs

RUNS = int(os.environ.get("PHASEGATE_MODEL_RUNS", "0"))
FEW, SEARCHED = 24, 40
BASE = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@dataclass
class World:
    """What all runs share."""

    airflow: Airflow
    folder: Path
    clock: Clock
    patch: pytest.MonkeyPatch
    numbers: Iterator[int]

    def play(self, shape: Shape, choose: Any, levers: Sequence[int] = (), weaken: Callable[[Any], None] | None = None) -> Game:
        """A run, to its end."""
        return Game(self.airflow, self.folder, shape, f"run_{next(self.numbers)}", self.clock, choose, levers, weaken).play()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("model")
    with database(folder) as airflow, without_programs() as patch:
        for name in ("evidence", "keys", "work"):
            patch.setenv(f"AIRFLOW__PHASEGATE__{name.upper()}_ROOT", str(folder / name))
        yield World(airflow, folder, Clock(patch), patch, count(1))


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """A workflow with 0 to 3 cycles behind each gate, the last of which somebody must allow."""
    decide = draw(st.booleans())
    flags = {name: draw(st.booleans()) for name in ("approval", "git", "ships", "shared")}
    extra = draw(st.integers(0, 1)) if decide else 0
    return Shape(cycles=draw(st.integers(0, 3 - extra)), extra=extra, decide=decide, **flags)


@st.composite
def choosers(draw: st.DrawFn, bad: tuple[int, ...] = (2, 8, 20)) -> Callable[[str, Sequence[Any]], Any]:
    """Chooses what becomes of everything; of a hundred things, so many go not well."""
    hundredths, data = draw(st.sampled_from(bad)), draw(st.data())

    def choose(name: str, options: Sequence[Any]) -> Any:
        even = name in {"next", "many", "others", "lever", "task", "downstream", "answer", "hand"}
        if not even and data.draw(st.integers(0, 99)) >= hundredths:
            return options[0]
        return data.draw(st.sampled_from(options))

    return choose


levers = st.lists(st.integers(1, 40), max_size=4)


@pytest.mark.parametrize(
    "shape", [Shape(git=True, ships=True), Shape(cycles=0), Shape(extra=1, decide=True, approval=True, ships=True, shared=True)]
)
def test_where_all_goes_well_no_fix_phase_opens_and_the_run_is_green(world: World, shape: Shape) -> None:
    game = world.play(shape, lambda _, options: options[0])
    assert game.run.state == "success"
    assert {cycle for _, cycle, _ in game.worked} == {0}


@pytest.mark.parametrize("shape", [Shape(cycles=3), Shape(cycles=3, git=True, ships=True), Shape(extra=1, decide=True, approval=True)])
def test_fix_phases_that_nobody_needs_take_no_turn_of_the_scheduler(world: World, shape: Shape) -> None:
    """Airflow skips what follows a skipped task one turn later, and sleeps in between: that would be a second for each task in a row."""
    without = replace(shape, cycles=0, extra=0)
    with_fixes, without_fixes = (world.play(one, lambda _, options: options[0]) for one in (shape, without))
    assert with_fixes.run.rounds == without_fixes.run.rounds
    fixes = {name: state for name, state in with_fixes.run.states().items() if ".fix_" in name}
    assert set(fixes.values()) == {"skipped"}


@pytest.mark.parametrize("cycles", [0, 1, 2, 3])
def test_where_nothing_is_mended_every_cycle_is_tried_and_the_run_is_red(world: World, cycles: int) -> None:
    game = world.play(Shape(cycles=cycles), lambda name, options: options[1] if name == "work" else options[0])
    assert game.run.state == "failed"
    assert {(phase, cycle) for phase, cycle, _ in game.worked} == {("plan", cycle) for cycle in range(cycles + 1)}


@pytest.mark.parametrize(
    ("shape", "by_hand"), [(Shape(cycles=0, approval=True), "check.evidence"), (Shape(cycles=0, approval=True), "check.open")]
)
def test_nobody_is_asked_about_a_phase_that_is_not_open(world: World, shape: Shape, by_hand: str) -> None:
    hand = {"work": "failing", "lever": "success", "task": by_hand}
    game = world.play(shape, lambda name, options: hand.get(name, options[0]), levers=[4])
    assert game.run.state == "failed"
    assert game.run.states()[by_hand] == "success"
    assert game.run.states()["check.approve-1"] in {"failed", "upstream_failed"}


@settings(BASE, max_examples=RUNS or FEW, derandomize=not RUNS, print_blob=bool(RUNS))
@given(shape=shapes(), choose=choosers(), hands=levers)
def test_whatever_happens(world: World, shape: Shape, choose: Any, hands: list[int]) -> None:
    world.play(shape, choose, hands)


def _rule(end: str, rule: TriggerRule) -> Callable[[Any], None]:
    """Another trigger rule for every task whose id ends so."""

    def weaken(dag: Any) -> None:
        for task in dag.tasks:
            if task.task_id.endswith(end):
                task.trigger_rule = rule

    return weaken


def _unchecked(patch: pytest.MonkeyPatch) -> None:
    """Tasks that start without asking whether their phase is open."""
    for module in ("assignment", "merging"):
        patch.setattr(f"dag_factory.operators.{module}.not_open", lambda _: None)


WEAK = {
    "open_whatever_the_gates_said": (_rule(".open", TriggerRule.ALL_DONE), True, "has no valid verdict"),
    "unchecked": (lambda _: None, True, "has no valid verdict"),
    "judged_too_early": (_rule("complete", TriggerRule.ONE_SUCCESS), False, "without a valid verdict are"),
    "not_always_judged": (_rule("complete", TriggerRule.ALL_SUCCESS), False, "complete was never asked"),
}


@pytest.mark.parametrize("name", WEAK)
def test_a_rule_that_is_weaker_is_found_by_the_same_runs(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weaken, unchecked, told = WEAK[name]
    if unchecked:
        _unchecked(monkeypatch)

    @settings(BASE, max_examples=SEARCHED, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
    @given(choose=choosers(bad=(8, 20)), hands=st.lists(st.integers(3, 12), min_size=1, max_size=4))
    def search(choose: Any, hands: list[int]) -> None:
        world.play(Shape(cycles=1, weak=name), choose, hands, weaken)

    with pytest.raises(AssertionError, match=told):
        search()
