"""Reads the `[phasegate]` section of airflow.cfg, and opens what it names.

The section is declared by the provider metadata in `phasegate_plugin.provider`; the defaults stand here too, for an Airflow whose provider
metadata is not installed (a DAG bundle with only `dag_factory` in it). Parsing a DAG imports this module, and nothing of evidence with it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from dag_factory.evidence.keys import KeyFolder
    from dag_factory.evidence.store import Store

__all__ = ["allowed_patterns", "cache_root", "evidence_store", "hidden_folder", "hidden_places", "key_folder", "work_root"]


def _below_home(option: str, folder: str) -> str:
    value: str = conf.get("phasegate", option, fallback="") or ""
    return value.strip() or str(Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "phasegate" / folder)


def evidence_store() -> Store:
    """The store at `[phasegate] evidence_root`: a path, or a URL of object storage with its connection (``s3://conn@bucket/path``).

    Raises
    ------
    StoreError: nothing is installed that reaches such a URL.

    """
    from airflow.sdk import ObjectStoragePath

    from dag_factory.errors import StoreError
    from dag_factory.evidence.store import Store

    root = _below_home("evidence_root", "evidence")
    if "://" not in root:
        return Store(Path(root))
    try:
        store = Store(ObjectStoragePath(root))
        if not store.local:
            _ = store.root.fs  # finds the provider, which any use would
    except (ValueError, ImportError) as error:
        raise StoreError(
            f"[phasegate] evidence_root is a URL of {root.partition('://')[0]}, which this worker cannot reach: {error}.",
            remedy="Install Airflow's provider for that storage, or correct the URL.",
        ) from error
    return store


def key_folder() -> KeyFolder:
    """The folder of signing keys at `[phasegate] keys_root`, which all workers share."""
    from dag_factory.evidence.keys import KeyFolder

    return KeyFolder(Path(_below_home("keys_root", "keys")))


def hidden_places() -> tuple[Path, ...]:
    """What no program of a persona is to read: the key folder, Airflow's settings, and the passwords of its simple logins."""
    home = _expanded(os.environ.get("AIRFLOW_HOME", "~/airflow"))
    settings = _expanded(os.environ.get("AIRFLOW_CONFIG") or str(home / "airflow.cfg"))
    passwords = conf.get("core", "simple_auth_manager_passwords_file", fallback="") or home / "simple_auth_manager_passwords.json.generated"
    return Path(_below_home("keys_root", "keys")), settings, Path(passwords)


def hidden_folder() -> Path:
    """Where a worker writes for a moment what no program is to read: in the key folder, which is hidden from all of them."""
    return Path(_below_home("keys_root", "keys")) / ".access"


def _expanded(path: str) -> Path:
    """A path as Airflow reads it: with variables, and `~`."""
    return Path(os.path.expandvars(path)).expanduser()


def work_root() -> Path:
    """Where this worker makes workspaces and mirrors: `[phasegate] work_root`; nothing in it is shared or kept."""
    return Path(_below_home("work_root", "work"))


def cache_root() -> Path:
    """Where this machine keeps compiled plans between parses: `[phasegate] cache_root`; safe to delete at any time."""
    return Path(_below_home("cache_root", "cache"))


def allowed_patterns() -> tuple[str, ...]:
    """The patterns workflows may use, from `[phasegate] patterns`; `none` among them lets a workflow go without."""
    text: str = conf.get("phasegate", "patterns", fallback="standard") or "standard"
    return tuple(name.strip() for name in text.split(",") if name.strip())
