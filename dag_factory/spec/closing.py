"""What closes a phase, what its gate must answer, who must agree, and what follows where it does not close."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dag_factory.spec.scalars import Name, Seconds, Texts, Word
from dag_factory.spec.written import Written

__all__ = ["Approval", "Checklist", "ChecklistItem", "Fix", "Gate"]

_DAY = 24 * 3600


class Approval(Written):
    """People who must agree before a gate passes, in addition to the evidence: `need` of those in `people`."""

    people: Annotated[Texts, Field(min_length=1)]
    need: Annotated[int, Field(ge=1, le=20)] = 1
    timeout: Seconds = 3 * _DAY

    @model_validator(mode="after")
    def _enough_people(self) -> Approval:
        if self.need > len(self.people):
            raise ValueError(f"{self.need} are needed, and only {len(self.people)} may answer")
        return self


class Gate(Written):
    """What closes a phase."""

    says: Word | None = None
    timeout: Seconds = 7 * _DAY
    approval: Approval | None = None
    asset: bool = False
    min_assurance: Literal["local", "pinned", "isolated"] = "local"


class Fix(Written):
    """What happens after a gate has found red flags.

    `max_cycles` fix phases follow each gate. When the last has failed too, one of the people in `decide` waives findings, allows one of
    `extra_cycles` more, or stops the run; they have `timeout` to answer, and silence is a stop. `owner` is the task that is given what nobody else
    owns. A waiver lasts `max_waiver` at most, and the rules in `never_waive` cannot be waived at all. Of one verdict, `max_findings` findings are
    given to fix tasks at once; the rest is named, and waits for the next cycle.
    """

    max_cycles: Annotated[int, Field(ge=0, le=9)] = 2
    extra_cycles: Annotated[int, Field(ge=0, le=9)] = 1
    max_findings: Annotated[int, Field(ge=1, le=1000)] = 50
    owner: Word | None = None
    decide: Texts = ()
    timeout: Seconds = 3 * _DAY
    max_waiver: Seconds = 14 * _DAY
    never_waive: Texts = ()


class ChecklistItem(Written):
    """One question the gates of some phases answer, and `complete` again."""

    says: Word
    holds: Literal["complete", "one-persona", "planned-independent", "evidence", "independent"]
    tasks: Texts = ()
    due: Texts


Checklist = dict[Name, ChecklistItem]
