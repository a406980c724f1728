"""Pinned keys in a run: kickoff needs none of the private ones, the worker looks its own up, and signs with no other."""

from __future__ import annotations

import json

import pytest

from dag_factory.evidence.assurance import spki_of
from dag_factory.evidence.keys import AUTHORITY, KeyFolder


@pytest.fixture
def vault(tmp_path):
    """A folder of private keys that no worker sees."""
    return KeyFolder(tmp_path / "vault")


def keys(vault, private, *, assurance="pinned", **days):
    told = ", ".join([f"key: {spki_of(vault.signer('writer', make=True).public)}", *(f"{word}: {day}" for word, day in days.items())])
    where = f", private: {private}" if private else ""
    return f"keys: {{writer: {{assurance: {assurance}, public: [{{{told}}}]{where}}}}}\n"


def pem(vault):
    return (vault.path / "writer.pem").read_text(encoding="ascii")


@pytest.mark.parametrize("where", ["conn", "var", "env", "file"])
def test_the_key_is_looked_up_where_the_workflow_says_and_kickoff_needs_none(small, vault, monkeypatch, tmp_path, where):
    kind = {"file": "env"}.get(where, where)
    house = small(more=keys(vault, f"{{{kind}: writer_key}}"))
    house.run("kickoff")
    assert house.failures == {}
    assert not (house.root / "keys_root" / "writer.pem").exists()
    charter = house.record.charter.says
    assert charter.keys["writer"] == vault.signer("writer").public.pem
    assert charter.assurance == "local", "the reader's key is a local one"

    house.run("first.write")
    assert "The private key of writer is not on this worker" in house.failures.pop("first.write")
    value = str(vault.path / "writer.pem") if where == "file" else pem(vault)
    name = {"conn": "AIRFLOW_CONN_WRITER_KEY", "var": "AIRFLOW_VAR_WRITER_KEY"}.get(kind, "writer_key")
    monkeypatch.setenv(name, json.dumps({"conn_type": "generic", "password": value}) if kind == "conn" else value)
    house.run("first.write")
    assert house.failures == {}
    house.close("first")
    assert house.word("first") == "PASSED"
    assert house.record.newest("first/write").keyid == vault.signer("writer").public.keyid
    assert house.record.verdict("first").says.phasegate.assurance == "pinned"


def test_a_key_that_is_not_the_pinned_one_signs_nothing(small, vault, monkeypatch, tmp_path):
    house = small(more=keys(vault, "{env: writer_key}"))
    house.run("kickoff")
    other = KeyFolder(tmp_path / "other")
    other.signer("writer", make=True)
    monkeypatch.setenv("writer_key", str(other.path / "writer.pem"))
    house.run("first.write")
    assert "does not belong to the public one of this run" in house.failures["first.write"]
    monkeypatch.setenv("writer_key", "no key at all")
    house.run("first.write")
    assert "is no PEM private key" in house.failures["first.write"]
    assert house.record.newest("first/write") is None


def test_a_run_whose_keys_are_all_over_does_not_begin(small, vault):
    house = small(more=keys(vault, "{env: writer_key}", until="2026-01-01"))
    house.run("kickoff")
    assert "none of them is in force" in house.failures["kickoff"]


def test_an_isolated_worker_has_its_own_key_and_only_the_public_one_of_phasegate(small, vault):
    house = small(
        more=keys(vault, "", assurance="isolated"), binding="command: 'mkdir -p notes && echo a note > notes/note.md', queue: vault"
    )
    house.run("kickoff")
    assert house.failures == {}
    folder, aside = house.root / "keys_root", house.root / "aside"
    public = KeyFolder(folder).signer(AUTHORITY).public.pem
    folder.rename(aside)  # what the isolated worker has instead
    folder.mkdir()
    (folder / f"{AUTHORITY}.pub").write_text(public, encoding="ascii")
    (folder / "writer.pem").write_text(pem(vault), encoding="ascii")
    house.run("first.write")
    assert house.failures == {}
    (folder / "writer.pem").unlink()
    (folder / f"{AUTHORITY}.pub").unlink()
    folder.rmdir()
    aside.rename(folder)
    house.close("first")
    assert house.word("first") == "PASSED"
    assert house.record.verdict("first").says.phasegate.assurance == "isolated"
