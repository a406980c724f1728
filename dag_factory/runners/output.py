"""A program's output: all of it taken, some of it kept, a little of it shown live.

However much arrives, the file stays within `Limits.log_bytes` (its first half, a note, its last half) and memory within
half of that.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from dag_factory.errors import RunnerError
from dag_factory.runners.base import Limits
from dag_factory.runners.masking import Mask

__all__ = ["Output"]

_EXCERPT_LINES = 40
_EXCERPT_BYTES = 16_384


class Output:
    """Takes a program's output; used in a `with`, after which the log file is complete.

    Parameters
    ----------
    path: the log file; what was there is replaced.
    emit: takes one line of live output.
    limits: how much is kept and shown.
    secrets: what is masked in all of it, before anything else is done with it.
    raw: whether `emit` takes lines as they came: a mask in the middle of what a program reads would make it something else.

    Raises
    ------
    RunnerError: the log file cannot be written.

    """

    def __init__(self, path: Path, emit: Callable[[str], None], limits: Limits, secrets: Iterable[str] = (), *, raw: bool = False) -> None:
        self._path = path
        self._mask = Mask(secrets)
        self._raw = raw
        self._half = max(limits.log_bytes // 2, 1)
        self._tail = bytearray()
        self._excerpt = ""
        self._lines = _Lines(emit, limits)
        self.total = 0
        """Bytes taken so far, a mask counting as what it is."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _opened(path)
        except OSError as error:
            raise self._unwritable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._keep(self._mask.finish())
            if self.truncated:
                left_out = self.total - 2 * self._half
                self._file.write(f"\n[phasegate: {left_out} bytes left out]\n".encode())
            self._file.write(self._tail[-self._half :])
            self._excerpt = self._last_lines()
        except OSError as failure:
            raise self._unwritable(failure) from failure
        finally:
            self._file.close()
        if error is None:
            self._lines.finish()

    @property
    def truncated(self) -> bool:
        """Whether more arrived than the file may hold."""
        return self.total > 2 * self._half

    def take(self, data: bytes) -> None:
        """Take some bytes as they came from the program."""
        if self._raw:
            self._lines.take(data)
        self._keep(self._mask.take(data))

    def _keep(self, data: bytes) -> None:
        head = data[: max(self._half - self.total, 0)]
        self.total += len(data)
        if head:
            try:
                self._file.write(head)
            except OSError as error:
                raise self._unwritable(error) from error
        self._tail += data[len(head) :]
        if len(self._tail) > 2 * self._half:
            del self._tail[: -self._half]
        if not self._raw:
            self._lines.take(data)

    def excerpt(self) -> str:
        """Tell the last lines; to be asked after the `with`."""
        return self._excerpt

    def _last_lines(self) -> str:
        """Read them back through the open file: the program may have put another in its place."""
        self._file.seek(max(self._file.tell() - _EXCERPT_BYTES, 0))
        text = self._file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-_EXCERPT_LINES:])

    def _unwritable(self, error: OSError) -> RunnerError:
        return RunnerError(
            f"The log of the program cannot be written to {self._path}: {error.strerror}.",
            remedy="Free space there or let the worker write there, then clear the task.",
        )


def _opened(path: Path) -> FileIO:
    """Open the log to be written and read back; a link or a pipe that was left in its place is refused, not followed or waited for."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if stat.S_ISFIFO(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "a pipe is in its place")
    return FileIO(handle, "r+")


class _Lines:
    """Cuts output into lines and emits them until there were enough."""

    def __init__(self, emit: Callable[[str], None], limits: Limits) -> None:
        self._emit = emit
        self._limits = limits
        self._left = limits.emit_bytes
        self._partial = b""
        self._skipping = False

    def take(self, data: bytes) -> None:
        if self._left < 0:
            return
        *whole, self._partial = (self._partial + data).split(b"\n")
        for line in whole:
            self._show(line)
        if len(self._partial) > self._limits.line_bytes:
            self._show(self._partial)
            self._partial, self._skipping = b"", self._left >= 0

    def finish(self) -> None:
        if self._partial:
            self._show(self._partial)

    def _show(self, line: bytes) -> None:
        """Emit a line, unless it is the rest of one that was too long or there were enough."""
        if self._left < 0 or self._skipping:
            self._skipping = False
            return
        most = self._limits.line_bytes
        self._left -= min(len(line), most) + 1
        if self._left < 0:
            self._partial = b""
            self._emit("[phasegate] output continues in the log file")
            return
        # what a terminal would show of a line that a progress bar overwrote
        text = (line[:most] + b" ..." if len(line) > most else line).rstrip(b"\r").rpartition(b"\r")[2]
        self._emit(text.decode(errors="replace"))
