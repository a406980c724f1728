"""A broken spec that has no import error of its own is seen as a DAG that says what is wrong, and can only fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from dag_factory.errors import Diagnostic, Position, SpecError
from dag_factory.placeholder import placeholders


def broken(reason="There is no persona 'x'."):
    return SpecError([Diagnostic("persona-unknown", Position("w.yaml", 3, 7), reason, "Name one of the catalogue.")])


def test_it_says_what_is_wrong_and_can_only_fail():
    [dag] = placeholders({Path("specs/w.yaml"): broken()}).values()
    assert (dag.dag_id, dag.schedule, dag.is_paused_upon_creation, set(dag.tags)) == (
        "broken.w.yaml", None, True, {"phasegate", "broken-spec"},
    )  # fmt: skip
    assert dag.description == "3:7 persona-unknown: There is no persona 'x'."
    assert "    w.yaml:3:7: persona-unknown: There is no persona 'x'. Name one of the catalogue." in dag.doc_md
    with pytest.raises(AirflowFailException, match="Name one of the catalogue"):
        dag.get_task("broken").execute({})


def test_no_two_are_of_one_name_and_none_is_a_workflows():
    made = placeholders({Path("a/w.yaml"): broken(), Path("b/w.yaml"): broken(), Path("c/ä b/ä w.yaml"): broken()})
    assert list(made) == ["broken.w.yaml", "broken.w.yaml_", "broken.__w.yaml"]
    assert all(dag.dag_id == name for name, dag in made.items())


@pytest.mark.parametrize("name", ["x" * 240 + ".yaml", "{{ 7 * 7 }}.yaml", "\u202e.yaml", "a\nb.yaml"])
def test_any_file_name_makes_a_dag_id_that_airflow_takes(name):
    [(made, dag)] = placeholders({Path(name): broken()}).items()
    assert len(made) <= 250
    assert made == dag.dag_id
    assert made.isascii()


def test_without_a_broken_spec_there_is_none():
    assert placeholders({}) == {}
