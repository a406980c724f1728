"""Airflow's own operators as personas: what they find, what they leave, and what is told of them when the DAG is built."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from support.stock import BASH, DELTA, PYTHON, REPORT, SENSOR, bound, first, said

WRITES = "mkdir -p notes && echo a note > notes/note.md"
ME = "unit_operators_test_stock"
"""By which name operators find this module."""


@pytest.fixture(autouse=True)
def _found(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, ME, sys.modules[__name__])


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


@pytest.mark.parametrize("written", ["sh $PHASEGATE_SPEC_DIR/write.sh now", "sh {{ phasegate.spec_dir }}/write.sh now"])
def test_one_script_is_one_principal_whether_an_operator_or_a_command_runs_it(small, written):
    house = small(binding=bound(BASH, bash_command=f"'{written}'"), **REPORT)
    text = 'cd "$PHASEGATE_EVIDENCE" && echo x > note.md && echo x > read.txt\n'
    for name in ("write.sh", "look.sh"):
        (house.specs / name).write_text(text, encoding="utf-8")
    path = house.specs / "workflow.yaml"
    reader = "  reader: {command: 'sh \"$PHASEGATE_SPEC_DIR/look.sh\"'}"
    path.write_text(re.sub(r"  reader: \{command: .*\}", reader, path.read_text(encoding="utf-8")), encoding="utf-8")
    first(house)
    assert f"script:sha256:{hashlib.sha256(text.encode()).hexdigest()}" in said(house).principals
    house.close("first")
    house.run("second.read")
    house.close("second")
    assert [finding.rule for finding in house.findings("second")] == ["principal-shared"]


def test_it_finds_the_same_in_its_environment_and_leaves_airflows_as_it_was(small):
    command = "'cp $PHASEGATE_TASK $PHASEGATE_EVIDENCE/note.md && test $STAGE = trial && ls $PHASEGATE_INPUTS $PHASEGATE_SPEC_DIR'"
    before = dict(os.environ)
    house = small(binding=bound(BASH, ", env: {STAGE: trial}", bash_command=command), git=False, evidence="report: note.md, kind: file")
    before |= {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW__PHASEGATE")}
    first(house)
    assert house.failures == {}
    assert b'"task": "write"' in house.store.blob(said(house).evidence[0].digest)
    assert {name: value for name, value in os.environ.items() if name.startswith(("PHASEGATE", "STAGE")) and name not in before} == {}
    assert set(os.environ) == set(before)


def write_note(where: str, says: str) -> str:
    """What a `PythonOperator` calls."""
    (Path(where) / "note.md").write_text(says, encoding="utf-8")
    return "an answer that is no evidence"


CALLS = {"python_callable": f"{{import: {ME}.write_note}}", "op_kwargs": "{where: '{{ phasegate.evidence }}', says: a note}"}


def test_a_python_operator_calls_what_is_imported_and_its_answer_is_no_evidence(small):
    house = first(small(binding=bound(PYTHON, **CALLS), **REPORT))
    assert (house.failures, house.xcoms["first.write", "return_value"]) == ({}, None)
    assert house.store.blob(said(house).evidence[0].digest) == b"a note"
    assert "no evidence" not in said(house).model_dump_json()


@pytest.mark.parametrize("asked", ["do_xcom_push", "multiple_outputs"])
def test_what_it_returns_is_put_into_xcom_where_that_is_asked_for(small, asked):
    house = first(small(binding=bound(PYTHON, **CALLS, **{asked: "true"}), **REPORT))
    assert (house.failures, house.xcoms["first.write", "return_value"]) == ({}, "an answer that is no evidence")
    silent = small(binding=bound(PYTHON, **CALLS, do_xcom_push="false"), **REPORT).dag().get_task("first.write")
    assert silent.do_xcom_push is False


def test_a_secret_that_it_returns_is_not_put_into_xcom(small, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "abc/def@ghi-jkl")
    says = "'echo a note > $PHASEGATE_EVIDENCE/note.md; echo $API_TOKEN'"
    house = first(small(binding=bound(BASH, ", env: {API_TOKEN: {env: API_TOKEN}}", bash_command=says), **REPORT))
    assert house.failures == {}
    assert "abc/def" not in repr(house.xcoms)


def test_a_duration_is_given_as_one(small):
    operator = small(binding=bound(DELTA, delta="{duration: 90m}", deferrable="true"), **REPORT).dag().get_task("first.write")
    assert (operator.delta, operator.deferrable) == (timedelta(minutes=90), True)


@pytest.mark.parametrize(
    ("binding", "says"),
    [
        (bound("nowhere.at.All"), "nowhere.at.All cannot be imported: there is no module nowhere."),
        (bound("airflow.providers.standard.operators.bash.BushOperator"), "has no BushOperator."),
        (bound("pathlib.Path"), "pathlib.Path is no operator of Airflow's."),
        (bound("airflow.providers.standard.operators.hitl.HITLOperator"), "cannot be a persona by itself. Write `human: [login]`."),
        (bound("dag_factory.operators.kickoff.KickoffOperator"), "cannot be a persona by itself."),
        (bound(BASH), "BashOperator refuses its arguments: missing keyword argument 'bash_command'."),
        (bound(BASH, bash_command="make", bush="1"), "BashOperator refuses its arguments: "),
        (
            bound(BASH, bash_command="make", trigger_rule="all_done", pool="big"),
            "pool, trigger_rule of BashOperator is for Phasegate to say",
        ),
        (bound(PYTHON, python_callable="{import: no.such.function}"), "no.such.function cannot be imported"),
        (bound(DELTA, delta="{duration: soon}"), "'soon' is not a duration"),
        (bound(DELTA, delta="{duration: 2s}", deferrable="true", end_from_trigger="true"), "TimeDeltaSensor would end in the triggerer"),
        (
            bound(SENSOR, target_time="'2030-01-01T00:00:00+00:00'", start_from_trigger="true"),
            "DateTimeSensorAsync would start in the triggerer",
        ),
        (bound(f"{ME}.Named"), "has phase, a name that Phasegate's operators use themselves."),
    ],
)
def test_what_cannot_be_a_persona_is_told_when_the_dag_is_built(small, binding, says):
    from dag_factory.errors import OperatorError

    with pytest.raises(OperatorError) as caught:
        small(binding=binding, **REPORT).dag()
    assert says in str(caught.value)
    assert caught.value.task == "first/write"


class Named(BaseOperator):
    """An operator with an argument of a name that is ours."""

    def __init__(self, *, phase: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)


def test_where_another_task_is_executed_nothing_is_imported_for_this_one(small, monkeypatch):
    house = small(binding=bound("nowhere.at.All"), **REPORT)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "small")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "first.gate")
    assert type(house.dag().get_task("first.write")).__name__ == "PersonaOperator"


def test_two_duties_do_not_share_one_operator_with_the_same_arguments(small):
    from dag_factory.errors import SpecError

    house = small(binding=bound(BASH, bash_command="make it"), **REPORT)
    path = house.specs / "workflow.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("  reader: {command")
    path.write_text(
        text[:start] + f"  reader: {{{bound(BASH, bash_command='make it')}}}" + text[text.index("\n", start) :], encoding="utf-8"
    )
    with pytest.raises(SpecError) as caught:
        house.dag()
    assert [told.rule for told in caught.value.diagnostics] == ["principal-shared"]
