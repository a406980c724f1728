"""Reports of scanners in shapes that hide something, and in shapes that only look as if they did."""

from __future__ import annotations

import json

import pytest
from support.contents import osv

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.vulnerabilities import VulnerabilitiesExpect, VulnerabilitiesKind

ADVISORY = {"id": "PYSEC-2023-1", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]}
FIXED = {"package": {"name": "attrs"}, "ranges": [{"events": [{"fixed": "26.1"}]}]}
PACKAGES = [{"Name": "attrs", "Version": "25.1.0"}, {"Name": "idna", "Version": "3.10"}]
CLEAN = {"SchemaVersion": 2, "Results": [{"Target": "requirements.txt", "Packages": PACKAGES, "Vulnerabilities": []}]}
FOUND = {"VulnerabilityID": "CVE-1", "PkgName": "attrs", "InstalledVersion": "1", "Severity": "CRITICAL"}
TRIVY = {"SchemaVersion": 2, "Results": [{"Target": "requirements.txt", "Packages": PACKAGES, "Vulnerabilities": [FOUND]}]}


def examined(report, **expect):
    data = json.dumps(report).encode()
    return VulnerabilitiesKind().examine(Material("vulnerabilities.json", data), VulnerabilitiesExpect.model_validate(expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def test_a_vector_that_is_not_read_is_what_the_scanner_says_it_comes_to():
    report = osv({**ADVISORY, "severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:L"}], "affected": [FIXED]})
    report["results"][0]["packages"][0]["groups"] = [{"ids": ["PYSEC-2023-1"], "max_severity": "2.1"}]
    assert examined(report, max_severity="low").faults == ()


@pytest.mark.parametrize("group", [{"ids": ["GHSA-1"], "max_severity": "9.8"}, {"max_severity": "9.8"}, {"ids": []}])
@pytest.mark.parametrize("vulnerabilities", [[], [ADVISORY]])
def test_a_group_of_what_is_not_told_is_refused(group, vulnerabilities):
    report = osv(*vulnerabilities)
    report["results"][0]["packages"][0]["groups"] = [group]
    (fault,) = examined(report, max_severity="high").faults
    assert (fault.rule, "none of its vulnerabilities" in fault.text) == ("evidence-malformed", True)


def test_a_package_that_git_knows_by_its_commit():
    report = osv()
    report["results"][0]["packages"].append({"package": {"name": "", "version": "", "ecosystem": "", "commit": "ab" * 20}})
    found = examined(report)
    assert (found.faults, found.facts["packages"]) == ((), ("attrs 25.1.0", f"git {'ab' * 20}"))


def test_a_report_of_two_shapes_hides_nothing():
    for more in ({"results": osv()["results"]}, {"dependencies": []}, {"RESULTS": []}, {"Dependencies": None}):
        (fault,) = examined({**TRIVY, **more}, max_severity="high").faults
        assert (fault.rule, "one would hide the other" in fault.text) == ("evidence-malformed", True)
    assert rules(examined({"SchemaVersion": 2, "RESULTS": []})) == ["evidence-malformed"]


@pytest.mark.parametrize("key", ["Packages", "Vulnerabilities"])
def test_a_key_that_differs_by_case_hides_nothing(key):
    results = [{**TRIVY["Results"][0], key.lower(): []}]
    assert rules(examined({"SchemaVersion": 2, "Results": results}, max_severity="high")) == ["evidence-malformed"]


@pytest.mark.parametrize(
    ("more", "name", "said"),
    [
        ({"Secrets": [{"RuleID": "aws-key", "Severity": "CRITICAL"}]}, "aws-key", "src/a.py has aws-key (critical)"),
        ({"Secrets": [{"RuleID": "aws-key"}]}, "aws-key", "revoke it"),
        ({"Misconfigurations": [{"ID": "DS002", "Severity": "HIGH", "Status": "FAIL"}]}, "DS002", "(high)"),
        ({"ExperimentalModifiedFindings": [{"Type": "vulnerability", "Source": ".trivyignore", "Finding": FOUND}]}, "CVE-1", ".trivyignore"),
        ({"ExperimentalModifiedFindings": [{"Type": "secret", "Finding": {"RuleID": "aws-key"}}]}, "aws-key", "suppresses it"),
        ({"ExperimentalModifiedFindings": [{"Type": "misconfiguration", "Finding": {"ID": "DS002"}}]}, "DS002", "suppresses it"),
    ],
)  # fmt: skip
def test_whatever_trivy_found_counts_unless_the_plan_says_why_not(more, name, said):
    report = {**CLEAN, "Results": [*CLEAN["Results"], {"Target": "src/a.py", **more}]}
    found = examined(report, max_severity="medium", max_unfixed=0)
    assert [(fault.rule, fault.subject, said in fault.text) for fault in found.faults] == [("validation-failed", name, True)]
    assert found.facts["findings"] == (name,)
    assert examined(report, ignore=[{"id": name, "reason": "it is the key of a test"}]).faults == ()


