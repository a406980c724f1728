"""The attack corpus on this very version: every attack is refused by its own rule, and by it alone; every honest case passes."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from dag_factory.cli.explain import read_rules
from dag_factory.cli.selftest import selftest, trees
from dag_factory.cli.selftest.contents import made
from dag_factory.cli.selftest.corpus import Case, read_corpus, where
from dag_factory.cli.selftest.judge import judged
from dag_factory.cli.selftest.scene import Scenes, unpacked
from dag_factory.errors import PhasegateError
from dag_factory.evidence import archive, audit, verify, waiving
from dag_factory.evidence.verdict import Finding

CASES = {case.id: case for case in read_corpus(where())}
ATTACKS = {name: case for name, case in CASES.items() if not case.honest}
RULES = sorted({str(case.refused_by) for case in ATTACKS.values()})
HEADINGS = (
    "Integrity", "Paths", "Identity", "Replay and context", "Verdicts", "Tests", "Coverage", "Scans and load", "Documents and pictures", "Waivers",
)  # fmt: skip
APP = typer.Typer()
APP.command()(selftest)


@pytest.fixture(scope="module")
def scenes() -> Iterator[Scenes]:
    with unpacked(where()) as made_of:
        yield made_of


@pytest.mark.parametrize("name", CASES)
def test_the_gate_answers_as_it_must(name: str, scenes: Scenes) -> None:
    outcome = judged(CASES[name], scenes)
    assert outcome.good, (outcome.word, outcome.rules, outcome.texts)


@pytest.mark.parametrize("rule", RULES)
def test_without_its_rule_an_attack_gets_through(rule: str, scenes: Scenes, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_off(rule, monkeypatch)
    outcomes = [judged(case, scenes) for case in ATTACKS.values() if case.refused_by == rule]
    assert [(one.case.id, one.word, one.rules, one.texts) for one in outcomes if one.word not in ("PASSED", "PASSED_WITH_WAIVER")] == []


def test_every_rule_that_judges_has_an_attack_of_its_own() -> None:
    judging = {name for name, rule in read_rules().items() if not {"the linter", "the seal", "the loader"} & {rule["at"]}}
    assert judging - set(RULES) == set()
    assert len(judging) > 50


def switch_off(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the gate and the auditor know a rule no more: what found it finds it no more, and everything else works as before."""

    def without(finds: Callable[..., Iterator[Finding]]) -> Callable[..., Iterator[Finding]]:
        return lambda *args: (finding for finding in finds(*args) if finding.rule != rule)

    auditor = sys.modules["dag_factory.cli.verify"]
    monkeypatch.setattr(verify, "POLICIES", tuple(without(policy) for policy in verify.POLICIES))
    for module, name in ((verify, "agreed"), (verify, "_unsigned"), (audit, "unwhole"), (auditor, "untrusted")):
        monkeypatch.setattr(module, name, without(getattr(module, name)))
    match rule:
        case "checklist-unanswered":
            asked = verify.answer
            monkeypatch.setattr(verify, "answer", lambda *args: asked(*args).model_copy(update={"holds": True}))
        case "waiver-void":
            monkeypatch.setattr(waiving, "_fault", lambda *_: None)
        case "archive-foreign":
            monkeypatch.setattr(archive, "_NAME", re.compile(".*"))
            monkeypatch.setattr(archive, "_is_plain", lambda _: True)


def test_there_are_enough_of_each() -> None:
    assert len(ATTACKS) >= 120
    assert len(CASES) - len(ATTACKS) >= 50
    by_heading = Counter(case.heading for case in ATTACKS.values())
    assert set(by_heading) == set(HEADINGS)
    assert min(by_heading.values()) >= 4


def test_every_rule_that_is_named_is_one() -> None:
    assert {rule for case in ATTACKS.values() for rule in (case.refused_by, *case.also)} <= set(read_rules())


def test_only_what_a_waiver_was_for_stands_beside_its_rule() -> None:
    assert {case.refused_by for case in CASES.values() if case.also} == {"waiver-void"}


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in where().iterdir()) < 1_000_000


