"""docker-compose.yaml is what the Compose Specification allows, and keeps our own rules for a team's Airflow."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from airflow.configuration import conf
from jsonschema.validators import validator_for
from phasegate_plugin.provider import get_provider_info
from support import composition
from support.composition import Service, UnsetError

import dag_factory

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yaml"
CHECKER = importlib.util.find_spec("check_jsonschema")
"""The package that brings the Compose Specification's schema; it comes with the extra `compose`."""
WRITTEN = composition.written(FILE)
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
REQUIRED = re.findall(r"^(\w+)=$", EXAMPLE, re.MULTILINE)
OPTIONAL = re.findall(r"^#(\w+)=", EXAMPLE, re.MULTILINE)
SET = {name: f"value-of-{name}" for name in REQUIRED}
SERVICES = composition.services(FILE, SET)
WORKERS = ("worker-1", "worker-2")
SIGNING = {*WORKERS, "triggerer"}
ONCE = "init"
SECRET = re.compile(r"PASSWORD$|SECRET|_KEY$|SQL_ALCHEMY_CONN|BROKER_URL|RESULT_BACKEND")


def sources(service: Service, *, writable: bool = False) -> dict[str, str]:
    """The named volumes of a service, by where it sees them."""
    return {mount.target: mount.source for mount in service.mounts if not (writable and mount.read_only)}


def complaints(written: dict[str, Any]) -> list[str]:
    assert CHECKER
    path = Path(str(CHECKER.origin)).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator_for(schema)(schema).iter_errors(written)]


@pytest.mark.skipif(CHECKER is None, reason="check-jsonschema, of the extra `compose`, is not installed")
def test_the_file_is_what_the_specification_allows() -> None:
    assert complaints(WRITTEN) == []


@pytest.mark.skipif(CHECKER is None, reason="check-jsonschema, of the extra `compose`, is not installed")
def test_the_specification_is_really_asked() -> None:
    assert complaints(WRITTEN | {"volume": {}})
    assert complaints(WRITTEN | {"services": WRITTEN["services"] | {"redis": {"image": "redis:7.4.6", "healthchek": {}}}})


def test_a_team_has_everything_it_needs() -> None:
    parts = {"postgres", "redis", ONCE, "api-server", "scheduler", "dag-processor", "triggerer", *WORKERS}
    assert set(SERVICES) == parts
    assert SERVICES["scheduler"].environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"


@pytest.mark.parametrize("name", SERVICES)
class TestEveryService:
    def test_its_image_is_pinned(self, name: str) -> None:
        image = SERVICES[name].said["image"]
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[\w.]+)?", image), image
        if "build" in SERVICES[name].said:
            assert image == f"airflow-phasegate:{dag_factory.__version__}"

    def test_it_is_not_root_and_cannot_become_it(self, name: str) -> None:
        said = SERVICES[name].said
        assert said["user"].partition(":")[0] not in ("", "0", "root")
        assert said["security_opt"] == ["no-new-privileges:true"]
        assert said["cap_drop"] == ["ALL"]
        assert "privileged" not in said

    def test_it_is_started_again_and_watched(self, name: str) -> None:
        service = SERVICES[name]
        assert service.said["restart"] == ("on-failure:3" if name == ONCE else "unless-stopped")
        assert bool(service.health) is (name != ONCE)
        if service.health:
            assert {"interval", "timeout", "retries"} <= set(service.said["healthcheck"])

    def test_it_waits_for_what_can_be_waited_for(self, name: str) -> None:
        for other, condition in SERVICES[name].waits_for.items():
            assert condition == ("service_completed_successfully" if other == ONCE else "service_healthy")
            assert other == ONCE or SERVICES[other].health

    def test_it_is_reached_from_this_machine_alone(self, name: str) -> None:
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].said.get("ports", []))

    def test_its_secrets_have_no_default(self, name: str) -> None:
        told = WRITTEN["services"][name]["environment"]
        for key, value in told.items():
            if SECRET.search(key) and not key.endswith("PASSWORDS_FILE"):
                assert re.search(r"\$\{\w+:\?[^}]+\}", value), f"{key} of {name}"
                assert ":-" not in value, f"{key} of {name}"

    def test_its_settings_are_ones_airflow_knows(self, name: str) -> None:
        for key in SERVICES[name].environment:
            if key.startswith("AIRFLOW__"):
                section, option = key.removeprefix("AIRFLOW__").lower().split("__")
                if section.startswith("celery") and importlib.util.find_spec("airflow.providers.celery") is None:
                    continue
                assert option in conf.configuration_description[section]["options"], key


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_starts_while_a_value_is_missing(name: str, value: str | None) -> None:
    variables = {key: known for key, known in SET.items() if key != name} | ({} if value is None else {name: value})
    with pytest.raises(UnsetError, match=name):
        composition.services(FILE, variables)


