"""The lines of a bundle, sorted by where each says that it belongs."""

from __future__ import annotations

import base64
import tarfile

import pytest
from support.runs import as_json

from dag_factory.errors import RefusedError, StoreError
from dag_factory.evidence import archive


def test_no_line_takes_the_place_of_another():
    """A statement that claims to be the second attempt of a task called converge stands where the second merge would."""

    def line(kind, **bound):
        said = {"predicateType": f"urn:phasegate:predicate:{kind}:v1", "predicate": {"binding": {"phase": "p", "cycle": 0, **bound}}}
        return as_json({"payload": base64.b64encode(as_json(said)).decode()}) + b"\n"

    claimed, merge, other = (
        line("task", task="converge", attempt=2),
        line("converge", task="converge", attempt=1),
        line("task", task="a", attempt=1),
    )
    for lines in ([b"{}\n", claimed, merge, merge, other, other], [b"{}\n", merge, merge, claimed, claimed]):
        found = list(archive.sorted_lines(b"".join(lines)))
        assert [data for _, data in found] == lines
        assert len(dict(found)) == len(lines)


@pytest.mark.parametrize("data", [b"", b"a", b"a\n", b"a\nb", b"\n\na\r\n \n", b"\n"])
def test_lines_are_left_as_they_are(data):
    assert b"".join(line for _, line in archive.sorted_lines(data)) == data


def test_more_lines_than_are_sane_are_not_read():
    list(archive.sorted_lines(b"\n" * archive.MOST_FILES))
    with pytest.raises(RefusedError, match="more than 200000 lines"):
        list(archive.sorted_lines(b"\n" * (archive.MOST_FILES + 1)))


def test_a_folder_has_its_own_lines_and_no_others(tmp_path):
    files = {f"c/{folder}/{number:04d}.json": b"{}" for number in range(9, 0, -1) for folder in ("a", "a/b")}
    made = archive.ArchiveStore(tmp_path, files)
    assert made.names("./c/a/") == made.names("c/a/b") == [f"{number:04d}.json" for number in range(1, 10)]
    assert made.names("c") == made.names("") == []


@pytest.mark.parametrize("count", [1, 5_000])
def test_heads_of_heads_are_no_archive(tmp_path, count):
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 1
    data = (head.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")) * count
    (tmp_path / "a.tar").write_bytes(data + bytes(1024))
    with pytest.raises(StoreError):
        archive.unpack(tmp_path / "a.tar", tmp_path / "to")


def test_a_head_is_no_longer_than_a_name(tmp_path):
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    (tmp_path / "a.tar").write_bytes(head.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    with pytest.raises(StoreError, match="a head of 1073741824 bytes"):
        archive.unpack(tmp_path / "a.tar", tmp_path / "to")
