"""The demo's folder: made anew, the same every time, and never at the cost of what no demo made."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dag_factory.cli.demo.home import DemoHome, fresh_home, sample
from dag_factory.errors import PhasegateError
from dag_factory.workspace.git import git


def test_it_holds_a_copy_of_the_sample_and_the_product_at_its_first_commit(tmp_path):
    with fresh_home(tmp_path / "demo") as home:
        assert home.spec.read_bytes() == (sample() / "workflow.yaml").read_bytes()
        assert {path.name for path in home.personas.iterdir()} == {
            path.name for path in (sample() / "personas").iterdir() if path.name != "__pycache__"
        }
        assert "load_workflows" in (home.dags / "phasegate.py").read_text()
        assert git("status", "--porcelain", git_dir=None, cwd=home.product).text == ""
        assert git("log", "--format=%s|%an|%ad", git_dir=None, cwd=home.product).text.count("\n") == 0
        assert git("branch", "--show-current", git_dir=None, cwd=home.product).text == "main"


def test_the_first_commit_is_the_same_every_time(tmp_path, monkeypatch):
    commits = set()
    for name, zone in (("one", "UTC"), ("two", "Asia/Tokyo")):
        monkeypatch.setenv("TZ", zone)
        monkeypatch.setenv("GIT_AUTHOR_NAME", name)
        with fresh_home(tmp_path / name) as home:
            commits.add(git("rev-parse", "HEAD", git_dir=None, cwd=home.product).text)
    assert len(commits) == 1


def test_an_earlier_demo_is_replaced(tmp_path):
    with fresh_home(tmp_path / "demo") as home:
        (home.evidence).mkdir(parents=True)
        (home.evidence / "old").touch()
    with fresh_home(tmp_path / "demo") as home:
        assert not home.evidence.exists()


def test_what_it_left_is_kept_until_the_next_one_that_leaves_something(tmp_path):
    for evidence in ("first", "second", "", "third", ""):
        with fresh_home(tmp_path / "demo") as home:
            if evidence:
                home.evidence.mkdir(parents=True)
                (home.evidence / evidence).touch()
        if evidence in ("second", "third"):
            assert [path.name for path in DemoHome(home.before).evidence.iterdir()] == [{"second": "first", "third": "second"}[evidence]]
    assert [path.name for path in DemoHome(home.before).evidence.iterdir()] == ["third"]


def left(folder, name):
    """A demo that left something as evidence."""
    with fresh_home(folder) as home:
        home.evidence.mkdir(parents=True)
        (home.evidence / name).touch()
    return home


def test_a_demo_that_runs_where_it_would_be_moved_to_is_left_alone(tmp_path):
    left(tmp_path / "demo", "first")
    with fresh_home(tmp_path / "demo-before") as running:
        with pytest.raises(PhasegateError, match=r"Another demo is running in .*demo-before"), fresh_home(tmp_path / "demo"):
            pass
        assert running.spec.is_file()
    assert DemoHome(tmp_path / "demo").evidence.is_dir(), "and nothing is lost"


def test_an_empty_store_takes_the_place_of_nothing(tmp_path):
    left(tmp_path / "demo", "first")
    with fresh_home(tmp_path / "demo") as home:
        home.evidence.mkdir(parents=True)
    with fresh_home(tmp_path / "demo") as home:
        assert [path.name for path in DemoHome(home.before).evidence.iterdir()] == ["first"]


def test_a_link_is_followed_once(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "demo").symlink_to("disk")
    for name in ("first", "second"):
        assert left(tmp_path / "demo", name).root == tmp_path / "disk"
    assert (tmp_path / "demo").is_symlink()
    (tmp_path / "disk-before").rename(tmp_path / "elsewhere")
    (tmp_path / "disk-before").symlink_to("elsewhere")
    with pytest.raises(PhasegateError, match="disk-before holds what no demo made"), fresh_home(tmp_path / "demo"):
        pass


def test_the_root_of_all_files_is_no_place(tmp_path):
    with pytest.raises(PhasegateError, match="is no place for a demo"), fresh_home(Path("/")):
        pass


def test_what_no_demo_made_is_kept_where_it_would_be_moved_to(tmp_path):
    left(tmp_path / "demo", "first")
    (tmp_path / "demo-before").mkdir()
    (tmp_path / "demo-before/thesis.txt").touch()
    with pytest.raises(PhasegateError, match=r"demo-before holds what no demo made"), fresh_home(tmp_path / "demo"):
        pass


def test_what_no_demo_made_is_kept(tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(PhasegateError, match=r"holds what no demo made.*--home"), fresh_home(tmp_path):
        pass
    assert (tmp_path / "thesis.txt").read_text() == "ten years of work"


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "demo").mkdir()
    with fresh_home(tmp_path / "demo") as home:
        assert home.spec.is_file()


def test_a_second_demo_at_once_is_told_to_wait(tmp_path):
    with fresh_home(tmp_path / "demo") as home:
        with pytest.raises(PhasegateError, match="Another demo is running"), fresh_home(tmp_path / "demo"):
            pass
        assert home.spec.is_file()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PhasegateError, match=r"cannot be made in .*file/demo: .*--home"), fresh_home(tmp_path / "file" / "demo"):
        pass


def test_without_git_the_remedy_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PhasegateError, match=r"`git` command is not on PATH\. Install git"), fresh_home(tmp_path / "demo"):
        pass


def test_without_the_sample_the_remedy_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("dag_factory.cli.demo.home.__file__", str(tmp_path / "a/b/c/d/home.py"))
    with pytest.raises(PhasegateError, match="sample is not installed"):
        sample()


def test_a_relative_home_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with fresh_home(DemoHome(tmp_path / "x").root.relative_to(tmp_path)) as home:
        assert home.root == tmp_path / "x"
        assert stat.S_ISDIR(home.airflow.stat().st_mode)
