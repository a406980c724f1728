"""The room in which a model works: files it may list, read, search, write, edit and delete, and nothing else.

Laws:

1. A path is one of the workspace, the inputs, the evidence folder, or the task file; `..`, control characters, halves of characters and a
   repository's own folder are refused. No link is followed, and only plain files are touched, see `dag_factory.runners.confined`.
2. Whatever is read, written or listed is capped.
3. A refusal is an answer, told to the model as such: it may do better, and it is nobody's failure.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Concatenate, ParamSpec

from dag_factory.runners import confined

__all__ = ["Room"]

_SHOWN = 60_000  # characters of one answer
_ENTRIES = 1_000
_HITS = 200
_SEARCHED = 50_000_000  # bytes of one search
_LINE = 65_536
_FILE = 1_000_000  # bytes of a file that is written or edited
_ALL = 100_000_000  # bytes written in all
_NO_SIGN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters, and halves of one

_P = ParamSpec("_P")


class _RefusedError(Exception):
    """What was asked is not allowed, or cannot be."""


@dataclass(frozen=True)
class _Spot:
    """A place in the room: the folder it is below, and the names on the way."""

    root: Path
    names: tuple[str, ...]

    @property
    def path(self) -> str:
        return "/".join(self.names) or "."


def _answering(work: Callable[Concatenate[Room, _P], str]) -> Callable[Concatenate[Room, _P], str]:
    """Turn a refusal into an answer."""

    @wraps(work)
    def told(room: Room, /, *args: _P.args, **kwargs: _P.kwargs) -> str:
        try:
            return work(room, *args, **kwargs)
        except _RefusedError as error:
            return f"REFUSED: {error}"
        except OSError as error:
            return f"REFUSED: {error.strerror}."

    return told


@dataclass
class Room:
    """What a model may see and do of files.

    Parameters
    ----------
    workspace: where it works.
    inputs: evidence of earlier work, read-only.
    evidence: where its reports go.
    task_file: its task, as data.
    writes: globs of what it may change in the workspace, as `dag_factory.globs` reads them; the seal decides, this tells sooner.
    reports: the names of the reports it owes.
    changed: how often it wrote or deleted something.

    """

    workspace: Path
    inputs: Path
    evidence: Path
    task_file: Path
    writes: Sequence[str] = ()
    reports: Sequence[str] = ()
    changed: int = field(default=0, init=False)
    _left: int = field(default=_ALL, repr=False, init=False)

    def tools(self) -> list[Callable[..., str]]:
        """What this model may do: to write, only where it may change something; to report, only what it owes."""
        found: list[Callable[..., str]] = [self.list_files, self.read_file, self.search_files]
        found += [self.write_file, self.edit_file, self.delete_file] if self.writes else []
        return [*found, self.write_report] if self.reports else found

    @_answering
    def list_files(self, folder: str = ".") -> str:
        """List all files below a folder, with their sizes in bytes.

        Args:
            folder: A folder of the workspace or of the inputs.

        """
        spot = self._spot(folder)
        lines: list[str] = []
        for name, size in confined.walk(spot.root, spot.names):
            if len(lines) == _ENTRIES:
                lines.append(f"[more than {_ENTRIES} files; list a folder below]")
                break
            lines.append(f"{_told(name)}  {'a link, not followed' if size is None else size}")
        return "\n".join(lines) or "There are no files."

    @_answering
    def read_file(self, path: str, first_line: int = 1, lines: int = 1000) -> str:
        """Read a text file, or a part of it.

        Args:
            path: A file of the workspace or of the inputs, or $PHASEGATE_TASK.
            first_line: The first line that is wanted; 1 is the first of the file.
            lines: How many lines are wanted at most.

        """
        spot = self._spot(path)
        with confined.opened(spot.root, spot.names) as file:
            if b"\0" in file.read(8192):
                return f"{path} is no text: {file.seek(0, 2)} bytes."
            file.seek(0)
            return _part(file, max(first_line, 1), max(lines, 1))

    @_answering
    def search_files(self, text: str, folder: str = ".") -> str:
        """Find the lines that contain a text, in all files below a folder.

        Args:
            text: What is looked for, letter by letter.
            folder: A folder of the workspace or of the inputs.

        """
        if not text:
            raise _RefusedError("there is nothing to look for.")
        spot, sought, hits, left = self._spot(folder), text.encode(errors="replace"), [], _SEARCHED
        for name, size in confined.walk(spot.root, spot.names):
            if size is None or size > left:
                continue
            left -= size
            with confined.opened(spot.root, (*spot.names, *name.split("/"))) as file:
                for number, line in enumerate(iter(lambda: file.readline(_LINE), b""), start=1):
                    if sought in line:
                        hits.append(f"{_told(name)}:{number}: {line.decode(errors='replace').strip()[:200]}")
                    if len(hits) == _HITS:
                        return "\n".join([*hits, f"[more than {_HITS} lines; look for something rarer]"])
        return "\n".join(hits) or "No line contains it."

    @_answering
    def write_file(self, path: str, content: str) -> str:
        """Write a whole text file of the workspace; one that is there is replaced.

        Args:
            path: A file of the workspace.
            content: All that is to be in the file.

        """
        return self._put(self._mine(path), content)

    @_answering
    def edit_file(self, path: str, old: str, new: str) -> str:
        """Replace one piece of a text file of the workspace.

        Args:
            path: A file of the workspace.
            old: The piece as it is now, letter by letter. It must be in the file exactly once.
            new: The piece as it is to be.

        """
        spot = self._mine(path)
        with confined.opened(spot.root, spot.names) as file:
            data = file.read(_FILE + 1)
        if len(data) > _FILE:
            raise _RefusedError(f"{path} is larger than {_FILE} bytes.")
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise _RefusedError(f"{path} is no text in UTF-8.") from None
        if not old or (found := text.count(old)) != 1:
            raise _RefusedError(f"`old` is {found if old else 0} times in {path}, and has to be once. Nothing was changed.")
        return self._put(spot, text.replace(old, new))

    @_answering
    def delete_file(self, path: str) -> str:
        """Delete a file of the workspace.

        Args:
            path: A file of the workspace.

        """
        spot = self._mine(path)
        confined.delete(spot.root, spot.names)
        self.changed += 1
        return f"Deleted {spot.path}."

    @_answering
    def write_report(self, name: str, content: str) -> str:
        """Write a report that is owed, outside the workspace; one that is there is replaced.

        Args:
            name: The name of the report.
            content: All that is to be in it.

        """
        spot = self._spot(name, base=self.evidence)
        if spot.root != self.evidence or spot.path not in self.reports:
            raise _RefusedError(f"no report of that name is owed, but {', '.join(self.reports)}.")
        return self._put(spot, content)

    def _spot(self, path: str, base: Path | None = None) -> _Spot:
        """Find out what a path means."""
        if not isinstance(path, str) or _NO_SIGN.search(path) or len(path) > 4096:
            raise _RefusedError("that is no path.")
        for word, place in (
            ("$PHASEGATE_TASK", self.task_file),
            ("$PHASEGATE_INPUTS", self.inputs),
            ("$PHASEGATE_EVIDENCE", self.evidence),
        ):
            if path == word or path.startswith(f"{word}/"):
                path = f"{place}{path.removeprefix(word)}"
        if path == str(self.task_file):
            return _Spot(self.task_file.parent, (self.task_file.name,))
        written = PurePosixPath(path)
        root = base or self.workspace
        if written.is_absolute():
            roots = (self.workspace, self.inputs, self.evidence)
            found = next((one for one in roots if written.is_relative_to(one)), None)
            if found is None:
                raise _RefusedError(f"{path} is outside the workspace and the inputs.")
            root, written = found, written.relative_to(found)
        if ".." in written.parts:
            raise _RefusedError(f"{path} leads out of its folder.")
        if any(part.casefold().rstrip(". ") == ".git" for part in written.parts):
            raise _RefusedError("a repository's own folder is not to be looked at or changed.")
        return _Spot(root, written.parts)

    def _mine(self, path: str) -> _Spot:
        """Find a file that may be changed."""
        from pathspec import GitIgnoreSpec

        spot = self._spot(path)
        if spot.root != self.workspace:
            raise _RefusedError(f"{path} is not in the workspace." + (" Reports are written by write_report." if self.reports else ""))
        allowed = GitIgnoreSpec.from_lines("/" + glob.lstrip("/") for glob in self.writes if glob.strip("/ "))
        if not spot.names or not allowed.match_file(spot.path):
            raise _RefusedError(f"you may change only {', '.join(self.writes)}; {spot.path} is not among it.")
        return spot

    def _put(self, spot: _Spot, content: str) -> str:
        """Write a file anew."""
        try:
            data = content.encode()
        except UnicodeEncodeError:
            raise _RefusedError("the content is no text.") from None
        if len(data) > min(_FILE, self._left):
            raise _RefusedError(f"{len(data)} bytes are too many: {min(_FILE, self._left)} are allowed.")
        confined.put(spot.root, spot.names, data)
        self._left -= len(data)
        self.changed += 1
        return f"Wrote {spot.path}, {len(data)} bytes."


def _told(name: str) -> str:
    """A name as a model can be told it; what is no UTF-8 shows as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _part(file: BinaryIO, first: int, lines: int) -> str:
    """Some lines of a file, and how it goes on."""
    taken: list[str] = []
    size, number, more = 0, 0, False
    for number, line in enumerate(iter(lambda: file.readline(_LINE), b""), start=1):
        if number < first:
            continue
        if len(taken) == lines or size > _SHOWN:
            more = True
            break
        taken.append(line.decode(errors="replace"))
        size += len(taken[-1])
    if not taken:
        return f"[it has {number} lines]"
    text = "".join(taken)
    return f"{text}\n[it goes on at line {number}]" if more else text
