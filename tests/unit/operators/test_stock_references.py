"""References in an operator's arguments: looked up when the task executes, wherever the operator kept them, and told to nobody."""

from __future__ import annotations

import traceback

import pytest
from support.house import House
from support.stock import NOTED, REPORT, bound, first, said


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

    def test_a_failure_tells_none_in_another_spelling_and_airflow_logs_none(self, small, monkeypatch):
        monkeypatch.setenv("API_TOKEN", "abc/def@ghi-jkl")
        house = first(small(binding=bound(NOTED, text="{env: API_TOKEN}", does="tell"), **REPORT))
        logged = "".join(traceback.format_exception(house.errors["first.write"]))
        for text in (logged, house.failures["first.write"], said(house).excerpt, house.log("first/write")):
            assert "?token=***, Basic Ym90Om***" in text
            assert "ghi" not in text

    def test_one_that_leads_nowhere_is_told_and_nothing_is_run(self, small):
        house = first(small(binding=bound(NOTED, text="{env: NOT_THERE}"), **REPORT))
        assert "There is no environment variable 'NOT_THERE' on this worker." in house.failures["first.write"]
