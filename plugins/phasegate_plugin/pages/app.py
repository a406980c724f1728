"""The app: its routes, its headers, and a page of its own for everything that can go wrong.

Default deny: every route asks for a user, every route of a run for the right to its DAG, before anything is looked up.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from dataclasses import is_dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from markupsafe import Markup
from starlette.exceptions import HTTPException as StarletteHTTPException

from dag_factory.errors import PhasegateError
from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.record import OpenRun
from dag_factory.evidence.statement import Charter, ConvergeStatement, TaskStatement
from dag_factory.evidence.verdict import Verdict
from phasegate_plugin.pages.access import RUN, TASK, USER, KnownRun, known_run
from phasegate_plugin.pages.blobs import named, pieces
from phasegate_plugin.pages.faults import PageError, missing
from phasegate_plugin.pages.file_page import file_view
from phasegate_plugin.pages.opening import fault_of, opened
from phasegate_plugin.pages.places import Places
from phasegate_plugin.pages.render import STYLE, environment
from phasegate_plugin.pages.run_page import run_view, verdict_view
from phasegate_plugin.pages.task_page import delivered_by, task_view
from phasegate_plugin.pages.views import Crumb, Heading, ProblemView

__all__ = ["make_app"]

_log = logging.getLogger(__name__)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' data:; "
        "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
_DAG = "/dags/{dag_id}/runs/{run_id}"
_TASK = _DAG + "/tasks/{phase}/{task}"


def make_app() -> FastAPI:
    """Make the app, to be mounted by Airflow."""
    app = FastAPI(title="Phasegate", dependencies=[USER], docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    options: dict[str, Any] = {"response_class": HTMLResponse}
    app.get(_DAG, dependencies=[RUN], **options)(run_page)
    app.get(_DAG + "/gates/{phase}", dependencies=[RUN], **options)(verdict_page)
    app.get(_TASK, dependencies=[TASK], **options)(task_page)
    app.get(_TASK + "/files/{item}/{name:path}", dependencies=[TASK], **options)(file_page)
    app.get(_TASK + "/download/{digest}", dependencies=[TASK])(download)
    app.get("/{rest:path}", **options)(elsewhere)
    app.exception_handler(PageError)(_problem)
    app.exception_handler(PhasegateError)(_problem)
    app.exception_handler(StarletteHTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_unreadable)
    app.exception_handler(Exception)(_broken)
    for kind in (RunContract, Charter, TaskStatement, ConvergeStatement, Verdict):
        kind.model_rebuild()  # their validators are built late, so that parsing a DAG does not pay for them; here a reader would
    return app


def run_page(request: Request, dag_id: str, run_id: str) -> Response:
    """The phases of a run, with the newest verdict of each."""
    run, places, _ = _opened(request, dag_id, run_id)
    return _page("run.html", run_view(run, places))


def verdict_page(request: Request, dag_id: str, run_id: str, phase: str, verdict: str = "") -> Response:
    """The newest verdict on a phase, or the one of a digest."""
    run, places, _ = _opened(request, dag_id, run_id)
    return _page("verdict.html", verdict_view(run, phase, places, verdict))


def task_page(request: Request, dag_id: str, run_id: str, phase: str, task: str) -> Response:
    """The newest statement of a task, or of the merge of a phase."""
    run, places, known = _opened(request, dag_id, run_id)
    return _page("task.html", task_view(run, phase, task, places, known))


def file_page(request: Request, dag_id: str, run_id: str, phase: str, task: str, item: str, name: str, of: str = "") -> Response:
    """One file of evidence, made harmless."""
    run, places, _ = _opened(request, dag_id, run_id)
    return _page("file.html", file_view(run, phase, task, item, name, of, places))


def download(request: Request, dag_id: str, run_id: str, phase: str, task: str, digest: str) -> Response:
    """The bytes of a digest that a statement of this very run and task names."""
    run, _, _ = _opened(request, dag_id, run_id)
    found = named(delivered_by(run, phase, task)[2]).get(digest)
    if found is None:
        raise missing("No such bytes", f"No statement of {phase}/{task} in this run names that digest.")
    content, size = pieces(run.store, digest, found.size)
    headers = HEADERS | {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Length": str(size),
        "Cache-Control": "private, max-age=31536000, immutable",
        "ETag": f'"{digest}"',
    }
    return StreamingResponse(content, media_type="application/octet-stream", headers=headers)


def elsewhere() -> Response:
    """Nothing lies anywhere else; who has not logged in is not even told that."""
    raise missing("No such page", "There is nothing at this address.", "The links beside Airflow's tasks lead to what there is.")


def _opened(request: Request, dag_id: str, run_id: str) -> tuple[OpenRun, Places, KnownRun]:
    known = known_run(dag_id, run_id)
    return opened(known), Places(_mount(request), dag_id, run_id), known


def _mount(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


def _page(template: str, page: Any, status: int = 200) -> Response:
    assert is_dataclass(page)  # noqa: S101 # every template is given one value of `views`
    html = environment().get_template(template).render(page=page, style=Markup(STYLE))  # noqa: S704 # our own stylesheet
    return HTMLResponse(html, status, headers=HEADERS)


def _told(request: Request, status: int, title: str, text: str, remedy: str = "", *, login: bool = False) -> Response:
    """A page that says what is wrong; if even that cannot be made, a few plain words."""
    base = _mount(request).rpartition("/")[0]
    here = quote(quote(request.url.path, safe="/:+@=,"), safe="")  # as a path, and that as a value
    asked = request.path_params
    dag_id, run_id = str(asked.get("dag_id", "")), str(asked.get("run_id", ""))
    head = Heading(title, (Crumb("Airflow", f"{base}/"), Crumb(title, "")), dag_id, run_id)
    view = ProblemView(head, status, text, remedy, f"{base}/api/v2/auth/login?next={here}" if login else "")
    return _page("problem.html", view, status)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, PageError | PhasegateError)  # noqa: S101 # it is registered for these alone
    fault = fault_of(error)
    return _told(request, fault.status, fault.title, fault.text, fault.remedy)


_REFUSALS: dict[int, tuple[str, str, str]] = {
    401: ("Not logged in", "These pages are shown to whoever may read the DAG in Airflow, and you are not logged in.", "Log in to Airflow."),
    403: ("Not allowed", "You may not read this DAG, so nothing of its runs is shown, nor whether there are any.",
          "Ask whoever gives out rights in Airflow, or log in as somebody else."),
    405: ("Not possible", "These pages can be read, and nothing else.", ""),
}  # fmt: skip


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | StarletteHTTPException)  # noqa: S101 # likewise
    status = error.status_code
    told = 401 if error.detail == "Invalid JWT token" else status  # Airflow answers 403 to a login it does not know
    title, text, remedy = _REFUSALS.get(told, (HTTPStatus(status).phrase, "The request was refused.", ""))
    return _told(request, status, title, text, remedy, login=status in (401, 403))


async def _unreadable(request: Request, _: Exception) -> Response:
    return _told(request, 404, "No such page", "There is nothing at this address.")


async def _broken(request: Request, error: Exception) -> Response:
    _log.error("A page of Phasegate failed", exc_info=error)
    return _told(
        request, 500, "Something went wrong", "The page could not be made; the API server's log says why.", "Tell whoever runs it."
    )
