"""Reading the JSON of three scanners of dependencies into one shape.

- OSV-Scanner 1 and 2, ``--format json --all-packages``: results, packages, and advisories in the OSV schema 1.x;
- pip-audit 2, ``--format json``: dependencies and their vulns, without a severity;
- Trivy, ``--format json --list-all-pkgs``, SchemaVersion 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import clipped
from dag_factory.evidence.kinds.cvss import SEVERITIES, base_score, severity_of

__all__ = ["Scan", "Vulnerability", "read"]

_WORDS = {"moderate": "medium", "negligible": "low", "important": "high"}  # as distributors and advisories say it
_SCORE = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,4})?")
_REMEDY = "Deliver the scanner's own report."
_ITSELF = ("root", "workspace")  # what Trivy calls the product among its packages


@dataclass(frozen=True)
class Vulnerability:
    """One vulnerability of one package; `fixed` are the versions that are without it, `mend` what else would mend it."""

    package: str
    id: str
    severity: str
    aliases: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    mend: str = ""


@dataclass
class Scan:
    """What was looked at and what was found; `skipped` are packages that could not be looked up, and why.

    `targets` are the files, images and folders that were scanned, `created` when, and `database` how old what is known of vulnerabilities
    was, each as far as the report tells it.
    """

    packages: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    vulnerabilities: list[Vulnerability] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    created: Any = None
    database: Any = None


def read(report: Any) -> Scan:
    """Read a report.

    Raises
    ------
    EvidenceError: it has the shape of none of the three, or of more than one, or lacks what that shape must have.

    """
    if isinstance(report, dict):
        about = {"created": report.get("CreatedAt"), "database": _database(report)}
        named = [report["ArtifactName"]] if isinstance(report.get("ArtifactName"), str) else []
        shapes = [key for key in report if key.casefold() in {shape.casefold() for shape in _SHAPES}]
        if len(shapes) > 1:
            shown = " and ".join(f"“{clipped(key, 20)}”" for key in shapes)
            raise EvidenceError(f"it has {shown}, and no scanner writes both: one would hide the other.", remedy=_REMEDY)
        for key in set(shapes) & set(_SHAPES):
            seen = Scan(targets=named, skipped=list(_unsupported(report)), **about)
            for number, entry in enumerate(_entries(report, key, "the report")):
                _SHAPES[key](seen, _object(entry, f"{key}[{number}]"), f"{key}[{number}]")
            return seen
        if report.get("SchemaVersion") == 2 and not shapes:  # Trivy leaves Results out where it saw nothing
            return Scan(targets=named, **about)
    told = "“results” of OSV-Scanner, “dependencies” of pip-audit, “Results” of Trivy"
    raise EvidenceError(f"the report has none of {told}.", remedy="Deliver the JSON of one of these.")


def _unsupported(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A distribution that Trivy says nobody looks after any more: no new vulnerability of its packages is told."""
    metadata = report.get("Metadata")
    system = metadata.get("OS") if isinstance(metadata, dict) else None
    if isinstance(system, dict) and system.get("EOSL"):
        yield f"{system.get('Family')} {system.get('Name')}", "its distribution has reached the end of its service life"


def _database(report: dict[str, Any]) -> Any:
    """When the database was updated: what `trivy version --format json` tells, put into the report, or `database` of any report."""
    metadata = report.get("Metadata")
    for holder in (report, metadata if isinstance(metadata, dict) else {}):
        for key, when in (("VulnerabilityDB", "UpdatedAt"), ("database", "updated")):
            told = holder.get(key)
            if isinstance(told, dict) and when in told:
                return told[when]
    return None


