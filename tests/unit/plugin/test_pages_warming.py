"""What the first page would wait for is done before it is asked for. Work is counted, not time: on a busy machine it is the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from phasegate_plugin import plugin
from phasegate_plugin.pages.warming import warm

ROOT = Path(__file__).parents[3]
ASKED = """\
import json, sys, tempfile, warnings
warnings.simplefilter("ignore")
from pathlib import Path
import jinja2, pytest
from sqlalchemy import event
from sqlalchemy.orm import Mapper
from support.pages import serving
from support.runs import honest

ready = "warm" in sys.argv
with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
    run = honest(Path(folder) / "home", through="validation")
    with serving(monkeypatch, run.tmp_path) as server:
        if ready:
            from phasegate_plugin.pages import pages
            pages()
            at = server.knows(run)
        compiled, mapped = [], []
        compile_ = jinja2.Environment.compile
        monkeypatch.setattr(jinja2.Environment, "compile", lambda self, *args, **kwargs: compiled.append(1) or compile_(self, *args, **kwargs))
        event.listen(Mapper, "before_mapper_configured", lambda mapper, kind: mapped.append(kind.__name__))
        before = set(sys.modules)
        at = at if ready else server.knows(run)
        file = run.record.newest("foundation/architect").says.evidence[0]
        page = "/tasks/foundation/architect"
        for path in ("/gates/validation", "", page, f"{page}/files/{file.item}/{file.name}", f"{page}/download/{file.digest}", "/nonsense"):
            assert server.get(at + path).status_code == (404 if path == "/nonsense" else 200), path
        ours = [name for name in set(sys.modules) - before if name.partition(".")[0] in ("dag_factory", "phasegate_plugin", "markdown_it", "cryptography")]
print(json.dumps([len(compiled), len(mapped), sorted(ours)]))
"""


def asked(*how: str) -> list[Any]:
    """How many templates were compiled and tables mapped, and which modules imported, for the first views, in a process of its own."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT, ROOT / "tests", ROOT / "plugins"]))}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", ASKED, *how], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_first_views_compile_nothing_map_nothing_and_import_nothing() -> None:
    assert asked("warm") == [0, 0, []]
    templates, tables, modules = asked()
    assert templates > 4, "else the count proves nothing"
    assert tables > 40
    assert modules


def test_nothing_is_asked_for(monkeypatch) -> None:
    """A store that does not answer must not keep a server from starting, or from ending."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("nobody asked for this yet")

    monkeypatch.setattr("dag_factory.settings.evidence_store", refuse)
    monkeypatch.setattr("dag_factory.settings.key_folder", refuse)
    monkeypatch.setattr("socket.socket.connect", refuse)
    warm()


def test_it_begins_with_the_server_and_stands_in_the_way_of_no_request(monkeypatch) -> None:
    made = threading.Event()
    monkeypatch.setattr(plugin, "_PAGES", plugin.LazyPages())
    monkeypatch.setattr(plugin.LazyPages, "_make", staticmethod(made.set))
    app = object()
    assert plugin.begin_warming(app) is app
    assert made.wait(10)


def test_airflow_is_told_of_it() -> None:
    [maker] = plugin.PhasegatePlugin.fastapi_root_middlewares
    assert maker["middleware"] is plugin.begin_warming
    [mounted] = plugin.PhasegatePlugin.fastapi_apps
    assert mounted["app"] is plugin._PAGES
