"""Every page, from the address to the answer: what is there, and what is not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, unquote

import pytest
from support.pages import PREFIX, Server, address, serving
from support.runs import HonestRun, honest, place

from dag_factory.evidence.reported import Figures, Judgement
from dag_factory.evidence.statement import Entry, Refusal
from dag_factory.links import EvidenceLink, RunLink, VerdictLink


def text_of(answer) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", re.sub(r"<style>.*?</style>", "", answer.text, flags=re.DOTALL)))


def entry_of(run: HonestRun, task_id: str) -> Entry:
    stored = run.record.newest(task_id)
    assert stored
    return stored.says.evidence[0]


def blob(run: HonestRun, digest: str) -> Path:
    return Path(run.store.blob_path(digest))


class TestWhatIsThere:
    def test_a_run_lists_its_phases_in_plan_order_with_their_verdicts(self, server: Server, run: HonestRun, at: str) -> None:
        answer = server.get(at)
        assert answer.status_code == 200, answer.text
        places = [answer.text.index(f"{at}/gates/{phase.id}") for phase in run.contract.phases]
        assert places == sorted(places)
        assert text_of(answer).count("PASSED") >= 3

    def test_a_verdict_answers_question_by_question_and_names_what_it_rests_on(self, server: Server, run: HonestRun, at: str) -> None:
        answer = server.get(f"{at}/gates/implementation")
        verdict = run.record.verdict("implementation")
        assert verdict
        for question in verdict.says.phasegate.checklists:
            assert question.says in answer.text
        for told in verdict.says.input_attestations:
            assert told.digest["sha256"][:12] in answer.text
        assert f"phasegate verify {run.store.path} --trust {run.record.charter.keyid}" in answer.text
        assert f"{verdict.digest}  {place(run, 'verdicts/implementation')}" in answer.text

    def test_a_failed_verdict_tells_every_finding(self, server: Server, run: HonestRun, at: str) -> None:
        run.contents[("integration/architect", "architecture")] = b"nothing\n"
        run.work("integration")
        judgement = run.answer("integration")
        assert judgement.word == "FAILED"
        said = text_of(server.get(f"{at}/gates/integration"))
        assert "✗ FAILED" in said
        assert "✓ PASSED" not in said
        for finding in judgement.findings:
            assert finding.rule in said

    def test_a_gate_that_was_not_asked_yet(self, server: Server, at: str) -> None:
        said = text_of(server.get(f"{at}/gates/integration"))
        assert "has not answered yet" in said
        assert "✓ PASSED" not in said

    def test_a_task_shows_files_checks_refusals_and_attempts(self, server: Server, run: HonestRun, at: str) -> None:
        refusal = Refusal(rule="workspace-symlink", path="evil", text="evil is a symbolic link.")
        run.deliver("validation/test-engineer", refusals=(refusal,))
        answer = server.get(f"{at}/tasks/validation/test-engineer")
        said = text_of(answer)
        assert "evil is a symbolic link." in said
        assert "make e2e" in said
        assert "0001.json" in said
        assert "0002.json" in said
        for entry in run.record.newest("validation/test-engineer").says.evidence:  # type: ignore[union-attr]
            assert f"{at}/tasks/validation/test-engineer/files/{entry.item}/{entry.name}" in answer.text
            assert f"{at}/tasks/validation/test-engineer/download/{entry.digest}" in answer.text

    def test_a_task_shows_what_an_agent_took(self, server: Server, run: HonestRun, at: str) -> None:
        evil = Figures(provider="acme", model="<b>large", conversation="c", requests=3, input_tokens=1200, output_tokens=34, cost="0.25")
        run.deliver("validation/documentation-writer", figures=evil)
        answer = server.get(f"{at}/tasks/validation/documentation-writer")
        assert "0.25 USD, 1,200 + 34 tokens, 3 requests, &lt;b&gt;large, acme" in answer.text
        assert "It took" in answer.text

    def test_a_verdict_in_somebodys_own_words_is_shown_as_what_it_is(self, server: Server, run: HonestRun, at: str) -> None:
        given = Judgement(verdict="FAILED", grade="attested", by="maria", notes="<b>It is slow.</b>", references=("javascript:alert(1)",))
        run.deliver("validation/product-manager", judgement=given)
        answer = server.get(f"{at}/tasks/validation/product-manager")
        said = text_of(answer)
        assert "Verdict of maria" in said
        assert "Grade: attested." in said
        assert "&lt;b&gt;It is slow.&lt;/b&gt;" in answer.text
        assert 'href="javascript' not in answer.text
        assert "<code>javascript:alert(1)</code>" in answer.text

    def test_a_merge_is_a_page_of_its_own(self, server: Server, run: HonestRun, at: str) -> None:
        answer = server.get(f"{at}/tasks/implementation/converge")
        assert answer.status_code == 200
        assert f"{at}/tasks/implementation/ingest.sdet" in answer.text
        for href in set(re.findall(r'href="([^"]*/converge/files/[^"]*)"', answer.text)):
            assert server.get(href.replace("&amp;", "&")).status_code == 200, href

    def test_every_link_of_every_page_leads_somewhere(self, server: Server, run: HonestRun, at: str) -> None:
        seen, todo = set(), [at]
        while todo:
            address = todo.pop()
            seen.add(address)
            answer = server.get(address)
            assert answer.status_code == 200, address
            if answer.headers["content-type"].startswith("text/html"):
                found = {href.replace("&amp;", "&") for href in re.findall(r'href="(/[^"]*)"', answer.text)}
                todo += sorted({href for href in found if "/phasegate/" in href} - seen - set(todo))
        assert len(seen) > 60

    def test_bytes_are_given_as_an_attachment_and_never_as_a_page(self, server: Server, run: HonestRun, at: str) -> None:
        entry = entry_of(run, "foundation/architect")
        answer = server.get(f"{at}/tasks/foundation/architect/download/{entry.digest}")
        assert answer.content == run.store.blob(entry.digest)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''ARCHITECTURE.md"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"].startswith("private")


class TestLinks:
    RUN = "scheduled__2026-11-23T06:00:00+00:00"

    def test_the_links_beside_airflows_tasks_lead_here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run ids have colons and pluses; Airflow's UI resolves a link against its base."""
        run = HonestRun(tmp_path / "home", run_id=self.RUN) if (tmp_path / "home").mkdir() is None else None
        assert run
        run.through("foundation")
        key = SimpleNamespace(dag_id=run.plan.workflow, run_id=run.run_id, task_id="foundation.architect")
        with serving(monkeypatch, run.tmp_path) as server:
            server.knows(run)
            gate = VerdictLink().get_link(SimpleNamespace(phase="foundation"), ti_key=key)
            task = SimpleNamespace(contract_id="foundation/architect")
            for link in (gate, EvidenceLink().get_link(task, ti_key=key), RunLink().get_link(None, ti_key=key)):
                answer = server.get(f"{PREFIX}/{link}")
                assert answer.status_code == 200, link
                assert self.RUN in text_of(answer)
                for href in re.findall(r'href="(/[^"]*/runs/[^"]*)"', answer.text):
                    assert quote(self.RUN, safe="") in href
            assert server.get(f"{PREFIX}/{gate}".replace("%2B", "+").replace("%3A", ":")).status_code == 200
            login = re.findall(r"auth/login\?next=([^\"]*)", server.get(f"{PREFIX}/{gate}", who=None).text)[0]
            assert server.get(unquote(login)).status_code == 200


