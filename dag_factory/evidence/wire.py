"""What every signed thing is made of: strict, frozen models, and the words they share."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

__all__ = ["Commit", "Digest", "Due", "Sealed", "Time", "Wire", "moment_of"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_YEARS = range(1970, 9000)
"""Within these no addition of a wait or a clock's skew leaves the calendar."""


@lru_cache(maxsize=16_384)
def moment_of(text: str) -> datetime:
    """Read a timestamp with its zone.

    Raises
    ------
    ValueError: it is none.

    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} does not say its zone")
    return moment


def _with_zone(text: str) -> str:
    if _TIME.fullmatch(text) is None or moment_of(text).year not in _YEARS:
        raise ValueError("a time is a full timestamp of RFC 3339 with its zone")
    return text


Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Time = Annotated[str, AfterValidator(_with_zone)]


class Wire(BaseModel):
    """The base of everything that is signed."""

    # Validators are built when first asked for: most tasks read three of these and write one.
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True, defer_build=True
    )  # fmt: skip


class Sealed(Wire):
    """A commit, its tree, and the git bundle in the store that holds it; no bundle where nothing was changed."""

    commit: Commit
    tree: Commit
    bundle: Digest | None


class Due(Wire):
    """What Airflow says a run is for: its logical date, and the interval of its data."""

    logical_date: Time
    interval_start: Time | None
    interval_end: Time | None
