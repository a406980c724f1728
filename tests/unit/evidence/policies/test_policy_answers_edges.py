"""Policy 6, at its edges: what must differ from what was there before, and answers that a machine reads."""

from __future__ import annotations

import pendulum
import pytest
from support.runs import as_json, honest, rules, under

from dag_factory.evidence.verify import verify

FIRST = "foundation/architect"
ARCHITECT = "integration/architect"
ENGINEER = "integration/integration-engineer"


@pytest.fixture
def run(tmp_path):
    """Everything before the integration phase is done."""
    return honest(tmp_path, through="validation")


def judged(run, **changes):
    """The integration phase, judged where the plan asks something else of the new architecture."""

    def change(contract):
        found = next(task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == ARCHITECT)
        found["items"][0].update(changes)

    return verify(under(run, change), "integration", run.store.blob, pendulum.now("UTC"))


def unchanged(judgement):
    return [finding for finding in judgement.findings if finding.rule == "evidence-unchanged"]


def test_only_the_item_itself_must_differ(run):
    run.work("integration")
    [old], [new] = (run.record.newest(task).says.evidence for task in ("foundation/architect", ARCHITECT))
    beside = old.model_copy(update={"task": ARCHITECT, "item": "beside", "name": "OLD.md"})
    run.deliver(ARCHITECT, evidence=(new, beside))
    run.converge("integration")
    assert "evidence-unchanged" not in rules(run.judge("integration"))
    run.deliver(ARCHITECT, evidence=(new.model_copy(update={"digest": old.digest, "size": old.size}),))
    run.converge("integration")
    assert "evidence-unchanged" in rules(run.judge("integration"))


UNSEEN = [
    b"\n<!-- looked at again\n, and all is well -->\n", b"\n[again]: https://example.org/again\n", b'\n[//]: # "looked at again"\n',
    b"\n[//]: # (again)\n", b'\n<a id="again"></a>\n', b"\n&nbsp;&#8203;\n", b"\n---\n", b"\n<!-- looked at again\n",
]  # fmt: skip
SEEN = [
    b"\nAgain.\n",
    b"\n[^1]: Looked at again.\n",
    b"\n`Map<again>`\n",
    b"\nSee [again](again.md).\n",
    b"\nAgain <!-- as it was\n",
]


@pytest.mark.parametrize("more", SEEN)
def test_words_that_a_reader_sees_are_a_change(run, more):
    [old] = run.record.newest(FIRST).says.evidence
    run.contents[ARCHITECT, "architecture"] = run.store.blob(old.digest) + more
    run.work("integration")
    assert "evidence-unchanged" not in rules(judged(run, answers={}))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b" \n",
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data + b"\xe2\x80\x8b.",
        *(lambda data, more=more: data + more for more in UNSEEN),
    ],
)
def test_a_blank_more_is_no_change(run, change):
    [old] = run.record.newest(FIRST).says.evidence
    run.contents[ARCHITECT, "architecture"] = change(run.store.blob(old.digest))
    run.work("integration")
    assert rules(judged(run, answers={})) == {"evidence-unchanged"}


def test_what_it_must_differ_from_is_that_item_and_no_other_of_the_task(run):
    engineer = "implementation/ingest.software-engineer"
    for old in run.record.newest(engineer).says.evidence:
        run.contents[ARCHITECT, "architecture"] = run.store.blob(old.digest)
        run.work("integration")
        same = {item for item in ("code", "interface") if unchanged(judged(run, differs_from=f"{engineer}/{item}"))}
        assert same == {old.item}
    assert unchanged(judged(run, differs_from=f"{engineer}/interface"))[0].text == (
        f"ARCHITECTURE.md is word for word what {engineer}/interface was."
    )


def test_it_must_differ_from_what_a_merge_gave(run):
    sdet = "implementation/ingest.sdet"
    [old] = [one for one in run.record.converged("implementation").says.evidence if (one.task, one.item) == (sdet, "unit-tests")]
    run.contents[ARCHITECT, "architecture"] = run.store.blob(old.digest)
    run.work("integration")
    assert unchanged(judged(run, differs_from=f"{sdet}/unit-tests"))
    assert not unchanged(judged(run, differs_from=f"{sdet}/integration-tests"))


@pytest.mark.parametrize("place", [f"{FIRST}/else", "foundation/nobody/architecture", "architecture"])
def test_from_what_was_never_planned_everything_differs(run, place):
    run.work("integration")
    assert rules(judged(run, differs_from=place)) == set()


def test_what_was_never_delivered_is_told_as_that_and_not_as_the_same(run):
    run.work("integration", without=(ENGINEER,))
    found = judged(run, differs_from=f"{ENGINEER}/commits")
    assert "statement-missing" in rules(found)
    assert unchanged(found) == []


def test_two_documents_without_a_word_are_not_the_same_for_that(tmp_path):
    run = honest(tmp_path)
    run.contents |= {(FIRST, "architecture"): b"---\n", (ARCHITECT, "architecture"): b"***\n"}
    run.deliver(FIRST)
    run.deliver(ARCHITECT)
    assert unchanged(judged(run)) == []
    run.contents[ARCHITECT, "architecture"] = b"---\n"
    run.deliver(ARCHITECT)
    assert len(unchanged(judged(run))) == 1


def test_reports_are_held_against_each_other_by_their_bytes_and_not_by_their_words(run):
    """One and a half is of the same words as one and five."""
    run.contents |= {(ENGINEER, "commits"): as_json({"figures": [1, 5]}), (ARCHITECT, "architecture"): as_json({"figures": [1.5]})}
    run.work("integration")
    assert unchanged(judged(run, kind="json", differs_from=f"{ENGINEER}/commits")) == []


def api(*names):
    paths = {f"/{name}": {"get": {"operationId": name, "responses": {"200": {"description": "It is there"}}}} for name in names}
    return as_json({"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": paths})


@pytest.mark.parametrize(
    ("named", "left"), [(("OPT-1", "AUDIT-1"), []), (("OPT-1",), ["AUDIT-1"]), (("OPT-10", "x"), ["OPT-1", "AUDIT-1"])]
)
def test_what_a_machine_reads_answers_with_the_names_in_it(run, named, left):
    """An API that is described has no sentences; whatever it names, it answers."""
    run.contents |= {(ARCHITECT, "architecture"): api(*named)}
    run.work("integration")
    judgement = judged(run, kind="openapi", expect={}, answers={"findings": "validation"}, differs_from=None)
    assert [finding.text for finding in judgement.findings] == [f"ARCHITECTURE.md does not answer finding {name}." for name in left]