def _osv(seen: Scan, result: dict[str, Any], where: str) -> None:
    source = result.get("source")
    if isinstance(source, dict) and isinstance(source.get("path"), str):
        seen.targets.append(source["path"])
    for number, entry in enumerate(_entries(result, "packages", where)):
        place = f"{where}.packages[{number}]"
        found = _object(entry, place)
        about = _object(found.get("package"), f"{place}.package")
        package = _osv_package(about, place)
        seen.packages.append(package)
        scores: dict[str, set[str]] = {}
        for group in _entries(found, "groups", place):
            members = _texts(_object(group, f"{place}.groups").get("ids"))
            score = group.get("max_severity")
            for member in members or [""]:
                scores.setdefault(member, set()).update(() if score in (None, "") else (_scored(score),))
        told = set()
        for advisory in _entries(found, "vulnerabilities", place):
            record = _object(advisory, f"{place}.vulnerabilities")
            identity = _id(record, "id", place)
            told.add(identity)
            aliases = tuple(_texts(record.get("aliases")))
            severity = _osv_severity(record, scores.get(identity, set()), place)
            seen.vulnerabilities.append(Vulnerability(package, identity, severity, aliases, _fixed(record, str(about.get("name")))))
        if lost := set(scores) - told:
            raise EvidenceError(f"{place}: a group names “{clipped(min(lost), 60)}”, which is none of its vulnerabilities.", remedy=_REMEDY)


def _osv_package(about: dict[str, Any], where: str) -> str:
    """The name and version of a package; the commit stands for either where git has no other."""
    commit = about.get("commit")
    if isinstance(commit, str) and commit.strip():
        return f"{about.get('name') or 'git'} {about.get('version') or commit.strip()}"
    return _package(about, "name", "version", where)


def _osv_severity(record: dict[str, Any], scored: set[str], where: str) -> str:
    """The worst severity anybody states: the vectors, the scanner's own score, the database's word.

    A vector that is not read here counts as critical, unless the scanner says what it comes to.
    """
    specific = record.get("database_specific")
    stated = [_word(specific.get("severity"))] if isinstance(specific, dict) else []
    for entry in _entries(record, "severity", where):
        vector = entry.get("score") if isinstance(entry, dict) else None
        computed = base_score(vector) if isinstance(vector, str) else None
        stated.append(severity_of(computed) if computed is not None else _word(vector) or (None if scored else SEVERITIES[-1]))
    known = [word for word in (*stated, *scored) if word is not None]
    return max(known, key=SEVERITIES.index) if known else SEVERITIES[-1]


def _scored(score: Any) -> str:
    """The word for a score as a scanner writes it, a text from 0 to 10; of anything else nobody knows how bad it is."""
    found = isinstance(score, str) and _SCORE.fullmatch(score) and float(score) <= 10
    return severity_of(float(score)) if found else SEVERITIES[-1]


def _fixed(record: dict[str, Any], package: str) -> tuple[str, ...]:
    """The versions in which an advisory says the package is fixed."""
    found: dict[str, None] = {}
    for affected in record.get("affected") or () if isinstance(record.get("affected"), list) else ():
        about = affected.get("package") if isinstance(affected, dict) else None
        if not isinstance(about, dict) or about.get("name") != package:
            continue
        for spans in _dicts(affected.get("ranges")):
            found |= dict.fromkeys(event["fixed"] for event in _dicts(spans.get("events")) if isinstance(event.get("fixed"), str))
    return tuple(found)


def _pip_audit(seen: Scan, dependency: dict[str, Any], where: str) -> None:
    if "skip_reason" in dependency:
        seen.skipped.append((_id(dependency, "name", where), str(dependency["skip_reason"])))
        return
    package = _package(dependency, "name", "version", where)
    seen.packages.append(package)
    if "vulns" not in dependency:
        raise EvidenceError(f"{where} has no “vulns”.", remedy="Deliver what `pip-audit --format json` wrote.")
    for vuln in _entries(dependency, "vulns", where):
        record = _object(vuln, f"{where}.vulns")
        fixed, aliases = _texts(record.get("fix_versions")), _texts(record.get("aliases"))
        identity = _id(record, "id", where)
        seen.vulnerabilities.append(Vulnerability(package, identity, SEVERITIES[-1], tuple(aliases), tuple(fixed)))


