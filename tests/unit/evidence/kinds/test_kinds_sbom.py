from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mutations import mutated

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.sbom import SbomExpect, SbomKind

BEGAN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WORK = Work(BEGAN, BEGAN + timedelta(minutes=30))
GOOD = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    "version": 1,
    "metadata": {
        "timestamp": "2026-11-23T06:10:00Z",
        "component": {"type": "application", "name": "orders", "version": "1.0", "bom-ref": "root"},
    },
    "components": [
        {"type": "library", "name": "attrs", "version": "25.1.0", "purl": "pkg:pypi/attrs@25.1.0", "bom-ref": "a"},
        {"type": "library", "group": "@angular", "name": "core", "version": "1.2", "purl": "pkg:npm/%40angular/core@1.2", "bom-ref": "b"},
        {
            "type": "framework",
            "name": "typing_extensions",
            "version": "4",
            "purl": "pkg:pypi/typing-extensions@4",
            "bom-ref": "c",
            "components": [{"type": "library", "name": "github.com/a/B", "version": "v1", "purl": "pkg:golang/github.com/a/b@v1"}],
        },
        {"type": "library", "name": "acl", "version": "0:2.2-1", "purl": "pkg:rpm/redhat/acl@2.2-1?arch=x86_64&epoch=0#lib"},
        {"type": "file", "name": "/etc/os-release"},
    ],
    "services": [{"name": "db", "bom-ref": "s"}],
    "dependencies": [{"ref": "root", "dependsOn": ["a", "b", "s"]}, {"ref": "a"}],
}


def examined(bill, work=WORK, **expect):
    data = bill if isinstance(bill, bytes) else json.dumps(bill).encode()
    return SbomKind().examine(Material("sbom.json", data, work=work), SbomExpect.model_validate(expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def changed(**changes):
    return {key: value for key, value in {**copy.deepcopy(GOOD), **changes}.items() if value is not None}


def test_a_good_bill():
    found = examined(GOOD, target="orders", min_components=6, components=["attrs", "core"], serial=True, fresh=True)
    assert found.faults == ()
    assert found.facts["components"][0] == "attrs 25.1.0"
    assert "@angular/core 1.2" in found.facts["components"]
    assert len(found.facts["purls"]) == 5
    assert found.facts["target"] == ("orders",)


def test_a_bill_without_serial_and_target_is_good_where_none_is_asked_for():
    assert examined(changed(serialNumber=None, metadata=None, dependencies=None, version=None)).faults == ()


@pytest.mark.parametrize("components", [None, [], [{"type": "application", "name": "orders", "version": "1.0"}]])
def test_a_bill_of_nothing_is_no_bill(components):
    assert rules(examined(changed(components=components, dependencies=None))) == ["evidence-missing"]


def test_what_is_listed_twice_is_counted_once():
    bill = changed(components=[{**GOOD["components"][0], "bom-ref": f"x{number}"} for number in range(100)], dependencies=None)
    assert rules(examined(bill, min_components=2)) == ["evidence-missing"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"serialNumber": "urn:uuid:1"}, "serialNumber"),
        ({"serialNumber": 5}, "serialNumber"),
        ({"version": 0}, "version"),
        ({"version": True}, "version"),
        ({"version": 1.0}, "version"),
        ({"dependencies": [{"ref": "nowhere"}]}, "nowhere"),
        ({"dependencies": [{"ref": "a", "dependsOn": ["gone"]}]}, "gone"),
        ({"bomFormat": "SPDX"}, "CycloneDX"),
        ({"specVersion": "2.0"}, "1.2 to 1.7"),
        ({"specVersion": 1.6}, "1.2 to 1.7"),
        ({"components": {}}, "components"),
        ({"components": ["attrs"]}, "components[0]"),
        ({"components": [{"type": "library", "name": " "}]}, "components[0].name"),
        ({"metadata": []}, "metadata"),
    ],
)
def test_what_is_malformed(change, says):
    found = examined(changed(**change))
    assert set(rules(found)) == {"evidence-malformed"}
    assert says in found.faults[0].text


