"""Scans of dependencies (OSV-Scanner, pip-audit, Trivy): what is vulnerable, the worst first, and how much was looked at."""

from __future__ import annotations

from markupsafe import Markup

from dag_factory.errors import EvidenceError
from phasegate_plugin.pages.render import json
from phasegate_plugin.pages.render.markup import NotShownError, facts, note, sign, table

__all__ = ["show"]

_WORST = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def show(name: str, data: bytes) -> Markup:  # noqa: ARG001 # every shape is asked alike
    """Show a report.

    Raises
    ------
    NotShownError: it is of none of the three scanners.

    """
    from dag_factory.evidence.kinds import scan

    try:
        seen = scan.read(json.read(data))
    except EvidenceError as error:
        raise NotShownError(error.message.rstrip(".")) from error
    packages = list(dict.fromkeys(seen.packages))
    made = facts(
        [("packages looked at", len(packages)), ("vulnerabilities", len(seen.vulnerabilities)), ("not looked up", len(seen.skipped))]
    )
    if seen.vulnerabilities:
        found = sorted(seen.vulnerabilities, key=lambda one: _WORST.get(one.severity, 0))
        rows = (
            (
                sign(one.severity, "bad" if _WORST.get(one.severity, 0) < 2 else "plain"),
                one.id,
                one.package,
                ", ".join(one.fixed),
                ", ".join(one.aliases),
            )
            for one in found
        )
        made += table("Vulnerabilities, the worst first", ("Severity", "Id", "Package", "Fixed in", "Also called"), rows)
    else:
        made += note("No known vulnerability was found in these." if packages else "No package was looked at.")
    if seen.skipped:
        made += table("Packages that were not looked up", ("Package", "Why"), seen.skipped)
    return made + table("Packages that were looked at", ("Package",), ((package,) for package in packages), most=500)
