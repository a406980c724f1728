"""Keeps a program in its folders (Linux, landlock(7)): elsewhere it writes, removes, renames and makes nothing, and what is hidden from it it does not read.

It takes no privilege, holds for root too and for all that the program starts, and is never got rid of. With it go two things that are
its own: who is kept in looks into no process outside (memory, descriptors and, but for root, environment below /proc), and, from Linux 6.12 on, signals none.
Whatever a program starts gains no rights by it, either (`no_new_privs`): sudo and other setuid programs are refused, and so is mounting.

What it does not keep: rights, owners and times of files (chmod, chown, utime); names of files; a socket that is a file. What everybody shares stays
open, `SHARED`. Loaded in a warden's child that is about to become the program; hence so little is imported here.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterable, Iterator

__all__ = ["LEAST", "SHARED", "keep_in", "version"]

SHARED = ("/tmp", "/var/tmp", "/dev", "/proc")  # noqa: S108 # the kernel's, and what everybody may write to
"""Where anybody writes: scratch files, devices, and what the kernel lets a process say of itself."""

LEAST = 3
"""The first version that keeps what it says: before, a file could not be renamed to another folder, or any file be truncated."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # asm-generic/unistd.h, the same on every architecture
_ASK_VERSION, _PATH_BENEATH, _SET_NO_NEW_PRIVS = 1, 1, 38  # linux/landlock.h, linux/prctl.h
_WRITE_FILE, _READ_FILE, _TRUNCATE = 1 << 1, 1 << 2, 1 << 14
_MAKE_AND_REMOVE = sum(1 << bit for bit in range(4, 14))  # remove a folder or a file, make any kind of file, and rename to another folder
_SCOPE_SIGNAL, _SCOPES_SINCE = 1 << 1, 6


def version() -> int:
    """The kernel's version of Landlock.

    Raises
    ------
    OSError: it has none, or it was switched off.

    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "only Linux can keep a program in its folders")
    return _called(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))


def keep_in(folders: list[str], hidden: Iterable[str] = ()) -> None:
    """Keep this process, and all that it becomes or starts, in some folders and in what everybody shares, for good.

    Parameters
    ----------
    folders: absolute paths; one that is not there can have nothing written to it.
    hidden: absolute paths, without links, of files and folders whose content it is not to read; none is among `folders` or below one of them.
        Landlock allows and never forbids: so all is allowed that lies beside them. What comes to lie there later cannot be read either.

    Raises
    ------
    OSError: the kernel, or whoever set it up, does not allow it; or what lies beside something hidden cannot be listed.

    """
    hides = tuple(path.strip("/").split("/") for path in hidden)
    readable = _READ_FILE if hides else 0
    everything = _WRITE_FILE | _TRUNCATE | _MAKE_AND_REMOVE | readable
    scoped = _SCOPE_SIGNAL if version() >= _SCOPES_SINCE else 0
    wanted = (ctypes.c_uint64 * 3)(everything, 0, scoped)  # struct landlock_ruleset_attr: files, network, scopes
    rules = _called(_CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(24 if scoped else 8), ctypes.c_uint32(0))
    for folder in (*folders, *SHARED):
        _allow(rules, folder, everything if os.path.isdir(folder) else _WRITE_FILE | _TRUNCATE | readable)  # noqa: PTH112 # pathlib takes long
    for path in _beside("/", hides) if hides else ():
        _allow(rules, path, _READ_FILE, os.O_NOFOLLOW)
    none = ctypes.c_ulong(0)
    if ctypes.CDLL(None).prctl(_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), none, none, none) != 0:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
    _called(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)


def _allow(rules: int, path: str, rights: int, more: int = 0) -> None:
    """Allow a folder and all below it, or a file; what is not there is left out."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC | more)
    except (FileNotFoundError, NotADirectoryError):
        return
    allowed = rights.to_bytes(8, sys.byteorder) + place.to_bytes(4, sys.byteorder)  # struct landlock_path_beneath_attr
    _called(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), allowed, ctypes.c_uint32(0))
    os.close(place)


def _beside(folder: str, hidden: Iterable[list[str]]) -> Iterator[str]:
    """All that lies in a folder, but for what is hidden, of which the paths from there are given; what holds something hidden is taken apart."""
    with os.scandir(folder) as entries:
        for entry in entries:
            within = [path[1:] for path in hidden if path[0] == entry.name]
            if entry.is_symlink() or [] in within:  # a link is read where it leads to
                continue
            if within and entry.is_dir():
                yield from _beside(entry.path, within)
            else:
                yield entry.path


def _called(number: int, *arguments: object) -> int:
    """Call the kernel.

    Raises
    ------
    OSError: it refuses.

    """
    answer = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments)
    if answer < 0:
        failed = ctypes.get_errno()
        raise OSError(failed, os.strerror(failed))
    return int(answer)
