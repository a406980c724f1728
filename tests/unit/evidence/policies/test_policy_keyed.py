"""Part of policy 2: the key that signed, held against those that the plan pins and against how much the gate asks of it."""

from __future__ import annotations

import pendulum
import pytest
from support.runs import honest, under

from dag_factory.evidence.verify import verify

TASK = "foundation/architect"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="foundation")


def key(run, persona="architect", **days):
    return {"key": "", "keyid": run.record.keyids[persona], **days}


def told(run, *pinned, gate="local", assurance="pinned"):
    """What the gate says of the architect's signature, where the plan pins these keys."""

    def change(contract):
        contract["phases"][0]["min_assurance"] = gate
        if pinned:
            contract["keys"]["architect"] = {"assurance": assurance, "public": list(pinned)}

    judgement = verify(under(run, change), "foundation", run.store.blob, pendulum.now("UTC"))
    return [(finding.rule, finding.text) for finding in judgement.findings if finding.task == TASK]


def signed(run, text):
    return text.replace("KEY", run.record.keyids["architect"][:12])


def test_any_of_the_keys_that_are_pinned_may_have_signed(run):
    assert told(run, key(run, "ux-designer"), key(run), key(run, "devops")) == []


def test_a_key_that_is_pinned_for_somebody_else_is_not_pinned(run):
    expected = signed(run, "@architect signed with KEY, which is none of the keys that the workflow pins for it.")
    assert told(run, key(run, "ux-designer"), key(run, "devops")) == [("key-unpinned", expected)]


def test_one_that_was_revoked_is_told_with_the_day_and_nothing_else_is(run):
    expected = signed(run, "@architect signed with KEY, which was revoked on 2026-11-02.")
    assert told(run, key(run, revoked="2026-11-02", until="2026-11-01")) == [("key-revoked", expected)]


@pytest.mark.parametrize(
    ("days", "when"),
    [
        ({"until": "2026-01-02"}, "from the beginning until 2026-01-02"),
        ({"since": "2098-12-31"}, "from 2098-12-31 until further notice"),
        ({"since": "2026-01-01", "until": "2026-01-02"}, "from 2026-01-01 until 2026-01-02"),
    ],
)
def test_one_that_was_not_in_force_is_told_with_the_days_on_which_it_is(run, days, when):
    moment = run.record.newest(TASK).says.finished_at
    expected = signed(run, f"@architect signed at {moment} with KEY, which is in force {when}.")
    assert told(run, key(run, **days)) == [("key-expired", expected)]


@pytest.mark.parametrize(
    ("gate", "given", "enough"),
    [
        ("local", "local", True),
        ("local", "isolated", True),
        ("pinned", "local", False),
        ("pinned", "pinned", True),
        ("pinned", "isolated", True),
        ("isolated", "local", False),
        ("isolated", "pinned", False),
        ("isolated", "isolated", True),
    ],
)
def test_a_gate_takes_what_shows_as_much_as_it_asks_for_or_more(run, gate, given, enough):
    pinned = () if given == "local" else (key(run),)
    refused = [("assurance-too-low", f"The gate asks for {gate} keys, and @architect signed with a {given} one.")]
    assert told(run, *pinned, gate=gate, assurance=given) == ([] if enough else refused)
