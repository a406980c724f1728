"""What docs/workspaces.md shows is true: its example is a workflow, its connections open a remote, its forms lead where it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.house import House, git, make_repository
from support.remotes import http_remote
from test_readme import anchors, block
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.operators.base import origin_of
from dag_factory.settings import hidden_places

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "workspaces.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLE = block(TEXT, "yaml", "workflow:")
CONNECTIONS = [json.loads(part.partition("```")[0]) for part in TEXT.split("```json\n")[1:]]


def test_the_example_is_a_workflow(tmp_path: Path) -> None:
    (tmp_path / "workflow.yaml").write_text(EXAMPLE, encoding="utf-8")
    result = CliRunner().invoke(app, ["lint", str(tmp_path)])
    assert result.exit_code == 0, result.output


def test_the_connections_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    token, key = CONNECTIONS
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS_REPO", json.dumps(token))
    origin = origin_of({"git": "orders_repo", "branch": "main"}, ROOT)
    assert origin is not None
    assert (origin.location, origin.access.login, origin.access.password) == (token["host"], token["login"], token["password"])
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS_REPO", json.dumps(key))
    origin = origin_of({"git": {"conn": "orders_repo"}, "branch": "main"}, ROOT)
    assert origin is not None
    assert (origin.location, origin.access.private_key) == (key["host"], key["extra"]["private_key"])


@pytest.mark.parametrize("where", ["orders_repo", "https://me:pass@host/x"])
def test_what_opens_a_remote_is_written_where_no_program_reads(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS_REPO", json.dumps(CONNECTIONS[0]))
    origin = origin_of({"git": where, "branch": "main"}, ROOT)
    assert origin is not None
    assert origin.access.place is not None
    assert hidden_places()[0] in origin.access.place.parents


def test_the_example_begins_over_a_remote_that_asks_for_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = CONNECTIONS[0]
    make_repository(tmp_path / "clone")
    (tmp_path / "served").mkdir()
    git("clone", "-q", "--bare", str(tmp_path / "clone"), str(tmp_path / "served/orders.git"), cwd=tmp_path)
    house = House(tmp_path / "house", monkeypatch)
    with http_remote(tmp_path / "served", token["login"], "t0ken") as remote:
        opened = token | {"host": f"{remote.url}/orders.git", "password": "t0ken"}
        monkeypatch.setenv("AIRFLOW_CONN_ORDERS_REPO", json.dumps(opened))
        house.write(EXAMPLE)
        house.run("kickoff")
    assert house.failures == {}
    assert house.record.charter.says.base == git("rev-parse", "main", cwd=tmp_path / "clone")


def test_its_links_lead_somewhere() -> None:
    for target in (target for target in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in target):
        name, _, anchor = target.partition("#")
        found = (PAGE.parent / name).resolve()
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target
    for name in re.findall(r"`(tests/[\w/.]+)`", TEXT):
        assert (ROOT / name).exists(), name
