"""For every item of the evidence table of the standard pattern: take just that item away, and the gate names it."""

from __future__ import annotations

import copy
import json

import pytest
from support.contents import STORIES, benchmark, document, interface, junit, osv, sarif
from support.runs import HonestRun

ARCHITECTURE = ("System design", "Boundaries", "Data flow", "Data architecture")
UX = ("User flows", "Wireframes", "Experience")
ANSWERS = "Answers OPT-1, AUDIT-1, DEV-ingest-1 and DEV-daily_mart-1.\n"
ENGINEER = "implementation/ingest.software-engineer"
SDET = "implementation/ingest.sdet"


def without(sections, gone):
    return document(*(name for name in sections if name != gone))


def stories(change):
    value = copy.deepcopy(STORIES)
    change(value["stories"][0])
    return json.dumps(value).encode()


def report_but(gone):
    names = ("test_ingest_1_works", "test_ingest_2_says_why", "test_missingcolumn_is_told")
    return junit(*(name for name in names if gone not in name))


# what the table asks for: (task, item, what is left when it is taken away, what the finding must name)
TABLE = [
    *[("foundation/architect", "architecture", without(ARCHITECTURE, name), name) for name in ARCHITECTURE],
    ("foundation/architect", "architecture", None, "ARCHITECTURE.md"),
    *[("foundation/ux-designer", "ux", without(UX, name), name) for name in UX],
    ("foundation/ux-designer", "ux", None, "UX.md"),
    ("foundation/product-manager", "stories", None, "stories.json"),
    ("foundation/product-manager", "stories", stories(lambda story: story.pop("id")), "id"),
    ("foundation/product-manager", "stories", stories(lambda story: story.pop("acceptance")), "acceptance"),
    ("foundation/product-manager", "stories", stories(lambda story: story.pop("golden_path")), "golden path"),
    (ENGINEER, "code", None, "src/**"),
    (ENGINEER, "interface", None, "INTERFACE.md"),
    (ENGINEER, "interface", interface("ingest").split(b"## Errors")[0] + b"## Deviations\n\nNone.\n", "Errors"),
    (SDET, "unit-tests", None, "unit.xml"),
    (SDET, "integration-tests", None, "integration.xml"),
    (SDET, "integration-tests", report_but("ingest_2"), "ingest-2"),
    (SDET, "unit-tests", report_but("missingcolumn"), "MissingColumn"),
    ("validation/test-engineer", "full-suite", None, "full.xml"),
    ("validation/test-engineer", "end-to-end", None, "e2e.xml"),
    ("validation/test-engineer", "integration", None, "integration.xml"),
    ("validation/test-engineer", "coverage", None, "coverage.json"),
    ("validation/product-manager", "verdicts", None, "verdicts.json"),
    (
        "validation/product-manager",
        "verdicts",
        json.dumps({"verdicts": [{"story": "story-ingest", "verdict": "PASSED", "observed": "it did"}]}).encode(),
        "story-daily_mart",
    ),
    ("validation/performance-engineer", "load", None, "benchmark.json"),
    ("validation/performance-engineer", "load", json.dumps(benchmark(limit=None)).encode(), "limit_seconds"),
    ("validation/performance-engineer", "load", json.dumps(benchmark(2.5, 2.5, 2.5)).encode(), "median"),
    ("validation/performance-engineer", "profile", None, "profile.txt"),
    ("validation/performance-engineer", "optimisations", None, "optimisations.json"),
    ("validation/security-engineer", "audit", None, "audit.sarif"),
    ("validation/security-engineer", "audit", json.dumps(sarif({"ruleId": "B307", "level": "error"})).encode(), "B307"),
    ("validation/security-engineer", "vulnerabilities", None, "vulnerabilities.json"),
    ("validation/security-engineer", "vulnerabilities", json.dumps({"results": []}).encode(), "packages"),
    ("validation/security-engineer", "vulnerabilities", json.dumps(osv({"id": "PYSEC-1"})).encode(), "PYSEC-1"),
    ("validation/security-engineer", "penetration", None, "penetration.json"),
    ("validation/documentation-writer", "api", None, "docs/API.md"),
    ("validation/documentation-writer", "guide", None, "docs/GUIDE.md"),
    ("validation/documentation-writer", "deployment", None, "docs/DEPLOYMENT.md"),
    ("integration/integration-engineer", "interfaces", None, "interfaces.json"),
    (
        "integration/integration-engineer",
        "interfaces",
        json.dumps({"interfaces": [{"feature": "ingest", "sha256": "0" * 64}]}).encode(),
        "interface",
    ),
    ("integration/integration-engineer", "compatibility", None, "compat.xml"),
    ("integration/integration-engineer", "commits", None, "commits.json"),
    ("integration/integration-engineer", "commits", json.dumps({"commits": [{"task": "x", "commit": "0" * 40}]}).encode(), "commit"),
    ("integration/architect", "architecture", None, "ARCHITECTURE.md"),
    ("integration/architect", "architecture", document(*ARCHITECTURE), "OPT-1"),
    ("integration/architect", "architecture", document(*ARCHITECTURE, more=ANSWERS.replace("DEV-ingest-1", "")), "DEV-ingest-1"),
    ("integration/devops", "plan", None, "deploy/DEPLOY.md"),
    ("integration/devops", "infrastructure", None, "deploy/infrastructure.yaml"),
    ("integration/devops", "pipeline", None, "deploy/pipeline.yaml"),
]


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    """One honest run for each phase, worked through all phases before it: each test spoils a copy."""
    made = {}

    def upto(phase):
        if phase not in made:
            made[phase] = HonestRun(tmp_path_factory.mktemp(phase)).before(phase)
        return made[phase]

    return upto


@pytest.mark.parametrize(("task", "item", "left", "named"), TABLE, ids=[f"{task}-{item}-{named}" for task, item, _, named in TABLE])
def test_the_gate_names_what_was_taken_away(passed, task, item, left, named):
    run, phase = passed(task.partition("/")[0]), task.partition("/")[0]
    run.contents = {(task, item): left}
    run.work(phase)
    judgement = run.judge(phase)
    assert judgement.word == "FAILED"
    about = [finding for finding in judgement.findings if finding.task == task]
    assert about == list(judgement.findings), "only the spoilt task is accused"
    assert any(item in finding.subject and named in finding.text for finding in about), [finding.text for finding in about]


def test_the_architecture_must_differ_from_what_it_was(passed):
    run = passed("integration")
    before = run.record.newest("foundation/architect").says.evidence[0].digest
    run.contents = {("integration/architect", "architecture"): run.store.blob(before)}
    run.work("integration")
    assert "evidence-unchanged" in {finding.rule for finding in run.judge("integration").findings}


@pytest.mark.parametrize("task", [SDET, "validation/documentation-writer", "integration/devops", "validation/test-engineer"])
def test_a_failed_check_is_a_red_flag_whatever_the_reports_say(passed, task):
    run = passed(task.partition("/")[0])
    run.contents, phase = {}, task.partition("/")[0]
    run.codes = {(task, check.name): 1 for check in run.contract.tasks[task].checks}
    run.work(phase)
    run.codes = {}
    assert "check-failed" in {finding.rule for finding in run.judge(phase).findings if finding.task == task}
