"""What may not be sealed; `repo.seal` is the door."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.workspace import seal as rules
from dag_factory.workspace.private import PrivateRepository, Sealed

Git = Callable[..., str]
Make = Callable[..., PrivateRepository]


def seal(repo: PrivateRepository, *writes: str, declared: tuple[str, ...] = (), message: str = "work") -> Sealed:
    return repo.seal(writes=writes or ("**",), declared=declared, message=message)


def refused(sealed: Sealed) -> list[tuple[str, str]]:
    assert (sealed.commit, sealed.tree) == (None, None)
    return [(refusal.rule, refusal.path) for refusal in sealed.refusals]


def changed(sealed: Sealed) -> dict[str, str]:
    assert sealed.refusals == ()
    return {change.path: change.status for change in sealed.changes}


class TestWhatIsRefused:
    def test_links(self, repo: PrivateRepository) -> None:
        (repo.tree / "evil").symlink_to("/etc/passwd")
        (repo.tree / "folder").symlink_to("src")
        (repo.tree / "link.md").unlink()
        (repo.tree / "link.md").symlink_to("run.sh")
        (repo.tree / "run.sh").unlink()
        (repo.tree / "run.sh").symlink_to("README.md")
        assert refused(seal(repo)) == [("workspace-symlink", name) for name in ("evil", "folder", "link.md", "run.sh")]

    def test_a_folder_replaced_by_a_link_to_its_copy(self, repo: PrivateRepository, tmp_path: Path) -> None:
        shutil.move(repo.tree / "src", tmp_path / "src")
        (repo.tree / "src").symlink_to(tmp_path / "src")
        assert ("workspace-symlink", "src") in refused(seal(repo))

    def test_links_of_the_base_stay(self, repo: PrivateRepository) -> None:
        (repo.tree / "link.md").unlink()
        (repo.tree / "link.md").symlink_to("README.md")
        assert changed(seal(repo)) == {}
        (repo.tree / "link.md").unlink()
        assert changed(seal(repo)) == {"link.md": "D"}

    def test_special_files(self, repo: PrivateRepository, monkeypatch: pytest.MonkeyPatch) -> None:
        os.mkfifo(repo.tree / "fifo")
        (repo.tree / "README.md").unlink()
        os.mkfifo(repo.tree / "README.md")
        monkeypatch.chdir(repo.tree)
        with socket.socket(socket.AF_UNIX) as door:
            door.bind("socket")
        assert refused(seal(repo)) == [("workspace-special-file", name) for name in ("README.md", "fifo", "socket")]

    def test_devices(self, repo: PrivateRepository) -> None:
        try:
            os.mknod(repo.tree / "null", 0o20666, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("only root makes devices")
        assert refused(seal(repo)) == [("workspace-special-file", "null")]

    def test_repositories_within(self, repo: PrivateRepository, git_cli: Git) -> None:
        for name in ("one", "two", "three"):
            (repo.tree / name).mkdir()
        git_cli(repo.tree / "one", "init", "-q")
        (repo.tree / "two/.git").write_text("gitdir: /elsewhere\n")
        (repo.tree / "three/.GIT").mkdir()
        assert refused(seal(repo)) == [("workspace-submodule", name) for name in ("one/.git", "three/.GIT", "two/.git")]

    def test_a_submodule_a_persona_added(self, repo: PrivateRepository, main: Path, git_cli: Git) -> None:
        git_cli(repo.tree, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(main), "sub")
        found = refused(seal(repo))
        assert ("workspace-submodule", "sub/.git") in found
        assert ("workspace-outside-writes", ".gitmodules") in found

    @pytest.mark.parametrize("where", ["", "sub"])
    def test_what_git_takes_for_a_bare_repository(self, where: str, repo: PrivateRepository, git_cli: Git) -> None:
        git_cli(repo.tree, "init", "-q", "--bare", "made")
        for name in ("objects", "refs"):
            (repo.tree / "made" / name / "x").write_text("")
        (repo.tree / where).mkdir(exist_ok=True)
        for item in list((repo.tree / "made").iterdir()):
            item.rename(repo.tree / where / item.name)
        assert {rule for rule, _ in refused(seal(repo))} == {"workspace-submodule"}

    def test_outside_of_what_may_be_written(self, repo: PrivateRepository) -> None:
        (repo.tree / "src/app.py").write_text("fine")
        (repo.tree / "ARCHITECTURE.md").write_text("fine")
        (repo.tree / "docs").mkdir()
        (repo.tree / "docs/ARCHITECTURE.md").write_text("evil")
        (repo.tree / "README.md").write_text("evil")
        (repo.tree / "tests/test_app.py").unlink()
        sealed = seal(repo, "src/**", "ARCHITECTURE.md")
        assert refused(sealed) == [
            ("workspace-outside-writes", name) for name in ("README.md", "docs/ARCHITECTURE.md", "tests/test_app.py")
        ]
        assert [refusal.text.split(",")[0] for refusal in sealed.refusals] == ["was modified", "was added", "was deleted"]
        assert len(sealed.changes) == 5

    def test_without_globs_nothing_may_be_written(self, repo: PrivateRepository) -> None:
        (repo.tree / "new").write_text("")
        sealed = repo.seal(writes=(), declared=("new",), message="m")
        assert refused(sealed) == [("workspace-outside-writes", "new")]
        assert "may write nothing" in sealed.refusals[0].text

    def test_the_mode_alone_is_a_change(self, repo: PrivateRepository) -> None:
        (repo.tree / "README.md").chmod(0o755)
        assert refused(seal(repo, "src/**")) == [("workspace-outside-writes", "README.md")]

    @pytest.mark.parametrize("name", [".gitattributes", "src/.gitattributes", ".gitmodules"])
    def test_what_steers_git_must_be_named(self, name: str, repo: PrivateRepository) -> None:
        (repo.tree / name).write_text("* merge=union\n" if "attr" in name else "")
        assert refused(seal(repo, "**")) == [("workspace-outside-writes", name)]
        assert changed(seal(repo, "src/**", name)) == {name: "A"}

    @pytest.mark.parametrize(
        ("name", "has"),
        [
            (b"\xff\xfe", "bytes that are no UTF-8"),
            (b"caf\xe9", "bytes that are no UTF-8"),
            (b"a\nb", "the control sign U+000A"),
            (b"a\x01", "the control sign U+0001"),
            (b"a\x7f", "the control sign U+007F"),
            ("a\u2028b".encode(), "the control sign U+2028"),
            (b"a\\b", "a backslash"),
            ("a\u202eb".encode(), "the invisible sign U+202E"),
            ("a\u200bb".encode(), "the invisible sign U+200B"),
            ("\U0001f469\u200d\U0001f4bb.md".encode(), "the invisible sign U+200D, which joins the emoji beside it,"),
        ],
    )
    def test_names_that_deceive(self, name: bytes, has: str, repo: PrivateRepository) -> None:
        Path(os.fsdecode(os.fsencode(repo.tree) + b"/" + name)).write_text("x")
        (sealed,) = seal(repo).refusals
        assert sealed.rule == "workspace-path-name"
        assert sealed.path.encode("utf-8")
        assert sealed.text == f"has {has} in its name; rename it"

    def test_names_too_long_to_be_checked_out(self, repo: PrivateRepository) -> None:
        def leave(bytes_in_all: int) -> str:
            at, *names = os.open(repo.tree, os.O_RDONLY), *["d" * 199] * (bytes_in_all // 200), "f" * (bytes_in_all % 200)
            for name in names[:-1]:
                os.mkdir(name, dir_fd=at)
                at = os.open(name, os.O_RDONLY, dir_fd=at)
            os.close(os.open(names[-1], os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=at))
            return "/".join(names)

        assert changed(seal(repo)) == {}
        kept = leave(3_000 - 1)
        assert changed(seal(repo)) == {kept: "A"}
        shutil.rmtree(repo.tree / ("d" * 199))
        lost = leave(4_199)
        (refusal,) = seal(repo).refusals
        assert (refusal.rule, refusal.path) == ("workspace-path-name", lost)
        assert refusal.text == "has more than 3,000 bytes, or 255 between two slashes, in its name; rename it"

    def test_a_name_that_no_file_system_has_is_refused_in_a_commit_that_was_made_by_hand(self) -> None:
        assert rules.unfit(b"src/" + b"x" * 255, "changed", ["**"]) is None
        assert rules.unfit(b"src/" + b"x" * 256, "changed", ["**"]) == (
            "workspace-path-name",
            "has more than 3,000 bytes, or 255 between two slashes, in its name; rename it",
        )
        assert rules.unfit(b"src/" + b"x" * 256, "deleted", ["**"]) is None

    @pytest.mark.parametrize("name", ["\U0001f4bb.md", "caf\xe9.md", "\u65e5\u672c.md"])
    def test_names_that_do_not(self, name: str, repo: PrivateRepository) -> None:
        (repo.tree / name).write_text("x")
        assert changed(seal(repo)) == {name: "A"}

    def test_large_files(self, repo: PrivateRepository) -> None:
        for name in ("huge", "README.md"):
            with (repo.tree / name).open("wb") as file:
                file.truncate(rules.LARGEST_FILE + 1)
        assert refused(seal(repo)) == [("workspace-too-large", "README.md"), ("workspace-too-large", "huge")]

    def test_a_large_file_of_the_base_that_did_not_change(self, repo: PrivateRepository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rules, "LARGEST_FILE", 5)
        assert changed(seal(repo)) == {}
        (repo.tree / "README.md").write_text("READ ME\n")
        assert refused(seal(repo)) == [("workspace-too-large", "README.md")]

    def test_many_files(self, repo: PrivateRepository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rules, "MOST_CHANGES", 3)
        for index in range(4):
            (repo.tree / f"new{index}").write_text("")
        assert refused(seal(repo)) == [("workspace-too-many", "")]
        (repo.tree / "new0").unlink()
        assert len(changed(seal(repo))) == 3

    def test_many_ignored_files_and_empty_folders(self, repo: PrivateRepository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rules, "MOST_ITEMS", 10)
        for index in range(20):
            (repo.tree / f"build/{index}").mkdir(parents=True)
        assert refused(seal(repo)) == [("workspace-too-many", "")]

    def test_the_first_twenty_and_a_count(self, repo: PrivateRepository) -> None:
        for index in range(50):
            (repo.tree / f"new{index:02}").write_text("")
        sealed = seal(repo, "src/**")
        assert len(sealed.refusals) == 21
        assert [refusal.path for refusal in sealed.refusals[:20]] == [f"new{index:02}" for index in range(20)]
        assert sealed.refusals[20].rule == "workspace-more"
        assert sealed.refusals[20].text == "and 30 more reasons"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_what_cannot_be_read(self, repo: PrivateRepository) -> None:
        (repo.tree / "README.md").chmod(0)
        (repo.tree / "closed").mkdir(mode=0)
        assert refused(seal(repo)) == [("workspace-unreadable", "README.md"), ("workspace-unreadable", "closed")]

    def test_too_deep(self, repo: PrivateRepository) -> None:
        (repo.tree / "/".join("d" * 150)).mkdir(parents=True)
        assert refused(seal(repo)) == [("workspace-unreadable", "/".join("d" * 129))]

    def test_nothing_is_committed(self, repo: PrivateRepository) -> None:
        (repo.tree / "link").symlink_to("x")
        (repo.tree / "new").write_text("a new blob")
        seal(repo)
        assert [path for path in (repo.git_dir / "objects").rglob("*") if path.is_file()] == [repo.git_dir / "objects/info/alternates"]
