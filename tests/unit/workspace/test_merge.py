from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.merge import commit_tree, merge
from dag_factory.workspace.parsed import Stamp
from dag_factory.workspace.private import PrivateRepository

Git = Callable[..., str]
Make = Callable[..., PrivateRepository]
Work = Mapping[str, str | None]


class Phase:
    """Tasks that sealed their work, and one repository that has it all."""

    def __init__(self, make: Make, base: str, folder: Path) -> None:
        self.make, self.base, self.folder = make, base, folder
        self.number = itertools.count()
        self.repo = make("converge", with_tree=False)

    def sealed(self, work: Work, **how: object) -> str:
        """One task seals: None deletes a path."""
        name = f"task{next(self.number)}"
        task = self.make(name, **how)
        for path, text in work.items():
            if text is None:
                (task.tree / path).unlink()
            else:
                (task.tree / path).parent.mkdir(parents=True, exist_ok=True)
                (task.tree / path).write_text(text)
        commit = task.seal(writes=["**", ".gitattributes"], declared=[], message=name).commit
        assert commit
        task.bundle(task.commit, commit, self.folder / f"{name}.bundle")
        self.repo.fetch(self.folder / f"{name}.bundle")
        return commit


@pytest.fixture
def phase(make: Make, base: str, tmp_path: Path) -> Phase:
    return Phase(make, base, tmp_path)


def test_in_the_given_order_onto_the_base(phase: Phase, base: str, git_cli: Git) -> None:
    one, two = phase.sealed({"src/one.py": "1\n"}), phase.sealed({"src/two.py": "2\n", "README.md": None})
    found = merge(phase.repo, base, [("build/one", one), ("build/two", two)])
    assert found.merged == (("build/one", one), ("build/two", two))
    assert found.conflicts == ()
    git_dir = phase.repo.git_dir
    assert git_cli(git_dir, "log", "--first-parent", "--format=%an <%ae> %at %ct %s", found.commit).splitlines()[:2] == [
        "Phasegate <phasegate@localhost> 1700000000 1700000000 Merge build/two",
        "Phasegate <phasegate@localhost> 1700000000 1700000000 Merge build/one",
    ]
    assert git_cli(git_dir, "rev-parse", f"{found.commit}^2", f"{found.commit}^1^2", f"{found.commit}^1^1").split() == [two, one, base]
    assert git_cli(git_dir, "rev-parse", f"{found.commit}^{{tree}}") == found.tree
    assert phase.repo.read(found.commit, "src/one.py") == b"1\n"
    assert phase.repo.read(found.commit, "README.md") is None


def test_nothing_to_merge(phase: Phase, base: str, git_cli: Git) -> None:
    tree = git_cli(phase.repo.git_dir, "rev-parse", f"{base}^{{tree}}")
    for sealed in ([], [("a", base)]):
        found = merge(phase.repo, base, sealed)
        assert (found.commit, found.tree, found.merged, found.conflicts) == (base, tree, (), ())


def test_the_same_commit_twice(phase: Phase, base: str) -> None:
    one = phase.sealed({"new": "1\n"})
    found = merge(phase.repo, base, [("a", one), ("b", one)])
    assert found.merged == (("a", one), ("b", one))
    assert found.commit == merge(phase.repo, base, [("a", one)]).commit


def test_the_same_change_by_two_tasks_is_no_conflict(phase: Phase, base: str) -> None:
    one, two = phase.sealed({"new": "1\n"}), phase.sealed({"new": "1\n"})
    assert one != two
    assert len(merge(phase.repo, base, [("a", one), ("b", two)]).merged) == 2


def test_a_conflict_is_left_out_and_the_rest_merged(phase: Phase, base: str) -> None:
    one, two, three = phase.sealed({"README.md": "1\n", "n": "n"}), phase.sealed({"README.md": "2\n", "m": "m"}), phase.sealed({"o": "o"})
    found = merge(phase.repo, base, [("one", one), ("two", two), ("three", three)])
    assert found.merged == (("one", one), ("three", three))
    (conflict,) = found.conflicts
    assert (conflict.name, conflict.paths) == ("two", ("README.md",))
    assert conflict.text == "CONFLICT (content): Merge conflict in README.md"
    assert phase.repo.read(found.commit, "README.md") == b"1\n"
    assert phase.repo.read(found.commit, "m") is None


def test_every_path_of_a_conflict_is_told(phase: Phase, base: str) -> None:
    one = phase.sealed({"README.md": "1\n", "both": "1\n", "src/app.py": None, "a b\u00e9": "x"})
    two = phase.sealed({"README.md": "2\n", "both": "2\n", "src/app.py": "changed\n", "a b\u00e9": "y"})
    (conflict,) = merge(phase.repo, base, [("one", one), ("two", two)]).conflicts
    assert sorted(conflict.paths) == ["README.md", "a b\u00e9", "both", "src/app.py"]
    assert conflict.text.count("CONFLICT") == 4
    assert "CONFLICT (modify/delete)" in conflict.text


