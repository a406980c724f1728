from __future__ import annotations

from pathlib import Path

import pytest

from dag_factory.errors import RunnerError
from dag_factory.runners.base import Limits
from dag_factory.runners.output import Output


def written(tmp_path: Path, chunks: list[bytes], limits: Limits) -> tuple[Output, bytes, list[str]]:
    lines: list[str] = []
    with Output(tmp_path / "new" / "log", lines.append, limits) as output:
        for chunk in chunks:
            output.take(chunk)
    return output, (tmp_path / "new" / "log").read_bytes(), lines


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 19, 20])
def test_what_fits_is_kept_whole(tmp_path, size):
    data = bytes(range(65, 65 + size))
    output, log, _ = written(tmp_path, [data[at : at + 3] for at in range(0, size, 3)], Limits(log_bytes=20))
    assert log == data
    assert not output.truncated


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_of_more_the_two_ends_are_kept(tmp_path, chunk):
    data = b"0123456789" * 10 + b"abcdefghij"
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    output, log, _ = written(tmp_path, chunks, Limits(log_bytes=20))
    assert log == b"0123456789\n[phasegate: 90 bytes left out]\nabcdefghij"
    assert output.truncated
    assert output.total == 110


def test_a_long_line_is_cut_and_the_next_is_whole(tmp_path):
    _, _, lines = written(tmp_path, [b"x" * 20, b"x" * 5, b"yy\nnext\nlast"], Limits(line_bytes=10))
    assert lines == ["x" * 10 + " ...", "next", "last"]


def test_enough_is_told_once(tmp_path):
    _, _, lines = written(tmp_path, [b"12345\n" * 5, b"12345\n", b"more"], Limits(emit_bytes=12))
    assert lines == ["12345", "12345", "[phasegate] output continues in the log file"]


def test_a_progress_bar_and_broken_text_are_shown_as_a_terminal_would(tmp_path):
    _, _, lines = written(tmp_path, [b"10%\r50%\r100%\r\n", b"\xff\xc3", b"\xa4\n"], Limits())
    assert lines == ["100%", "\ufffdä"]


def test_the_excerpt_is_the_end(tmp_path):
    output, _, _ = written(tmp_path, [b"".join(b"%d\n" % at for at in range(100))], Limits())
    assert output.excerpt().split() == [str(at) for at in range(60, 100)]


def test_a_log_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "new").write_text("a file")
    with pytest.raises(RunnerError, match="cannot be written"):
        Output(tmp_path / "new" / "log", print, Limits())
    with pytest.raises(RunnerError, match="cannot be written"), Output(Path("/dev/full"), print, Limits()) as output:
        output.take(b"x")
