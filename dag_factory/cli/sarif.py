"""Findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for whoever shows the findings of all tools in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dag_factory import __version__
from dag_factory.cli.explain import read_rules
from dag_factory.cli.harmless import visible
from dag_factory.evidence.verdict import Finding

__all__ = ["as_sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(findings: Sequence[Finding], *, run: str) -> dict[str, Any]:
    """The findings as one SARIF run.

    Parameters
    ----------
    findings: what does not hold; none is a clean run.
    run: the id of the run that was judged.

    """
    known = read_rules()
    used = list(dict.fromkeys(finding.rule for finding in findings))
    driver = {
        "name": "phasegate verify",
        "version": __version__,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": known[rule]["says"] if rule in known else rule},
                "help": {"text": known[rule]["remedy"].strip() if rule in known else f"phasegate explain {rule}"},
            }
            for rule in used
        ],
    }
    results = [
        {
            "ruleId": finding.rule,
            "ruleIndex": used.index(finding.rule),
            "level": "error",
            "message": {"text": visible(finding.text)},
            "locations": [{"logicalLocations": [{"fullyQualifiedName": visible(finding.subject), "kind": "resource"}]}],
        }
        for finding in findings
    ]
    told = {
        "tool": {"driver": driver},
        "automationDetails": {"id": visible(f"phasegate/{run}")},
        "invocations": [{"executionSuccessful": True}],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [told | {"results": results}]}
