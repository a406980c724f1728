"""Partner files as rows: the only place that opens them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from orders.ingest.errors import NoPartnerFiles, UnreadableFile

LARGEST_FILE = 50_000_000


def partner_files(folder: Path) -> list[Path]:
    """The CSV files of the folder, in the order of their names.

    Raises ``NoPartnerFiles``.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise NoPartnerFiles(f"{str(folder)!r} holds no *.csv file")
    return files


def read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of one file with their line numbers; a cell that is missing is missing in the row too.

    The file is read as a whole before any row is given out: half a file is never loaded. Raises ``UnreadableFile``.
    """
    if path.is_symlink() or not path.is_file():
        raise UnreadableFile("not a regular file")
    if path.stat().st_size > LARGEST_FILE:
        raise UnreadableFile(f"larger than {LARGEST_FILE} bytes")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise UnreadableFile("contains a NUL byte")
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        for cells in reader:
            if cells:  # an empty line is no row
                rows.append((reader.line_num, dict(zip(header, cells, strict=False))))
    except csv.Error as error:
        raise UnreadableFile(f"line {reader.line_num}: {error}") from None
    if not header:
        raise UnreadableFile("has no header")
    return rows
