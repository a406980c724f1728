"""The services of docker-compose.yaml as processes of this machine: Debian's PostgreSQL and Redis, and Airflow's parts as the file starts them.

Commands, settings and health checks are those of the file. What a container has of its own is mapped: each service gets a folder for
`/opt/airflow` and `/phasegate`, a named volume is one folder for all that mount it, and hosts and ports become free ones on loopback.
What only a container can show (its user, its image, read-only mounts) is not shown here.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dag_factory.cli.demo.api import ApiError
from dag_factory.cli.demo.processes import Component
from dag_factory.cli.demo.settings import HOST, free_port
from dag_factory.runners import warden
from support.airflow import left_over
from support.composition import Service

PORTS = (5432, 6379, 8080, 8974)
MODULES = ("airflow.providers.celery", "airflow.providers.postgres", "psycopg2", "asyncpg", "redis")
PATIENCE = warden.GRACE + warden.KILL_PATIENCE + 3.0
_INSIDE = re.compile(r"(?<![\w.])/(?:opt/airflow|phasegate|data|var/lib/postgresql)\b[\w./-]*")


def postgres_bin() -> Path | None:
    """Where the newest PostgreSQL of this machine has its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    at = found[-1] if found else shutil.which("postgres")
    return Path(at).parent if at else None


def missing() -> list[str]:
    """What this machine lacks to run the services."""
    programs = [name for name in ("redis-server", "redis-cli", "curl") if not shutil.which(name)]
    modules = [name for name in MODULES if importlib.util.find_spec(name) is None]
    return [*([] if postgres_bin() else ["postgres"]), *programs, *modules]


