"""Policy 9: one file is evidence of one thing; what may honestly be the same twice is left alone."""

from __future__ import annotations

import json

import pendulum
import pytest
from support.contents import document, junit, osv, sarif
from support.orders import SPEC
from support.runs import honest, rules, under
from support.sharing import ALL, ARCHITECT, DESIGNER, PICTURES, drawn, judged, told

from dag_factory.evidence.verify import verify


def test_an_honest_run_shares_nothing(tmp_path):
    run = honest(tmp_path, through="validation")
    for phase in ("foundation", "implementation", "validation"):
        assert rules(run.judge(phase)) == set()


def test_one_document_for_two_personas(tmp_path):
    judgement = judged(tmp_path, "foundation", {ARCHITECT: ALL, DESIGNER: ALL})
    assert told(judgement) == [("evidence-shared", "foundation/ux-designer/ux:foundation/architect/architecture")]
    text = judgement.findings[0].text
    assert "UX.md of @ux-designer and ARCHITECTURE.md of @architect (foundation/architect/architecture) are one file." in text
    assert "which is the copy is for people to tell" in text


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"\n",
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n\n", b"\n\n\n"),
        lambda data: data.replace(b"What", b"WHAT"),
        lambda data: data + b" " * 600,
        lambda data: data + b".",
        lambda data: data.replace(b"What", "Wh\u200bat".encode()),
        lambda data: data.replace(b"What", b"**What**").replace(b"## ", b"### "),
    ],
)
def test_a_document_that_is_the_same_but_for_its_spaces(tmp_path, change):
    judgement = judged(tmp_path, "foundation", {ARCHITECT: ALL, DESIGNER: change(ALL)})
    assert told(judgement) == [("evidence-shared", "foundation/ux-designer/ux:foundation/architect/architecture")]
    assert "word for word" in judgement.findings[0].text


def test_a_document_of_an_earlier_phase_that_is_handed_in_again(tmp_path):
    run = honest(tmp_path, worked="foundation")
    guide = document("Getting started", "Usage", "User flows", "Wireframes", "Experience")
    run.contents[DESIGNER] = guide
    run.work("foundation")
    run.answer("foundation")
    run.work("implementation")
    run.answer("implementation")
    run.contents["validation/documentation-writer", "guide"] = guide
    run.work("validation")
    assert ("evidence-shared", "validation/documentation-writer/guide:foundation/ux-designer/ux") in told(run.judge("validation"))


def test_one_report_for_two_items(tmp_path):
    theirs = [f"test_{feature}_{rest}" for feature in ("ingest", "daily_mart") for rest in ("1_works", "2_says_why")]
    same = junit("test_everything", *theirs, "test_missingcolumn_is_told", suite="pytest")
    contents = {("validation/test-engineer", item): same for item in ("full-suite", "end-to-end", "integration")}
    judgement = judged(tmp_path, "validation", contents, through="implementation")
    assert told(judgement) == [
        ("evidence-shared", "validation/test-engineer/end-to-end:validation/test-engineer/full-suite"),
        ("evidence-shared", "validation/test-engineer/integration:validation/test-engineer/full-suite"),
    ]


def test_one_interface_for_two_features(tmp_path):
    run = honest(tmp_path, worked="implementation")
    task = run.contract.tasks["implementation/ingest.software-engineer"]
    data = run.content(task, next(item for item in task.items if item.id == "interface"))
    run.contents["implementation/daily_mart.software-engineer", "interface"] = data
    run.work("implementation")
    assert "evidence-shared" in rules(run.judge("implementation"))


def test_tests_of_two_features_that_read_the_same_are_left_to_other_rules(tmp_path):
    names = [f"test_{feature}_{n}_{what}" for feature in ("ingest", "daily_mart") for n, what in ((1, "works"), (2, "says_why"))]
    same = junit(*names, "test_missingcolumn_is_told")
    contents = {(f"implementation/{feature}.sdet", "unit-tests"): same for feature in ("ingest", "daily_mart")}
    assert "evidence-shared" not in rules(judged(tmp_path, "implementation", contents, through="foundation"))


CLEAN = """\
phases:
  validation:
    tasks:
      test-engineer:
        evidence:
          lint: {report: lint.sarif, kind: sarif, needs: re-executed}
          known: {report: v.json, kind: vulnerabilities, needs: re-executed}
"""


def test_a_clean_scan_says_the_same_whoever_runs_it(tmp_path):
    scans = {"audit": sarif(), "lint": sarif(), "vulnerabilities": osv(), "known": osv()}
    contents = {
        (task, item): json.dumps(scans[item]).encode()
        for task, item in (
            ("validation/security-engineer", "audit"),
            ("validation/security-engineer", "vulnerabilities"),
            ("validation/test-engineer", "lint"),
            ("validation/test-engineer", "known"),
        )
    }
    assert "evidence-shared" not in rules(judged(tmp_path, "validation", contents, text=SPEC + CLEAN, through="implementation"))


@pytest.mark.parametrize(("size", "shared"), [(3, False), (63, False), (64, True)])
def test_what_is_too_short_to_tell_whose_it_is(tmp_path, size, shared):
    run = honest(tmp_path, worked="foundation")
    small = run.store.put_bytes(b"ok\n".ljust(size, b"!"))
    for task in ("foundation/architect", "foundation/ux-designer"):
        [entry] = run.record.newest(task).says.evidence
        run.deliver(task, evidence=(entry.model_copy(update={"digest": small, "size": size}),))
    run.converge("foundation")
    assert ("evidence-shared" in rules(run.judge("foundation"))) == shared


