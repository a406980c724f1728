"""Which file holds settings of tests, of what is measured or of what is scanned: by its name, and where others are kept in it too, by what it holds."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

__all__ = ["compiled", "holds", "own", "scans", "shared"]

_OWN = re.compile(
    r"(.*/)?("
    r"conftest\.py|\.?pytest\.(ini|toml)|\.coveragerc(\.toml)?"  # pytest and coverage.py
    r"|(site|user)customize(\.py|\.([\w-]+\.)?(so|pyd)|/.*)"  # Python itself
    r"|(jest|vitest|nyc|ava|playwright|cypress)\.config\.[a-z]+|vitest\.workspace\.[a-z]+|karma\.conf\.[a-z]+"
    r"|\.(mocharc|nycrc)(\.[a-z]+)?|\.c8rc(\.json)?"
    r"|phpunit(\.dist)?\.xml(\.dist)?|junit-platform\.properties|META-INF/services/org\.(junit|testng)\..*|\.config/nextest\.toml|\.rspec|\.simplecov"
    r"|\.behaverc|behave\.ini|nose2\.cfg|unittest\.cfg|\.taprc|cucumber\.([cm]?js|json|ya?ml)|testng\.xml|xunit\.runner\.json|[^/]*\.runsettings"
    r")"
)
_SCANS = re.compile(
    r"(.*/)?("
    r"\.trivyignore(\.ya?ml)?|trivy(-secret)?\.ya?ml|osv-scanner\.toml|\.grype(\.ya?ml|/config\.ya?ml)|\.snyk|\.syft(\.ya?ml|/config\.ya?ml)"
    r"|\.semgrepignore|\.bandit|brakeman\.ignore|\.gitleaks\.toml|\.gitleaksignore|\.secrets\.baseline"
    r"|\.checkov\.ya?ml|\.tfsec/config\.(json|ya?ml)|\.hadolint\.ya?ml"
    r"|\.cargo/audit\.toml|deny\.toml|\.nsprc|audit-ci\.jsonc?|\.retireignore(\.json)?|\.safety-policy\.ya?ml|\.bundler-audit\.ya?ml"
    r")"
)
_COMPILED = re.compile(r"(.*/)?(__pycache__/.*|[^/]+\.py[co])")
_SECTIONS = {
    re.compile(rf"(?:.*/)?(?:{name})"): re.compile(section, re.MULTILINE)
    for name, section in {
        r"setup\.cfg": r"^\[(tool:pytest|coverage:\w+)\]|^[^\S\n]*pytest11\s*=",
        r"tox\.ini": r"^\[(pytest|coverage:\w+)\]",
        r"setup\.py": r"\bpytest11\b",
        r"[^/]+\.(dist|egg)-info/entry_points\.txt": r"^[^\S\n]*\[+(pytest11|hypothesis)\]",
        r"vite\.config\.[cm]?[jt]s": r"\btest[\"']?\s*:",
        r"bunfig\.toml": r"^[^\S\n]*(\[test\]|test\.)",
        r"\.npmrc": r"^[^\S\n]*node-options\s*=",
        r"\.mvn/(maven|jvm)\.config": r"-D(skipTests|skipITs|maven\.test\.|surefire\.|failsafe\.|test=|it\.test=|groups=|excludedGroups=|jacoco\.)|-javaagent",
        r"\.cargo/config(\.toml)?": r"\b(runner|rustc(-workspace)?-wrapper|nextest)\s*=",
    }.items()
}
_TABLES = {"pyproject.toml": ("pytest", "coverage"), "package.json": ("jest", "mocha", "nyc", "c8", "ava", "tap", "vitest")}
_SCANNED = {"pyproject.toml": ("bandit",)}
_MOST = 200_000  # bytes of tables that are read
_DOTS = 1_000  # in one line: what a parser spends on a key, it spends by the square of them


def own(path: str) -> bool:
    """Whether a file steers nothing but tests, what is measured, or how every Python starts."""
    return _OWN.fullmatch(path) is not None


def scans(path: str) -> bool:
    """Whether a file steers nothing but what a scan looks at, and which of its findings it keeps to itself."""
    return _SCANS.fullmatch(path) is not None


def compiled(path: str) -> bool:
    """Whether a file is bytecode, which Python may run without a look at its source (https://peps.python.org/pep-0552/), or lies among it."""
    return _COMPILED.fullmatch(path) is not None


def shared(path: str) -> bool:
    """Whether a file may hold settings of tests or scans beside others."""
    return path.rpartition("/")[2] in _TABLES or any(name.fullmatch(path) for name in _SECTIONS)


def holds(path: str, data: bytes, *, scanned: bool = False) -> bool:
    """Whether a file that may hold some of tests does, or of scans; a table that cannot be read here, or is too long for it, is taken at its words."""
    text = data.decode(errors="replace")
    section = next((section for name, section in _SECTIONS.items() if name.fullmatch(path)), None)
    if section is not None:
        return not scanned and section.search("\n".join(text.splitlines())) is not None
    names = (_SCANNED if scanned else _TABLES).get(path.rpartition("/")[2], ())
    if len(data) <= _MOST and (path.endswith(".json") or all(line.count(".") < _DOTS for line in text.split("\n"))):
        try:
            return bool(set(names) & _keys(path, text))
        except (ValueError, RecursionError):
            pass  # other programs read longer numbers and deeper tables, and comments in JSON
    return any(name in text for name in names) or (bool(names) and "\\u" in text.lower())


def _keys(path: str, text: str) -> set[str]:
    """What a table has sections of."""
    table: Any = json.loads(text) if path.endswith(".json") else tomllib.loads(text)
    if path.endswith(".json"):
        return set(table) if isinstance(table, dict) else set()
    tool = table.get("tool")
    plugin = '"pytest11":' in json.dumps(table, default=str)  # an entry point by which pytest finds it, in whatever table
    return (set(tool) if isinstance(tool, dict) else set()) | ({"pytest"} if plugin else set())
