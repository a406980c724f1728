"""When a report says it was made, held against when the work was done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.moments import aged, moment, stale

BEGAN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WORK = Work(BEGAN, BEGAN + timedelta(minutes=30))


@pytest.mark.parametrize(
    "stated",
    [
        "2026-11-23T06:10:00Z",
        "2026-11-23T06:10:00.123456789+00:00",
        "2026-11-23T07:10:00+01:00",
        "2026-11-23T05:56:00Z",  # a clock that is four minutes late
        "2026-11-23T06:34:00Z",
        "2026-11-23T07:10:00",  # Berlin's wall
        "2026-11-22T22:10:00",  # San Francisco's
        "2026-11-23 20:05:00",  # Kiribati's
        "Mon, 23 Nov 2026 06:10:00 GMT",  # as mocha writes it
        "23 Nov 2026 06:10:00 GMT",  # as older TestNG does
        "2026-11-23T06:10:00 UTC",  # as TestNG does
        "2026-11-23T07:10:00 CET",
        int(BEGAN.timestamp()) + 60,
        str((int(BEGAN.timestamp()) + 60) * 1000),
    ],
)
def test_a_report_made_in_the_course_of_the_work(stated):
    assert stale(stated, WORK) is None


@pytest.mark.parametrize(
    "stated",
    [
        "2026-11-23T05:50:00Z",
        "2026-11-23T06:10:00+02:00",
        "2026-11-23T06:40:00Z",
        "2026-11-23T07:10:00 UTC",
        "2026-11-25T07:10:00 CET",
        "2026-11-23 TODAY",
        "2026-11-22T06:00:00",
        "2026-11-24T06:00:00",
        "9999-12-31T23:59:59+00:00",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59",
        "yesterday",
        "Mon, 23 Nov 2026 05:50:00 GMT",
        "Mon, 23 Now 2026 06:10:00 GMT",
        "Mon, 99 Nov 2026 06:10:00 GMT",
        "Mon, 23 Nov 2026 :::::::: GMT",
        "",
        None,
        True,
        1.5,
        10**30,
        [],
        "2026-11-23T06:10:00Z" + " " * 100,
        "1" * 15,
    ],
)
def test_a_report_that_was_not(stated):
    assert stale(stated, WORK).rule == "report-stale"


def test_where_nobody_knows_when_the_work_was_done_nothing_is_fresh():
    assert stale("2026-11-23T06:10:00Z", None).rule == "report-stale"
    assert aged("2026-11-23T06:10:00Z", None, 7, "the database").rule == "report-stale"


def test_the_age_of_data():
    assert aged("2026-11-20T06:10:00Z", WORK, 3, "the database") is None
    assert "4 days old" in aged("2026-11-19T06:10:00Z", WORK, 3, "the database").text
    assert "yet to come" in aged("2026-11-25T06:10:00Z", WORK, 3, "the database").text
    assert "is not told" in aged(None, WORK, 3, "the database").text
    assert "which is no time" in aged("old", WORK, 3, "the database").text


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.none(), st.datetimes().map(str), st.binary(max_size=5)))
@settings(max_examples=200, deadline=None)
def test_no_value_makes_it_raise(stated):
    assert moment(stated) is None or isinstance(moment(stated), datetime)
    assert stale(stated, WORK) is None or stale(stated, WORK).rule == "report-stale"
    assert aged(stated, WORK, 3, "it") is None or aged(stated, WORK, 3, "it").rule == "report-stale"


@given(st.integers(946684800, 3786912000), st.integers(-12, 14))
@settings(max_examples=100, deadline=None)
def test_a_wall_clock_anywhere_on_earth_is_never_accused(at, zone):
    begun = datetime.fromtimestamp(at, UTC)
    work = Work(begun, begun + timedelta(minutes=1))
    wall = begun.astimezone(timezone(timedelta(hours=zone)))
    assert stale(wall.isoformat(), work) is None
    assert stale(wall.replace(tzinfo=None).isoformat(), work) is None