def test_changed_files_may_be_the_same(tmp_path):
    licence = b"Licensed under the Apache License, Version 2.0. " * 20
    contents = {(f"implementation/{feature}.software-engineer", "code"): licence for feature in ("ingest", "daily_mart")}
    assert rules(judged(tmp_path, "implementation", contents, through="foundation")) == set()


def test_the_same_place_owed_twice_by_one_persona_is_for_another_rule(tmp_path):
    run = honest(tmp_path, through="validation")
    run.contents["integration/architect", "architecture"] = run.store.blob(
        run.record.newest("foundation/architect").says.evidence[0].digest
    )
    run.work("integration")
    found = rules(run.judge("integration"))
    assert "evidence-unchanged" in found
    assert "evidence-shared" not in found


@pytest.mark.parametrize("other", [drawn(20, 20, 90, 90), drawn(20, 20, 90, 90, compress_level=0)])
def test_one_picture_however_it_is_saved(tmp_path, other):
    wireframe, diagram = ("foundation/ux-designer", "wireframe"), ("foundation/architect", "diagram")
    judgement = judged(tmp_path, "foundation", {wireframe: drawn(20, 20, 90, 90), diagram: other}, text=SPEC + PICTURES)
    assert told(judgement) == [("evidence-shared", "foundation/ux-designer/wireframe:foundation/architect/diagram")]


def test_two_pictures_are_two(tmp_path):
    contents = {("foundation/ux-designer", "wireframe"): drawn(20, 20, 90, 90), ("foundation/architect", "diagram"): drawn(20, 20, 91, 90)}
    assert rules(judged(tmp_path, "foundation", contents, text=SPEC + PICTURES)) == set()


def test_whoever_delivered_it_first_is_not_told(tmp_path):
    """The architect mends something else and delivers the same document again, later than who copied it."""
    run = honest(tmp_path, worked="foundation")
    run.contents |= {ARCHITECT: ALL, DESIGNER: ALL}
    run.deliver(ARCHITECT[0])
    run.deliver(DESIGNER[0])
    run.deliver(ARCHITECT[0])
    run.converge("foundation")
    assert told(run.judge("foundation")) == [("evidence-shared", "foundation/ux-designer/ux:foundation/architect/architecture")]


# Which documents are compared, and of what kinds.

INTERFACE = ("implementation/daily_mart.software-engineer", "interface")


def test_a_long_document_that_is_the_same_but_for_its_line_ends(tmp_path):
    long = ALL + b"".join(b"Line %d of the design.\n" % number for number in range(600))
    judgement = judged(tmp_path, "foundation", {ARCHITECT: long, DESIGNER: long.replace(b"\n", b"\r\n")})
    assert told(judgement) == [("evidence-shared", "foundation/ux-designer/ux:foundation/architect/architecture")]


@pytest.mark.parametrize(("size", "found"), [(2_000_000, True), (2_000_001, False)])
def test_of_very_long_prose_the_words_are_not_read(tmp_path, size, found):
    long = ALL + b"Words. " * 300_000
    contents = {ARCHITECT: long[: size - 1] + b".", DESIGNER: long[: size - 1].replace(b"Words", b"words", 1) + b"."}
    assert ("evidence-shared" in rules(judged(tmp_path, "foundation", contents))) is found


def test_an_interface_that_is_the_same_but_for_its_line_ends(tmp_path):
    """Whoever brings it brings code too, which is not compared."""
    run = honest(tmp_path, worked="implementation")
    task = run.contract.tasks["implementation/ingest.software-engineer"]
    run.contents[INTERFACE] = run.content(task, next(item for item in task.items if item.id == "interface")).replace(b"\n", b"\r\n")
    run.work("implementation")
    [text] = [finding.text for finding in run.judge("implementation").findings if finding.rule == "evidence-shared"]
    assert "word for word the file" in text


def test_who_brings_nothing_but_pictures_is_compared_too(tmp_path):
    run = honest(tmp_path, text=SPEC + PICTURES)
    run.contents |= {
        ("foundation/ux-designer", "wireframe"): drawn(20, 20, 90, 90),
        ("foundation/architect", "diagram"): drawn(20, 20, 90, 90, compress_level=0),
    }
    run.work("foundation")

    def pictures(contract):
        for task in contract["phases"][0]["tasks"]:
            task["items"] = [item for item in task["items"] if item["kind"] == "image"] or task["items"]

    judgement = verify(under(run, pictures), "foundation", run.store.blob, pendulum.now("UTC"))
    assert ("evidence-shared", "foundation/ux-designer/wireframe:foundation/architect/diagram") in told(judgement)


BILLS = """\
phases:
  validation:
    tasks:
      test-engineer: {evidence: {bill: {report: bill.json, kind: sbom, needs: re-executed}}}
      security-engineer: {evidence: {parts: {report: parts.json, kind: sbom, needs: re-executed}}}
"""


@pytest.mark.parametrize("same", [True, False])
def test_a_bill_of_materials_is_the_same_whoever_draws_it_up(tmp_path, same):
    """And what is no scan is not, whoever ran it."""
    part = {"type": "library", "name": "orders-parts", "version": "1.0.0", "purl": "pkg:pypi/orders-parts@1.0.0"}
    bill = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [part]}).encode()
    tester, security = ("validation/test-engineer", "bill"), ("validation/security-engineer", "parts")
    contents = {tester: bill, security if same else ("validation/security-engineer", "audit"): bill}
    found = rules(judged(tmp_path, "validation", contents, text=SPEC + BILLS, through="implementation"))
    assert ("evidence-shared" in found) is not same