def test_a_file_against_a_folder(phase: Phase, base: str) -> None:
    one, two = phase.sealed({"thing": "file\n"}), phase.sealed({"thing/inner": "file\n"})
    (conflict,) = merge(phase.repo, base, [("one", one), ("two", two)]).conflicts
    assert "file/directory" in conflict.text
    assert any("thing" in path for path in conflict.paths)


def test_both_orders_of_a_conflict_keep_the_first(phase: Phase, base: str) -> None:
    one, two = phase.sealed({"README.md": "1\n"}), phase.sealed({"README.md": "2\n"})
    assert phase.repo.read(merge(phase.repo, base, [("b", two), ("a", one)]).commit, "README.md") == b"2\n"


def test_no_change_follows_a_rename(phase: Phase, base: str) -> None:
    """What one task wrote at a path it may write must not land where another moved it."""
    moved = phase.sealed({"src/deep/er/lib.py": None, "tests/lib.py": "x = 1\n"})
    edited = phase.sealed({"src/deep/er/lib.py": "x = 1\ny = 2\n"})
    (conflict,) = merge(phase.repo, base, [("moved", moved), ("edited", edited)]).conflicts
    assert "src/deep/er/lib.py" in conflict.paths
    assert "CONFLICT" in conflict.text
    (conflict,) = merge(phase.repo, base, [("edited", edited), ("moved", moved)]).conflicts
    assert conflict.name == "moved", "nor where the other moved it before"
    assert "CONFLICT" in conflict.text
    folder = phase.sealed({"src/deep/er/lib.py": None, "src/shallow/lib.py": "x = 1\n"})
    added = phase.sealed({"src/deep/er/more.py": "more\n"})
    found = merge(phase.repo, base, [("folder", folder), ("added", added)])
    assert phase.repo.read(found.commit, "src/deep/er/more.py") == b"more\n"


LINES = [f"line {number}\n" for number in range(30)]


def test_nor_does_it_follow_one_that_came_later(phase: Phase, base: str) -> None:
    """Enough of the file is left alike for git to take both for one; newer gits do not, and then it is a conflict of another name."""
    start = merge(phase.repo, base, [("start", phase.sealed({"src/long.py": "".join(LINES)}))]).commit
    phase.repo.bundle(base, start, phase.folder / "start.bundle")
    how = {"commit": start, "bundles": [phase.folder / "start.bundle"]}
    edited = phase.sealed({"src/long.py": "".join(LINES).replace("line 3\n", "another\n")}, **how)
    moved = phase.sealed({"src/long.py": None, "deploy/long.py": "".join(LINES)}, **how)
    for order in ([("edited", edited), ("moved", moved)], [("moved", moved), ("edited", edited)]):
        found = merge(phase.repo, start, order)
        assert [conflict.name for conflict in found.conflicts] == [order[1][0]]
        assert re.match(r"CONFLICT \((rename|modify/delete)\)", found.conflicts[0].text)
        assert (phase.repo.read(found.commit, "src/long.py") is None) is (order[0][0] == "moved")


def test_what_two_changed_at_one_path_is_put_together(phase: Phase, base: str) -> None:
    start = merge(phase.repo, base, [("start", phase.sealed({"src/long.py": "".join(LINES)}))]).commit
    phase.repo.bundle(base, start, phase.folder / "start.bundle")
    how = {"commit": start, "bundles": [phase.folder / "start.bundle"]}
    one = phase.sealed({"src/long.py": "".join(LINES).replace("line 3\n", "another\n"), "one": "1\n"}, **how)
    two = phase.sealed({"src/long.py": "".join(LINES).replace("line 25\n", "a third\n"), "two": "2\n"}, **how)
    found = merge(phase.repo, start, [("one", one), ("two", two)])
    assert found.conflicts == ()
    assert (phase.repo.read(found.commit, "src/long.py") or b"").count(b"line ") == 28


def test_attributes_do_not_choose_how_to_merge(phase: Phase, base: str, main: Path, git_cli: Git) -> None:
    first = phase.sealed({".gitattributes": "* merge=union\n"})
    base = merge(phase.repo, base, [("attributes", first)]).commit
    bundles = [phase.folder / "task0.bundle"]
    phase.repo.bundle(phase.base, base, phase.folder / "base.bundle")
    how = {"commit": base, "bundles": [*bundles, phase.folder / "base.bundle"]}
    one, two = phase.sealed({"README.md": "1\n"}, **how), phase.sealed({"README.md": "2\n"}, **how)
    assert [conflict.name for conflict in merge(phase.repo, base, [("one", one), ("two", two)]).conflicts] == ["two"]


def test_a_later_round_on_what_was_merged(phase: Phase, base: str) -> None:
    one = phase.sealed({"src/one.py": "1\n"})
    first = merge(phase.repo, base, [("one", one)]).commit
    phase.repo.bundle(base, first, phase.folder / "first.bundle")
    fix = phase.sealed({"src/one.py": "fixed\n"}, commit=first, bundles=[phase.folder / "first.bundle"])
    found = merge(phase.repo, first, [("one", one), ("fix", fix)])
    assert found.merged == (("one", one), ("fix", fix))
    assert phase.repo.read(found.commit, "src/one.py") == b"fixed\n"


