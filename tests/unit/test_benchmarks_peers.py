"""What docs/comparison.md says of peers is what a command shows: Phasegate's half of it is done here, and the peers' results are read, not made up."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import attacks, mistakes, peers
from benchmarks.table import Section, as_markdown, as_text
from benchmarks.timing import ROOT, NotMeasuredError

DOCS = " ".join((ROOT / "docs" / "comparison.md").read_text(encoding="utf-8").split())
REFUSED_BY = {
    "edited": "evidence-altered",
    "one-key": "key-shared",
    "alias": "key-shared",
    "two-by-one": "key-shared",
    "replayed": "statement-misbound",
    "replayed-whole": "is of the run earlier of release",
    "symlink": "evidence-no-file",
}


@pytest.fixture(scope="module")
def ours():
    return mistakes.fates("phasegate")


def said(*, code=0, text="", crash="", dags=("good", "orders"), errors=None, logged=False):
    told = {name: "The good one" if name == "good" else "Daily orders mart" for name in dags}
    return {"lint": {"code": code, "text": text, "crash": crash}, "dags": told, "errors": errors or {}, "logged": logged}


def test_every_mistake_is_made_in_both_languages():
    told = mistakes.stories()
    for tool in ("phasegate", "dag-factory"):
        folder = mistakes.BROKEN / tool
        assert {path.stem for path in folder.iterdir()} == {*told, mistakes.GOOD}
        good = (folder / "good.yaml").read_bytes()
        assert yaml.safe_load(good)
        assert len({(folder / f"{name}.yaml").read_bytes() for name in told} | {good}) == len(told) + 1


def test_what_phasegate_makes_of_every_mistake(ours):
    loads = {"function-missing"}  # its module is imported when its task runs
    assert {name for name, fate in ours.items() if not fate.flagged} == loads | {"good"}
    assert {name for name, fate in ours.items() if fate.became == "loaded"} == loads | {"good"}
    shown = [fate for name, fate in ours.items() if name not in loads | {"good"}]
    assert all(fate.became == "shown" and re.fullmatch(r"orders\.yaml:\d+", fate.shown) and fate.sibling for fate in shown)


def test_the_page_says_so(ours):
    count = len(mistakes.stories())
    assert f"makes {count} mistakes" in DOCS
    assert f"| of {count} mistakes |" in DOCS
    assert f"flagged by its own linter | {sum(bool(fate.flagged) for fate in ours.values())} |" in DOCS
    assert f"as an import error | {sum(fate.became == 'shown' for fate in ours.values())}, at the file and line" in DOCS
    pinned = (ROOT / "scripts" / "peers").read_text(encoding="utf-8")
    for peer, version in re.findall(r"(dag-factory|in-toto)==([0-9.]+)", pinned):
        assert f"{peer} {version}" in DOCS
    assert all(f"make bench BENCH={name}" in DOCS for name in ("mistakes", "attacks"))


@pytest.mark.parametrize(
    ("told", "fate"),
    [
        (said(), mistakes.Fate("", "", "loaded", False, True)),
        (said(dags=("good",), logged=True), mistakes.Fate("", "", "lost", True, True)),
        (said(dags=()), mistakes.Fate("", "", "lost", False, False)),
        (said() | {"dags": {"good": "Daily orders mart"}}, mistakes.Fate("", "", "replaced", False, False)),
        (said(code=1, text="Syntax Error"), mistakes.Fate("flagged", "", "loaded", False, True)),
        (said(code=1, crash="ValueError()"), mistakes.Fate("crashes", "", "loaded", False, True)),
        (said(code=1, text="a.yaml:1:2: cron-bad: No.\na.yaml:3:2: cron-bad: No.\n"), mistakes.Fate("cron-bad", "", "loaded", False, True)),
        (said(errors={"loader.py": "Traceback"}), mistakes.Fate("", "loader.py", "shown", False, True)),
        (said(errors={"workflows/orders.yaml": "workflows/orders.yaml:4:1: x"}), mistakes.Fate("", "orders.yaml:4", "shown", False, True)),
    ],
)
def test_what_became_of_a_mistake(told, fate):
    assert mistakes.fate_of(told) == fate


def test_a_sound_sibling_that_is_gone_is_told():
    told = mistakes._airflow(mistakes.Fate("", "loader.py", "shown", False, False))
    assert told == "shown (loader.py); the sound one is gone"
    assert mistakes._airflow(mistakes.Fate("", "", "replaced", False, False)) == "lost; it took the sound one's place"
    assert mistakes._airflow(mistakes.Fate("", "", "lost", True, True)) == "lost; only the log tells"


def test_the_fates_are_counted():
    fates = {
        "good": mistakes.Fate("", "", "loaded", False, True),
        "a": mistakes.Fate("crashes", "", "lost", True, True),
        "b": mistakes.Fate("flagged", "loader.py", "shown", False, True),
        "c": mistakes.Fate("", "", "replaced", False, False),
        "d": mistakes.Fate("", "", "loaded", False, True),
    }
    assert mistakes.summary(fates) == (
        "of 4 mistakes its linter flags 2 (on 1 of them it crashes); Airflow's UI shows 1, 0 of them at the file that is broken; "
        "2 are lost without a word there, 1 of them in the place of a sound workflow; 1 load as if nothing were wrong."
    )


def test_phasegate_refuses_every_attack_by_its_rule():
    found = attacks.ours()
    assert set(found) == set(attacks.STORIES) == set(REFUSED_BY)
    for name, rule in REFUSED_BY.items():
        assert found[name].honest == ""
        assert rule in found[name].attack
        assert rule == "evidence-altered" or rule.startswith("is of") or f"refused: [{rule}]" in DOCS


def test_a_tool_that_refuses_what_is_honest_has_no_figures(monkeypatch, tmp_path):
    with pytest.raises(NotMeasuredError, match="refuses the honest case beside edited: no"):
        attacks._sound("in-toto", {name: attacks.Outcome("no", "no") for name in attacks.STORIES})
    monkeypatch.setattr(mistakes, "child", lambda *args, **_: {folder: said(code=1) for folder in args[3:]})
    with pytest.raises(NotMeasuredError, match="does not take what is sound"):
        mistakes.fates("phasegate")


def test_without_the_peers_the_table_says_why(monkeypatch, ours):
    def missing(name):
        raise NotMeasuredError(f"{name} could not be installed")

    monkeypatch.setattr(peers, "need", missing)
    monkeypatch.setattr(mistakes, "fates", lambda _tool: ours)
    section = mistakes.measure(0)
    assert {row.beside for row in section.rows} == {"dag-factory could not be installed"}
    assert len(section.more) == 1
    monkeypatch.setattr(attacks, "ours", lambda: {name: attacks.Outcome("", "a-rule") for name in attacks.STORIES})
    section = attacks.measure(0)
    assert {row.beside for row in section.rows} == {"in-toto could not be installed"}
    assert {row.figure for row in section.rows} == {"refused: a-rule"}


def test_a_table_where_nothing_is_timed_has_heads_of_its_own():
    section = Section("Attacks", "What is tried.", rounds=0, head=("attack", "we", "they", "honest"))
    section.rows.append(mistakes.Row("a", "b", "c", "d"))
    assert "| attack | we | they | honest |" in as_markdown([section])
    assert "Rounds" not in as_markdown([section]).partition("## Attacks")[2]
    assert "attack  we  they  honest" in as_text(section)
