"""in-toto Statements (https://in-toto.io/Statement/v1): what is signed, and by whom it is written.

=====================  ==========================  ==============================================
predicate              written by                  read by
=====================  ==========================  ==============================================
`Charter`              `kickoff`                   everyone: all that follows binds its digest
`TaskStatement`        PersonaOperator, `submit`   gates
`ConvergeStatement`    `converge`                  gates
`Verdict`              gates                       the phase after, `complete`, auditors
decisions              see `decisions`             gates
=====================  ==========================  ==============================================

All are frozen, strict, and allow nothing extra: a field nobody checks is a field that lies.
"""

from __future__ import annotations

from operator import not_
from typing import Annotated, Any, ClassVar, Literal

import pendulum
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from dag_factory.evidence.envelope import sign_envelope
from dag_factory.evidence.keys import Signer
from dag_factory.evidence.reported import Figures, Judgement, Kept
from dag_factory.evidence.strict_json import dumps_canonical
from dag_factory.evidence.wire import Commit, Digest, Due, Sealed, Time, Wire, moment_of

__all__ = [
    "ROOT",
    "Binding",
    "Charter",
    "CheckResult",
    "Conflict",
    "ConvergeStatement",
    "Entry",
    "Refusal",
    "Sealed",
    "TaskStatement",
    "Undone",
    "moment_of",
    "now",
    "sign",
]

STATEMENT = "https://in-toto.io/Statement/v1"
ROOT = "urn:phasegate:predicate"
"""What the types of Phasegate's own predicates begin with."""


def now() -> str:
    """The present moment as RFC 3339, in UTC."""
    return pendulum.now("UTC").to_iso8601_string()


class Subject(Wire):
    """What a statement is about: a name, and its digests by algorithm."""

    name: str
    digest: dict[str, str]


class Binding(Wire):
    """What ties a statement to its run: nothing of another run, plan, phase, cycle or attempt can take its place.

    `cycle` is 0 for ordinary work, and counts the fix phases from 1. `task` is a task of the phase; in a fix phase it is ``phase/task``, for there
    what earlier phases made may be mended. `previous_verdict` is that of the phase before, and in a fix phase the one whose findings are mended.
    """

    charter: Digest
    plan: Digest
    dag_id: str
    run_id: str
    phase: str
    cycle: int
    task: str
    map_index: int
    attempt: int
    previous_verdict: Digest | None


class Entry(Wire):
    """One file of evidence: whose, which item, what it is called, its bytes' digest and size, and who made it."""

    task: str
    item: str
    name: str
    digest: Digest
    size: int
    grade: Literal["observed", "attested", "re-executed"]


class CheckResult(Wire):
    """One command Phasegate ran, which makes it re-executed: `exit_code` is None where it did not end by itself.

    `network` says whether it could reach any; where it could, `why_open` says why: it was asked for, or the machine does not allow to take it away.
    `kept_in` says that it could write to its own folders alone, and to what the plan names besides; where it was not, its name is not written.
    """

    task: str
    name: str
    exit_code: int | None
    ended: str
    log: Digest
    excerpt: str
    seconds: str
    network: Literal["none", "open"]
    why_open: str
    kept_in: Annotated[bool, Field(exclude_if=not_)] = False


class Refusal(Wire):
    """One reason why work was not sealed."""

    rule: str
    path: str
    text: str


class Conflict(Wire):
    """Sealed work that does not fit with what was merged before it."""

    task: str
    paths: tuple[str, ...]
    text: str


class Undone(Wire):
    """A file of a task that is no longer in the tree, or no longer what it brought: somebody else took it away or changed it, or it never was."""

    task: str
    path: str


class Charter(Wire):
    """The first statement of a run.

    `triggered_by` is the login that started it, and empty where a schedule did; where Airflow does not say what it is for, `due` is not written.
    """

    TYPE: ClassVar[str] = f"{ROOT}:charter:v1"

    plan: Digest
    dag_id: str
    run_id: str
    workflow: str
    mission: str
    params: str
    base: Commit | None
    keys: dict[str, str]
    assurance: Literal["local", "pinned", "isolated"]
    nonce: str
    triggered_by: str
    previous: Digest | None
    written_at: Time
    due: Annotated[Due | None, Field(exclude_if=not_)] = None


class TaskStatement(Wire):
    """What one attempt of one task left behind.

    `figures` and `judgement` are what a runner reported, `kept` what a failed attempt left; `kept_in`: its program could write to its own folders alone,
    and to what the plan names; `saw` are the statements of what was mended that a validator had before it. Where there is none, no name is written.
    """

    TYPE: ClassVar[str] = f"{ROOT}:task:v1"

    binding: Binding
    persona: str
    runner: str
    principals: tuple[str, ...]
    outcome: Literal["completed", "failed"]
    exit_code: int | None
    excerpt: str
    log: Digest | None
    base: Commit | None
    sealed: Sealed | None
    evidence: tuple[Entry, ...]
    checks: tuple[CheckResult, ...]
    refusals: tuple[Refusal, ...]
    started_at: Time
    finished_at: Time
    figures: Figures | None = None
    judgement: Judgement | None = None
    kept: Kept | None = None
    kept_in: Annotated[bool, Field(exclude_if=not_)] = False
    saw: Annotated[tuple[Digest, ...] | None, Field(exclude_if=lambda saw: saw is None)] = None

    @model_serializer(mode="wrap")
    def _what_there_is(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None or name not in {"figures", "judgement", "kept"}}


class ConvergeStatement(Wire):
    """The merge of what a phase sealed, and the checks that were run on the whole.

    `undone` is evidence that is gone, `altered` are files of testers that are not what they brought, `unsealed` is evidence out of the repository that
    its task's own commit does not hold, byte for byte; where there is none of the last two, its name is not written. `saw` are the statements that were
    looked at; merges that were made before it was asked for do not have it.
    """

    TYPE: ClassVar[str] = f"{ROOT}:converge:v1"

    binding: Binding
    base: Commit
    merged: tuple[tuple[str, Commit], ...]
    conflicts: tuple[Conflict, ...]
    undone: tuple[Undone, ...]
    sealed: Sealed
    product: Digest
    evidence: tuple[Entry, ...]
    checks: tuple[CheckResult, ...]
    finished_at: Time
    altered: tuple[Undone, ...] = ()
    unsealed: tuple[Undone, ...] = ()
    saw: Annotated[tuple[Digest, ...] | None, Field(exclude_if=lambda saw: saw is None)] = None

    @model_serializer(mode="wrap")
    def _what_there_is(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value or name not in ("altered", "unsealed")}


def sign(predicate: Any, subjects: dict[str, dict[str, str]], signer: Signer) -> bytes:
    """Make a statement and sign it.

    Parameters
    ----------
    predicate: one of the predicates of this module, or a `Verdict`.
    subjects: what it is about: a name and its digests, by algorithm.
    signer: the persona's key, or Phasegate's.

    """
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": digest} for name, digest in sorted(subjects.items())],
        "predicateType": predicate.TYPE,
        "predicate": predicate.model_dump(by_alias=True, mode="json"),
    }
    return sign_envelope(dumps_canonical(statement), signer)
