"""What a log of SARIF says in more than one place: levels, suppressions, and errors of the tool itself."""

from __future__ import annotations

import json

import pytest
from support.contents import sarif
from support.mutations import mutated

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.sarif import SarifExpect, SarifKind

NOTE = {"id": "N1", "defaultConfiguration": {"level": "note"}}
ERROR = {"id": "B307", "defaultConfiguration": {"level": "error"}}
DRIVER = {"name": "audit", "rules": [NOTE, ERROR]}


def examined(result=None, tool=None, invocation=None, log=(), run=(), **expect):
    found = sarif(*([{"message": {"text": "eval"}, **result}] if result else ()))
    found["runs"][0] |= {
        "tool": tool or {"driver": DRIVER},
        "invocations": [{"executionSuccessful": True, **(invocation or {})}],
        **dict(run),
    }
    data = json.dumps({**found, **dict(log)}).encode()
    return SarifKind().examine(Material("audit.sarif", data), SarifExpect.model_validate(expect))


def rules(*args, **kwargs):
    return [fault.rule for fault in examined(*args, **kwargs).faults]


@pytest.mark.parametrize(
    ("result", "passes"),
    [
        ({"ruleId": "B307"}, False),
        ({"ruleId": "N1"}, True),
        ({"ruleId": "B307/1"}, False),
        ({"ruleId": "B307/1/eval", "ruleIndex": 1}, False),
        ({"ruleId": "N1/1"}, True),
        ({"ruleId": "N1/1", "ruleIndex": 0}, True),
        ({"ruleId": "B307", "ruleIndex": 0}, False),
        ({"ruleId": "N1", "ruleIndex": 1}, False),
        ({"ruleId": "B3071", "ruleIndex": 0}, True),
        ({"ruleId": "unknown/1"}, True),
    ],
)
def test_the_worse_counts_of_the_rules_a_result_may_be_about(result, passes):
    assert rules(result) == ([] if passes else ["validation-failed"])


@pytest.mark.parametrize("component", [{"name": "ext"}, {"guid": "11"}, {"index": 1}, {"index": 1, "name": "other"}])
def test_an_extension_is_found_by_its_index_its_guid_or_its_name(component):
    extensions = [{"name": "other", "rules": [NOTE]}, {"name": "ext", "guid": "11", "rules": [{**ERROR, "id": "E"}]}]
    tool = {"driver": {"name": "audit", "rules": [NOTE]}, "extensions": extensions}
    assert rules({"rule": {"id": "E", "index": 0, "toolComponent": component}}, tool) == ["validation-failed"]
    assert rules({"rule": {"index": 0, "toolComponent": component}}, tool) == ["validation-failed"]
    assert rules({"rule": {"index": 0, "toolComponent": {"name": "other"}}}, tool) == []


def override(level, **descriptor):
    return {"ruleConfigurationOverrides": [{"descriptor": descriptor, "configuration": {"level": level}}]}


@pytest.mark.parametrize("descriptor", [{"id": "N1"}, {"index": 0}, {"id": "N1", "index": 0}])
@pytest.mark.parametrize("provenance", [{}, {"provenance": {"invocationIndex": 0}}, {"provenance": {"invocationIndex": 7}}])
def test_a_rule_that_the_run_set_to_error_is_one(descriptor, provenance):
    assert rules({"ruleId": "N1", **provenance}, invocation=override("error", **descriptor)) == ["validation-failed"]
    assert rules({"ruleId": "N1", **provenance}, invocation=override("Error", **descriptor)) == ["evidence-malformed"]
    assert rules({"ruleId": "N1", **provenance, "level": "note"}, invocation=override("error", **descriptor)) == []


def test_a_rule_is_set_to_less_only_for_a_result_that_says_which_run_it_is_of():
    less = override("note", id="B307")
    assert rules({"ruleId": "B307", "provenance": {"invocationIndex": 0}}, invocation=less) == []
    assert rules({"ruleId": "B307"}, invocation=less) == ["validation-failed"]
    assert rules({"ruleId": "B307", "provenance": {"invocationIndex": 0}}, invocation=override("note", id="N1")) == ["validation-failed"]
    assert rules({"ruleId": "X/1"}, tool={"driver": {"name": "audit"}}, invocation=override("error", id="X")) == ["validation-failed"]


def test_one_rule_described_without_end_is_refused():
    assert rules({"ruleId": "N1"}, tool={"driver": {"name": "audit", "rules": [NOTE] * 100}}) == []
    assert rules({"ruleId": "N1"}, tool={"driver": {"name": "audit", "rules": [NOTE] * 101}}) == ["evidence-malformed"]


@pytest.mark.parametrize("kind", ["inSource", "InSource", None])
def test_a_comment_in_the_source_suppresses_nothing_unless_the_plan_lets_it(kind):
    result = {"ruleId": "B307", "suppressions": [{"kind": kind, "justification": "the text is a constant of ours"}]}
    found = examined(result)
    assert [(fault.rule, "suppressed_in_source" in fault.text) for fault in found.faults] == [("validation-failed", True)]
    assert rules(result, suppressed_in_source=True) == []
    assert rules({**result, "level": "note"}) == [], "it would not fail without the comment either"
    assert rules({**result, "suppressions": [{"kind": kind}]}, suppressed_in_source=True) == ["evidence-malformed", "validation-failed"]


