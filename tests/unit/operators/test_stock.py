"""Airflow's own operators as personas: what they find, what they leave, how they fail, wait and are killed."""

from __future__ import annotations

import os
import textwrap
import threading
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException, TaskDeferred
from support.house import House

BASH = "airflow.providers.standard.operators.bash.BashOperator"
PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
WRITES = "mkdir -p notes && echo a note > notes/note.md"
LEFT: list[str] = []


def bound(operator: str, more: str = "", **arguments: str) -> str:
    written = ", ".join(f"{name}: {value}" for name, value in arguments.items())
    return f"operator: {operator}, arguments: {{{written}}}{more}"


def first(house: House) -> House:
    house.run("kickoff", "first.write")
    return house


def said(house: House) -> Any:
    return house.record.newest("first/write").says


def test_a_bash_operator_works_in_the_workspace_and_is_sealed(small):
    house = first(small(binding=bound(BASH, bash_command=f"'{WRITES}'", cwd="'{{ phasegate.workspace }}'")))
    house.close("first")
    assert (house.failures, house.word("first")) == ({}, "PASSED")
    found = said(house)
    [entry] = found.evidence
    assert (house.store.blob(entry.digest), entry.grade, found.runner) == (b"a note\n", "observed", "operator")
    [principal] = found.principals
    assert principal.startswith(f"operator:{BASH}:sha256:")
    assert "its log is the task's log in Airflow" in house.log("first/write")


def test_it_finds_the_same_in_its_environment_and_leaves_airflows_as_it_was(small):
    command = "'cp $PHASEGATE_TASK $PHASEGATE_EVIDENCE/note.md && test $STAGE = trial && ls $PHASEGATE_INPUTS $PHASEGATE_SPEC_DIR'"
    before = dict(os.environ)
    house = small(binding=bound(BASH, ", env: {STAGE: trial}", bash_command=command), git=False, evidence="report: note.md, kind: file")
    before |= {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW__PHASEGATE")}
    first(house)
    assert house.failures == {}
    assert b'"task": "write"' in house.store.blob(said(house).evidence[0].digest)
    assert {name: value for name, value in os.environ.items() if name.startswith(("PHASEGATE", "STAGE"))} == {}
    assert set(os.environ) == set(before)


def write_note(**context: Any) -> str:
    """What a `PythonOperator` calls."""
    with open(f"{context['where']}/note.md", "w") as file:
        file.write(context["says"])
    return "an answer that is no evidence"


def test_a_python_operator_calls_what_is_imported_and_its_answer_is_no_evidence(small):
    called = {"python_callable": "{import: unit_operators_test_stock.write_note}", "op_kwargs": "{where: '{{ phasegate.evidence }}', says: a note}"}
    import sys

    sys.modules["unit_operators_test_stock"] = sys.modules[__name__]
    house = first(small(binding=bound(PYTHON, **called), git=False, evidence="report: note.md, kind: file"))
    assert (house.failures, house.xcoms["first.write", "return_value"]) == ({}, "an answer that is no evidence")
    assert house.store.blob(said(house).evidence[0].digest) == b"a note"
    assert "no evidence" not in said(house).model_dump_json()
