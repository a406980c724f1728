"""A main checkout of one commit, git as a person or a persona runs it, private repositories, and a remote that is a bare clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from support.remotes import HttpRemote, http_remote
from support.tricks import Bench

from dag_factory.workspace.origin import Origin
from dag_factory.workspace.private import PrivateRepository

FILES: Mapping[str, str] = {
    ".gitignore": "__pycache__/\n*.pyc\n/build/\n",
    "README.md": "read me\n",
    "src/app.py": "print('app')\n",
    "src/deep/er/lib.py": "x = 1\n",
    "tests/test_app.py": "def test(): pass\n",
}

Git = Callable[..., str]


@pytest.fixture(scope="session")
def git_cli() -> Git:
    """git as a person or a persona runs it, with a name and no other configuration."""
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
        # No maintenance in the background, which would change what a test is looking at.
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "maintenance.auto",
        "GIT_CONFIG_VALUE_0": "false",
        "GIT_CONFIG_KEY_1": "gc.auto",
        "GIT_CONFIG_VALUE_1": "0",
    }
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": "someone", f"GIT_{role}_EMAIL": "some@one", f"GIT_{role}_DATE": "1700000000 +0200"}

    def run(cwd: Path, *args: str, check: bool = True) -> str:
        return subprocess.run(["git", *args], cwd=cwd, env=env, check=check, capture_output=True, text=True).stdout.rstrip("\n")

    return run


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, git_cli: Git) -> Path:
    root = tmp_path_factory.mktemp("template") / "main"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link.md").symlink_to("README.md")
    git_cli(root, "init", "-q", "-b", "main", "--template=")
    git_cli(root, "add", "-A")
    git_cli(root, "commit", "-qm", "first")
    return root


@pytest.fixture
def main(template: Path, tmp_path: Path) -> Path:
    """The main checkout, on branch main."""
    return Path(shutil.copytree(template, tmp_path / "main", symlinks=True))


@pytest.fixture
def origin(main: Path) -> Origin:
    return Origin(str(main), "main")


@pytest.fixture
def base(main: Path, git_cli: Git) -> str:
    return git_cli(main, "rev-parse", "main")


@pytest.fixture
def make(main: Path, base: str, tmp_path: Path) -> Callable[..., PrivateRepository]:
    """Make one more private repository."""

    def create(name: str, **how: object) -> PrivateRepository:
        return PrivateRepository.create(tmp_path / name, **{"objects": main / ".git", "commit": base} | how)  # type: ignore[arg-type]

    return create


@pytest.fixture
def repo(make: Callable[..., PrivateRepository]) -> PrivateRepository:
    return make("task")


@pytest.fixture
def bare(main: Path, tmp_path: Path, git_cli: Git) -> Path:
    (tmp_path / "served").mkdir()
    git_cli(tmp_path, "clone", "-q", "--bare", str(main), "served/bare.git")
    return tmp_path / "served/bare.git"


@pytest.fixture
def own_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Whatever is written for one command is written here, and gone at the end."""
    folder = tmp_path / "own-tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def bench(tmp_path: Path, main: Path, base: str, git_cli: Git) -> Bench:
    return Bench(tmp_path, main, base, git_cli)


@pytest.fixture
def remote(bare: Path) -> Iterator[HttpRemote]:
    """The bare repository, served over HTTP."""
    with http_remote(bare.parent) as found:
        yield found


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    return tmp_path / "mirrors"
