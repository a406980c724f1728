from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.content import check_out, ignored
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.parsed import Entry

Git = Callable[..., str]
NOWHERE = "0123456789" * 4


class TestCheckOut:
    def test_is_clean(self, main: Path, base: str, tmp_path: Path) -> None:
        check_out(main / ".git", base, tmp_path / "x")
        assert not (tmp_path / "x/.git").exists()
        assert (tmp_path / "x/src/app.py").read_text() == "print('app')\n"
        assert os.access(tmp_path / "x/run.sh", os.X_OK)
        assert not os.access(tmp_path / "x/README.md", os.X_OK)
        assert (tmp_path / "x/link.md").readlink() == Path("README.md")

    def test_twice_into_the_same_folder(self, main: Path, base: str, tmp_path: Path) -> None:
        check_out(main / ".git", base, tmp_path / "x")
        with pytest.raises(WorkspaceError, match="not empty"):
            check_out(main / ".git", base, tmp_path / "x")

    def test_onto_a_file(self, main: Path, base: str, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("")
        with pytest.raises(WorkspaceError, match="cannot be a folder"):
            check_out(main / ".git", base, tmp_path / "x")

    def test_no_such_commit(self, main: Path, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError):
            check_out(main / ".git", NOWHERE, tmp_path / "x")


class TestIgnored:
    @pytest.fixture
    def judge(self, tmp_path: Path, git_cli: Git) -> Callable[..., set[bytes]]:
        def run(rules: dict[str, str], *paths: bytes) -> set[bytes]:
            repo = tmp_path / "rules"
            git_cli(tmp_path, "init", "-q", "rules")
            for name, text in rules.items():
                (repo / name).parent.mkdir(parents=True, exist_ok=True)
                (repo / name).write_text(text)
            git_cli(repo, "add", "-A", "-f")
            git_cli(repo, "commit", "-q", "--allow-empty", "-m", "rules")
            with Objects.of(repo / ".git") as objects:
                return ignored(objects, objects.entries(git_cli(repo, "rev-parse", "HEAD")), paths)

        return run

    def test_as_git_does(self, judge: Callable[..., set[bytes]]) -> None:
        rules = {".gitignore": "*.pyc\n/build/\n!keep.pyc\ncache/\n", "src/.gitignore": "*.log\n!/app.log\n"}
        taken = (b"a.pyc", b"src/x/a.pyc", b"build/x", b"src/cache/y", b"src/b.log", b"src/x/app.log")
        left = (b"keep.pyc", b"src/build/x", b"b.log", b"src/app.log", b"build", b"cache", b"a.py")
        assert judge(rules, *taken, *left) == set(taken)

    def test_names_that_look_like_something_else(self, judge: Callable[..., set[bytes]]) -> None:
        odd = (b":(exclude)x", b":/x", b"-x", b"!x", b"#x", b'"x', b"x\ny", b"\xff", b" x ", b"*")
        assert judge({".gitignore": "*.pyc\n"}, *odd) == set()
        assert judge({".gitignore": "*\n"}, *odd) == set(odd)

    def test_without_rules_nothing_is(self, judge: Callable[..., set[bytes]]) -> None:
        assert judge({"a": ""}, b"x.pyc") == set()

    def test_rules_below_a_link_or_a_dot_dot_are_none(self, main: Path, base: str, tmp_path: Path) -> None:
        with Objects.of(main / ".git") as objects:
            name = objects.entries(base)[b".gitignore"].id
            held = {b"../.gitignore": Entry("100644", name), b"x/.gitignore": Entry("120000", name)}
            assert ignored(objects, held, [b"a.pyc"]) == set()
