"""Findings, checklists and verdicts.

A verdict is a SLSA Verification Summary (https://slsa.dev/spec/v1.1/verification_summary) with one extension field, `phasegate`. Its
`verificationResult` knows only PASSED and FAILED; `phasegate.word` is exact. An INCONCLUSIVE verdict is never signed.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from dag_factory.evidence.statement import Binding, Commit, Digest, Time, Wire

__all__ = ["Answer", "Extension", "Finding", "Verdict", "Word", "table"]

Word = Literal["PASSED", "FAILED", "INCONCLUSIVE"]


class Finding(Wire):
    """One reason in a verdict: the rule, what it is about, and the text a person reads. `task` is a task id, or empty."""

    rule: str
    subject: str
    text: str
    task: str = ""

    @property
    def id(self) -> str:
        """How later work names this finding."""
        return f"{self.rule}:{self.subject}"


class Answer(Wire):
    """The answer to one question of an enforcement checklist."""

    checklist: str
    id: str
    says: str
    holds: bool


class ResourceDigest(Wire):
    """An attestation a verdict rests on."""

    uri: str
    digest: dict[str, str]


class Extension(Wire):
    """What SLSA has no words for."""

    binding: Binding
    word: Literal["PASSED", "FAILED"]
    findings: tuple[Finding, ...]
    checklists: tuple[Answer, ...]
    approved: Commit | None
    product: Digest | None
    assurance: Literal["local"]


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
    def passed(self) -> bool:
        """Whether the next phase may start; both words must say so, and nothing may speak against it."""
        return self.verification_result == "PASSED" and self.phasegate.word == "PASSED" and not self.phasegate.findings


def table(word: str, findings: tuple[Finding, ...], answers: tuple[Answer, ...], *, title: str) -> list[str]:
    """A verdict as lines for a task log: the word, each finding, both checklists item by item."""
    lines = [f"{title}: {word}"]
    lines += [f"  ✗ {finding.rule}  {finding.subject}: {finding.text}" for finding in findings]
    for name in dict.fromkeys(answer.checklist for answer in answers):
        lines.append(f"  {name.replace('-', ' ')}")
        lines += [f"    {'✓' if answer.holds else '✗'} {answer.says}" for answer in answers if answer.checklist == name]
    return lines


def vsa(contract: Any, binding: Binding, plan_uri: str, inputs: tuple[str, ...], extension: Extension, moment: str) -> Verdict:
    """Put a judgement into the form of a Verification Summary."""
    return Verdict(
        verifier={"id": "urn:phasegate:verifier", "version": "1"},
        time_verified=moment,
        resource_uri=f"phasegate://{contract.workflow}/{binding.run_id}/{binding.phase}",
        policy=ResourceDigest(uri=plan_uri, digest={"sha256": binding.plan}),
        input_attestations=tuple(ResourceDigest(uri=f"sha256:{digest}", digest={"sha256": digest}) for digest in inputs),
        verification_result=extension.word,
        verified_levels=("PHASEGATE_ASSURANCE_LOCAL",) if extension.word == "PASSED" else (),
        phasegate=extension,
    )
