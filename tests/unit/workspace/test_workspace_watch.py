"""A persona runs as the same user: what it changes elsewhere is known by name, and what others do all day is not held against it."""

from __future__ import annotations

import os
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from support.watching import told

from dag_factory.workspace.lender import Lender
from dag_factory.workspace.origin import Origin, publish
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.watch import Watch

Git = Callable[..., str]


@pytest.fixture
def watch(origin: Origin, main: Path) -> Watch:
    return Watch.begin(origin, main / ".git", ())


def test_where_nothing_happened_nothing_is_told(watch: Watch) -> None:
    assert watch.refusals() == []


class TestTheMainCheckout:
    def test_a_file_was_edited(self, watch: Watch, main: Path) -> None:
        (main / "src/app.py").write_text("evil\n")
        assert told(watch) == f"While this task worked, others' files were changed: the main checkout {main}: src/app.py (changed)."

    def test_with_the_same_size_and_time(self, watch: Watch, main: Path) -> None:
        path = main / "README.md"
        before = path.stat()
        path.write_text("READ ME\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert "README.md (changed)" in told(watch)

    def test_added_removed_and_made_executable(self, watch: Watch, main: Path) -> None:
        (main / "src/new.py").write_text("new\n")
        (main / "src/deep/er/lib.py").unlink()
        (main / "README.md").chmod(0o755)
        says = told(watch)
        for change in ("src/new.py (added)", "src/deep/er/lib.py (removed)", "README.md (changed)"):
            assert change in says

    def test_many_are_counted(self, watch: Watch, main: Path) -> None:
        for number in range(9):
            (main / f"{number}.txt").write_text("")
        assert "0.txt (added), 1.txt (added), 2.txt (added), 3.txt (added), 4.txt (added) and 4 more" in told(watch)

    def test_what_was_dirty_before_is_nobodys_fault(self, origin: Origin, main: Path) -> None:
        (main / "README.md").write_text("dirty\n")
        (main / "mine.txt").write_text("mine\n")
        assert Watch.begin(origin, main / ".git", ()).refusals() == []

    def test_what_is_ignored_may_change(self, watch: Watch, main: Path) -> None:
        (main / "build").mkdir()
        (main / "build/out.bin").write_text("x")
        (main / "x.pyc").write_text("x")
        assert watch.refusals() == []

    def test_looking_around_in_it_changes_nothing(self, watch: Watch, main: Path, git_cli: Git) -> None:
        git_cli(main, "status")
        git_cli(main, "log")
        git_cli(main, "stash", "list")
        git_cli(main, "gc", "-q")
        assert watch.refusals() == []

    def test_no_filter_of_its_runs(self, origin: Origin, main: Path, tmp_path: Path, git_cli: Git) -> None:
        git_cli(main, "config", "filter.x.clean", f"touch {tmp_path}/ran; cat")
        git_cli(main, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
        (main / ".gitattributes").write_text("* filter=x\n")
        watch = Watch.begin(origin, main / ".git", ())
        (main / "README.md").write_text("changed\n")
        assert "README.md (changed)" in told(watch)
        assert not (tmp_path / "ran").exists()


class TestGitItself:
    @pytest.mark.parametrize(
        ("command", "says"),
        [
            (["config", "core.fsmonitor", "evil"], "config (changed)"),
            (["commit", "-q", "--allow-empty", "-m", "mine"], "refs/heads/main (changed), what is checked out (changed)"),
            (["checkout", "-q", "-b", "other"], "HEAD (changed)"),
        ],
    )
    def test_commands_in_it(self, command: list[str], says: str, watch: Watch, main: Path, git_cli: Git) -> None:
        git_cli(main, *command)
        assert says in told(watch)

    @pytest.mark.parametrize("before", [["pack-refs", "--all"], ["checkout", "-q", "--detach"], ["status"]], ids=lambda words: words[0])
    def test_a_branch_that_moves_wherever_git_keeps_it(
        self, before: list[str], origin: Origin, main: Path, base: str, git_cli: Git
    ) -> None:
        git_cli(main, *before)
        watch = Watch.begin(origin, main / ".git", ())
        assert watch.refusals() == []
        tree = git_cli(main, "rev-parse", "main^{tree}")
        git_cli(main, "update-ref", "refs/heads/main", git_cli(main, "commit-tree", tree, "-p", base, "-m", "mine"))
        assert "refs/heads/main (changed)" in told(watch)

    def test_a_branch_that_is_another(self, origin: Origin, main: Path, base: str, git_cli: Git) -> None:
        git_cli(main, "branch", "-m", "main", "real")
        git_cli(main, "symbolic-ref", "refs/heads/main", "refs/heads/real")
        watch = Watch.begin(origin, main / ".git", ())
        assert watch.refusals() == []
        git_cli(main, "update-ref", "refs/heads/real", git_cli(main, "commit-tree", f"{base}^{{tree}}", "-p", base, "-m", "mine"))
        assert "refs/heads/main (changed)" in told(watch)

    def test_a_branch_that_is_gone(self, watch: Watch, main: Path, git_cli: Git) -> None:
        git_cli(main, "update-ref", "-d", "refs/heads/main")
        assert "refs/heads/main (changed)" in told(watch)

    def test_a_hook(self, watch: Watch, main: Path) -> None:
        (main / ".git/hooks").mkdir(exist_ok=True)
        (main / ".git/hooks/post-checkout").write_text("#!/bin/sh\nevil\n")
        assert "hooks/post-checkout (added)" in told(watch)

    def test_attributes_grafts_and_alternates(self, watch: Watch, main: Path) -> None:
        (main / ".git/info").mkdir(exist_ok=True)
        for name in ("info/attributes", "info/grafts", "objects/info/alternates"):
            (main / ".git" / name).parent.mkdir(exist_ok=True)
            (main / ".git" / name).write_text("")
        says = told(watch)
        for name in ("info/attributes (added)", "info/grafts (added)", "objects/info/alternates (added)"):
            assert name in says

    def test_a_replaced_object(self, watch: Watch, main: Path, git_cli: Git) -> None:
        git_cli(main, "commit", "-q", "--allow-empty", "-m", "x")
        git_cli(main, "replace", "HEAD~1", "HEAD")
        assert "refs/replace/" in told(watch)

    def test_a_branch_of_a_run_may_come(self, watch: Watch, origin: Origin, repo: PrivateRepository, git_cli: Git, main: Path) -> None:
        (repo.tree / "new").write_text("new\n")
        commit = repo.seal(writes=["**"], declared=[], message="m").commit
        publish(origin, repo.git_dir, str(commit), "phasegate/other/run")
        git_cli(main, "branch", "somebody/else", "main")
        assert watch.refusals() == []

    def test_a_bare_origin(self, main: Path, tmp_path: Path, git_cli: Git) -> None:
        git_cli(tmp_path, "clone", "-q", "--bare", str(main), "bare.git")
        watch = Watch.begin(Origin(str(tmp_path / "bare.git"), "main"), tmp_path / "bare.git", ())
        assert watch.refusals() == []
        git_cli(tmp_path / "bare.git", "config", "core.x", "y")
        assert "config (changed)" in told(watch)


class TestBorrowedObjects:
    """`git` believes the name of an object: a forged one would be checked out for everybody."""

    def forge(self, main: Path, base: str, git_cli: Git) -> str:
        """Put other bytes where the blob of README.md lies."""
        blob = git_cli(main, "rev-parse", f"{base}:README.md")
        path = main / ".git/objects" / blob[:2] / blob[2:]
        path.chmod(0o644)
        path.write_bytes(zlib.compress(b"blob 5\0evil\n"))
        return blob

    def test_and_is_named(self, watch: Watch, main: Path, base: str, git_cli: Git) -> None:
        blob = self.forge(main, base, git_cli)
        assert f"objects of the repository that are not what their names say: {blob[:2]}/{blob[2:]}" in told(watch)

    def test_one_laid_beside_a_pack(self, main: Path, base: str, git_cli: Git, origin: Origin) -> None:
        git_cli(main, "gc", "-q")
        watch = Watch.begin(origin, main / ".git", ())
        blob = git_cli(main, "rev-parse", f"{base}:README.md")
        path = main / ".git/objects" / blob[:2] / blob[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(b"blob 5\0evil\n"))
        assert "not what their names say" in told(watch)

    def test_a_pack_whose_index_lies(self, main: Path, base: str, tmp_path: Path, git_cli: Git, origin: Origin) -> None:
        git_cli(main, "gc", "-q")
        watch = Watch.begin(origin, main / ".git", ())
        [pack] = (main / ".git/objects/pack").glob("*.pack")
        index = pack.with_suffix(".idx")
        data = bytearray(index.read_bytes())
        index.chmod(0o644)
        count = int.from_bytes(data[8 + 255 * 4 : 8 + 256 * 4], "big")
        offsets = 8 + 1024 + count * 24
        data[offsets : offsets + 8] = data[offsets + 4 : offsets + 8] + data[offsets : offsets + 4]
        index.write_bytes(data)
        assert f"pack/{pack.name}" in told(watch)

    def test_sound_ones_may_come(self, watch: Watch, main: Path, tmp_path: Path, git_cli: Git) -> None:
        for number in range(3):
            (tmp_path / "blob").write_text(f"{number}")
            git_cli(main, "hash-object", "-w", str(tmp_path / "blob"))
        git_cli(main, "hash-object", "-w", "README.md")  # there already: its time is renewed
        assert watch.refusals() == []

    def test_packing_everything_is_no_forgery(self, watch: Watch, main: Path, git_cli: Git) -> None:
        git_cli(main, "repack", "-a", "-d", "-q")
        git_cli(main, "prune-packed", "-q")
        assert watch.refusals() == []

    def test_links_and_pipes_among_them(self, main: Path) -> None:
        lender = Lender.of(main / ".git")
        (main / ".git/objects/ab").mkdir(exist_ok=True)
        (main / ".git/objects/ab" / ("0" * 38)).symlink_to("/etc/passwd")
        os.mkfifo(main / ".git/objects/ab" / ("1" * 38))
        assert lender.forged() == [f"ab/{'0' * 38}", f"ab/{'1' * 38}"]

    def test_in_the_mirror_of_a_remote(self, main: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
        from dag_factory.workspace.origin import objects

        origin = Origin(f"file://{main}", "main")
        mirror = objects(origin, tmp_path / "mirrors", base)
        watch = Watch.begin(origin, mirror, ())
        (main / "src/app.py").write_text("whatever\n")  # what lies behind a URL is out of reach, and not looked at
        assert watch.refusals() == []
        blob = git_cli(main, "rev-parse", f"{base}:README.md")
        (mirror / "objects" / blob[:2]).mkdir(exist_ok=True)
        path = mirror / "objects" / blob[:2] / blob[2:]
        path.unlink(missing_ok=True)
        path.write_bytes(zlib.compress(b"blob 5\0evil\n"))
        assert "not what their names say" in told(watch)

    @pytest.mark.parametrize("what", ["commit-graph", "multi-pack-index"])
    def test_what_git_keeps_about_them_is_not_asked(
        self, what: str, main: Path, base: str, make: Callable[..., PrivateRepository], tmp_path: Path, git_cli: Git
    ) -> None:
        git_cli(main, "gc", "-q")
        git_cli(main, "commit-graph", "write", "--reachable")
        git_cli(main, "multi-pack-index", "write")
        for path in (main / ".git/objects/info/commit-graph", main / ".git/objects/pack/multi-pack-index"):
            if path.name == what:
                path.chmod(0o644)
                path.write_bytes(b"evil" * 300)
        make("task").checkout(base, tmp_path / "clean")
        assert (tmp_path / "clean/README.md").read_text() == "read me\n"


def test_it_starts_no_program_but_git(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **how: (seen.append(command[1]), real(command, **how))[1])
    watch.refusals()
    assert set(seen) == {"ls-files", "rev-parse"}
