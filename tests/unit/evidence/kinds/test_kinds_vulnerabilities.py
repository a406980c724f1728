from __future__ import annotations

import copy
import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from support.contents import osv
from support.mutations import mutated

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.vulnerabilities import VulnerabilitiesExpect, VulnerabilitiesKind

LOW = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"  # 1.8
ADVISORY = {
    "id": "PYSEC-2023-1",
    "aliases": ["CVE-2023-1"],
    "severity": [{"type": "CVSS_V3", "score": LOW}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "attrs"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "26.1"}]}],
        }
    ],
}
PIP_AUDIT = {
    "dependencies": [
        {"name": "attrs", "version": "25.1.0", "vulns": [{"id": "PYSEC-2023-1", "fix_versions": ["26.1"], "aliases": ["CVE-2023-1"]}]},
        {"name": "idna", "version": "3.10", "vulns": []},
    ],
    "fixes": [],
}
TRIVY = {
    "SchemaVersion": 2,
    "Results": [
        {
            "Target": "requirements.txt",
            "Packages": [{"Name": "attrs", "Version": "25.1.0"}, {"Name": "idna", "Version": "3.10"}],
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-2023-1",
                    "PkgName": "attrs",
                    "InstalledVersion": "25.1.0",
                    "FixedVersion": "26.1, 25.1.1",
                    "Severity": "LOW",
                }
            ],
        }
    ],
}


def examined(report, **expect):
    data = json.dumps(report).encode()
    return VulnerabilitiesKind().examine(Material("vulnerabilities.json", data), VulnerabilitiesExpect.model_validate(expect))


def advisory(**changes):
    return {key: value for key, value in {**copy.deepcopy(ADVISORY), **changes}.items() if value is not None}


def rules(found):
    return [fault.rule for fault in found.faults]


def test_a_clean_scan_passes_and_says_what_it_saw():
    found = examined(osv())
    assert (found.faults, found.facts) == ((), {"findings": (), "packages": ("attrs 25.1.0",)})


@pytest.mark.parametrize(
    "report",
    [
        {"results": []}, {"results": None}, {"results": [{"source": {}, "packages": []}]}, {"dependencies": []}, {"Results": []}, {"SchemaVersion": 2},
        {"Results": [{"Target": "x", "Vulnerabilities": []}]}, {"SchemaVersion": 2, "Results": None},
    ],
)  # fmt: skip
def test_a_scan_of_nothing_is_no_data(report):
    assert rules(examined(report)) == ["evidence-missing"]


@pytest.mark.parametrize(
    "report", [{}, [], None, {"vulnerabilities": []}, {"scanned": ["x"], "vulnerabilities": []}, {"results": {}}, {"dependencies": ["x"]}]
)
def test_what_no_scanner_wrote_is_refused(report):
    assert rules(examined(report)) == ["evidence-malformed"]


@pytest.mark.parametrize("report", [osv(ADVISORY), PIP_AUDIT, TRIVY])
def test_a_vulnerability_of_any_severity_fails_unless_some_may_be(report):
    found = examined(report)
    assert rules(found) == ["validation-failed"]
    assert "attrs 25.1.0 has " in found.faults[0].text
    assert "26.1" in found.faults[0].text
    assert found.facts["findings"] in (("PYSEC-2023-1",), ("CVE-2023-1",))


