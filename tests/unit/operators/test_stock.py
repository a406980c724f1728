"""Airflow's own operators as personas: what they find, what they leave, how they fail, wait and are killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException, TaskDeferred
from support.house import House

BASH = "airflow.providers.standard.operators.bash.BashOperator"
PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
WRITES = "mkdir -p notes && echo a note > notes/note.md"
ME = "unit_operators_test_stock"
"""By which name operators find this module."""


@pytest.fixture(autouse=True)
def _found(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, ME, sys.modules[__name__])


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
    assert {name: value for name, value in os.environ.items() if name.startswith(("PHASEGATE", "STAGE")) and name not in before} == {}
    assert set(os.environ) == set(before)


def write_note(where: str, says: str) -> str:
    """What a `PythonOperator` calls."""
    (Path(where) / "note.md").write_text(says, encoding="utf-8")
    return "an answer that is no evidence"


CALLS = {"python_callable": f"{{import: {ME}.write_note}}", "op_kwargs": "{where: '{{ phasegate.evidence }}', says: a note}"}
REPORT = {"git": False, "evidence": "report: note.md, kind: file"}


def test_a_python_operator_calls_what_is_imported_and_its_answer_is_no_evidence(small):
    house = first(small(binding=bound(PYTHON, **CALLS), **REPORT))
    assert (house.failures, house.xcoms["first.write", "return_value"]) == ({}, "an answer that is no evidence")
    assert house.store.blob(said(house).evidence[0].digest) == b"a note"
    assert "no evidence" not in said(house).model_dump_json()


class Noted(BaseOperator):
    """An operator that does as it is told, and keeps what it is given as operators do: also deep inside."""

    template_fields = ("text", "deep")
    waits: ClassVar[list[Any]] = []
    killed: ClassVar[list[str]] = []

    def __init__(self, *, text: str = "", deep: Any = None, does: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text, self.does, self.deep = text, does, deep
        self.boxed = Box({"again": text})

    def execute(self, context: Any) -> str:
        Path(os.environ["PHASEGATE_EVIDENCE"], "note.md").write_text(f"{self.text} {self.deep} {self.boxed.inside}", encoding="utf-8")
        getattr(self, f"do_{self.does or 'nothing'}")(context)
        return self.text

    def do_nothing(self, context: Any) -> None:
        pass

    def do_skip(self, context: Any) -> None:
        raise AirflowSkipException("not today")

    def do_break(self, context: Any) -> None:
        raise ValueError(f"it broke, with {self.text}\nand more")

    def do_stop(self, context: Any) -> None:
        raise AirflowFailException("never again")

    def do_branch(self, context: Any) -> None:
        from airflow.sdk.exceptions import DownstreamTasksSkipped

        raise DownstreamTasksSkipped(tasks=["first.gate"])

    def do_trigger(self, context: Any) -> None:
        from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

        TriggerDagRunOperator(task_id="other", trigger_dag_id="other", skip_when_already_exists=True).execute({**context, "dag_run": None})

    def do_sleep(self, context: Any) -> None:
        time.sleep(60)

    def do_wait(self, context: Any) -> None:
        self.defer(trigger=self.waits[0], method_name="go_on", kwargs={"word": "kept"})

    def do_kill(self, context: Any) -> None:
        self.on_kill()

    def do_daemon(self, context: Any) -> None:
        subprocess.Popen(["/bin/sh", "-c", f"(setsid sleep 300 & echo $! > {self.deep})"]).wait()
        self.waits.append(int(Path(self.deep).read_text()))

    def go_on(self, context: Any, word: str, event: Any = None) -> str:
        with Path(os.environ["PHASEGATE_EVIDENCE"], "note.md").open("a", encoding="utf-8") as file:
            file.write(f" {word} {event} {self.text}")
        return word

    def on_kill(self) -> None:
        self.killed.append(self.text)


class Box:
    """An object of a library's, such as a model of Kubernetes."""

    def __init__(self, inside: Any) -> None:
        self.inside = inside


class Trigger:
    """What is waited for; Airflow never sees it here."""

    def __init__(self, *, end_from_trigger: bool = False) -> None:
        self.end_from_trigger = end_from_trigger


NOTED = f"{ME}.Noted"


