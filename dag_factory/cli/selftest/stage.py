"""A copy of a real run that a case may spoil: where everything of it lies, and how it is changed behind everybody's back or signed anew.

The copy is made of hard links, so nothing in it is ever written into: what is changed is taken away and written anew.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pendulum

from dag_factory.errors import PhasegateError
from dag_factory.evidence.envelope import sign_envelope
from dag_factory.evidence.keys import AUTHORITY, KeyFolder, Signer
from dag_factory.evidence.record import RunRecord, read_record
from dag_factory.evidence.store import RunStore, Store

__all__ = ["Stage", "linked", "payload_of"]


def linked(source: Path, to: Path, *, shared: tuple[str, ...] = ()) -> Path:
    """Copy a folder by hard links, which costs no bytes.

    Parameters
    ----------
    shared: folders right below it that are not copied, but linked to; see `Stage.own`.

    """
    shutil.copytree(source, to, copy_function=os.link, ignore=lambda folder, _: shared if Path(folder) == source else ())
    for name in shared:
        (to / name).symlink_to(source / name)
    return to


def payload_of(data: bytes) -> Any:
    """What an envelope holds, unverified."""
    return json.loads(base64.b64decode(json.loads(data)["payload"]))


@dataclass
class Stage:
    """A run to be spoiled.

    Parameters
    ----------
    path: the folder of the run.
    keys: everybody's private keys; a name that has none gets one, and is a stranger to the run.
    other: another real run, by the same people with the same keys, to be copied from.
    now: the moment at which it is judged.
    phase: the phase whose gate is asked; None where the whole run is verified.
    cycle: the fix cycle of that gate.
    trust: the key that an auditor holds the charter against.
    spoil: what is done to an archive of the run once it is made, given its folder.
    renamed: files of the archive that have another name in a tar than they should.

    """

    path: Path
    keys: KeyFolder
    other: Path
    now: pendulum.DateTime
    phase: str | None = None
    cycle: int = 0
    trust: str | None = None
    spoil: list[Callable[[Path], None]] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> RunStore:
        """The run's place in its store."""
        return RunStore(Store(self.path.parent), self.path.name)

    @property
    def record(self) -> RunRecord:
        """The run as its store holds it now.

        Raises
        ------
        PhasegateError: it has not begun.

        """
        record = read_record(self.store)
        if record is None:
            raise PhasegateError(f"There is no run in {self.path}.", remedy="Mend the case.")
        return record

    @property
    def folder(self) -> Path:
        """Where everything under the newest charter lies."""
        newest = sorted((self.path / "charters").iterdir())[-1]
        return self.path / hashlib.sha256(newest.read_bytes()).hexdigest()[:16]

    @cached_property
    def names(self) -> dict[str, str]:
        """Whose key has which id."""
        return {self.keys.signer(path.stem).public.keyid: path.stem for path in sorted(self.keys.path.glob("*.pem"))}

    def signer(self, name: str) -> Signer:
        """Somebody's key."""
        return self.keys.signer(name, make=True)

    def signer_of(self, envelope: bytes) -> str:
        """Who signed an envelope, by the key id that it states."""
        return self.names[json.loads(envelope)["signatures"][0]["keyid"]]

    def at(self, place: str) -> Path:
        """Where something lies.

        Parameters
        ----------
        place: `charter`, `plan`; `evidence TASK/ITEM`, `log TASK`, `work TASK`; or the folder of envelopes, like `statements/foundation/architect`
            or `verdicts/foundation`: the newest one in it, `#2` the second, `#+` the next that is not there yet. `other:` before it is of the other run.

        """
        if place.startswith("other:"):
            return Stage(self.other, self.keys, self.path, self.now).at(place.removeprefix("other:"))
        kind, _, rest = place.partition(" ")
        if rest:
            return self._blob(kind, rest)
        if place == "plan":
            return self.store.blob_path(self.record.charter.says.plan)  # type: ignore[no-any-return] # a local store
        name, _, number = place.partition("#")
        folder = self.path / "charters" if name == "charter" else self.folder / name
        there = sorted(folder.glob("*.json")) if folder.is_dir() else []
        if number == "+":
            return folder / f"{len(there) + 1:04d}.json"
        found = folder / f"{int(number):04d}.json" if number else (there[-1] if there else None)
        if found is None:
            raise PhasegateError(f"There is nothing in {place!r}.", remedy="Mend the case: its places must be those of the run.")
        return found

    def _blob(self, kind: str, rest: str) -> Path:
        if kind == "evidence":
            task, _, item = rest.rpartition("/")
            said = payload_of(self.holding(task, item).read_bytes())["predicate"]
            digest = next(entry["digest"] for entry in said["evidence"] if (entry["task"], entry["item"]) == (task, item))
        else:
            said = payload_of(self.at(f"statements/{rest}").read_bytes())["predicate"]
            digest = said["log"] if kind == "log" else said["sealed"]["bundle"]
        return self.path / "blobs" / digest[:2] / digest  # type: ignore[no-any-return] # a text

    def holding(self, task: str, item: str) -> Path:
        """The newest envelope that names a file of an item: of a fix cycle, of the task itself, or of the merge where its check ran.

        Raises
        ------
        PhasegateError: there is none.

        """
        for path in self._telling(task):
            said = payload_of(path.read_bytes())["predicate"]
            if any((entry["task"], entry["item"]) == (task, item) for entry in said.get("evidence", ())):
                return path
        raise PhasegateError(f"Nobody delivered {task}/{item}.", remedy="Mend the case.")

    def checked(self, task: str, check: str) -> Path:
        """The newest envelope that tells how a check of a task ended.

        Raises
        ------
        PhasegateError: there is none.

        """
        for path in self._telling(task):
            said = payload_of(path.read_bytes())["predicate"]
            if any((result["task"], result["name"]) == (task, check) for result in said.get("checks", ())):
                return path
        raise PhasegateError(f"No check {check} of {task} was run.", remedy="Mend the case.")

    def _telling(self, task: str) -> Iterator[Path]:
        fixes = sorted(self.folder.glob(f"fixes/*/*/{task}/*.json"), reverse=True)
        merges = sorted(self.folder.glob(f"statements/{task.partition('/')[0]}/converge/*.json"), reverse=True)
        yield from (*fixes, *sorted(self.folder.glob(f"statements/{task}/*.json"), reverse=True), *merges)

    def own(self, path: Path) -> Path:
        """A path of the run that may be spoiled: files that are shared with other cases are copied first. What is only added by its digest is not."""
        blobs = self.path / "blobs"
        if blobs.is_symlink() and path.is_relative_to(blobs):
            source = blobs.readlink()
            blobs.unlink()
            linked(source, blobs)
        return path

    def write(self, path: Path, data: bytes) -> None:
        """Put bytes in the place of a file, whatever was there."""
        self.own(path).parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    def keep(self, data: bytes) -> str:
        """Keep bytes in the store by their digest, as collecting does."""
        return self.store.put_bytes(data)

    def sign(self, path: Path, statement: Any, *, by: str = AUTHORITY, edit: tuple[tuple[str, str], ...] = ()) -> None:
        """Sign a statement with somebody's real key, and put it somewhere.

        Parameters
        ----------
        statement: the whole statement; or its bytes as they are.
        by: whose key.
        edit: changes of the text that is signed, for what no JSON writer would write.

        """
        text = json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        for old, new in edit:
            if old not in text:
                raise PhasegateError(f"{old!r} does not stand in the statement.", remedy="Mend the case.")
            text = text.replace(old, new)
        self.write(path, sign_envelope(text.encode(), self.signer(by)))
