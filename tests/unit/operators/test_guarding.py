"""Secrets in sealed files are looked for one file at a time, wherever in it they stand."""

from __future__ import annotations

from dag_factory.workspace.objects import Objects

SIZE = 3_000_000
WRITES = (
    f"mkdir -p notes && echo a note > notes/note.md && for i in 1 2 3 4; do head -c {SIZE} /dev/zero > notes/$i.bin;"
    " echo $i >> notes/$i.bin; done"
)
BINDING = f"command: '{WRITES}{{more}}', env: {{{{MY_TOKEN: {{{{env: MY_TOKEN}}}}}}}}"


def test_no_two_files_are_held_at_once(small, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "abcdefghijk")
    held, blobs = [], Objects.blobs

    def counted(self, ids):
        found = blobs(self, ids)
        held.append(sum(map(len, found.values())))
        return found

    monkeypatch.setattr(Objects, "blobs", counted)
    house = small(binding=BINDING.format(more=""))
    house.run("kickoff", "first.write")
    assert house.failures == {}
    assert max(held) < SIZE + 10
    assert sum(held) > 4 * SIZE, "all of them were looked into"


def test_a_file_with_a_secret_at_its_end_is_named(small, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "abcdefghijk")
    house = small(binding=BINDING.format(more="; printf %s $MY_TOKEN >> notes/3.bin"))
    house.run("kickoff", "first.write")
    said = house.record.newest("first/write").says
    assert [(one.rule, one.path) for one in said.refusals] == [("secret-in-evidence", "notes/3.bin")]
    assert said.sealed is None
