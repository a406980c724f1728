"""A tar of a run: what does not belong into one is refused before anything of it is written, and two readers of it find the same."""

from __future__ import annotations

import io
import tarfile

import pytest
from support.auditing import ask

from dag_factory.errors import StoreError
from dag_factory.evidence import archive


def _member(name, data=b"x", **more):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in more.items():
        setattr(member, key, value)
    return member, data


HOSTILE = {
    "up": _member("../escaped"),
    "up below": _member("run/../../escaped"),
    "absolute": _member("/tmp/escaped"),
    "link": _member("run/bundle.intoto.jsonl", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": _member("run/plan.json", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "device": _member("run/plan.json", b"", type=tarfile.CHRTYPE),
    "pipe": _member("run/plan.json", b"", type=tarfile.FIFOTYPE),
    "another name": _member("run/README"),
    "a blob of another folder": _member(f"run/blobs/ab/{'c' * 64}"),
    "a blob that goes up": _member(f"run/blobs/ab/../{'c' * 64}"),
    "a name of control characters": _member("run/\x1b[2J"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_tar_is_refused_and_writes_nothing(tmp_path, how):
    path, to = tmp_path / "run.tar", tmp_path / "to" / "here"
    to.mkdir(parents=True)
    with tarfile.open(path, "w") as tar:
        member, data = HOSTILE[how]
        tar.addfile(member, io.BytesIO(data))
    with pytest.raises(StoreError):
        archive.unpack(path, to)
    assert [*(tmp_path / "to").rglob("*")] == [to]
    assert isinstance(ask("verify", path).exception, StoreError)


@pytest.mark.parametrize("limit", ["MOST_FILES", "MOST_BYTES"])
def test_a_tar_that_is_too_large_is_refused(made, tmp_path, monkeypatch, limit):
    path = tmp_path / "run.tar.gz"
    assert ask("export", made.store.path, path).exit_code == 0
    monkeypatch.setattr(archive, limit, 20)
    assert isinstance(ask("verify", path).exception, StoreError)


def test_a_bomb_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 20)
    path = tmp_path / "run.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(_member("run/plan.json", b"0" * (8 << 20))[0], io.BytesIO(b"0" * (8 << 20)))
    assert isinstance(ask("verify", path).exception, StoreError)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 a zip", b"\x1f\x8b\x08 cut short"])
def test_what_is_no_tar_is_refused(tmp_path, data):
    path = tmp_path / "run.zip"
    path.write_bytes(data)
    assert isinstance(ask("verify", path).exception, StoreError)


def test_a_name_twice_is_refused(made, tmp_path):
    path = tmp_path / "run.tar"
    with tarfile.open(path, "w") as tar:
        for data in (b"one", b"two"):
            tar.addfile(_member("plan.json", data)[0], io.BytesIO(data))
    assert isinstance(ask("verify", path).exception, StoreError)


def test_a_tar_has_one_folder_around_all(handed, tmp_path):
    """Who unpacks it looks into one, and finds there what was judged."""
    names = sorted(path.relative_to(handed).as_posix() for path in handed.rglob("*") if path.is_file())
    for around, good in ((lambda _: "run", True), (lambda name: "run" if name.endswith(".jsonl") else "else", False)):
        path = tmp_path / f"{good}.tar"
        with tarfile.open(path, "w") as tar:
            for name in names:
                tar.add(handed / name, f"{around(name)}/{name}")
        assert (ask("verify", path).exit_code == 0) is good


@pytest.mark.parametrize(
    ("behind", "good"), [(b"", True), (b"\0" * 20_480, True), (b"\0" * 1024 + b"more".ljust(512, b"\0"), False), (None, False)]
)
def test_nothing_stands_behind_the_end_of_a_tar(handed, tmp_path, behind, good):
    """Where a header is broken this reader sees the end, and `tar` reads on."""
    path = tmp_path / "run.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(handed, "run")
    data = path.read_bytes().rstrip(b"\0")
    data += b"\0" * (-len(data) % 512)
    if behind is None:
        member, text = _member("run/plan.json", b"a milder plan")
        behind = b"no header".ljust(512, b"?") + member.tobuf() + text.ljust(512, b"\0")
    path.write_bytes(data + behind + b"\0" * 1024)
    assert (ask("verify", path).exit_code == 0) is good


@pytest.mark.parametrize("size", [2**63, 2**80, -1, -(2**63)])
def test_a_size_that_no_file_has_is_refused(tmp_path, size):
    member, _ = _member("plan.json", b"x")
    member.size = size
    path, to = tmp_path / "run.tar", tmp_path / "to"
    path.write_bytes(member.tobuf(tarfile.GNU_FORMAT) + b"x" * 512 + b"\0" * 1024)
    to.mkdir()
    with pytest.raises(StoreError):
        archive.unpack(path, to)