class TestWhatIsNotThere:
    @pytest.mark.parametrize(
        ("path", "says"),
        [
            ("/gates/nowhere", "has no phase nowhere"),
            ("/tasks/nowhere/architect", "has no phase nowhere"),
            ("/tasks/foundation/nobody", "has no task nobody"),
            ("/tasks/foundation/nobody/files/x/y", "has no task nobody"),
            ("/tasks/foundation/architect/files/architecture/OTHER.md", "names no such file"),
            ("/tasks/foundation/architect/files/other/ARCHITECTURE.md", "names no such file"),
            (f"/tasks/foundation/architect/download/{'0' * 64}", "names that digest"),
            ("/nonsense", "nothing at this address"),
        ],
    )
    def test_no_such_phase_task_or_file(self, server: Server, at: str, path: str, says: str) -> None:
        answer = server.get(at + path)
        assert answer.status_code == 404
        assert says in text_of(answer)

    def test_no_such_run(self, server: Server, run: HonestRun, at: str) -> None:
        answer = server.get(address(run.plan.workflow, "manual__gone"))
        assert answer.status_code == 404
        assert "knows no run manual__gone" in text_of(answer)

    def test_a_dag_without_phasegate(self, server: Server, run: HonestRun, at: str) -> None:
        server.run(run.plan.workflow, "other", operator="PythonOperator", number=2)
        answer = server.get(address(run.plan.workflow, "other"))
        assert answer.status_code == 404
        assert "not built by Phasegate" in text_of(answer)

    def test_a_run_that_has_not_begun(self, server: Server, run: HonestRun, at: str) -> None:
        server.run(run.plan.workflow, "manual__2", number=2)
        answer = server.get(address(run.plan.workflow, "manual__2"))
        assert answer.status_code == 404
        assert "no charter yet" in text_of(answer)

    def test_a_run_whose_dag_was_deleted_is_not_shown_to_anybody(self, server: Server, run: HonestRun) -> None:
        """The evidence is there, and who may read it can no longer be asked."""
        answer = server.get(address(run.plan.workflow, run.run_id))
        assert answer.status_code == 404
        assert "knows no DAG orders_mart" in text_of(answer)
        assert server.get(address(run.plan.workflow, run.run_id), who="eve").status_code == 403

    def test_a_run_deleted_in_airflow_is_not_shown(self, server: Server, run: HonestRun) -> None:
        server.dag(run.plan.workflow, "red")
        assert server.get(address(run.plan.workflow, run.run_id)).status_code == 404


