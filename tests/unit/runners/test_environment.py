from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from dag_factory.runners import RUNNERS


def seen(bench, **extra: str) -> dict[str, str]:
    script = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    outcome = RUNNERS["check"].run(bench.request({"check": script}, **extra), bench.stop)
    found: dict[str, str] = json.loads(outcome.excerpt)
    return found


def test_nothing_of_airflow_or_of_the_worker_is_passed_on(bench, monkeypatch):
    for name in (
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "AIRFLOW_CONN_CANARY",
        "_AIRFLOW_PARSING_CONTEXT_DAG_ID",
        "_AIRFLOW_PARSING_CONTEXT_TASK_ID",
        "AWS_SECRET_ACCESS_KEY",
        "PIP_INDEX_URL",
        "PYTHONPATH",
        "SSL_CERT_FILE",
        "LD_CANARY",
    ):
        monkeypatch.setenv(name, "canary")
    found = seen(bench)
    assert "canary" not in found.values()
    assert set(found) - {"PWD", "SHLVL", "_", "OLDPWD", "LC_CTYPE"} == {
        *("PATH", "LANG", "TZ", "HOME", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
        *("PHASEGATE_TASK", "PHASEGATE_INPUTS", "PHASEGATE_EVIDENCE", "PHASEGATE_SPEC_DIR"),
    }
    assert (found["LANG"], found["TZ"]) == ("C.UTF-8", "UTC")


@pytest.mark.parametrize("where", ["spec", "workspace"])
def test_bytecode_that_lies_there_is_not_run(bench, where):
    folder = getattr(bench, where) / "deep/__pycache__"
    (getattr(bench, where) / "deep/.git").mkdir(parents=True)
    assert "PYTHONPYCACHEPREFIX" not in seen(bench)
    folder.mkdir()
    found = seen(bench)
    assert not Path(found["PYTHONPYCACHEPREFIX"]).exists()
    assert Path(found["PYTHONPYCACHEPREFIX"]).parent == Path(found["TMPDIR"])


def test_bytecode_that_this_user_cannot_write_is_nobody_s(bench, monkeypatch):
    (bench.spec / "__pycache__").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode, **_: mode != os.W_OK)
    assert "PYTHONPYCACHEPREFIX" not in seen(bench)


def test_a_spec_may_say_where_bytecode_is(bench):
    (bench.spec / "__pycache__").mkdir()
    assert seen(bench, PYTHONPYCACHEPREFIX="/cache")["PYTHONPYCACHEPREFIX"] == "/cache"


def test_the_path_begins_with_the_worker_s_python(bench):
    assert seen(bench)["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), *os.environ["PATH"].split(os.pathsep)]


def test_the_contract_s_folders(bench):
    found = seen(bench)
    assert json.loads(Path(found["PHASEGATE_TASK"]).read_text())["mission"] == "test"
    assert Path(found["PHASEGATE_SPEC_DIR"]) == bench.spec
    assert Path(found["PHASEGATE_EVIDENCE"]).is_dir()
    assert Path(found["PHASEGATE_INPUTS"]).is_dir()


def test_home_is_new_empty_and_private_every_time(bench):
    first, second = seen(bench), seen(bench)
    for name in ("HOME", "TMPDIR"):
        assert first[name] != second[name]
        assert Path(first[name]).is_relative_to(bench.root / "scratch")
        assert list(Path(first[name]).iterdir()) == []
        assert Path(first[name]).stat().st_mode & 0o077 == 0


def test_the_author_may_add_and_replace_but_not_the_contract(bench):
    found = seen(bench, TZ="Europe/Berlin", PHASEGATE_FEATURE="ingest", PHASEGATE_TASK="/elsewhere")
    assert found["TZ"] == "Europe/Berlin"
    assert found["PHASEGATE_FEATURE"] == "ingest"
    assert found["PHASEGATE_TASK"] == str(bench.task_file)
