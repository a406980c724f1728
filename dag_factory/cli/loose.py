"""What `phasegate verify` says of a bundle that came without its files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from dag_factory.cli.harmless import visible
from dag_factory.cli.plain import as_json
from dag_factory.cli.sarif import as_sarif
from dag_factory.cli.wording import counted
from dag_factory.evidence.assurance import badge
from dag_factory.evidence.loose import read_loose
from dag_factory.evidence.verdict import Finding

__all__ = ["Format", "is_loose", "tell_loose", "untrusted"]


class Format(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def is_loose(run: str) -> bool:
    """Whether a run was handed over as a bundle alone."""
    return run.endswith(".intoto.jsonl") and Path(run).is_file()


def untrusted(keyid: str, trust: str | None) -> tuple[Finding, ...]:
    """What is wrong with the key that signed the charter, if another one was named."""
    if trust is None or trust == keyid:
        return ()
    return (Finding(rule="key-untrusted", subject="charter", text=f"The charter is signed by {keyid}, not by {trust}."),)


def tell_loose(path: Path, trust: str | None, form: Format) -> int:
    """Say what a bundle alone shows.

    Parameters
    ----------
    path: the bundle; nothing else is read.
    trust: the key id that must have signed the charter; any if None.
    form: how it is said.

    Returns
    -------
    1 if anything is wrong, else 3: nothing was judged.

    """
    loose = read_loose(path)
    findings = (*untrusted(loose.charter.keyid, trust), *loose.findings)
    said, word = loose.charter.says, "FAILED" if findings else "INCONCLUSIVE"
    if form is Format.SARIF:
        typer.echo(as_json(as_sarif(findings, run=said.run_id)))
    elif form is Format.JSON:
        told = {
            "workflow": said.workflow,
            "run": said.run_id,
            "plan": said.plan,
            "charter": loose.charter.digest,
            "key": loose.charter.keyid,
        }
        typer.echo(as_json(told | {"verdict": word, "envelopes": loose.envelopes, "phases": loose.words, "findings": findings}))
    else:
        lines = [
            f"Run {said.run_id} of {said.workflow}, plan {said.plan}",
            f"Charter signed by key {loose.charter.keyid} (assurance: {said.assurance}); --trust KEYID holds it against one you know",
            f"Assurance {badge(said.assurance)}",
            *(f"  {phase}: signed verdict {given}; not judged again" for phase, given in loose.words.items()),
            f"The bundle: {word}, {counted(loose.envelopes, 'envelope')}",
            *(f"  ✗ {finding.rule}  {finding.subject}: {finding.text}" for finding in findings),
            "Without the files that it names nothing can be judged: ask for the whole archive, which `phasegate export` writes.",
        ]
        for line in lines:
            typer.echo(visible(line))
    return 1 if findings else 3
