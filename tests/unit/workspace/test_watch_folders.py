"""Folders beside a persona's workspace: what is added, changed or removed in them is told, except where they may grow or are skipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.watching import told

from dag_factory.workspace.watch import Ground, Watch


class TestFolders:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "specs/personas").mkdir(parents=True)
        (tmp_path / "specs/personas/a.py").write_text("a\n")
        (tmp_path / "specs/link").symlink_to("personas")
        return tmp_path / "specs"

    def test_added_changed_and_removed(self, root: Path) -> None:
        watch = Watch.begin(None, None, (Ground("the spec's folder", root),))
        assert watch.refusals() == []
        (root / "personas/b.py").write_text("b\n")
        (root / "personas/a.py").write_text("A\n")
        (root / "link").unlink()
        assert f"the spec's folder {root}: link (removed), personas/a.py (changed), personas/b.py (added)." in told(watch)

    def test_what_is_skipped(self, root: Path) -> None:
        watch = Watch.begin(None, None, (Ground("x", root, skips=frozenset({"__pycache__", "other.yaml"})),))
        (root / "personas/__pycache__").mkdir()
        (root / "personas/__pycache__/a.pyc").write_text("")
        (root / "other.yaml").write_text("")
        assert watch.refusals() == []

    def test_one_that_only_grows(self, root: Path) -> None:
        watch = Watch.begin(None, None, (Ground("the store", root, grows=True),))
        (root / "personas/b.py").write_text("b\n")
        assert watch.refusals() == []
        (root / "personas/a.py").unlink()
        assert "personas/a.py (removed)" in told(watch)

    def test_one_with_more_files_than_are_looked_at(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Which of them are seen changes as it grows; none that is there is taken for removed, and one that is not is told."""
        monkeypatch.setattr("dag_factory.workspace.watch._MOST", 3)
        for number in range(4):
            (root / f"{number}").mkdir()
            (root / f"{number}/file").write_text("x")
        watch = Watch.begin(None, None, (Ground("the store", root, grows=True),))
        seen = sorted(watch._before[0][2])
        for number in range(4, 12):
            (root / f"{number}").mkdir()
            (root / f"{number}/file").write_text("x")
        assert watch.refusals() == []
        (root / seen[-1]).unlink()
        assert f"{seen[-1]} (removed)" in told(watch)

    def test_what_others_are_just_writing_into_it(self, root: Path) -> None:
        (root / "personas/.new-1").write_text("half")
        watch = Watch.begin(None, None, (Ground("the store", root, grows=True),))
        (root / "personas/.new-1").rename(root / "personas/whole")
        assert watch.refusals() == []

    @pytest.mark.parametrize("then", ["gone", "below a file"])
    def test_a_store_that_is_gone_as_a_whole_accuses_nobody(self, then: str, root: Path) -> None:
        """Whoever writes to it next says that it cannot be reached; no persona is blamed for a mount that went away."""
        watch = Watch.begin(None, None, (Ground("the store", root, grows=True),))
        shutil.rmtree(root.parent)
        if then == "below a file":
            root.parent.write_text("no folder")
        assert watch.refusals() == []

    @pytest.mark.parametrize("then", ["gone", "a file", "a link"])
    def test_the_folder_itself(self, then: str, root: Path, tmp_path: Path) -> None:
        watch = Watch.begin(None, None, (Ground("the inputs", root),))
        if then == "a link":
            shutil.copytree(root, tmp_path / "other", symlinks=True)
        shutil.rmtree(root)
        if then == "a file":
            root.write_text("")
        if then == "a link":
            root.symlink_to(tmp_path / "other")
        assert "personas/a.py" in told(watch)

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        assert Watch.begin(None, None, (Ground("x", tmp_path / "nothing"),)).refusals() == []
