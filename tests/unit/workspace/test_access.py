"""What opens a remote: what a connection may hold, what is secret in a URL, and that what is written for one command does not outlive it."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from support.access import KEY, TOKEN

from dag_factory.errors import WorkspaceError
from dag_factory.workspace import access as access_module
from dag_factory.workspace.access import Access, parted
from dag_factory.workspace.git import git
from dag_factory.workspace.origin import Origin

pytestmark = pytest.mark.usefixtures("own_temporary")


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        ({"private_key": KEY, "key_file": "/x"}, "both private_key and key_file"),
        ({"strict_host_key_checking": "perhaps"}, "strict_host_key_checking: 'perhaps'"),
        ({"ssh_port": "22; rm"}, "ssh_port"),
        ({"ssh_port": 70000}, "ssh_port"),
        ({"github_app_id": "1", "github_installation_id": "2", "private_key": KEY}, "asks for a GitHub App"),
    ],
)
def test_what_a_connection_cannot_hold(extra: dict[str, Any], match: str) -> None:
    with pytest.raises(WorkspaceError, match=match):
        Access.of("", "", extra)


def test_nothing_secret_is_in_its_own_text() -> None:
    made = Access.of("robot", TOKEN, {"private_key": KEY, "private_key_passphrase": "sesame"})
    assert made.secrets == (TOKEN, KEY, "sesame")
    assert not any(secret in repr(made) for secret in (TOKEN, "c2VjcmV0", "sesame"))


@pytest.mark.parametrize(
    ("location", "parts"),
    [
        ("https://host/x.git", ("https://host/x.git", "", "")),
        ("https://me@host/x.git", ("https://host/x.git", "me", "")),
        ("https://me:p%40ss@host:8443/x.git", ("https://host:8443/x.git", "me", "p@ss")),
        ("https://:tok@host/x", ("https://host/x", "", "tok")),
        ("ssh://git@host:22/x", ("ssh://git@host:22/x", "", "")),
        ("ssh://git:pw@host/x", ("ssh://git@host/x", "git", "pw")),
        ("git@host:x.git", ("git@host:x.git", "", "")),
        ("/srv/a@b:c", ("/srv/a@b:c", "", "")),
    ],
)
def test_a_url_and_what_is_secret_in_it(location: str, parts: tuple[str, str, str]) -> None:
    assert parted(location) == parts


def test_a_url_that_is_none() -> None:
    with pytest.raises(WorkspaceError, match="is no URL"):
        Origin("https://[host/x", "main")


class TestWhatAKilledProcessLeft:
    def test_is_removed_by_the_next(self, own_temporary: Path) -> None:
        left, young = own_temporary / "phasegate-access-left", own_temporary / "phasegate-access-young"
        for folder in (left, young):
            folder.mkdir()
            (folder / "key").write_text(KEY)
        long_ago = time.time() - 3600
        os.utime(left, (long_ago, long_ago))
        with Access.of("", "", {"private_key": KEY}).granted("git@host:x"):
            assert not left.exists()
            assert young.exists()
        (young / "key").unlink()
        young.rmdir()

    def test_but_not_what_is_in_use(self, own_temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(access_module, "_YOUNG", -1.0)
        access = Access.of("", "", {"private_key": KEY})
        with access.granted("git@host:x") as first:
            with access.granted("git@host:x"):
                pass
            key = Path(first.env["GIT_SSH_COMMAND"].split(" -i ")[1].split(" ")[0])
            assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert not key.exists()


def test_nothing_is_written_for_whoever_needs_nothing(own_temporary: Path) -> None:
    for location, access in (
        ("https://host/x", Access()),
        ("git@host:x", Access(password=TOKEN)),
        ("https://host/x", Access(private_key=KEY)),
        ("/srv/x", Access(password=TOKEN, private_key="")),
    ):
        with access.granted(location) as grant:
            assert (dict(grant.env), grant.settings) == ({}, ())
            assert list(own_temporary.iterdir()) == []


def test_settings_of_one_call_come_after_phasegates_own(main: Path) -> None:
    said = git("config", "--get-all", "core.hooksPath", git_dir=main / ".git", settings=(("core.hooksPath", "/x"),))
    assert said.text == "/dev/null\n/x"


class TestWhereItIsWritten:
    """For the time of one command, where no program reads."""

    def key(self, access: Access) -> Path:
        with access.granted("git@host:x") as grant:
            written = Path(grant.env["GIT_SSH_COMMAND"].split(" -i ")[1].split(" ")[0])
            assert written.is_file()
        assert not written.exists()
        return written

    def test_in_the_place_that_is_given(self, tmp_path: Path) -> None:
        place = tmp_path / "keys" / ".access"
        assert place in self.key(Access.of("", "", {"private_key": KEY}, place)).parents
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert list(place.iterdir()) == []

    def test_what_a_killed_process_left_there_is_removed(self, tmp_path: Path) -> None:
        left = tmp_path / ".access" / "phasegate-access-left"
        left.mkdir(parents=True)
        os.utime(left, (1, 1))
        self.key(Access.of("", "", {"private_key": KEY}, tmp_path / ".access"))
        assert not left.exists()

    def test_among_temporary_files_where_it_may_not_be(self, tmp_path: Path, own_temporary: Path) -> None:
        (tmp_path / "keys").write_text("a file")
        assert own_temporary in self.key(Access.of("", "", {"private_key": KEY}, tmp_path / "keys" / ".access")).parents
        assert own_temporary in self.key(Access.of("", "", {"private_key": KEY})).parents

    def test_for_a_password_in_a_url_too(self, tmp_path: Path) -> None:
        place = tmp_path / ".access"
        origin = Origin("https://me:pass@host/x", "main", access=Access(place=place))
        with origin.access.granted(origin.location) as grant:
            assert str(place) in dict(grant.settings)["credential.https://host.helper"]