def test_the_example_names_every_variable_and_gives_no_secret() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", FILE.read_text(encoding="utf-8")))
    passed = {key for service in WRITTEN["services"].values() for key, value in service["environment"].items() if value is None}
    assert asked | passed == {*REQUIRED, *OPTIONAL}
    assert not [name for name in OPTIONAL if SECRET.search(name)]


def test_the_optional_ones_reach_the_workers() -> None:
    told = composition.services(FILE, SET | {"AIRFLOW_CONN_ORDERS_REPO": "{}", "AIRFLOW_WORKER_CONCURRENCY": "9"})["worker-1"].environment
    assert told["AIRFLOW_CONN_ORDERS_REPO"] == "{}"
    assert told["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == "9"
    assert "AIRFLOW_CONN_ORDERS_REPO" not in SERVICES["worker-1"].environment
    assert SERVICES["worker-1"].environment["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == "4"


def test_workers_know_neither_the_database_nor_what_signs_logins() -> None:
    for name in WORKERS:
        told = " ".join([*SERVICES[name].environment, *SERVICES[name].environment.values()])
        for secret in ("POSTGRES_PASSWORD", "AIRFLOW_API_SECRET", "AIRFLOW_JWT_SECRET", "AIRFLOW_FERNET_KEY"):
            assert SET[secret] not in told
        assert "SQL_ALCHEMY_CONN" not in told


def test_evidence_is_shared_and_keys_are_only_where_evidence_is_signed() -> None:
    for name, service in SERVICES.items():
        writes, sees = sources(service, writable=True), sources(service)
        assert (sees.get("/phasegate/keys") == "keys") is (name in SIGNING), name
        assert (writes.get("/phasegate/evidence") == "evidence") is (name in SIGNING), name
    assert sources(SERVICES["api-server"])["/phasegate/evidence"] == "evidence"


def test_workers_differ_in_their_work_folder_alone() -> None:
    first, second = (SERVICES[name] for name in WORKERS)
    assert first.environment == second.environment
    assert first.command == second.command
    differ = set(first.mounts) ^ set(second.mounts)
    assert {(mount.source, mount.target) for mount in differ} == {("work-1", "/phasegate/work"), ("work-2", "/phasegate/work")}
    assert not [name for name, service in SERVICES.items() if name not in WORKERS and "/phasegate/work" in sources(service)]


def test_volumes_are_declared_and_used() -> None:
    mounted = {mount.source for service in SERVICES.values() for mount in service.mounts}
    assert {name for name in mounted if not name.startswith(".")} == set(WRITTEN["volumes"])
    assert all((ROOT / name).is_dir() for name in mounted if name.startswith("."))


def test_the_dag_folder_is_read_only() -> None:
    for service in SERVICES.values():
        assert all(mount.read_only for mount in service.mounts if mount.source == "./dags")


def test_the_image_is_pinned_and_has_the_folders_for_its_user() -> None:
    pinned = re.search(r"^apache-airflow==([\d.]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None
    assert re.search(rf"^FROM apache/airflow:{re.escape(pinned[1])}-python3\.\d+$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)[-1] == "airflow"
    owned = set(re.findall(r"(/(?:phasegate|opt/airflow)[\w/]*)", DOCKERFILE[: DOCKERFILE.index("COPY")]))
    needed = {target for name in SIGNING | {"api-server"} for target in sources(SERVICES[name], writable=True)}
    assert needed <= owned
    for name in re.findall(r"^COPY --chown=airflow:0 (.+) /tmp", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / part).exists() for part in name.split())


def test_operations_tells_every_setting() -> None:
    options = get_provider_info()["config"]["phasegate"]["options"]
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.partition("## Settings")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(options)
    assert {f"AIRFLOW__PHASEGATE__{name.upper()}" for name in options} <= set(SERVICES["worker-1"].environment)