@pytest.mark.parametrize(
    ("does", "says", "kind"),
    [
        ("skip", "It skipped (not today), and a skip is no answer here.", AirflowException),
        ("branch", "and a skip is no answer here.", AirflowException),
        ("break", "ValueError: it broke, with some-word and more", AirflowException),
        ("stop", "AirflowFailException: never again", AirflowFailException),
        ("trigger", "It asks Airflow to start another run when it has ended", AirflowException),
    ],
)
def test_an_operator_that_fails_or_skips_leaves_a_failed_statement(small, does, says, kind):
    house = first(small(binding=bound(NOTED, does=does, text="some-word"), **REPORT))
    house.close("first")
    assert type(house.errors["first.write"]) is kind, "so that Airflow retries what may be retried"
    assert says in house.failures["first.write"]
    assert (said(house).outcome, said(house).evidence) == ("failed", ())
    assert {finding.rule for finding in house.findings("first")} == {"task-failed"}
    assert says in house.findings("first")[0].text


def test_an_operator_that_takes_too_long_is_ended_and_leaves_a_failed_statement(small, monkeypatch):
    monkeypatch.setattr(Noted, "killed", [])
    house = first(small(binding=bound(NOTED, ", timeout: 1s", does="sleep", text="slow"), **REPORT))
    assert "It was still at work after 1 s." in house.failures["first.write"]
    assert (said(house).outcome, Noted.killed) == ("failed", ["slow"])


def test_what_was_killed_is_not_attested_and_the_operators_own_end_is_called(small, monkeypatch):
    monkeypatch.setattr(Noted, "killed", [])
    house = first(small(binding=bound(NOTED, does="kill", text="end me"), **REPORT))
    assert "nothing of it is attested" in house.failures["first.write"]
    assert Noted.killed == ["end me"]
    assert house.record.newest("first/write") is None


def test_a_daemon_that_it_leaves_does_not_outlive_it(small, monkeypatch, tmp_path):
    monkeypatch.setattr(Noted, "waits", [])
    house = first(small(binding=bound(NOTED, does="daemon", deep=f"{tmp_path}/pid"), **REPORT))
    assert house.failures == {}
    [daemon] = Noted.waits
    stat = Path(f"/proc/{daemon}/stat")
    assert not stat.exists() or stat.read_bytes().rpartition(b")")[2].split()[0] == b"Z"


def test_a_deferral_is_gone_on_with_in_the_same_place(small, monkeypatch):
    monkeypatch.setattr(Noted, "waits", [Trigger()])
    house = first(small(binding=bound(NOTED, does="wait", text="'{{ phasegate.feature }}x'"), **REPORT))
    deferred = house.deferred["first.write"]
    assert isinstance(deferred, TaskDeferred)
    assert (deferred.method_name, deferred.timeout) == ("go_on", timedelta(seconds=3600))
    assert house.record.newest("first/write") is None, "nothing is attested while it waits"
    time.sleep(0.01)
    operator = house.dag().get_task("first.write")
    kwargs = {**deferred.kwargs, "event": "rings"}
    house._one(operator, "first.write", call=lambda context: operator.resume_execution("go_on", kwargs, context), tried=True)
    assert house.failures == {}
    assert house.store.blob(said(house).evidence[0].digest).startswith(b"x ")
    assert house.store.blob(said(house).evidence[0].digest).endswith(b" kept rings x")
    assert said(house).started_at == deferred.kwargs["phasegate_since"]


def test_a_trigger_that_fails_leaves_a_failed_statement(small, monkeypatch):
    monkeypatch.setattr(Noted, "waits", [Trigger()])
    house = first(small(binding=bound(NOTED, does="wait"), **REPORT))
    operator = house.dag().get_task("first.write")
    lost = {"error": "Trigger timeout", "traceback": ["it took too long"]}
    house._one(operator, "first.write", call=lambda context: operator.resume_execution("__fail__", lost, context), tried=True)
    assert "TaskDeferralTimeout" in house.failures["first.write"]
    assert said(house).outcome == "failed"


def test_what_would_end_in_the_triggerer_is_refused_when_it_defers(small, monkeypatch):
    monkeypatch.setattr(Noted, "waits", [Trigger(end_from_trigger=True)])
    house = first(small(binding=bound(NOTED, does="wait"), **REPORT))
    assert "Noted would end in the triggerer, where nothing can be sealed" in house.failures["first.write"]
    assert type(house.errors["first.write"]) is AirflowFailException
    assert said(house).outcome == "failed"


