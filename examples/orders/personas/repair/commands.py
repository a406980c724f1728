"""The project's own checks: which of them the findings name, and what they say when they are run here."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

PRODUCT = ("e2e", "golden-paths", "audit", "bench", "unit", "integration", "compat")  # the targets that judge the product
_COMMAND = re.compile(r"make((?: [a-z0-9-]+)+)(?: FEATURE=\w+)?")


@dataclass(frozen=True)
class Ran:
    """One run of a target: whether it failed, what it printed, the tests that its reports call failed, as classname::name, and how long it took."""

    target: str
    failed: bool
    output: str
    tests: frozenset[str] = field(default=frozenset())
    late: bool = False
    seconds: float = 0.0


def targets_of(findings: Iterable[Mapping[str, Any]], makefile: Path) -> list[str]:
    """The targets of the failed checks, in the order of the findings.

    A finding is data, written by others: what it says was run is only looked up among the targets that the Makefile has, and never
    run as it stands. Findings without such a check leave every target that judges the product.
    """
    known = [target for target in PRODUCT if target in _targets(makefile)]
    named = [str(check.get("run", "")) for finding in findings for check in finding.get("checks", ()) if check.get("exit_code")]
    words = [word for run in named if (found := _COMMAND.fullmatch(run.strip())) for word in found[1].split()]
    return [word for word in dict.fromkeys(words) if word in known] or known


def _targets(makefile: Path) -> set[str]:
    return set(" ".join(re.findall(r"^([a-z0-9 -]+):", makefile.read_text(encoding="utf-8"), re.MULTILINE)).split())


def run(target: str, checkout: Path, seconds: float) -> Ran:
    """Run one target in a checkout; its reports go to a scratch folder. What has not ended in time has failed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as evidence:
        environment = {**os.environ, "PHASEGATE_EVIDENCE": evidence}
        command = ["make", "--no-print-directory", target]
        with subprocess.Popen(
            command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace", start_new_session=True,
        ) as started:  # fmt: skip
            late = False
            try:
                output, _ = started.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                late = True
                os.killpg(started.pid, signal.SIGKILL)
                output, _ = started.communicate()
        return Ran(target, late or started.returncode != 0, output, frozenset(_failed(Path(evidence))), late, time.monotonic() - began)


def _failed(evidence: Path) -> Iterable[str]:
    for report in sorted(evidence.glob("*.xml")):
        try:
            cases = ElementTree.parse(report).iter("testcase")
        except ElementTree.ParseError:
            continue  # cut off in the middle
        yield from (
            f"{case.get('classname')}::{case.get('name')}"
            for case in cases
            if case.find("failure") is not None or case.find("error") is not None
        )
