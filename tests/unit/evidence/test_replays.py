"""What lies in a folder is held against all that lies before it, however much that is."""

from __future__ import annotations

import time

import pendulum
import pytest
from support.cycles import decide
from support.runs import honest, payload_of, place, resign

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.replays import Replays
from dag_factory.evidence.run import Stored

T0 = pendulum.datetime(2026, 12, 1, 6)


@pytest.fixture(scope="module")
def decision(tmp_path_factory):
    run = honest(tmp_path_factory.mktemp("run"), through="foundation")
    decide(run, "foundation", "stop")
    return run.record.decisions["foundation"][0].says


def stored(decision, attempt, seconds, **binding):
    bound = decision.binding.model_copy(update={"attempt": attempt, **binding})
    says = decision.model_copy(update={"binding": bound, "decided_at": T0.add(seconds=seconds).to_iso8601_string()})
    return Stored(f"{attempt}-{seconds}", "key", says, f"{attempt}-{seconds}.json")


def told(*found):
    """What of all this is refused, and why."""
    replays, refused = Replays(), []
    for one in found:
        try:
            replays.refuse(one)
        except EnvelopeError as error:
            refused.append((one.name, error.message))
    return refused


@pytest.mark.parametrize(
    ("before", "last", "names"),
    [
        ([(1, 0)], (2, 1), None),
        ([(2, 1)], (1, 0), "2-1"),
        ([(2, 1)], (1, 1), None),  # no earlier than the other
        ([(2, 1)], (2, 0), None),
        ([(2, 0)], (1, 1), None),
        ([(5, 10), (9, 1)], (3, 4), "5-10"),  # the highest number is not the latest
        ([(9, 1), (5, 10)], (3, 4), "5-10"),
        ([(5, 10), (4, 20)], (4, 15), None),
        ([(5, 10), (6, 30), (7, 20)], (6, 15), "7-20"),
        ([(5, 10), (5, 30)], (4, 20), "5-30"),
        ([(5, 30), (5, 10)], (4, 20), "5-30"),
        ([(3, 5), (4, 9)], (3, 7), "4-9"),
    ],
)
def test_an_older_attempt_does_not_stand_after_a_newer_one(decision, before, last, names):
    found = told(*(stored(decision, *one) for one in (*before, last)))
    refused = dict(found).get(f"{last[0]}-{last[1]}.json")
    assert (refused is not None) == (names is not None), found
    assert names is None or refused.endswith(f"({names}.json)")


def test_attempts_at_other_things_are_not_compared(decision):
    others = [stored(decision, 9, 9, **binding) for binding in ({"cycle": 3}, {"task": "decide_2"}, {"map_index": 0})]
    assert told(*others, stored(decision, 1, 0)) == []


def test_the_same_once_more_is_refused_and_only_that(decision):
    one, same = stored(decision, 1, 0), Stored("other", "key", stored(decision, 1, 0).says, "again.json")
    assert told(one, same) == [("again.json", "it is 1-0.json once more")]
    assert told(one, Stored("other", "key", one.says.model_copy(update={"reason": "Another."}), "other.json")) == []


@pytest.mark.parametrize("later", [1, -1])  # whether the clock goes on with the number, or back
def test_of_thousands_each_is_looked_at_once(decision, later):
    found = [stored(decision, number, later * number) for number in range(1, 4_001)]
    begun = time.process_time()
    assert told(*found) == []
    assert time.process_time() - begun < 4


def test_a_run_with_a_replay_among_many(tmp_path):
    run = honest(tmp_path, through="foundation")
    decide(run, "foundation", "cycle")
    first = place(run, "decisions/foundation")
    for number in range(2, 6):
        resign(
            run,
            first,
            lambda said, number=number: said["predicate"]["binding"].update(attempt=number),
            signer=AUTHORITY,
            to=place(run, "decisions/foundation", number),
        )
    place(run, "decisions/foundation", 6).write_bytes(place(run, "decisions/foundation", 3).read_bytes())
    record = run.record
    assert [one.name for one in record.decisions["foundation"]] == [f"000{number}.json" for number in range(1, 6)]
    assert [(one.name, one.reason) for one in record.broken] == [("0006.json", "it is 0003.json once more")]
    assert payload_of(first)["predicate"]["binding"]["attempt"] == 1