@pytest.mark.parametrize(
    ("asked", "given"), [(None, 3600), (timedelta(hours=2), 3600), (timedelta(seconds=5), 5), (5.5, 5.5), (7200, 3600)]
)
def test_a_trigger_has_no_longer_than_its_task(small, monkeypatch, asked, given):
    def wait(self, context):
        self.defer(trigger=Trigger(), method_name="go_on", timeout=asked)

    monkeypatch.setattr(Noted, "do_wait", wait)
    house = first(small(binding=bound(NOTED, does="wait"), **REPORT))
    assert house.deferred["first.write"].timeout == timedelta(seconds=given)


SENSOR = "airflow.providers.standard.sensors.date_time.DateTimeSensorAsync"
DELTA = "airflow.providers.standard.sensors.time_delta.TimeDeltaSensor"


def test_a_stock_sensor_that_defers(small):
    house = first(small(binding=bound(SENSOR, target_time="'2100-01-01T00:00:00+00:00'"), **REPORT))
    deferred = house.deferred["first.write"]
    assert type(deferred.trigger).__name__ == "DateTimeTrigger"
    operator = house.dag().get_task("first.write")
    kwargs = {**deferred.kwargs, "event": None}
    house._one(operator, "first.write", call=lambda context: operator.resume_execution(deferred.method_name, kwargs, context), tried=True)
    house.close("first")
    assert [finding.rule for finding in house.findings("first")] == ["evidence-missing"], "waiting leaves nothing: no data is never a pass"


def test_a_duration_is_given_as_one(small):
    operator = small(binding=bound(DELTA, delta="{duration: 90m}", deferrable="true"), **REPORT).dag().get_task("first.write")
    assert (operator.delta, operator.deferrable) == (timedelta(minutes=90), True)


class TestReferences:
    @pytest.fixture
    def house(self, small, monkeypatch) -> House:
        monkeypatch.setenv("A_WORD", "hunter2")
        return small(binding=bound(NOTED, text="{env: A_WORD}", deep="{a: [{env: A_WORD}, '{{ run_id }}']}"), **REPORT)

    def test_they_are_kept_as_they_are_until_the_task_executes(self, house):
        operator = house.dag().get_task("first.write")
        assert (operator.text, operator.boxed.inside) == ("{env: A_WORD}", {"again": "{env: A_WORD}"})
        from airflow.serialization.serialized_objects import DagSerialization

        assert "hunter2" not in str(DagSerialization.to_dict(house.dag()))
        assert "{env: A_WORD}" in str(DagSerialization.to_dict(house.dag()))

    def test_they_are_looked_up_wherever_the_operator_kept_them(self, house):
        first(house)
        assert b"hunter2 {'a': ['hunter2', " in house.store.blob(said(house).evidence[0].digest)
        assert b"{'again': 'hunter2'}" in house.store.blob(said(house).evidence[0].digest)

    def test_a_text_that_a_template_makes_is_no_reference(self, small, monkeypatch):
        monkeypatch.setenv("A_WORD", "hunter2")
        made = '\'{{ "{env: A" ~ "_WORD}" }}\''
        house = first(small(binding=bound(NOTED, text="{env: A_WORD}", deep=f"{{a: {made}}}"), **REPORT))
        assert b"{'a': '{env: A_WORD}'}" in house.store.blob(said(house).evidence[0].digest)

    def test_a_secret_that_the_operator_writes_down_is_no_evidence(self, small, monkeypatch):
        monkeypatch.setenv("API_TOKEN", "hunter2-hunter2-hunter2")
        house = first(small(binding=bound(NOTED, text="{env: API_TOKEN}"), **REPORT))
        house.close("first")
        assert "secret-in-evidence" in {finding.rule for finding in house.findings("first")}
        assert "hunter2" not in said(house).model_dump_json()

    def test_a_failure_tells_no_secret(self, small, monkeypatch):
        monkeypatch.setenv("API_TOKEN", "hunter2-hunter2-hunter2")
        house = first(small(binding=bound(NOTED, text="{env: API_TOKEN}", does="break"), **REPORT))
        assert "it broke, with ***" in house.failures["first.write"]
        assert "hunter2" not in said(house).model_dump_json() + house.log("first/write")

    def test_one_that_leads_nowhere_is_told_and_nothing_is_run(self, small):
        house = first(small(binding=bound(NOTED, text="{env: NOT_THERE}"), **REPORT))
        assert "There is no environment variable 'NOT_THERE' on this worker." in house.failures["first.write"]


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
