"""Policy 8, what is mended outside: who judges it judges what was brought, and not what was there before."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from support.cycles import Cycle
from support.runs import HonestRun

from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.cycles import rechecked
from dag_factory.evidence.statement import moment_of, now

FOUND = "check-failed:drafting/tester/check"
SMALL = """\
workflow: small
pattern: false
mission: Notes and who tries them
catalogue:
  author: {title: Author, instructions: Write., contracts: {writing: {does: Write., evidence: {note: {report: note.txt, kind: file}}}}}
  clerk: {title: Clerk, instructions: Write., contracts: {copying: {does: Copy., evidence: {copy: {report: copy.txt, kind: file}}}}}
  tester: {title: Tester, instructions: Try., contracts: {validation: {does: Try., evidence: {tried: {report: tried.txt, kind: file}}}}}
personas:
  author: {external: true, timeout: 2h}
  clerk: {command: copy}
  tester: {check: try}
phases:
  drafting:
    tasks:
      author: {persona: author, duty: writing}
      clerk: {persona: clerk, duty: copying}
      tester: {persona: tester, duty: validation}
    gate: {}
"""


@pytest.fixture
def cycle(tmp_path) -> Cycle:
    """One in which the author, who is outside, and the clerk, who is not, are to mend something."""
    run = HonestRun(tmp_path, text=SMALL)
    run.kickoff(base=None)
    for name in ("author", "clerk"):
        run.deliver(f"drafting/{name}", base=None, sealed=None)
    run.codes["drafting/tester", "check"] = 1
    run.deliver("drafting/tester", base=None, sealed=None)
    assert [finding.id for finding in run.answer("drafting").findings] == [FOUND]
    run.codes.clear()
    made = Cycle(run, "drafting")
    made.triage(orders=tuple(Order(task=f"drafting/{name}", findings=(FOUND,)) for name in ("author", "clerk")))
    for item in ("author", "note"), ("clerk", "copy"):
        run.contents[f"drafting/{item[0]}", item[1]] = b"Another note, which is long enough to be taken for a real one.\n"[
            len(item[1]) - 4 :
        ]
    return made


def later(moment: str, seconds: float) -> str:
    return str((moment_of(moment) + timedelta(seconds=seconds)).isoformat())


@pytest.mark.parametrize(("seconds", "stale"), [(-1, False), (0, False), (60, False), (61, True)])  # clocks may be a minute apart
def test_what_is_brought_after_a_validator_began_was_not_judged(cycle, seconds, stale):
    began = now()
    for name, more in (("author", seconds), ("clerk", 5)):  # the clerk's work is merged or waited for by Airflow, whatever a clock says
        cycle.mend(f"drafting/{name}", base=None, sealed=None, started_at=later(began, -2), finished_at=later(began, more))
    cycle.mend("drafting/tester", base=None, sealed=None, started_at=began, finished_at=later(began, 66))
    judgement = cycle.ask(now=moment_of(later(began, 120)))
    told = [(finding.id, finding.text) for finding in judgement.findings if finding.rule == "validation-stale"]
    text = "@tester judged in fix cycle 1 before drafting/author was brought, and must judge what is there now."
    assert told == ([("validation-stale:drafting/tester", text)] if stale else [])


@pytest.mark.parametrize(("minutes", "stale"), [(5, False), (6, True)])
def test_clocks_of_workers_that_differ_accuse_nobody(cycle, minutes, stale):
    began = now()
    cycle.mend("drafting/author", base=None, sealed=None, started_at=later(began, -2), finished_at=later(began, -1))
    cycle.mend("drafting/clerk", base=None, sealed=None, started_at=later(began, 1), finished_at=later(began, 60 * minutes))
    cycle.mend("drafting/tester", base=None, sealed=None, started_at=began, finished_at=later(began, 6))
    judgement = cycle.ask(now=moment_of(later(began, 600)))
    told = [finding.text for finding in judgement.findings if finding.rule == "validation-stale"]
    text = "@tester judged in fix cycle 1 before drafting/clerk was brought, and must judge what is there now."
    assert told == ([text] if stale else [])


def test_who_says_what_they_saw_is_held_to_that_and_to_no_clock(cycle):
    began = now()
    for name in ("author", "clerk"):
        cycle.mend(f"drafting/{name}", base=None, sealed=None, finished_at=later(began, 30))
    seen = tuple(stored.digest for stored in cycle.case().mended.values())
    after = moment_of(later(began, 60))
    cycle.mend("drafting/tester", base=None, sealed=None, started_at=later(began, 40), finished_at=later(began, 41), saw=())
    assert "validation-stale:drafting/tester" in cycle.told(now=after), "who saw nothing has judged nothing of it"
    cycle.mend("drafting/tester", base=None, sealed=None, started_at=began, finished_at=later(began, 42), saw=seen)
    assert "validation-stale" not in {finding.rule for finding in cycle.ask(now=after).findings}
    cycle.mend("drafting/clerk", base=None, sealed=None, started_at=later(began, -9), finished_at=later(began, -8))
    assert [found.id for found in cycle.ask(now=after).findings if found.rule == "validation-stale"] == ["validation-stale:drafting/tester"]


def test_the_newest_that_was_brought_counts(cycle):
    began = now()
    for seconds in (-1, 61):
        cycle.mend("drafting/author", base=None, sealed=None, started_at=later(began, -2), finished_at=later(began, seconds))
    cycle.mend("drafting/clerk", base=None, sealed=None)
    cycle.mend("drafting/tester", base=None, sealed=None, started_at=began, finished_at=later(began, 66))
    assert "validation-stale:drafting/tester" in [finding.id for finding in cycle.ask(now=moment_of(later(began, 120))).findings]


@pytest.mark.parametrize("rule", ["approval-missing", "approval-partial", "approval-refused", "approval-stale"])
def test_what_people_said_stands_until_they_are_asked_again(rule):
    finding = SimpleNamespace(id=f"{rule}:drafting", rule=rule)
    verdict = SimpleNamespace(says=SimpleNamespace(phasegate=SimpleNamespace(findings=(finding,))))
    case = SimpleNamespace(rounds=(SimpleNamespace(cycle=1),), phase_id="drafting", record=SimpleNamespace(verdict_in=lambda *_: verdict))
    assert [one.now for one in rechecked(case, set(), set(), asked=False)] == ["open"]
    assert [one.now for one in rechecked(case, set(), set())] == ["mended"]
