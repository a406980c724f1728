"""Place: folders for one attempt, empty at its start, gone at its end, and never anybody else's."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pendulum
import pytest
from support.runs import BASE, honest

from dag_factory.errors import StoreError, WorkspaceError
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.statement import Sealed
from dag_factory.operators.place import Place, bundles_of, fetch_bundle, inputs_of, remove, task_file

CHARTER = "c" * 64


@pytest.fixture
def work(tmp_path):
    return tmp_path / "work"


@pytest.fixture
def place(work):
    return Place.make(work, CHARTER, "build/one.engineer", 1)


@pytest.fixture
def outside(tmp_path):
    """A folder of somebody else: read-only, with a file in it."""
    folder = tmp_path / "outside"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_text("mine", encoding="utf-8")
    (folder / "deep").chmod(0o555)
    folder.chmod(0o555)
    yield folder
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "deep")] == [0o555, 0o555]
    assert [path.name for path in folder.iterdir()] == ["deep"]
    assert (folder / "deep" / "file").read_text(encoding="utf-8") == "mine"


def read_only_tree(folder):
    """What a persona's inputs look like, and Go's module cache: read-only folders in read-only folders."""
    deep = folder / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x", encoding="utf-8")
    (deep / "file").chmod(0o400)
    for path in (deep, deep.parent, folder):
        path.chmod(0o555 if path != deep else 0o000)
    return folder


def test_it_is_private_and_empty_and_one_an_attempt(place, work):
    assert place.root == work / CHARTER[:16] / "build__one.engineer" / "0001"
    for folder in (place.evidence, place.home):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list(folder.iterdir()) == []
    assert Place.make(work, CHARTER, "build/one.engineer", 2).root != place.root
    assert Place.make(work, "d" * 64, "build/one.engineer", 1).root != place.root


def test_what_an_earlier_try_left_is_gone(place, work):
    read_only_tree(place.evidence / "left")
    place.root.chmod(0o500)
    assert list(Place.make(work, CHARTER, "build/one.engineer", 1).evidence.iterdir()) == []


def test_a_fresh_folder_is_empty_and_writable(place):
    read_only_tree(place.fresh("inputs"))
    folder = place.fresh("inputs")
    assert list(folder.iterdir()) == []
    (folder / "file").touch()


@pytest.mark.parametrize("target", ["outside", "outside/deep", "outside/deep/file", "nowhere"])
def test_a_link_in_its_way_is_removed_and_never_followed(place, tmp_path, outside, target):
    (place.root / "given").symlink_to(tmp_path / target)
    folder = place.fresh("given")
    assert not folder.is_symlink()
    assert list(folder.iterdir()) == []


def test_a_link_in_place_of_the_whole_is_removed_and_never_followed(place, work, outside):
    shutil.rmtree(place.root)
    place.root.symlink_to(outside)
    again = Place.make(work, CHARTER, "build/one.engineer", 1)
    assert not again.root.is_symlink()
    again.drop()


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo], ids=["file", "pipe"])
def test_what_is_no_folder_makes_way(place, make):
    make(place.root / "given")
    assert place.fresh("given").is_dir()


def test_links_within_are_removed_and_never_followed(place, outside):
    (place.evidence / "out").symlink_to(outside)
    (place.evidence / "deep").symlink_to(outside / "deep" / "file")
    (place.evidence / "round").symlink_to(place.root)
    place.drop()
    assert not place.root.exists()


def test_dropped_it_leaves_nothing_not_even_the_folder_of_its_task(place, work):
    read_only_tree(place.evidence / "left")
    place.drop()
    assert [path.name for path in work.rglob("*")] == [CHARTER[:16]]
    place.drop()


def test_dropped_it_leaves_another_attempt_alone(place, work):
    other = Place.make(work, CHARTER, "build/one.engineer", 2)
    (other.evidence / "file").touch()
    place.drop()
    assert (other.evidence / "file").exists()


def test_where_nothing_can_be_made_it_says_where_and_why(tmp_path):
    (tmp_path / "work").touch()
    with pytest.raises(WorkspaceError) as caught:
        Place.make(tmp_path / "work", CHARTER, "build/one.engineer", 1)
    assert str(caught.value).startswith(f"No workspace can be made at {tmp_path}/work/")
    assert str(caught.value).endswith("Not a directory. Check [phasegate] work_root, its rights and the disk.")


def test_a_folder_deeper_than_python_goes_is_removed_too(tmp_path):
    deep = tmp_path / "deep"
    made = subprocess.run(
        ["sh", "-c", f"mkdir {deep} && cd {deep} && for i in $(seq 1500); do mkdir d && cd -P d || exit 1; done"], check=False
    )
    assert made.returncode == 0
    remove(deep)
    assert not deep.exists()


def test_what_is_not_there_is_removed_already(tmp_path):
    remove(tmp_path / "nothing")


# What is brought in: bundles and inputs, by digest.


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path / "run", through="implementation")


def case_of(run, phase):
    return Case(run.record, phase, run.store.blob, pendulum.now("UTC"), 0)


def inputs(run, phase, folder):
    """What a task of a phase is given: the evidence of every phase before."""
    inputs_of(run.store, case_of(run, phase), run.contract.upto(phase)[:-1], folder)


def merged(run, phase):
    return run.record.converged(phase).says.sealed


def spoil(run, digest, how):
    blob = run.store.blob_path(digest)
    if how == "gone":
        blob.unlink()
    elif how == "linked":
        copy = run.tmp_path / "copy"
        copy.write_bytes(b"something else")
        blob.unlink()
        blob.symlink_to(copy)
    else:
        data = blob.read_bytes()
        blob.write_bytes(data[:-1] if how == "truncated" else data[:-1] + bytes([data[-1] ^ 1]))


SPOILT = ["gone", "linked", "truncated", "flipped"]


def test_the_newest_merge_is_the_one_bundle_that_is_brought(run, tmp_path):
    for phase in ("implementation", "foundation"):
        [path] = bundles_of(run.store, run.record, "implementation", merged(run, phase).commit, tmp_path / "bundles")
        assert path.read_bytes() == run.store.blob(merged(run, phase).bundle)
    assert bundles_of(run.store, run.record, "foundation", merged(run, "implementation").commit, tmp_path / "bundles") == []


def test_where_a_phase_merged_nothing_the_one_before_it_counts(run, tmp_path):
    before = merged(run, "foundation")
    run.converge("implementation", sealed=Sealed(commit=before.commit, tree=before.tree, bundle=None))
    [path] = bundles_of(run.store, run.record, "implementation", before.commit, tmp_path / "bundles")
    assert path.name == f"{before.bundle}.bundle"


def test_before_the_first_merge_there_is_no_bundle(run, tmp_path):
    assert bundles_of(run.store, run.record, "foundation", BASE, tmp_path / "bundles") == []
    assert bundles_of(run.store, run.record, "foundation", None, tmp_path / "bundles") == []
    assert not (tmp_path / "bundles").exists()


@pytest.mark.parametrize("how", SPOILT)
def test_a_bundle_that_is_not_what_was_sealed_is_refused_and_not_written(run, tmp_path, how):
    digest = run.record.converged("implementation").says.sealed.bundle
    spoil(run, digest, how)
    with pytest.raises(StoreError, match=f"The sealed work {digest[:12]} in .* is missing or was altered. Find out by whom"):
        bundles_of(run.store, run.record, "implementation", merged(run, "implementation").commit, tmp_path / "bundles")
    with pytest.raises(StoreError):
        fetch_bundle(run.store, digest, tmp_path / "bundles")
    assert not (tmp_path / "bundles").exists()


def test_inputs_are_all_that_earlier_phases_left_and_nothing_of_this_one(run, tmp_path):
    run.deliver("validation/test-engineer")
    inputs(run, "validation", tmp_path / "inputs")
    laid = {path.relative_to(tmp_path / "inputs").as_posix() for path in (tmp_path / "inputs").rglob("*") if path.is_file()}
    assert {"foundation/architect/ARCHITECTURE.md", "foundation/product-manager/stories.json"} <= laid
    assert {name.split("/")[0] for name in laid} == {"foundation", "implementation"}
    data = (tmp_path / "inputs/foundation/architect/ARCHITECTURE.md").read_bytes()
    assert data == run.store.blob(run.record.newest("foundation/architect").says.evidence[0].digest)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_inputs_are_read_only(run, tmp_path, umask):
    before = os.umask(umask)
    try:
        inputs(run, "validation", tmp_path / "inputs")
    finally:
        os.umask(before)
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in (tmp_path / "inputs").rglob("*")}
    assert modes == {(True, 0o555), (False, 0o444)}


def test_inputs_are_those_of_each_item_and_not_what_lies_beside_them_in_an_older_statement(run, tmp_path, monkeypatch):
    """Where changed files are owed and none was, those of older work still stand; what that work left for other items does not."""
    task = run.contract.tasks["implementation/ingest.software-engineer"]
    owed = {item.kind: item for item in task.items}
    now, old = ({entry.item: entry for entry in run.record.newest(task.id).says.evidence} for _ in range(2))
    stale = now["interface"].model_copy(update={"digest": run.store.put_bytes(b"as it was before")})
    code = owed["file"]
    monkeypatch.setattr(
        Case, "entries", lambda self, of, item: () if of is not task else (old["code"], stale) if item is code else tuple(now.values())
    )
    inputs(run, "validation", tmp_path / "inputs")
    laid = tmp_path / "inputs" / task.id / now["interface"].name
    assert laid.read_bytes() == run.store.blob(now["interface"].digest)


def test_the_first_phase_has_no_inputs(run, tmp_path):
    inputs(run, "foundation", tmp_path / "inputs")
    assert not (tmp_path / "inputs").exists()


@pytest.mark.parametrize("how", SPOILT)
def test_an_input_that_is_not_what_was_collected_is_refused(run, tmp_path, how):
    spoil(run, run.record.newest("foundation/architect").says.evidence[0].digest, how)
    with pytest.raises(StoreError, match=r"The evidence ARCHITECTURE.md of foundation/architect is missing or was altered\."):
        inputs(run, "implementation", tmp_path / "inputs")


def test_a_persona_is_told_what_it_owes_and_what_was_merged(run):
    task = run.contract.tasks["validation/test-engineer"]
    told = task_file(run.plan, case_of(run, "validation"), task, 3)
    assert (told["phase"], told["task"], told["persona"], told["duty"], told["attempt"]) == (
        "validation", "test-engineer", "test-engineer", "validation", 3,
    )  # fmt: skip
    assert [item["id"] for item in told["evidence"]] == [item.id for item in task.items]
    assert {"task": "foundation/architect", "commit": run.commits["foundation/architect"]} in told["merged"]
    assert {one["task"].split("/")[0] for one in told["merged"]} == {"foundation", "implementation"}
    assert (told["cycle"], told["findings"]) == (0, []), "nothing is to be mended yet"
    page = (Path(__file__).parents[3] / "docs" / "runners" / "README.md").read_text(encoding="utf-8")
    listed = page.partition("### The task file")[2].partition("```")[0]
    keys = {key for line in listed.splitlines() if line.startswith("| `") for key in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert keys == set(told), "the page lists what stands there"
