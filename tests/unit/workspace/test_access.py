"""What opens a remote reaches git and nobody else: not a command line, a URL, a configuration, another host, or a file that stays."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.remotes import HttpRemote, fake_ssh, http_remote

from dag_factory.errors import WorkspaceError
from dag_factory.workspace import access as access_module
from dag_factory.workspace.access import Access, parted
from dag_factory.workspace.git import git
from dag_factory.workspace.origin import Origin, head, publish
from dag_factory.workspace.private import PrivateRepository

Git = Callable[..., str]
TOKEN = "ghp_s3cr3t-t0ken"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----"


@pytest.fixture
def bare(main: Path, tmp_path: Path, git_cli: Git) -> Path:
    (tmp_path / "served").mkdir()
    git_cli(tmp_path, "clone", "-q", "--bare", str(main), "served/bare.git")
    return tmp_path / "served/bare.git"


@pytest.fixture
def remote(bare: Path) -> Iterator[HttpRemote]:
    with http_remote(bare.parent, "robot", TOKEN) as found:
        yield found


@pytest.fixture(autouse=True)
def own_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Whatever is written for one command is written here, and gone at the end."""
    folder = tmp_path / "own-tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """Every command line and environment git is started with."""
    import subprocess

    seen: list[tuple[list[str], dict[str, str]]] = []
    real = subprocess.Popen

    def popen(command: list[str], **how: Any) -> Any:
        seen.append((command, dict(how.get("env") or {})))
        return real(command, **how)

    monkeypatch.setattr(subprocess, "Popen", popen)
    return seen


def sealed(origin: Origin, mirrors: Path, where: Path) -> tuple[PrivateRepository, str]:
    from dag_factory.workspace.origin import objects

    base = head(origin, mirrors)
    repo = PrivateRepository.create(where, objects=objects(origin, mirrors, base), commit=base)
    (repo.tree / "new").write_text("new\n")
    commit = repo.seal(writes=["**"], declared=[], message="m").commit
    assert commit
    return repo, commit


def everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


class TestHttp:
    def test_a_token_fetches_and_pushes_and_stays_nowhere(
        self, remote: HttpRemote, bare: Path, base: str, tmp_path: Path, git_cli: Git, started: list[Any]
    ) -> None:
        origin = Origin(f"{remote.url}/bare.git", "main", access=Access(login="robot", password=TOKEN))
        repo, commit = sealed(origin, tmp_path / "mirrors", tmp_path / "task")
        publish(origin, repo.git_dir, commit, "phasegate/x")
        assert git_cli(bare, "rev-parse", "phasegate/x") == commit
        assert TOKEN.encode() not in everything_below(tmp_path / "mirrors") + everything_below(tmp_path / "task")
        assert started
        assert not any(TOKEN in word for command, env in started for word in (*command, *env.values()))
        assert TOKEN not in repr(origin)

    def test_a_password_in_the_url_is_taken_out_of_it(self, remote: HttpRemote, base: str, tmp_path: Path, started: list[Any]) -> None:
        origin = Origin(remote.url.replace("://", f"://robot:{TOKEN}@") + "/bare.git", "main")
        assert origin.location == f"{remote.url}/bare.git"
        assert head(origin, tmp_path / "mirrors") == base
        assert not any(TOKEN in word for command, env in started for word in (*command, *env.values()))
        assert TOKEN.encode() not in everything_below(tmp_path / "mirrors")

    def test_the_wrong_token_is_told_by_name_and_not_shown(self, remote: HttpRemote, tmp_path: Path) -> None:
        origin = Origin(f"{remote.url}/bare.git", "main", access=Access(login="robot", password="wr0ng-t0ken"))
        with pytest.raises(WorkspaceError, match="refuses this worker") as raised:
            head(origin, tmp_path / "mirrors")
        assert "wr0ng" not in str(raised.value)
        assert "login and password" in raised.value.remedy

    def test_no_token_where_one_is_asked(self, remote: HttpRemote, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="refuses this worker"):
            head(Origin(f"{remote.url}/bare.git", "main"), tmp_path / "mirrors")

    def test_another_host_is_offered_nothing(self, remote: HttpRemote, tmp_path: Path) -> None:
        with http_remote(tmp_path, "robot", TOKEN) as thief:
            remote.moved = thief.url
            with pytest.raises(WorkspaceError):
                head(Origin(f"{remote.url}/bare.git", "main", access=Access(login="robot", password=TOKEN)), tmp_path / "mirrors")
            assert thief.seen
            assert {header for _, header in thief.seen} == {""}

    def test_what_was_written_into_the_mirror_is_not_asked(self, remote: HttpRemote, bare: Path, tmp_path: Path, git_cli: Git) -> None:
        origin = Origin(f"{remote.url}/bare.git", "main", access=Access(login="robot", password=TOKEN))
        head(origin, tmp_path / "mirrors")
        [mirror] = (tmp_path / "mirrors").glob("*.git")
        trap = tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\ncat >> {tmp_path}/ran\n")
        trap.chmod(0o755)
        for key in ("credential.helper", f"credential.{remote.url}/bare.git.helper", "core.sshCommand", "core.askPass", "core.fsmonitor"):
            git_cli(mirror, "config", "--add", key, f"!{trap}" if "helper" in key else str(trap))
        git_cli(mirror, "config", f"url.{tmp_path}/elsewhere/.insteadOf", remote.url)
        (mirror / "hooks").mkdir()
        (mirror / "hooks/reference-transaction").symlink_to(trap)
        (mirror / "objects/info/alternates").write_text(f"{tmp_path}/nowhere\n")
        clone = tmp_path / "clone"
        git_cli(tmp_path, "clone", "-q", str(bare), str(clone))
        git_cli(clone, "commit", "-q", "--allow-empty", "-m", "next")
        git_cli(clone, "push", "-q", "origin", "main")
        assert head(origin, tmp_path / "mirrors") == git_cli(clone, "rev-parse", "main")
        assert not (tmp_path / "ran").exists()

    def test_a_password_does_not_travel_in_the_clear(self, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match=r"password for git\.example\.com would travel unencrypted"):
            head(Origin("http://git.example.com/x.git", "main", access=Access(password=TOKEN)), tmp_path / "mirrors")

    def test_a_token_with_a_line_break_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="line break") as raised:
            head(Origin("https://localhost:1/x.git", "main", access=Access(password="a\nhost=evil")), tmp_path / "mirrors")
        assert "evil" not in str(raised.value)


class TestSsh:
    @pytest.fixture
    def seen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
        folder = fake_ssh(tmp_path / "bin")
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        return lambda: [json.loads(path.read_text()) for path in sorted(folder.iterdir())]

    def test_a_private_key(self, bare: Path, base: str, tmp_path: Path, seen: Callable[[], list[dict[str, Any]]], git_cli: Git) -> None:
        access = Access.of(None, None, {"private_key": KEY.replace("\n", "\r\n"), "strict_host_key_checking": "no", "ssh_port": "2222"})
        origin = Origin(f"git@host:{bare}", "main", access=access)
        repo, commit = sealed(origin, tmp_path / "mirrors", tmp_path / "task")
        publish(origin, repo.git_dir, commit, "phasegate/x")
        assert git_cli(bare, "rev-parse", "phasegate/x") == commit
        for call in seen():
            assert (call["text"], call["mode"], call["folder"]) == (KEY + "\n", 0o600, 0o700)
            assert not Path(call["key"]).exists()
            assert not any("c2VjcmV0" in value for value in (*call["args"], *call["env"].values()))
            given = " ".join(call["args"])
            for option in ("BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "-p 2222"):
                assert option in given
        assert b"c2VjcmV0" not in everything_below(tmp_path / "mirrors") + everything_below(tmp_path / "task")

    def test_a_key_file_with_a_passphrase(self, bare: Path, base: str, tmp_path: Path, seen: Callable[[], list[dict[str, Any]]]) -> None:
        key = tmp_path / "id"
        key.write_text(KEY)
        key.chmod(0o600)
        access = Access.of(
            None, None, {"key_file": str(key), "private_key_passphrase": "open ses'ame", "known_hosts_file": "/etc/hosts known"}
        )
        assert head(Origin(f"ssh://git@host{bare}", "main", access=access), tmp_path / "mirrors") == base
        for call in seen():
            assert call["key"] == str(key)
            assert call["passphrase"] == "open ses'ame\n"
            assert "BatchMode=yes" not in call["args"]
            assert "UserKnownHostsFile=/etc/hosts known" in call["args"]
            assert "StrictHostKeyChecking=yes" in call["args"]
            assert not any("ame" in value and "ses" in value for value in (*call["args"], *call["env"].values()))
        assert key.exists()

    def test_a_host_nobody_vouches_for_is_not_spoken_to(self, bare: Path, tmp_path: Path, seen: Callable[[], list[dict[str, Any]]]) -> None:
        head(Origin(f"git@host:{bare}", "main", access=Access.of("", "", {"private_key": KEY})), tmp_path / "mirrors")
        assert all("StrictHostKeyChecking=yes" in call["args"] for call in seen())

    def test_without_a_key_the_workers_own_ssh(
        self, bare: Path, base: str, tmp_path: Path, seen: Callable[[], list[dict[str, Any]]]
    ) -> None:
        assert head(Origin(f"git@host:{bare}", "main"), tmp_path / "mirrors") == base
        assert all(call["args"][:4] == ["-o", "BatchMode=yes", "-o", "ConnectTimeout=30"] for call in seen())

    def test_a_key_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="not on this worker"):
            head(Origin("git@host:x", "main", access=Access.of("", "", {"key_file": str(tmp_path / "nothing")})), tmp_path / "mirrors")

    @pytest.mark.parametrize(
        ("says", "match", "remedy"),
        [
            ("git@host: Permission denied (publickey).", "refuses this worker", "private_key"),
            ("Host key verification failed.", "is not known to this worker", "known_hosts_file"),
            ("ssh: connect to host host port 22: Connection refused", "cannot be reached", "clear the task"),
            ("ERROR: Repository not found.", "is no git repository", "workspace:"),
        ],
    )
    def test_what_ssh_says_is_told_by_name(
        self, says: str, match: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake_ssh(tmp_path / "bin", says=says, code=255)
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        with pytest.raises(WorkspaceError, match=match) as raised:
            head(Origin("git@host:x.git", "main"), tmp_path / "mirrors")
        assert remedy in raised.value.remedy
        assert says.rstrip(".") in raised.value.message
        assert "correct access rights" not in raised.value.message


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
