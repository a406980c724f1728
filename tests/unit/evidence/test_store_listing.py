"""The store in a bucket whose client keeps every listing, as fsspec's do: what another process wrote since is seen all the same."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from upath import UPath
from upath.implementations.memory import MemoryPath
from upath.registry import register_implementation

from dag_factory.evidence.store import RunStore, Store

DATA = b"what was left\n"


class Keeping(MemoryFileSystem):  # type: ignore[misc]
    """Memory that asks once for what a folder holds, and answers from that listing ever after; what it writes itself it forgets."""

    protocol = "keeping"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("keeping:")))

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        path = self._strip_protocol(path)
        if (found := self._ls_from_cache(path)) is None:
            found = self.dircache[path] = super().ls(path, detail=True)
        return found if detail else [item["name"] for item in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        path = self._strip_protocol(path)
        for found in self._ls_from_cache(path) or ():
            if found["name"] == path:
                return dict(found)
        return dict(super().info(path))

    def exists(self, path: str, **_: Any) -> bool:
        try:
            return bool(self.info(path))
        except FileNotFoundError:
            return False

    def _open(self, path: str, mode: str = "rb", **how: Any) -> Any:
        if "r" in mode:
            self.info(path)
        else:
            self.invalidate_cache(self._parent(path))
        return super()._open(path, mode, **how)

    def invalidate_cache(self, path: str | None = None) -> None:
        self.dircache.pop(self._strip_protocol(path), None) if path else self.dircache.clear()


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RunStore, RunStore]]:
    """One place of a run, of two processes: `mine` keeps its listings, and `theirs` writes without mine being told."""
    fsspec.register_implementation("keeping", Keeping, clobber=True)
    register_implementation("keeping", MemoryPath, clobber=True)
    where = f"phasegate-{uuid.uuid4().hex}/evidence"
    mine, theirs = UPath(f"keeping://{where}"), UPath(f"memory://{where}")
    yield Store(mine).run("dag", "run"), Store(theirs).run("dag", "run")
    theirs.fs.rm(theirs.path, recursive=True)


@pytest.fixture
def mine(places: tuple[RunStore, RunStore]) -> RunStore:
    return places[0]


@pytest.fixture
def theirs(places: tuple[RunStore, RunStore]) -> RunStore:
    return places[1]


def test_the_client_does_keep_its_listings(mine: RunStore, theirs: RunStore) -> None:
    """Else the others show nothing."""
    theirs.create("a/0001.json", DATA)
    assert [item.name for item in (mine.path / "a").iterdir()] == ["0001.json"]
    theirs.create("a/0002.json", DATA)
    assert [item.name for item in (mine.path / "a").iterdir()] == ["0001.json"]
    assert not (mine.path / "a/0002.json").exists()


def test_what_another_process_wrote_is_listed(mine: RunStore, theirs: RunStore) -> None:
    assert mine.names("a") == []
    theirs.create("a/0001.json", DATA)
    assert mine.names("a") == ["0001.json"]
    theirs.create("a/0002.json", DATA)
    assert mine.names("a") == ["0001.json", "0002.json"]
    assert mine.append("a", DATA) == "0003.json"


def test_what_another_process_wrote_is_read(mine: RunStore, theirs: RunStore) -> None:
    theirs.create("a/0001.json", DATA)
    mine.names("a")
    theirs.create("a/0002.json", DATA)
    assert mine.read("a/0002.json") == DATA


def test_what_another_process_wrote_is_not_overwritten(mine: RunStore, theirs: RunStore) -> None:
    theirs.create("a/0001.json", DATA)
    list((mine.path / "a").iterdir())
    theirs.create("a/0002.json", DATA)
    with pytest.raises(FileExistsError):
        mine.create("a/0002.json", b"another")
    assert theirs.read("a/0002.json") == DATA


def test_what_another_process_kept_is_kept_once(mine: RunStore, theirs: RunStore) -> None:
    digest = hashlib.sha256(DATA).hexdigest()
    theirs.create(f"blobs/{digest[:2]}/other", DATA)
    mine.names(f"blobs/{digest[:2]}")
    theirs.put_bytes(DATA)
    assert mine.put(io.BytesIO(DATA)) == (digest, len(DATA))
    assert mine.blob(digest) == DATA
