"""Has a persona leave something in its workspace, and seals that as a worker does: with git, in a private repository of the task."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dag_factory.cli.selftest.contents import made
from dag_factory.cli.selftest.stage import Stage, payload_of
from dag_factory.workspace.private import PrivateRepository

__all__ = ["seal"]

_BEFORE = {"README.md": "# Orders\n", "src/orders/code.py": "TAX = 19\n", "tests/ingest/test_code.py": "def test_tax():\n    assert True\n"}


def seal(stage: Stage, told: Mapping[str, Any]) -> None:
    """Seal what a `task` left; what is refused stands in its statement, signed with its key, as a worker writes it.

    `leaves` are files by path, each told in words of `contents`; or `{link: TARGET}`, `{fifo: true}`, `{sparse: BYTES}`, `{gone: true}`.
    """
    work = stage.path.parent / f"work-{len(list(stage.path.parent.iterdir()))}"
    repository, base = _repository(work / "main")
    private = PrivateRepository.create(work / "task", objects=repository / ".git", commit=base)
    for name, what in told["leaves"].items():
        _leave(private.tree, name, what)
    path = stage.at(f"statements/{told['task']}")
    task = stage.record.contract.tasks[told["task"]]
    writes = told.get("writes") or task.writes
    sealed = private.seal(writes=writes, declared=tuple(item.path for item in task.items if item.path), message="Work")
    envelope = path.read_bytes()
    said = payload_of(envelope)
    said["predicate"]["refusals"] = [{"rule": one.rule, "path": one.path, "text": f"{one.path} {one.text}"} for one in sealed.refusals]
    stage.sign(path, said, by=stage.signer_of(envelope))


def _leave(tree: Path, name: str, what: Mapping[str, Any]) -> None:
    path = tree / os.fsdecode(name.encode("latin-1") if what.get("latin") else name.encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.is_file() else b""
    if path.is_file() and set(what) & {"link", "fifo", "gone"}:
        path.unlink()
    if "link" in what:
        path.symlink_to(what["link"])
    elif what.get("fifo"):
        os.mkfifo(path)
    elif "sparse" in what:
        with path.open("wb") as stream:
            stream.truncate(what["sparse"])
    elif "many" in what:
        for number in range(what["many"]):
            (path.parent / f"{number}-{path.name}").touch()
    elif not what.get("gone"):
        path.write_bytes(made(what, before))


def _repository(folder: Path) -> tuple[Path, str]:
    """A repository with one commit, made with nobody's configuration."""
    for name, text in _BEFORE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*args: str) -> str:
        who = ("-c", "user.name=Author", "-c", "user.email=author@localhost", "-c", "maintenance.auto=false", "-c", "gc.auto=0")
        return subprocess.run(["git", *who, *args], cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q", "-b", "main", "--template=", ".")
    git("add", "-A")
    git("commit", "-q", "-m", "Start")
    return folder, git("rev-parse", "HEAD")
