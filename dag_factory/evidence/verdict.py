"""Findings, checklists and verdicts.

A verdict is a SLSA Verification Summary (https://slsa.dev/spec/v1.1/verification_summary) with one extension field, `phasegate`. Its
`verificationResult` knows only PASSED and FAILED; `phasegate.word` is exact. An INCONCLUSIVE verdict is never signed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from dag_factory.evidence.statement import Binding
from dag_factory.evidence.wire import Commit, Digest, Time, Wire, moment_of
from dag_factory.unseen import shown

__all__ = ["Answer", "Extension", "Finding", "Recheck", "Used", "Verdict", "Word", "table"]

Word = Literal["PASSED", "PASSED_WITH_WAIVER", "FAILED", "INCONCLUSIVE"]


_SUBJECT, _TEXT = 300, 1_000
"""So many signs of a finding are told."""


class Finding(Wire):
    """One reason in a verdict: the rule, what it is about, and the text a person reads. `task` is a task id, or empty."""

    rule: str
    subject: str
    text: str
    task: str = ""

    @classmethod
    def briefly(cls, rule: str, subject: str, text: str, task: str = "") -> Finding:
        """Make one of what others wrote: what nobody would read to its end is cut, or the verdict would be too long for anybody to read it."""
        return cls(rule=rule, subject=_brief(subject, _SUBJECT), text=_brief(text, _TEXT), task=task)

    @property
    def id(self) -> str:
        """How later work names this finding."""
        return f"{self.rule}:{self.subject}"


def _brief(text: str, most: int) -> str:
    """A text of so many signs; of one that is cut the digest is told, so that no two become one."""
    return text if len(text) <= most else f"{text[:most]}… ({hashlib.sha256(text.encode(errors='replace')).hexdigest()[:16]})"


class Answer(Wire):
    """The answer to one question of an enforcement checklist."""

    checklist: str
    id: str
    says: str
    holds: bool
    waived: bool = False


class Recheck(Wire):
    """What became of a finding of an earlier verdict on the phase: each is asked again, by name."""

    finding: str
    cycle: int
    now: Literal["mended", "open", "waived"]


class Used(Wire):
    """A waiver that this verdict rests on: the finding it let pass, and until when."""

    finding: Finding
    waiver: Digest
    by: str
    expires_at: Time


class ResourceDigest(Wire):
    """An attestation a verdict rests on."""

    uri: str
    digest: dict[str, str]


class Extension(Wire):
    """What SLSA has no words for. `previous` is the verdict on the same phase before this one."""

    binding: Binding
    previous: Digest | None
    word: Literal["PASSED", "PASSED_WITH_WAIVER", "FAILED"]
    findings: tuple[Finding, ...]
    waived: tuple[Used, ...]
    rechecked: tuple[Recheck, ...]
    checklists: tuple[Answer, ...]
    approved: Commit | None
    product: Digest | None
    assurance: Literal["local", "pinned", "isolated"]


class Verdict(Wire):
    """What a gate answers, as it is signed."""

    TYPE: ClassVar[str] = "https://slsa.dev/verification_summary/v1"

    verifier: dict[str, str]
    time_verified: Time
    resource_uri: str
    policy: ResourceDigest
    input_attestations: tuple[ResourceDigest, ...]
    verification_result: Literal["PASSED", "FAILED"]
    verified_levels: tuple[str, ...]
    phasegate: Annotated[Extension, Field()]

    @property
    def rests_on(self) -> set[str]:
        """The SHA-256 of every attestation it rests on; of one that is told by no such digest the URI, which is that of none."""
        return {item.digest.get("sha256", item.uri) for item in self.input_attestations}

    def passed(self, now: datetime) -> bool:
        """Whether the next phase may start at a moment: both words must say so, nothing may speak against it, and no waiver may have run out."""
        said = self.phasegate
        words = {"PASSED_WITH_WAIVER"} if said.waived else {"PASSED"}
        unexpired = all(now < moment_of(used.expires_at) for used in said.waived)
        return self.verification_result == "PASSED" and said.word in words and not said.findings and unexpired


def table(
    word: str,
    findings: tuple[Finding, ...],
    answers: tuple[Answer, ...],
    *,
    title: str,
    waived: tuple[Used, ...] = (),
    rechecked: tuple[Recheck, ...] = (),
) -> list[str]:
    """A verdict as lines for a task log, one a finding whatever it quotes: the word, what was found, waived or mended, both checklists item by item."""
    lines = [f"{title}: {word}"]
    lines += [f"  ✗ {finding.rule}  {shown(f'{finding.subject}: {finding.text}')}" for finding in findings]
    lines += [f"  ⚠ waived by {shown(f'{used.by} until {used.expires_at}: {used.finding.id}: {used.finding.text}')}" for used in waived]
    for item in rechecked:
        sign = {"mended": "✓", "waived": "⚠"}.get(item.now, "✗")
        lines.append(f"  {sign} {item.now}, found {f'in fix cycle {item.cycle}' if item.cycle else 'at first'}: {shown(item.finding)}")
    for name in dict.fromkeys(answer.checklist for answer in answers):
        lines.append(f"  {name.replace('-', ' ')}")
        lines += [
            f"    {'✓' if answer.holds else '⚠' if answer.waived else '✗'} {answer.says}" for answer in answers if answer.checklist == name
        ]
    return lines


def vsa(contract: Any, binding: Binding, plan_uri: str, inputs: tuple[str, ...], extension: Extension, moment: str) -> Verdict:
    """Put a judgement into the form of a Verification Summary."""
    return Verdict(
        verifier={"id": "urn:phasegate:verifier", "version": "1"},
        time_verified=moment,
        resource_uri=f"phasegate://{contract.workflow}/{binding.run_id}/{binding.phase}",
        policy=ResourceDigest(uri=plan_uri, digest={"sha256": binding.plan}),
        input_attestations=tuple(ResourceDigest(uri=f"sha256:{digest}", digest={"sha256": digest}) for digest in inputs),
        verification_result="FAILED" if extension.word == "FAILED" else "PASSED",
        verified_levels=(f"PHASEGATE_ASSURANCE_{extension.assurance.upper()}",) if extension.word == "PASSED" else (),
        phasegate=extension,
    )
