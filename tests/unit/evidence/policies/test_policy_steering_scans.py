"""Policy 10, of what surrounds scans: which files of an engineer's take findings out of a report, and which only look so."""

from __future__ import annotations

import pytest
from support.runs import HonestRun, honest
from support.steering import ENGINEER, PYTEST, found

from dag_factory.evidence.policies.settings import holds

RULE = "scans-steered"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    return honest(tmp_path, through="foundation")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/.trivyignore", "CVE-2024-3094\n"),
        ("src/orders/.trivyignore.yaml", "x"),
        ("src/trivy.yaml", "x"),
        ("src/osv-scanner.toml", "x"),
        ("src/.semgrepignore", "orders/\n"),
        ("src/.bandit", "[bandit]\nskips = B608\n"),
        ("src/.gitleaks.toml", "x"),
        ("src/.gitleaksignore", "x"),
        ("src/.grype.yml", "x"),
        ("src/.grype/config.yaml", "x"),
        ("src/.syft.yaml", "x"),
        ("src/.snyk", "x"),
        ("src/.checkov.yml", "x"),
        ("src/.tfsec/config.json", "x"),
        ("src/.secrets.baseline", "{}"),
        ("src/.cargo/audit.toml", "x"),
        ("src/deny.toml", "x"),
        ("src/config/brakeman.ignore", "{}"),
        ("src/audit-ci.jsonc", "{}"),
        (".trivyignore", "x"),
        ("src/pyproject.toml", "[tool.bandit]\nskips = ['B608']\n"),
    ],
)
def test_what_steers_scans_is_not_for_who_implements_to_bring(run, name, text):
    assert found(run, name, text, RULE) == [f"{ENGINEER}:{name}"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/orders/trivy.py", "x = 1\n"),
        ("src/trivyignore", "x"),
        ("src/.trivyignore.md", "x"),
        ("src/bandit.yaml", "x"),
        ("src/pyproject.toml", "[tool.ruff]\nline-length = 100\n"),
        ("src/pyproject.toml", "[project]\nname = 'bandit'\n"),
        ("src/setup.cfg", "[bandit]\nskips = B608\n"),  # Bandit reads none of it there
        ("src/package.json", '{"bandit": {}}'),
    ],
)
def test_what_only_looks_like_settings_of_a_scan(run, name, text):
    assert found(run, name, text, RULE) == []


def test_settings_of_a_scan_that_nobody_lists(run):
    for task in run.contract.phase("implementation").tasks:
        run.deliver(task.id)
    run.converge("implementation", product=run.store.put_bytes(b"src/.trivyignore\0file\0" + b"a" * 64 + b"\n"))
    subjects = [finding.subject for finding in run.judge("implementation").findings if finding.rule == RULE]
    assert subjects == ["implementation:src/.trivyignore"]


def test_settings_of_tests_are_none_of_scans():
    assert holds("src/setup.cfg", b"[tool:pytest]\n")
    assert not holds("src/setup.cfg", b"[tool:pytest]\n", scanned=True)
    assert not holds("src/pyproject.toml", b"[tool.bandit]\n")
    assert holds("src/package.json", b"{") is False


def test_settings_of_both_are_told_as_those_of_tests(run):
    assert found(run, "src/pyproject.toml", f"{PYTEST}[tool.bandit]\nskips = ['B608']\n", "tests-shadowed") == [
        f"{ENGINEER}:src/pyproject.toml"
    ]
