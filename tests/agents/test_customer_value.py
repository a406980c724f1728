"""examples/customer_value as it is committed, from its first task to MISSION SUCCESS on a real Airflow: people answer through REST, the real `claude` works
with a scripted model, tools measure. What a visitor brings is brought: a repository, a key and where the model is, accounts, a pool, variables, a mail server.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from agents.conftest import KEY, ROOT
from support.airflow import RealAirflow, Run
from support.house import git
from support.models import Model, scripted
from support.people import Person
from support.post import PostOffice, post_office
from support.value import FEATURES, STORIES, UX, agent, repository

EXAMPLE = ROOT / "examples" / "customer_value"
LOADER = '"""Makes Airflow DAGs."""\n\nfrom dag_factory import load_workflows\n\nload_workflows(globals(), "customer_value")\n'
BOUND = "env: {ANTHROPIC_API_KEY: {var: anthropic_api_key}}"
HERE = BOUND.replace("}}", "}, ANTHROPIC_BASE_URL: {env: MODEL_URL}}")
PHASES = ("foundation", "implementation", "validation", "integration")
BUILT = [f"implementation/{feature}.{persona}" for feature in FEATURES for persona in ("software-engineer", "sdet")]
AGENTS = ["foundation/architect", *BUILT, "integration/architect"]
CHECKS = ["validation/test-engineer", "validation/performance-engineer", "validation/security-engineer", "integration/integration-engineer"]
PLAIN = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"}
PATIENCE = 900.0


@dataclass
class Flight:
    """The run, when it has ended, and what was beside it."""

    run: Run
    state: str
    product: Path
    model: Model
    post: PostOffice

    def said(self, task: str):
        return self.run.record.newest(task).says


def furnish(airflow: RealAirflow) -> None:
    """Lay the example into the DAG folder, and bring what its README asks for."""
    place = airflow.home.dags / "customer_value"
    shutil.copytree(EXAMPLE, place)
    text = (place / "workflow.yaml").read_text(encoding="utf-8")
    assert text.count(BOUND) == 1
    (place / "workflow.yaml").write_text(text.replace(BOUND, HERE), encoding="utf-8")
    with (airflow.home.dags / ".airflowignore").open("a", encoding="utf-8") as ignored:
        ignored.write("customer_value/\n")
    (airflow.home.dags / "customer_value.py").write_text(LOADER, encoding="utf-8")
    for name, value in (("anthropic_api_key", KEY), ("customer_value_target", "staging")):
        airflow.api.insist("POST", "/api/v2/variables", {"key": name, "value": value})
    airflow.api.insist("POST", "/api/v2/pools", {"name": "deployments", "slots": 1})


def answer(run: Run) -> str:
    """Everybody who is asked answers, one after another; the state the run ends in."""

    def say(login: str, task: str, option: str, **form: object) -> None:
        run.asks(task, seconds=PATIENCE)
        assert Person(run.airflow, login).answer(run, task, option, **form) == 200

    say("uli", "foundation.ux-designer", "Done", **{"ux.file": UX, "notes": "", "references": []})
    say("maria", "foundation.product-manager", "Done", **{"stories.file": STORIES, "notes": "", "references": []})
    seen = {
        f"verdicts.{story['id']}.{name}": value
        for story in STORIES["stories"]
        for name, value in (("verdict", "PASSED"), ("observed", f"I walked it, and {story['feature']} is there."))
    }
    say("erin", "validation.product-manager", "PASSED", **seen, notes="", references=["https://example.com/walk"])
    say("lea", "integration.approve-1", "Approve", reason="It is what we asked for.")
    return run.end(PATIENCE)


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[Flight]:
    folder = tmp_path_factory.mktemp("value")
    (folder / "nothing").mkdir()
    product = repository(folder / "product")
    with pytest.MonkeyPatch.context() as patch, scripted(agent) as model, post_office() as post:
        patch.setenv("PATH", str(installed), prepend=":")
        brought = {
            "MODEL_URL": model.url,
            "AIRFLOW_CONN_CUSTOMER_VALUE_REPO": json.dumps({"conn_type": "git", "host": str(product)}),
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": post.port, "extra": PLAIN}),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # it may be just that hour
        }  # fmt: skip
        with RealAirflow.running(folder / "home", folder / "nothing", **brought) as airflow:
            furnish(airflow)
            run = airflow.run("customer_value/flown")
            Person(airflow, "nina").start(run)
            yield Flight(run, answer(run), product, model, post)


pytestmark = pytest.mark.airflow


def test_it_ends_in_success_and_every_gate_passed(flight):
    assert flight.state == "success", flight.run.states
    assert "MISSION SUCCESS: Customer lifetime value per segment, for the growth team" in flight.run.log("complete")
    assert [flight.run.word(phase) for phase in PHASES] == ["PASSED"] * 4
    assert not any(flight.run.record.rounds.values()), "nothing had to be mended"
    verified = subprocess.run(
        [str(Path(sys.executable).with_name("phasegate")), "verify", str(flight.run.store.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_people_are_who_answered(flight):
    asked = {"foundation/ux-designer": "uli", "foundation/product-manager": "maria", "validation/product-manager": "erin"}
    assert {task: flight.said(task).principals for task in asked} == {task: (f"login:{who}",) for task, who in asked.items()}
    judged = flight.said("validation/product-manager").judgement
    assert (judged.verdict, judged.grade, judged.by, judged.references) == ("PASSED", "attested", "erin", ("https://example.com/walk",))
    [approval] = flight.run.record.decisions["integration"]
    assert (approval.says.answer, approval.says.by, approval.says.reason) == ("approve", "lea", "It is what we asked for.")
    assert flight.run.record.charter.says.triggered_by == "nina"


def test_each_task_of_the_agent_is_a_conversation_of_its_own_with_figures(flight):
    talks = set()
    for task in AGENTS:
        said, figures = flight.said(task), flight.said(task).figures
        assert (said.runner, said.outcome, figures.provider, figures.requests, figures.input_tokens, figures.output_tokens) == (
            "agent", "completed", "anthropic", 2, 2000, 100,
        )  # fmt: skip
        assert 0 < float(figures.cost) < 5
        assert said.principals == (
            f"agent:anthropic/{figures.model}/{figures.conversation}",
            f"conversation:anthropic:{figures.conversation}",
        )
        talks.add(figures.conversation)
    assert len(talks) == len(AGENTS)
    assert {asked.headers["x-api-key"] for asked in flight.model.work} == {KEY}


def test_tools_are_named_by_their_scripts_and_checks_are_nobodys_claim(flight):
    for task, script in (("validation/documentation-writer", "documentation_writer.py"), ("integration/devops", "deployment.sh")):
        digest = hashlib.sha256((EXAMPLE / "personas" / script).read_bytes()).hexdigest()
        assert f"script:sha256:{digest}" in flight.said(task).principals
    assert flight.said("integration/devops").runner == "operator"
    for task in CHECKS:
        said = flight.said(task)
        assert (said.runner, said.principals, {entry.grade for entry in said.evidence}) == ("check", (), {"re-executed"})


def test_the_approved_commit_is_a_branch_and_main_is_as_it_was(flight):
    branch = "phasegate/customer_value/flown"
    [completion] = flight.run.record.completions
    assert completion.says.word == "PASSED"
    assert git("rev-parse", branch, cwd=flight.product) == flight.run.record.verdict("integration").says.phasegate.approved
    assert git("log", "--format=%s", "main", cwd=flight.product) == "Start"
    files = set(git("ls-tree", "-r", "--name-only", branch, cwd=flight.product).splitlines())
    assert {
        "ARCHITECTURE.md",
        "UX.md",
        "stories.json",
        "docs/API.md",
        "deploy/DEPLOY.md",
        *(f"src/customers/{name}.py" for name in FEATURES),
    } <= files
    assert git("show", f"{branch}:deploy/infrastructure.yaml", cwd=flight.product).startswith("target: staging\n")


def test_the_team_is_mailed_whenever_somebody_is_asked(flight):
    flight.run.airflow.until(
        lambda: len(flight.post.mails) == 4, 30, lambda: f"four mails: {[mail['subject'] for mail in flight.post.mails]}"
    )
    assert {mail["to"] for mail in flight.post.mails} == {"growth-data@example.com"}
    assert all("waits for" in str(mail["subject"]) for mail in flight.post.mails)


def test_the_key_is_nowhere(flight):
    home = flight.run.airflow.home
    made = (path for path in home.root.rglob("*") if path.is_file() and not path.is_symlink())
    assert [path for path in made if KEY.encode() in path.read_bytes()] == []
