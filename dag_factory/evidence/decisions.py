"""What is decided about findings, as it is signed: who mends them, who agrees, what is waived.

=====================  ==========================  ==============================================
predicate              written by                  read by
=====================  ==========================  ==============================================
`Triage`               `triage`                    fix tasks, gates
`Decision`             `decide`, `approve`         `triage`, gates
`Waiver`               `decide`, `phasegate waive` gates
`Completion`           `complete`                  `phasegate verify`, pages
=====================  ==========================  ==============================================

All are signed with Phasegate's own key; the person who decided is named by login, as Airflow authenticated it.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from dag_factory.evidence.statement import ROOT, Binding
from dag_factory.evidence.wire import Digest, Time, Wire

__all__ = ["Completion", "Decision", "Order", "Scope", "Triage", "Waiver"]


class Order(Wire):
    """Findings that one task is given: to mend them, or to know of them when it judges again. `task` is ``phase/task``."""

    task: str
    findings: tuple[str, ...]


class Triage(Wire):
    """Who mends what was found by the verdict that the binding names.

    `orders` are the fix tasks, in plan order; `again` are the validators, which all judge again. `left` is what was more than can be given at once, `unowned`
    what nobody in the plan can mend.
    """

    TYPE: ClassVar[str] = f"{ROOT}:triage:v1"

    binding: Binding
    orders: tuple[Order, ...]
    again: tuple[Order, ...]
    left: tuple[str, ...]
    unowned: tuple[str, ...]
    written_at: Time


class Decision(Wire):
    """What a person answered. `asked` is the digest of what the question was about, compared again when the answer came.

    `by` is the account's id as Airflow's auth manager knows it, `name` its name there: some give accounts a number for an id, and the one who starts
    a run is told by name.

    `void` is a question that ended without an answer that counts: nobody answered in time, somebody did who may not, or what was asked about had
    changed; `reason` says which. It opens nothing, and is kept so that the run tells how it ended.
    """

    TYPE: ClassVar[str] = f"{ROOT}:decision:v1"

    binding: Binding
    asked: Digest
    answer: Literal["waive", "cycle", "stop", "approve", "refuse", "void"]
    by: str
    name: str
    reason: str
    findings: tuple[str, ...]
    decided_at: Time


class Scope(Wire):
    """What a waiver covers: a finding by its id, and the digest of the finding and of the work it is about."""

    finding: str
    digest: Digest


class Waiver(Wire):
    """A signed exception: for these findings on this very work, until then. `number` is its name among people."""

    TYPE: ClassVar[str] = f"{ROOT}:waiver:v1"

    binding: Binding
    number: str
    scope: tuple[Scope, ...]
    reason: str
    by: str
    name: str
    given_at: Time
    expires_at: Time


class Completion(Wire):
    """The last word on a run in which every phase was passed: `verdicts` are the digests of the newest one of each phase, in order.

    A run that is complete stays what it was then: a waiver that runs out afterwards takes nothing back. `ledger` is the digest of the newest entry of
    what was set aside, so that none can be taken off its end; None where nothing was.
    """

    TYPE: ClassVar[str] = f"{ROOT}:completion:v1"

    binding: Binding
    word: Literal["PASSED", "PASSED_WITH_WAIVER"]
    verdicts: tuple[Digest, ...]
    ledger: Digest | None
    completed_at: Time