class Team:
    """All services of a Compose file, each below a warden that ends it with everything it has started.

    Parameters
    ----------
    services: the services, filled in.
    root: an empty folder for everything but the database.
    binds: which folder stands for a folder of the host that the file mounts.
    extra: what every part of Airflow is told beyond the file.

    """

    def __init__(self, services: Mapping[str, Service], root: Path, binds: Mapping[str, Path], extra: Mapping[str, str]) -> None:
        self.services, self.root, self.binds = services, root, binds
        self.extra = dict(extra)
        self.ports = {port: free_port(None) for port in PORTS}
        self.running: dict[str, Component] = {}
        self.data = Path(tempfile.mkdtemp(prefix="phasegate-postgres-"))  # not below pytest's: that is closed to other users

    @property
    def url(self) -> str:
        """Where the API server is."""
        return f"http://{HOST}:{self.ports[8080]}"

    def volume(self, name: str) -> Path:
        """The folder of a named volume."""
        folder = self.root / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, name: str) -> str:
        """What a service has printed."""
        return (self.root / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    @contextlib.contextmanager
    def up(self) -> Iterator[Team]:
        """Start every service in the order the file asks for; end them all, whatever happens, and see that nothing is left."""
        started: dict[int, int] = {}
        try:
            self._start_postgres()
            waiting = [service for name, service in self.services.items() if name != "postgres"]
            while waiting:
                ready = [service for service in waiting if all(map(self._is, service.waits_for, service.waits_for.values()))]
                for service in ready:
                    self._begin(service)
                    waiting.remove(service)
                self.look()
                time.sleep(0.2)
            yield self
        finally:
            for component in self.running.values():
                started |= warden.below(component.process.pid)
            self._end()
            left = [*left_over(self.root, started), *left_over(self.data, {})]
            shutil.rmtree(self.data, ignore_errors=True)
            assert not left, f"still running: {left}"

    def look(self) -> None:
        """See that no service has ended that should run, or has ended badly."""
        for name, component in self.running.items():
            once = "service_completed_successfully" in {service.waits_for.get(name) for service in self.services.values()}
            code = component.ended
            assert code is None or (once and code == 0), f"{name} ended with code {code}:\n{self.log(name)[-3000:]}"

    def until(self, holds: Callable[[], Any], seconds: float, what: Callable[[], str]) -> Any:
        """Look until something holds, and give it; an API server that is busy for a moment is asked again."""
        deadline = time.monotonic() + seconds
        while True:
            self.look()
            try:
                if found := holds():
                    return found
            except ApiError as error:
                if 0 < error.code < 500:
                    raise
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what()}"
            time.sleep(0.5)

    def check(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run a service's own health check once."""
        service = self.services[name]
        words = [self.here(service, word).replace("$(hostname)", name) for word in service.health]
        return subprocess.run(words, env=self.told(service), cwd=self.root, capture_output=True, text=True, timeout=60, check=False)

    def well(self, name: str) -> bool:
        """Whether a service says that it is healthy."""
        return self.check(name).returncode == 0

    def here(self, service: Service, text: str) -> str:
        """A text of the file, with what it names in its container mapped to this machine."""
        text = re.sub(rf"(?<=[@/])(?:{'|'.join(self.services)})(?=:\d)", HOST, text)
        text = re.sub(rf"\b(?:{'|'.join(map(str, PORTS))})\b", lambda port: str(self.ports[int(port[0])]), text)
        return _INSIDE.sub(lambda path: str(self._mapped(service, path[0])), text)

    def told(self, service: Service) -> dict[str, str]:
        """The environment of a service: nothing of this process' Airflow, what the file says, what the image says."""
        kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR", "TZ") if key in os.environ}
        said = {key: self.here(service, value) for key, value in service.environment.items()}
        bins = [str(Path(sys.executable).parent), str(postgres_bin()), os.environ.get("PATH", os.defpath)]
        own = {"PATH": os.pathsep.join(bins), "PGPORT": str(self.ports[5432]), "NO_PROXY": HOST, "no_proxy": HOST}
        if service.command[:1] == ("airflow",):
            api = {"AIRFLOW__API__HOST": HOST, "AIRFLOW__API__PORT": str(self.ports[8080]), "AIRFLOW__API__WORKERS": "1"}
            own |= {"AIRFLOW_HOME": str(self._mapped(service, "/opt/airflow")), **api, **self.extra}
        return kept | own | said

    def _mapped(self, service: Service, path: str) -> Path:
        for mount in sorted(service.mounts, key=lambda mount: -len(mount.target)):
            if (path + "/").startswith(mount.target + "/"):
                source = self.binds[mount.source] if mount.source.startswith(".") else self.volume(mount.source)
                return source / path[len(mount.target) :].lstrip("/")
        return self.root / "containers" / service.name / path.lstrip("/")

    def _is(self, name: str, condition: str) -> bool:
        component = self.running.get(name)
        if condition == "service_completed_successfully":
            return component is not None and component.ended == 0
        return component is not None and self.well(name)

    def _begin(self, service: Service) -> None:
        words = [self.here(service, word) for word in service.command]
        if service.name == "redis":
            words = [word.replace("port ", f"bind {HOST}\nport ") for word in words]
        if "worker" in service.command:  # a container has a host name of its own
            words += ["--celery-hostname", service.name]
        folder = self._mapped(service, "/opt/airflow")
        folder.mkdir(parents=True, exist_ok=True)
        for mount in service.mounts:
            self._mapped(service, mount.target).mkdir(parents=True, exist_ok=True)
        self.running[service.name] = self._below_a_warden(service.name, words, self.told(service), folder)

    def _below_a_warden(self, name: str, words: list[str], environment: Mapping[str, str], folder: Path) -> Component:
        log = self.root / f"{name}.log"
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", warden.__file__, *words], cwd=folder, env=dict(environment), stdin=subprocess.PIPE,
                stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return Component(name, process, log)

    def _start_postgres(self) -> None:
        """Do what the image's entry point does: make a database of the named user, and serve it."""
        service, bin_ = self.services["postgres"], postgres_bin()
        assert bin_ is not None
        told = self.told(service) | {"PGPASSWORD": service.environment["POSTGRES_PASSWORD"], "LC_ALL": "C.UTF-8"}
        user, database = service.environment["POSTGRES_USER"], service.environment["POSTGRES_DB"]
        as_nobody: list[str] = []
        password, cluster = self.data / "password", self.data / "cluster"
        password.write_text(told["PGPASSWORD"], encoding="utf-8")
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            owner = next(found for found in pwd.getpwall() if found.pw_name in ("postgres", "nobody"))
            as_nobody = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
            for path in (self.data, password):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        make = ["--auth=scram-sha-256", f"--username={user}", f"--pwfile={password}", "--no-sync", "--encoding=UTF8"]
        self._done([*as_nobody, str(bin_ / "initdb"), *make, str(cluster)], told)
        settings = [f"listen_addresses={HOST}", f"port={self.ports[5432]}", f"unix_socket_directories={self.data}", "fsync=off"]
        options = [word for setting in settings for word in ("-c", setting)]
        self.running["postgres"] = self._below_a_warden(
            "postgres", [*as_nobody, str(bin_ / "postgres"), "-D", str(cluster), *options], told, self.data
        )
        ready = [str(bin_ / "pg_isready"), f"--host={HOST}"]
        self.until(
            lambda: subprocess.run(ready, env=told, capture_output=True, check=False).returncode == 0, 30, lambda: self.log("postgres")
        )
        self._done([str(bin_ / "createdb"), f"--host={HOST}", f"--username={user}", database], told)

    def _done(self, words: list[str], environment: Mapping[str, str]) -> None:
        done = subprocess.run(words, env=dict(environment), cwd=self.data, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    def _end(self) -> None:
        """End Airflow's parts together, then what they were connected to."""
        last = ("redis", "postgres")
        for names in ([name for name in self.running if name not in last], [name for name in last if name in self.running]):
            for name in names:
                self.running[name].release()
            deadline = time.monotonic() + PATIENCE
            for name in names:
                process = self.running[name].process
                try:
                    process.wait(max(deadline - time.monotonic(), 0.1))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