@pytest.mark.parametrize(
    "change",
    [
        {"purl": "pkg:pypi/other@25.1.0"},
        {"purl": "pkg:pypi/attrs@24.0"},
        {"purl": "attrs"},
        {"purl": "pkg:pypi/"},
        {"purl": 7},
        {"purl": "pkg:pypi/" + "a" * 3000},
        {"type": "lib"},
        {"type": None},
        {"bom-ref": "b"},
        {"bom-ref": ""},
        {"version": 25},
    ],
)
def test_a_component_that_contradicts_itself(change):
    bill = copy.deepcopy(GOOD)
    bill["components"][0].update(change)
    found = examined(bill)
    assert "evidence-malformed" in rules(found)


@pytest.mark.parametrize(
    "change", [{"purl": None}, {"version": None, "purl": "pkg:pypi/attrs"}, {"version": " ", "purl": "pkg:pypi/attrs?at=@1"}]
)
def test_a_library_that_nobody_can_look_up(change):
    bill = copy.deepcopy(GOOD)
    bill["components"][0] = {key: value for key, value in {**bill["components"][0], **change}.items() if value is not None}
    assert "lack a version or a purl" in examined(bill).faults[0].text
    assert examined(bill, max_unidentified=1).faults == ()


@pytest.mark.parametrize("change", [{"version": None}, {"purl": "pkg:pypi/attrs"}])
def test_a_version_that_the_purl_alone_has_or_has_not_will_do(change):
    bill = copy.deepcopy(GOOD)
    bill["components"][0] = {key: value for key, value in {**bill["components"][0], **change}.items() if value is not None}
    assert examined(bill).faults == ()


def test_a_bill_may_refer_to_what_another_one_lists():
    linked = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#x"
    assert examined(changed(dependencies=[{"ref": "a", "dependsOn": [linked]}, {"ref": linked}])).faults == ()


def test_the_bill_of_something_else():
    assert rules(examined(GOOD, target="payments")) == ["report-foreign"]
    assert rules(examined(changed(metadata=None, dependencies=None), target="orders")) == ["report-foreign"]
    assert rules(examined(GOOD, components=["numpy"])) == ["evidence-missing"]
    assert rules(examined(changed(serialNumber=None), serial=True)) == ["evidence-malformed"]


def test_an_old_bill():
    bill = copy.deepcopy(GOOD)
    bill["metadata"]["timestamp"] = "2026-11-22T06:10:00Z"
    assert rules(examined(bill, fresh=True)) == ["report-stale"]
    assert examined(bill).faults == ()
    assert rules(examined(GOOD, work=None, fresh=True)) == ["report-stale"]


def test_deep_nesting_is_refused():
    component = {"type": "file", "name": "x"}
    for _ in range(100):
        component = {"type": "file", "name": "x", "components": [component]}
    assert rules(examined(changed(components=[component]))) == ["evidence-malformed"]


def test_no_change_makes_it_raise():
    for _, document in mutated(GOOD):
        examined(document, target="orders")
    assert examined(b'{"bomFormat": "CycloneDX", "bomFormat": "CycloneDX"}').faults


KEYS = st.sampled_from(["type", "name", "version", "purl", "components", "bom-ref"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["library", "pkg:pypi/a@1", "a", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_no_components_make_it_raise(components):
    examined(changed(components=components))


def test_one_component_under_many_names_is_one_and_what_is_excluded_is_none():
    one = {"type": "library", "name": "attrs", "version": "1", "purl": "pkg:pypi/attrs@1"}
    named = [one, {**one, "name": "Attrs"}, {**one, "group": "x"}, {**one, "purl": "pkg:pypi/attrs@1?x=1"}]
    bare = [{"type": "file", "name": name} for name in ("a", "a\u200b", "A")]
    left_out = [{"type": "library", "name": f"b{number}", "version": "1", "scope": "excluded"} for number in range(9)]
    bill = changed(components=[*named, *bare, *left_out], dependencies=None)
    assert rules(examined(bill, min_components=3, max_unidentified=9)) == ["evidence-missing"]
    assert rules(examined(bill, min_components=2, max_unidentified=9)) == []
