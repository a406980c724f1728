"""Keeps a program in its folders (Linux, landlock(7)): elsewhere it writes, removes, renames and makes nothing, and what is hidden from it it does not read.

It takes no privilege, holds for root too and for all that the program starts, and is never got rid of. With it go two things that are
its own: who is kept in looks into no process outside (memory, descriptors and, but for root, environment below /proc), and, from Linux 6.12 on, signals none.
Priorities and limits of others it can still change.
Whatever a program starts gains no rights by it, either (`no_new_privs`): sudo and other setuid programs are refused, and so is mounting.

What it does not keep: rights, owners, times and attributes of files (chmod, chown, utime, setxattr); names of files; other names of a hidden file (hard links,
bind mounts); a socket that is a file, whose server may do what it is told. What everybody shares stays open, `SHARED`; to root, of devices and of
/proc only what its user would need of it. Loaded in a warden's child that is about to become the program; hence so little is imported here.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache

__all__ = ["LEAST", "SHARED", "keep_in", "version"]

_SCRATCH = ("/tmp", "/var/tmp")  # noqa: S108 # what everybody may write to
_ROOTS = (
    *("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/mqueue"),
    *("/dev/shm", "/proc/self"),  # noqa: S108 # what everybody may write to, too
)
SHARED = (*_SCRATCH, *(_ROOTS if os.geteuid() == 0 else ("/dev", "/proc")))
"""Where anybody writes: scratch files, devices, and what the kernel lets a process say of itself. No rights of its user keep root from a disk, or from
`/proc/sys`: so it is given the harmless ones by name."""

LEAST = 3
"""The first version that keeps what it says: before, a file could not be renamed to another folder, or any file be truncated."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # asm-generic/unistd.h, the same on every architecture
_ASK_VERSION, _PATH_BENEATH, _SET_NO_NEW_PRIVS = 1, 1, 38  # linux/landlock.h, linux/prctl.h
_WRITE_FILE, _READ_FILE, _TRUNCATE = 1 << 1, 1 << 2, 1 << 14
_CHANGE = sum(1 << bit for bit in range(4, 14))  # remove a folder or a file, make any kind of file, and rename to another folder
_MAKE_DEVICE = 1 << 6 | 1 << 11  # of characters, or of blocks: nobody but root could, and needs to
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
    handled = _WRITE_FILE | _TRUNCATE | _CHANGE | readable
    everything = handled & ~_MAKE_DEVICE
    scoped = _SCOPE_SIGNAL if version() >= _SCOPES_SINCE else 0
    wanted = (ctypes.c_uint64 * 3)(handled, 0, scoped)  # struct landlock_ruleset_attr: files, network, scopes
    rules = _called(_CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(24 if scoped else 8), ctypes.c_uint32(0))
    for folder in (*folders, *SHARED):
        _allow(rules, folder, everything if os.path.isdir(folder) else _WRITE_FILE | _TRUNCATE | readable)  # noqa: PTH112 # pathlib takes long
    for path in _beside("/", hides) if hides else ():
        _allow(rules, path, _READ_FILE, os.O_NOFOLLOW)
    none = ctypes.c_ulong(0)
    if _libc().prctl(_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), none, none, none) != 0:
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
    try:
        found = os.scandir(folder)
    except OSError as error:
        raise OSError(error.errno, f"{folder} holds something that is hidden, and cannot be listed: {error.strerror}") from error
    with found as entries:
        for entry in entries:
            within = [path[1:] for path in hidden if path[0] == entry.name]
            if entry.is_symlink() or [] in within:  # a link is read where it leads to
                continue
            if within and entry.is_dir():
                yield from _beside(entry.path, within)
            else:
                yield entry.path


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _called(number: int, *arguments: object) -> int:
    """Call the kernel.

    Raises
    ------
    OSError: it refuses.

    """
    answer = _libc().syscall(ctypes.c_long(number), *arguments)
    if answer < 0:
        failed = ctypes.get_errno()
        raise OSError(failed, os.strerror(failed))
    return int(answer)
