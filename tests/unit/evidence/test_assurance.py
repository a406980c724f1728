"""Pinned keys: which counts, when, and what the gate says where another signed, or the gate asks for more."""

from __future__ import annotations

import pendulum
import pytest
from support.auditing import told
from support.cycles import Cycle, failing
from support.orders import SPEC
from support.runs import HonestRun, place, resign, rules

from dag_factory.errors import KeyFolderError
from dag_factory.evidence.assurance import LEVELS, badge, in_force, lowest, public_key, spki_of
from dag_factory.evidence.contract import PinnedKey
from dag_factory.evidence.keys import AUTHORITY, KeyFolder
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.waiving import waivable
from dag_factory.evidence.whole import unwhole

JUDGES = ("documentation-writer", "performance-engineer", "product-manager", "security-engineer", "test-engineer")
MAKERS = ("architect", "ux-designer", "product-manager")
WORDS = {"since": "2026-01-01", "until": "2099-01-01"}


def text(folder: KeyFolder, *, gate: str = "local", who: tuple[str, ...] = MAKERS, **days: str) -> str:
    """The spec with the keys of a folder pinned."""
    lines = ["keys:"]
    for name in who:
        told = ", ".join([f"key: {spki_of(folder.signer(name, make=True).public)}", *(f"{word}: {day}" for word, day in days.items())])
        other = spki_of(folder.signer(f"next-{name}", make=True).public)
        lines.append(f"  {name}: {{private: {{env: KEY}}, public: [{{{told}}}, {{key: {other}, since: 2099-01-01}}]}}")
    return SPEC + "\n".join(lines) + f"\nphases: {{foundation: {{gate: {{min_assurance: {gate}}}}}}}\n"


@pytest.fixture
def begun(tmp_path):
    def make(**more) -> HonestRun:
        run = HonestRun(tmp_path, text=text(KeyFolder(tmp_path / "keys"), **more))
        run.work("foundation")
        return run

    return make


def test_a_phase_whose_keys_are_pinned_passes_a_gate_that_asks_for_it_and_says_so(begun):
    run = begun(gate="pinned", **WORDS)
    assert run.answer("foundation").findings == ()
    verdict = run.record.verdict("foundation").says
    assert verdict.phasegate.assurance == "pinned"
    assert verdict.verified_levels == ("PHASEGATE_ASSURANCE_PINNED",)
    assert "assurance-too-low" not in {finding.rule for finding in unwhole(run.store, run.record)}


def test_one_local_key_makes_the_phase_local(begun):
    run = begun(who=MAKERS[:2])
    assert run.answer("foundation").word == "PASSED"
    assert run.record.verdict("foundation").says.phasegate.assurance == "local"
    assert lowest(run.contract, MAKERS[:2], run.record.keyids) == "pinned"
    assert lowest(run.contract, MAKERS, run.record.keyids) == "local"


def test_who_mended_in_a_phase_worked_in_it(tmp_path):
    run = HonestRun(tmp_path, text=text(KeyFolder(tmp_path / "keys"), who=JUDGES)).through("implementation")
    run.work("validation")
    cycle = Cycle(failing(run), "validation").mended().judged()
    assert cycle.answer().word == "PASSED"
    failed, passed = (stored.says for stored in run.record.verdicts["validation"])
    assert [said.phasegate.assurance for said in (failed, passed)] == ["pinned", "local"], "an engineer's key is pinned by nobody"
    assert passed.verified_levels == ("PHASEGATE_ASSURANCE_LOCAL",)
    assert "assurance-too-low" not in {finding.rule for finding in unwhole(run.store, run.record)}
    overstated = {"assurance": "pinned"}
    resign(run, place(run, "verdicts/validation", 2), lambda said: said["predicate"]["phasegate"].update(overstated), signer=AUTHORITY)
    assert ("assurance-too-low", "validation") in told(run)


@pytest.mark.parametrize(
    ("days", "rule"),
    [
        ({"revoked": "2099-01-01"}, "key-revoked"),
        ({"revoked": "2026-01-01"}, "key-revoked"),
        ({"until": "2026-01-01"}, "key-expired"),
        ({"since": "2098-12-31"}, "key-expired"),
    ],
)
def test_a_key_that_does_not_count_is_a_finding_that_nobody_can_waive(begun, days, rule):
    run = begun(**days)
    judgement = run.judge("foundation")
    found = [finding for finding in judgement.findings if finding.rule == rule]
    assert {finding.task for finding in found} == {f"foundation/{name}" for name in MAKERS}
    case = Case(run.record, "foundation", run.store.blob, pendulum.now("UTC"))
    assert not any(waivable(case, finding) for finding in found)


def test_a_development_key_where_a_pinned_one_is_demanded(tmp_path):
    pinned = KeyFolder(tmp_path / "pinned")
    run = HonestRun(tmp_path, text=text(pinned, who=MAKERS, gate="pinned"))  # the charter names those of tmp_path/keys
    run.work("foundation")
    judgement = run.judge("foundation")
    assert {"key-unpinned", "assurance-too-low"} <= rules(judgement)
    unpinned = {finding.task: finding.text for finding in judgement.findings if finding.rule == "key-unpinned"}
    assert unpinned.keys() == {f"foundation/{name}" for name in MAKERS}
    keyid = run.record.newest("foundation/architect").keyid
    assert unpinned["foundation/architect"] == (
        f"@architect signed with {keyid[:12]}, which is none of the keys that the workflow pins for it."
    )


def test_a_verdict_that_says_more_than_its_keys_show_is_found(begun):
    from support.runs import resign

    from dag_factory.evidence.keys import AUTHORITY

    run = begun(who=MAKERS[:1])
    run.answer("foundation")
    resign(
        run, place(run, "verdicts/foundation"), lambda said: said["predicate"]["phasegate"].update(assurance="isolated"), signer=AUTHORITY
    )
    assert ("assurance-too-low", "foundation") in {(finding.rule, finding.subject) for finding in unwhole(run.store, run.record)}


def test_the_first_and_the_last_day_are_within():
    key = PinnedKey(key="", keyid="", since="2026-11-02", until="2026-11-03")
    moments = ("2026-11-01T23:59:59Z", "2026-11-02T00:00:00Z", "2026-11-03T23:59:59Z", "2026-11-04T00:00:00Z", "2026-11-04T01:00:00+02:00")
    assert [in_force(key, pendulum.parse(moment)) for moment in moments] == [False, True, True, False, True]
    assert in_force(PinnedKey(key="", keyid=""), pendulum.now("UTC"))


def test_the_newest_key_in_force_is_the_one_to_sign_with(tmp_path):
    folder = KeyFolder(tmp_path / "keys")
    run = HonestRun(tmp_path, text=text(folder, who=("devops",), since="2026-01-01"))
    pinned = run.contract.keys["devops"]
    assert public_key("devops", pinned, pendulum.parse("2026-06-01")).pem == folder.signer("devops").public.pem
    assert public_key("devops", pinned, pendulum.parse("2099-06-01")).pem == folder.signer("next-devops").public.pem
    with pytest.raises(KeyFolderError, match="none of them is in force on 2025-06-01"):
        public_key("devops", pinned, pendulum.parse("2025-06-01"))


def test_a_plan_without_pinned_keys_has_none(tmp_path):
    contract = HonestRun(tmp_path).contract
    assert contract.keys == {}
    assert {phase.min_assurance for phase in contract.phases} == {"local"}


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_says_in_plain_words_what_it_shows(level):
    assert badge(level).startswith(f"{level}: ")
    assert "no wall" in badge("local")
