"""The last word on a run: it judges everything again, and leaves a branch only if everything holds."""

from __future__ import annotations

import base64
import json
import re
import shutil
import threading
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.house import git, make_repository
from support.remotes import http_remote

from dag_factory.evidence.decisions import Completion
from dag_factory.evidence.statement import Charter, ConvergeStatement, TaskStatement
from dag_factory.evidence.verdict import Verdict
from dag_factory.operators.complete import _ref


@pytest.fixture
def finished(small):
    """A small house with everything done but `complete`."""

    def make(**kwargs):
        house = small(**kwargs)
        house.run("kickoff")
        for phase in ("first", "second"):
            house.phase(phase)
        assert house.failures == {}
        return house

    return make


def branches(house):
    return git("branch", "--format=%(refname:short)", cwd=house.root / "repo").splitlines()


def kept(house, folder):
    """The newest file of a folder of the run."""
    path = f"{house.record.charter.digest[:16]}/{folder}"
    return house.store.read(f"{path}/{house.store.names(path)[-1]}")


def test_it_leaves_the_approved_commit_as_a_branch(finished):
    house = finished()
    house.run("complete")
    assert house.failures == {}
    assert branches(house) == ["main", "phasegate/small/manual__1"]
    assert git("show", "phasegate/small/manual__1:notes/note.md", cwd=house.root / "repo") == "a note"
    summary = json.loads(kept(house, "summaries"))
    assert (summary["run"], summary["verdict"]) == ("manual__1", "PASSED")


def test_it_may_be_asked_again(finished):
    house = finished()
    house.run("complete", "complete")
    assert house.failures == {}
    assert branches(house) == ["main", "phasegate/small/manual__1"]


@pytest.mark.parametrize(
    ("run_id", "branch"),
    [
        ("scheduled__2026-11-23T06:00:00+00:00", "scheduled__2026-11-23T06-00-00-00-00-c3398509769"),
        ("../../main", "main-90eb1e9af46"),
        ("a b~c^d:e?f*g[h", "a-b-c-d-e-f-g-h-540b92499b0"),
        ("+~", "run-95f4dc5b94c"),
        ("0f81d4fa-7dec-11d0-a765-00a0c91e6bf6", "0f81d4fa-7dec-11d0-a765-00a0c91e6bf6"),
        ("a." * 120, "a-" * 100 + "-923cfb3bb8f"),
    ],
)
def test_the_branch_of_a_run_with_an_odd_name(small, run_id, branch):
    house = small()
    house.run_id = run_id
    house.run("kickoff")
    for phase in ("first", "second"):
        house.phase(phase)
    house.run("complete")
    assert house.failures == {}
    assert branches(house) == ["main", f"phasegate/small/{branch}"]
    assert Path(house.store.path).resolve().is_relative_to(house.root / "evidence_root" / "small")


@pytest.mark.parametrize("pair", [("v1.0", "v1-0"), ("a:b", "a+b"), ("-a", "a"), ("+~", "~+"), ("v1.0", "v1-0-fa8b919c90f")])
def test_two_runs_never_share_a_branch(pair):
    assert len(set(map(_ref, pair))) == 2


def test_without_a_repository_there_is_no_branch(finished):
    house = finished(git=False, command="echo a note > note.md", evidence="path: note.md, kind: file")
    house.run("complete")
    assert house.failures == {}


def test_every_envelope_is_in_the_bundle_in_the_order_in_which_they_rest_on_each_other(finished):
    house = finished()
    house.run("complete")
    payloads = [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in kept(house, "bundles").splitlines()]
    kinds = (Charter, TaskStatement, ConvergeStatement, Verdict, TaskStatement, ConvergeStatement, Verdict, Completion)
    assert [payload["predicateType"] for payload in payloads] == [kind.TYPE for kind in kinds]


def failed(house):
    house.run("complete")
    assert type(house.errors["complete"]) is AirflowFailException
    assert json.loads(kept(house, "summaries"))["verdict"] == "FAILED"
    assert branches(house) == ["main"]
    return house.failures["complete"]


