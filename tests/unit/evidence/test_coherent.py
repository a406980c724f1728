"""A plan that somebody wrote by hand is refused where its names lead nowhere, and breaks nothing that goes by them."""

from __future__ import annotations

import json

import pytest
from support.runs import honest

from dag_factory.errors import StoreError
from dag_factory.evidence.coherent import incoherent
from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.record import read_contract

BEYOND = 10**10 + 1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return honest(tmp_path_factory.mktemp("run"))


def spoilt(run, change):
    plan = json.loads(run.plan.canonical)
    change(plan["contract"])
    return plan


SPOILT = {
    "no phase": (lambda said: said.update(phases=[]), "it has no phase"),
    "a phase without tasks": (lambda said: said["phases"][1].update(tasks=[]), "nobody works in its phase 'implementation'"),
    "a phase twice": (lambda said: said["phases"].append(said["phases"][0]), "two of its phases have one id"),
    "a phase of another name": (lambda said: said["phases"][0].update(id="x"), "of another phase"),
    "a task twice": (lambda said: said["phases"][0]["tasks"].append(said["phases"][0]["tasks"][0]), "two of its tasks have one id"),
    "a task of another phase": (lambda said: said["phases"][2]["tasks"][0].update(phase="../../x"), "of another phase"),
    "a task of another id": (lambda said: said["phases"][2]["tasks"][0].update(id="foundation/x"), "another task"),
    "a task is gone": (lambda said: said["phases"][1]["tasks"].pop(0), "which is none of its tasks"),
    "a stranger is validated": (lambda said: said["phases"][2]["tasks"][0].update(validates=["nope"]), "validates 'nope'"),
    "a limit": (lambda said: said["phases"][0].update(limit=BEYOND), "no clock tells"),
    "a timeout": (lambda said: said["phases"][3].update(timeout=-1), "no clock tells"),
    "a wait": (lambda said: said["phases"][0]["tasks"][0].update(wait=BEYOND), "no clock tells"),
    "a waiver": (lambda said: said["fix"].update(max_waiver=10**30), "no clock tells"),
    "a decision": (lambda said: said["fix"].update(timeout=BEYOND), "no clock tells"),
}


def test_a_plan_that_was_compiled_is_coherent(run):
    assert incoherent(run.contract) is None


def test_the_longest_time_is_told_by_clocks(run):
    plan = spoilt(run, lambda said: (said["fix"].update(max_waiver=BEYOND - 1), said["phases"][0].update(limit=0)))
    assert incoherent(RunContract.model_validate(plan["contract"])) is None


@pytest.mark.parametrize("what", SPOILT)
def test_what_does_not_fit_together_is_told(run, what):
    change, says = SPOILT[what]
    plan = spoilt(run, change)
    assert says in (incoherent(RunContract.model_validate(plan["contract"])) or "")
    with pytest.raises(StoreError, match="not one that this version of Phasegate reads: ") as told:
        read_contract(run.store, run.store.put_bytes(json.dumps(plan).encode()))
    assert says in told.value.message
