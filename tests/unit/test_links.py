"""Links beside Airflow's tasks: where they lead, and that they come through the serialised DAG as the keys of XComs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.serialization.serialized_objects import DagSerialization
from support.orders import plan_of

from dag_factory.build import build_dag
from dag_factory.links import MOUNT, EvidenceLink, RunLink, VerdictLink, question_page

TI = SimpleNamespace(dag_id="orders_mart", run_id="scheduled__2026-11-23T06:00:00+01:00", task_id="implementation.ingest.sdet")
RUN = f"{MOUNT}/dags/orders_mart/runs/scheduled__2026-11-23T06%3A00%3A00%2B01%3A00"


def test_links_are_relative_and_quote_every_part():
    assert VerdictLink().get_link(SimpleNamespace(phase="implementation"), ti_key=TI) == f"{RUN}/gates/implementation"
    gate = SimpleNamespace(phase="implementation", judged="ab12")
    assert VerdictLink().get_link(gate, ti_key=TI) == f"{RUN}/gates/implementation?verdict=ab12"
    task, merge = SimpleNamespace(contract_id="implementation/ingest.sdet"), SimpleNamespace(phase="implementation")
    assert EvidenceLink().get_link(task, ti_key=TI) == f"{RUN}/tasks/implementation/ingest.sdet"
    assert EvidenceLink().get_link(merge, ti_key=TI) == f"{RUN}/tasks/implementation/converge"
    assert RunLink().get_link(None, ti_key=TI) == RUN
    odd = SimpleNamespace(dag_id="a", run_id="../b?c#d/e", task_id="f.g")
    assert RunLink().get_link(None, ti_key=odd) == f"{MOUNT}/dags/a/runs/..%2Fb%3Fc%23d%2Fe"


@pytest.mark.parametrize(("map_index", "where"), [(-1, ""), (0, "/mapped/0"), (12, "/mapped/12")])
def test_a_question_of_a_mapped_task_is_that_of_its_instance(map_index, where):
    asked = SimpleNamespace(dag_id="orders_mart", run_id="a+b", task_id="check.fix_1.fix", map_index=map_index)
    assert question_page(asked) == f"dags/orders_mart/runs/a%2Bb/tasks/check.fix_1.fix{where}/required_actions"


@pytest.mark.parametrize(
    ("task", "name", "key"),
    [
        ("foundation.gate", "Verdict", "phasegate_verdict_link"),
        ("foundation.architect", "Evidence", "phasegate_evidence_link"),
        ("foundation.converge", "Evidence", "phasegate_evidence_link"),
        ("complete", "Evidence", "phasegate_run_link"),
    ],
)
def test_the_api_server_finds_each_by_its_xcom(tmp_path, task, name, key):
    dag = DagSerialization.from_dict(DagSerialization.to_dict(build_dag(plan_of(tmp_path), tmp_path)))
    [link] = dag.get_task(task).operator_extra_links
    assert (link.name, link.xcom_key) == (name, key)
