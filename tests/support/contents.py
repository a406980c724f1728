"""What honest personas leave, item by item."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Mapping

from dag_factory.evidence.contract import Item, TaskContract

STORIES = {
    "stories": [
        {
            "id": f"story-{feature}",
            "feature": feature,
            "story": f"As an analyst I want {feature}.",
            "acceptance": [{"id": f"{feature}-1", "text": "it works"}, {"id": f"{feature}-2", "text": "it says why it does not"}],
            "golden_path": ["start it", "look at the result"],
        }
        for feature in ("ingest", "daily_mart")
    ]
}


def document(*sections: str, more: str = "") -> bytes:
    """A document with content under each section."""
    return ("# Document\n\n" + "".join(f"## {name}\n\nWhat there is to say about {name.lower()}.\n\n" for name in sections) + more).encode()


def interface(feature: str) -> bytes:
    """An INTERFACE.md."""
    text = f"""# {feature}

## Functions

- `run(path)` does the work of this feature.

## Errors

- `MissingColumn` when a column is not there.

## Deviations

- `DEV-{feature}-1` one table instead of two.
"""
    return text.encode()


def junit(*names: str, suite: str = "s") -> bytes:
    """A JUnit report of passed tests."""
    cases = "".join(f'<testcase classname="tests" name="{name}" time="0.01"/>' for name in names)
    return f'<testsuites><testsuite name="{suite}" tests="{len(names)}" failures="0" errors="0" skipped="0">{cases}</testsuite></testsuites>'.encode()


def coverage(covered: int = 95, total: int = 100) -> bytes:
    """A coverage.json."""
    summary = {
        "covered_lines": covered, "num_statements": total, "percent_covered": 100 * covered / total, "percent_covered_display": str(covered),
        "missing_lines": total - covered, "excluded_lines": 0,
    }  # fmt: skip
    file = {
        "executed_lines": list(range(1, covered + 1)),
        "missing_lines": list(range(covered + 1, total + 1)),
        "excluded_lines": [],
        "summary": summary,
    }
    return json.dumps({"meta": {"format": 3, "version": "7.6.0"}, "files": {"src/orders/code.py": file}, "totals": summary}).encode()


def sarif(*results: dict[str, object]) -> dict[str, object]:
    """A SARIF log of one run that looked at one file."""
    run = {
        "tool": {"driver": {"name": "audit"}},
        "invocations": [{"executionSuccessful": True}],
        "artifacts": [{"location": {"uri": "src/orders/code.py"}}],
        "results": list(results),
    }
    return {"version": "2.1.0", "runs": [run]}


def benchmark(*seconds: float, name: str = "test_load", limit: float | None = 2) -> dict[str, object]:
    """A report of pytest-benchmark with one benchmark of these rounds."""
    data = seconds or (0.1, 0.2, 0.3)
    stats = {
        "min": min(data), "max": max(data), "mean": statistics.fmean(data), "median": statistics.median(data), "total": sum(data),
        "rounds": len(data), "iterations": 1, "data": list(data),
    }  # fmt: skip
    extra = {} if limit is None else {"limit_seconds": limit}
    made = {"name": name, "fullname": f"bench.py::{name}", "extra_info": extra, "options": {"timer": "perf_counter"}, "stats": stats}
    return {"benchmarks": [made], "version": "5.1.0"}


def osv(*vulnerabilities: dict[str, object], package: str = "attrs", version: str = "25.1.0") -> dict[str, object]:
    """A report of OSV-Scanner on one package."""
    about = {"name": package, "version": version, "ecosystem": "PyPI"}
    found = {"package": about, "vulnerabilities": list(vulnerabilities)}
    return {"results": [{"source": {"path": "requirements.lock", "type": "lockfile"}, "packages": [found]}]}


_REPORTS: dict[str, object] = {
    "stories": STORIES,
    "verdicts": {"verdicts": [{"story": s["id"], "verdict": "PASSED", "observed": "it did"} for s in STORIES["stories"]]},
    "load": benchmark(),
    "optimisations": {"findings": [{"id": "OPT-1", "text": "batch the inserts"}]},
    "audit": sarif({"ruleId": "AUDIT-1", "level": "note"}),
    "vulnerabilities": osv(),
    "penetration": {"attempts": [{"id": "PEN-1", "attempt": "SQL in a field", "result": "repelled"}]},
    "interfaces": {"interfaces": [{"feature": f, "sha256": hashlib.sha256(interface(f)).hexdigest()} for f in ("ingest", "daily_mart")]},
}


def content_of(task: TaskContract, item: Item, *, commits: Mapping[str, str]) -> bytes:
    """What an honest persona leaves for an item."""
    if item.id == "commits":
        return json.dumps({"commits": [{"task": name, "commit": commit} for name, commit in commits.items()]}).encode()
    if item.id in _REPORTS:
        return json.dumps(_REPORTS[item.id]).encode()
    match item.kind:
        case "markdown":
            answers = "Answers OPT-1, AUDIT-1, DEV-ingest-1 and DEV-daily_mart-1.\n" if task.duty == "architecture-update" else ""
            return document(*item.expect.get("sections", ()), more=answers)
        case "interface":
            return interface(str(task.feature))
        case "junit":
            names = [f"test_{task.feature}_1_works", f"test_{task.feature}_2_says_why", "test_missingcolumn_is_told"]
            whole = [f"test_{feature}_{rest}" for feature in ("ingest", "daily_mart") for rest in ("1_works", "2_says_why")]
            more = [*whole, names[-1]] if item.includes else []
            return junit(*(names if task.feature else [f"test_{item.id.replace('-', '_')}_as_a_whole", *more]), suite=item.id)
        case "coverage":
            return coverage()
    return f"content that is long enough to be taken for something real: {task.id} {item.id}".encode() + b"\n" * 60