class TestBytesOfOthers:
    """A blob is reached only through a statement of that very run and task which names its digest."""

    def test_bytes_of_another_task(self, server: Server, run: HonestRun, at: str) -> None:
        digest = entry_of(run, "foundation/architect").digest
        assert server.get(f"{at}/tasks/foundation/ux-designer/download/{digest}").status_code == 404

    def test_bytes_of_another_run(self, server: Server, run: HonestRun, at: str, tmp_path: Path) -> None:
        other = honest(tmp_path / "other", through="foundation")
        secret = other.store.put_bytes(b"another team's\n")
        other.deliver("foundation/architect", log=secret)
        shutil.copytree(other.store.path, run.store.path.parent / "manual__2")
        server.run(run.plan.workflow, "manual__2", number=2)
        assert server.get(f"{at}/tasks/foundation/architect/download/{secret}").status_code == 404
        assert server.get(f"{address(run.plan.workflow, 'manual__2')}/tasks/foundation/architect/download/{secret}").status_code == 409

    def test_bytes_that_only_lie_in_the_store(self, server: Server, run: HonestRun, at: str) -> None:
        for digest in (run.store.put_bytes(b"unsigned\n"), run.record.charter.says.plan):
            assert server.get(f"{at}/tasks/foundation/architect/download/{digest}").status_code == 404

    def test_a_statement_signed_by_somebody_else_opens_nothing(self, server: Server, run: HonestRun, at: str) -> None:
        secret = run.store.put_bytes(b"not hers\n")
        run.deliver("foundation/architect", signer="sdet", log=secret)
        assert server.get(f"{at}/tasks/foundation/architect/download/{secret}").status_code == 404
        assert "made for something else" in text_of(server.get(f"{at}/tasks/foundation/architect"))

    def test_a_statement_of_another_task_put_here_opens_nothing(self, server: Server, run: HonestRun, at: str) -> None:
        digest = entry_of(run, "implementation/ingest.software-engineer").digest
        shutil.copy(
            place(run, "statements/implementation/ingest.software-engineer"),
            place(run, "statements/implementation/daily_mart.software-engineer", 2),
        )
        answer = server.get(f"{at}/tasks/implementation/daily_mart.software-engineer/download/{digest}")
        own = {entry.digest for entry in run.record.statements["implementation/daily_mart.software-engineer"][0].says.evidence}
        assert answer.status_code == (200 if digest in own else 404)

    @pytest.mark.parametrize(
        "name",
        [
            "../../../../../../etc/passwd",
            "..%2f..%2f..%2fetc%2fpasswd",
            "%2e%2e/%2e%2e/etc/passwd",
            "/etc/passwd",
            "a%00b",
            "x\\..\\y",
            "%ff",
        ],
    )
    @pytest.mark.parametrize("where", ["files/architecture/", "download/"])
    def test_names_that_lead_elsewhere(self, server: Server, at: str, name: str, where: str) -> None:
        answer = server.get(f"{at}/tasks/foundation/architect/{where}{name}")
        assert answer.status_code == 404
        assert "root:" not in answer.text


class TestHostileNames:
    NAME = 'a "quoted" <script>alert(1)</script> 100% ä?&#.md'

    def test_a_name_full_of_tricks_is_shown_and_found(self, server: Server, run: HonestRun, at: str) -> None:
        digest = run.store.put_bytes(b"# Hello\n")
        entry = Entry(task="foundation/architect", item="architecture", name=self.NAME, digest=digest, size=8, grade="observed")
        run.deliver("foundation/architect", evidence=(entry,))
        answer = server.get(f"{at}/tasks/foundation/architect")
        assert "<script" not in answer.text
        [href] = set(re.findall(r'href="([^"]*/files/[^"]*)"', answer.text))
        shown = server.get(href)
        assert shown.status_code == 200
        assert "<script" not in shown.text
        given = server.get(f"{at}/tasks/foundation/architect/download/{digest}").headers["content-disposition"]
        assert unquote(given.removeprefix("attachment; filename*=UTF-8''")) == self.NAME.rpartition("/")[2]
        assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w%.~-]+", given)
