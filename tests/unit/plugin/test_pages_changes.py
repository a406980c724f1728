"""The diff of a sealed commit: from a real bundle and a real repository, and what is told where one of them is not here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from phasegate_plugin.pages import changes
from support.orders import SPEC
from support.pages import Server, serving
from support.runs import HonestRun

from dag_factory.evidence.statement import Sealed
from dag_factory.workspace.private import PrivateRepository

TEXT = SPEC.replace("{git: orders_repo}", "{git: ./product}")


@pytest.fixture
def base(tmp_path: Path) -> str:
    """A repository with one commit, beside the spec."""
    product = tmp_path / "product"
    product.mkdir()
    (product / "README.md").write_text("old line\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "gc.auto=0", "-C", str(product)]
    for words in (["init", "-q", "-b", "main", "--template="], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def run(tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> HonestRun:
    made = HonestRun(tmp_path, text=TEXT)
    made.kickoff(base=base)
    monkeypatch.setattr(changes, "_kept", changes._Kept(4))
    return made


@pytest.fixture
def server(run: HonestRun, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(monkeypatch, run.tmp_path) as made:
        yield made


def sealed(run: HonestRun, base: str, files: dict[str, str]) -> Sealed:
    """Seal files as a task does, and keep the bundle."""
    where = run.tmp_path / "work-of-a-task"
    repository = PrivateRepository.create(where, objects=run.tmp_path / "product" / ".git", commit=base)
    for name, text in files.items():
        (repository.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (repository.tree / name).write_text(text)
    made = repository.seal(writes=("**", ".gitattributes"), declared=(), message="work")
    assert made.commit
    repository.bundle(base, made.commit, where / "bundle")
    return Sealed(commit=made.commit, tree=made.tree, bundle=run.store.put_bytes((where / "bundle").read_bytes()))


def shown(server: Server, run: HonestRun) -> str:
    answer = server.get(f"{server.knows(run)}/tasks/foundation/architect")
    assert answer.status_code == 200
    return str(answer.text)


def test_what_was_changed_is_shown(server: Server, run: HonestRun, base: str) -> None:
    run.deliver("foundation/architect", base=base, sealed=sealed(run, base, {"README.md": "new <b>line</b>\n"}))
    text = shown(server, run)
    assert "old line" in text
    assert "new &lt;b&gt;line&lt;/b&gt;" in text


def test_no_program_of_the_work_is_run(server: Server, run: HonestRun, base: str) -> None:
    """Attributes of the tree may name drivers, and the repository's own configuration may say what they are: neither is asked."""
    proof = run.tmp_path / "proof"
    for key in ("diff.evil.textconv", "diff.evil.command", "diff.external", "core.fsmonitor"):
        subprocess.run(["git", "-C", str(run.tmp_path / "product"), "config", key, f"touch {proof} #"], check=True)
    work = sealed(run, base, {".gitattributes": "*.md diff=evil\n", "README.md": "new\n"})
    run.deliver("foundation/architect", base=base, sealed=work)
    assert "old line" in shown(server, run)
    assert not proof.exists()


def test_a_large_change_is_shown_in_part(server: Server, run: HonestRun, base: str) -> None:
    files = {f"src/{number}.txt": "a line of text\n" * 10_000 for number in range(8)} | {"big.bin": "y" * 2_000_000}
    run.deliver("foundation/architect", base=base, sealed=sealed(run, base, files))
    assert len(shown(server, run)) < 3_000_000


def test_a_repository_that_is_not_on_this_machine(server: Server, run: HonestRun, base: str) -> None:
    run.deliver("foundation/architect", base=base, sealed=sealed(run, base, {"README.md": "new\n"}))
    (run.tmp_path / "product").rename(run.tmp_path / "elsewhere")
    text = shown(server, run)
    assert "not on the API server" in text
    assert "git bundle unbundle" in text
    assert str(run.tmp_path / "product") not in text


def test_a_bundle_that_was_altered(server: Server, run: HonestRun, base: str) -> None:
    work = sealed(run, base, {"README.md": "new\n"})
    run.deliver("foundation/architect", base=base, sealed=work)
    run.store.blob_path(work.bundle).write_bytes(b"# v2 git bundle\n")
    assert "missing from the store, or was altered" in shown(server, run)


def test_the_same_diff_is_made_once(server: Server, run: HonestRun, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run.deliver("foundation/architect", base=base, sealed=sealed(run, base, {"README.md": "new\n"}))
    first = shown(server, run)
    monkeypatch.setattr(changes, "_diff", lambda *_: pytest.fail("it was made again"))
    assert server.get(f"/airflow/phasegate/dags/orders_mart/runs/{run.run_id}/tasks/foundation/architect").text == first


def test_who_waits_too_long_for_git_is_told_so(server: Server, run: HonestRun, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run.deliver("foundation/architect", base=base, sealed=sealed(run, base, {"README.md": "new\n"}))
    monkeypatch.setattr(changes, "_PATIENCE", 0.01)
    with changes._kept.lock:
        assert "other diffs" in shown(server, run)
