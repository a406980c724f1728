"""The product's code under two readers, as one SARIF 2.1.0 log: bandit, and the house rules that bandit does not know.

Here a finding of bandit's is an error from medium severity up. A ``# nosec`` of the author's counts for nothing.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"LOW": "warning", "MEDIUM": "error", "HIGH": "error"}
Found = Iterator[tuple[ast.AST, str]]


def log(folder: Path) -> dict[str, Any]:
    """The whole log."""
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [bandit(folder), house(folder)]}


def bandit(folder: Path) -> dict[str, Any]:
    """The run of bandit. Its own SARIF needs a library that is no longer kept up, so its JSON is written as SARIF here."""
    command = [sys.executable, "-m", "bandit", "--quiet", "--recursive", "--ignore-nosec", "--exit-zero", "--format", "json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"bandit wrote no report: {done.stderr.strip()}")
    rules = {
        found["test_id"]: {"id": found["test_id"], "name": found["test_name"], "helpUri": found["more_info"]}
        for found in report["results"]
    }
    results = [
        result(found["test_id"], LEVELS.get(found["issue_severity"], "error"), f"{found['issue_text']} ({found['code'].strip()})",
               found["filename"], found["line_number"])
        for found in report["results"]
    ]  # fmt: skip
    unread = [{"level": "error", "message": {"text": f"{one['filename']}: {one['reason']}"}} for one in report["errors"]]
    files = [Path(name) for name in report["metrics"] if name != "_totals"]
    return run("bandit", metadata.version("bandit"), list(rules.values()), files, results, unread)


def house(folder: Path) -> dict[str, Any]:
    """The run of the house rules."""
    files = sorted(folder.rglob("*.py"))
    results = []
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for rule, (level, look) in RULES.items():
            results += [result(rule, level, text, path.as_posix(), getattr(found, "lineno", 1)) for found, text in look(tree)]
    rules = [
        {"id": rule, "shortDescription": {"text": look.__doc__}, "defaultConfiguration": {"level": level}}
        for rule, (level, look) in RULES.items()
    ]
    return run("house-rules", "1.0.0", rules, files, results, [])


def run(
    name: str, version: str, rules: list[Any], files: list[Path], results: list[Any], unread: list[Any]
) -> dict[str, Any]:
    """One run, which did well if it could read every file."""
    return {
        "tool": {"driver": {"name": name, "version": version, "rules": rules}},
        "invocations": [{"executionSuccessful": not unread, "toolExecutionNotifications": unread}],
        "artifacts": [{"location": {"uri": path.as_posix()}} for path in sorted(files)],
        "results": results,
    }


def result(rule: str, level: str, text: str, file: str, line: int) -> dict[str, Any]:
    """One finding."""
    place = {"artifactLocation": {"uri": Path(file).as_posix()}, "region": {"startLine": line}}
    return {"ruleId": rule, "level": level, "message": {"text": text}, "locations": [{"physicalLocation": place}]}


def broad_except(tree: ast.AST) -> Found:
    """Every error is caught, also those nobody thought of."""
    for found in ast.walk(tree):
        if isinstance(found, ast.ExceptHandler) and (
            found.type is None or ast.unparse(found.type) in {"Exception", "BaseException"}
        ):
            yield found, "every error is caught here, also those nobody thought of"


def unbounded_read(tree: ast.AST) -> Found:
    """A file is read as a whole."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and not call.args:
            name = ast.unparse(call.func)
            if re.search(r"\.(read_bytes|read_text|read|readlines)$", name):
                yield call, f"{name}() reads a whole file into memory"


RULES: dict[str, tuple[str, Callable[[ast.AST], Found]]] = {
    "broad-except": ("warning", broad_except),
    "unbounded-read": ("note", unbounded_read),
}
