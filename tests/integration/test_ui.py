"""From a red gate in Airflow's own UI to the page behind it, with the mouse, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.chromium import Page, chromium, program
from support.airflow import Run

pytestmark = pytest.mark.skipif(program() is None, reason="There is no Chromium on PATH or in $CHROMIUM; nothing was clicked.")


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as made:
        made.look()
        yield made


def in_airflow(page: Page, run: Run, task_id: str) -> None:
    """Go to a task of the run in Airflow's UI, as somebody comes who clicked it in the grid; Airflow logs everyone in here."""
    url = run.airflow.api.url
    page.ask("Page.navigate", url=f"{url}/dags/{run.dag_id}/runs/{run.run_id}/tasks/{task_id}")
    page.click("Details")
    page.until("location.pathname.endsWith('/details')")


def shown(page: Page, path: str) -> str:
    """Wait for a page of Phasegate, and give what a person reads there."""
    page.until(f"location.pathname === {path!r} && document.readyState === 'complete'")
    said: str = page.until("document.querySelector('main')?.innerText")
    return said


@pytest.mark.flies("skips/run")
def test_a_red_gate_leads_to_its_verdict_and_on_to_the_work_that_failed_and_back(run: Run, page: Page) -> None:
    assert run.end() == "failed"
    pages = "/phasegate/dags/skips/runs/run"
    in_airflow(page, run, "drafting.gate")
    page.click("Verdict")
    said = shown(page, f"{pages}/gates/drafting")
    assert "✗ FAILED" in said
    assert "task-failed" in said
    assert page.violations() == []

    page.click("drafting/author")
    assert "✗ failed" in shown(page, f"{pages}/tasks/drafting/author")

    page.click("skips")  # the first crumb
    page.until("location.pathname === '/dags/skips/runs/run'")
    page.until("document.body.innerText.includes('Task Instances')")


@pytest.mark.flies("skips/run")
def test_a_task_and_the_last_word_of_a_run_lead_to_their_evidence(run: Run, page: Page) -> None:
    assert run.end() == "failed"
    for task_id, path, says in (
        ("drafting.editor", "/tasks/drafting/editor", "exit code 99"),
        ("complete", "", "Phases"),
    ):
        in_airflow(page, run, task_id)
        page.click("Evidence")
        assert says in shown(page, f"/phasegate/dags/skips/runs/run{path}")
