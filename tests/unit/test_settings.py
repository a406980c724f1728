"""Settings: from the environment where they are there, else below Airflow's home."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem

from dag_factory import settings
from dag_factory.errors import StoreError

FOLDERS = {"evidence_root": "evidence", "keys_root": "keys", "work_root": "work", "cache_root": "cache"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An Airflow home in which nothing of Phasegate is set."""
    for option in (*FOLDERS, "patterns"):
        monkeypatch.delenv(f"AIRFLOW__PHASEGATE__{option.upper()}", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", "/home/somebody")
    return tmp_path


def places():
    return {
        "evidence_root": settings.evidence_store().root,
        "keys_root": settings.key_folder().path,
        "work_root": settings.work_root(),
        "cache_root": settings.cache_root(),
    }


def test_by_default_all_is_below_airflows_home(home):
    assert places() == {option: home / "phasegate" / folder for option, folder in FOLDERS.items()}


def test_asking_makes_nothing(home):
    places()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [("/srv/one", "/srv/one"), ("  /srv/one  ", "/srv/one"), ("~/one", "/home/somebody/one"), ("$PLACE/one", "/place/one")],
)
def test_each_is_set_by_its_own_variable(monkeypatch, written, meant):
    monkeypatch.setenv("PLACE", "/place")
    before = places()
    for option in FOLDERS:
        with monkeypatch.context() as patch:
            patch.setenv(f"AIRFLOW__PHASEGATE__{option.upper()}", written)
            assert places() == before | {option: Path(meant)}


@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_one_is_none(monkeypatch, empty):
    before = places()
    for option in FOLDERS:
        monkeypatch.setenv(f"AIRFLOW__PHASEGATE__{option.upper()}", empty)
    assert places() == before


def test_without_a_home_airflows_own_default_counts(monkeypatch):
    monkeypatch.delenv("AIRFLOW_HOME")
    assert settings.work_root() == Path("/home/somebody/airflow/phasegate/work")


def test_a_path_is_used_as_a_plain_one(monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW__PHASEGATE__EVIDENCE_ROOT", f"file://{tmp_path}/store")
    store = settings.evidence_store()
    assert (store.local, store.root) == (True, tmp_path / "store")
    store.create("a/b", b"data")
    assert (tmp_path / "store" / "a" / "b").read_bytes() == b"data"


def test_a_url_is_object_storage(monkeypatch):
    attach("memory", fs=MemoryFileSystem())
    monkeypatch.setenv("AIRFLOW__PHASEGATE__EVIDENCE_ROOT", "memory://bucket/evidence")
    store = settings.evidence_store()
    assert not store.local
    store.create("a/b", b"data")
    assert store.read("a/b") == b"data"
    with pytest.raises(FileExistsError):
        store.create("a/b", b"other")


@pytest.mark.parametrize("root", ["s4://bucket/evidence", "ftp://host/evidence"])
def test_a_storage_nothing_reaches_is_told(monkeypatch, root):
    monkeypatch.setenv("AIRFLOW__PHASEGATE__EVIDENCE_ROOT", root)
    with pytest.raises(StoreError) as caught:
        settings.evidence_store()
    assert caught.value.message.startswith(
        f"[phasegate] evidence_root is a URL of {root.partition(':')[0]}, which this worker cannot reach"
    )
    assert caught.value.remedy == "Install Airflow's provider for that storage, or correct the URL."


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (None, ("standard",)),
        ("", ("standard",)),
        ("standard", ("standard",)),
        (" standard , none ", ("standard", "none")),
        ("none", ("none",)),
        ("standard,,", ("standard",)),
        (",", ()),
    ],
)
def test_which_patterns_are_allowed(monkeypatch, written, names):
    if written is not None:
        monkeypatch.setenv("AIRFLOW__PHASEGATE__PATTERNS", written)
    assert settings.allowed_patterns() == names


# What no program is to read.


def test_the_keys_and_airflows_settings_are_hidden(home, monkeypatch):
    keys, passwords = home / "phasegate" / "keys", home / "simple_auth_manager_passwords.json.generated"
    assert settings.hidden_places() == (keys, home / "airflow.cfg", passwords)
    monkeypatch.setenv("AIRFLOW__PHASEGATE__KEYS_ROOT", "/srv/keys")
    monkeypatch.setenv("AIRFLOW_CONFIG", "/etc/airflow.cfg")
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", "/etc/passwords.json")
    assert settings.hidden_places() == (Path("/srv/keys"), Path("/etc/airflow.cfg"), Path("/etc/passwords.json"))
