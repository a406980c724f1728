"""A run that was copied out of its store: a bundle, and the files it names, as a folder or a tar.

::

    bundle.intoto.jsonl      every envelope, one a line
    plan.json                the plan, to be read; the same bytes as the blob that the charter names
    blobs/<ab>/<sha256>      every file that something signed names

Whoever hands it over may be hostile, so it is looked through before anything in it is read: only these names, only plain files and folders, no more
than is sane. A tar is unpacked under names of our own. Where an envelope belongs is what it says itself; the reader of a run then checks each.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from dag_factory.errors import EvidenceError, RefusedError, StoreError
from dag_factory.evidence.bundle import BUNDLE
from dag_factory.evidence.record import fix_folder
from dag_factory.evidence.store import RunStore, Store
from dag_factory.evidence.strict_json import loads

__all__ = ["ArchiveStore", "open_archive", "plain_files", "sorted_lines", "unpack"]

MOST_FILES = 200_000
MOST_BYTES = 8 << 30
MOST_BUNDLE = 512 << 20
_MOST_LINE = 16_000_000
_MOST_HEAD = 1 << 20
_CHUNK = 1 << 20
_NAME = re.compile(r"bundle\.intoto\.jsonl|plan\.json|blobs/([0-9a-f]{2})/\1[0-9a-f]{62}")
_FOLDER = re.compile(r"|blobs|blobs/[0-9a-f]{2}")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_REMEDY = "Ask for it again, made by `phasegate export`."
_UNSORTED = "unsorted"
_PLACES = {
    "urn:phasegate:predicate:triage:v1": "triages",
    "urn:phasegate:predicate:decision:v1": "decisions",
    "urn:phasegate:predicate:waiver:v1": "waivers",
    "https://slsa.dev/verification_summary/v1": "verdicts",
}


class ArchiveStore(Store):
    """The files of a bundle, as a store has them: envelopes by where they belong, blobs from a folder.

    Parameters
    ----------
    root: the folder with `blobs`.
    files: every envelope, by its name in the place of the run.

    """

    def __init__(self, root: Path, files: dict[str, bytes]) -> None:
        super().__init__(root)
        self._files = files
        self._folders: dict[str, list[str]] = {}
        for name in sorted(files):
            folder, _, last = name.rpartition("/")
            self._folders.setdefault(folder, []).append(last)

    def create(self, name: str, data: bytes) -> None:
        """Refuse: what was handed over stays as it is.

        Raises
        ------
        StoreError: always.

        """
        raise StoreError(f"{name} ({len(data)} bytes) cannot be added to an archive.", remedy="Write to the store of the run.")

    def read(self, name: str, *, at_most: int = 1 << 31) -> bytes | None:
        """Read an envelope or a blob; None if there is none."""
        below = name.removeprefix("./")
        if below.startswith("blobs/"):
            return super().read(below, at_most=at_most)
        data = self._files.get(below)
        if data is not None and len(data) > at_most:
            raise StoreError(f"{below} of {self.root} is larger than {at_most} bytes.", remedy=_REMEDY)
        return data

    def names(self, folder: str) -> list[str]:
        """The names of the envelopes in a folder, in order."""
        return list(self._folders.get(folder.removeprefix("./").rstrip("/"), ()))

    @property
    def unsorted(self) -> list[str]:
        """What is in the bundle and belongs nowhere: no envelopes, or of no known kind."""
        return self.names(_UNSORTED)

    @property
    def envelopes(self) -> int:
        """How many lines the bundle has."""
        return len(self._files)


def open_archive(folder: Path) -> RunStore:
    """Open a folder with a bundle.

    Raises
    ------
    StoreError: it holds what no archive holds, or more than is sane.

    """
    for name, path in plain_files(folder):
        if not _NAME.fullmatch(name):
            raise _foreign(f"{path} does not belong into an archive of a run.")
    with (folder / BUNDLE).open("rb") as stream:
        data = stream.read(min(MOST_BUNDLE, (folder / BUNDLE).stat().st_size) + 1)
    if len(data) > MOST_BUNDLE:
        raise _foreign(f"{folder / BUNDLE} is larger than {MOST_BUNDLE} bytes.")
    return RunStore(ArchiveStore(folder, dict(sorted_lines(data))), ".")


def plain_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a folder: its name there, and its path; nothing is followed out of the folder.

    Raises
    ------
    StoreError: there is a link, a pipe or a device, or there are too many files.

    """
    count, folders = 0, [folder]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            count += 1
            if count > MOST_FILES:
                raise _foreign(f"{folder} holds more than {MOST_FILES} files.")
            if not _is_plain(path):
                raise _foreign(f"{path} is no plain file: a link leads out of what was handed over.")
            if path.is_dir():
                folders.append(path)
            else:
                yield path.relative_to(folder).as_posix(), path


