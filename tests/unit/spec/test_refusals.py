"""What the models refuse is told in the words of a spec, at every height, and never in those of the program."""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dag_factory.errors import Diagnostic, SpecError
from dag_factory.spec import elsewhere, read_spec
from dag_factory.spec.models import Workflow
from dag_factory.spec.scalars import spoken
from dag_factory.spec.shape import keys_at, near, place_of

RICH = """\
workflow: rich
mission: All that may be written
schedule: {cron: "0 6 * * mon", start: 2026-11-23}
workspace: {git: {env: REPO}, depth: 3}
features: {ingest: {does: Load, paths: [src]}, mart: Build}
personas:
  default: {agent: {cli: claude, tools: [Read], turns: 5}, budget: {tokens: 1000, time: 2h}, priority: 5, memory: 2 GB, outside: [/srv], env: {A: {conn: x}}}
  devops: {llm: {connection: c, toolsets: ["tools:w"]}}
  ux-designer: {external: true}
  test-engineer: {check: [make, e2e]}
params: {day: {default: today, schema: {type: string}}}
tags: [a]
budget: 20 USD
notify: {gate-failed: {smtp: {to: [a@b.c]}}, run-late: [{slack: {channel: x}}]}
keys: {devops: {public: [{key: MCowBQYDK2VwAyEA1wiMOA6zkIxKlcsnevTc51F0+PDxHrsB7fITDzqGoF4=}], private: {conn: c}}}
checks: {unit: {run: make unit, at: converge}}
phases: {review: {after: validation, tasks: {a: {persona: devops, evidence: {b: {path: B.md, kind: markdown}}}}, gate: {approval: {people: [erin]}}}}
"""
WRONG = (None, True, False, -1, 1.5, 10**17, "", "x y!", [], [None], {}, {"x": 1}, [{"a": 1}], datetime.date(2026, 1, 1), "a" * 20_000)
JARGON = re.compile(
    r"Input|[Vv]alid \w+ (?:str|bool|int)|\bstring\b|dictionary|tuple|boolean|integer|\bNone\b|\bTrue\b|\bFalse\b|datetime|_error|pydantic|pattern '\^"
)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from _paths(child, (*path, key))


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: repr(wrong)[:20])
def test_no_word_of_the_program_shows_whatever_stands_wherever(tmp_path: Path, wrong: Any) -> None:
    rich, file = yaml.safe_load(RICH), tmp_path / "w.yaml"
    for path in _paths(rich):
        spoilt = copy.deepcopy(rich)
        at = spoilt
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = wrong
        file.write_text(yaml.safe_dump(spoilt, sort_keys=False), encoding="utf-8")
        try:
            read_spec(file)
        except SpecError as error:
            for told in error.diagnostics:
                said = f"{told.reason} {told.remedy}"
                assert not JARGON.search(said), (path, said)
                assert told.remedy, said
                assert len(said) < 500, (path, said)


