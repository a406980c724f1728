"""What reads envelopes, what they hold, and the tar they come in. Laws: what is none of ours is an error of ours; no envelope whose payload was changed
verifies; what a rightful key signs, however strange, is read as it is written or refused; a tar leaves nothing but what belongs into an archive."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from dag_factory.errors import EnvelopeError, EvidenceError, PhasegateError, StoreError
from dag_factory.evidence import strict_json
from dag_factory.evidence.archive import ArchiveStore, unpack
from dag_factory.evidence.decisions import Completion, Decision, Triage, Waiver
from dag_factory.evidence.envelope import open_envelope
from dag_factory.evidence.keys import PublicKey
from dag_factory.evidence.ledger import Reservation
from dag_factory.evidence.reading import parse
from dag_factory.evidence.record import OpenRun, read_charter, read_contract
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.statement import Charter, ConvergeStatement, TaskStatement
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.strict_json import dumps_canonical
from dag_factory.evidence.verdict import Verdict
from dag_factory.evidence.wire import moment_of
from fuzzing.forged import RUN, enveloped, payload_of, resigned, run_lines
from fuzzing.laws import Answer, BrokenLawError, Target, refused, seeds

__all__ = ["SIGNED"]

_KINDS = (Charter, TaskStatement, ConvergeStatement, Verdict, Triage, Decision, Waiver, Completion, Reservation)
_OF_TYPE: dict[str, type[Any]] = {kind.TYPE: kind for kind in _KINDS}
_Ask = Callable[[bytes], Answer]


def _envelope(_: Path) -> _Ask:
    lines = run_lines()
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
    contract = read_contract(_with_plan((RUN / "plan.json").read_bytes()), "plan")

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
        super().__init__(ArchiveStore(RUN, {}), ".")
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


def _charters() -> list[bytes]:
    return [dumps_canonical(payload_of(resigned(run_lines())[0]))]


SIGNED = (
    Target("envelope", run_lines, _envelope),
    Target("statement", seeds("statement"), _statement),
    Target("charter", _charters, _charter),
    Target("contract", lambda: [(RUN / "plan.json").read_bytes(), json.dumps({"contract": {"workflow": "x", "phases": []}}).encode()], _contract),
    Target("tar", _small_tar, _tar, _tar_sums),
)  # fmt: skip
"""What reads envelopes, statements, charters, contracts and archives."""
