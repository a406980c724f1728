"""What reads whole runs. Laws: no line of a bundle is lost; nothing counts in a spoilt bundle or ledger that was not signed for its place; a run that holds is
the one that was signed; what a rightful key signs, however strange, is judged or refused."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dag_factory.errors import PhasegateError, StoreError
from dag_factory.evidence.archive import ArchiveStore, sorted_lines
from dag_factory.evidence.ledger import Reservation, read_ledger
from dag_factory.evidence.loose import read_loose
from dag_factory.evidence.reading import parse
from dag_factory.evidence.record import read_charter, read_record
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.statement import TaskStatement
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.strict_json import dumps_canonical
from dag_factory.evidence.verify import verify_run
from dag_factory.evidence.whole import unwhole
from fuzzing.forged import RUN, enveloped, lines_of, payload_of, resigned, run_lines
from fuzzing.laws import Answer, BrokenLawError, Target, refused, seeds

__all__ = ["RUNS"]

_Ask = Callable[[bytes], Answer]


def _judged(scratch: Path, files: dict[str, bytes]) -> tuple[RunRecord, tuple[str, ...]]:
    """Read and judge a run as `phasegate verify` does; the record, and the rules that it breaks."""
    import pendulum

    store = RunStore(ArchiveStore(scratch, files), ".")
    record = read_record(store)
    if record is None:
        raise StoreError("there is no run")
    _, _, findings = verify_run(record, store.blob, record.judged_at(pendulum.datetime(2030, 1, 1)))
    return record, (
        *(f"{item.rule} {item.text}" for item in (*findings, *unwhole(store, record))),
        *(item.reason for item in record.broken),
    )


def _told(rules: Iterable[str], record: RunRecord) -> Answer:
    found = tuple(rules)
    return Answer.of({text.split()[0] for text in found}, " ".join(sorted({text[:60] for text in found})), (found, record.charter.digest))


def _sorted(_: Path) -> _Ask:
    """Where every line of a bundle belongs: none is lost, and none takes the place of another."""

    def ask(data: bytes) -> Answer:
        found = list(sorted_lines(data))
        if [line for _, line in found] != lines_of(data):
            raise BrokenLawError("a line was lost or altered")
        if len({name for name, _ in found}) != len(found):
            raise BrokenLawError("two lines have one place")
        folders = {name.rpartition("/")[0].partition("/")[2].partition("/")[0] for name, _ in found}
        return Answer(
            frozenset({"unsorted"} if any(name.startswith("unsorted/") for name, _ in found) else ()),
            tuple(sorted(folders))[:14],
            tuple(found),
        )

    return ask


def _bundle(scratch: Path) -> _Ask:
    shutil.copytree(RUN / "blobs", scratch / "blobs")
    signed = Counter(dumps_canonical(payload_of(line)) for line in run_lines())
    known = {hashlib.sha256(line).hexdigest() for line in run_lines()}

    def ask(data: bytes) -> Answer:
        files = dict(sorted_lines(data))
        try:
            record, found = _judged(scratch, files)
        except PhasegateError as error:
            return refused(error)
        held: list[Iterable[Any]] = [
            *record.converges.values(),
            *record.verdicts.values(),
            *record.statements.values(),
            record.completions,
            [record.charter],
        ]
        if any(stored.digest not in known and _said(files, stored.digest) not in signed for group in held for stored in group):
            raise BrokenLawError("a statement counts that nobody signed")
        if not found and Counter(dumps_canonical(payload_of(line)) for line in files.values()) != signed:
            raise BrokenLawError("the run holds, and it is not the one that was signed")
        return _told(found, record)

    return ask


def _said(files: dict[str, bytes], digest: str) -> bytes:
    line = next(line for line in files.values() if hashlib.sha256(line).hexdigest() == digest)
    return dumps_canonical(payload_of(line))


def _rightful(scratch: Path) -> _Ask:
    """One statement of a run is replaced by another, signed with the right key."""
    shutil.copytree(RUN / "blobs", scratch / "blobs")
    lines = resigned(run_lines())
    kinds = [payload_of(line)["predicateType"] for line in lines]

    def ask(data: bytes) -> Answer:
        found = re.search(rb'"predicateType"\s*:\s*"([^"]*)"', data)
        kind = found[1].decode("utf-8", "replace") if found else ""
        at = kinds.index(kind) if kind in kinds else 1
        line = enveloped(data, "worker" if kind == TaskStatement.TYPE else "phasegate")
        try:
            record, rules = _judged(scratch, dict(sorted_lines(b"".join([*lines[:at], line, *lines[at + 1 :]]))))
        except PhasegateError as error:
            return refused(error)
        return _told(rules, record)

    return ask


def _loose(scratch: Path) -> _Ask:
    """A bundle alone, with a line at its end that somebody signed who may."""
    path = scratch / "bundle.intoto.jsonl"
    lines = b"".join(resigned(run_lines())[:3])

    def ask(data: bytes) -> Answer:
        path.write_bytes(lines + enveloped(data, "worker" if b"task:v1" in data else "phasegate"))
        try:
            found = read_loose(path)
        except PhasegateError as error:
            return refused(error)
        return Answer.of({item.rule for item in found.findings}, " ".join(item.text for item in found.findings), found)

    return ask


def _ledger(scratch: Path) -> _Ask:
    lines = run_lines()
    charter = read_charter(RunStore(ArchiveStore(scratch, {"charters/0001.json": lines[0]}), "."))
    if charter is None:
        raise BrokenLawError("the seed has no charter")
    folder = charter.digest[:16]
    whole = [parse(payload_of(line), Reservation) for line in lines if payload_of(line)["predicateType"] == Reservation.TYPE]

    def ask(data: bytes) -> Answer:
        files = {f"{folder}/ledger/{number:04d}.json": line for number, line in enumerate(lines_of(data), 1)}
        try:
            found = read_ledger(RunStore(ArchiveStore(scratch, files), "."), charter)
        except StoreError as error:
            return refused(error)
        if list(found.reservations) != whole[: len(found.reservations)]:
            raise BrokenLawError("an entry counts that nobody signed there")
        return Answer(frozenset(), (str(len(found.reservations)),), (found.digests, found.spent("run")))

    return ask


def _payloads() -> list[bytes]:
    return [*(dumps_canonical(payload_of(line)) for line in resigned(run_lines())), *seeds("statement")()]


def _claims() -> list[bytes]:
    """Bundles whose lines claim, in plain sight, to belong anywhere."""
    kinds = ("task", "converge", "reservation", "triage", "completion")
    made = []
    for task, attempt in (("converge", 2), ("a", 1), ("", 0), ("../a", 1), ("x/0001.json", 1)):
        bound = {"phase": "p", "cycle": 0, "task": task, "attempt": attempt}
        said = [
            {"predicateType": f"urn:phasegate:predicate:{kind}:v1", "predicate": {"binding": bound, "number": attempt}} for kind in kinds
        ]
        lines = [json.dumps({"payload": base64.b64encode(json.dumps(one).encode()).decode()}).encode() for one in (*said, *said)]
        made.append(b"\n".join(lines) + b"\n")
    return made


def _entries() -> list[bytes]:
    return [b"".join(line for line in run_lines() if payload_of(line)["predicateType"] == Reservation.TYPE)]


RUNS = (
    Target("lines", lambda: [*_claims(), (RUN / "bundle.intoto.jsonl").read_bytes()], _sorted),
    Target("ledger", _entries, _ledger),
    Target("loose", _payloads, _loose),
    Target("bundle", lambda: [(RUN / "bundle.intoto.jsonl").read_bytes()], _bundle, share=5),
    Target("rightful", _payloads, _rightful, share=5),
)  # fmt: skip
"""What reads bundles, ledgers and whole runs."""
