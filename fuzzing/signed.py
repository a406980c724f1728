"""What reads envelopes and runs. Laws: what is no run of ours is an error of ours; no envelope whose payload was changed verifies; nothing is read out of a
spoilt bundle, ledger or charter that was not signed; what a rightful key signs, however strange, is read or refused."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

from dag_factory.errors import EnvelopeError, EvidenceError, PhasegateError, StoreError
from dag_factory.evidence import strict_json
from dag_factory.evidence.archive import ArchiveStore, sorted_lines, unpack
from dag_factory.evidence.decisions import Completion, Decision, Triage, Waiver
from dag_factory.evidence.envelope import open_envelope
from dag_factory.evidence.keys import PublicKey
from dag_factory.evidence.ledger import Reservation, read_ledger
from dag_factory.evidence.loose import read_loose
from dag_factory.evidence.record import OpenRun, read_charter, read_contract, read_record
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.statement import Charter, ConvergeStatement, TaskStatement, parse
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.strict_json import dumps_canonical
from dag_factory.evidence.verdict import Verdict
from dag_factory.evidence.verify import verify_run
from dag_factory.evidence.whole import unwhole
from dag_factory.evidence.wire import moment_of
from fuzzing.forged import enveloped, lines_of, payload_of, resigned
from fuzzing.laws import SEEDS, Answer, BrokenLawError, Target, refused, seeds

__all__ = ["SIGNED"]

_KINDS = (Charter, TaskStatement, ConvergeStatement, Verdict, Triage, Decision, Waiver, Completion, Reservation)
_OF_TYPE: dict[str, type[Any]] = {kind.TYPE: kind for kind in _KINDS}
_RUN = SEEDS / "run"
_Ask = Callable[[bytes], Answer]


def _lines() -> list[bytes]:
    return lines_of((_RUN / "bundle.intoto.jsonl").read_bytes())


def _envelope(_: Path) -> _Ask:
    lines = _lines()
    keys = {key.keyid: key for key in map(PublicKey, payload_of(lines[0])["predicate"]["keys"].values())}
    signed = {dumps_canonical(payload_of(line)) for line in lines}

    def ask(data: bytes) -> Answer:
        try:
            opened = open_envelope(data, keys)
        except EnvelopeError as error:
            return refused(error)
        if dumps_canonical(opened.payload) not in signed:
            raise BrokenLawError("an envelope verifies, and nobody signed its payload")
        return Answer(frozenset(), whole=opened)

    return ask


def _statement(_: Path) -> _Ask:
    def ask(data: bytes) -> Answer:
        try:
            payload = strict_json.loads(data, max_bytes=1_000_000, max_depth=32)
            if not isinstance(payload, dict):
                raise EnvelopeError("its payload is no JSON object")
            named = payload.get("predicateType")
            made = parse(payload, _OF_TYPE.get(named, TaskStatement) if isinstance(named, str) else TaskStatement)
        except EvidenceError as error:
            return refused(error)
        if made.model_dump(by_alias=True, mode="json") != payload["predicate"]:
            raise BrokenLawError("what was read is not what is written")
        return Answer(frozenset(), whole=made)

    return ask


def _charter(scratch: Path) -> _Ask:
    """Whoever writes a charter signs it with a key that it names itself; the rest of it is hostile."""
    contract = read_contract(_with_plan((_RUN / "plan.json").read_bytes()), "plan")

    def ask(data: bytes) -> Answer:
        envelope = enveloped(data)
        try:
            charter = read_charter(RunStore(ArchiveStore(scratch, {"charters/0001.json": envelope}), "."))
            if charter is None:
                raise BrokenLawError("a charter was passed over")
            run = OpenRun(RunStore(ArchiveStore(scratch, {}), "."), charter, contract)
            keys, record = run.keys, RunRecord(charter, contract)
            return Answer(frozenset(), whole=(charter, sorted(keys), record.keyids, moment_of(charter.says.written_at)))
        except PhasegateError as error:
            return refused(error)

    return ask


class _PlanStore(RunStore):
    """A run's place in which any digest has the same bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(ArchiveStore(_RUN, {}), ".")
        self._data = data

    def blob(self, digest: str, *, at_most: int = 1 << 31) -> bytes | None:  # noqa: ARG002
        return self._data


