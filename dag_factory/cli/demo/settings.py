"""The Airflow of the demo: SQLite, LocalExecutor, everyone an admin, and therefore reachable from this machine alone."""

from __future__ import annotations

import base64
import configparser
import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from dag_factory.cli.demo.home import DemoHome
from dag_factory.errors import PhasegateError

__all__ = ["HOST", "environment", "free_port", "write_settings"]

HOST = "127.0.0.1"


def free_port(wanted: int | None) -> int:
    """The wanted port, or any that is free.

    Raises
    ------
    PhasegateError: the wanted one is in use.

    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise PhasegateError(
                f"Port {wanted} cannot be used: {error.strerror}.", remedy="Choose another with --port, or none to get a free one."
            ) from error
        port: int = probe.getsockname()[1]
        return port


def write_settings(home: DemoHome, port: int) -> None:
    """Write airflow.cfg (https://airflow.apache.org/docs/apache-airflow/stable/configurations-ref.html); its secrets are of this demo alone."""
    url = f"http://{HOST}:{port}"
    settings: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": home.dags,
            "executor": "LocalExecutor",
            "parallelism": max(4, min(16, 2 * (os.cpu_count() or 1))),
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "simple_auth_manager_all_admins": True,
            "execution_api_server_url": f"{url}/execution/",
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{home.airflow}/airflow.db?timeout=30"},
        "api": {"host": HOST, "port": port, "base_url": url, "workers": 1, "secret_key": secrets.token_urlsafe(32)},
        "api_auth": {"jwt_secret": secrets.token_urlsafe(64)},
        # No run but the demo's own: the sample has a schedule, and it may be just that hour.
        "scheduler": {"use_job_schedule": False, "scheduler_idle_sleep_time": 0.2},
        # Airflow 3.3 notices the end of about every other task at its next heartbeat only, and keeps the worker's slot until then.
        "workers": {"min_heartbeat_interval": 1},
        "dag_processor": {"refresh_interval": 10, "min_file_process_interval": 30},
        "logging": {"base_log_folder": home.logs / "tasks"},
        "usage_data_collection": {"enabled": False},
    }
    written = configparser.RawConfigParser()
    written.read_dict(
        {section: {key: str(value).replace("%", "%%") for key, value in options.items()} for section, options in settings.items()}
    )
    path = home.airflow / "airflow.cfg"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        written.write(stream)


def environment(home: DemoHome, inherited: Mapping[str, str]) -> dict[str, str]:
    """What the components see: the caller's environment without anything of another Airflow, and where the product lies."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(("AIRFLOW", "_AIRFLOW", "GIT_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # else every process would compile Airflow again
    local = ",".join(filter(None, [kept.get("no_proxy") or kept.get("NO_PROXY"), HOST, "localhost"]))
    return kept | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]),
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW_CONN_ORDERS_REPO": json.dumps({"conn_type": "git", "host": str(home.product)}),
        "NO_PROXY": local,
        "no_proxy": local,
    }
