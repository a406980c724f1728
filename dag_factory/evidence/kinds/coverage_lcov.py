"""Reading lcov's tracefiles (geninfo(1)): records of lines and branches, counted one by one.

A file may have several records, one for each test; a line counts as reached if any of them reached it, as lcov itself adds them up.

LLVM's totals count a line once for each function that it lies in, and a closure is one: they may state more than is listed, if by that no fewer are
missed. What is missed beyond the list counts against the file, and what is reached beyond it counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import clipped
from dag_factory.evidence.kinds.measured import Counts, Measured

__all__ = ["MAX_BYTES", "MAX_LINES", "read"]

MAX_BYTES = 100_000_000
"""The largest tracefile that is read."""
MAX_LINES = 5_000_000
"""How many lines it may have."""

_REMEDY = "Deliver the tracefile as it was written."
_LINE = re.compile(r"([0-9]{1,9}),([0-9]{1,20})(?:,\S*)?")
_BRANCH = re.compile(r"([0-9]{1,9}),(e?[0-9]{1,9}),(.{1,300}),(-|[0-9]{1,20})")
_COUNT = re.compile(r"[0-9]{1,12}")
_STATED = {"LF": "lines", "LH": "lines that were reached", "BRF": "branches", "BRH": "branches that were taken"}
_PAIRS = (("LF", "LH"), ("BRF", "BRH"))


class _Record:
    """What one record says of its file."""

    def __init__(self) -> None:
        self.lines: dict[int, bool] = {}
        self.branches: dict[tuple[str, str, str], bool] = {}
        self.stated: dict[str, int] = {}
        self.unlisted = dict.fromkeys(_STATED, 0)

    def counted(self) -> dict[str, int]:
        """What its totals must be."""
        return {
            "LF": len(self.lines), "LH": sum(self.lines.values()), "BRF": len(self.branches), "BRH": sum(self.branches.values()),
        }  # fmt: skip

    def lies(self) -> Iterator[str]:
        """The totals that are not so; of the others, what is missed and not listed is kept."""
        counted, stated = self.counted(), self.stated
        for whole, part in _PAIRS:
            if {whole, part} <= stated.keys() and stated[part] >= counted[part]:
                self.unlisted[whole] = (stated[whole] - stated[part]) - (counted[whole] - counted[part])
                if self.unlisted[whole] >= 0:
                    continue
            for word in (whole, part):
                if word in stated and stated[word] != counted[word]:
                    yield f"states {stated[word]} {_STATED[word]} ({word}), and {counted[word]} were counted."


def read(data: bytes) -> Measured:
    """Read a tracefile.

    Raises
    ------
    EvidenceError: it is none, is cut off, or beyond the limits.

    """
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{len(data)} bytes, and at most {MAX_BYTES} are read.", remedy="Split the report.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvidenceError(f"byte {error.start} is not UTF-8.", remedy=_REMEDY) from error
    if text.count("\n") > MAX_LINES:
        raise EvidenceError(f"more than {MAX_LINES} lines.", remedy="Split the report.")
    reading = _Reading()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            reading.take(number, line.strip())
    return reading.ended()


class _Reading:
    """One walk over the lines of a tracefile."""

    def __init__(self) -> None:
        self._measured = Measured()
        self._files: dict[str, _Record] = {}
        self._path: str | None = None
        self._record = _Record()

    def take(self, number: int, line: str) -> None:
        """Take in one line.

        Raises
        ------
        EvidenceError: it is none of a tracefile's, or stands where it cannot.

        """
        word, _, said = line.partition(":")
        if line == "end_of_record":
            self._close(number)
        elif word == "SF":
            if self._path is not None or not said.strip():
                raise EvidenceError(f"line {number}: a record begins within another, or of no file.", remedy=_REMEDY)
            self._path, self._record = said.strip(), _Record()
        elif not word.isalnum() or not word.isupper() or not _:
            raise EvidenceError(f"line {number} is {clipped(line, 60)}, and none of a tracefile's.", remedy="Deliver JSON, XML or lcov.")
        elif word in ("DA", "BRDA", *_STATED):
            if self._path is None:
                raise EvidenceError(f"line {number}: {word} is of no file.", remedy=_REMEDY)
            self._figure(number, word, said)

    def ended(self) -> Measured:
        """Count what was read.

        Raises
        ------
        EvidenceError: the last record has no end, or there is none.

        """
        if self._path is not None or not self._files:
            raise EvidenceError("it ends within a record, or holds none.", remedy=_REMEDY)
        for path, record in self._files.items():
            told, more = record.counted(), record.unlisted
            missed, left = (told[whole] - told[part] + more[whole] for whole, part in _PAIRS)
            self._measured.files[path] = Counts(told["LH"], missed, 0, told["BRH"], left)
            self._measured.listed[path] = record.lines
        return self._measured

    def _figure(self, number: int, word: str, said: str) -> None:
        pattern = _LINE if word == "DA" else _BRANCH if word == "BRDA" else _COUNT
        found = pattern.fullmatch(said)
        if found is None or (word == "DA" and int(found[1]) < 1):
            raise EvidenceError(f"line {number}: {word} is {clipped(said, 60)}, which it cannot be.", remedy=_REMEDY)
        if word == "DA":
            line = int(found[1])
            self._record.lines[line] = self._record.lines.get(line, False) or int(found[2]) > 0
        elif word == "BRDA":
            branch = (found[1], found[2], found[3])
            self._record.branches[branch] = self._record.branches.get(branch, False) or found[4] not in ("-", "0")
        else:
            self._record.stated[word] = int(said)
        self._measured.branches |= word in ("BRDA", "BRF")

    def _close(self, number: int) -> None:
        if self._path is None:
            raise EvidenceError(f"line {number}: a record ends that did not begin.", remedy=_REMEDY)
        for lie in self._record.lies():
            self._measured.tell(f"{clipped(self._path, 120)} {lie} {_REMEDY}", self._path)
        whole = self._files.setdefault(self._path, _Record())
        whole.unlisted = {word: max(more, whole.unlisted[word], 0) for word, more in self._record.unlisted.items()}
        for line, reached in self._record.lines.items():
            whole.lines[line] = whole.lines.get(line, False) or reached
        for branch, taken in self._record.branches.items():
            whole.branches[branch] = whole.branches.get(branch, False) or taken
        self._path = None
