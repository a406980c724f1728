"""Pages of what cannot be believed, and of a store that does not answer."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from support.pages import Server, address
from support.runs import HonestRun, place, resign

from dag_factory.evidence.statement import Entry


def text_of(answer) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", re.sub(r"<style>.*?</style>", "", answer.text, flags=re.DOTALL)))


def entry_of(run: HonestRun, task_id: str) -> Entry:
    stored = run.record.newest(task_id)
    assert stored
    return stored.says.evidence[0]


def blob(run: HonestRun, digest: str) -> Path:
    return Path(run.store.blob_path(digest))


class TestWhatCannotBeBelieved:
    def test_an_edited_verdict_is_invalid_whatever_it_says(self, server: Server, run: HonestRun, at: str) -> None:
        path = place(run, "verdicts/foundation")
        path.write_bytes(path.read_bytes().replace(b'"payload":"ey', b'"payload":"eY', 1))
        for page in (f"{at}/gates/foundation", at):
            assert "INVALID" in text_of(server.get(page))
        assert "PASSED" not in text_of(server.get(f"{at}/gates/foundation"))

    @pytest.mark.parametrize("signer", ["architect", "sdet"])
    def test_a_verdict_signed_by_a_persona_is_invalid(self, server: Server, run: HonestRun, at: str, signer: str) -> None:
        resign(run, place(run, "verdicts/foundation"), lambda payload: None, signer=signer)
        assert "INVALID" in text_of(server.get(f"{at}/gates/foundation"))

    def test_a_verdict_of_another_phase_is_invalid(self, server: Server, run: HonestRun, at: str) -> None:
        shutil.copy(place(run, "verdicts/foundation"), place(run, "verdicts/implementation", 2))
        said = text_of(server.get(f"{at}/gates/implementation"))
        assert "INVALID" in said
        assert "of another run, plan or phase" in said

    def test_work_done_again_after_the_verdict(self, server: Server, run: HonestRun, at: str) -> None:
        run.deliver("foundation/architect")
        answer = server.get(f"{at}/gates/foundation")
        assert "INVALID" in text_of(answer)
        assert "done again, or taken away" in text_of(answer)

    def test_work_taken_away_after_the_verdict(self, server: Server, run: HonestRun, at: str) -> None:
        place(run, "statements/foundation/architect").unlink()
        said = text_of(server.get(f"{at}/gates/foundation"))
        assert "INVALID" in said
        assert "missing or altered" in said

    def test_an_edited_statement_shows_nothing_of_what_it_says(self, server: Server, run: HonestRun, at: str) -> None:
        path = place(run, "statements/foundation/architect")
        path.write_bytes(path.read_bytes().replace(b'"sig":"', b'"sig":"AAAA', 1))
        answer = server.get(f"{at}/tasks/foundation/architect")
        assert "invalid" in text_of(answer)
        assert "/files/" not in answer.text

    def test_altered_bytes_are_not_shown_and_not_given(self, server: Server, run: HonestRun, at: str) -> None:
        entry = entry_of(run, "foundation/architect")
        blob(run, entry.digest).write_bytes(b"x" * entry.size)
        page = f"{at}/tasks/foundation/architect"
        shown = server.get(f"{page}/files/{entry.item}/{entry.name}")
        assert shown.status_code == 200
        assert "other bytes than those that were signed" in text_of(shown)
        assert "xxxx" not in text_of(shown)
        assert server.get(f"{page}/download/{entry.digest}").status_code == 404

    def test_missing_bytes_are_said_to_be_missing(self, server: Server, run: HonestRun, at: str) -> None:
        entry = entry_of(run, "foundation/architect")
        blob(run, entry.digest).unlink()
        page = f"{at}/tasks/foundation/architect"
        assert "not in the store" in text_of(server.get(page))
        assert "does not hold this file any more" in text_of(server.get(f"{page}/files/{entry.item}/{entry.name}"))
        assert server.get(f"{page}/download/{entry.digest}").status_code == 404

    def test_a_link_or_a_pipe_in_the_place_of_a_file(self, server: Server, run: HonestRun, at: str, tmp_path: Path) -> None:
        entry = entry_of(run, "foundation/architect")
        path = blob(run, entry.digest)
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        page = f"{at}/tasks/foundation/architect"
        assert server.get(f"{page}/download/{entry.digest}").status_code == 503
        path.unlink()
        os.mkfifo(path)
        assert server.get(f"{page}/download/{entry.digest}").status_code == 404

    def test_a_large_file_that_was_altered_never_arrives_whole(self, server: Server, run: HonestRun, at: str) -> None:
        data = os.urandom(1 << 20)
        digest = run.store.put_bytes(data)
        run.deliver("foundation/architect", log=digest)
        address = f"{at}/tasks/foundation/architect/download/{digest}"
        assert server.get(address).content == data
        blob(run, digest).write_bytes(data[:-1] + b"x")
        try:
            arrived = server.get(address).content
        except Exception:  # the connection was cut off
            return
        assert len(arrived) < len(data)

    def test_a_charter_of_another_key_or_another_kickoff(self, server: Server, run: HonestRun, at: str) -> None:
        run.kickoff()
        answer = server.get(at)
        assert answer.status_code == 409
        assert "not the one that `kickoff`" in text_of(answer)
        shutil.rmtree(run.tmp_path / "keys")
        other = HonestRun(run.tmp_path)
        assert other.record.charter.keyid != run.plan.digest
        third = HonestRun(run.tmp_path, run_id="manual__3")
        server.run(run.plan.workflow, "manual__3", charter=third.record.charter.digest, number=3)
        (run.tmp_path / "keys" / "phasegate.pem").unlink()
        run.keys.signer("phasegate", make=True)
        answer = server.get(address(run.plan.workflow, "manual__3"))
        assert answer.status_code == 409
        assert "a key that this installation does not have" in text_of(answer)

    @pytest.mark.parametrize("page", ["", "/gates/foundation", "/tasks/foundation/architect"])
    def test_a_run_made_again_under_an_old_name_shows_nothing_of_the_old_one(self, server: Server, run: HonestRun, page: str) -> None:
        """What `kickoff` pushed died with the deleted run; until it has pushed anew, the store speaks of another run."""
        server.dag(run.plan.workflow, "red")
        server.run(run.plan.workflow, run.run_id)
        answer = server.get(address(run.plan.workflow, run.run_id) + page)
        assert answer.status_code == 409
        assert "may be of an earlier run of this name" in text_of(answer)
        assert "PASSED" not in text_of(answer)

    def test_a_plan_that_was_altered(self, server: Server, run: HonestRun, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
        from phasegate_plugin.pages import opening

        monkeypatch.setattr(opening, "_contracts", opening._Contracts(2))
        blob(run, run.record.charter.says.plan).write_bytes(b"{}")
        assert server.get(at).status_code == 409


class TestTheStoreItself:
    def test_a_store_that_is_another_than_the_workers(self, server: Server, run: HonestRun, at: str) -> None:
        shutil.rmtree(run.tmp_path / "evidence")
        answer = server.get(at)
        assert answer.status_code == 503
        assert "evidence_root" in text_of(answer)

    def test_a_store_that_cannot_be_read(self, server: Server, run: HonestRun, at: str) -> None:
        charters = run.store.path / "charters"
        shutil.rmtree(charters)
        charters.symlink_to(charters)  # as good as an input/output error
        answer = server.get(at)
        assert answer.status_code == 503
        assert str(run.tmp_path) not in answer.text

    def test_object_storage_that_does_not_answer(self, server: Server, run: HonestRun, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW__PHASEGATE__EVIDENCE_ROOT", "nowhere://conn@bucket/evidence")
        answer = server.get(at)
        assert answer.status_code == 503
        assert "bucket" not in answer.text

    def test_a_fault_of_ours_leaks_nothing(self, server: Server, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
        from phasegate_plugin.pages import app

        def broken(*_):
            raise RuntimeError("the secret is 42")

        monkeypatch.setattr(app, "run_view", broken)
        answer = server.get(at)
        assert answer.status_code == 500
        assert "42" not in text_of(answer)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
