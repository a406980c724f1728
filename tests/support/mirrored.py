"""A remote with some history, what is fetched of it into a mirror, and who still speaks to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from dag_factory.workspace.origin import Origin, head, objects
from dag_factory.workspace.private import PrivateRepository
from support.remotes import HttpRemote

Git = Callable[..., str]
ROOT = Path(__file__).parents[2]
FETCH = (
    "import sys; from pathlib import Path; from dag_factory.workspace.origin import Origin, objects;"
    "print(objects(Origin(sys.argv[1], 'main'), Path(sys.argv[2]), sys.argv[3]))"
)


def advance(main: Path, bare: Path, git_cli: Git, name: str = "more.txt") -> str:
    (main / name).write_text("more\n")
    git_cli(main, "add", "-A")
    git_cli(main, "commit", "-qm", name)
    git_cli(main, "push", "-q", str(bare), "main")
    return git_cli(main, "rev-parse", "main")


def work(origin: Origin, mirrors: Path, where: Path) -> tuple[PrivateRepository, str]:
    base = head(origin, mirrors)
    repo = PrivateRepository.create(where, objects=objects(origin, mirrors, base), commit=base)
    (repo.tree / "new").write_text("new\n")
    commit = repo.seal(writes=["**"], declared=[], message="work").commit
    assert commit
    return repo, commit


def left_after(remote: HttpRemote) -> list[str]:
    """Who still speaks to the server once what was killed had time to die."""
    end = time.monotonic() + 30
    while (found := of_remote(remote)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def of_remote(remote: HttpRemote) -> list[str]:
    """The command lines of all processes that speak to the server."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                line = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"{remote.url}/" in line and "git" in line and "python" not in line:
                found.append(line)
    return found


def with_history(main: Path, served: Path, git_cli: Git) -> Path:
    """Make a remote with some history: two commits more than the template."""
    served.mkdir()
    for number in (2, 3):
        (main / "number.txt").write_text(f"{number}\n" * 2000)
        git_cli(main, "add", "-A")
        git_cli(main, "commit", "-qm", f"commit {number}")
    git_cli(served.parent, "clone", "-q", "--bare", str(main), f"{served.name}/bare.git")
    return served / "bare.git"
