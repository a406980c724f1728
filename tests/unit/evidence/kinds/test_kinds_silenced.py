"""Comments in the source that keep a scan silent."""

from __future__ import annotations

import json
import time

import pytest

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.sarif import SarifExpect, SarifKind
from dag_factory.evidence.kinds.silenced import silenced


def places(tool, line, path="src/a.py"):
    return [place for _, place in silenced([tool], lambda: {path: f"x\n{line}\n".encode()})]


@pytest.mark.parametrize(
    ("tool", "line", "path"),
    [
        ("ruff", "run(cmd)  # noqa: S602", "src/a.py"),
        ("Ruff", "run(cmd)  # NOQA: E501, S602 -- as it is", "src/a.py"),
        ("ruff", "# ruff: noqa", "src/a.py"),
        ("ruff", "# ruff: noqa: E501,S", "src/a.py"),
        ("gosec", "x() // #nosec G204", "a.go"),
        ("gosec", "x() //gosec:disable G204 -- no", "a.go"),
        ("gitleaks", "key = 'AKIA' # gitleaks:allow", "conf.ini"),
        ("Trivy", "#trivy:ignore:AVD-AWS-0001", "main.tf"),
        ("Checkov", "# checkov:skip=CKV_AWS_20:public", "main.tf"),
        ("Hadolint", "# hadolint ignore=DL3008", "Dockerfile"),
        ("golangci-lint", "x() //nolint:errcheck,gosec // fine", "a.go"),
        ("golangci-lint", "x() //nolint", "a.go"),
        ("golangci-lint", "x() // nolint: all", "a.go"),
        ("tfsec", "acl = 1 #tfsec:ignore:aws-s3", "main.tf"),
        ("KICS", "# kics-scan ignore-line", "main.tf"),
        ("DevSkim", "md5(x) // DevSkim: ignore DS126858", "a.c"),
        ("Bearer", "# bearer:disable ruby_lang_logger", "a.rb"),
        ("njsscan", "eval(x) // njsscan-ignore: eval_nodejs", "a.js"),
        ("mobsfscan", "log(x) // mobsf-ignore: android_logging", "A.java"),
        ("zizmor", "run: x # zizmor: ignore[template-injection]", ".github/workflows/a.yml"),
        ("SpotBugs", '@SuppressFBWarnings("SQL_INJECTION_JDBC")', "A.java"),
        ("SpotBugs", "@edu.umd.cs.findbugs.annotations.SuppressFBWarnings", "A.java"),
        ("Psalm", "/** @psalm-suppress TaintedHtml */", "a.php"),
    ],
)
def test_a_comment_that_is_meant_for_the_tool(tool, line, path):
    assert places(tool, line, path) == [f"{path}:2"]


@pytest.mark.parametrize(
    ("tool", "line", "path"),
    [
        ("ruff", "x = 1  # noqa", "src/a.py"),
        ("ruff", "x = 1  # noqa: E501, SIM102, SLF001", "src/a.py"),
        ("ruff", "# ruff: noqa: PTH123", "src/a.py"),
        ("ruff", "run(cmd)  # noqa: S602", "README.md"),
        ("bandit", "run(cmd)  # nosec B602", "src/a.py"),
        ("bandit", "run(cmd)  # noqa: S602", "src/a.py"),
        ("gosec", "# nosec", "a.py"),
        ("CodeQL", "x()  # noqa: S602", "src/a.py"),
        ("golangci-lint", "x() //nolint:errcheck,lll", "a.go"),
        ("golangci-lint", "x() //nolint:gosecure", "a.go"),
        ("gosec", "x() //nolint:gosec", "a.go"),
        ("SpotBugs", '@SuppressWarnings("unchecked")', "A.java"),
        ("Psalm", "/** @psalm-suppress UnusedVariable */", "a.php"),
        ("DevSkim", "the words DevSkim: ignore", "a.c"),
    ],
)
def test_a_comment_that_may_be_meant_for_another(tool, line, path):
    assert places(tool, line, path) == []


def faults(**expect):
    run = {"tool": {"driver": {"name": "ruff", "rules": [{"id": "S602"}]}}, "results": []}
    data = json.dumps({"version": "2.1.0", "runs": [run]}).encode()
    material = Material("audit.sarif", data, sources=lambda: {"src/a.py": b"run(x)  # noqa: S602\n" * 7})
    return SarifKind().examine(material, SarifExpect(**expect)).faults


def test_what_a_comment_keeps_from_a_log_counts_unless_the_plan_allows_it():
    (fault,) = faults()
    assert (fault.rule, fault.subject) == ("validation-failed", "src/a.py:1")
    assert "src/a.py:5 and 2 more" in fault.text
    assert faults(suppressed_in_source=True) == ()


def test_no_source_takes_long():
    began = time.process_time()
    list(silenced(["ruff"], lambda: {"a.py": b"# noqa: " + b"E501, " * 150_000, "b.py": (b"# noqa: " + b"E501, " * 300 + b"\n") * 500}))
    assert time.process_time() - began < 2