def test_what_trivy_says_is_well_is_no_finding():
    more = {"Misconfigurations": [{"ID": "DS001", "Severity": "HIGH", "Status": "PASS"}], "Licenses": [{"Name": "MIT", "Severity": "LOW"}]}
    modified = [{"Type": "license", "Finding": {"Name": "GPL"}}]
    report = {**CLEAN, "Results": [*CLEAN["Results"], {"Target": "Dockerfile", **more, "ExperimentalModifiedFindings": modified}]}
    assert examined(report).faults == ()
    mild = {"Misconfigurations": [{"ID": "DS026", "Severity": "LOW", "Status": "FAIL"}]}
    assert examined({**CLEAN, "Results": [*CLEAN["Results"], mild]}, max_severity="low").faults == (), "it can be mended"


def test_a_package_without_a_version_is_the_product_itself_or_was_not_looked_up():
    root = {"Name": "github.com/o/app", "Relationship": "root"}
    report = {**CLEAN, "Results": [{"Target": "go.mod", "Packages": [root, {"Name": "x", "Version": "v1"}]}]}
    found = examined(report)
    assert (found.faults, found.facts["packages"]) == ((), ("x v1",))
    report["Results"][0]["Packages"][0] = {"Name": "github.com/o/lib"}
    assert rules(examined(report)) == ["evidence-missing"]
    assert examined(report, unscanned=[{"name": "github.com/o/lib", "reason": "a folder of this repository"}]).faults == ()


def test_one_advisory_told_very_many_times_is_as_bad_as_the_worst_score_of_it():
    groups = [{"ids": ["X"], "max_severity": "1.0"}] * 60_000
    package = {"package": {"name": "attrs", "version": "1"}, "groups": [*groups, {"ids": ["X"], "max_severity": "9.9"}]}
    found = examined({"results": [{"packages": [{**package, "vulnerabilities": [{"id": "X"}] * 60_000}]}]})
    assert rules(found) == ["validation-failed"] * 20
    assert all("(critical)" in fault.text for fault in found.faults)


def test_a_distribution_that_nobody_looks_after_any_more_was_not_looked_up():
    old = {**CLEAN, "Metadata": {"OS": {"Family": "debian", "Name": "8", "EOSL": True}}}
    (fault,) = examined(old).faults
    assert (fault.rule, fault.subject) == ("evidence-missing", "debian 8")
    assert examined(old, unscanned=[{"name": "debian 8", "reason": "it is replaced in December"}]).faults == ()
    assert examined({**CLEAN, "Metadata": {"OS": {"Family": "debian", "Name": "13"}}}).faults == ()


def test_one_package_in_other_letters_is_one():
    packages = [{"Name": name, "Version": "1"} for name in ("attrs", "Attrs", "attrs\u200b")]
    report = {"SchemaVersion": 2, "Results": [{"Target": "x", "Packages": packages}]}
    assert rules(examined(report, min_packages=2)) == ["evidence-missing"]


@pytest.mark.parametrize(("ignored", "faults"), [("DSA-1", []), ("CVE-1", []), ("DSA-2", ["validation-failed"])])
def test_what_a_distribution_calls_an_advisory_is_a_name_of_it(ignored, faults):
    found = {**FOUND, "VendorIDs": ["DSA-1", "DSA-1-2"]}
    report = {"SchemaVersion": 2, "Results": [{"Target": "debian", "Packages": PACKAGES, "Vulnerabilities": [found]}]}
    assert rules(examined(report, ignore=[{"id": ignored, "reason": "only on Windows"}])) == faults
