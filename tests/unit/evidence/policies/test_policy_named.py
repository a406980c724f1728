"""Which ids a text names, and which it answers: by tests of their own, by entries, by sentences."""

from __future__ import annotations

import time

import pytest

from dag_factory.evidence.policies import named as policy
from dag_factory.evidence.policies.named import places, said_of, token, told_apart, whole, with_own


def named(asked, *texts):
    return {name for name, numbers in places(asked, texts)[0].items() if numbers}


def own(asked, *tests):
    return with_own(told_apart(asked, tests))


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        (["MissingColumn"], "test_missing_column_is_refused", True),
        (["MissingColumn"], "test_missingcolumn_is_refused", True),
        (["MissingColumn"], "refusesMissingColumn", True),
        (["missing-column"], "testMissingColumnIsRefused", True),
        (["missingcolumn"], "MissingColumn", True),
        (["ParseError::MissingColumn"], "test_parse_error_missing_column", True),
        (["409 Conflict"], "test_409_conflict", True),
        (["MissingColumn"], "test_missing_columns", False),
        (["OPT-1"], "OPT1", False),
    ],
)
def test_a_name_counts_however_it_is_spelled_out(asked, text, found):
    assert named(asked, text) == (set(asked) if found else set())


@pytest.mark.parametrize("asked", [["P-1", "P-1.1"], ["P-1.1", "P-1"]])
def test_a_longer_id_does_not_stand_for_the_one_that_it_begins_with(asked):
    assert named(asked, "P-1.1 is done") == {"P-1.1"}
    assert named(asked, "P-1.1 is done", "and P-1 is") == {"P-1", "P-1.1"}


def test_of_ids_that_are_spelled_alike_each_counts_as_it_is_written():
    assert named(["p-1", "p.1"], "p-1 is done") == {"p-1"}
    assert named(["p-1", "p.1"], "p-1 is done, and so is p.1") == {"p-1", "p.1"}


def test_of_very_many_texts_that_name_an_id_no_more_are_told_than_are_asked_for():
    assert places(["A", "B"], ["a", "b", "a", "a"])[0] == {"A": {0, 2, 3}, "B": {1}}
    assert places(["A", "B"], ["a", "b", "a", "a"], most=2)[0] == {"A": {0, 2}, "B": {1}}


def test_what_is_left_is_without_the_ids():
    assert places(["OPT-1", "A"], ["OPT-1 is done"])[1] == ["_#####_is_done_"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["a-1", "a-2"], {"a-1", "a-2"}),
        (["A_1", " a-2 "], {"a-1", "a-2"}),
        (["a-1, a-2"], set()),
        (["a-1 a-2", "a-2"], {"a-2"}),
        (["the story a-1"], set()),
        ([], set()),
    ],
)
def test_an_entry_is_the_id_from_its_first_sign_to_its_last(values, found):
    assert whole(["a-1", "a-2"], values) == found


def test_of_entries_that_are_spelled_alike_each_counts_as_it_is_written():
    assert whole(["p-1", "p.1", "—"], ["p-1", "—"]) == {"p-1", "—"}
    assert whole(["p-1", "p.1"], ["P 1"]) == set()
    assert whole(["—"], ["!"]) == set()


ERRORS = ["MissingColumn", "BadDate", "BadAmount"]


@pytest.mark.parametrize(
    ("tests", "how_many"),
    [
        (["t::test_missing_column", "t::test_bad_date", "t::test_bad_amount"], 3),
        (["t::test_missing_column_bad_date_bad_amount"], 1),
        (["t::test_missing_column_bad_date_bad_amount", "t::test_bad_date"], 2),
        (["t::test_missing_column_bad_date", "t::test_bad_date_bad_amount", "t::test_bad_amount_missing_column"], 3),
        (["t::test_missing_column_bad_date", "t::test_missing_column", "t::test_bad_date"], 2),
        (["t::test_it[MissingColumn]", "t::test_it[BadDate]", "t::test_it[BadAmount]"], 3),
        (["tests.TestMissingColumn::test_a", "tests.BadDateTest::refused", "tests.bad_amount::test_c"], 3),
        (["tests.test_missing_column_bad_date_bad_amount::test_a", "tests.test_missing_column_bad_date_bad_amount::test_b"], 0),
        (["tests.TestMissingColumn::test_bad_date", "tests.TestMissingColumn::test_missing"], 2),
        (["tests.TestMissingColumn::test_bad_date", "tests.TestElse::test_it"], 1),
        ([*(f"tests.TestMissingColumn_{number}::test_a" for number in range(4)), "tests.TestMissingColumnBadDate::test_a"], 1),
        (["crate::errors::bad_date::is_told"], 1),
        (["test_bad_date"], 1),
        ([], 0),
    ],
)
def test_every_error_has_a_test_of_its_own(tests, how_many):
    assert len(own(ERRORS, *tests)) == how_many


