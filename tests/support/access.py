"""What opens a remote, work that is sealed to be left in one, and all that lies below a folder."""

from __future__ import annotations

from pathlib import Path

from dag_factory.workspace.origin import Origin, head
from dag_factory.workspace.private import PrivateRepository

TOKEN = "ghp_s3cr3t-t0ken"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----"


def sealed(origin: Origin, mirrors: Path, where: Path) -> tuple[PrivateRepository, str]:
    from dag_factory.workspace.origin import objects

    base = head(origin, mirrors)
    repo = PrivateRepository.create(where, objects=objects(origin, mirrors, base), commit=base)
    (repo.tree / "new").write_text("new\n")
    commit = repo.seal(writes=["**"], declared=[], message="m").commit
    assert commit
    return repo, commit


def everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
