"""Canaries: no secret of Airflow's reaches a program, and none that a program was given reaches anything that is kept or shown."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from support.house import House, git

from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec

AIRFLOWS = {
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "canary-database",
    "AIRFLOW__API_AUTH__JWT_SECRET": "canary-jwt-secret",
    "AIRFLOW__CORE__FERNET_KEY": "canary-fernet-key",
    "AIRFLOW__EXECUTION_API__JWT": "canary-execution-jwt",
    "AIRFLOW_CONN_OTHER": "http://:canary-connection@other",
    "AIRFLOW_VAR_OTHER": "canary-variable",
    "_AIRFLOW_PARSING_CONTEXT_DAG_ID": "canary-dag",
    "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "canary-task",
    "__AIRFLOW_SUPERVISOR_FD": "canary-supervisor",
    "AWS_SECRET_ACCESS_KEY": "canary-cloud-key",
    "GIT_ASKPASS": "canary-askpass",
    "PYTHONPATH_CANARY": "canary-path",
}
GIVEN = {"env": "tango-from/the+environment", "var": "foxtrot-from-a-variable", "conn": "whiskey-from/a+connection"}
BINDING = "TOKEN: {env: GIVEN_TOKEN}, PASSWORD: {var: given_password}, SHOP: {conn: given}"
TELL_ALL = """\
import base64, json, os, sys, time, urllib.parse
for value in (os.environ["TOKEN"], os.environ["PASSWORD"], os.environ["SHOP"]):
    password = urllib.parse.unquote(urllib.parse.urlsplit(value).password or value)
    for secret in (value, password):
        print("plain", secret, flush=True)
        print("halves ", end="", flush=True); print(secret[:7], end="", flush=True); time.sleep(0.2); print(secret[7:], flush=True)
        print("error", secret, file=sys.stderr, flush=True)
        print("json", json.dumps({"secret": secret}), "url", urllib.parse.quote(secret, safe=""), flush=True)
        print("basic", base64.b64encode(secret.encode()).decode(), flush=True)
