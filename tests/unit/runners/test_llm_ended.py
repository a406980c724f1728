"""A language model that is stopped, or whose worker is killed: nothing of it is left, and its secret was in nobody else's hands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from support.asked_models import run, task
from support.completions import KEY, Fails, calls, running


def test_a_stop_ends_it_at_once_and_nothing_is_handed_to_anybody_else(bench, until):
    task(bench)
    stop = threading.Event()
    found: dict[str, Any] = {}
    with running(Fails(silent=True)) as model:

        def look() -> None:
            until(lambda: model.asked, 60)
            below = [
                path for path in Path("/proc").glob("[0-9]*/cmdline") if b"llm_child" in _bytes(path) and str(os.getpid()) in _parents(path)
            ]
            found["seen"] = [(_bytes(path), _bytes(path.with_name("environ"))) for path in below]
            stop.set()

        thread = threading.Thread(target=look)
        thread.start()
        outcome = run(bench, model, stop=stop)
        thread.join()
    assert outcome.ended == "stopped"
    assert found["seen"], "the child and its warden were looked at"
    for argv, environment in found["seen"]:
        assert KEY.encode() not in argv
        assert KEY.encode() not in environment
        assert b"AIRFLOW" not in environment
    for path in bench.root.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _parents(path: Path) -> list[str]:
    """The pids of the parent and the grandparent of a process."""
    found = []
    for _ in range(2):
        fields = _bytes(path.with_name("stat")).rpartition(b")")[2].split()
        if not fields:
            break
        found.append(fields[1].decode())
        path = Path("/proc", found[-1], "cmdline")
    return found


STUBBORN = """\
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
from mcp.server import MCPServer
app = MCPServer("stubborn")

@app.tool()
def wait() -> str:
    open(sys.argv[1], "w").write("here")
    time.sleep(600)
    return ""

app.run("stdio")
"""
WORKER = """\
import json, sys, threading
from dataclasses import replace
from pathlib import Path
from dag_factory.runners import RUNNERS, Request
root, connections = Path(sys.argv[1]), json.loads(sys.argv[2])
request = Request(
    work={"llm": {"connection": "my_model", "mcp": ["stubborn"]}}, workspace=root / "workspace", evidence=root / "evidence", inputs=root / "inputs",
    task_file=root / "task.json", spec_dir=root / "spec", home=root / "scratch", environment={}, timeout=300, log=root / "log.txt", emit=print,
    connections=connections,
)
RUNNERS["llm"].run(request, threading.Event())
"""


def below_this_place(root: Path) -> list[str]:
    """The processes that know of a folder, by their command lines and environments; not this one, and no worker."""
    word, found = str(root).encode(), []
    for path in Path("/proc").glob("[0-9]*"):
        argv = _bytes(path / "cmdline")
        if word in argv + _bytes(path / "environ") and int(path.name) != os.getpid() and WORKER[:40].encode() not in argv:
            found.append(argv.replace(b"\0", b" ").decode()[:200])
    return found


def test_when_its_worker_is_killed_nothing_of_it_is_left_not_even_a_daemon_of_a_tool_server(bench, until):
    task(bench)
    server, here = bench.root / "server.py", bench.root / "here"
    server.write_text(STUBBORN)
    extra = {"transport": "stdio", "command": sys.executable, "args": ["-P", str(server), str(here)], "timeout": 90}
    with running(calls(("stubborn_wait", {}))) as model:
        connections = json.dumps({"my_model": model.connection, "stubborn": json.dumps({"conn_type": "mcp", "extra": extra})})
        seen = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        worker = subprocess.Popen([sys.executable, "-c", WORKER, str(bench.root), connections], env=seen, stdout=subprocess.DEVNULL)
        try:
            assert until(here.exists, 120), bench.log.read_text()
            assert len(below_this_place(bench.root)) >= 4, "a warden, the model's process, the server and its daemon"
        finally:
            worker.kill()
            worker.wait()
        until(lambda: not below_this_place(bench.root), 30)
        assert below_this_place(bench.root) == []
