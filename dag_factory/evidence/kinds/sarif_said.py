"""What a run of SARIF says of itself beside its results: which files it looked at, and what it could not do (3.20, 3.24, 3.58)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from dag_factory.evidence.kinds.base import EVIDENCE_MISSING, VALIDATION_FAILED, Fault, clipped
from dag_factory.evidence.kinds.sarif_rules import LEVELS, TAKE

__all__ = ["artifacts", "errors", "metrics", "placed_at", "text_of"]

_ASIDE = frozenset({
    "attachment", "responseFile", "standardStream", "toolSpecifiedConfiguration", "userSpecifiedConfiguration", "driver", "extension",
    "translation", "taxonomy", "policy", "debugOutputFile", "directory", "deleted",
})  # fmt: skip
"""Roles of artifacts that were not analysed (3.24.6)."""
_UNREAD = frozenset({
    "syntaxerror", "othersyntaxerror", "lexicalerror", "astbuildererror", "timeout", "outofmemory", "stackoverflow", "fatalerror", "toomanymatches",
    "internalmatchingerror",
})  # fmt: skip
"""What Semgrep tells as a warning where it gave a file up; of one that it parsed in part, or whose taint it gave up, it looked at the rest."""


def artifacts(run: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The files the run says it looked at, each once however it is spelled; Bandit names those of which it read a line among its metrics alone."""
    places = []
    for one in TAKE.items(run.get("artifacts"), f"{where}.artifacts"):
        artifact = TAKE.mapping(one, f"{where}.artifacts")
        roles = {role for role in TAKE.items(artifact.get("roles"), f"{where}.artifacts.roles") if isinstance(role, str)}
        location = artifact.get("location")
        uri = location.get("uri") if isinstance(location, dict) else None
        if isinstance(uri, str) and uri.strip() and not (roles and roles <= _ASIDE):
            places.append(posixpath.normpath(uri.strip().partition("#")[0]))
    read, _ = _metrics(run)
    places += [posixpath.normpath(name.strip()) for name, one in read.items() if name.strip() and _counts(one)["loc"] > 0]
    return tuple(dict.fromkeys(places))


def errors(invocation: Mapping[str, Any], driver: Mapping[str, Any], where: str) -> Iterator[str]:
    """The errors a tool tells of itself, one by one (3.20.21 and 3.20.22)."""
    described = {
        one["id"]: one
        for one in TAKE.mappings(driver.get("notifications"), f"{where}.tool.notifications")
        if isinstance(one.get("id"), str)
    }
    semgrep = str(driver.get("name")).casefold().startswith("semgrep")
    for key in ("toolExecutionNotifications", "toolConfigurationNotifications"):
        for one in TAKE.mappings(invocation.get(key), f"{where}.invocations.{key}"):
            about = TAKE.mapping(one.get("descriptor", {}), f"{where}.invocations.{key}.descriptor").get("id")
            default = described.get(about, {}).get("defaultConfiguration") if isinstance(about, str) else None
            level = one.get("level") or (default.get("level") if isinstance(default, dict) else None) or "warning"
            unread = semgrep and "".join(filter(str.isalnum, str(about))).casefold() in _UNREAD
            if level not in LEVELS[:-1] or (unread and level == "warning"):
                yield f"{placed_at(one)}: {text_of(one.get('message'))}"


def metrics(run: Mapping[str, Any], where: str, tool: str, *, suppressed_in_source: bool) -> Iterator[Fault]:
    """What Bandit tells among its metrics and lists nowhere: how many lines it read, and how many results comments in the source took out."""
    by_file, whole = _metrics(run)
    totals = _counts(whole)
    dropped = max(
        totals["nosec"] + totals["skipped_tests"], sum(_counts(one)["nosec"] + _counts(one)["skipped_tests"] for one in by_file.values())
    )
    if whole.get("loc") == 0:
        yield Fault(f"{where}: {tool} read no line of code. No data is never a pass: analyse the product.", where, EVIDENCE_MISSING)
    if dropped and not suppressed_in_source:
        text = f"{where}: comments in the source take {dropped} results out, which are not listed. "
        yield Fault(f"{text}Mend them, or have the plan allow that (suppressed_in_source).", where, VALIDATION_FAILED)


def _metrics(run: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Bandit's figures of each file, and of all; nothing where there are none."""
    properties = run.get("properties")
    told = properties.get("metrics") if isinstance(properties, dict) else None
    by_file = {name: one for name, one in (told if isinstance(told, dict) else {}).items() if isinstance(one, dict)}
    return by_file, by_file.pop("_totals", {})


def _counts(figures: Mapping[str, Any]) -> dict[str, int]:
    """The counts among some figures; those of other tools may have another shape."""
    return {"loc": 0, "nosec": 0, "skipped_tests": 0} | {key: count for key, count in figures.items() if type(count) is int}


def placed_at(result: Mapping[str, Any]) -> str:
    """Where a result lies, as far as it says so."""
    try:
        physical = result["locations"][0]["physicalLocation"]
        line = physical.get("region", {}).get("startLine")
        return clipped(f"{physical['artifactLocation']['uri']}{f':{line}' if line else ''}", 120)
    except (KeyError, IndexError, TypeError, AttributeError):
        return "a place it does not name"


def text_of(message: Any) -> str:
    """What a message says."""
    found = message.get("text") or message.get("markdown") or message.get("id") if isinstance(message, dict) else None
    return found if isinstance(found, str) else "without a message"
