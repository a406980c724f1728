"""`docs/threats.md`: every attack it names is in the corpus, every rule is one, every link leads somewhere, and nothing is named for show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dag_factory.cli.explain import read_rules
from dag_factory.evidence.assurance import LEVELS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threats.md"
CORPUS = ROOT / "tests" / "attacks"
TEXT = PAGE.read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#]*)(#[^)]*)?\)")


def tables() -> Iterator[tuple[list[str], list[list[str]]]]:
    """The head and the rows of every table."""
    for block in re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()]
        yield head, rows


def threats() -> list[list[str]]:
    return [row for head, rows in tables() if head[-1] == "attacks" for row in rows]


def named() -> list[str]:
    return [name for row in threats() for name in re.findall(r"`([^`]+)`", row[-1])]


def corpus() -> dict[str, str]:
    """Every attack's id and the rule that refuses it; empty where there is no corpus, which comes with its runs."""
    if not (CORPUS / "runs.tar.xz").is_file():
        return {}
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(CORPUS.glob("*.yaml"))]
    found = [attack for file in files for attack in file.get("attacks", ())]
    return {attack["id"]: attack["rule"] for attack in found}


def test_every_attack_that_is_named_is_in_the_corpus() -> None:
    known = corpus()
    if not known:
        pytest.skip("there is no corpus in tests/attacks")
    assert [name for name in named() if name not in known] == []


def test_an_attack_stands_where_the_rule_that_refuses_it_is_told() -> None:
    known = corpus()
    if not known:
        pytest.skip("there is no corpus in tests/attacks")
    for threat, answer, attacks in threats():
        rules = set(re.findall(r"\]\(rules/([a-z-]+)\.md\)", answer))
        assert {name for name in re.findall(r"`([^`]+)`", attacks) if known.get(name) not in rules} == set(), threat


def test_no_attack_is_named_twice_and_many_are() -> None:
    names = named()
    twice = {name for name in names if names.count(name) > 1}
    assert twice <= {"statement-of-a-deleted-run"}
    assert len(set(names)) > 80


def test_a_threat_without_an_attack_says_where_else_it_is_shown() -> None:
    for threat, answer, attacks in threats():
        if "`" not in attacks:
            shown = re.findall(r"`(tests/[^`]+)`", answer)
            assert shown, threat
            assert all((ROOT / path).is_file() for path in shown), threat


def test_every_rule_is_one_and_every_link_leads_somewhere() -> None:
    for target, anchor in LINK.findall(TEXT):
        path = PAGE.parent / target
        rule = re.fullmatch(r"rules/([a-z-]+)\.md", target)
        if rule and rule[1] == "archive-foreign" and not corpus():
            continue  # comes with the corpus
        assert path.is_file(), target
        assert not rule or rule[1] in read_rules(), target
        headings = [line.lstrip("# ").lower() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        anchors = {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}
        assert not anchor or anchor[1:] in anchors, (target, anchor)


def test_every_level_of_assurance_is_told_of() -> None:
    [head] = [head for head, _ in tables() if head[0] == "who"]
    assert tuple(name.strip("`") for name in head[1:]) == LEVELS


def test_the_page_is_found() -> None:
    assert "(threats.md)" in (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
