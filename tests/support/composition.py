"""Reads a Compose file as `docker compose` does: anchors and merges, then interpolation, then what each service is told.

What is understood is what our own file uses; see https://github.com/compose-spec/compose-spec/blob/main/spec.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<text>[^}]*))?\})")


class UnsetError(Exception):
    """A variable that must be set is not, or is empty."""


@dataclass(frozen=True)
class Mount:
    """A volume or a folder of the host, as a service sees it."""

    source: str
    target: str
    read_only: bool


@dataclass(frozen=True)
class Service:
    """One service, with everything filled in."""

    name: str
    said: Mapping[str, Any]
    environment: Mapping[str, str]

    @property
    def command(self) -> tuple[str, ...]:
        """What it runs; empty where the image says it."""
        return tuple(self.said.get("command") or ())

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What is mounted, and where."""
        written = [(*text.split(":"), "")[:3] for text in self.said.get("volumes", [])]
        return tuple(Mount(source, target, mode == "ro") for source, target, mode in written)

    @property
    def health(self) -> tuple[str, ...]:
        """The command that tells whether it is well; empty if there is none."""
        kind, *words = self.said.get("healthcheck", {}).get("test", ["NONE"])
        return {"NONE": (), "CMD": tuple(words), "CMD-SHELL": ("sh", "-c", *words)}[kind]

    @property
    def waits_for(self) -> dict[str, str]:
        """The services it depends on, and what each must be first."""
        return {name: how["condition"] for name, how in self.said.get("depends_on", {}).items()}


def written(path: Path) -> dict[str, Any]:
    """The file as it is written, anchors and merges resolved."""
    said: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return said


def services(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """The services, their variables filled in.

    Raises
    ------
    UnsetError: a variable that must be set is not, or is empty.

    """
    made = {}
    for name, said in written(path)["services"].items():
        filled = interpolated(said, variables)
        told = filled.get("environment", {})
        known = {key: variables.get(key) if value is None else str(value) for key, value in told.items()}
        made[name] = Service(name, filled, {key: value for key, value in known.items() if value is not None})
    return made


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """A value with its variables filled in, and `$$` read as `$`."""
    if isinstance(value, dict):
        return {key: interpolated(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item, variables) for item in value]
    return _VARIABLE.sub(lambda found: _filled(found, variables), value) if isinstance(value, str) else value


def _filled(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found["dollar"]:
        return "$"
    value = variables.get(found["name"], "")
    if not value and found["kind"] == "?":
        raise UnsetError(f"{found['name']}: {found['text']}")
    return value or (found["text"] if found["kind"] == "-" else "")
