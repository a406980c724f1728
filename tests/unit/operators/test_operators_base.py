"""PlanOperator: bound to a plan, clear about faults, and led to its repository only where it executes."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException, TaskDeferred
from support.orders import SPEC, plan_of

from dag_factory.errors import PhasegateError, RemoteError, StoreError
from dag_factory.operators.base import PlanOperator, judged_by


def operator(tmp_path, git="orders_repo", folder=None):
    tmp_path.mkdir(exist_ok=True)
    plan = plan_of(tmp_path, SPEC.replace("git: orders_repo", f"git: {git}, branch: trunk"))
    return PlanOperator(task_id="one", plan=plan, folder=folder or Path("/specs"))


def led_to(tmp_path, git, **more):
    origin = operator(tmp_path, git, **more)._origin()
    assert origin.branch == "trunk"
    return origin.location


def test_the_plans_digest_is_serialised_so_that_a_changed_plan_is_a_new_version(tmp_path):
    one, same, other = (operator(tmp_path / name, git) for name, git in (("a", "x"), ("b", "x"), ("c", "y")))
    assert "plan_digest" in PlanOperator.template_fields
    assert one.plan_digest == same.plan_digest != other.plan_digest


def test_a_fault_ends_the_task_for_good_with_its_message_and_no_more(tmp_path):
    with pytest.raises(AirflowFailException) as caught, operator(tmp_path)._told():
        raise StoreError("The store is gone.", remedy="Bring it back.")
    assert str(caught.value) == "The store is gone. Bring it back."


def test_a_skip_is_a_failure(tmp_path):
    with pytest.raises(AirflowFailException, match="A skip is no answer here: nothing to do"), operator(tmp_path)._told():
        raise AirflowSkipException("nothing to do")


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt(), TaskDeferred(trigger=None, method_name="execute")], ids=repr)
def test_everything_else_is_airflows(tmp_path, error):
    with pytest.raises(type(error)), operator(tmp_path)._told():
        raise error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize(
    ("name", "says"), [("/work/a/log", "/work/a/log cannot be written: "), (None, "A file cannot be written, most likely below ")]
)
def test_a_full_disk_is_told_with_what_to_do_and_may_be_tried_again(tmp_path, number, name, says):
    with pytest.raises(AirflowException) as caught, operator(tmp_path)._told():
        raise OSError(number, os.strerror(number), name)
    assert not isinstance(caught.value, AirflowFailException)
    assert str(caught.value).startswith(says)
    assert os.strerror(number) in str(caught.value)
    assert "Free space on this worker, or set [phasegate] work_root to where there is some; then clear the task." in str(caught.value)


def test_where_nothing_is_wrong_nothing_is_said(tmp_path):
    with operator(tmp_path)._told():
        pass


@pytest.mark.parametrize(
    ("git", "location"),
    [
        ("./repo", "/specs/repo"),
        ("../repo", "/repo"),
        (".", "/specs"),
        ("'./a:b/repo'", "/specs/a:b/repo"),
        ("'~/a:b'", "/home/somebody/a:b"),
        ("/srv/repo", "/srv/repo"),
        ("~/repo", "/home/somebody/repo"),
        ("$PRODUCTS/repo", "/products/repo"),
        ("team/repo", "/specs/team/repo"),
        ("https://host/team/repo.git", "https://host/team/repo.git"),
        ("'git@host:team/repo.git'", "git@host:team/repo.git"),
        ("'host:repo'", "host:repo"),
        ("file:///srv/repo", "file:///srv/repo"),
        ("{env: WHERE}", "/from/env"),
        ("{var: where}", "/from/var"),
        ("{conn: shop}", "/from/conn"),
        ("shop", "/from/conn"),
        ("{env: WHICH}", "/from/conn"),
        ("{conn: relative}", "/specs/below/repo"),
    ],
)
def test_what_leads_to_the_repository(tmp_path, monkeypatch, git, location):
    for name, value in {
        "HOME": "/home/somebody", "PRODUCTS": "/products", "WHERE": "/from/env", "WHICH": "shop", "AIRFLOW_VAR_WHERE": "/from/var",
        "AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "git", "host": "/from/conn"}),
        "AIRFLOW_CONN_RELATIVE": json.dumps({"conn_type": "git", "host": "./below/repo"}),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert led_to(tmp_path, git) == location


@pytest.mark.parametrize(
    ("git", "says"),
    [
        ("nowhere", "There is no connection 'nowhere' that leads to the workflow's repository. Add a connection nowhere of type git"),
        ("{conn: nowhere}", "There is no connection 'nowhere' that leads to the workflow's repository."),
        ("hollow", "The connection 'hollow' has no host. Add a connection hollow of type git"),
        ("{env: NO_SUCH}", "There is no environment variable 'NO_SUCH' on this worker."),
        ("{var: no_such}", "There is no Airflow variable 'no_such' on this worker."),
    ],
)
def test_what_leads_nowhere_is_told_when_it_is_needed_and_not_before(tmp_path, monkeypatch, git, says):
    monkeypatch.setenv("AIRFLOW_CONN_HOLLOW", json.dumps({"conn_type": "git", "password": "secret"}))
    made = operator(tmp_path, git)
    with pytest.raises(PhasegateError) as caught:
        made._origin()
    assert str(caught.value).startswith(says)
    assert "secret" not in str(caught.value)


def test_what_opens_the_repository_comes_from_the_connection_and_is_masked(tmp_path, monkeypatch):
    masked = []
    monkeypatch.setattr("airflow.sdk.log.mask_secret", masked.append)
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({
        "conn_type": "git", "host": "https://git.example.com/shop.git", "login": "robot", "password": "t0ken",
        "extra": {"key_file": "", "private_key": "", "private_key_passphrase": "sesame", "strict_host_key_checking": "accept-new", "ssh_port": 2222},
    }))  # fmt: skip
    origin = operator(tmp_path, "shop")._origin()
    found = origin.access
    assert (found.login, found.password, found.passphrase) == ("robot", "t0ken", "sesame")
    assert (found.strict_host_key_checking, found.ssh_port) == ("accept-new", "2222")
    assert all(secret in masked for secret in ("t0ken", "sesame"))
    assert not any(secret in repr(origin) for secret in ("t0ken", "sesame"))


def test_a_password_that_a_variable_brings_is_masked_too(tmp_path, monkeypatch):
    masked = []
    monkeypatch.setattr("airflow.sdk.log.mask_secret", masked.append)
    monkeypatch.setenv("WHERE", "https://robot:t0ken@git.example.com/shop.git")
    origin = operator(tmp_path, "{env: WHERE}")._origin()
    assert (origin.location, origin.access.login, origin.access.password) == ("https://git.example.com/shop.git", "robot", "t0ken")
    assert "t0ken" in masked


def test_a_token_in_the_place_of_a_login_is_masked_too(tmp_path, monkeypatch):
    masked = []
    monkeypatch.setattr("airflow.sdk.log.mask_secret", masked.append)
    monkeypatch.setenv("WHERE", "https://t0ken@git.example.com/shop.git")
    assert operator(tmp_path, "{env: WHERE}")._origin().location == "https://git.example.com/shop.git"
    assert "t0ken" in masked


def test_a_connection_that_holds_two_keys_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(
        {"conn_type": "git", "host": "git@host:x", "extra": {"key_file": "/k", "private_key": "secret"}}
    ))  # fmt: skip
    with pytest.raises(PhasegateError, match="both private_key and key_file") as caught:
        operator(tmp_path, "shop")._origin()
    assert "secret" not in str(caught.value)


def test_a_remote_that_is_away_is_tried_again_as_often_as_airflow_was_told(tmp_path):
    with pytest.raises(AirflowException) as caught, operator(tmp_path)._told():
        raise RemoteError("Nobody is there.", remedy="Wait.")
    assert not isinstance(caught.value, AirflowFailException)


def test_how_much_history_a_mirror_holds_is_the_authors(tmp_path):
    assert operator(tmp_path / "a", "https://host/x")._origin().depth == 1
    assert operator(tmp_path / "b", "https://host/x, depth: 0")._origin().depth == 0


def test_a_workflow_without_a_repository_has_no_origin(tmp_path):
    text = """\
workflow: bare
pattern: false
mission: None
catalogue: {clerk: {title: Clerk, instructions: File., contracts: {filing: {does: File., evidence: {record: {report: r.txt, kind: file}}}}}}
personas: {clerk: {command: 'true'}}
phases: {only: {tasks: {file: {persona: clerk, duty: filing}}, gate: {}}}
"""
    plan = plan_of(tmp_path, text, patterns=("none",))
    assert PlanOperator(task_id="one", plan=plan, folder=tmp_path)._origin() is None


@pytest.mark.parametrize(("left", "read"), [("ab12", "ab12"), ('"ab12"', "ab12"), (None, ""), ("", "")])
def test_what_a_gate_judged_is_read_wherever_it_ended(left, read):
    """What the triggerer leaves, Airflow writes as JSON twice."""
    assert judged_by(SimpleNamespace(xcom_pull=lambda task_ids, key: left), "first.gate") == read
