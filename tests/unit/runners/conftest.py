"""A place to run programs in, and eyes for what they leave behind."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dag_factory.runners import Limits, Outcome, Request, run_program


@dataclass
class Bench:
    """A workspace with everything beside it, and the lines that were emitted."""

    root: Path
    lines: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        for name in ("workspace", "spec", "inputs", "evidence"):
            (self.root / name).mkdir()
        self.task_file.write_text(json.dumps({"mission": "test", "feature": "ingest"}))

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def spec(self) -> Path:
        return self.root / "spec"

    @property
    def task_file(self) -> Path:
        return self.root / "task.json"

    @property
    def log(self) -> Path:
        return self.root / "log.txt"

    def request(self, work: dict[str, Any], *, timeout: float | None = 30, **environment: str) -> Request:
        return Request(
            work=work,
            workspace=self.workspace,
            evidence=self.root / "evidence",
            inputs=self.root / "inputs",
            task_file=self.task_file,
            spec_dir=self.spec,
            home=self.root / "scratch",
            environment=environment,
            timeout=timeout,
            log=self.log,
            emit=self.lines.append,
        )

    def run(self, *argv: str, timeout: float | None = 30, limits: Limits | None = None, **options: Any) -> Outcome:
        asked: dict[str, Any] = {
            "cwd": self.workspace,
            "environment": {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            "stop": self.stop,
            "log": self.log,
            "emit": self.lines.append,
        }
        return run_program(argv, timeout=timeout, limits=limits or Limits(), **(asked | options))

    def pid_in(self, name: str) -> int:
        """Wait for a program to write a pid into a file of the workspace."""
        path = self.workspace / name
        assert until(lambda: path.exists() and path.read_text().endswith("\n")), f"{name} was never written"
        return int(path.read_text())


def until(answer: Callable[[], Any], patience: float = 5.0) -> bool:
    deadline = time.monotonic() + patience
    while not answer():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    """Whether a process is there; a zombie still is."""
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(name="runs")
def runs_fixture() -> Callable[[int], bool]:
    return runs


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., bool]:
    return until