def test_strangers(phase: Phase, base: str, tmp_path: Path, git_cli: Git) -> None:
    with pytest.raises(WorkspaceError, match="One of the commits"):
        merge(phase.repo, base, [("x", "0123456789" * 4)])
    git_cli(tmp_path, "init", "-q", "stranger")
    git_cli(tmp_path / "stranger", "commit", "-q", "--allow-empty", "-m", "x")
    git_cli(tmp_path / "stranger", "bundle", "create", "-q", str(tmp_path / "stranger.bundle"), "HEAD")
    (stranger,) = phase.repo.fetch(tmp_path / "stranger.bundle")
    with pytest.raises(WorkspaceError, match="shares no history") as raised:
        merge(phase.repo, base, [("x", stranger)])
    assert raised.value.remedy


def test_it_can_be_bundled(phase: Phase, make: Make, base: str, tmp_path: Path) -> None:
    found = merge(phase.repo, base, [("a", phase.sealed({"a": "a"})), ("b", phase.sealed({"b": "b"}))])
    phase.repo.bundle(base, found.commit, tmp_path / "merged.bundle")
    other = make("other", commit=found.commit, bundles=[tmp_path / "merged.bundle"])
    assert (other.tree / "a").read_text() == "a"
    assert (other.tree / "b").read_text() == "b"


def test_sealing_and_committing_a_tree_give_the_same_id(phase: Phase, base: str) -> None:
    task = phase.make("same")
    (task.tree / "new").write_text("new")
    sealed = task.seal(writes=["**"], declared=[], message="hello")
    assert commit_tree(task, Stamp(str(sealed.tree), 1_700_000_000), [base], "hello\n") == sealed.commit


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(data=st.data())
def test_disjoint_work_gives_one_tree_in_any_order(phase: Phase, data: st.DataObject) -> None:
    """And the same order gives the same commit."""
    names = ["a", "b/c", "b/d", "README.md", "src/app.py", "src/deep/er/lib.py", "src/deep/er/x", "tests/test_app.py"]
    owners = data.draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))
    texts = data.draw(st.lists(st.sampled_from(["x = 1\n", "read me\n", "other\n", ""]), min_size=len(names), max_size=len(names)))
    gone = data.draw(st.sets(st.sampled_from(names[3:6] + names[7:])))
    work: list[dict[str, str | None]] = [{}, {}, {}]
    for name, owner, text in zip(names, owners, texts, strict=True):
        work[owner][name] = None if name in gone else text
    sealed = [(str(index), phase.sealed(mine)) for index, mine in enumerate(work)]
    found = [merge(phase.repo, phase.base, order) for order in (sealed, sealed[::-1], sealed[1:] + sealed[:1])]
    assert all(one.conflicts == () for one in found)
    assert len({one.tree for one in found}) == 1
    assert merge(phase.make(f"again{next(phase.number)}", bundles=phase.repo.bundles), phase.base, sealed).commit == found[0].commit


@pytest.mark.parametrize(
    "parts",
    [
        ({"src/x/HEAD": "ref: refs/heads/x\n"}, {"src/x/objects/a": "", "src/x/refs/b": "", "src/x/config": "[alias]\n"}),
        ({"HEAD": "ref: refs/heads/x\n"}, {"commondir": "src\n"}),
    ],
    ids=["below", "at the root"],
)
def test_two_parts_of_a_bare_repository(parts: tuple[Work, Work], phase: Phase, base: str) -> None:
    one, two = map(phase.sealed, parts)
    for order in ([("build/one", one), ("build/two", two)], [("build/two", two), ("build/one", one)]):
        found = merge(phase.repo, base, order)
        assert found.merged == (order[0],)
        (conflict,) = found.conflicts
        assert conflict.name == order[1][0]
        assert conflict.text.startswith("CONFLICT (repository): ")
        assert phase.repo.read(found.commit, next(iter(parts[0]))) == (b"ref: refs/heads/x\n" if order[0][1] == one else None)


def test_one_that_was_there_is_merged_around(main: Path, tmp_path: Path, git_cli: Git) -> None:
    git_cli(main, "init", "-q", "--bare", "store")
    for name in ("objects", "refs"):
        (main / "store" / name / "x").write_text("")
    for path in sorted(path for path in (main / "store").rglob("*") if path.is_file()):
        blob = git_cli(main, "hash-object", "-w", str(path))
        git_cli(main, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path.relative_to(main)}")
    git_cli(main, "commit", "-q", "-m", "a fixture")
    base = git_cli(main, "rev-parse", "HEAD")
    sealed = []
    repo = PrivateRepository.create(tmp_path / "all", objects=main / ".git", commit=base, with_tree=False)
    for name in ("objects", "refs"):
        task = PrivateRepository.create(tmp_path / name, objects=main / ".git", commit=base)
        (task.tree / "src" / name).write_text("")
        commit = str(task.seal(writes=["**"], declared=[], message=name).commit)
        task.bundle(base, commit, tmp_path / f"{name}.bundle")
        repo.fetch(tmp_path / f"{name}.bundle")
        sealed.append((name, commit))
    assert merge(repo, base, sealed).merged == tuple(sealed)
