"""What the product is built and checked with, against a snapshot of advisories in the OSV format; there is no network here.

What is locked is looked up, and where something else is installed that too. The report has the shape that OSV-Scanner
writes with ``--format json --all-packages``.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version


def scan(lock: Path, snapshot: Path) -> dict[str, Any]:
    """The report on the lock and on what is installed of it."""
    known = json.loads(snapshot.read_text(encoding="utf-8"))
    pins = dict(line.split("==") for line in lock.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    other = {name: version for name in pins if (version := installed(name)) not in (None, pins[name])}
    sources = [({"path": lock.as_posix(), "type": "lockfile"}, pins), ({"path": "what is installed", "type": "environment"}, other)]
    results = [
        {"source": source, "packages": [looked_up(name, version, known["advisories"]) for name, version in packages.items()]}
        for source, packages in sources
        if packages
    ]
    return {"results": results, "snapshot": {"taken": known["snapshot"], "advisories": len(known["advisories"])}}


def installed(name: str) -> str | None:
    """The version that is installed; None where the package is not."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def looked_up(name: str, version: str, advisories: list[dict[str, Any]]) -> dict[str, Any]:
    """One package, with every advisory that is about this version of it."""
    found = [one for one in advisories if any(affects(part, name, Version(version)) for part in one["affected"])]
    package = {"name": canonicalize_name(name), "version": version, "ecosystem": "PyPI"}
    return {"package": package, "vulnerabilities": found, "groups": [{"ids": [one["id"]]} for one in found]}


def affects(part: dict[str, Any], name: str, version: Version) -> bool:
    """Whether one affected range of an advisory holds this version: events in order, introduced opens, fixed closes."""
    if part["package"]["ecosystem"] != "PyPI" or canonicalize_name(part["package"]["name"]) != canonicalize_name(name):
        return False
    inside = False
    for span in part["ranges"]:
        for event in span["events"]:
            if "introduced" in event and (event["introduced"] == "0" or Version(event["introduced"]) <= version):
                inside = True
            if "fixed" in event and Version(event["fixed"]) <= version:
                inside = False
        if inside:
            return True
    return False
