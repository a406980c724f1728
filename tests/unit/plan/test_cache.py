"""Plans kept between parses: used when they are right, and never more than a compilation lost when they are not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dag_factory.errors import SpecError
from dag_factory.plan import PlanCache
from dag_factory.plan import cache as module

SPEC = """\
workflow: orders_mart
mission: Daily orders mart
workspace: {git: orders_repo}
features: {ingest: Load partner CSVs}
personas: {default: {check: make all}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "workflows" / "orders.yaml"
    path.parent.mkdir()
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The specs that are compiled, one entry a time."""
    from dag_factory.plan.compile import read_plan as read

    found: list[str] = []
    monkeypatch.setattr("dag_factory.plan.compile.read_plan", lambda path, *more: found.append(path.name) or read(path, *more))
    return found


def cache_in(folder: Path | None, patterns: tuple[str, ...] = ("standard",)) -> PlanCache:
    return PlanCache(folder, patterns)


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_kept_plan_is_the_compiled_one(spec: Path, tmp_path: Path, compiled: list[str]) -> None:
    first = cache_in(tmp_path / "cache").plan_of(spec)
    again = cache_in(tmp_path / "cache").plan_of(spec)
    assert compiled == ["orders.yaml"]
    assert again == first
    assert again.digest == first.digest
    assert again.canonical == first.canonical


@pytest.mark.parametrize("change", ["spec", "patterns", "package"])
def test_whatever_a_plan_depends_on_is_compiled_again(
    change: str, spec: Path, tmp_path: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_in(tmp_path / "cache").plan_of(spec)
    patterns: tuple[str, ...] = ("standard",)
    match change:
        case "spec":
            spec.write_text(SPEC.replace("Daily", "Weekly"), encoding="utf-8")
        case "patterns":
            patterns = ("standard", "none")
        case "package":
            monkeypatch.setattr(module, "_fingerprint", lambda: "0" * 16)
    plan = cache_in(tmp_path / "cache", patterns).plan_of(spec)
    assert len(compiled) == 2
    assert plan.mission == ("Weekly orders mart" if change == "spec" else "Daily orders mart")


@pytest.mark.parametrize("content", [b"", b"{", b"\x00\xff", b"x" * 64 + b"\n{}", b'{"format": 1}'])
def test_a_damaged_entry_is_compiled_anew_and_mended(content: bytes, spec: Path, tmp_path: Path, compiled: list[str]) -> None:
    plan = cache_in(tmp_path / "cache").plan_of(spec)
    [entry] = entries(tmp_path / "cache")
    whole = entry.read_bytes()
    entry.write_bytes(content)
    assert cache_in(tmp_path / "cache").plan_of(spec) == plan
    assert entry.read_bytes() == whole
    entry.write_bytes(whole[: len(whole) // 2])
    assert cache_in(tmp_path / "cache").plan_of(spec) == plan
    assert len(compiled) == 3


def test_a_forged_entry_has_another_digest(spec: Path, tmp_path: Path) -> None:
    """So a task that reads it refuses to run: the charter froze the plan that was compiled."""
    plan = cache_in(tmp_path / "cache").plan_of(spec)
    [entry] = entries(tmp_path / "cache")
    entry.write_bytes(entry.read_bytes().replace(b"make all", b"true"))
    forged = cache_in(tmp_path / "cache").plan_of(spec)
    assert forged.executions["validation/test-engineer"].work == "true"
    assert forged.digest != plan.digest


@pytest.mark.parametrize("where", ["none", "file", "below-a-file"])
def test_without_a_folder_to_write_to_everything_is_compiled(where: str, spec: Path, tmp_path: Path, compiled: list[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    cache = cache_in({"none": None, "file": tmp_path / "file", "below-a-file": tmp_path / "file" / "cache"}[where])
    assert cache.plan_of(spec).digest == cache.plan_of(spec).digest
    cache.found(spec, "orders_mart")
    assert cache.spec_of(spec.parent, "orders_mart") is None
    assert len(compiled) == 2
    assert (tmp_path / "file").read_text() == ""


def test_a_broken_spec_is_never_kept(spec: Path, tmp_path: Path) -> None:
    spec.write_text(SPEC + "colour: red\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SpecError):
            cache_in(tmp_path / "cache").plan_of(spec)
    assert entries(tmp_path / "cache") == []


def test_a_spec_that_is_edited_while_it_is_read_is_not_kept(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dag_factory.plan.compile import read_plan

    def edited(path: Path, patterns: tuple[str, ...]) -> object:
        found = read_plan(path, patterns)
        path.write_text(SPEC.replace("Daily", "Weekly"), encoding="utf-8")
        return found

    with monkeypatch.context() as patch:
        patch.setattr("dag_factory.plan.compile.read_plan", edited)
        cache_in(tmp_path / "cache").plan_of(spec)
    assert cache_in(tmp_path / "cache").plan_of(spec).mission == "Weekly orders mart"


def test_where_a_workflow_was_found(spec: Path, tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    assert cache.spec_of(spec.parent, "orders_mart") is None
    cache.found(spec, "orders_mart")
    assert cache.spec_of(spec.parent, "orders_mart") == spec
    assert cache.spec_of(tmp_path, "orders_mart") is None, "another folder has its own"
    spec.rename(spec.with_name("moved.yaml"))
    assert cache.spec_of(spec.parent, "orders_mart") is None


@pytest.mark.parametrize("name", [b"../orders.yaml", b"/etc/passwd", b"", b"\xff", b"a/b.yaml"])
def test_a_forged_place_leads_nowhere_else(name: bytes, spec: Path, tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    cache.found(spec, "orders_mart")
    [entry] = entries(tmp_path / "cache")
    entry.write_bytes(name)
    assert cache.spec_of(spec.parent, "orders_mart") is None


def test_what_is_old_goes_when_something_new_is_kept(spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    (folder / "another-version").mkdir(parents=True)
    old, young = folder / "another-version" / "old", folder / "another-version" / "young"
    for path in (old, young):
        path.write_text("", encoding="utf-8")
    os.utime(old, (time.time() - 40 * 24 * 3600,) * 2)
    (folder / "stranger").write_text("", encoding="utf-8")
    cache_in(folder).plan_of(spec)
    assert not old.exists()
    assert young.exists()
    young.unlink()
    (folder / "stranger").unlink()
    spec.write_text(SPEC.replace("Daily", "Weekly"), encoding="utf-8")
    cache_in(folder).plan_of(spec)
    assert not old.parent.exists()
    assert len(entries(folder)) == 1, "one file a spec, however often it is edited"


@pytest.mark.parametrize("change", ["spaces", "twice", "presentation"])
def test_a_kept_plan_has_the_digest_of_the_bytes_it_was_read_from(change: str, spec: Path, tmp_path: Path) -> None:
    """Another spelling of the same plan, or one that means something else to another reader, is no plan any charter knows."""
    plan = cache_in(tmp_path / "cache").plan_of(spec)
    [entry] = entries(tmp_path / "cache")
    key, canonical, presentation = entry.read_bytes().split(b"\n")
    forged = {
        "spaces": b"{ " + canonical[1:],
        "twice": b'{"mission":"Another",' + canonical[1:],
        "presentation": b'{"presentation":{"owner":"another"},' + canonical[1:],
    }[change]
    entry.write_bytes(b"\n".join((key, forged, presentation)))
    assert cache_in(tmp_path / "cache").plan_of(spec).digest != plan.digest


def test_what_people_see_is_kept_beside_the_plan_and_changes_nothing_of_it(spec: Path, tmp_path: Path) -> None:
    spec.write_text(SPEC + "owner: data-platform\ndocs: |\n  Two\n  lines\n", encoding="utf-8")
    plan = cache_in(tmp_path / "cache").plan_of(spec)
    [entry] = entries(tmp_path / "cache")
    for presentation in (b'{"contract":{}}', b"", b'{"owner":"x"},"executions":{}'):
        key, canonical, _ = entry.read_bytes().split(b"\n")
        entry.write_bytes(b"\n".join((key, canonical, presentation)))
        again = cache_in(tmp_path / "cache").plan_of(spec)
        assert again == plan, "compiled anew"
        assert (again.presentation.owner, again.presentation.docs) == ("data-platform", "Two\nlines\n")


def test_an_entry_of_the_format_before_is_compiled_anew(spec: Path, tmp_path: Path, compiled: list[str]) -> None:
    plan = cache_in(tmp_path / "cache").plan_of(spec)
    [entry] = entries(tmp_path / "cache")
    key, _, _ = entry.read_bytes().split(b"\n")
    entry.write_bytes(key + b"\n" + plan.model_dump_json().encode())
    assert cache_in(tmp_path / "cache").plan_of(spec) == plan
    assert len(compiled) == 2
