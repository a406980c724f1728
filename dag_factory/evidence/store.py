"""The evidence store: files on a path, created and never overwritten.

::

    <root>/<dag_id>/<run_id>/
        blobs/<ab>/<sha256>                          every file, by its digest
        charters/0001.json                           a run begins; made again when `kickoff` is cleared
        <charter>/statements/<phase>/<task>/0001.json   one an attempt, in an envelope
        <charter>/verdicts/<phase>/0001.json            one a gate try, signed
        <charter>/triages/<phase>/0001.json             who mends what, one a fix cycle
        <charter>/fixes/<phase>/<cycle>/<phase>/<task>/0001.json   what was delivered in a fix cycle
        <charter>/decisions/<phase>/0001.json           what people decided; `waivers`: what was waived, and until when
        <charter>/ledger/0001.json                      what is set aside for an attempt, before it spends it
        <charter>/sealed/…/0001.json                    what was sealed, noted before it is attested; as `statements` and `fixes`
        <charter>/completions/0001.json                 the last word: every phase was passed, and when
        <charter>/assignments/<phase>/<task>.json       what an external persona is asked for

`<charter>` is the first 16 digits of a charter's digest: nothing of an earlier run of the same name is ever found under it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from dag_factory.errors import StoreError
from dag_factory.evidence.whole_files import Unfinished, UnreadableError, create, in_folder, make_folder, open_plain, pieces

__all__ = ["RunStore", "Store"]

_CHUNK, _MANY = 1 << 20, 200  # bytes copied at once; files from which on the whole disk is waited for, not each of them
_LONGEST = 255  # bytes of a name, on most disks; a letter beyond ASCII takes six and more of them
_REMEDY = "Check [phasegate] evidence_root, its rights and its free space."


class Store:
    """Files below one root.

    Parameters
    ----------
    root: a `pathlib.Path`, a UPath or an Airflow ObjectStoragePath. Local ones are used as plain paths, which is many times faster.

    """

    def __init__(self, root: Any) -> None:
        self.root: Any = Path(root.path) if getattr(root, "protocol", None) in ("file", "local") else root
        self.local = isinstance(self.root, Path)
        self._text = str(self.root)

    def run(self, dag_id: str, run_id: str) -> RunStore:
        """The place of one run."""
        return RunStore(self, f"{_name(dag_id)}/{_name(run_id)}")

    def create(self, name: str, data: bytes) -> None:
        """Create a file, whole or not at all.

        Raises
        ------
        FileExistsError: it is there already; it is left as it was.
        StoreError: it cannot be written.

        """
        path = self.root / name
        try:
            if self.local:
                create(self.at(name), data)
                return
            make_folder(path.parent)
            if _asked_again(path).exists():
                raise FileExistsError(str(path))
            with path.open("xb") as stream:
                stream.write(data)
        except FileExistsError:
            raise
        except OSError as error:
            raise _unwritable(path, error) from error

    def read(self, name: str, *, at_most: int = 1 << 31) -> bytes | None:
        """Read a file; None if there is none.

        Raises
        ------
        StoreError: it is larger than `at_most` bytes, or cannot be read.

        """
        path = self.at(name)
        try:
            with open_plain(path) if self.local else _asked_again(path).open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size if self.local else at_most  # to ask for no more memory than it takes
                data: bytes = stream.read(min(size, at_most) + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"The evidence store cannot be read at {path}: {error.strerror or error}.", remedy=_REMEDY) from error
        if len(data) > at_most:
            raise StoreError(f"{path} is larger than {at_most} bytes.", remedy="Leave less evidence.")
        return data

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none if there is no such folder. Unfinished files are not among them."""
        path = self.at(folder)
        try:
            found = os.listdir(path) if self.local else [item.name for item in _asked_again(path).iterdir()]  # noqa: PTH208 # names are all we want
            return sorted(name for name in found if not name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StoreError(f"The evidence store cannot be read at {path}: {error.strerror or error}.", remedy=_REMEDY) from error

    def at(self, name: str) -> Any:
        """Where a name lies; as text where a path of thousands would cost more than what is read there."""
        if self.local:
            return os.path.join(self._text, name)  # noqa: PTH118
        return self.root / name if name else self.root


class RunStore:
    """The place of one run in the store."""

    def __init__(self, store: Store, base: str) -> None:
        self.store = store
        self.base = base
        self._unsettled: list[str] = []

    @property
    def path(self) -> Any:
        """Where the run lies."""
        return self.store.root / self.base

    def append(self, folder: str, data: bytes) -> str:
        """Add a numbered file to a folder, after those that are there.

        Returns
        -------
        Its name, such as ``0001.json``. Two writers at once get different numbers.

        """
        number = len(self.names(folder)) + 1
        while True:
            name = f"{number:04d}.json"
            try:
                self.store.create(f"{self.base}/{folder}/{name}", data)
            except FileExistsError:
                number += 1
            else:
                return name

    def create(self, name: str, data: bytes) -> None:
        """Create a file of the run; see `Store.create`."""
        self.store.create(f"{self.base}/{name}", data)

    def read(self, name: str, *, at_most: int = 1 << 31) -> bytes | None:
        """Read a file of the run; see `Store.read`."""
        return self.store.read(f"{self.base}/{name}", at_most=at_most)

    def names(self, folder: str) -> list[str]:
        """The names in a folder of the run, sorted."""
        return self.store.names(f"{self.base}/{folder}")

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        """Keep a file by its digest; it is hashed while it is copied, so what is kept is what was hashed.

        Returns
        -------
        Its sha256 in hex, and its size in bytes.

        Raises
        ------
        OSError: the stream cannot be read.
        StoreError: the store cannot be written.

        """
        where = self.store.at(f"{self.base}/blobs") if self.store.local else tempfile.gettempdir()
        try:
            with Unfinished(where) if self.store.local else tempfile.TemporaryFile() as copy:
                digest, size = hashlib.sha256(), 0
                for chunk in pieces(stream):
                    digest.update(chunk)
                    copy.write(chunk)
                    size += len(chunk)
                copy.flush()
                try:
                    self._keep(digest.hexdigest(), copy)
                except FileExistsError:
                    self._unaltered(digest.hexdigest())
        except UnreadableError as error:
            raise error.why from None
        except OSError as error:
            raise _unwritable(where, error) from error
        self._unsettled.append(digest.hexdigest())
        return digest.hexdigest(), size

    def settle(self) -> None:
        """Wait until all that was put is on the disk: what a statement names must outlast a machine that loses its power.

        Raises
        ------
        StoreError: it cannot be written there.

        """
        waiting, self._unsettled = self._unsettled, []
        if self.store.local and len(waiting) > _MANY:
            os.sync()
            waiting = []
        for digest in waiting if self.store.local else ():
            path = self.blob_path(digest)
            try:
                with open_plain(path) as stream:
                    os.fsync(stream.fileno())
            except OSError as error:
                raise _unwritable(path, error) from error

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes by their digest, which is returned."""
        digest = hashlib.sha256(data).hexdigest()
        try:
            self.create(_blob(digest), data)
        except FileExistsError:
            self._unaltered(digest)
        return digest

    def blob(self, digest: str, *, at_most: int = 1 << 31) -> bytes | None:
        """The bytes of a digest; None if they are missing or are not those bytes any more."""
        if self.store.local and not os.path.isfile(self.store.at(f"{self.base}/{_blob(digest)}")):  # noqa: PTH113
            return None
        data = self.read(_blob(digest), at_most=at_most)
        return data if data is not None and hashlib.sha256(data).hexdigest() == digest else None

    def blob_path(self, digest: str) -> Any:
        """Where a blob lies."""
        return self.path / _blob(digest)

    def _keep(self, digest: str, copy: Any) -> None:
        try:
            if self.store.local:
                in_folder(os.link, copy.name, self.store.at(f"{self.base}/{_blob(digest)}"))
                return
            target = self.blob_path(digest)
            make_folder(target.parent)
            if _asked_again(target).exists():
                raise FileExistsError(str(target))
            copy.seek(0)
            with target.open("wb") as stream:
                while chunk := copy.read(_CHUNK):
                    stream.write(chunk)
        except FileExistsError:
            raise
        except OSError as error:
            raise _unwritable(self.blob_path(digest), error) from error

    def _unaltered(self, digest: str) -> None:
        """What is kept already must be what is kept now."""
        if self.blob(digest) is None:
            raise StoreError(f"The blob {digest} in {self.path} was altered.", remedy="Find out by whom; start a new run.") from None


def _asked_again(path: Any) -> Any:
    """A path whose storage is asked anew: fsspec keeps what it once listed, and never sees what another process wrote there since."""
    for place in (path, path.parent):
        path.fs.invalidate_cache(place.path)
    return path


def _unwritable(path: Any, error: OSError) -> StoreError:
    return StoreError(f"The evidence store cannot be written at {path}: {error.strerror or error}.", remedy=_REMEDY)


def _blob(digest: str) -> str:
    return f"blobs/{digest[:2]}/{digest}"


def _name(part: str) -> str:
    """A run's id as one folder name: it may hold colons, pluses and slashes; one too long for a disk ends in its digest."""
    quoted = quote(part, safe="+:@=, ")
    if len(quoted) > _LONGEST:
        quoted = f"{quoted[: _LONGEST - 17]}-{hashlib.sha256(part.encode()).hexdigest()[:16]}"
    return quoted.replace(".", "%2E") if set(part) <= {"."} else quoted


def runs(store: Store) -> Iterator[tuple[str, str]]:
    """Every run in the store, as folder names: workflow and run."""
    for dag_id in store.names(""):
        for run_id in store.names(dag_id):
            yield dag_id, run_id
