"""A run handed over as an archive: judged like the run itself, and looked through before anything in it is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.auditing import TAMPERED, ask, flip, waived
from support.runs import as_json, copied, payload_of, place

from dag_factory.errors import PhasegateError, StoreError
from dag_factory.evidence import archive
from dag_factory.evidence.bundle import bundle_of
from dag_factory.evidence.envelope import sign_envelope
from dag_factory.evidence.keys import AUTHORITY


@pytest.fixture
def spoilt(handed, tmp_path):
    return Path(shutil.copytree(handed, tmp_path / "archive"))


def told(*words):
    answer = ask("verify", *words, "--json")
    return answer.exit_code, json.loads(answer.output)


def test_an_archive_tells_what_the_run_tells(made, handed):
    assert told(handed) == told(made.store.path)
    assert told(handed)[0] == 0
    assert sorted(path.name for path in handed.iterdir()) == ["blobs", "bundle.intoto.jsonl", "plan.json"]


@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
def test_so_does_a_tar_of_it(made, tmp_path, ending):
    path = tmp_path / f"run{ending}"
    written = ask("export", made.store.path, path)
    assert written.exit_code == 0, written.output
    assert f"phasegate verify {path} --trust {made.record.charter.keyid}" in written.output
    assert told(path) == told(made.store.path)


def test_nothing_is_written_over(made, handed, tmp_path):
    for taken in (handed, tmp_path / "run.tar"):
        if taken.suffix:
            taken.write_bytes(b"mine")
        answer = ask("export", made.store.path, taken)
        assert isinstance(answer.exception, PhasegateError)
        assert str(answer.exception).endswith("File exists. Name a place that is not there yet.")
    assert (tmp_path / "run.tar").read_bytes() == b"mine"
    nowhere = ask("export", made.store.path, tmp_path / "nowhere" / "run.tar")
    assert str(nowhere.exception).endswith("No such file or directory. Name one in a folder that is there, with room.")


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data + b"\n", lambda data: b" " + data])
def test_an_envelope_that_was_written_otherwise_is_not_mended_by_being_exported(made, tmp_path, spoil):
    run = copied(made, tmp_path / "run")
    path = place(run, "statements/foundation/architect")
    path.write_bytes(spoil(path.read_bytes()))
    assert told(run.store.path)[0] == 1
    written = ask("export", run.store.path, tmp_path / "archive")
    assert written.exit_code != 0 or told(tmp_path / "archive")[0] == 1


@pytest.mark.parametrize("what", ["a byte of a file", "a byte of a log", "a file is gone"])
def test_what_is_not_whole_is_neither_exported_nor_good(made, tmp_path, what):
    run = copied(made, tmp_path / "run")
    TAMPERED[what][0](run)
    code, said = told(run.store.path)
    assert (code, said["verdict"]) == (1, "FAILED")
    assert "evidence-altered" in {finding["rule"] for finding in said["findings"]}
    answer = ask("export", run.store.path, tmp_path / "archive")
    assert isinstance(answer.exception, StoreError)
    assert not (tmp_path / "archive").exists()


def test_every_file_that_is_named_is_looked_at(spoilt):
    for path in sorted(spoilt.glob("blobs/*/*"))[::7]:
        flip(path)
        try:
            code, said = told(spoilt)
        except json.JSONDecodeError:
            pass  # the plan itself: there is nothing to judge by
        else:
            assert code == 1
            assert "evidence-altered" in {finding["rule"] for finding in said["findings"]}
        flip(path)
    assert told(spoilt)[0] == 0


def test_lines_that_are_missing_or_too_many_are_found(spoilt):
    bundle = spoilt / "bundle.intoto.jsonl"
    lines = bundle.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines[1:], 1):
        if number % 4 == 0 and line is not lines[-1]:  # without the last word it is a run that is not complete
            bundle.write_bytes(b"".join(one for one in lines if one is not line))
            assert told(spoilt)[0] == 1, number
    for more in (b"{}\n", b"nonsense\n", b"\n", lines[3], lines[0]):
        bundle.write_bytes(b"".join(lines) + more)
        code, said = told(spoilt)
        assert code == 1
        assert {finding["rule"] for finding in said["findings"]} & {"statement-invalid"}, said["findings"]


def test_a_plan_to_be_read_that_is_another_one_is_found(spoilt):
    flip(spoilt / "plan.json")
    code, said = told(spoilt)
    assert code == 1
    assert [(item["rule"], item["subject"]) for item in said["findings"]] == [("evidence-altered", "plan.json")]


def test_the_lines_in_another_order_are_no_other_run(spoilt):
    bundle = spoilt / "bundle.intoto.jsonl"
    first, *rest = bundle.read_bytes().splitlines(keepends=True)
    bundle.write_bytes(b"".join([first, *reversed(rest)]))
    assert told(spoilt)[0] == 0


@pytest.mark.parametrize("how", ["link", "linked folder", "pipe", "another file", "link for the bundle", "many"])
def test_a_folder_that_leads_elsewhere_is_refused(spoilt, tmp_path, monkeypatch, how):
    import os

    blob = next(spoilt.glob("blobs/*/*"))
    elsewhere = tmp_path / "elsewhere"
    match how:
        case "link":
            blob.rename(elsewhere)
            blob.symlink_to(elsewhere)
        case "linked folder":
            (spoilt / "blobs").rename(elsewhere)
            (spoilt / "blobs").symlink_to(elsewhere)
        case "pipe":
            blob.unlink()
            os.mkfifo(blob)
        case "another file":
            (spoilt / "README").write_text("Believe me.", encoding="utf-8")
        case "link for the bundle":
            (spoilt / "bundle.intoto.jsonl").rename(elsewhere)
            (spoilt / "bundle.intoto.jsonl").symlink_to(elsewhere)
        case "many":
            monkeypatch.setattr(archive, "MOST_FILES", 10)
    assert isinstance(ask("verify", spoilt).exception, StoreError)


def test_a_link_in_a_store_is_refused_too(made, tmp_path):
    run = copied(made, tmp_path)
    TAMPERED["a link"][0](run)
    assert isinstance(ask("verify", run.store.path).exception, StoreError)


def test_of_a_bundle_alone_the_waivers_that_verdicts_rest_on_are_asked_for(tmp_path):
    run = waived(tmp_path / "run")
    gone, bundle = place(run, "waivers/validation").read_bytes(), tmp_path / "run.intoto.jsonl"
    lines = bundle_of(run.store, run.record).splitlines(keepends=True)
    bundle.write_bytes(b"".join(lines))
    assert told(bundle)[0] == 3
    bundle.write_bytes(b"".join(line for line in lines if line != gone))
    code, said = told(bundle)
    assert (code, [finding["rule"] for finding in said["findings"]]) == (1, ["verdict-missing"])


@pytest.mark.parametrize("odd", [{"verdicts": [[]]}, {"ledger": {}}, {"binding": []}, {"word": 1}])
def test_of_a_bundle_alone_what_is_signed_by_who_may_and_is_no_statement_is_told(made, handed, tmp_path, odd):
    bundle = Path(shutil.copyfile(handed / "bundle.intoto.jsonl", tmp_path / "run.intoto.jsonl"))
    last = payload_of(place(made, "completions"))
    last["predicate"] |= odd
    with bundle.open("ab") as stream:
        stream.write(sign_envelope(as_json(last), made.keys.signer(AUTHORITY)))
    code, said = told(bundle)
    assert (code, [finding["rule"] for finding in said["findings"]]) == (1, ["statement-invalid"])


def test_of_a_bundle_alone_signatures_and_chain_are_checked_and_nothing_is_judged(made, handed, tmp_path):
    bundle = Path(shutil.copyfile(handed / "bundle.intoto.jsonl", tmp_path / "run.intoto.jsonl"))
    code, said = told(bundle)
    assert (code, said["verdict"], said["findings"]) == (3, "INCONCLUSIVE", [])
    assert said["phases"] == dict.fromkeys(("foundation", "implementation", "validation", "integration"), "PASSED")
    assert said["key"] == made.record.charter.keyid
    answer = ask("verify", bundle, "--trust", "0" * 64)
    assert answer.exit_code == 1
    assert "✗ key-untrusted" in answer.output
    assert "nothing can be judged" in answer.output
    lines = bundle.read_bytes().splitlines(keepends=True)
    for number in range(1, len(lines) - 1):
        bundle.write_bytes(b"".join(line for at, line in enumerate(lines) if at != number))
        assert told(bundle)[0] == 1, number
    for number in (3, len(lines) - 1):
        bundle.write_bytes(b"".join(line.replace(b'"sig":"', b'"sig":"A') if at == number else line for at, line in enumerate(lines)))
        code, said = told(bundle)
        assert (code, {finding["rule"] for finding in said["findings"]} >= {"statement-invalid"}) == (1, True)
    for spoilt in (b"", b"nonsense\n", b"".join([lines[1], lines[0], *lines[2:]])):
        bundle.write_bytes(spoilt)
        assert isinstance(ask("verify", bundle).exception, PhasegateError)


@pytest.mark.parametrize("at", [0, 3, -1])
def test_a_line_of_a_bundle_alone_that_is_there_twice_is_told(handed, tmp_path, at):
    bundle = Path(shutil.copyfile(handed / "bundle.intoto.jsonl", tmp_path / "run.intoto.jsonl"))
    lines = bundle.read_bytes().splitlines(keepends=True)
    with bundle.open("ab") as stream:
        stream.write(lines[at])
    code, said = told(bundle)
    place_of = range(1, len(lines) + 1)[at]
    assert (code, said["findings"]) == (
        1,
        [{"rule": "statement-invalid", "subject": f"line {len(lines) + 1}", "text": f"It is line {place_of} once more.", "task": ""}],
    )


def test_findings_as_sarif(made, tmp_path):
    clean = ask("verify", made.store.path, "--format", "sarif")
    assert clean.exit_code == 0
    assert json.loads(clean.output)["runs"][0]["results"] == []
    run = copied(made, tmp_path)
    TAMPERED["a byte of a file"][0](run)
    said = ask("verify", run.store.path, "--format", "sarif")
    assert said.exit_code == 1
    log = json.loads(said.output)
    assert log["version"] == "2.1.0"
    results, rules = log["runs"][0]["results"], log["runs"][0]["tool"]["driver"]["rules"]
    assert results[0]["ruleId"] == "evidence-altered"
    assert results[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "foundation/architect/architecture"
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    assert json.loads(ask("verify", run.store.path, "--format", "json").output)["verdict"] == "FAILED"