def test_the_table_tells_each_and_the_sum() -> None:
    result = CliRunner().invoke(APP, ["Waivers", "single-test"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "Honest, and looks suspicious"
    assert lines[1].split() == ["✓", "single-test", "passes"]
    assert "waiver-that-ran-out" in result.output
    assert lines[-1].endswith("and 1 honest case on phasegate 0.1.0: every attack refused by its rule, every honest case accepted.")


def test_as_json_it_tells_the_story() -> None:
    result = CliRunner().invoke(APP, ["--json", "single-test"])
    [case] = json.loads(result.output)["cases"]
    assert (case["id"], case["good"], case["word"], case["rules"]) == ("single-test", True, "PASSED", [])


def test_an_attack_that_passes_ends_it_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    switch_off("approval-partial", monkeypatch)
    result = CliRunner().invoke(APP, ["approval-partial"])
    assert result.exit_code == 1
    assert "✗ approval-by-the-producer" in result.output
    assert "It was judged PASSED, by no rule." in result.output


def test_a_case_that_breaks_is_told_as_that(scenes: Scenes) -> None:
    case = Case(id="broken", story="Somebody does what nobody can.", does=[{"fly": {}}])
    outcome = judged(case, scenes)
    assert (outcome.good, outcome.word) == (False, "crash")
    assert "Nobody can 'fly'" in outcome.texts[0]


def test_an_attack_refused_by_another_rule_too_is_not_good(scenes: Scenes) -> None:
    outcome = judged(ATTACKS["look-alike-persona-name"], scenes)
    assert not dataclasses.replace(outcome, rules=(*outcome.rules, "statement-missing")).good
    assert not dataclasses.replace(outcome, rules=("statement-missing",)).good
    assert not dataclasses.replace(outcome, word="PASSED", rules=()).good


def test_nobody_is_called_so() -> None:
    told = CliRunner().invoke(APP, ["Wavers"]).exception
    assert isinstance(told, PhasegateError)
    assert str(told).startswith("No case is called 'Wavers'. Did you mean 'Waivers'? Give an id, a rule or a heading: Coverage; ")
    assert isinstance(CliRunner().invoke(APP, ["Waivers", "no-such-case"]).exception, PhasegateError), "none of several is passed over"


SHEET = {"heading": "A", "attacks": [{"id": "a", "story": "Somebody does something.", "rule": "check-failed"}]}


class TestTheCorpus:
    def read(self, folder: Path, **changes: object) -> tuple[Case, ...]:
        (folder / "a.yaml").write_text(yaml.safe_dump(SHEET | changes), encoding="utf-8")
        return read_corpus(folder)

    def test_is_read_by_heading(self, tmp_path: Path) -> None:
        assert [(case.id, case.heading) for case in self.read(tmp_path)] == [("a", "A")]

    @pytest.mark.parametrize(
        "changes",
        [
            {"attacks": [{"id": "A b", "story": "Somebody does something.", "rule": "x"}]},
            {"attacks": [{"id": "a", "story": "Somebody does something."}]},
            {"honest": [{"id": "b", "story": "Somebody does something.", "rule": "x"}]},
            {"honest": [{"id": "a", "story": "Somebody does something."}]},
            {"more": 1},
        ],
    )
    def test_is_refused_where_it_is_not_one(self, changes: dict[str, object], tmp_path: Path) -> None:
        with pytest.raises(PhasegateError):
            self.read(tmp_path, **changes)


class TestMaking:
    def test_contents_are_made_in_the_order_of_their_words(self) -> None:
        assert (
            made({"text": "a\nb\n", "edit": [["a", "c"]], "append": "d", "crlf": True, "bom": True, "cut": -1}, b"x")
            == b"\xef\xbb\xbfc\r\nb\r\n"
        )
        assert made({"repeat": {"before": "<", "of": "ab", "times": 2, "after": ">"}}, b"") == b"<abab>"
        assert made({"numbered": {"of": "%d,", "times": 3}}, b"") == b"0,1,2,"
        assert made({"put": {"a.1": {"numbers": [2, 4]}}, "drop": ["b"]}, b'{"a": [0, 1], "b": 1}') == b'{"a": [0, [2, 3, 4]]}'
        assert made({"flip": 0}, b"ab") == b"`b"

    @pytest.mark.parametrize("told", [{"edit": [["z", "y"]]}, {"sub": [["z+", "y"]]}, {"drop": ["z"]}])
    def test_what_is_to_be_edited_must_be_there(self, told: dict[str, object]) -> None:
        with pytest.raises(PhasegateError):
            made(told, b'{"a": 1}')

    def test_paths_find_elements_by_what_they_call_themselves(self) -> None:
        value = {"phases": [{"id": "one", "tasks": [{"id": "one/a.b", "x": 1}]}]}
        assert trees.look(value, "phases > one > tasks > a.b > x") == 1
        trees.put(value, "phases.one.tasks.more", {"id": "one/more"})
        assert [task["id"] for task in value["phases"][0]["tasks"]] == ["one/a.b", "one/more"]
        trees.drop(value, "phases.0.tasks.-1")
        assert len(value["phases"][0]["tasks"]) == 1