def unpack(path: Path, to: Path) -> None:
    """Unpack a tar, plain or compressed, under names of our own.

    Parameters
    ----------
    path: the tar.
    to: an empty folder.

    Raises
    ------
    StoreError: it is no tar, or holds what no archive holds: links, other names, one name twice, two folders, more than is sane.

    """
    seen: dict[str, None] = {}
    folders = set[str]()
    left, members = MOST_BYTES, 0
    try:
        with tarfile.open(path, mode="r|*", tarinfo=_Member) as tar:
            for member in tar:
                members += 1
                around, name = _inside(member.name)
                if members > MOST_FILES or member.size < 0 or (left := left - member.size) < 0:
                    raise _foreign(f"{path} holds more than {MOST_FILES} files or {MOST_BYTES >> 30} GiB.")
                if member.isdir() and _FOLDER.fullmatch(name):
                    continue
                folders.add(around)
                if not member.isreg() or member.issparse() or not _NAME.fullmatch(name) or name in seen or len(folders) > 1:
                    raise _foreign(f"{path} holds {member.name[:200]!r}, which does not belong into an archive of a run.")
                seen[name] = None
                _write(tar.extractfile(member), to / name)
            while chunk := tar.fileobj.read(_CHUNK):  # a broken header ends a tar for one reader, and another reads on behind it
                left -= len(chunk)
                if left < 0 or chunk.strip(b"\0"):
                    raise _foreign(f"{path} goes on behind its end.")
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise StoreError(f"{path} cannot be read as a tar: {error}.", remedy=_REMEDY) from error


class _Member(tarfile.TarInfo):
    """A head in a tar. What is no file or folder tells of the next one, and is read into memory: it may be as long as a name is."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read one.

        Raises
        ------
        tarfile.ReadError: it tells more than an archive of ours needs.

        """
        made = super().frombuf(buf, encoding, errors)
        if made.type not in tarfile.REGULAR_TYPES and made.size > _MOST_HEAD:
            raise tarfile.ReadError(f"a head of {made.size} bytes")
        return made


def _foreign(text: str) -> RefusedError:
    return RefusedError(text, remedy=_REMEDY, rule="archive-foreign")


def _is_plain(path: Path) -> bool:
    return not path.is_symlink() and (path.is_dir() or path.is_file())


def _inside(name: str) -> tuple[str, str]:
    """The one folder that a tar may have around all its files, and a member's name without it."""
    parts = name.removeprefix("./").rstrip("/").split("/")
    if parts[0] in (BUNDLE, "plan.json", "blobs", ".", ""):
        return "", "/".join(parts) if parts != ["."] else ""
    return parts[0], "/".join(parts[1:])


def _write(source: Any, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with to.open("xb") as stream:
        while chunk := source.read(_CHUNK):
            stream.write(chunk)


def sorted_lines(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every line of a bundle, with the name it has in the place of a run: a task's statement and a reservation their own, all else the next number.

    Raises
    ------
    StoreError: there are more of them than is sane.

    """
    if data.count(b"\n") > MOST_FILES:
        raise _foreign(f"The bundle has more than {MOST_FILES} lines.")
    lines = _LINE.findall(data)
    charter, taken = hashlib.sha256(lines[0] if lines else b"").hexdigest()[:16], set[str]()
    numbers: dict[str, int] = {}
    for place, line in enumerate(lines):
        folder, attempt = _belongs(line) if place else ("charters", None)
        if place and folder != _UNSORTED:
            folder = f"{charter}/{folder}"
        if attempt is not None and f"{folder}/{attempt:04d}.json" in taken:
            folder, attempt = _UNSORTED, None
        numbers[folder] = numbers.get(folder, 0) + 1
        # What claims to be an attempt there may have the number: no line hides another.
        while attempt is None and f"{folder}/{numbers[folder]:04d}.json" in taken:
            numbers[folder] += 1
        name = f"{folder}/{numbers[folder] if attempt is None else attempt:04d}.json"
        taken.add(name)
        yield name, line


def _belongs(line: bytes) -> tuple[str, int | None]:
    """Where an envelope says that it belongs, below its charter, and as which attempt; whether it is right is for the reader of the run to say."""
    try:
        body = loads(line, max_bytes=_MOST_LINE, max_depth=8)
        said = loads(base64.b64decode(body["payload"], validate=True), max_bytes=_MOST_LINE, max_depth=32)
        kind, predicate = said["predicateType"], said["predicate"]
        bound = predicate["phasegate"]["binding"] if "phasegate" in predicate else predicate["binding"]
        phase, cycle, task, attempt = str(bound["phase"]), bound["cycle"], str(bound["task"]), bound["attempt"]
        if kind == "urn:phasegate:predicate:task:v1" and type(attempt) is int and attempt > 0:
            return fix_folder(phase, cycle, task) if cycle else f"statements/{phase}/{task}", attempt
        if kind == "urn:phasegate:predicate:converge:v1":
            return f"statements/{phase}/converge", None
        if kind == "urn:phasegate:predicate:reservation:v1":
            return "ledger", number if type(number := predicate["number"]) is int and number > 0 else None
        return "completions" if kind == "urn:phasegate:predicate:completion:v1" else f"{_PLACES[kind]}/{phase}", None
    except (EvidenceError, KeyError, TypeError, ValueError, AttributeError):
        return _UNSORTED, None