print(dict(os.environ), flush=True)
"""


@pytest.fixture
def secret(monkeypatch):
    """All of them are there."""
    for name, value in AIRFLOWS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIVEN_TOKEN", GIVEN["env"])
    monkeypatch.setenv("AIRFLOW_VAR_GIVEN_PASSWORD", GIVEN["var"])
    monkeypatch.setenv("AIRFLOW_CONN_GIVEN", json.dumps({"conn_type": "http", "host": "shop", "login": "me", "password": GIVEN["conn"]}))


@pytest.fixture
def telling(small, secret):
    """A workflow whose persona, and whose checks, tell all they know."""

    def make(then: str, *, verify: str = "", evidence: str = "path: notes/note.md, kind: file") -> House:
        house: House = small(
            binding=f"""command: 'python "$PHASEGATE_SPEC_DIR/tell.py"; {then}', env: {{{BINDING}}}{verify}""", evidence=evidence
        )
        (house.specs / "tell.py").write_text(TELL_ALL, encoding="utf-8")
        house.run("kickoff")
        return house

    return make


def found_in(data: bytes) -> set[str]:
    """Which secrets stand in some bytes, as programs write them."""
    sought = {*AIRFLOWS.values(), *GIVEN.values(), "canary-connection"}
    spelt = {
        secret: (secret.encode(), base64.b64encode(secret.encode())[:16], secret.replace("/", "%2F").replace("+", "%2B").encode())
        for secret in sought
    }
    return {secret for secret, forms in spelt.items() if any(form in data for form in forms)}


def kept(folder: Path) -> dict[str, set[str]]:
    """Every file below a folder that tells a secret, in its name too; of what is signed, what the signature is on."""
    told = {}
    for path in folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        if data.startswith(b'{"payload":'):
            data += base64.b64decode(json.loads(data)["payload"])
        if secrets := found_in(data + b"\0" + path.name.encode()):
            told[path.name] = secrets
    return told


def everything(house: House, capsys) -> set[str]:
    """Every secret that stands anywhere: in plan, DAG, XComs, messages, logs, statements or evidence."""
    from airflow.serialization.serialized_objects import DagSerialization

    path = house.specs / "workflow.yaml"
    plan = compile_plan(read_spec(path, patterns=("standard", "none")))
    serialised = json.dumps(DagSerialization.to_dict(house.dag()), default=str)
    said = capsys.readouterr()
    texts = [plan.model_dump_json(), serialised, repr(house.xcoms), repr(house.failures), repr(house.errors), said.out, said.err]
    told = set().union(*(found_in(text.encode()) for text in texts))
    return told.union(*kept(house.root / "evidence_root").values(), *kept(house.root / "repo").values())


def unpacked(house: House) -> bytes:
    """The contents of every git bundle in the store: files, folders with their names, and commits."""
    clone = house.root / "clone"
    git("init", "-q", str(clone), cwd=house.root)
    git("fetch", "-q", str(house.root / "repo"), "main", cwd=clone)
    for path in house.store.path.rglob("blobs/??/*"):
        if path.read_bytes().startswith(b"# v2 git bundle") or path.read_bytes().startswith(b"# v3 git bundle"):
            git("fetch", "-q", str(path), "+refs/*:refs/bundles/*", cwd=clone)
    return subprocess.run(["git", "cat-file", "--batch-all-objects", "--batch"], cwd=clone, check=True, capture_output=True).stdout


def test_the_eyes_of_this_test_are_open(tmp_path):
    (tmp_path / "told").write_bytes(b"x" + base64.b64encode(b"tango-from/the+environment:more") + b"\0whiskey-from%2Fa%2Bconnection")
    assert kept(tmp_path) == {"told": {GIVEN["env"], GIVEN["conn"]}}
    (tmp_path / "told").write_text(
        json.dumps({"payload": base64.b64encode(f'{{"path": "{GIVEN["var"]}"}}'.encode()).decode()}).replace(": ", ":", 1)
    )
    assert kept(tmp_path) == {"told": {GIVEN["var"]}}


def test_nor_are_they_closed_to_what_git_packed(telling):
    house = telling('mkdir -p notes; echo "a canary-path of its own" > notes/note.md')
    house.run("first.write")
    assert found_in(unpacked(house)) == {"canary-path"}


@pytest.mark.parametrize(
    "then",
    ["mkdir -p notes; echo a note > notes/note.md", "exit 3", "mkdir -p notes; ln -s /etc/passwd notes/note.md", "kill -KILL $$"],
    ids=["well", "failed", "refused", "killed"],
)
def test_whatever_a_program_tells_nothing_is_told_on(telling, capsys, then):
    house = telling(then)
    house.run("first.write")
    house.close("first")
    assert everything(house, capsys) == set()
    log = house.log("first/write")
    assert log.count("***") >= 3 * 2 * 5
    assert "plain ***\n" in log
    assert "halves ***\n" in log


def test_a_check_that_is_given_them_tells_nothing_either(telling, capsys):
    house = telling("mkdir -p notes; echo a note > notes/note.md", verify=""", verify: 'python "$PHASEGATE_SPEC_DIR/tell.py"; exit 1'""")
    house.run("first.write")
    house.close("first")
    [check] = house.record.newest("first/write").says.checks
    assert (check.exit_code, "***" in check.excerpt) == (1, True)
    assert everything(house, capsys) == set()


@pytest.mark.parametrize(
    ("then", "evidence", "name"),
    [
        ('mkdir -p notes; echo "$TOKEN" > notes/note.md', "path: notes/note.md, kind: file", "notes/note.md"),
        ('mkdir -p notes; echo ok > notes/note.md; echo "<$SHOP>" > notes/other.md', "path: notes/note.md, kind: file", "notes/other.md"),
        ('echo "{\\"password\\": \\"$PASSWORD\\"}" > "$PHASEGATE_EVIDENCE/note.md"', "report: note.md, kind: file", "note.md"),
    ],
    ids=["evidence", "beside-it", "report"],
)
def test_what_tells_a_secret_is_refused_and_named(telling, capsys, then, evidence, name):
    house = telling(then, evidence=evidence)
    house.run("first.write")
    house.close("first")
    rules = {(finding.rule, finding.subject) for finding in house.findings("first")}
    assert ("secret-in-evidence", f"first/write:{name}") in rules
    assert house.word("first") == "FAILED"
    assert everything(house, capsys) == set()
    assert found_in(unpacked(house)) == set()


@pytest.mark.parametrize(
    ("then", "rule", "name"),
    [
        ('echo b > "notes/$PASSWORD.md"', "secret-in-evidence", "notes/***.md"),
        ('echo b > "$PASSWORD.md"', "workspace-outside-writes", "***.md"),
        ('ln -s x "notes/$PASSWORD"', "workspace-symlink", "notes/***"),
    ],
)
def test_a_secret_as_the_name_of_a_file_is_not_told_either(telling, capsys, then, rule, name):
    house = telling(f"mkdir -p notes; echo a note > notes/note.md; {then}")
    house.run("first.write")
    house.close("first")
    assert (rule, f"first/write:{name}") in {(finding.rule, finding.subject) for finding in house.findings("first")}
    assert house.word("first") == "FAILED"
    assert everything(house, capsys) == set()
    assert found_in(unpacked(house)) == set()


def test_a_committed_secret_is_not_in_the_bundle_of_a_failed_attempt(telling, capsys):
    house = telling('mkdir -p notes; echo "$TOKEN" > notes/note.md; exit 3')
    house.run("first.write")
    assert everything(house, capsys) == set()
    assert found_in(unpacked(house)) == set()


def test_what_is_called_no_secret_may_stand_in_evidence(small, monkeypatch):
    monkeypatch.setenv("STAGE_NAME", "a-stage-of-many")
    house = small(binding="""command: 'mkdir -p notes; echo "$STAGE" | tee notes/note.md', env: {STAGE: {env: STAGE_NAME}}""")
    house.run("kickoff", "first.write")
    house.close("first")
    assert (house.failures, house.word("first")) == ({}, "PASSED")
    assert house.log("first/write") == "***\n", "a log is masked all the same"


def test_a_program_sees_what_it_is_given_and_nothing_of_airflow(telling):
    house = telling("true")
    (house.specs / "tell.py").write_text(
        "import json, os, pathlib\n"
        "pathlib.Path('notes').mkdir()\n"
        "hidden = {'TOKEN', 'PASSWORD', 'SHOP'}\n"
        "seen = {name: value for name, value in os.environ.items() if name not in hidden}\n"
        "seen['stdin'] = os.readlink('/proc/self/fd/0')\n"
        "seen['sockets'] = [name for name in os.listdir('/proc/self/fd') if 'socket:' in os.path.realpath(f'/proc/self/fd/{name}')]\n"
        "pathlib.Path('notes/note.md').write_text(json.dumps(seen))\n"
    )
    house.run("first.write")
    assert house.failures == {}
    [entry] = house.record.newest("first/write").says.evidence
    seen = json.loads(house.store.blob(entry.digest))
    assert (seen.pop("stdin"), seen.pop("sockets")) == ("/dev/null", [])
    assert found_in(json.dumps(seen).encode()) == set()
    assert not [name for name in seen if "AIRFLOW" in name]


def test_the_spec_s_own_text_is_where_references_stay(telling):
    house = telling("true")
    text = house.store.blob(house.record.charter.says.plan).decode()
    written = yaml.safe_load(text)["executions"]["first/write"]["env"]
    assert written == {"TOKEN": {"env": "GIVEN_TOKEN"}, "PASSWORD": {"var": "given_password"}, "SHOP": {"conn": "given"}}
