"""A token opens a remote over HTTP, and stays nowhere: not in a command line, an environment, the mirror, or the hands of another host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.access import TOKEN, everything_below, sealed
from support.remotes import HttpRemote, http_remote

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.access import Access
from dag_factory.workspace.origin import Origin, head, publish

Git = Callable[..., str]
pytestmark = pytest.mark.usefixtures("own_temporary")


@pytest.fixture
def remote(bare: Path) -> Iterator[HttpRemote]:
    with http_remote(bare.parent, "robot", TOKEN) as found:
        yield found


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

    @pytest.mark.parametrize("where", ["url", "connection"])
    def test_a_token_may_be_the_login(self, where: str, bare: Path, base: str, tmp_path: Path, started: list[Any]) -> None:
        with http_remote(bare.parent, TOKEN) as remote:
            url = f"{remote.url}/bare.git"
            told = (
                Origin(url.replace("://", f"://{TOKEN}@"), "main")
                if where == "url"
                else Origin(url, "main", access=Access.of(TOKEN, "", {}))
            )
            assert (told.location, told.secrets) == (url, (TOKEN,))
            assert head(told, tmp_path / "mirrors") == base
            assert not any(TOKEN in word for command, env in started for word in (*command, *env.values()))
            assert TOKEN not in repr(told) + repr(told.access)
            remote.login = "another"
            with pytest.raises(WorkspaceError, match="refuses this worker") as raised:
                head(told, tmp_path / "mirrors")
            assert TOKEN not in str(raised.value)

    @pytest.mark.parametrize(
        "origin",
        [
            Origin("https://me@host/x.git", "main", access=Access(password=TOKEN)),
            Origin("https://host/x.git", "main", access=Access(login="me", password=TOKEN)),
            Origin("https://me@host/x.git", "main", access=Access(login="else", password=TOKEN)),
            Origin("git@host:x.git", "main", access=Access(login="git", password=TOKEN)),
        ],
    )
    def test_a_name_beside_a_password_is_no_secret(self, origin: Origin) -> None:
        assert origin.secrets == (TOKEN,)

    def test_a_name_alone_is_nothing_to_ssh_and_no_reason_to_refuse_plain_http(self) -> None:
        for location in ("http://host/x.git", "git@host:x.git", "ssh://git@host/x"):
            with Access(login="git").granted(location) as grant:
                assert (dict(grant.env), grant.settings) == ({}, ())
        assert Origin("git@host:x.git", "main", access=Access(login="git")).secrets == ()

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