def _with_plan(data: bytes) -> RunStore:
    return _PlanStore(data)


def _contract(_: Path) -> _Ask:
    def ask(data: bytes) -> Answer:
        try:
            contract = read_contract(_with_plan(data), "a" * 64)
        except StoreError as error:
            return refused(error)
        return Answer(frozenset(), whole=(contract, sorted(contract.tasks), contract.personas, contract.fix.cycles))

    return ask


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


def _bundle(scratch: Path) -> _Ask:
    shutil.copytree(_RUN / "blobs", scratch / "blobs")
    signed = Counter(dumps_canonical(payload_of(line)) for line in _lines())
    known = {hashlib.sha256(line).hexdigest() for line in _lines()}

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
    shutil.copytree(_RUN / "blobs", scratch / "blobs")
    lines = resigned(_lines())
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
    lines = b"".join(resigned(_lines())[:3])

    def ask(data: bytes) -> Answer:
        path.write_bytes(lines + enveloped(data, "worker" if b"task:v1" in data else "phasegate"))
        try:
            found = read_loose(path)
        except PhasegateError as error:
            return refused(error)
        return Answer.of({item.rule for item in found.findings}, " ".join(item.text for item in found.findings), found)

    return ask


def _ledger(scratch: Path) -> _Ask:
    lines = _lines()
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


def _tar(scratch: Path) -> _Ask:
    name = re.compile(r"bundle\.intoto\.jsonl|plan\.json|blobs/[0-9a-f]{2}/[0-9a-f]{64}")
    path, to = scratch / "run.tar", scratch / "to"

    def ask(data: bytes) -> Answer:
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        path.write_bytes(data)
        try:
            unpack(path, to)
            answer = Answer(frozenset())
        except StoreError as error:
            answer = refused(error)
        for one in to.rglob("*"):
            if one.is_symlink() or not (one.is_dir() or name.fullmatch(one.relative_to(to).as_posix())):
                raise BrokenLawError(f"{one.relative_to(to)} was unpacked")
        if {one.name for one in scratch.iterdir()} != {"run.tar", "to"}:
            raise BrokenLawError("something was unpacked beside the folder")
        return answer

    return ask


def _tar_sums(data: bytes, chance: Random) -> bytes:
    """Three tars of four get header checksums that fit."""
    if len(data) < 512 or data[257:262] != b"ustar" or chance.random() < 0.25:
        return data
    made = bytearray(data)
    for at in range(0, len(made) - 511, 512):
        if made[at + 257 : at + 262] == b"ustar":
            made[at + 148 : at + 156] = b" " * 8
            made[at + 148 : at + 156] = b"%06o\x00 " % sum(made[at : at + 512])
    return bytes(made)


def _small_tar() -> list[bytes]:
    """Tars that end where their last block ends, so that chance hits what is in them."""
    found = seeds("tar")()
    with tarfile.open(fileobj=io.BytesIO(found[0])):
        return [data.rstrip(b"\0") + b"\0" * 1024 if data[257:262] == b"ustar" else data for data in found]


def _payloads() -> list[bytes]:
    return [*(dumps_canonical(payload_of(line)) for line in resigned(_lines())), *seeds("statement")()]


def _charters() -> list[bytes]:
    return [dumps_canonical(payload_of(resigned(_lines())[0]))]


def _entries() -> list[bytes]:
    return [b"".join(line for line in _lines() if payload_of(line)["predicateType"] == Reservation.TYPE)]


SIGNED = (
    Target("envelope", _lines, _envelope),
    Target("statement", seeds("statement"), _statement),
    Target("charter", _charters, _charter),
    Target("contract", lambda: [(_RUN / "plan.json").read_bytes(), json.dumps({"contract": {"workflow": "x", "phases": []}}).encode()], _contract),
    Target("rightful", _payloads, _rightful),
    Target("loose", _payloads, _loose),
    Target("bundle", lambda: [(_RUN / "bundle.intoto.jsonl").read_bytes()], _bundle),
    Target("ledger", _entries, _ledger),
    Target("tar", _small_tar, _tar, _tar_sums),
)  # fmt: skip
"""What reads envelopes, bundles, ledgers, charters and archives."""