@pytest.mark.parametrize(
    ("written", "says", "remedy"),
    [
        ("owner: no", "owner must be a text, and is no, which YAML reads as false.", 'Put it in quotes, if a text is meant: "no".'),
        ("owner: 1.10", "owner must be a text, and is 1.10, which YAML reads as 1.1.", 'Put it in quotes, if a text is meant: "1.10".'),
        ("owner: 2026-01-01", "owner must be a text, and is 2026-01-01.", 'Put it in quotes, if a text is meant: "2026-01-01".'),
        ("owner:", "owner must be a text, and is nothing.", "Write a text."),
        ("owner: [a]", "owner must be a text, and is [a].", "Write a text."),
        ("tags: orders", "tags must be a list, and is 'orders'.", "Write it in brackets, even if it is one alone: [orders]."),
        ("tags: a b", "tags must be a list, and is 'a b'.", "Write it in brackets, like [one, two]."),
        ("assets: maybe", "assets must be true or false, and is 'maybe'.", "Write true or false, without quotes."),
        ('max_active_runs: "2"', "max_active_runs must be a whole number, and is '2'.", "Write a number like 3, without quotes."),
        ("max_active_runs: 0", "max_active_runs must be at least 1, and is 0.", "Write a number that is at least 1."),
        ("fix: []", "fix must be a mapping", "Write its keys below it, each with a colon and a value."),
        ("keys: []", "keys must be a mapping, and is an empty list.", "Write its keys below it, each with a colon and a value."),
        ('owner: ""', "owner is empty.", "Write something there, or remove the key where it need not be."),
        (f"owner: {'x' * 10_001}", "owner is too long: at most 10000 may stand there.", "Write less."),
        ("schedule: dayly", "schedule: 'dayly' is no schedule. Did you mean 'daily'?", "Correct this value."),
        ('schedule: "@daily"', "schedule: '@daily' is no schedule. Did you mean 'daily'?", "Correct this value."),
        (
            "schedule: {preset: dayly}",
            "schedule.preset is 'dayly', which may not stand here. Did you mean 'daily'?",
            "Write hourly, daily, weekly, monthly, quarterly, yearly, once or continuous.",
        ),
        ("budget: 5", "budget: 5 may not stand here; write an amount of money like 5 USD", "Correct this value."),
        ("checks: {x: {run: 5}}", "checks.x.run must be a text or a list, and is 5.", 'Put it in quotes, if a text is meant: "5".'),
        ("notify: {gate-failed: maria}", "notify.gate-failed: 'maria' is no notifier; write one like {slack:", "Correct this value."),
        ("timeout: [1h]", "timeout: [1h] is not a duration", "Correct this value."),
    ],
)
def test_a_refusal_says_what_must_stand_there_what_does_and_what_to_write(author: Any, written: str, says: str, remedy: str) -> None:
    edits = [('schedule: {cron: "0 6 * * mon", timezone: Europe/Berlin, start: 2026-11-23}\n', "")] if "schedule" in written else []
    [told] = author.told(*edits, more=f"{written}\n")
    assert told.reason.startswith(says)
    assert told.remedy == remedy


def test_a_wrong_key_within_a_union_is_told_once(author: Any) -> None:
    [told] = author.told(("git: orders_repo", "git: {x: 1}"))
    assert told.reason == "workspace.git.x: nothing is called 'x' here."


@pytest.mark.parametrize(
    ("path", "some"),
    [
        ((), "mission"),
        (("phases", "any", "tasks", "any"), "persona"),
        (("personas", "any", "agent"), "turns"),
        (("workspace", "git"), "conn"),
        (("notify",), "gate-failed"),
        (("notify", "gate-failed"), "slack"),
        (("notify", "gate-failed", 0), "slack"),
        (("notify", "gate-failed", 0, "smtp"), "to"),
        (("keys", "any", "public", 0), "revoked"),
        (("params", "any"), "schema"),
    ],
)
def test_the_keys_of_every_place(path: tuple[str | int, ...], some: str) -> None:
    assert some in keys_at(Workflow, path)
    assert "misson" not in keys_at(Workflow, path)


def test_a_place_without_keys() -> None:
    assert keys_at(Workflow, ("mission",)) == keys_at(Workflow, ("nowhere", 0)) == ()


@pytest.mark.parametrize(
    ("key", "path", "belongs"),
    [
        ("catchup", (), "schedule"),
        ("retries", (), "personas.NAME"),
        ("turns", ("personas", "devops"), "personas.devops.agent"),
        ("slack", ("notify", "gate-failed", 0, "smtp"), "notify.gate-failed.0"),
        ("default_args", (), ""),
    ],
)
def test_where_a_key_belongs(key: str, path: tuple[str | int, ...], belongs: str) -> None:
    assert place_of(key, Workflow, path) == belongs


def test_words_that_are_near() -> None:
    assert near("tests", ["test", "gate"]) == " Did you mean 'test'?"
    assert near("x", ["test"]) == near("x", []) == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "nothing"),
        (True, "true"),
        ({}, "an empty mapping"),
        ([1], "a list"),
        (["a", "b"], "[a, b]"),
        (["a" * 90], "a list"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        ("a", "'a'"),
    ],
)
def test_how_a_value_is_said(value: Any, said: str) -> None:
    assert spoken(value) == said
    assert len(spoken("x" * 5000)) < 100


