"""Reading the JSON of three scanners of dependencies into one shape.

- OSV-Scanner 1 and 2, ``--format json --all-packages``: results, packages, and advisories in the OSV schema 1.x;
- pip-audit 2, ``--format json``: dependencies and their vulns, without a severity;
- Trivy, ``--format json --list-all-pkgs``, SchemaVersion 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import clipped
from dag_factory.evidence.kinds.cvss import SEVERITIES, base_score, severity_of

__all__ = ["Scan", "Vulnerability", "read"]

_WORDS = {"moderate": "medium", "negligible": "low", "important": "high"}  # as distributors and advisories say it


@dataclass(frozen=True)
class Vulnerability:
    """One vulnerability of one package; `fixed` are the versions that are without it."""

    package: str
    id: str
    severity: str
    aliases: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


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
    EvidenceError: it has the shape of none of the three, or lacks what that shape must have.

    """
    if isinstance(report, dict):
        about = {"created": report.get("CreatedAt"), "database": _database(report)}
        named = [report["ArtifactName"]] if isinstance(report.get("ArtifactName"), str) else []
        for key, take in (("results", _osv), ("dependencies", _pip_audit), ("Results", _trivy)):
            if key in report:
                seen = Scan(targets=named, **about)
                for number, entry in enumerate(_list(report[key], key)):
                    take(seen, _object(entry, f"{key}[{number}]"), f"{key}[{number}]")
                return seen
        if report.get("SchemaVersion") == 2:  # Trivy leaves Results out where it saw nothing
            return Scan(targets=named, **about)
    shapes = "“results” of OSV-Scanner, “dependencies” of pip-audit, “Results” of Trivy"
    raise EvidenceError(f"the report has none of {shapes}.", remedy="Deliver the JSON of one of these.")


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
    for number, entry in enumerate(_list(result.get("packages"), f"{where}.packages")):
        place = f"{where}.packages[{number}]"
        found = _object(entry, place)
        about = _object(found.get("package"), f"{place}.package")
        package = _package(about, "name", "version", place)
        seen.packages.append(package)
        scores: dict[str, list[Any]] = {}
        for group in _list(found.get("groups"), f"{place}.groups"):
            for member in _texts(_object(group, f"{place}.groups").get("ids")):
                scores.setdefault(member, []).append(group.get("max_severity"))
        for advisory in _list(found.get("vulnerabilities"), f"{place}.vulnerabilities"):
            record = _object(advisory, f"{place}.vulnerabilities")
            identity = _id(record, "id", place)
            aliases = tuple(_texts(record.get("aliases")))
            fixed = _fixed(record, str(about["name"]))
            seen.vulnerabilities.append(Vulnerability(package, identity, _osv_severity(record, scores.get(identity, [])), aliases, fixed))


def _osv_severity(record: dict[str, Any], scores: list[Any]) -> str:
    """The worst severity anybody states: the vectors, the scanner's own score, the database's word."""
    specific = record.get("database_specific")
    stated = [_word(specific.get("severity"))] if isinstance(specific, dict) else []
    for score in scores:
        try:
            stated.append(severity_of(float(score)))
        except (TypeError, ValueError, OverflowError):
            continue
    for entry in record.get("severity") or () if isinstance(record.get("severity"), list) else ():
        vector = entry.get("score") if isinstance(entry, dict) else None
        computed = base_score(vector) if isinstance(vector, str) else None
        stated.append(severity_of(computed) if computed is not None else None)
    known = [word for word in stated if word is not None]
    return max(known, key=SEVERITIES.index) if known else SEVERITIES[-1]


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
    for vuln in _list(dependency["vulns"], f"{where}.vulns"):
        record = _object(vuln, f"{where}.vulns")
        fixed, aliases = _texts(record.get("fix_versions")), _texts(record.get("aliases"))
        identity = _id(record, "id", where)
        seen.vulnerabilities.append(Vulnerability(package, identity, SEVERITIES[-1], tuple(aliases), tuple(fixed)))


def _trivy(seen: Scan, result: dict[str, Any], where: str) -> None:
    if isinstance(result.get("Target"), str):
        seen.targets.append(result["Target"])
    for entry in _list(result.get("Packages"), f"{where}.Packages"):
        seen.packages.append(_package(_object(entry, f"{where}.Packages"), "Name", "Version", where))
    for entry in _list(result.get("Vulnerabilities"), f"{where}.Vulnerabilities"):
        record = _object(entry, f"{where}.Vulnerabilities")
        package = _package(record, "PkgName", "InstalledVersion", where)
        severity = _word(record.get("Severity")) or SEVERITIES[-1]
        fixed = record.get("FixedVersion")
        versions = tuple(part.strip() for part in fixed.split(",") if part.strip()) if isinstance(fixed, str) else ()
        seen.vulnerabilities.append(Vulnerability(package, _id(record, "VulnerabilityID", where), severity, (), versions))


def _word(stated: Any) -> str | None:
    word = _WORDS.get(stated.lower(), stated.lower()) if isinstance(stated, str) else None
    return word if word in SEVERITIES else None


def _package(about: dict[str, Any], name: str, version: str, where: str) -> str:
    return f"{_id(about, name, where)} {_id(about, version, where)}"


def _id(about: dict[str, Any], key: str, where: str) -> str:
    value = about.get(key)
    if not isinstance(value, str) or not value.strip():
        raise EvidenceError(
            f"{where}: “{key}” is {clipped(repr(value), 40)}, and must be a text.", remedy="Deliver the scanner's own report."
        )
    return value.strip()


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EvidenceError(f"{where} is no object.", remedy="Deliver the scanner's own report.")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise EvidenceError(f"{where} is no list.", remedy="Deliver the scanner's own report.")
    return value


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
