"""Statements: strict, whole, and with one spelling."""

from __future__ import annotations

import pytest
from support.statements import CHARTER, COMMIT, DIGEST, MERGE, TASK, payload_of, put

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.envelope import open_envelope
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.reading import parse
from dag_factory.evidence.reported import Figures, Judgement, Kept
from dag_factory.evidence.statement import Charter, ConvergeStatement, TaskStatement, Undone, sign


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return KeyFolder(tmp_path_factory.mktemp("keys")).signer("architect", make=True)


def paths(value, before=()):
    """Every field of a predicate, however deep, as the keys that lead to it."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(value, dict):
            yield (*before, key)
        if isinstance(child, (dict, list)):
            yield from paths(child, (*before, key))


PREDICATES = {"task": TASK, "merge": MERGE, "charter": CHARTER}
FIELDS = [
    (name, path) for name, made in PREDICATES.items() for path in paths(payload_of(made)["predicate"]) if path != ("keys", "architect")
]
NAMES = [f"{name}-{'.'.join(map(str, path))}" for name, path in FIELDS]


@pytest.mark.parametrize("name", PREDICATES)
def test_what_is_signed_is_what_is_read(signer, name):
    made = PREDICATES[name]
    opened = open_envelope(sign(made, {"ARCHITECTURE.md": {"sha256": DIGEST}}, signer), {signer.public.keyid: signer.public})
    assert parse(opened.payload, type(made)) == made
    assert opened.payload == payload_of(made)


@pytest.mark.parametrize(("name", "path"), FIELDS, ids=NAMES)
def test_no_field_may_be_missing(name, path):
    with pytest.raises(EnvelopeError, match="is wrong"):
        parse(put(payload_of(PREDICATES[name]), path, KeyError), type(PREDICATES[name]))


@pytest.mark.parametrize(("name", "path"), FIELDS, ids=NAMES)
def test_no_field_takes_a_value_of_another_type(name, path):
    payload, kind = payload_of(PREDICATES[name]), type(PREDICATES[name])
    for value in (1.0, True, {"x": []}, [[]]):
        with pytest.raises(EnvelopeError, match=r"is wrong|no canonical JSON"):
            parse(put(payload, path, value), kind)


@pytest.mark.parametrize(("name", "path"), FIELDS, ids=NAMES)
def test_nothing_extra_may_stand_beside_a_field(name, path):
    payload, kind = payload_of(PREDICATES[name]), type(PREDICATES[name])
    with pytest.raises(EnvelopeError, match="wrong"):
        parse(put(payload, (*path[:-1], "approvedBy"), "me"), kind)


@pytest.mark.parametrize("value", [1.0, True, "1", None, 1.5, [1]])
def test_an_attempt_is_an_integer_and_nothing_like_one(value):
    with pytest.raises(EnvelopeError):
        parse(put(payload_of(TASK), ("binding", "attempt"), value), TaskStatement)


def test_a_field_has_one_name():
    payload = payload_of(TASK)
    payload["predicate"]["binding"]["run_id"] = payload["predicate"]["binding"].pop("runId")
    with pytest.raises(EnvelopeError, match="under another name"):
        parse(payload, TaskStatement)


def test_a_field_has_not_two_names_at_once():
    with pytest.raises(EnvelopeError):
        parse(put(payload_of(TASK), ("binding", "run_id"), "other"), TaskStatement)


WORDS = [
    (("outcome",), "passed"),
    (("outcome",), "completed "),
    (("outcome",), "COMPLETED"),
    (("evidence", 0, "grade"), "claimed"),
    (("evidence", 0, "digest"), "A" * 64),
    (("evidence", 0, "digest"), "a" * 64 + "\n"),
    (("evidence", 0, "digest"), "sha256:" + "a" * 57),
    (("sealed", "commit"), "main"),
    (("sealed", "commit"), "b" * 39),
    (("log",), "/etc/passwd"),
]


@pytest.mark.parametrize(("path", "value"), WORDS, ids=str)
def test_words_and_digests_are_exact(path, value):
    with pytest.raises(EnvelopeError, match="is wrong"):
        parse(put(payload_of(TASK), path, value), TaskStatement)


STATEMENTS = {
    "another type of statement": ({"_type": "https://in-toto.io/Statement/v0.1"}, "no in-toto Statement"),
    "says more": ({"verdict": "PASSED"}, "no in-toto Statement"),
    "another predicate": ({"predicateType": Charter.TYPE}, "predicate type"),
    "the predicate of a later version": ({"predicateType": TaskStatement.TYPE.replace("v1", "v2")}, "predicate type"),
    "a predicate type that is a list": ({"predicateType": [TaskStatement.TYPE]}, "predicate type"),
    "no subject": ({"subject": []}, "no subject"),
    "a subject that is none": ({"subject": {"name": "x"}}, "no subject"),
    "a subject without a digest": ({"subject": [{"name": "x"}]}, "digest is wrong: it is missing"),
    "a subject that says more": (
        {"subject": [{"name": "x", "digest": {"sha256": DIGEST}, "uri": "x"}]},
        "uri is wrong: nothing of that name",
    ),
    "a subject that is a text": ({"subject": ["x"]}, "subject is wrong: it is no object"),
    "a predicate that is a list": ({"predicate": []}, "predicate is wrong: it is no object"),
    "a predicate that is null": ({"predicate": None}, "predicate is wrong"),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_what_is_no_statement_is_refused(case):
    changes, why = STATEMENTS[case]
    with pytest.raises(EnvelopeError, match=why):
        parse(payload_of(TASK) | changes, TaskStatement)


@pytest.mark.parametrize("name", ["_type", "subject", "predicateType", "predicate"])
def test_a_statement_has_all_its_parts(name):
    payload = payload_of(TASK)
    del payload[name]
    with pytest.raises(EnvelopeError, match="no in-toto Statement"):
        parse(payload, TaskStatement)


def test_one_predicate_does_not_pass_for_another():
    with pytest.raises(EnvelopeError, match="predicate type"):
        parse(payload_of(TASK), ConvergeStatement)


def test_a_made_statement_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        TASK.outcome = "failed"


def test_what_nobody_reported_is_not_written():
    assert not {"figures", "judgement", "kept"} & set(TASK.model_dump(by_alias=True, mode="json"))


def test_what_a_runner_reported_is_read_back(signer):
    figures = Figures(provider="acme", model="large", conversation="c", requests=1, input_tokens=2, output_tokens=None, cost="0.1")
    judged = Judgement(verdict="FAILED", grade="attested", by="maria", notes="", references=("a",))
    made = TASK.model_copy(update={"figures": figures, "judgement": judged, "kept": Kept(sealed=None, memory=DIGEST)})
    opened = open_envelope(sign(made, {"ARCHITECTURE.md": {"sha256": DIGEST}}, signer), {signer.public.keyid: signer.public})
    assert parse(opened.payload, TaskStatement) == made


@pytest.mark.parametrize("name", ["requests", "input_tokens", "output_tokens"])
def test_less_than_nothing_was_not_taken(signer, name):
    told = {"requests": 1, "input_tokens": 2, "output_tokens": 3, name: -1}
    figures = Figures.model_construct(provider="acme", model="large", conversation="c", cost=None, **told)
    made = TASK.model_copy(update={"figures": figures})
    opened = open_envelope(sign(made, {"ARCHITECTURE.md": {"sha256": DIGEST}}, signer), {signer.public.keyid: signer.public})
    with pytest.raises(EnvelopeError, match="greater than or equal to 0"):
        parse(opened.payload, TaskStatement)


def test_altered_files_are_written_only_where_there_are_any(signer):
    assert "altered" not in MERGE.model_dump(by_alias=True, mode="json")
    made = MERGE.model_copy(update={"altered": (Undone(task="t", path="tests/a.py"),)})
    for merge in (MERGE, made):
        opened = open_envelope(sign(merge, {"merged": {"gitCommit": COMMIT}}, signer), {signer.public.keyid: signer.public})
        assert parse(opened.payload, ConvergeStatement) == merge


def test_no_altered_files_are_not_written_as_an_empty_list(signer):
    opened = open_envelope(sign(MERGE, {"merged": {"gitCommit": COMMIT}}, signer), {signer.public.keyid: signer.public})
    opened.payload["predicate"]["altered"] = []
    with pytest.raises(EnvelopeError, match="under another name"):
        parse(opened.payload, ConvergeStatement)


@pytest.mark.parametrize("name", ["figures", "judgement", "kept"])
def test_what_nobody_reported_has_one_spelling(name):
    written = payload_of(TASK)
    written["predicate"][name] = None
    with pytest.raises(EnvelopeError, match="under another name"):
        parse(written, TaskStatement)


@pytest.mark.parametrize(
    ("subject", "match"),
    [
        ({"name": "ARCHITECTURE.md", "digest": {"sha256": "c" * 64}}, "nothing that it speaks of"),
        ({"name": "ARCHITECTURE.md", "digest": {}}, "nothing that it speaks of"),
        ({"name": "UX.md", "digest": {"sha256": DIGEST}}, "does not name 'ARCHITECTURE.md'"),
    ],
)
def test_a_subject_names_what_the_statement_speaks_of(subject, match):
    with pytest.raises(EnvelopeError, match=match):
        parse(payload_of(TASK) | {"subject": [subject]}, TaskStatement)


def test_a_subject_may_name_more_than_evidence():
    more = [*payload_of(TASK)["subject"], {"name": "sealed", "digest": {"gitCommit": COMMIT}}]
    assert parse(payload_of(TASK) | {"subject": more}, TaskStatement) == TASK


def test_very_many_subjects_are_looked_for_in_a_long_statement():
    said = payload_of(TASK)
    said["predicate"]["excerpt"] = "b" * 6_000_000
    said["subject"] *= 20_000
    assert parse(said, TaskStatement).excerpt == "b" * 6_000_000
    said["subject"].append({"name": "other", "digest": {"sha256": "b" * 64}})
    with pytest.raises(EnvelopeError, match="speaks of"):
        parse(said, TaskStatement)


def test_what_is_wrong_in_very_many_places_is_not_told_place_by_place():
    said = payload_of(TASK)
    said["predicate"]["evidence"] = [0] * 200_000
    with pytest.raises(EnvelopeError, match=r"predicate is wrong in 200,000 places"):
        parse(said, TaskStatement)
