from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.stories import StoriesExpect, StoriesKind

STORY = {
    "id": "ING-1",
    "feature": "ingest",
    "story": "As an analyst I load a partner file.",
    "acceptance": [{"id": "ING-1.1", "text": "Rows are stored."}, {"id": "ING-1.2", "text": "Bad rows are told."}],
    "golden_path": ["Put a file into the inbox.", "See its rows."],
}
OTHER = {**STORY, "id": "MART_1", "feature": "daily_mart", "acceptance": [{"id": "MART_1-a", "text": "It is built."}]}


def examine(document):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return StoriesKind().examine(Material("stories.json", data), StoriesExpect())


def changed(**changes):
    story = copy.deepcopy(STORY)
    for key, value in changes.items():
        if value is ...:
            del story[key]
        else:
            story[key] = value
    return {"stories": [story]}


def test_whole_stories():
    found = examine({"stories": [STORY, OTHER]})
    assert found.faults == ()
    assert found.facts == {
        "stories": ("ING-1", "MART_1"),
        "acceptance": ("ING-1.1", "ING-1.2", "MART_1-a"),
        "stories@ingest": ("ING-1",),
        "acceptance@ingest": ("ING-1.1", "ING-1.2"),
        "stories@daily_mart": ("MART_1",),
        "acceptance@daily_mart": ("MART_1-a",),
    }


def test_an_act_may_be_a_line_of_signs_among_others():
    assert examine(changed(golden_path=["$ orders report", "> | day | orders |", "> |---|---:|"])).faults == ()


def test_more_may_be_told_of_a_story():
    assert examine(changed(title="Load", priority=1)).faults == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"acceptance": ...}, "no acceptance criteria"),
        ({"acceptance": []}, "no acceptance criteria"),
        ({"acceptance": "it works"}, "no acceptance criteria"),
        ({"story": "."}, "has no text"),
        ({"story": "\u200b\u3164"}, "has no text"),
        ({"acceptance": [{"id": "ING-1.1", "text": "-"}]}, "has no text"),
        ({"golden_path": ["\u200b"]}, "no golden path"),
        ({"golden_path": ["Start it.", "\u00a0"]}, "no golden path"),
        ({"golden_path": ["|---|"]}, "no golden path"),
        ({"acceptance": ["it works"]}, "no id"),
        ({"acceptance": [{"text": "it works"}]}, "no id"),
        ({"acceptance": [{"id": "A"}]}, "no text"),
        ({"acceptance": [{"id": "A", "text": "TODO"}]}, "no text"),
        ({"golden_path": ...}, "no golden path"),
        ({"golden_path": []}, "no golden path"),
        ({"golden_path": ["", "x"]}, "no golden path"),
        ({"golden_path": ["TBD"]}, "no golden path"),
        ({"golden_path": "walk"}, "no golden path"),
        ({"golden_path": [1]}, "no golden path"),
        ({"feature": ...}, "no feature"),
        ({"feature": ""}, "no feature"),
        ({"feature": 1}, "no feature"),
        ({"story": " "}, "no text"),
        ({"story": ...}, "no text"),
        ({"story": "lorem ipsum dolor"}, "no text"),
    ],
)
def test_what_a_story_lacks_is_told_with_its_id(changes, says):
    fault = examine(changed(**changes)).faults[0]
    assert "ING-1" in fault.text
    assert says in fault.text
    assert fault.subject == "ING-1"
    assert fault.rule == "evidence-malformed"


@pytest.mark.parametrize("number", [..., None, "", "a b", "ING-1\n", "ä", "a/b", 1, True, ["x"], "..\x00", "Ｉ"])
def test_an_id_is_an_id(number):
    found = examine(changed(id=number))
    (fault,) = found.faults
    assert "stories[0]" in fault.text
    assert "id" in fault.text
    assert found.facts["stories"] == ()


@pytest.mark.parametrize(
    "stories",
    [
        [STORY, {**OTHER, "id": "ING-1"}],
        [STORY, {**OTHER, "acceptance": STORY["acceptance"][:1]}],
        [{**STORY, "acceptance": [{"id": "A", "text": "it is so"}, {"id": "A", "text": "it is otherwise"}]}],
        [{**STORY, "acceptance": [{"id": "ING-1", "text": "it is so"}]}],
    ],
)
def test_an_id_stands_once(stories):
    (fault,) = examine({"stories": stories}).faults
    assert "stands twice" in fault.text


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (b"", "evidence-missing"),
        ({"stories": []}, "evidence-missing"),
        ({}, "evidence-malformed"),
        ([], "evidence-malformed"),
        ({"stories": {}}, "evidence-malformed"),
        ({"stories": ["x"]}, "evidence-malformed"),
        (b'{"stories": [], "stories": []}', "evidence-malformed"),
        (b"\xff", "evidence-malformed"),
        (b"[" * 100_000, "evidence-malformed"),
    ],
)
def test_what_is_no_list_of_stories(document, rule):
    assert [fault.rule for fault in examine(document).faults] == [rule]


def test_faults_are_not_told_without_end():
    assert len(examine({"stories": [{}] * 1000}).faults) == 20


def test_very_many_criteria_are_published_once_each():
    criteria = [{"id": f"ING-1.{number}", "text": "Rows are stored."} for number in range(60_000)]
    found = examine(changed(acceptance=[*criteria, criteria[0]]))
    assert found.facts["acceptance"] == found.facts["acceptance@ingest"] == tuple(one["id"] for one in criteria)
    assert [fault.subject for fault in found.faults] == ["ING-1.0"]


VALUES = st.recursive(
    st.none() | st.integers() | st.sampled_from(["A", "B", "", "TODO"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*STORY, "text", "stories"]), inner, max_size=5),
    max_leaves=12,
)


@given(VALUES | st.builds(lambda story: {"stories": [story]}, VALUES))
@settings(max_examples=150, deadline=None)
def test_no_document_makes_it_raise(document):
    found = examine(document)
    if not found.faults:
        assert found.facts["stories"]
        assert found.facts["acceptance"]
