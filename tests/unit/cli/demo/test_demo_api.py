"""What the demo asks Airflow, and what it makes of the answers."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from dag_factory.cli.demo.api import Api, ApiError, TaskState

HEALTH = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "unhealthy"},
    "dag_processor": {"status": "healthy"},
    "triggerer": {},
}


@pytest.fixture
def server():
    """An API server that answers what a test puts into `answers`: a code and a body."""

    class Scripted(BaseHTTPRequestHandler):
        answers: ClassVar[dict[str, tuple[int, object]]] = {}
        asked: ClassVar[list[tuple[str, object]]] = []

        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            Scripted.asked.append((self.path, json.loads(self.rfile.read(length)) if length else None))
            code, body = Scripted.answers.get(self.path, (404, {"detail": "no such thing"}))
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = answer  # noqa: N815 - http.server looks for these names

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Scripted) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        Scripted.url = f"http://127.0.0.1:{listening.server_port}"
        yield Scripted
        listening.shutdown()
        thread.join()


@pytest.fixture
def api(server):
    return Api(server.url)


def test_health_is_told_by_component(server, api):
    server.answers["/api/v2/monitor/health"] = (200, HEALTH)
    assert api.health() == {"api-server": True, "metadatabase": True, "scheduler": False, "dag-processor": True, "triggerer": False}


def test_while_nobody_answers_nothing_is_well(server):
    assert Api("http://127.0.0.1:9").health() == {}


def test_a_proxy_is_not_asked(server, api, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.answers["/api/v2/monitor/health"] = (200, HEALTH)
    assert api.health()


def test_warming_up_does_not_mind_a_refusal(server, api):
    api.warm()
    assert server.asked[-1][0] == "/execution/health"


def test_a_dag_is_known_once_it_is_there_and_fresh(server, api):
    assert not api.knows("orders_mart")
    server.answers["/api/v2/dags/orders_mart"] = (200, {"is_stale": True})
    assert not api.knows("orders_mart")
    server.answers["/api/v2/dags/orders_mart"] = (200, {"is_stale": False})
    assert api.knows("orders_mart")


def test_another_refusal_is_an_error_with_its_words(server, api):
    server.answers["/api/v2/dags/orders_mart"] = (500, b"database is locked")
    with pytest.raises(ApiError, match="answered 500 to GET /api/v2/dags/orders_mart: database is locked") as caught:
        api.knows("orders_mart")
    assert caught.value.code == 500


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
def test_what_is_no_object_is_an_error(server, api, body):
    server.answers["/api/v2/dags/x/dagRuns/demo"] = (200, body)
    with pytest.raises(ApiError):
        api.run_state("x", "demo")


def test_import_errors_are_their_last_lines(server, api):
    trace = "Traceback ...\n  File ...\nPhasegateError: There is no folder of workflows.\n"
    server.answers["/api/v2/importErrors"] = (200, {"import_errors": [{"filename": "phasegate.py", "stack_trace": trace}]})
    assert api.import_errors() == ["phasegate.py: PhasegateError: There is no folder of workflows."]


def test_a_run_is_started_by_its_name(server, api):
    server.answers["/api/v2/dags/orders_mart/dagRuns"] = (200, {})
    api.trigger("orders_mart", "demo")
    assert server.asked[-1] == ("/api/v2/dags/orders_mart/dagRuns", {"dag_run_id": "demo", "logical_date": None})
    server.answers["/api/v2/dags/orders_mart/dagRuns/demo"] = (200, {"state": "running"})
    assert api.run_state("orders_mart", "demo") == "running"


def test_every_page_of_tasks_is_read(server, api):
    path = "/api/v2/dags/orders_mart/dagRuns/demo/taskInstances?limit=100&offset="
    page = [{"task_id": f"t{n}", "state": "running"} for n in range(100)]
    server.answers[f"{path}0"] = (200, {"task_instances": page, "total_entries": 101})
    server.answers[f"{path}100"] = (200, {"task_instances": [{"task_id": "last", "state": None}], "total_entries": 101})
    found = api.tasks("orders_mart", "demo")
    assert len(found) == 101
    assert found[-1] == TaskState("last", "")