def test_tests_are_dealt_out_so_that_as_many_as_possible_have_one():
    asked = [f"E-{number}" for number in range(1500)]
    tests = [f"t::test_e_{number}_e_{(number + 1) % 1500}" for number in range(1500)]
    assert own(asked, *tests) == set(asked)
    assert len(own(asked, *tests[1:])) == 1499


def test_very_many_take_no_longer_than_they_must():
    asked = [f"E-{number}" for number in range(400)]
    began = time.monotonic()
    assert own(asked, *("t::" + "_".join(f"e_{number}" for number in range(400)) + f"_{test}" for test in range(400))) == set(asked)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("OPT-1 AUDIT-1", set()),
        ("# A-2\nWe look at it\n\nOPT-1, AUDIT-1\n", set()),
        ("OPT-1: we batch the inserts\n\nAUDIT-1\n\n# More\nIt is so.\n", {"OPT-1"}),
        ("## OPT-1\nWe batch the inserts.\n\n**AUDIT-1**\n\nIt is settled.\n", {"OPT-1", "AUDIT-1"}),
        ("All of these are settled:\nOPT-1\nAUDIT-1\n", {"OPT-1", "AUDIT-1"}),
        ("OPT-1 と AUDIT-1 は解決済み", {"OPT-1", "AUDIT-1"}),
        ("OPT-1\n\nAUDIT-1\n\nIt is settled.", {"AUDIT-1"}),
        ("OPT-1: we batch the inserts\n\nAUDIT-1\n\n\n# More\nIt is so.\n", {"OPT-1"}),
        ("OPT-1 done\n\n# More about it\n\nAUDIT-1 is settled.", {"AUDIT-1"}),
        ("OPT-1 is settled.\n\nAUDIT-1 done", {"OPT-1"}),
        ("We did not look at OPT-1.\n\nNobody has considered AUDIT-1 yet.", set()),
        ("OPT-1\n\nWe didn't have the time to look into it.\n\nAUDIT-1: TODO, later", set()),
        ("We have read OPT-1, and we have considered it.\n\nAUDIT-1 was never so, and is not so yet.", {"OPT-1", "AUDIT-1"}),
        ("AUDIT-1 is settled.\n\nWe have read OPT-1, and we have considered it.", {"OPT-1", "AUDIT-1"}),
        ("OPT-1 was looked at and is not open.\n\nWe did not look at AUDIT-1: a bundle is small.", {"OPT-1", "AUDIT-1"}),
        ("OPT-1 is not done.\n\nIt is settled: AUDIT-1", {"OPT-1", "AUDIT-1"}),
        ("OPT-1\n\n# Contents\n\n# OPT-1\n\n# More\n\nOPT-1 is settled.", {"OPT-1"}),
        ("", set()),
    ],
)
def test_a_sentence_says_something_beside_the_id(text, said):
    named, answered = said_of(["OPT-1", "AUDIT-1"], [text])
    assert named == {name for name in ("OPT-1", "AUDIT-1") if name in text}
    assert answered == said


def test_a_name_without_a_letter_is_nowhere():
    assert token("—") == ""
    assert named(["—"], "— —") == set()


def test_very_many_ids_are_looked_for_where_their_words_stand():
    asked = [f"E-{number}" for number in range(40_000)]
    found, left = places(asked, [f"test_e_{number}" for number in range(40_000)])
    assert found == {name: {number} for number, name in enumerate(asked)}
    assert left[0] == "_test_###_"


def test_where_there_is_too_much_to_look_at_nothing_is_named(monkeypatch):
    asked, tests = [f"E-{number}" for number in range(9)], [f"Orders::test_e_{number}" for number in range(9)]
    assert own(asked, *tests) == set(asked)
    monkeypatch.setattr(policy, "_MOST", 1_000)
    assert own(asked, *tests) == set()
    assert said_of(asked, ["E-1 is settled now.\n\nE-2 too, we are told."]) == (set(), set())
    found, left = places(asked, tests)
    assert set().union(*found.values()) == set()
    assert left[0] == "_orders_test_###_", "what was seen until then is still taken out"


def test_of_no_text_nothing_is_named_and_nothing_is_left():
    assert places(["E-1"], []) == ({"E-1": set()}, [""])


def test_what_is_dealt_out_among_too_many_is_not_dealt_out_to_all():
    found = {f"e{number}": set(range(1, 3_000)) for number in range(6_000)} | {"last": {0}}
    given = with_own(found)
    assert 2_999 <= len(given) <= 3_000
    assert "last" not in given
