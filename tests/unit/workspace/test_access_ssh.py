"""A key opens a remote over ssh: ssh alone is given it, it is gone afterwards, and no host is spoken to that nobody vouches for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.access import KEY, everything_below, sealed
from support.remotes import fake_ssh

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.access import Access
from dag_factory.workspace.origin import Origin, head, publish

Git = Callable[..., str]
pytestmark = pytest.mark.usefixtures("own_temporary")


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
