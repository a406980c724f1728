"""The real command lines of agents, from the npm registry, against a scripted model on 127.0.0.1."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.house import House, make_repository
from support.models import Model, Turn, scripted

from dag_factory.runners import RUNNERS, Allowance, Outcome, Request

ROOT = Path(__file__).parents[2]
collect_ignore = ["value"]  # a product of its own, with its own tests
TOLD = {
    "workflow": "small", "mission": "A small mission", "params": {}, "phase": "first", "task": "write", "persona": "writer", "duty": "writing",
    "feature": None, "features": {}, "attempt": 1, "cycle": 0, "does": "Write a note.", "instructions": "Write.", "writes": ["notes/**"],
    "evidence": [{"id": "note", "kind": "file", "path": "notes/note.md", "at": "seal", "expect": {}, "needs": "observed", "answers": {}}],
    "merged": [], "findings": [],
}  # fmt: skip
SMALL = """\
workflow: small
pattern: false
mission: A small mission
workspace: {{git: {repository}, branch: main}}
catalogue:
  writer:
    title: Writer
    instructions: Write plainly.
    contracts: {{writing: {{does: Write a note., writes: ["notes/**"], evidence: {{note: {{path: notes/note.md, kind: file}}}}}}}}
  reader: {{title: Reader, instructions: Read., contracts: {{reading: {{does: Read it., evidence: {{read: {{report: read.txt, kind: file}}}}}}}}}}
personas:
  writer: {{{writer}}}
  reader: {{command: 'cp "$PHASEGATE_INPUTS"/first/write/notes/note.md "$PHASEGATE_EVIDENCE/read.txt"'}}
phases:
  first: {{tasks: {{write: {{persona: writer, duty: writing}}}}, gate: {{}}}}
  second: {{tasks: {{read: {{persona: reader, duty: reading, validates: [first]}}}}, gate: {{}}}}
"""
_ENV = {
    "claude": "ANTHROPIC_BASE_URL: {{env: MODEL_URL}}, ANTHROPIC_API_KEY: {{env: MODEL_KEY}}, CLAUDE_CODE_MAX_RETRIES: '1', API_TIMEOUT_MS: '600000'",
    "codex": "OPENAI_BASE_URL: {{env: MODEL_URL}}, CODEX_API_KEY: {{env: MODEL_KEY}}",
}
KEY = "sk-canary-0123456789abcdef"


@pytest.fixture(scope="session")
def installed() -> Path:
    """Where the command lines are; installed once, from the npm registry."""
    folder = Path(os.environ.get("PHASEGATE_AGENTS") or ROOT / ".phasegate" / "agents")
    if shutil.which("npm") is None and not (folder / ".made").exists():
        pytest.skip("npm is not installed, so the agents' command lines cannot be")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:  # tests may run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([str(ROOT / "scripts" / "agents"), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the agents' command lines cannot be installed: {done.stderr.strip()}")
    return folder / "node_modules" / ".bin"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: Path) -> None:
    monkeypatch.setenv("AIRFLOW__PHASEGATE__CACHE_ROOT", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{installed}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def model() -> Iterator[Callable[..., Model]]:
    """Serves a model that says some turns; closed at the end of the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda *turns: stack.enter_context(scripted(*turns))


@dataclass
class Desk:
    """A workspace with everything beside it, at which an agent sits."""

    root: Path
    cli: str
    model: Model
    lines: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        for name in ("spec", "inputs", "evidence", "memory"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        if not self.workspace.exists():
            make_repository(self.workspace)
        self.task.write_text(json.dumps(TOLD), encoding="utf-8")

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def task(self) -> Path:
        return self.root / "task.json"

    @property
    def note(self) -> Path:
        return self.workspace / "notes" / "note.md"

    def request(
        self,
        value: Any = None,
        *,
        timeout: float = 60,
        allowance: Allowance | None = None,
        conversation: str = "",
        spoken: tuple[int, int] = (0, 0),
        **more: str,
    ) -> Request:
        """What a runner is asked."""
        keys = {"ANTHROPIC_BASE_URL": self.model.url, "ANTHROPIC_API_KEY": KEY, "CLAUDE_CODE_MAX_RETRIES": "1"}
        if self.cli == "codex":
            keys = {"OPENAI_BASE_URL": f"{self.model.url}/v1", "CODEX_API_KEY": KEY}
        return Request(
            work={"agent": value or self.cli}, workspace=self.workspace, evidence=self.root / "evidence", inputs=self.root / "inputs",
            task_file=self.task, spec_dir=self.root / "spec", home=self.root / "home", environment={**keys, **more}, timeout=timeout,
            log=self.root / "log.txt", emit=self.lines.append, conversation=conversation, memory=self.root / "memory",
            allowance=allowance or Allowance(), secrets=(KEY,), spoken=spoken,
        )  # fmt: skip

    def run(self, value: Any = None, **asked: Any) -> Outcome:
        """Have the agent work."""
        return RUNNERS["agent"].run(self.request(value, **asked), self.stop)

    @property
    def log(self) -> str:
        return (self.root / "log.txt").read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def desk(tmp_path: Path, model: Callable[..., Model]) -> Callable[..., Desk]:
    """Sits an agent at a desk; a turn may be made from the desk's workspace."""

    def sit(cli: str, *turns: Turn | Callable[[Path], Turn]) -> Desk:
        workspace = tmp_path / "workspace"
        return Desk(tmp_path, cli, model(*(turn(workspace) if callable(turn) else turn for turn in turns)))

    return sit


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Callable[..., Model]) -> Callable[..., tuple[House, Model]]:
    """A small workflow whose writer is an agent, on a real repository, store and keys."""

    def make(cli: str, *turns: Turn, more: str = "", env: str = "") -> tuple[House, Model]:
        served = model(*turns)
        name = "codex" if "codex" in cli else "claude"
        monkeypatch.setenv("MODEL_URL", served.url + ("/v1" if name == "codex" else ""))
        monkeypatch.setenv("MODEL_KEY", KEY)
        made = House(tmp_path / "house", monkeypatch)
        repository = make_repository(tmp_path / "house" / "repo")
        bound = f"agent: {cli}{more}, env: {{{_ENV[name].format()}{env}}}"
        made.write(SMALL.format(repository=repository, writer=bound))
        made.run("kickoff")
        return made, served

    return make


@pytest.fixture
def nothing_left() -> Callable[[Path], list[str]]:
    """Finds processes that still have a folder in their environment, their arguments or as their directory."""

    def find(folder: Path) -> list[str]:
        found = []
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and int(process.name) != os.getpid():
                try:
                    told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
                    where = str((process / "cwd").readlink())
                except OSError:
                    continue
                if str(folder).encode() in told or where.startswith(str(folder)):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return found

    return find