def test_a_phase_that_was_never_judged(small):
    house = small()
    house.run("kickoff", "first.write", "first.converge")
    says = failed(house)
    assert says.startswith("MISSION FAILED: ")
    assert "verdict-missing:first: Phase First has no signed verdict under the newest charter." in says


def test_a_gate_that_answered_failed(small):
    house = small("true")
    house.run("kickoff", "first.write")
    house.close("first")
    assert "verdict-failed:first: The newest verdict on phase First is FAILED." in failed(house)


def test_evidence_that_was_altered_after_its_gate(finished):
    house = finished()
    [entry] = house.record.newest("second/read").says.evidence
    path = Path(house.store.blob_path(entry.digest))
    path.chmod(0o600)
    path.write_bytes(b"something else\n")
    assert "evidence-altered:" in failed(house)


@pytest.mark.parametrize("which", [lambda says: says.log, lambda says: says.sealed.bundle], ids=["log", "sealed work"])
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"something else\n")], ids=["gone", "altered"])
def test_it_says_no_more_than_an_auditor_would_who_misses_what_no_gate_reads(finished, which, spoil):
    house = finished()
    path = Path(house.store.blob_path(which(house.record.newest("first/write").says)))
    path.chmod(0o600)
    spoil(path)
    assert f"The file {path.name} is gone, or is not what was hashed." in failed(house)


def test_work_that_was_done_again_after_its_gate(finished):
    house = finished()
    house.run("first.write")
    assert "Work of phase First was done again, or taken away, after its verdict" in failed(house)


def test_a_branch_that_is_somebodys_work_is_left_alone(finished):
    house = finished()
    git("checkout", "-q", "-b", "phasegate/small/manual__1", cwd=house.root / "repo")
    house.run("complete")
    assert "is not Phasegate's to write" in house.failures["complete"]
    assert git("rev-parse", "phasegate/small/manual__1", cwd=house.root / "repo") == git("rev-parse", "main", cwd=house.root / "repo")


@pytest.fixture
def remote(tmp_path):
    """A bare repository, served over HTTP on loopback."""
    served = tmp_path / "served"
    make_repository(tmp_path / "clone")
    served.mkdir()
    git("clone", "-q", "--bare", str(tmp_path / "clone"), str(served / "product.git"), cwd=tmp_path)
    with http_remote(served) as found:
        yield found


def over(house, remote):
    """The same workflow, over the remote."""
    text = (house.specs / "workflow.yaml").read_text(encoding="utf-8")
    (house.specs / "workflow.yaml").write_text(re.sub(r"git: [^,}]+", f"git: '{remote.url}/product.git'", text), encoding="utf-8")
    return house


def test_over_a_remote_no_worker_shares_a_disk_with_another(small, remote):
    house = over(small(), remote)
    house.run("kickoff")
    for phase in ("first", "second"):
        for name in (*house.tasks(phase), f"{phase}.converge", f"{phase}.gate"):
            shutil.rmtree(house.root / "work_root", ignore_errors=True)  # the next task runs on another worker
            house.run(name)
    shutil.rmtree(house.root / "work_root", ignore_errors=True)
    house.run("complete")
    assert house.failures == {}
    assert git("show", "phasegate/small/manual__1:notes/note.md", cwd=remote.root / "product.git") == "a note"


def refuse_pushes(remote):
    hook = remote.root / "product.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'No branches by robots.' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    return hook


def test_a_remote_that_refuses_the_push_loses_nothing(small, remote, tmp_path):
    house = over(small(), remote)
    house.run("kickoff")
    for phase in ("first", "second"):
        house.phase(phase)
    hook = refuse_pushes(remote)
    house.run("complete")
    says = house.failures["complete"]
    assert type(house.errors["complete"]) is AirflowFailException
    assert "does not take the branch phasegate/small/manual__1" in says
    assert "Nothing is lost: every phase is PASSED" in says
    assert json.loads(kept(house, "summaries"))["verdict"] == "PASSED"
    command = says[says.index("git fetch") : says.index("manual__1.") + len("manual__1")].split(" ")
    assert command[:2] == ["git", "fetch"]
    git(*command[1:], cwd=tmp_path / "clone")
    assert git("show", "phasegate/small/manual__1:notes/note.md", cwd=tmp_path / "clone") == "a note"
    hook.unlink()
    house.run("complete")
    assert house.failures == {}
    assert git("show", "phasegate/small/manual__1:notes/note.md", cwd=remote.root / "product.git") == "a note"


