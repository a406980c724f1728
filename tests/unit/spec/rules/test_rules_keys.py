"""What a spec says about keys can be kept, and a gate asks for no more than it can get."""

from __future__ import annotations

from typing import Any

import pytest

ONE = "MCowBQYDK2VwAyEA1wiMOA6zkIxKlcsnevTc51F0+PDxHrsB7fITDzqGoF4="
TWO = "MCowBQYDK2VwAyEAIOSf/rH0XgVUqXDfSPCkZABiNElgOz6fAiKqcZmiX+0="
WORKS = ("  default: {external: true}\n", "  default: {external: true}\n  devops: {command: work}\n")
ALONE = (WORKS[0], "  default: {external: true}\n  devops: {command: work, queue: vault}\n")


def pinned(name: str = "devops", *, more: str = "private: {conn: devops_key}", public: str = f"{{key: {ONE}}}") -> str:
    return f"keys:\n  {name}: {{public: [{public}], {more}}}\n"


@pytest.mark.parametrize("where", ["{conn: devops_key}", "{var: devops_key}", "{env: DEVOPS_KEY}"])
def test_a_pinned_key(author: Any, where: str) -> None:
    keys = author.sound(WORKS, more=pinned(more=f"private: {where}")).workflow.keys
    assert keys["devops"].assurance == "pinned"
    assert keys["devops"].public[0].key == ONE


def test_the_key_of_somebody_outside_is_with_them(author: Any) -> None:
    author.sound(more=f"keys: {{devops: {{public: [{{key: {ONE}}}]}}}}\n")


def test_an_isolated_key(author: Any) -> None:
    author.sound(ALONE, more=f"keys: {{devops: {{assurance: isolated, public: [{{key: {ONE}}}]}}}}\n")


@pytest.mark.parametrize("key", ["", "nonsense", ONE[:-4], f"{ONE[:-2]}1=", "MCowBQYDK2VuAyEA1wiMOA6zkIxKlcsnevTc51F0+PDxHrsB7fITDzqGoF4="])
def test_what_is_no_key(author: Any, key: str) -> None:
    told = author.told(WORKS, more=pinned(public=f"{{key: '{key}'}}"))
    assert len(told) == 1


@pytest.mark.parametrize("days", ["since: 2026-11-02, until: 2026-11-01", "since: yesterday", "revoked: true"])
def test_days_that_are_none(author: Any, days: str) -> None:
    assert len(author.told(WORKS, more=pinned(public=f"{{key: {ONE}, {days}}}"))) == 1


@pytest.mark.parametrize("where", ["{}", "{conn: a, var: b}"])
def test_a_private_key_is_in_one_place(author: Any, where: str) -> None:
    assert "exactly one place" in author.told(WORKS, more=pinned(more=f"private: {where}"))[0].reason


def test_keys_for_nobody(author: Any) -> None:
    told = author.only("key-unused", WORKS, more=f"keys:\n  ¦devop: {{public: [{{key: {ONE}}}]}}\n")
    assert told.reason == "No task is done by devop. Did you mean 'devops'?"


def test_one_key_for_two(author: Any) -> None:
    more = pinned() + f"  architect:\n    public: [¦{{key: {ONE}}}]\n    private: {{var: key}}\n"
    assert "@devops has this key already" in author.only("key-shared", WORKS, more=more).reason


def test_one_key_twice(author: Any) -> None:
    author.only("key-shared", WORKS, more=pinned(public=f"{{key: {ONE}}}, ¦{{key: {ONE}}}"))


def test_nothing_but_revoked_keys(author: Any) -> None:
    more = f"keys:\n  devops:\n    private: {{conn: k}}\n    ¦public: [{{key: {ONE}, revoked: 2026-01-01}}, {{key: {TWO}, revoked: 2026-01-01}}]\n"
    author.only("key-revoked", WORKS, more=more)


def test_a_private_key_that_is_nowhere(author: Any) -> None:
    author.only("key-misplaced", WORKS, more=f"keys:\n  ¦devops: {{public: [{{key: {ONE}}}]}}\n")


@pytest.mark.parametrize("where", ["{conn: devops_key}", "{var: devops_key}"])
def test_a_connection_isolates_nothing(author: Any, where: str) -> None:
    more = f"keys:\n  devops:\n    assurance: isolated\n    ¦private: {where}\n    public: [{{key: {ONE}}}]\n"
    assert "Every task can read" in author.only("key-misplaced", ALONE, more=more).reason


@pytest.mark.parametrize("others", ["{external: true}", "{command: all, queue: vault}"])
def test_a_place_that_others_have_too_isolates_nothing(author: Any, others: str) -> None:
    own = "{command: work}" if "external" in others else "{command: work, queue: vault}"
    binding = (WORKS[0], f"  default: {others}\n  ¦devops: {own}\n")
    more = f"keys: {{devops: {{assurance: isolated, public: [{{key: {ONE}}}]}}}}\n"
    found = [told for told in author.told((binding[0], binding[1].replace("¦", "")), more=more) if told.rule == "key-misplaced"]
    assert len(found) == 1
    assert "works where others work too" in found[0].reason


def test_a_gate_that_asks_for_more_than_there_is(author: Any) -> None:
    keys = f"keys: {{architect: {{public: [{{key: {ONE}}}]}}}}\n"
    more = keys + "phases:\n  foundation:\n    gate:\n      min_assurance: pinned\n"
    told = [item for item in author.told(more=more) if item.rule == "assurance-too-low"]
    assert {item.reason for item in told} == {
        f"The gate asks for pinned keys, and @{name} has local ones." for name in ("ux-designer", "product-manager")
    }
    assert all("phasegate keys make" in item.remedy for item in told)


def test_pinned_is_not_isolated(author: Any) -> None:
    more = f"keys: {{architect: {{public: [{{key: {ONE}}}]}}}}\nphases: {{foundation: {{gate: {{min_assurance: isolated}}}}}}\n"
    assert "@architect has pinned ones" in " ".join(item.reason for item in author.told(more=more))
