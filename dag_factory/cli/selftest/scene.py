"""Sets the scene of a case: unpacks the real runs, cuts one back to the moment at which a gate is asked, and signs one anew under another plan."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pendulum

from dag_factory.cli.selftest import trees
from dag_factory.cli.selftest.corpus import RUNS, Case
from dag_factory.cli.selftest.stage import Stage, linked, payload_of
from dag_factory.evidence.answering import keep_verdict
from dag_factory.evidence.assurance import spki_of
from dag_factory.evidence.keys import AUTHORITY, KeyFolder
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.statement import moment_of
from dag_factory.evidence.strict_json import dumps_canonical
from dag_factory.evidence.verify import verify

__all__ = ["Scenes", "unpacked"]

_LATER = ("statements", "verdicts", "triages", "fixes", "decisions", "waivers")


@contextmanager
def unpacked(corpus: Path) -> Iterator[Scenes]:
    """The real runs, in a folder of their own that is gone afterwards."""
    with TemporaryDirectory(prefix="phasegate-selftest-") as folder:
        root = Path(folder)
        with tarfile.open(corpus / RUNS) as tar:
            for member in tar:
                path = root / "real" / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                stream = tar.extractfile(member)
                path.write_bytes(stream.read() if stream else b"")
        yield Scenes(root)


@dataclass
class Scenes:
    """Makes the scene of one case after another; what two have in common is made once."""

    root: Path
    _made: dict[str, Path] = field(default_factory=dict)
    _count: int = 0

    @contextmanager
    def of(self, case: Case) -> Iterator[Stage]:
        """The scene of a case, before anything is done."""
        phase, _, cycle = case.asks.partition("/")
        gate = phase if case.asks not in ("run", "folder", "tar") else None
        self._count += 1
        folder = self.root / f"case-{self._count}"
        other = self.root / "real" / ("mended" if case.run == "straight" else "straight")
        before = self._before(case, gate, int(cycle or 0))
        keys = KeyFolder(linked(before / "keys", folder / "keys"))
        path = linked(before / "run", folder / "run", shared=("blobs",) if gate else ())
        stage = Stage(path, keys, other, pendulum.now("UTC"), gate, int(cycle or 0))
        stage.now = pendulum.instance(moment_of((stage.path / "judged").read_text(encoding="ascii")))
        (stage.path / "judged").unlink()
        try:
            yield stage
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _before(self, case: Case, gate: str | None, cycle: int) -> Path:
        """The run as it stood, under the plan that the case asks for; `judged` in it says when it is judged."""
        key = hashlib.sha256(json.dumps([case.run, gate, cycle, case.plan, case.charter], sort_keys=True).encode()).hexdigest()[:16]
        if key not in self._made:
            folder = self.root / key
            keys = KeyFolder(linked(self.root / "real" / "keys", folder / "keys"))
            stage = Stage(linked(self.root / "real" / case.run, folder / "run"), keys, self.root, pendulum.now("UTC"), gate, cycle)
            moment = _cut(stage) if gate else _last(stage)
            if case.plan or case.charter:
                _sign_anew(stage, case.plan, case.charter)
            (stage.path / "judged").write_text(moment, encoding="ascii")
            self._made[key] = folder
        return self._made[key]


def _last(stage: Stage) -> str:
    """When the run was complete."""
    return str(payload_of(stage.at("completions").read_bytes())["predicate"]["completedAt"])


def _cut(stage: Stage) -> str:
    """Take away what came after the gate was asked, with its answer; when it answered."""
    phase, contract = str(stage.phase), stage.record.contract
    verdict = next(path for path in sorted(stage.folder.glob(f"verdicts/{phase}/*.json")) if _cycle(path) == stage.cycle)
    moment = payload_of(verdict.read_bytes())["predicate"]["timeVerified"]
    gone = [stage.folder / "completions"]
    order = [one.id for one in contract.phases]
    for later in order[order.index(phase) + 1 :]:
        gone += [stage.folder / kind / later for kind in _LATER]
    gone += [path for path in stage.folder.glob(f"fixes/{phase}/*") if int(path.name) > stage.cycle]
    gone += [path for path in stage.folder.glob(f"verdicts/{phase}/*.json") if _cycle(path) >= stage.cycle]
    gone += [
        path
        for kind in ("triages/{}", "statements/{}/converge")
        for path in stage.folder.glob(f"{kind.format(phase)}/*.json")
        if _cycle(path) > stage.cycle
    ]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    return str(moment)


def _cycle(path: Path) -> int:
    said = payload_of(path.read_bytes())["predicate"]
    return int((said.get("phasegate") or said)["binding"]["cycle"])


def _sign_anew(stage: Stage, plan: dict[str, Any], charter: dict[str, Any]) -> None:
    """Sign a run of no fix phase again under another plan or charter, each by who signed it; the gates judge, as they did.

    The charter is another, so everything that binds it is bound to the new one; times, files and seals stay what they were.
    """
    old, path = stage.folder, stage.at("charter")
    said = payload_of(path.read_bytes())
    if plan:
        whole = json.loads(stage.at("plan").read_bytes())
        for place, value in plan.items():
            trees.put(whole["contract"], place, _known(stage, value))
        said["predicate"]["plan"] = stage.keep(dumps_canonical(whole))
        said["subject"] = [{"name": "plan", "digest": {"sha256": said["predicate"]["plan"]}}]
    for place, value in charter.items():
        trees.put(said["predicate"], place, _known(stage, value))
    stage.sign(path, said)
    old.rename(stage.folder)
    verdicts = {path.parent.name: payload_of(path.read_bytes())["predicate"] for path in sorted(stage.folder.glob("verdicts/*/*.json"))}
    shutil.rmtree(stage.folder / "verdicts", ignore_errors=True)
    for phase in stage.record.contract.phases:
        _bind(stage, phase.id, said["predicate"]["plan"])
        if phase.id in verdicts:
            moment = verdicts[phase.id]["timeVerified"]
            judgement = verify(stage.record, phase.id, stage.store.blob, moment_of(moment))
            keep_verdict(stage.store, stage.record, judgement, attempt=1, moment=moment, signer=stage.signer(AUTHORITY))
    for path in sorted(stage.folder.glob("completions/*.json")):
        _complete_anew(stage, path)


def _complete_anew(stage: Stage, path: Path) -> None:
    record, said = stage.record, payload_of(path.read_bytes())
    newest = [stored.digest for phase in record.contract.phases if (stored := record.verdict(phase.id))]
    previous = _previous(record, record.contract.phases[-1].id)
    said["predicate"]["binding"].update(charter=record.charter.digest, plan=record.charter.says.plan, previousVerdict=previous)
    said["predicate"]["verdicts"] = newest
    said["subject"] = [{"name": phase.id, "digest": {"sha256": one}} for phase, one in zip(record.contract.phases, newest, strict=True)]
    stage.sign(path, said)


def _bind(stage: Stage, phase: str, plan: str) -> None:
    record = stage.record
    previous = _previous(record, phase)
    for path in sorted(stage.folder.glob(f"statements/{phase}/*/*.json")):
        by = _key_of(stage, record, stage.signer_of(path.read_bytes()))
        said = payload_of(path.read_bytes())
        said["predicate"]["binding"].update(charter=record.charter.digest, plan=plan, previousVerdict=previous)
        stage.sign(path, said, by=by)


def _key_of(stage: Stage, record: RunRecord, who: str) -> str:
    """Whose key the charter gives to somebody: in an attack it may be another's."""
    pem = record.charter.says.keys[who]
    return next(name for name in stage.names.values() if stage.signer(name).public.pem == pem)


def _previous(record: RunRecord, phase: str) -> str | None:
    before = record.contract.before(phase)
    verdict = record.verdict(before.id) if before else None
    return verdict.digest if verdict else None


def _known(stage: Stage, value: Any) -> Any:
    """A value with what only this machine knows put in: `{key of: persona}` is the pinned form of a key, `{pem of: persona}` the charter's."""
    if isinstance(value, list):
        return [_known(stage, one) for one in value]
    if not isinstance(value, dict):
        return value
    if "key of" in value:
        public = stage.signer(value["key of"]).public
        return {**{name: one for name, one in value.items() if name != "key of"}, "key": spki_of(public), "keyid": public.keyid}
    if "pem of" in value:
        return stage.signer(value["pem of"]).public.pem
    return {name: _known(stage, one) for name, one in value.items()}
