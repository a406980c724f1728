"""Judge what a persona left in its tree, and commit it.

1. List what the base commit holds.  2. List what the tree holds.  3. Leave out what the *base's* ignore rules ignore,
unless it is declared evidence.  4. Compare: what was added, modified, deleted.  5. Refuse what may not be.
6. Commit the changes onto the base. The persona's own commits, index, ignore rules and configuration are never asked.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dag_factory.errors import WorkspaceError
from dag_factory.globs import matches
from dag_factory.workspace.bare import inside
from dag_factory.workspace.content import ignored
from dag_factory.workspace.git import IDENTITY, git
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.parsed import Entry, Stamp
from dag_factory.workspace.scan import Item, Tree, restless

__all__ = ["Change", "Refusal", "Sealed", "as_text", "as_written", "refuse", "seal", "unfit"]

MOST_CHANGES = 20_000
LARGEST_FILE = 100_000_000
LONGEST_PATH, _LONGEST_NAME = 3_000, 255  # bytes: with the folder of a checkout the kernel takes 4,095, and of one name 255 (limits.h)
MOST_LISTED = 20
MOST_ITEMS = 500_000

_SHAPES = {
    "symlink": ("workspace-symlink", "is a symbolic link"),
    "special": ("workspace-special-file", "is no ordinary file"),
    "repository": ("workspace-submodule", "is a repository inside the workspace"),
    "unreadable": ("workspace-unreadable", "cannot be read, or lies too deep"),
}


@dataclass(frozen=True, order=True)
class Change:
    """One path that differs from the base: `A` added, `M` modified, `D` deleted."""

    path: str
    status: Literal["A", "M", "D"]


@dataclass(frozen=True)
class Refusal:
    """One reason why a tree is not sealed; `rule` is a stable slug."""

    rule: str
    path: str
    text: str


@dataclass(frozen=True)
class Sealed:
    """What sealing gave.

    If anything was refused, `commit` and `tree` are None and nothing was committed. If nothing changed, `commit` is
    `base`.
    """

    commit: str | None
    tree: str | None
    base: str
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True)
class _Delta:
    """A change as git will be told it; `id` is what was read when a file was compared."""

    path: bytes
    status: Literal["A", "M", "D"]
    item: Item | None = None
    id: str | None = None


@dataclass
class _Findings:
    """What the comparison gives."""

    deltas: list[_Delta] = field(default_factory=list)
    refused: list[tuple[bytes, str, str]] = field(default_factory=list)


def seal(git_dir: Path, tree: Tree, base: str, *, writes: Sequence[str], declared: Sequence[str],
         message: str) -> Sealed:  # fmt: skip
    """Commit what changed in `tree` since `base` into `git_dir`; see `PrivateRepository.seal`."""
    with Objects.of(git_dir) as objects:
        return _seal(objects, tree, base, writes, declared, message)


def _seal(objects: Objects, tree: Tree, base: str, writes: Sequence[str], declared: Sequence[str], message: str) -> Sealed:
    stamp, held = objects.stamps([base])[base], objects.entries(base)
    found: dict[bytes, Item] = {}
    folders = {b""}
    for item in tree.walk():
        if item.kind == "folder":
            folders.add(item.path)
        else:
            found[item.path] = item
        if len(found) + len(folders) > MOST_ITEMS + len(held):
            return refuse(base, ("workspace-too-many", "", f"more than {MOST_ITEMS:,} files and folders, ignored ones among them"))
    _leave_out(objects, held, found, declared)
    findings = _compare(objects.git_dir, tree, held, found)
    if len(findings.deltas) > MOST_CHANGES:
        text = f"{len(findings.deltas):,} files changed, and {MOST_CHANGES:,} may"
        return refuse(base, ("workspace-too-many", "", text))
    deltas = sorted(findings.deltas, key=lambda delta: delta.path)
    refused = [*findings.refused, *_nested(folders, found, deltas), *_judged(deltas, writes)]
    changes = tuple(Change(as_text(delta.path), delta.status) for delta in deltas)
    if refused:
        told = {(path, rule): text for path, rule, text in sorted(refused)}
        return refuse(base, *((rule, as_text(path), text) for (path, rule), text in told.items()), changes=changes)
    if not deltas:
        return Sealed(base, stamp.tree, base, (), ())
    commit, new_tree = _commit(objects.git_dir, tree, base, stamp, deltas, message)
    return Sealed(commit, new_tree, base, changes, ())


def refuse(base: str, *reasons: tuple[str, str, str], changes: tuple[Change, ...] = ()) -> Sealed:
    """Return the answer that nothing was sealed for these (rule, path, text); of many, the first and a count."""
    listed = [Refusal(*reason) for reason in reasons[:MOST_LISTED]]
    if len(reasons) > MOST_LISTED:
        listed.append(Refusal("workspace-more", "", f"and {len(reasons) - MOST_LISTED:,} more reasons"))
    return Sealed(None, None, base, changes, tuple(listed))


def as_text(path: bytes) -> str:
    """Return a path as text; what is no UTF-8 shows as escapes."""
    return path.decode("utf-8", "backslashreplace")


def as_written(message: str) -> str:
    """Return a commit message with exactly one newline at its end."""
    return message.rstrip("\n") + "\n"


def _leave_out(objects: Objects, held: dict[bytes, Entry], found: dict[bytes, Item], declared: Sequence[str]) -> None:
    """Forget what is untracked, ignored by the base's rules and no declared evidence.

    git is asked about something *in* a folder or repository, since it only sees names.
    """
    asked = {path + (b"/." if item.kind in ("repository", "unreadable") else b""): path for path, item in found.items() if path not in held}
    for name in ignored(objects, held, asked):
        if not matches(as_text(asked[name]), declared):
            del found[asked[name]]


def _compare(git_dir: Path, tree: Tree, held: dict[bytes, Entry], found: dict[bytes, Item]) -> _Findings:
    """Find what differs, and what cannot be compared because of what it is."""
    findings = _Findings()
    modules = [path for path, entry in held.items() if entry.mode == "160000"]
    for path, item in found.items():
        if any(path == module or path.startswith(module + b"/") for module in modules):
            findings.refused.append((path, "workspace-submodule", "lies in a submodule, which stays as it is"))
        elif any(module.startswith(path + b"/") for module in modules):
            findings.refused.append((path, "workspace-submodule", "lies where the folder of a submodule is, which stays as it is"))
        elif path not in held and item.kind == "file":
            findings.deltas.append(_Delta(path, "A", item))
        elif item.kind == "file":
            _compare_file(git_dir, tree, held[path], item, findings)
        elif not (item.kind == "symlink" and path in held and _same_link(tree, held[path], path)):
            findings.refused.append((path, *_SHAPES[item.kind]))
    for path, entry in held.items():
        if path not in found and entry.mode != "160000":
            findings.deltas.append(_Delta(path, "D"))
    return findings


def _compare_file(git_dir: Path, tree: Tree, was: Entry, item: Item, findings: _Findings) -> None:
    if item.size > LARGEST_FILE and item.size != int(git("cat-file", "-s", was.id, git_dir=git_dir).text):
        findings.deltas.append(_Delta(item.path, "M", item))  # too large to commit, so not read either
        return
    try:
        name = tree.blob_id(item.path, _algorithm(was.id))
    except OSError as error:
        findings.refused.append((item.path, "workspace-unreadable", f"cannot be read: {error.strerror}"))
        return
    if name != was.id or was.mode == "120000" or item.executable != (was.mode == "100755"):
        findings.deltas.append(_Delta(item.path, "M", item, name))


def _same_link(tree: Tree, was: Entry, path: bytes) -> bool:
    try:
        target = tree.link(path)
    except OSError:
        return False
    blob = b"blob %d\0" % len(target) + target
    return was.mode == "120000" and was.id == hashlib.new(_algorithm(was.id), blob, usedforsecurity=False).hexdigest()


def _nested(folders: set[bytes], found: dict[bytes, Item], deltas: list[_Delta]) -> Iterator[tuple[bytes, str, str]]:
    """Yield each folder git would take for a bare repository, if anything in it changed."""
    for path in inside(found, folders, (delta.path for delta in deltas)):
        yield path, "workspace-submodule", "lies in a folder that git takes for a repository"


def _judged(deltas: list[_Delta], writes: Sequence[str]) -> Iterator[tuple[bytes, str, str]]:
    """Yield what is wrong with changed paths: the first reason of each."""
    for delta in deltas:
        if found := unfit(delta.path, {"A": "added", "M": "modified", "D": "deleted"}[delta.status], writes):
            yield delta.path, *found
        elif delta.item and delta.item.size > LARGEST_FILE:
            yield delta.path, "workspace-too-large", f"has {delta.item.size:,} bytes, and {LARGEST_FILE:,} may be"


def unfit(path: bytes, verb: str, writes: Sequence[str]) -> tuple[str, str] | None:
    """The rule by which a task may not change a path, by what it is called, and why; None if it may.

    Parameters
    ----------
    verb: what was done to it. What was `deleted` may have any name: how else would it be renamed?
    writes: globs of what the task may write.

    """
    name = path.rpartition(b"/")[2]
    if verb != "deleted" and (odd := _odd(path)):
        return "workspace-path-name", f"has {odd} in its name; rename it"
    if not matches(as_text(path), writes):
        return "workspace-outside-writes", f"was {verb}, and this task may write {', '.join(writes) or 'nothing'}"
    if name in (b".gitattributes", b".gitmodules") and name.decode() not in {glob.rstrip("/").rpartition("/")[2] for glob in writes}:
        return "workspace-outside-writes", f"was {verb}, and `writes:` does not name {name.decode()}"
    return None


def _odd(path: bytes) -> str:
    """What is in a name that reads otherwise than it is, or is too long to be checked out; nothing where it is plain."""
    if len(path) > LONGEST_PATH or max(map(len, path.split(b"/"))) > _LONGEST_NAME:
        return f"more than {LONGEST_PATH:,} bytes, or {_LONGEST_NAME} between two slashes,"
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return "bytes that are no UTF-8"
    if "\\" in text:
        return "a backslash"
    for sign in text:
        if (kind := unicodedata.category(sign)) in ("Cc", "Cf", "Zl", "Zp"):
            joins = ", which joins the emoji beside it," if sign == "\u200d" else ""
            return f"the {'invisible' if kind == 'Cf' else 'control'} sign U+{ord(sign):04X}{joins}"
    return ""


def _algorithm(name: str) -> str:
    return "sha1" if len(name) == 40 else "sha256"


def _commit(git_dir: Path, tree: Tree, base: str, stamp: Stamp, deltas: list[_Delta], message: str) -> tuple[str, str]:
    """Commit with one `git fast-import`, which applies no filters; the result is the same as `commit-tree` gives."""
    try:
        stream = _stream(tree, base, stamp, deltas, as_written(message).encode())
        said = git("fast-import", "--done", "--quiet", "--force", "--date-format=raw", git_dir=git_dir, stdin=stream)
    except OSError as error:
        raise WorkspaceError(
            f"The work tree cannot be read: {error}.", remedy="Clear the task; its tree changed while it was sealed."
        ) from error
    commit, listed = said.text.splitlines()
    return commit, listed.split("\t")[0].split(" ")[2]


def _stream(tree: Tree, base: str, stamp: Stamp, deltas: list[_Delta], message: bytes) -> Iterator[bytes]:
    """Yield git-fast-import(1)'s input: deletions first, since a folder may have become a file."""
    who = f"{IDENTITY[0]} <{IDENTITY[1]}> {stamp.seconds} +0000"
    yield f"commit refs/heads/sealed\nmark :1\nauthor {who}\ncommitter {who}\ndata {len(message)}\n".encode()
    yield message + f"from {base}\n".encode()
    for delta in deltas:
        if delta.item is None:
            yield b"D " + _quoted(delta.path) + b"\n"
    for delta in deltas:
        if delta.item is not None:
            yield from _file(tree, delta, delta.item, _algorithm(base))
    yield b'\nget-mark :1\nls :1 ""\ndone\n'


def _file(tree: Tree, delta: _Delta, item: Item, algorithm: str) -> Iterator[bytes]:
    pieces = tree.read(delta.path)
    if (size := next(pieces)) != b"%d" % item.size:
        raise restless(delta.path)
    digest = hashlib.new(algorithm, b"blob " + size + b"\0", usedforsecurity=False)
    mode = b"100755" if item.executable else b"100644"
    yield b"M " + mode + b" inline " + _quoted(delta.path) + b"\ndata " + size + b"\n"
    for piece in pieces:
        digest.update(piece)
        yield piece
    if delta.id not in (None, digest.hexdigest()):
        raise restless(delta.path)
    yield b"\n"


def _quoted(path: bytes) -> bytes:
    """A path as git-fast-import(1) reads it, whatever signs are in it."""
    return b'"' + re.sub(rb'["\\\n]', lambda sign: b"\\%03o" % sign[0][0], path) + b'"'
