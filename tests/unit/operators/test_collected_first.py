"""Checks run what others wrote: what was delivered before them stays as it was, whatever they write to."""

from __future__ import annotations

import pytest

from dag_factory.runners import confinement

SPEC = """\
workflow: small
pattern: false
mission: Read what was written
workspace: {{git: {repo}, branch: main}}
checks:
  look: {{run: sh notes/look.sh, outside: true}}
  again: {{run: sh notes/again.sh, outside: true}}
catalogue:
  writer:
    title: Writer
    instructions: Write.
    contracts: {{writing: {{does: Write., writes: ["notes/**"], evidence: {{note: {{path: notes/look.sh, kind: file}}}}}}}}
  reader:
    title: Reader
    instructions: Read.
    contracts:
      reading:
        does: Read.
        evidence:
          read: {{report: read.txt, kind: file}}
          looked: {{report: looked.txt, kind: file, check: look, needs: re-executed}}
          runs: {{check: again, kind: command, needs: re-executed}}
personas:
  writer: {{command: 'mkdir -p notes && cp "$PHASEGATE_SPEC_DIR"/*.sh notes/'}}
  reader: {{command: 'echo it is bad; echo it is bad > "$PHASEGATE_EVIDENCE/read.txt"'}}
phases:
  first: {{tasks: {{write: {{persona: writer, duty: writing}}}}, gate: {{}}}}
  second: {{tasks: {{read: {{persona: reader, duty: reading, validates: [first]}}}}, gate: {{}}}}
"""
LOOK = 'echo looked > "$PHASEGATE_EVIDENCE/looked.txt"\n'


@pytest.fixture(params=[True, False], ids=["outside", "nobody is kept in"])
def read(request, small, monkeypatch):
    """The second statement, where what the first persona wrote is run by the checks of the second."""
    if not request.param:
        monkeypatch.setattr(confinement, "why_not_kept_in", lambda: "no Landlock")

    def make(*, look: str = "", again: str = "true\n"):
        house = small()
        (house.specs / "look.sh").write_text(LOOK + look, encoding="utf-8")
        (house.specs / "again.sh").write_text(again, encoding="utf-8")
        house.write(SPEC.format(repo=house.root / "repo"))
        house.run("kickoff")
        house.phase("first")
        house.phase("second")
        assert house.failures == {}
        return house, house.record.newest("second/read").says

    return make


def delivered(house, said):
    return {entry.name: (house.store.blob(entry.digest), entry.grade) for entry in said.evidence}


HONEST = {"read.txt": (b"it is bad\n", "observed"), "looked.txt": (b"looked\n", "re-executed")}


def test_a_check_replaces_no_report_of_who_worked(read):
    assert delivered(*read(look='echo it is good > "$PHASEGATE_EVIDENCE/../evidence/read.txt"\n')) == HONEST


def test_a_check_replaces_no_report_of_the_check_before_it(read):
    assert delivered(*read(again='echo it is good > "$PHASEGATE_EVIDENCE/../verify-look/looked.txt"\n')) == HONEST


def test_a_check_replaces_no_log_of_who_worked(read):
    house, said = read(again='echo it is good > "$PHASEGATE_EVIDENCE/../log.txt"\n')
    assert house.store.blob(said.log) == b"it is bad\n"
