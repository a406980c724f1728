"""`phasegate keys`: what it prints can be written into a spec, and what it puts away signs no more."""

from __future__ import annotations

import pytest
import yaml
from support.orders import SPEC
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.errors import KeyFolderError
from dag_factory.evidence.assurance import spki_of
from dag_factory.evidence.keys import KeyFolder


@pytest.fixture
def folder(tmp_path):
    return KeyFolder(tmp_path / "keys")


def ask(*words):
    return CliRunner().invoke(app, ["keys", *map(str, words)])


def printed(answer):
    """The keys that were printed, as a spec has them."""
    assert answer.exit_code == 0, answer.output
    return yaml.safe_load(answer.output)["keys"]


def test_a_key_is_made_once_and_never_shown(folder):
    first = ask("make", "devops", "--keys", folder.path)
    key = folder.signer("devops").public
    assert printed(first)["devops"]["public"][0]["key"] == spki_of(key)
    assert key.keyid in first.output
    assert "PRIVATE" not in first.output
    assert (folder.path / "devops.pem").stat().st_mode & 0o077 == 0
    again = ask("make", "devops", "--keys", folder.path)
    assert again.output.startswith("# There is")
    assert printed(again) == printed(first)


def test_what_is_printed_is_sound_and_listed(folder, tmp_path):
    shown = ask("make", "devops", "--keys", folder.path).output.replace("…", "devops_key")
    spec = tmp_path / "workflow.yaml"
    spec.write_text(SPEC + shown, encoding="utf-8")
    listed = ask("list", "--spec", spec)
    assert listed.exit_code == 0, listed.output
    assert listed.output.split()[:2] == ["devops", folder.signer("devops").public.keyid]
    assert "pinned, in force, from" in listed.output


def test_listing_holds_to_the_patterns_a_platform_allows(folder, tmp_path):
    spec = tmp_path / "workflow.yaml"
    spec.write_text(SPEC + ask("make", "devops", "--keys", folder.path).output.replace("…", "devops_key"), encoding="utf-8")
    assert ask("list", "--spec", spec, "--patterns", "none").exit_code == 1
    assert ask("list", "--spec", spec, "--patterns", "standard").exit_code == 0


def test_rotating_keeps_the_public_part_of_the_old_one(folder):
    old = folder.signer("devops", make=True).public
    public = printed(ask("rotate", "devops", "--keys", folder.path))["devops"]["public"]
    new = folder.signer("devops").public
    assert new != old
    assert [one["key"] for one in public] == [spki_of(old), spki_of(new)]
    assert public[0]["until"] == public[1]["since"]
    lines = ask("list", "--keys", folder.path).output.splitlines()
    assert [(line.split()[1], line.split()[2]) for line in lines] == [(new.keyid, "local"), (old.keyid, "retired")]


def test_a_revoked_key_is_gone_and_says_so(folder):
    old = folder.signer("devops", make=True).public
    public = printed(ask("revoke", "devops", "--keys", folder.path))["devops"]["public"]
    assert public[0]["key"] == spki_of(old)
    assert "revoked" in public[0]
    with pytest.raises(KeyFolderError):
        folder.signer("devops")
    assert ask("list", "--keys", folder.path).output.split()[1:] == [old.keyid, "revoked"]


def test_the_key_of_phasegate_is_pinned_by_no_spec(folder):
    said = ask("make", "phasegate", "--keys", folder.path)
    assert "phasegate verify --trust" in said.output
    assert yaml.safe_load(said.output) is None


@pytest.mark.parametrize("name", ["../devops", ".devops", "a/b", "a@b", "", "dev ops", "1st", "x" * 81])
def test_a_name_that_is_none(folder, name):
    assert isinstance(ask("make", name, "--keys", folder.path).exception, KeyFolderError)
    assert not folder.path.exists()


@pytest.mark.parametrize("what", ["rotate", "revoke"])
def test_a_key_that_is_not_there(folder, what):
    assert "nor of anybody" in str(ask(what, "devops", "--keys", folder.path).exception)
    ask("make", "devops", "--keys", folder.path)
    refused = ask(what, "devop", "--keys", folder.path).exception
    assert isinstance(refused, KeyFolderError)
    assert str(refused).startswith(f"There is no key of devop in {folder.path}, but of devops.")


def test_an_empty_folder_lists_nothing(folder):
    assert ask("list", "--keys", folder.path).stdout == ""


def test_where_there_is_no_key_that_is_said(folder, tmp_path):
    listed = ask("list", "--keys", folder.path)
    assert (listed.exit_code, listed.output) == (
        0,
        f"There is no key in {folder.path}. The first run makes them; give another folder by --keys.\n",
    )
    spec = tmp_path / "workflow.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    assert f"{spec} pins no key" in ask("list", "--spec", spec).output
    assert f"There is no key of devops in {folder.path}, nor of anybody." in str(ask("rotate", "devops", "--keys", folder.path).exception)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    answer = ask("make", "devops", "--keys", tmp_path / "file" / "keys")
    assert "cannot be read or made: Not a directory." in str(answer.exception)