def added(tmp_path: Path, written: str) -> tuple[Diagnostic, ...]:
    """What is refused of a sound spec to which a line was added."""
    file = tmp_path / "w.yaml"
    file.write_text(
        f"workflow: w\nmission: m\nworkspace: {{git: r}}\nfeatures: {{f: x}}\npersonas: {{default: {{external: true}}}}\n{written}\n"
    )
    with pytest.raises(SpecError) as caught:
        read_spec(file)
    return tuple(caught.value.diagnostics)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("depends_on: [x]", "give what comes later a phase of its own"),
        ("phases: {validation: {tasks: {test-engineer: {needs: [sdet]}}}}", "give what comes later a phase of its own"),
        ("dag_id: x", "Write `workflow:`."),
        ("on: {push: main}", "Write `schedule:`"),
        ("steps: []", "Tasks stand in phases"),
        ("description: x", "Write `mission:`"),
        ("rules: {coverage-low: false}", "phasegate waive"),
        ("params: {region: {type: string}}", "Write it in `schema:`"),
        ("version: 1", "a spec has no version"),
        ("notify: {on_failure: {slack: {channel: x}}}", "stands under `notify:`"),
        ("env: {A: b}", "it is a key of `personas.NAME`"),
        ("notify: {success: {slack: {channel: x}}}", "write one of gate-passed, gate-failed,"),
    ],
)
def test_a_key_that_other_tools_have_is_told_what_stands_for_it_here(tmp_path: Path, written: str, says: str) -> None:
    [told] = added(tmp_path, written)
    assert told.rule == "unknown-key"
    assert says in f"{told.reason} {told.remedy}"


def test_what_a_program_is_called_elsewhere_is_told_in_a_binding(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("workflow: w\nmission: m\nworkspace: {git: r}\nfeatures: {f: x}\npersonas: {default: {shell: make}}\n")
    with pytest.raises(SpecError, match=r"nothing is called 'shell' here\. Write `command:`"):
        read_spec(file)


def test_what_is_told_instead_can_be_written() -> None:
    """Every key and every example named there is one of a spec's."""
    said = {*elsewhere._ANYWHERE.values(), *elsewhere._WORKFLOW.values(), *elsewhere._BINDING.values(), *elsewhere._PARAM.values()}
    keys = {key for text in said for key in re.findall(r"`(\w+):`", text)}
    places = ((), ("personas", "x"), ("params", "x"), ("catalogue", "x"))
    assert keys <= {key for place in places for key in keys_at(Workflow, place)}
    for example in {found for text in said for found in re.findall(r"`((?:schedule|notify): \{.*?\})`", text)}:
        Workflow.model_validate({"workflow": "w", "mission": "m", **yaml.safe_load(example)})


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ('schedule: {preset: daily, start: "2026-11-23"}', "Write it like 2026-11-23, without quotes."),
        ("schedule: {preset: daily, start: 2026-13-45}", "Correct it, or put it in quotes, if a text is meant."),
        ("pattern: standard\nkeys: {devops: {public: [ABC]}}", "Write it as a mapping: {key: ABC}."),
        ("checks: {unit: {run: make, outside: /srv}}", "Write it in brackets, even if it is one alone: [/srv]."),
        ("phases: {validation: {gate: no}}", "Write its keys below it, each with a colon and a value."),
    ],
)
def test_a_remedy_fits_what_was_written(tmp_path: Path, written: str, remedy: str) -> None:
    assert [told.remedy for told in added(tmp_path, written)] == [remedy]


def test_a_repository_alone_is_told_where_it_belongs(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("workflow: w\nmission: m\nworkspace: orders_repo\nfeatures: {f: x}\npersonas: {default: {external: true}}\n")
    with pytest.raises(SpecError, match=r"Write it as a mapping: \{git: orders_repo\}\."):
        read_spec(file)