@pytest.mark.parametrize(("report", "passes"), [(osv(ADVISORY), True), (TRIVY, True), (PIP_AUDIT, False)])
def test_up_to_the_severity_that_may_be_it_passes_and_unknown_is_critical(report, passes):
    assert (not examined(report, max_severity="low").faults) == passes
    if not passes:
        assert "(critical)" in examined(report, max_severity="high").faults[0].text


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}, "critical"),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N"}]}, "medium"),
        ({"severity": None, "database_specific": {"severity": "MODERATE"}}, "medium"),
        ({"database_specific": {"severity": "HIGH"}}, "high"),
        ({"severity": None, "database_specific": {"severity": "harmless"}}, "critical"),
        ({"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}]}, "critical"),
        ({"severity": None}, "critical"),
        ({"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}], "database_specific": {"severity": "LOW"}}, "critical"),
        ({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:C/I:C/A:C"}], "database_specific": {"severity": "LOW"}}, "critical"),
        ({"severity": [{"type": "CVSS_V3"}]}, "critical"),
        ({"severity": [{"type": "Ubuntu", "score": "medium"}]}, "medium"),
    ],
)
def test_the_worst_severity_that_anybody_states_counts(changes, severity):
    assert f"({severity})" in examined(osv(advisory(**changes)), max_severity="low").faults[0].text


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        ("9.8", "critical"),
        ("5.0", "medium"),
        ("nan", "critical"),
        ("-5", "critical"),
        (True, "critical"),
        ("10.1", "critical"),
        ("", None),
        (None, None),
    ],
)
def test_the_scanners_own_score_may_only_raise_it(score, severity):
    report = osv(ADVISORY)
    report["results"][0]["packages"][0]["groups"] = [{"ids": ["PYSEC-2023-1"], "max_severity": score}]
    faults = examined(report, max_severity="low").faults
    assert (f"({severity})" in faults[0].text) if severity else (faults == ())


def test_what_nobody_has_fixed_fails_even_where_its_severity_may_be():
    unfixed = osv(advisory(affected=None))
    assert "no fixed version is known" in examined(unfixed, max_severity="high").faults[0].text
    assert examined(unfixed, max_severity="high", max_unfixed=1).faults == ()
    assert rules(examined(unfixed, max_unfixed=1)) == ["validation-failed"], "none may be at all"


def test_a_fix_of_another_package_is_none():
    other = copy.deepcopy(ADVISORY["affected"])
    other[0]["package"]["name"] = "other"
    assert "no fixed version" in examined(osv(advisory(affected=other)), max_severity="low").faults[0].text


@pytest.mark.parametrize("name", ["PYSEC-2023-1", "CVE-2023-1"])
def test_what_is_ignored_with_a_reason_does_not_count_and_is_still_to_be_answered(name):
    found = examined(osv(ADVISORY), ignore=[{"id": name, "reason": "the function is never called here"}])
    assert (found.faults, found.facts["findings"]) == ((), ("PYSEC-2023-1",))


@pytest.mark.parametrize(
    "ignored", [{"id": "CVE-2023-1"}, {"id": "CVE-2023-1", "reason": " " * 20}, {"id": "CVE-2023-1", "reason": "no"}, "CVE-2023-1"]
)
def test_nothing_is_ignored_without_a_reason(ignored):
    with pytest.raises(ValidationError):
        VulnerabilitiesExpect.model_validate({"ignore": [ignored]})


def test_a_package_that_could_not_be_looked_up_is_told():
    report = {"dependencies": [PIP_AUDIT["dependencies"][1], {"name": "house", "skip_reason": "not on the index"}]}
    found = examined(report)
    assert rules(found) == ["evidence-missing"]
    assert "house was not looked up (not on the index)" in found.faults[0].text
    assert examined(report, unscanned=[{"name": "House", "reason": "it is the project itself"}]).faults == ()
    assert rules(examined(report, unscanned=[{"name": "home", "reason": "it is the project itself"}])) == ["evidence-missing"]


def test_one_package_twice_is_one():
    report = osv()
    report["results"] *= 2
    assert rules(examined(report, min_packages=2)) == ["evidence-missing"]


def test_critical_may_never_be():
    with pytest.raises(ValidationError):
        VulnerabilitiesExpect.model_validate({"max_severity": "critical"})


@pytest.mark.parametrize("whole", [osv(ADVISORY), PIP_AUDIT, TRIVY])
def test_no_shape_makes_it_raise_and_none_of_it_hides_what_was_found(whole):
    for where, report in mutated(whole):
        found = examined(report)
        assert all(fault.text.startswith("vulnerabilities.json: ") for fault in found.faults), where


WORK = Work(datetime(2026, 11, 23, 6, 0, tzinfo=UTC), datetime(2026, 11, 23, 6, 30, tzinfo=UTC))
CLEAN = {**TRIVY, "ArtifactName": "registry/orders:1", "Results": [{**TRIVY["Results"][0], "Vulnerabilities": []}]}


def asked(report, work=WORK, **expect):
    data = json.dumps(report).encode()
    found = VulnerabilitiesKind().examine(Material("v.json", data, work=work), VulnerabilitiesExpect.model_validate(expect))
    return [fault.rule for fault in found.faults]


@pytest.mark.parametrize(
    ("more", "days", "fits"),
    [
        ({"VulnerabilityDB": {"UpdatedAt": "2026-11-20T06:00:00.123456789Z"}}, 3, True),
        ({"Metadata": {"VulnerabilityDB": {"UpdatedAt": "2026-11-20T06:00:00Z"}}}, 3, True),
        ({"database": {"updated": "2026-11-22"}}, 1, True),
        ({"VulnerabilityDB": {"UpdatedAt": "2026-11-10T06:00:00Z"}}, 7, False),
        ({"VulnerabilityDB": {"UpdatedAt": "2027-11-10T06:00:00Z"}}, 7, False),
        ({"VulnerabilityDB": {"UpdatedAt": "new"}}, 7, False),
        ({"VulnerabilityDB": []}, 7, False),
        ({}, 7, False),
    ],
)
def test_a_database_that_is_too_old(more, days, fits):
    assert asked({**CLEAN, **more}, max_database_days=days) == ([] if fits else ["report-stale"])
    assert asked({**CLEAN, **more}) == []
    assert asked({**CLEAN, **more}, work=None, max_database_days=days) == ["report-stale"]


def test_a_scan_of_something_else():
    assert asked(CLEAN, targets=["requirements.txt", "orders:1"]) == []
    assert asked(CLEAN, targets=["uv.lock"]) == ["report-foreign"]
    assert asked(osv(), targets=["requirements.lock"]) == []
    assert asked(osv(), targets=["ments.lock"]) == ["report-foreign"]


def test_a_scan_of_another_time():
    assert asked({**CLEAN, "CreatedAt": "2026-11-23T06:10:00.5Z"}, fresh=True) == []
    assert asked({**CLEAN, "CreatedAt": "2026-11-21T06:10:00.5Z"}, fresh=True) == ["report-stale"]
    assert asked(CLEAN, fresh=True) == ["report-stale"]


def test_no_change_makes_it_raise_whatever_is_asked():
    for _, document in mutated({**CLEAN, "CreatedAt": "2026-11-23T06:10:00Z", "VulnerabilityDB": {"UpdatedAt": "2026-11-20T06:00:00Z"}}):
        asked(document, fresh=True, max_database_days=3, targets=["x"])


@pytest.mark.parametrize("score", [10**400, "1e999", "NaN", [], {}])
def test_a_score_that_is_none_makes_nothing_less_severe(score):
    report = osv(advisory(severity=None))
    report["results"][0]["packages"][0]["groups"] = [{"ids": [ADVISORY["id"]], "max_severity": score}]
    assert rules(examined(report, max_severity="high")) == ["validation-failed"]