def test_a_remote_that_is_away_at_the_end_may_be_tried_again(small, remote):
    house = over(small(), remote)
    house.run("kickoff")
    for phase in ("first", "second"):
        house.phase(phase)
    remote.answers = 503
    house.run("complete")
    assert type(house.errors["complete"]) is AirflowException  # retried, as often as Airflow was told
    assert "cannot be reached" in house.failures["complete"]
    assert "Nothing is lost" in house.failures["complete"]
    assert not list((house.root / "work_root").glob("*/complete*"))
    remote.answers = None
    house.run("complete")
    assert house.failures == {}


def test_a_remote_that_is_away_at_the_start_may_be_tried_again(small, remote):
    house = over(small(), remote)
    remote.answers = 503
    house.run("kickoff")
    assert type(house.errors["kickoff"]) is AirflowException
    remote.answers = None
    house.run("kickoff")
    assert house.failures == {}


@pytest.mark.parametrize("task", ["kickoff", "first.write", "first.converge", "complete"])
def test_a_remote_that_never_answers_is_left_when_airflow_says_so(small, remote, task):
    house = over(small(), remote)
    before = ["kickoff", "first.write", "first.converge", "first.gate", "second.read", "second.converge", "second.gate", "complete"]
    house.run(*before[: before.index(task)])
    shutil.rmtree(house.root / "work_root", ignore_errors=True)  # a worker that has no mirror yet
    remote.waits = threading.Event()
    remote.asked.clear()
    dag = house.dag()
    killing = threading.Thread(target=lambda: remote.asked.wait(60) and dag.get_task(task).on_kill())
    killing.start()
    house.run(task, dag=dag)
    killing.join()
    assert "was stopped" in house.failures[task]


def test_a_branch_that_was_rewritten_meanwhile_is_told_by_name(small, remote):
    house = over(small(), remote)
    house.run("kickoff")
    product = remote.root / "product.git"
    git("update-ref", "refs/heads/main", git("commit-tree", "main^{tree}", "-m", "Another past", cwd=product), cwd=product)
    git("gc", "-q", "--prune=now", cwd=product)
    shutil.rmtree(house.root / "work_root", ignore_errors=True)
    house.run("first.write")
    assert "no longer has the commit" in house.failures["first.write"]
    assert "start a new run" in house.failures["first.write"]


def test_what_opens_the_remote_is_in_no_file_of_the_run(small, remote, monkeypatch):
    remote.login, remote.password = "robot", "s3cret-t0ken"
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(
        {"conn_type": "git", "host": f"{remote.url}/product.git", "login": "robot", "password": "s3cret-t0ken"}
    ))  # fmt: skip
    house = small(
        "mkdir notes && (env; git config --list; git remote -v; cat .git/config; cat /proc/*/environ) > notes/note.md 2>/dev/null; true"
    )
    text = (house.specs / "workflow.yaml").read_text(encoding="utf-8")
    text = re.sub(r'cp ("\$PHASEGATE_INPUTS"\S+) ', r"wc <\1 >", text)  # what is read is not the very file
    (house.specs / "workflow.yaml").write_text(re.sub(r"git: [^,}]+", "git: shop", text), encoding="utf-8")
    house.run("kickoff")
    for phase in ("first", "second"):
        house.phase(phase)
    house.run("complete")
    assert house.failures == {}
    for path in house.root.rglob("*"):
        assert not path.is_file() or b"s3cret-t0ken" not in path.read_bytes(), path
