"""Tests of segments: every acceptance criterion."""

from pathlib import Path

from customers.__main__ import main
from customers.segments import cut

DATA = Path(__file__).parents[3] / "data"


def test_seg_1_there_are_at_most_seven_segments_and_everybody_is_in_one():
    segments = cut({f"C-{n}": n for n in range(20)})
    assert len(segments) == 7
    assert sorted(one for segment in segments for one in segment.customers) == sorted(f"C-{n}" for n in range(20))


def test_seg_2_one_command_goes_from_the_files_to_the_segments(tmp_path, capsys):
    assert main(str(DATA), str(tmp_path)) == 0
    assert capsys.readouterr().out == "3 customers in 3 segments, 2 rows rejected\n"
    for name in ("orders.csv", "returns.csv"):
        (tmp_path / name).write_text("customer,day,cents\n")
    assert main(str(tmp_path), str(tmp_path)) == 2
