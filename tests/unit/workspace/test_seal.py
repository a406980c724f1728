"""What is sealed; `repo.seal` is the door. What is refused is in `test_seal_refusals.py`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.private import Change, PrivateRepository, Sealed
from dag_factory.workspace.scan import Tree

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


class TestWhatIsSealed:
    def test_added_modified_deleted(self, repo: PrivateRepository, base: str, git_cli: Git) -> None:
        (repo.tree / "src/new/deep.py").parent.mkdir()
        (repo.tree / "src/new/deep.py").write_text("new\n")
        (repo.tree / "src/app.py").write_text("other\n")
        (repo.tree / "tests/test_app.py").unlink()
        sealed = seal(repo)
        assert sealed.changes == (Change("src/app.py", "M"), Change("src/new/deep.py", "A"), Change("tests/test_app.py", "D"))
        assert sealed.base == base
        assert git_cli(repo.git_dir, "diff", "--name-status", base, str(sealed.commit)).split() == [
            "M", "src/app.py", "A", "src/new/deep.py", "D", "tests/test_app.py",
        ]  # fmt: skip
        assert git_cli(repo.git_dir, "rev-parse", f"{sealed.commit}^{{tree}}") == sealed.tree
        assert git_cli(repo.git_dir, "fsck", "--strict", "--no-dangling") == ""

    def test_nothing_changed(self, repo: PrivateRepository, base: str, git_cli: Git) -> None:
        (repo.tree / "src/app.py").touch()
        (repo.tree / "empty/folder").mkdir(parents=True)
        assert seal(repo) == Sealed(base, git_cli(repo.git_dir, "rev-parse", f"{base}^{{tree}}"), base, (), ())

    def test_whose_and_when(self, repo: PrivateRepository, git_cli: Git) -> None:
        (repo.tree / "new").write_text("")
        told = git_cli(repo.git_dir, "cat-file", "commit", str(seal(repo, message="a: does\n\nmore é\n\n").commit))
        assert "author Phasegate <phasegate@localhost> 1700000000 +0000\n" in told
        assert "committer Phasegate <phasegate@localhost> 1700000000 +0000\n" in told
        assert told.endswith("\n\na: does\n\nmore é")

    def test_the_same_work_has_the_same_id_and_another_message_another(self, make: Make) -> None:
        ids = []
        for name, message in (("one", "m"), ("two", "m\n"), ("three", "n")):
            repo = make(name)
            (repo.tree / "b").write_text("b")
            (repo.tree / "a").write_text("a")
            ids.append(seal(repo, message=message).commit)
        assert ids[0] == ids[1] != ids[2]

    def test_the_executable_bit(self, repo: PrivateRepository, git_cli: Git) -> None:
        (repo.tree / "run.sh").chmod(0o644)
        (repo.tree / "README.md").chmod(0o755)
        (repo.tree / "new.sh").write_text("")
        (repo.tree / "new.sh").chmod(0o4755)
        sealed = seal(repo)
        assert changed(sealed) == {"README.md": "M", "new.sh": "A", "run.sh": "M"}
        modes = [
            line.split()[0] for line in git_cli(repo.git_dir, "ls-tree", str(sealed.commit), "README.md", "new.sh", "run.sh").splitlines()
        ]
        assert modes == ["100755", "100755", "100644"]

    def test_files_and_folders_that_trade_places(self, repo: PrivateRepository) -> None:
        shutil.rmtree(repo.tree / "src")
        (repo.tree / "src").write_text("a file now")
        (repo.tree / "README.md").unlink()
        (repo.tree / "README.md").mkdir()
        (repo.tree / "README.md/x").write_text("x")
        (repo.tree / "link.md").unlink()
        (repo.tree / "link.md").write_text("README.md")
        sealed = seal(repo)
        assert changed(sealed) == {
            "README.md": "D", "README.md/x": "A", "link.md": "M", "src": "A", "src/app.py": "D", "src/deep/er/lib.py": "D",
        }  # fmt: skip
        assert repo.read(str(sealed.commit), "src") == b"a file now"
        assert repo.read(str(sealed.commit), "README.md/x") == b"x"

    @pytest.mark.parametrize("name", ['"quoted"', "sp ace", "é", "-x", ":(top)x", "!x", "'", "D", "a\u3000b", "*"])
    def test_names_that_are_odd_and_allowed(self, name: str, repo: PrivateRepository) -> None:
        (repo.tree / name).write_text("odd")
        sealed = seal(repo)
        assert changed(sealed) == {name: "A"}
        assert repo.read(str(sealed.commit), name) == b"odd"

    @pytest.mark.parametrize("name", [b"a\\b", b'a\nb"', b"a\x01", b"caf\xe9", "a\u200bb".encode()])
    def test_names_that_nobody_may_add_may_go(self, name: bytes, main: Path, tmp_path: Path, git_cli: Git) -> None:
        (main / os.fsdecode(name)).write_text("old")
        git_cli(main, "add", "-A")
        git_cli(main, "commit", "-q", "-m", "an odd name")
        repo = PrivateRepository.create(tmp_path / "task", objects=main / ".git", commit=git_cli(main, "rev-parse", "HEAD"))
        (repo.tree / os.fsdecode(name)).rename(repo.tree / "renamed")
        sealed = seal(repo)
        assert sorted(changed(sealed).values()) == ["A", "D"]
        with repo.reading() as objects:
            held = objects.entries(str(sealed.commit))
        assert name not in held
        assert b"renamed" in held

    def test_bytes_are_bytes(self, repo: PrivateRepository) -> None:
        data = b"a\r\nb\n\0$Id$\xef\xbb\xbf" * 1000
        (repo.tree / "data").write_bytes(data)
        (repo.tree / ".gitattributes").write_text("* text eol=crlf ident working-tree-encoding=UTF-16\n")
        commit = str(seal(repo, "**", ".gitattributes").commit)
        assert repo.read(commit, "data") == data
        repo.checkout(commit, repo.where / "clean")
        assert (repo.where / "clean/data").read_bytes() == data


class TestWhatIsIgnored:
    def test_by_the_rules_of_the_base(self, repo: PrivateRepository) -> None:
        for name in ("src/__pycache__/app.pyc", "build/x", "src/build/x"):
            (repo.tree / name).parent.mkdir(parents=True, exist_ok=True)
            (repo.tree / name).write_text("x")
        assert changed(seal(repo)) == {"src/build/x": "A"}

    def test_but_never_declared_evidence(self, repo: PrivateRepository) -> None:
        (repo.tree / "build").mkdir()
        for name in ("report.xml", "other"):
            (repo.tree / "build" / name).write_text("x")
        assert changed(seal(repo, declared=("build/report.xml",))) == {"build/report.xml": "A"}

    def test_declared_evidence_keeps_to_what_may_be_written(self, repo: PrivateRepository) -> None:
        (repo.tree / "build").mkdir()
        (repo.tree / "build/report.xml").write_text("x")
        assert refused(seal(repo, "src/**", declared=("build/report.xml",))) == [("workspace-outside-writes", "build/report.xml")]

    def test_nothing_a_persona_writes_hides_anything(self, repo: PrivateRepository, git_cli: Git, tmp_path: Path) -> None:
        (repo.tree / "src/.gitignore").write_text("*\n")
        (repo.tree / ".git/info/exclude").write_text("*\n")
        (tmp_path / "excludes").write_text("*\n")
        git_cli(repo.tree, "config", "core.excludesFile", str(tmp_path / "excludes"))
        (repo.tree / "src/evil.py").write_text("evil")
        (repo.tree / "evil.py").write_text("evil")
        (repo.tree / "README.md").write_text("changed")
        (repo.tree / "src/app.py").write_text("changed")
        git_cli(repo.tree, "update-index", "--assume-unchanged", "README.md")
        git_cli(repo.tree, "update-index", "--skip-worktree", "src/app.py")
        assert changed(seal(repo)) == {"README.md": "M", "evil.py": "A", "src/.gitignore": "A", "src/app.py": "M", "src/evil.py": "A"}

    def test_a_rule_that_was_taken_away_still_holds(self, repo: PrivateRepository) -> None:
        (repo.tree / ".gitignore").unlink()
        (repo.tree / "x.pyc").write_text("x")
        assert changed(seal(repo)) == {".gitignore": "D"}

    def test_what_is_in_the_base_is_never_ignored(self, main: Path, tmp_path: Path, git_cli: Git) -> None:
        (main / "kept.pyc").write_text("x")
        git_cli(main, "add", "-f", "kept.pyc")
        git_cli(main, "commit", "-qm", "kept")
        repo = PrivateRepository.create(tmp_path / "task", objects=main / ".git", commit=git_cli(main, "rev-parse", "main"))
        (repo.tree / "kept.pyc").write_text("y")
        assert changed(seal(repo)) == {"kept.pyc": "M"}

    def test_odd_things_in_ignored_folders_do_not_matter(self, repo: PrivateRepository) -> None:
        (repo.tree / "build/sub/.git").mkdir(parents=True)
        (repo.tree / "build/link").symlink_to("/etc/passwd")
        os.mkfifo(repo.tree / "build/fifo")
        (repo.tree / "build/\udcff\n").write_text("x")
        (repo.tree / "build" / "/".join("d" * 150)).mkdir(parents=True)
        with (repo.tree / "build/huge").open("wb") as file:
            file.truncate(1 << 40)
        assert changed(seal(repo)) == {}


class TestSubmodulesOfTheBase:
    @pytest.fixture
    def repo(self, main: Path, tmp_path: Path, git_cli: Git) -> PrivateRepository:
        git_cli(main, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
        git_cli(main, "commit", "-qm", "sub")
        return PrivateRepository.create(tmp_path / "task", objects=main / ".git", commit=git_cli(main, "rev-parse", "main"))

    def test_stay(self, repo: PrivateRepository) -> None:
        assert changed(seal(repo)) == {}
        (repo.tree / "sub").rmdir()
        (repo.tree / "new").write_text("")
        assert changed(seal(repo)) == {"new": "A"}

    def test_are_not_written_into(self, repo: PrivateRepository) -> None:
        (repo.tree / "sub/file").write_text("x")
        assert refused(seal(repo)) == [("workspace-submodule", "sub/file")]

    def test_are_not_replaced(self, repo: PrivateRepository) -> None:
        (repo.tree / "sub").rmdir()
        (repo.tree / "sub").write_text("x")
        assert refused(seal(repo)) == [("workspace-submodule", "sub")]

    @pytest.mark.parametrize("linked", [False, True], ids=["by a file", "by a link"])
    def test_nor_are_the_folders_they_lie_in(self, linked: bool, repo: PrivateRepository, main: Path, tmp_path: Path, git_cli: Git) -> None:
        git_cli(main, "update-index", "--add", "--cacheinfo", f"160000,{repo.commit},mods/sub")
        git_cli(main, "commit", "-q", "-m", "a submodule in a folder")
        repo = PrivateRepository.create(tmp_path / "deep", objects=main / ".git", commit=git_cli(main, "rev-parse", "HEAD"))
        (repo.tree / "mods/sub").rmdir()
        (repo.tree / "mods").rmdir()
        assert changed(seal(repo)) == {}
        (repo.tree / "mods").symlink_to("src") if linked else (repo.tree / "mods").write_text("x")
        assert refused(seal(repo)) == [("workspace-submodule", "mods")]


class TestWhileItIsRead:
    """A process the persona left behind goes on writing."""

    @pytest.fixture
    def meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
        def arrange(act: Callable[[], object]) -> None:
            read, times = Tree.read, iter(range(10))

            def reading(tree: Tree, path: bytes) -> Iterator[bytes]:
                if path == b"README.md" and next(times) == 0:  # it was compared without
                    act()
                return read(tree, path)

            monkeypatch.setattr(Tree, "read", reading)

        return arrange

    @pytest.mark.parametrize("then", ["other text", "longer than it was", "link", "gone"])
    def test_the_file_changes_after_it_was_compared(self, then: str, repo: PrivateRepository, meanwhile: Callable[..., None]) -> None:
        path = repo.tree / "README.md"
        path.write_text("first text")

        def act() -> None:
            path.unlink()
            if then == "link":
                path.symlink_to("/etc/passwd")
            elif then != "gone":
                path.write_text(then)

        meanwhile(act)
        with pytest.raises(WorkspaceError) as raised:
            seal(repo)
        assert raised.value.remedy
