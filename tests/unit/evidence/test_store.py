"""The store: created and never overwritten, by number, by digest and by run, on a disk as in a bucket. Faults of a disk are in `test_store_disk.py`."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from pathlib import Path

import pytest
from support.storing import DATA, DIGEST, left_in
from upath import UPath

from dag_factory.errors import StoreError
from dag_factory.evidence.store import Store, runs


@pytest.fixture(params=["local", "file", "memory"])
def store(request, tmp_path):
    """The same store on a plain path, on a UPath of local files, and on one of fsspec's memory."""
    if request.param == "memory":
        root = UPath(f"memory://phasegate-{uuid.uuid4().hex}/evidence")
        yield Store(root)
        root.fs.rm(root.path, recursive=True) if root.exists() else None
    else:
        yield Store(tmp_path / "evidence" if request.param == "local" else UPath(f"file://{tmp_path}/evidence"))


@pytest.fixture
def run(store):
    return store.run("orders_mart", "manual__1")


def test_local_paths_are_plain_paths(tmp_path):
    assert Store(UPath(f"file://{tmp_path}")).local
    assert isinstance(Store(UPath(f"file://{tmp_path}")).root, Path)
    assert not Store(UPath("memory://x")).local


def test_what_was_created_is_read(run):
    run.create("a/b.json", DATA)
    assert run.read("a/b.json") == DATA
    assert run.names("a") == ["b.json"]


def test_nothing_is_overwritten(run):
    run.create("a/b.json", DATA)
    with pytest.raises(FileExistsError):
        run.create("a/b.json", b"another")
    assert run.read("a/b.json") == DATA
    assert run.names("a") == ["b.json"]


def test_what_is_not_there_is_none(run):
    assert run.read("a/b.json") is None
    assert run.blob(DIGEST) is None
    assert run.names("a") == []
    assert run.names("a/b") == []


def test_appended_files_are_numbered(run):
    assert [run.append("verdicts/foundation", b"%d" % number) for number in range(3)] == ["0001.json", "0002.json", "0003.json"]
    assert run.read("verdicts/foundation/0002.json") == b"1"


def test_a_number_is_not_given_twice_when_one_was_removed(run):
    for _ in range(3):
        run.append("verdicts/x", DATA)
    (run.path / "verdicts/x/0002.json").unlink()
    assert run.append("verdicts/x", DATA) == "0004.json"


def test_what_is_too_large_is_not_read(run):
    run.create("a", DATA)
    assert run.read("a", at_most=len(DATA)) == DATA
    with pytest.raises(StoreError, match="larger than 5 bytes"):
        run.read("a", at_most=5)


def test_files_are_kept_by_their_digest(run):
    assert run.put(io.BytesIO(DATA)) == (DIGEST, len(DATA))
    assert run.put_bytes(DATA) == DIGEST, "kept once more, it is the same"
    assert run.put(io.BytesIO(DATA)) == (DIGEST, len(DATA))
    assert run.blob(DIGEST) == DATA
    assert run.names("blobs") == [DIGEST[:2]], "nothing unfinished lies there"
    assert run.names(f"blobs/{DIGEST[:2]}") == [DIGEST]


def test_a_large_file_is_hashed_as_it_is_copied(run):
    data = os.urandom(3_000_001)
    assert run.put(io.BytesIO(data)) == (hashlib.sha256(data).hexdigest(), len(data))
    assert run.blob(hashlib.sha256(data).hexdigest()) == data


def test_an_empty_file_is_kept(run):
    assert run.put(io.BytesIO(b"")) == (hashlib.sha256(b"").hexdigest(), 0)
    assert run.blob(hashlib.sha256(b"").hexdigest()) == b""


ALTERED = {
    "bit flipped": b"What was left\n",
    "truncated": DATA[:-3],
    "emptied": b"",
    "line ending": b"what was left\r\n",
    "longer": DATA + b" ",
}


@pytest.mark.parametrize("case", ALTERED)
def test_an_altered_blob_is_none_and_cannot_be_hidden_by_keeping_it_again(run, case):
    run.put_bytes(DATA)
    run.blob_path(DIGEST).write_bytes(ALTERED[case])
    assert run.blob(DIGEST) is None
    with pytest.raises(StoreError, match=r"altered\. Find out by whom"):
        run.put_bytes(DATA)
    with pytest.raises(StoreError, match="altered"):
        run.put(io.BytesIO(DATA))
    assert run.blob(DIGEST) is None


def test_a_deleted_blob_is_none(run):
    run.put_bytes(DATA)
    run.blob_path(DIGEST).unlink()
    assert run.blob(DIGEST) is None


def test_runs_are_listed(store):
    store.run("b", "manual__1").create("charters/0001.json", b"")
    store.run("a", "manual__2").create("charters/0001.json", b"")
    store.run("a", "manual__1").create("charters/0001.json", b"")
    store.create(".keys/architect.pub", b"")
    assert list(runs(store)) == [("a", "manual__1"), ("a", "manual__2"), ("b", "manual__1")]


@pytest.mark.parametrize(
    "name", ["scheduled__2026-11-23T06:00:00+00:00", "a/b", "../../etc", "..", ".", "a b", "ä", "%2F", "a\\b", "a\nb", "CON", "日" * 250]
)
def test_a_run_stays_in_its_place_whatever_it_is_called(tmp_path, name):
    store = Store(tmp_path / "evidence")
    run = store.run(name, name)
    run.create("charters/0001.json", DATA)
    assert left_in(tmp_path / "evidence") == [f"{run.base}/charters/0001.json"]
    assert run.base.count("/") == 1
    assert store.run(name, name).read("charters/0001.json") == DATA
    assert "\n" not in run.base


def test_two_names_do_not_become_one(tmp_path):
    names = ["a/b", "a%2Fb", "a_b", "..", "%2E%2E", ".", "日" * 250, "日" * 249 + "月"]
    assert len({Store(tmp_path).run(name, "x").base for name in names}) == len(names)
