"""Links that Airflow shows beside a task: to the verdict of a gate, to the evidence of a task, to the whole run.

A link is computed where the task ends and kept as an XCom; the API server reads it and never calls this module. It is relative to the base
of Airflow's UI (its ``<base href>``), so it holds behind any prefix, and a worker need not know where the API server is. The pages it leads
to are the plugin's: `phasegate_plugin.pages`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

__all__ = ["MOUNT", "EvidenceLink", "RunLink", "VerdictLink", "question_page"]

MOUNT = "phasegate"
"""Where the plugin's pages lie below Airflow's base; the plugin mounts them there."""


def _run(ti: Any) -> str:
    return RunLink.to(ti.dag_id, ti.run_id)


class VerdictLink(BaseOperatorLink):
    """From a gate to its verdict."""

    name = "Verdict"
    xcom_key = "phasegate_verdict_link"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Where the verdict is shown that this try of the gate gave; of a task that gave none, the newest on its phase."""
        return self.to(ti_key, operator.phase, str(getattr(operator, "judged", "")))

    @staticmethod
    def to(ti: Any, phase: str, verdict: str = "") -> str:
        """The link, for whoever ends a gate outside a worker.

        Parameters
        ----------
        ti: anything with a `dag_id` and a `run_id`.
        phase: the phase's id.
        verdict: the digest of one verdict; the newest is shown without.

        """
        which = f"?verdict={quote(verdict, safe='')}" if verdict else ""
        return f"{_run(ti)}/gates/{quote(phase, safe='')}{which}"


class EvidenceLink(BaseOperatorLink):
    """From a task to its evidence."""

    name = "Evidence"
    xcom_key = "phasegate_evidence_link"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Where the newest statement of the task is shown; of a merge, that of the phase."""
        return task_page(_run(ti_key), str(getattr(operator, "contract_id", "") or f"{operator.phase}/converge"))


class RunLink(BaseOperatorLink):
    """From a task that stands for the whole run to all of its phases."""

    name = "Evidence"
    xcom_key = "phasegate_run_link"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002 # Airflow's signature
        """Where the phases of the run are shown."""
        return _run(ti_key)

    @staticmethod
    def to(dag_id: str, run_id: str) -> str:
        """The link, for whoever has no task of the run."""
        return f"{MOUNT}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def task_page(run: str, task_id: str) -> str:
    """Where the newest statement of a task is shown.

    Parameters
    ----------
    run: the link to its run.
    task_id: ``phase/task``.

    """
    phase, _, task = task_id.partition("/")
    return f"{run}/tasks/{quote(phase, safe='')}/{quote(task, safe='')}"


def question_page(ti: Any) -> str:
    """Where Airflow's UI lets people answer what a task asks; of a mapped one, what this instance of it asks."""
    dag_id, run_id, task_id = (quote(part, safe="") for part in (ti.dag_id, ti.run_id, ti.task_id))
    mapped = f"/mapped/{ti.map_index}" if ti.map_index >= 0 else ""
    return f"dags/{dag_id}/runs/{run_id}/tasks/{task_id}{mapped}/required_actions"
