"""A whole run with its last word, and what may be done to a copy of it behind everybody's back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from dag_factory.cli import app
from dag_factory.evidence.decisions import Completion
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.ledger import Amounts, Reservation, read_ledger
from dag_factory.evidence.record import binding_of
from dag_factory.evidence.statement import now, sign
from dag_factory.evidence.whole import unwhole
from support.cycles import decide, failing, given
from support.runs import HonestRun, honest, place, resign


def finished(to: Path) -> HonestRun:
    """An honest run that is complete, and that drew on a budget."""
    run = honest(to, through="integration")
    for task in ("implementation/ingest.software-engineer", "implementation/ingest.sdet"):
        set_aside(run, task)
    completed(run)
    return run


def ask(*words: object) -> Result:
    """What `phasegate` answers."""
    return CliRunner().invoke(app, [str(word) for word in words])


def waived(to: Path) -> HonestRun:
    """A run that is complete, and whose only failure is waived."""
    run = failing(honest(to, worked="validation"))
    decide(run, "validation", "waive")
    given(run, "validation")
    assert run.answer("validation").word == "PASSED_WITH_WAIVER"
    run.work("integration")
    assert run.answer("integration").word == "PASSED"
    completed(run)
    return run


def set_aside(run: HonestRun, task: str) -> None:
    """Set aside what a task may spend, as its operator does before it works."""
    record = run.record
    charter, found = record.charter.digest, read_ledger(run.store, record.charter)
    entry = Reservation(
        binding=record.newest(task).says.binding, number=len(found.reservations) + 1, previous=found.last,  # type: ignore[union-attr] # it is there
        attempt=f"statements/{task}/0001", accounts=("run",), amounts=Amounts(money="1", tokens=None, requests=None, time=None), written_at=now(),
    )  # fmt: skip
    envelope = sign(entry, {"charter": {"sha256": charter}}, run.keys.signer(AUTHORITY))
    run.store.create(f"{charter[:16]}/ledger/{entry.number:04d}.json", envelope)


def completed(run: HonestRun) -> None:
    """Sign the last word on a run, as `complete` does."""
    record = run.record
    verdicts = tuple(verdict.digest for phase in record.contract.phases if (verdict := record.verdict(phase.id)))
    last = record.contract.phases[-1].id
    waived = any(verdict.says.phasegate.waived for phase in record.contract.phases if (verdict := record.verdict(phase.id)))
    word = "PASSED_WITH_WAIVER" if waived else "PASSED"
    said = Completion(
        binding=binding_of(record, last, "complete", 1), word=word, verdicts=verdicts, ledger=read_ledger(run.store, record.charter).last,
        completed_at=now(),
    )  # fmt: skip
    subjects = {phase.id: {"sha256": digest} for phase, digest in zip(record.contract.phases, verdicts, strict=True)}
    run.store.append(f"{record.charter.digest[:16]}/completions", sign(said, subjects, run.keys.signer(AUTHORITY)))


def told(run: HonestRun) -> list[tuple[str, str]]:
    """What an auditor finds in a run beyond its phases: the rules that are broken, each with what it is about."""
    return [(finding.rule, finding.subject) for finding in unwhole(run.store, run.record)]


def flip(path: Path, at: int = -2) -> None:
    """Change one bit of one byte of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def envelope(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change an envelope, and keep its signature."""
    body = json.loads(path.read_bytes())
    change(body)
    path.write_text(json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")


def _payload(body: dict[str, Any]) -> None:
    data = bytearray(base64.b64decode(body["payload"]))
    data[data.index(b"finishedAt") + 14] ^= 1
    body["payload"] = base64.b64encode(data).decode()


def _signature(body: dict[str, Any]) -> None:
    data = bytearray(base64.b64decode(body["signatures"][0]["sig"]))
    data[7] ^= 1
    body["signatures"][0]["sig"] = base64.b64encode(data).decode()


def _evidence(run: HonestRun) -> Path:
    return Path(run.store.blob_path(run.record.newest("foundation/architect").says.evidence[0].digest))  # type: ignore[union-attr] # it is there


def _charter(run: HonestRun) -> None:
    run.kickoff()
    newest = run.store.path / "charters" / "0002.json"
    newest.replace(run.store.path / "charters" / "0001.json")


def _failed(run: HonestRun) -> None:
    run.codes["validation/test-engineer", "check"] = 1
    run.deliver("validation/test-engineer")
    assert run.answer("validation").word == "FAILED"


def _forged_word(run: HonestRun) -> None:
    """Phasegate's own key signs a verdict that says one thing in one field and another in the next."""
    resign(run, place(run, "verdicts/integration"), lambda said: said["predicate"]["phasegate"].update(word="FAILED"), signer=AUTHORITY)


def _stranger(run: HonestRun) -> None:
    resign(run, place(run, "statements/foundation/architect"), lambda _: None, signer="sdet")


def _other_plan(run: HonestRun) -> None:
    resign(
        run,
        place(run, "statements/foundation/architect"),
        lambda said: said["predicate"]["binding"].update(plan="0" * 64),
        signer="architect",
    )


def _older(run: HonestRun) -> None:
    """The first charter of a run that was begun again, put after the second."""
    run.kickoff(previous=run.record.charter.digest)
    first = run.store.path / "charters" / "0001.json"
    first.with_name("0003.json").write_bytes(first.read_bytes())


def _last_word(run: HonestRun, old: str, new: str) -> None:
    path = place(run, "completions")
    path.write_text(path.read_text(encoding="ascii").replace(old, new), encoding="ascii")


def _linked(run: HonestRun) -> None:
    path, elsewhere = _evidence(run), run.tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


TAMPERED: dict[str, tuple[Callable[[HonestRun], object], str]] = {
    "a byte of a file": (lambda run: flip(_evidence(run)), "FAILED"),
    "a file is gone": (lambda run: _evidence(run).unlink(), "FAILED open or read"),
    "a byte of a log": (lambda run: flip(run.store.blob_path(run.record.newest("foundation/architect").says.log)), "FAILED"),
    "a byte of the plan": (lambda run: flip(run.store.blob_path(run.record.charter.says.plan)), "FAILED"),
    "a byte of a payload": (lambda run: envelope(place(run, "statements/foundation/architect"), _payload), 'the signature of "architect"'),
    "a byte of a signature": (
        lambda run: envelope(place(run, "statements/foundation/architect"), _signature),
        'the signature of "architect"',
    ),
    "a byte of a verdict's signature": (
        lambda run: envelope(place(run, "verdicts/validation"), _signature),
        'the signature of "phasegate"',
    ),
    "a second signature": (
        lambda run: envelope(place(run, "verdicts/validation"), lambda body: body["signatures"].append(body["signatures"][0])),
        "the signature of nobody",
    ),
    "a verdict is gone": (lambda run: place(run, "verdicts/validation").unlink(), "it is not here"),
    "the last verdict is gone": (lambda run: place(run, "verdicts/integration").unlink(), 'phase "integration": no verdict'),
    "a statement is gone": (lambda run: place(run, "statements/foundation/ux-designer").unlink(), "it is not here"),
    "another charter": (_charter, "there is none"),
    "no charter": (lambda run: place(run, "charters").unlink(), "the charter"),
    "a FAILED verdict": (_failed, 'phase "validation": FAILED'),
    "a verdict of two words": (_forged_word, 'phase "integration": FAILED'),
    "another persona's key": (_stranger, 'the signature of "architect"'),
    "another plan": (_other_plan, "of another charter or plan"),
    "an older charter put last": (_older, "came after it"),
    "a key id of nobody's": (
        lambda run: envelope(place(run, "completions"), lambda body: body["signatures"][0].update(keyid="0" * 64)),
        "does not fit",
    ),
    "a field twice": (lambda run: _last_word(run, '"payload":', '"payload":"AAAA","payload":'), "the signature of nobody"),
    "a field that nobody asked for": (lambda run: _last_word(run, '"sig":', '"by":"me","sig":'), "the signature of nobody"),
    "two envelopes in one file": (lambda run: _last_word(run, "}]}\n", "}]}{}\n"), "the signature of nobody"),
    "a signature in another spelling": (lambda run: _last_word(run, '=="', '= ="'), "the signature of nobody"),
    "a file of another name": (lambda run: place(run, "completions").with_name("0002.txt").write_bytes(b"{}"), "the signature of nobody"),
    "the last word without its end": (lambda run: _last_word(run, "}]}\n", "}]}"), "the signature of nobody"),
    "the last word on two lines": (lambda run: _last_word(run, "}]}\n", "}]\n}\n"), "the signature of nobody"),
    "a last word of another colour": (
        lambda run: resign(
            run, place(run, "completions"), lambda said: said["predicate"].update(word="PASSED_WITH_WAIVER"), signer=AUTHORITY
        ),
        "it says another word",
    ),
    "no last word": (lambda run: place(run, "completions").unlink(), "the last word"),
    "a link": (_linked, "BAD"),
    "an entry of the ledger is gone": (lambda run: place(run, "ledger").unlink(), "it is not here"),
    "the last entry of the ledger is gone": (lambda run: place(run, "ledger", 2).unlink(), "it is not here"),
    "a byte of an entry's signature": (lambda run: envelope(place(run, "ledger"), _signature), 'the signature of "phasegate"'),
}
"""What is done to a finished run, and a part of what the script says of it."""
