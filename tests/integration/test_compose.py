"""The team's Airflow of docker-compose.yaml: its services as processes, the standard workflow on two Celery workers.

The workers have separate work folders; a git remote on loopback, the evidence store and the keys are all they share. Where PostgreSQL, Redis
or a provider is missing the test is skipped; with PHASEGATE_REQUIRE_SERVICES=1 it fails.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pendulum
import pytest
from support import composition
from support.house import ORDERS, git, make_repository
from support.rest import Rest
from support.services import Team, missing

from dag_factory.cli.demo.api import ApiError
from dag_factory.cli.demo.home import without_slip
from dag_factory.cli.demo.processes import Component
from dag_factory.cli.demo.settings import HOST, free_port
from dag_factory.cli.runs import find_run, record_of
from dag_factory.evidence.verify import verify_run
from dag_factory.runners import warden

ROOT = Path(__file__).parents[2]
DAG, RUN = "orders_mart", "team"
WORKERS = ("worker-1", "worker-2")


LACKING = missing()
REQUIRED = os.environ.get("PHASEGATE_REQUIRE_SERVICES") == "1"
WHY = f"not on this machine: {', '.join(LACKING)}. Install Debian's postgresql, redis and curl, and the extra `compose`."
pytestmark = pytest.mark.skipif(bool(LACKING) and not REQUIRED, reason=WHY)


@contextlib.contextmanager
def git_remote(folder: Path) -> Iterator[str]:
    """Serve the sample's repository on loopback, and give its URL."""
    source = make_repository(folder / "source", ORDERS / "repo")
    git("clone", "--quiet", "--bare", str(source), str(folder / "served" / "orders.git"), cwd=folder)
    port = free_port(None)
    where = (f"--listen={HOST}", f"--port={port}", f"--base-path={folder / 'served'}")
    words = ["git", "daemon", *where, "--export-all", "--enable=receive-pack"]
    with (folder / "git.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", warden.__file__, *words], stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
    daemon = Component("git", process, folder / "git.log")
    try:
        yield f"git://{HOST}:{port}/orders.git"
    finally:
        daemon.release()
        process.wait(10)


def dags(folder: Path) -> Path:
    """The DAG folder of this repository, with the sample in it, but not its schedule."""
    shutil.copytree(ROOT / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "workflows").mkdir(exist_ok=True)
    spec, times = re.subn(r"^schedule: .*\n", "", (ORDERS / "workflow.yaml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert times == 1, "no run but the test's own: unpausing makes a scheduled one too"
    (folder / "workflows" / f"{DAG}.yaml").write_text(spec, encoding="utf-8")
    shutil.copytree(ORDERS / "personas", folder / "workflows" / "personas", ignore=shutil.ignore_patterns("__pycache__"))
    without_slip(folder / "workflows" / "personas")
    return folder


class Visitor(Rest):
    """Somebody with a login and a password."""

    def sign_in(self, login: str, password: str) -> None:
        """Get a token, and show it from now on."""
        token = self._ask("POST", "/auth/token", {"username": login, "password": password})["access_token"]
        self._opener.addheaders = [("Authorization", f"Bearer {token}")]

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run: Airflow pauses new ones."""
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    assert not LACKING, WHY
    root = tmp_path_factory.mktemp("team")
    names = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "AIRFLOW_API_SECRET", "AIRFLOW_JWT_SECRET")
    with git_remote(tmp_path_factory.mktemp("remote")) as url:
        variables = {name: secrets.token_hex(32) for name in names} | {
            "AIRFLOW_FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW_USERS": "maria:admin",
            "AIRFLOW_WORKER_CONCURRENCY": "2",
            "AIRFLOW_CONN_ORDERS_REPO": json.dumps({"conn_type": "git", "host": url}),
        }
        checkout = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
        services = composition.services(ROOT / "docker-compose.yaml", variables)
        with Team(services, root, {"./dags": dags(root / "dags")}, {"PYTHONPATH": checkout}).up() as started:
            yield started


@pytest.fixture(scope="module")
def maria(team: Team) -> Visitor:
    """The one who may do everything, signed in as anybody signs in."""
    passwords = team.volume("auth") / "passwords.json"
    team.until(passwords.is_file, 60, lambda: "passwords are made")
    visitor = Visitor(team.url)
    visitor.warm()
    visitor.sign_in("maria", json.loads(passwords.read_text(encoding="utf-8"))["maria"])
    return visitor


def test_nobody_gets_in_without_signing_in(team: Team) -> None:
    with pytest.raises(ApiError) as refused:
        Visitor(team.url).knows(DAG)
    assert refused.value.code == 401


def test_every_service_becomes_healthy(team: Team) -> None:
    for name in (name for name, service in team.services.items() if service.health):
        team.until(partial(team.well, name), 90, lambda name=name: str(team.check(name)))  # type: ignore[misc]


def test_the_standard_workflow_is_a_mission_success_on_two_workers(team: Team, maria: Visitor) -> None:
    team.until(lambda: maria.knows(DAG), 90, lambda: f"the DAG is there: {maria.import_errors()}")
    maria.unpause(DAG)
    maria.trigger(DAG, RUN)

    def states() -> str:
        return str({task.task_id: task.state for task in maria.tasks(DAG, RUN)})

    ended = team.until(lambda: (state := maria.run_state(DAG, RUN)) in ("success", "failed") and state, 400, states)
    assert ended == "success", states()

    store = find_run(f"{DAG}/{RUN}", team.volume("evidence"))
    judgements, answers, findings = verify_run(record_of(store), store.blob, pendulum.now("UTC"))
    assert findings == ()
    assert [judgement.word for judgement in judgements] == ["PASSED"] * 4
    assert len(answers) == 9
    assert all(answer.holds for answer in answers)


def test_the_remote_has_the_approved_branch_and_main_stands(team: Team, maria: Visitor) -> None:
    git_url = json.loads(team.services["worker-1"].environment["AIRFLOW_CONN_ORDERS_REPO"])["host"]
    refs = {name: commit for commit, name in (line.split("\t") for line in git("ls-remote", git_url, cwd=team.root).splitlines())}
    verdict = record_of(find_run(f"{DAG}/{RUN}", team.volume("evidence"))).verdict("integration")
    assert verdict is not None
    assert refs[f"refs/heads/phasegate/{DAG}/{RUN}"] == verdict.says.phasegate.approved
    charter = record_of(find_run(f"{DAG}/{RUN}", team.volume("evidence"))).charter
    assert refs["refs/heads/main"] == charter.says.base


def test_both_workers_worked_apart_from_each_other(team: Team) -> None:
    for name in WORKERS:
        assert list((team.volume(name.replace("worker", "work")) / "mirrors").glob("*.git")), f"{name} did nothing"
        assert "succeeded in" in team.log(name)


def test_workers_know_no_secret_but_the_broker_s(team: Team) -> None:
    secret = {name: value for name, value in team.services["scheduler"].environment.items() if name.endswith(("_KEY", "_SECRET", "_CONN"))}
    assert len(secret) == 4
    for name in WORKERS:
        said = "".join(team.services[name].environment.values())
        assert not [key for key, value in secret.items() if value in said]
