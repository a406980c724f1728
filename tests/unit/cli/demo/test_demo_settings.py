"""The demo's Airflow: reachable from this machine alone, and deaf to the settings of another Airflow."""

from __future__ import annotations

import configparser
import json
import socket
import stat
import sys
from pathlib import Path

import pytest

from dag_factory.cli.demo.home import DemoHome
from dag_factory.cli.demo.settings import environment, free_port, write_settings
from dag_factory.errors import PhasegateError


@pytest.fixture
def home(tmp_path):
    made = DemoHome(tmp_path / "50% of it")
    made.airflow.mkdir(parents=True)
    return made


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def taken(request):
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        busy.bind((request.param, 0))
        busy.listen()
        yield busy.getsockname()[1]


def test_a_port_in_use_is_told_with_what_to_do(taken):
    with pytest.raises(PhasegateError, match=rf"Port {taken} cannot be used: Address already in use\. Choose another with --port"):
        free_port(taken)


def test_a_port_that_was_asked_for_is_taken_if_it_is_free(taken):
    free = free_port(None)
    assert free != taken
    assert free_port(free) == free


def test_the_settings_are_read_by_airflows_own_rules(home):
    write_settings(home, 4711)
    read = configparser.ConfigParser()
    read.read(home.airflow / "airflow.cfg")
    assert read["core"]["dags_folder"] == str(home.dags)  # the % survives interpolation
    assert read["database"]["sql_alchemy_conn"] == f"sqlite:///{home.airflow}/airflow.db?timeout=30"
    assert read["api"]["base_url"] == "http://127.0.0.1:4711"
    assert read["scheduler"]["use_job_schedule"] == "False"
    assert read["workers"]["min_heartbeat_interval"] == "1"


def test_where_everyone_is_an_admin_only_this_machine_may_come(home):
    write_settings(home, 4711)
    read = configparser.ConfigParser()
    read.read(home.airflow / "airflow.cfg")
    assert read["core"]["simple_auth_manager_all_admins"] == "True"
    assert read["api"]["host"] == "127.0.0.1"


def test_the_secrets_are_new_every_time_and_not_for_others(home):
    write_settings(home, 1)
    path = home.airflow / "airflow.cfg"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_text()
    path.unlink()
    write_settings(home, 1)
    changed = {line.partition(" = ")[0] for line in set(path.read_text().splitlines()) - set(first.splitlines())}
    assert changed == {"fernet_key", "secret_key", "jwt_secret"}


def test_nothing_of_another_airflow_is_seen(home):
    theirs = {
        "AIRFLOW_HOME": "/theirs",
        "AIRFLOW__CORE__EXECUTOR": "Celery",
        "_AIRFLOW_PARSING_CONTEXT_DAG_ID": "x",
        "GIT_DIR": "/theirs/.git",
    }
    seen = environment(home, theirs | {"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/bin", "LANG": "C.UTF-8"})
    assert {name for name in seen if "AIRFLOW" in name} == {"AIRFLOW_HOME", "AIRFLOW_CONN_ORDERS_REPO"}
    assert seen["AIRFLOW_HOME"] == str(home.airflow)
    assert seen["LANG"] == "C.UTF-8"
    assert not {"GIT_DIR", "PYTHONDONTWRITEBYTECODE"} & set(seen)


def test_programs_of_this_python_come_first(home):
    assert environment(home, {"PATH": "/bin"})["PATH"] == f"{Path(sys.executable).parent}:/bin"


def test_the_connection_leads_to_the_product(home):
    assert json.loads(environment(home, {})["AIRFLOW_CONN_ORDERS_REPO"]) == {"conn_type": "git", "host": str(home.product)}


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_a_proxy_is_never_asked_for_this_machine(home, name):
    seen = environment(home, {name: "intranet", "HTTP_PROXY": "http://proxy"})
    assert seen["no_proxy"] == seen["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert environment(home, {})["no_proxy"] == "127.0.0.1,localhost"
