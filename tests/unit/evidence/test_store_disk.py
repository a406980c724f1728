"""The store on a disk: nothing half-written whatever fails, many writers at once, what is no plain file, and a machine that loses its power."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.storing import DATA, DIGEST, left_in

from dag_factory.errors import StoreError
from dag_factory.evidence import store as module
from dag_factory.evidence.store import Store
from dag_factory.evidence.whole_files import Unfinished


@pytest.fixture
def local(tmp_path):
    return Store(tmp_path / "evidence").run("orders_mart", "manual__1")


@pytest.mark.parametrize("at", ["write", "flush", "fsync", "link"])
def test_nothing_is_left_half_written(local, monkeypatch, at):
    class Full(io.BytesIO):
        def write(self, data):
            return broken() if at == "write" else super().write(data)

        def flush(self):
            return broken() if at == "flush" and not self.closed and self.tell() else super().flush()

        def fileno(self):
            return handles[0]

    def broken(*_):
        raise OSError(28, "No space left on device")

    handles = []
    local.create("a/first.json", DATA)
    if at in ("write", "flush"):
        monkeypatch.setattr(module.os, "fdopen", lambda handle, mode: handles.append(handle) or Full())
    else:
        monkeypatch.setattr(module.os, at, broken)
    with pytest.raises(StoreError, match=r"cannot be written at .*: No space left on device\. Check \[phasegate\] evidence_root"):
        local.create("a/b.json", DATA)
    for handle in handles:
        os.close(handle)
    monkeypatch.undo()
    assert left_in(local.path) == ["a/first.json"]


def test_a_file_that_cannot_be_kept_leaves_nothing(local, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "link", broken)
    with pytest.raises(StoreError, match="No space left"):
        local.put(io.BytesIO(DATA))
    assert left_in(local.path) == []


def test_what_is_unfinished_is_not_listed(local):
    local.create("a/0001.json", DATA)
    (local.path / "a" / ".new-x").write_bytes(b"half")
    assert local.names("a") == ["0001.json"]
    assert local.append("a", DATA) == "0002.json"


def test_writers_at_once_get_different_numbers(local):
    start = threading.Barrier(8)

    def write(number):
        start.wait()
        return [(local.append("a", b"%d-%d" % (number, turn)), b"%d-%d" % (number, turn)) for turn in range(5)]

    with ThreadPoolExecutor(8) as pool:
        made = [pair for pairs in pool.map(write, range(8)) for pair in pairs]
    assert sorted(name for name, _ in made) == [f"{number:04d}.json" for number in range(1, 41)]
    assert all(local.read(f"a/{name}") == data for name, data in made)


def test_many_may_keep_the_same_file_at_once(local):
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: local.put(io.BytesIO(DATA * 1000)), range(16))) == {
            (hashlib.sha256(DATA * 1000).hexdigest(), len(DATA) * 1000)
        }
    assert len(left_in(local.path)) == 1


def test_a_root_that_cannot_be_written_is_told_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("in the way")
    run = Store(tmp_path / "file").run("a", "b")
    for write in (
        lambda: run.create("x", DATA),
        lambda: run.put_bytes(DATA),
        lambda: run.put(io.BytesIO(DATA)),
        lambda: run.append("x", DATA),
    ):
        with pytest.raises(
            StoreError, match=r"cannot be written at .*file.*: .*\. Check \[phasegate\] evidence_root, its rights and its free space\."
        ):
            write()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_root_without_rights_is_told(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        Store(tmp_path / "closed").run("a", "b").create("x", DATA)


def test_a_file_in_the_place_of_a_folder_does_not_hang_who_appends(local):
    local.create("statements/foundation/architect", b"in the way")
    with pytest.raises(StoreError, match="is no folder"):
        local.append("statements/foundation/architect", DATA)
    assert local.names("statements/foundation/architect") == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "folder", "device"])
def test_what_is_no_file_neither_hangs_nor_passes(local, make):
    local.put_bytes(DATA)
    local.create("a/0001.json", DATA)
    for path in (local.blob_path(DIGEST), local.path / "a" / "0001.json"):
        path.unlink()
        make(path)
    assert local.blob(DIGEST) is None
    with pytest.raises(StoreError, match="no plain file"):
        local.read("a/0001.json")


def test_a_link_to_the_same_bytes_holds_the_same_bytes(local, tmp_path):
    local.put_bytes(DATA)
    shutil.move(local.blob_path(DIGEST), tmp_path / "elsewhere")
    local.blob_path(DIGEST).symlink_to(tmp_path / "elsewhere")
    assert local.blob(DIGEST) == DATA


# A machine that loses its power.


@pytest.fixture
def settled(monkeypatch):
    """What was waited for until it is on the disk: names of files, and `everything`."""
    names = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (names.append(Path(f"/proc/self/fd/{handle}").readlink().name), real(handle))[1])
    monkeypatch.setattr(os, "sync", lambda: names.append("everything"))
    return names


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_what_was_put_is_settled_once_and_together(tmp_path, settled):
    run = Store(tmp_path).run("dag", "run")
    digests = [run.put(io.BytesIO(text))[0] for text in (b"one", b"two")]
    assert settled == []
    run.settle()
    assert settled == digests
    run.settle()
    assert settled == digests


def test_of_many_files_the_whole_disk_is_waited_for(tmp_path, settled):
    run = Store(tmp_path).run("dag", "run")
    for number in range(201):
        run.put(io.BytesIO(b"%d" % number))
    run.settle()
    assert settled == ["everything"]


def test_what_is_gone_before_it_is_settled_is_told(tmp_path):
    run = Store(tmp_path).run("dag", "run")
    digest, _ = run.put(io.BytesIO(b"one"))
    run.blob_path(digest).unlink()
    with pytest.raises(StoreError, match="cannot be written"):
        run.settle()


def test_reading_takes_no_more_room_than_the_file_needs(local):
    """Room for the most that a file may have, 2 GiB, is not to be had on every worker."""
    digest = local.put_bytes(DATA)
    tracemalloc.start()
    try:
        assert local.blob(digest) == DATA
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_nothing_unfinished_is_left_where_the_disk_is_full(tmp_path, monkeypatch):
    unfinished = Unfinished(str(tmp_path))

    real = unfinished._stream

    def full():
        real.close()
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(unfinished, "_stream", SimpleNamespace(close=full))
    with pytest.raises(OSError, match="no space left"), unfinished:
        pass
    assert list(tmp_path.iterdir()) == []


class Full(Unfinished):
    """A copy on a disk that has no room left, which also its end is told of."""

    def __init__(self, folder):
        super().__init__(folder)
        self._stream.close()
        self.write = self._full
        self._stream = SimpleNamespace(close=self._full)

    def _full(self, *_):
        raise OSError(errno.ENOSPC, "No space left on device")


class Torn(io.BytesIO):
    def read(self, *_):
        raise OSError(errno.EIO, "Input/output error")


def test_a_full_disk_is_the_stores_fault_and_a_torn_file_is_not(local, monkeypatch):
    """Who collects tells a persona's file apart from the store by the kind of the error."""
    with pytest.raises(OSError, match="Input/output error") as raised:
        local.put(Torn())
    assert not isinstance(raised.value, StoreError)
    monkeypatch.setattr(module, "Unfinished", Full)
    with pytest.raises(StoreError, match=r"cannot be written at .*blobs: No space left on device\. Check \[phasegate\] evidence_root"):
        local.put(io.BytesIO(DATA))
    assert left_in(local.path) == []
