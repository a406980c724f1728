"""Cuts a program off from the network: the script it is started through, and the question whether this machine allows it.

Run as a script, `python -I -S offline.py program argument ...`, it moves itself into a user namespace and a network namespace
of its own (Linux, user_namespaces(7) and network_namespaces(7); no privilege is needed where the kernel allows that), brings up
the loopback of that, and becomes the program. Without a program it only tries. What cannot be cut off is not started: it says why and
exits with 126, for a statement must not call something offline that was not.

What remains is the new namespace's own loopback: no other address, no abstract socket, no service of this machine. A Unix socket that is a
file can still be opened. Imported by nobody at a task's start; hence so little is imported here.
"""

# pathlib would double the time a program takes to start:
# ruff: noqa: PTH123

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys

__all__ = ["REFUSED", "cut_off", "main"]

REFUSED = 126
"""The exit code where the network could not be taken away, as a shell's for what it may not run."""

_NEWUSER, _NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_INET, _DGRAM = 2, 2  # linux/socket.h
_SETFLAGS, _UP_AND_RUNNING = 0x8914, 0x41  # linux/sockios.h, linux/if.h


def cut_off() -> None:
    """Leave the network, for good.

    Raises
    ------
    OSError: the kernel, or whoever set it up, does not allow it; this process may then be in a half of it, and is of no further use.

    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "only Linux can take the network away")
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(_NEWUSER | _NEWNET) != 0:
        raise _failed("unshare")
    for name, text in (("setgroups", "deny"), ("gid_map", f"{gid} {gid} 1"), ("uid_map", f"{uid} {uid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    request = b"lo".ljust(16, b"\0") + _UP_AND_RUNNING.to_bytes(2, sys.byteorder) + bytes(22)  # struct ifreq
    handle = libc.socket(_INET, _DGRAM, 0)
    if handle < 0 or libc.ioctl(handle, _SETFLAGS, request) != 0:
        raise _failed("its loopback")
    os.close(handle)


def _failed(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")


def main(argv: list[str]) -> int:
    """Cut this process off and become the program; gives an exit code where that cannot be done, or there is no program."""
    try:
        cut_off()
    except OSError as error:
        os.write(2, f"phasegate: the network cannot be taken away: {error.strerror}\n".encode(errors="replace"))
        return REFUSED
    if not argv:
        return 0
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and an ignored signal is inherited
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 # it is what this script is for
    except OSError as error:
        os.write(2, f"phasegate: cannot start {argv[0]}: {error.strerror}\n".encode(errors="replace"))
        return 127 if error.errno == errno.ENOENT else 126


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
