"""Comments in the source that keep a scan silent, of tools whose logs do not tell of them.

Bandit counts its own, and Semgrep, ESLint and CodeQL list what is suppressed. Only a comment that is unmistakably meant for the tool is looked at: a plain
`# noqa` may be there for another linter, or for the length of a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["silenced"]

_LONGEST = 2_000  # signs of a line that somebody wrote
_COMMENTS: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "ruff": (
        ".py",
        re.compile(
            r"#\s*(?:ruff\s*:\s*noqa\s*(?:$|:\s*(?:[A-Z]+[0-9]*[,\s]+)*S(?:[0-9]|\b))|noqa\s*:\s*(?:[A-Z]+[0-9]+[,\s]+)*S(?:[0-9]|\b))",
            re.I,
        ),
    ),
    "gosec": (".go", re.compile(r"(?:#\s*nosec|//\s*gosec:disable)\b", re.I)),
    "gitleaks": ("", re.compile(r"\bgitleaks:allow\b")),
    "golangci-lint": (".go", re.compile(r"//\s*nolint\s*(?:$|//|:\s*(?:[\w-]+\s*,\s*)*(?:gosec|all)\b)", re.I)),
    "trivy": ("", re.compile(r"[#/]\s*(?:trivy|tfsec):ignore:")),
    "tfsec": ("", re.compile(r"[#/]\s*tfsec:ignore:")),
    "kics": ("", re.compile(r"#\s*kics-scan\s+(?:ignore|disable)")),
    "devskim": ("", re.compile(r"\bDevSkim:\s*ignore\s+\S", re.I)),
    "bearer": ("", re.compile(r"[#/*]\s*bearer:disable\b")),
    "njsscan": ("", re.compile(r"\bnjsscan-ignore:")),
    "mobsfscan": ("", re.compile(r"\bmobsf-ignore:")),
    "zizmor": ("", re.compile(r"#\s*zizmor:\s*ignore\[")),
    "spotbugs": (".java", re.compile(r"@(?:[\w.]+\.)?SuppressFBWarnings\b")),
    "psalm": (".php", re.compile(r"@psalm-suppress\s+(?:all|Tainted\w+)\b")),
    "checkov": ("", re.compile(r"[#/]\s*(?:checkov|bridgecrew):skip=")),
    "hadolint": ("", re.compile(r"#\s*hadolint\s+(?:global\s+)?ignore=")),
}
"""By the name of the tool: how its files end, and its comment, which Ruff has for all rules of a file, or for those of security (S)."""


def silenced(tools: Iterable[str], sources: Callable[[], Mapping[str, bytes]]) -> Iterator[tuple[str, str]]:
    """Say where comments silence one of some tools.

    Parameters
    ----------
    tools: what they call themselves.
    sources: gives what was delivered, by path; not asked where no tool has such a comment.

    Returns
    -------
    The tool, and the place as `path:line`.

    """
    heard = sorted({tool for tool in tools if tool.casefold() in _COMMENTS})
    texts = {path: data.decode(errors="replace").splitlines() for path, data in sorted(sources().items())} if heard else {}
    for tool in heard:
        ending, comment = _COMMENTS[tool.casefold()]
        for path, lines in texts.items():
            if path.endswith(ending):
                yield from (
                    (tool, f"{path}:{number}") for number, line in enumerate(lines, 1) if len(line) < _LONGEST and comment.search(line)
                )
