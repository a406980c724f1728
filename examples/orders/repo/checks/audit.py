"""``make audit``: reads the code for what should not be there, looks up what it depends on, and tries to break in.

Writes audit.sarif (SARIF 2.1.0), vulnerabilities.json and penetration.json. Fails on an error of the audit, on a known
vulnerability, and on an attempt that succeeds.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import penetration

EVIDENCE = Path(os.environ["EVIDENCE"])
Found = Iterator[tuple[ast.AST, str]]


def main() -> int:
    """Audit, look up, break in; all three reports are written whatever the first one says."""
    sources = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(Path("src").rglob("*.py"))}
    results = [result for path, tree in sources.items() for result in audited(path, tree)]
    scanned, vulnerabilities = looked_up(sources)
    attempts = penetration.attempts()
    write("audit.sarif", sarif(results, len(sources)))
    write("vulnerabilities.json", {"scanned": scanned, "vulnerabilities": vulnerabilities})
    write("penetration.json", {"attempts": attempts})
    errors = [result for result in results if result["level"] == "error"]
    broken = [attempt for attempt in attempts if attempt["result"] != "repelled"]
    for what in [*results, *vulnerabilities, *broken]:
        print(json.dumps(what))
    print(f"{len(sources)} files, {len(results)} findings, {len(errors)} errors; {len(scanned)} dependencies, "
          f"{len(vulnerabilities)} vulnerable; {len(attempts)} attempts, {len(broken)} succeeded")  # fmt: skip
    return 1 if errors or vulnerabilities or broken or not sources else 0


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Every call and the dotted name of what is called, as far as it has one."""
    for found in ast.walk(tree):
        if isinstance(found, ast.Call):
            yield found, ast.unparse(found.func)


def dynamic_code(tree: ast.AST) -> Found:
    """Text is run as code."""
    yield from (
        (call, f"{name}() runs text as code") for call, name in calls(tree) if name in {"eval", "exec", "compile"}
    )


def shell_command(tree: ast.AST) -> Found:
    """A command goes through a shell."""
    for call, name in calls(tree):
        through = any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in call.keywords)
        if through or name in {"os.system", "os.popen"}:
            yield call, f"{name}() goes through a shell"


def sql_by_formatting(tree: ast.AST) -> Found:
    """An SQL statement is put together from text."""
    for call, name in calls(tree):
        statement = call.args[0] if call.args else None
        built = isinstance(statement, ast.JoinedStr | ast.BinOp) or ".format(" in (
            ast.unparse(statement) if statement else ""
        )
        if built and re.search(r"\.execute(many|script)?$", name):
            yield call, f"{name}() is given a statement put together from text"


def unsafe_deserialising(tree: ast.AST) -> Found:
    """Bytes become objects of any class."""
    for found in ast.walk(tree):
        names = [alias.name for alias in found.names] if isinstance(found, ast.Import) else []
        names += [found.module or ""] if isinstance(found, ast.ImportFrom) else []
        yield from (
            (found, f"{name} makes objects of any class") for name in names if name in {"pickle", "marshal", "shelve"}
        )


def assert_as_validation(tree: ast.AST) -> Found:
    """A check that `python -O` drops."""
    yield from (
        (found, "an assert is dropped by python -O") for found in ast.walk(tree) if isinstance(found, ast.Assert)
    )


def broad_except(tree: ast.AST) -> Found:
    """Every error is caught, also those nobody thought of."""
    for found in ast.walk(tree):
        if isinstance(found, ast.ExceptHandler) and (
            found.type is None or ast.unparse(found.type) in {"Exception", "BaseException"}
        ):
            yield found, "every error is caught here, also those nobody thought of"


def unbounded_read(tree: ast.AST) -> Found:
    """A file is read as a whole."""
    for call, name in calls(tree):
        if re.search(r"\.(read_bytes|read_text|read|readlines)$", name) and not call.args:
            yield call, f"{name}() reads a whole file into memory"


RULES: dict[str, tuple[str, Callable[[ast.AST], Found]]] = {
    "dynamic-code": ("error", dynamic_code),
    "shell-command": ("error", shell_command),
    "sql-by-formatting": ("error", sql_by_formatting),
    "unsafe-deserialising": ("error", unsafe_deserialising),
    "assert-as-validation": ("warning", assert_as_validation),
    "broad-except": ("warning", broad_except),
    "unbounded-read": ("note", unbounded_read),
}


def audited(path: Path, tree: ast.AST) -> Iterator[dict[str, Any]]:
    """What the rules find in one file, as SARIF results."""
    for rule, (level, look) in RULES.items():
        for found, text in look(tree):
            region = {"startLine": getattr(found, "lineno", 1)}
            place = {"physicalLocation": {"artifactLocation": {"uri": path.as_posix()}, "region": region}}
            yield {"ruleId": rule, "level": level, "message": {"text": text}, "locations": [place]}


def sarif(results: list[dict[str, Any]], files: int) -> dict[str, Any]:
    """The log, by the OASIS standard SARIF 2.1.0."""
    rules = [
        {"id": rule, "shortDescription": {"text": look.__doc__}, "defaultConfiguration": {"level": level}}
        for rule, (level, look) in RULES.items()
    ]
    run = {
        "tool": {"driver": {"name": "orders-audit", "version": "1.0.0", "rules": rules}},
        "invocations": [{"executionSuccessful": True}],
        "properties": {"filesAudited": files},
        "results": results,
    }
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def looked_up(sources: dict[Path, ast.Module]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The distributions that the product imports, Python first, and those with a known vulnerability."""
    imported: set[str] = set()
    for found in (found for tree in sources.values() for found in ast.walk(tree)):
        names = [alias.name for alias in found.names] if isinstance(found, ast.Import) else []
        names += [found.module or ""] if isinstance(found, ast.ImportFrom) and not found.level else []
        imported |= {name.partition(".")[0] for name in names}
    foreign = imported - set(sys.stdlib_module_names) - {"orders"}
    owners = metadata.packages_distributions() if foreign else {}
    names = sorted({name for module in foreign for name in owners.get(module, [module])})
    scanned = [{"name": "python", "version": platform.python_version()}]
    scanned += [{"name": name, "version": metadata.version(name)} for name in names]
    advisories = json.loads(Path("checks/advisories.json").read_text(encoding="utf-8"))["advisories"]
    known = [
        {**one, **advisory}
        for one in scanned
        for advisory in advisories
        if one["name"].lower() == advisory["package"] and numbers(one["version"]) < numbers(advisory["below"])
    ]
    return scanned, known


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def write(report: str, content: object) -> None:
    """Write one report."""
    (EVIDENCE / report).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