def _trivy(seen: Scan, result: dict[str, Any], where: str) -> None:
    target = result["Target"] if isinstance(result.get("Target"), str) else where
    if target is not where:
        seen.targets.append(target)
    for entry in _entries(result, "Packages", where):
        about = _object(entry, f"{where}.Packages")
        if about.get("Version"):
            seen.packages.append(_package(about, "Name", "Version", where))
        elif about.get("Relationship") not in _ITSELF:
            seen.skipped.append((_id(about, "Name", where), "it has no version"))
    for key, what in (("Vulnerabilities", "vulnerability"), ("Secrets", "secret"), ("Misconfigurations", "misconfiguration")):
        for entry in _entries(result, key, where):
            _trivy_found(seen, what, _object(entry, f"{where}.{key}"), target, f"{where}.{key}")
    for entry in _entries(result, "ExperimentalModifiedFindings", where):
        place = f"{where}.ExperimentalModifiedFindings"
        kind, by = (_object(entry, place).get(key) for key in ("Type", "Source"))
        if kind != "license":
            mend = f"{clipped(by, 60) if isinstance(by, str) else 'The scanner'} suppresses it: have the plan ignore it, or mend it."
            _trivy_found(seen, kind, _object(entry.get("Finding"), place), target, place, mend)


def _trivy_found(seen: Scan, kind: Any, record: dict[str, Any], target: str, where: str, mend: str = "") -> None:
    """Take in what Trivy found, of one of its kinds; what passes among misconfigurations is none."""
    severity = _word(record.get("Severity")) or SEVERITIES[-1]
    if kind == "secret":
        mend = mend or "It is a secret: revoke it, and take it out."
        seen.vulnerabilities.append(Vulnerability(target, _id(record, "RuleID", where), severity, mend=mend))
    elif kind == "misconfiguration":
        if record.get("Status") != "PASS":
            mend = mend or "Configure it otherwise."
            seen.vulnerabilities.append(Vulnerability(target, _id(record, "ID", where), severity, mend=mend))
    else:
        package = _package(record, "PkgName", "InstalledVersion", where)
        fixed = record.get("FixedVersion")
        versions = tuple(part.strip() for part in fixed.split(",") if part.strip()) if isinstance(fixed, str) else ()
        aliases = tuple(_texts(record.get("VendorIDs")))  # what a distribution calls its advisory
        seen.vulnerabilities.append(Vulnerability(package, _id(record, "VulnerabilityID", where), severity, aliases, versions, mend))


_SHAPES = {"results": _osv, "dependencies": _pip_audit, "Results": _trivy}


def _word(stated: Any) -> str | None:
    word = _WORDS.get(stated.lower(), stated.lower()) if isinstance(stated, str) else None
    return word if word in SEVERITIES else None


def _package(about: dict[str, Any], name: str, version: str, where: str) -> str:
    return f"{_id(about, name, where)} {_id(about, version, where)}"


def _id(about: dict[str, Any], key: str, where: str) -> str:
    value = about.get(key)
    if not isinstance(value, str) or not value.strip():
        raise EvidenceError(f"{where}: “{key}” is {clipped(repr(value), 40)}, and must be a text.", remedy=_REMEDY)
    return value.strip()


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EvidenceError(f"{where} is no object.", remedy=_REMEDY)
    return value


def _entries(holder: dict[str, Any], key: str, where: str) -> list[Any]:
    """A list by its key, nothing being an empty one; a key that differs by case alone would hide what is in it."""
    odd = next((name for name in holder if name != key and name.casefold() == key.casefold()), None)
    value = holder.get(key)
    if odd is not None or not isinstance(value, list | None):
        raise EvidenceError(f"{where}: “{clipped(odd or key, 40)}” must be “{key}”, and a list.", remedy=_REMEDY)
    return value or []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
