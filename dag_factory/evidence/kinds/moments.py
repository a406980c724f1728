"""When a report says it was made, held against when the work was done that it is evidence of.

A moment without a zone counts where any zone of the earth makes it fit: many tools write the clock on their wall.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from dag_factory.evidence.kinds.base import REPORT_STALE, Fault, Work, clipped

__all__ = ["SKEW", "aged", "moment", "stale"]

SKEW = timedelta(minutes=5)
"""How far the clocks of two workers may differ."""

_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)  # the zones farthest from Greenwich
_LONGEST = 64
_HTTP = re.compile(r"(?:[A-Z][a-z]{2}, )?[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT")
_NAMED = re.compile(r"(.+:[0-9.]+) ([A-Z]{3,5})")


def moment(stated: Any) -> datetime | None:
    """Read a moment as ISO 8601 or HTTP (RFC 1123, like mocha) write it, or as seconds or milliseconds since 1970; None if it is none.

    TestNG writes the name of a zone behind it: UTC and GMT are read, and any other is a zone that is not known, as a name may stand for several.
    """
    try:
        if isinstance(stated, str) and stated.isascii() and stated.isdigit() and len(stated) < 16:
            stated = int(stated)
        if type(stated) is int:
            return datetime.fromtimestamp(stated / 1000 if stated > 10**11 else stated, UTC)
        if not isinstance(stated, str) or len(stated) > _LONGEST:
            return None
        if _HTTP.fullmatch(stated.strip()):
            return parsedate_to_datetime(stated)
        if named := _NAMED.fullmatch(stated.strip()):
            found = datetime.fromisoformat(named[1])
            return found.replace(tzinfo=UTC) if found.tzinfo is None and named[2] in ("UTC", "GMT") else found
        return datetime.fromisoformat(stated.strip())
    except (ValueError, OverflowError, OSError):
        return None


def stale(stated: Any, work: Work | None, what: str = "the report", subject: str = "") -> Fault | None:
    """Say why a report was not made in the course of the work; None where it was.

    Parameters
    ----------
    stated: the moment it states, as it was written.
    work: when the work was done; where nobody knows, nothing was made in its course.
    what: what states it.

    """
    if work is None:
        return Fault(f"nobody knows when the work was done that {what} should be of. Have it made by the task.", subject, REPORT_STALE)
    found = moment(stated)
    if found is None:
        shown = "says no time" if stated is None else f"says {clipped(repr(stated), 60)}, which is no time"
        return Fault(f"{what} {shown}, so nobody knows what it is of. Have the tool write it.", subject, REPORT_STALE)
    first, last = work.began - SKEW, work.ended + SKEW
    try:
        if found.tzinfo is None:
            there = found.replace(tzinfo=UTC)
            fits = there + _WEST >= first and there - _EAST <= last
        else:
            fits = first <= found <= last
    except OverflowError:
        fits = False
    if fits:
        return None
    span = f"{work.began.isoformat(timespec='seconds')} to {work.ended.isoformat(timespec='seconds')}"
    return Fault(f"{what} is of {clipped(str(stated), 60)}, and the work was done from {span}. Make it anew.", subject, REPORT_STALE)


def aged(stated: Any, work: Work | None, days: int, what: str, subject: str = "") -> Fault | None:
    """Say why data is older than so many days, counted from when the work was done; None where it is not."""
    if work is None:
        return Fault(
            f"nobody knows when the work was done, so nobody knows how old {what} was. Have it made by the task.", subject, REPORT_STALE
        )
    found = moment(stated)
    if found is None:
        shown = "is not told" if stated is None else f"is said to be {clipped(repr(stated), 60)}, which is no time"
        return Fault(f"how old {what} is {shown}, and at most {days} days may be. Have the tool tell.", subject, REPORT_STALE)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    age = work.ended - found
    if age.days > days:
        return Fault(f"{what} is {age.days} days old, and at most {days} may be. Bring it up to date.", subject, REPORT_STALE)
    if age < -_EAST:
        return Fault(f"{what} is of {clipped(str(stated), 60)}, which is yet to come. Deliver the report unedited.", subject, REPORT_STALE)
    return None
