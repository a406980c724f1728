"""Times in statements: written with their zone, as ISO 8601 and within reason, and read as pendulum reads them."""

from __future__ import annotations

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, TypeAdapter, ValidationError
from support.statements import TASK, payload_of, put

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.reading import parse
from dag_factory.evidence.statement import TaskStatement, moment_of, now
from dag_factory.evidence.wire import Time

TIMES = [
    "2026-11-23T06:00:00",
    "2026-11-23",
    "2026-11-23T06:00Z",
    "2026-11-23 06:00:00Z",
    "20261123T060000Z",
    "2026-W48-1T06:00:00Z",
    "06:00:00Z",
    "now",
    "",
    "P1D",
    "2026-11-23T06:00:00Z/2026-11-24T06:00:00Z",
    "2026-13-23T06:00:00Z",
    "2026-02-30T06:00:00Z",
    "2026-11-23T24:00:01Z",
    "2026-11-23T06:00:00 Europe/Berlin",
    "2026-11-23T06:00:00-99:00",
    "2026-11-23T06:00:00+24:00",
    "2026-11-23T06:00:00Z\n",
    "٢٠٢٦-11-23T06:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-23T06:00:00.0000000000001Z",
]


@pytest.mark.parametrize("text", TIMES)
def test_a_time_without_its_zone_or_out_of_reason_is_none(text):
    with pytest.raises(EnvelopeError, match="startedAt is wrong"):
        parse(put(payload_of(TASK), ("startedAt",), text), TaskStatement)


@pytest.mark.parametrize("text", ["2026-11-23T06:00:00Z", "2026-11-23T07:00:00.123456+01:00", "2026-11-22T23:30:00-06:30"])
def test_a_time_with_its_zone_is_read(text):
    assert parse(put(payload_of(TASK), ("startedAt",), text), TaskStatement).started_at == text
    assert moment_of(text).tzinfo is not None


def test_now_is_a_time_that_can_be_signed():
    text = now()
    assert parse(put(payload_of(TASK), ("startedAt",), text), TaskStatement).started_at == text
    assert abs((moment_of(text) - pendulum.now("UTC")).total_seconds()) < 60


@pytest.mark.parametrize("text", ["2026-01-01/2026-01-02", "P1D", "yesterday", "2026-01-01", "2026-01-01T00:00:00"])
def test_a_moment_is_no_duration_and_has_its_zone(text):
    with pytest.raises(ValueError):
        moment_of(text)


@given(st.datetimes(), st.integers(0, 6))
def test_a_moment_is_read_as_pendulum_reads_it(moment, digits):
    text = moment.replace(microsecond=0).isoformat() + (f".{moment.microsecond:06d}"[: digits + 1] if digits else "") + "Z"
    read = moment_of(text)
    assert read == pendulum.parse(text)
    assert (read.isoformat(), read.tzname()) == (pendulum.parse(text).isoformat(), "UTC")


@pytest.mark.parametrize(
    "text", ["2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "0000-01-01T00:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01"]
)
def test_what_is_no_moment(text):
    with pytest.raises(ValidationError):
        TypeAdapter(Time, config=ConfigDict(strict=True)).validate_python(text)