@pytest.mark.parametrize("key", ["toolExecutionNotifications", "toolConfigurationNotifications"])
def test_what_a_tool_could_not_read_it_did_not_analyse(key):
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/a.py"}}}
    told = {"level": "error", "message": {"text": "syntax error while parsing AST from file"}, "locations": [place]}
    (fault,) = examined(invocation={key: [told]}).faults
    assert (fault.rule, "src/a.py: syntax error" in fault.text) == ("validation-failed", True)
    assert rules(invocation={key: [told]}, max_errors=1) == []
    assert rules(invocation={key: [told, told]}, max_errors=1) == ["validation-failed"]
    assert rules(invocation={key: [{**told, "level": "warning"}, {"message": {}}]}) == []


def test_an_error_that_a_tool_tells_in_other_ways_is_one():
    key = "toolExecutionNotifications"
    assert rules(invocation={key: [{"level": "Error", "message": {"text": "x"}}]}) == ["validation-failed"], "no level of the standard's"
    tool = {"driver": {"name": "audit", "rules": [{"id": "X"}], "notifications": [{"id": "N", "defaultConfiguration": {"level": "error"}}]}}
    assert rules(tool=tool, invocation={key: [{"descriptor": {"id": "N"}, "message": {"text": "x"}}]}) == ["validation-failed"]
    assert (
        rules(tool=tool, invocation={key: [{"descriptor": {"id": "N"}, "level": "note"}, {"descriptor": {"id": "O"}}, {"level": "none"}]})
        == []
    )


@pytest.mark.parametrize("named", ["Syntax error", "Timeout", "Out of memory", "OutOfMemory"])
def test_a_file_that_semgrep_gave_up_was_not_analysed(named):
    told = {"descriptor": {"id": named}, "level": "warning", "message": {"text": "Timeout when running eval on src/a.py"}}
    semgrep = {"driver": {"name": "Semgrep OSS", "rules": [{"id": "X"}]}}
    assert rules(tool=semgrep, invocation={"toolExecutionNotifications": [told]}) == ["validation-failed"]
    assert rules(tool=semgrep, invocation={"toolExecutionNotifications": [told]}, max_errors=1) == []
    for other in ("PartialParsing", "FixpointTimeout"):
        assert rules(tool=semgrep, invocation={"toolExecutionNotifications": [{**told, "descriptor": {"id": other}}]}) == []
    assert rules(invocation={"toolExecutionNotifications": [told]}) == [], "another tool may mean something else by it"


@pytest.mark.parametrize("signal", ["SUCCESS", "BUGS FOUND"])
def test_what_spotbugs_calls_a_signal_is_none(signal):
    assert rules(invocation={"exitCode": 0, "exitSignalName": signal}) == []


def test_a_justification_that_is_a_placeholder_is_none():
    result = {"ruleId": "X", "level": "warning", "suppressions": [{"kind": "external", "justification": "TODO"}]}
    assert "evidence-malformed" in rules(result)


@pytest.mark.parametrize(
    "broken", [{"exitSignalName": "SIGSEGV", "exitCode": 139}, {"exitSignalNumber": 9}, {"processStartFailureMessage": "x"}]
)
def test_a_tool_that_was_killed_did_not_end_well(broken):
    assert rules(invocation=broken) == ["validation-failed"]
    assert rules(invocation={"exitCode": 1}) == [], "as many tools end that found something"


def test_what_lies_outside_of_the_runs_is_not_read_and_told():
    assert rules(log={"inlineExternalProperties": [{"results": [{"ruleId": "B307", "level": "error"}]}]}) == ["evidence-missing"]
    assert rules(run={"externalPropertyFileReferences": {"driver": {"location": {"uri": "x"}}}}) == ["evidence-missing"]
    assert rules(log={"inlineExternalProperties": []}, run={"externalPropertyFileReferences": {}}) == []


@pytest.mark.parametrize(
    ("stated", "most", "passes"),
    [("9.8", 7, False), ("7.0", 7, True), (9.8, 7, False), ("none", 7, False), ("11", 10, True), (None, 0, True), (True, 7, False), ("9.8", None, True)],
)  # fmt: skip
def test_the_severity_that_a_tool_states_beside_the_level(stated, most, passes):
    told = {"properties": {} if stated is None else {"security-severity": stated}}
    tool = {"driver": {"name": "audit", "rules": [{"id": "X", **told}]}}
    for result, of in (({"ruleId": "X"}, tool), ({"ruleId": "X", **told}, None)):
        assert rules(result, tool=of, max_security_severity=most) == ([] if passes else ["validation-failed"])


def test_no_shape_makes_it_raise():
    result = {"ruleId": "A/1", "ruleIndex": 0, "provenance": {"invocationIndex": 0}, "rule": {"toolComponent": {"name": "x", "guid": "y"}}}
    log = sarif({**result, "suppressions": [{"kind": "inSource", "justification": "why"}], "properties": {"security-severity": "1.0"}})
    log["runs"][0] |= {"tool": {"driver": DRIVER, "extensions": [{"name": "x", "rules": [NOTE]}]}}
    log["runs"][0]["invocations"][0] |= override("error", id="A", index=0) | {"toolExecutionNotifications": [{"level": "error"}]}
    for where, document in mutated(log):
        found = SarifKind().examine(Material("audit.sarif", json.dumps(document).encode()), SarifExpect(max_security_severity=1))
        assert all(fault.text.startswith("audit.sarif: ") for fault in found.faults), where
