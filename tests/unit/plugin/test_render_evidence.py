"""What is shown of each shape of evidence, what is said of what cannot be shown, and that all of it is bounded."""

from __future__ import annotations

import io
import json
import struct
import time
import tracemalloc
import zlib

import pytest
from phasegate_plugin.pages.render import WANTED, rendered
from phasegate_plugin.pages.render.signs import size
from PIL import Image
from support import contents
from support.harmless import faults, text_of


def shown(name: str, data: bytes | str, **more: object) -> str:
    html = rendered(name, data.encode() if isinstance(data, str) else data, **more)
    assert faults(html) == []
    return text_of(html)


def rows(html: str) -> list[str]:
    return [text_of(row) for row in html.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")]


def test_the_checker_of_these_tests_sees_what_could_do_harm():
    bad = (
        "<script>", "<b onclick=x>", "<a href='javascript:x'>x</a>", "<a href='https://a.example'>x</a>", "<img src='https://a.example/x.png' alt=''>", "<p>",
        "</div>", "<p style='x'></p>", "<iframe></iframe>", "<form></form>", "<!-- x -->", "<p>\u202e</p>", "<a href='//a.example'>x</a>", "<svg></svg>",
    )  # fmt: skip
    assert [html for html in bad if not faults(html)] == []


def test_markdown_is_laid_out_below_the_headings_of_the_page():
    html = rendered("a.md", b"# One\n\n## Two\n\n3. three\n\n|a|b|\n|-|-|\n|1|2|\n\n~~old~~ **new**\n")
    for piece in ("<h3>One</h3>", "<h4>Two</h4>", '<ol start="3">', '<th scope="col">a</th>', "<s>old</s>", "<strong>new</strong>"):
        assert piece in html


def test_a_cut_document_is_laid_out_as_far_as_it_goes():
    text = shown("a.md", "# One\n\ntext", total=10_000_000)
    assert "The first 11 bytes of 10 MB." in text
    assert "One" in text


@pytest.mark.parametrize("before", ["", "> ", "- ", "# "])
def test_a_long_paragraph_is_shown_as_it_is_written(before):
    text = shown("a.md", before + "**so** it <b>is</b> " * 250 + "THE END")
    assert text.count("**so** it <b>is</b>") == 2 * 250  # as it is laid out, and as written
    assert text.count("THE END") == 2


def test_junit_shows_what_failed_first_and_where_the_report_lies():
    report = contents.junit("test_a", "test_b").replace(
        b'name="test_b" time="0.01"/>', b'name="test_b"><failure message="2 &lt; 3"/></testcase>'
    )
    html = rendered("r.xml", report, kind="junit")
    assert rows(html)[0] == "✗ failedtest_btests2 < 3"
    assert "✗ <testsuite 's'> states failures=0, and 1 were counted" in text_of(html)
    assert "tests2" in text_of(html)


def test_junit_calls_no_report_a_lie_that_may_count_subtests():
    report = contents.junit("test_a", "test_b").replace(b'tests="2"', b'tests="8"')
    text = text_of(rendered("r.xml", report, kind="junit"))
    assert "? <testsuite 's'> states tests=8, and 2 were counted. A tool that counts subtests does so" in text
    assert "✗" not in text


def test_a_report_is_known_by_its_beginning_where_no_kind_is_given():
    assert "Tests, those that failed first" in shown("r.xml", contents.junit("test_a"))
    assert "Benchmarks" in shown("b.json", json.dumps(contents.benchmark()))


def test_coverage_is_counted_anew_and_never_rounded_up():
    report = json.loads(contents.coverage(999, 1000))
    report["files"]["bad.py"] = {"executed_lines": [1], "missing_lines": [2, 3, 4, 7]}
    report["totals"]["percent_covered"] = 100
    html = rendered("c.json", json.dumps(report).encode(), kind="coverage")
    assert rows(html)[:2] == ["bad.py20.0 %5402–4, 7", "src/orders/code.py99.9 %1000101000"]
    assert "1000 (99.5 %)" in text_of(html)


def test_sarif_shows_the_worst_first_with_the_level_of_its_rule():
    log = contents.sarif({"ruleId": "A", "level": "note"}, {"ruleIndex": 0, "message": {"text": "a shell"}}, {"ruleId": "C"})
    log["runs"][0]["tool"]["driver"]["rules"] = [{"id": "B", "defaultConfiguration": {"level": "error"}}]  # type: ignore[index]
    assert rows(rendered("a.sarif", json.dumps(log).encode())) == ["✗ errorBa shellaudit", "• warningCaudit", "• noteAaudit", ""]


def test_benchmarks_show_the_slowest_first_in_units_people_read():
    report = contents.benchmark(0.0000123, name="quick")
    report["benchmarks"] += contents.benchmark(1500, name="slow")["benchmarks"]  # type: ignore[operator]
    assert [row[:40] for row in rows(rendered("b.json", json.dumps(report).encode()))][:2] == [
        "bench.py::slow1,500 s1,500 s1,500 s1limi", "bench.py::quick12.3 µs12.3 µs12.3 µs1lim",
    ]  # fmt: skip


def test_a_scan_shows_what_is_vulnerable_and_what_was_looked_at():
    text = shown("osv.json", json.dumps(contents.osv({"id": "GHSA-1", "aliases": ["CVE-1"]})), kind="vulnerabilities")
    assert "GHSA-1" in text
    assert "CVE-1" in text
    assert "attrs 25.1.0" in text


def test_json_is_indented_and_read_one_way_only():
    assert '{\n  "a": [\n    1\n  ]\n}' in shown("a.json", '{"a":[1]}')
    assert shown("a.json", '{"a":1,"a":2}').startswith("Shown as text, not as JSON: The key 'a' stands twice")


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("junit", b"<testsuite", "not XML"),
        ("junit", b"<a/>", "the root is <a>"),
        ("junit", b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite>&b;</testsuite>', "the XML declares entities"),
        ("junit", b"<testsuite>" * 100, "more than 64 elements within each other"),
        ("json", b"[" * 100_000, "nested more than 40 levels deep"),
        ("json", b"{", "Not JSON"),
        ("json", b'{"caf\xe9": "a text long enough"}', "The JSON is not UTF-8"),
        ("json", b"9" * 5000, "a number that cannot be read"),
        ("coverage", b"[]", "there is no object “files” in it"),
        ("sarif", b"{}", "there is no list of “runs” in it"),
        ("benchmark", b"{}", "there is no list of “benchmarks” in it"),
        ("vulnerabilities", b"{}", "the report has none of"),
    ],
)
def test_what_cannot_be_read_as_its_kind_is_text_and_says_why(kind, data, why):
    text = shown("a", data, kind=kind)
    assert text.startswith("Shown as text, not as ")
    assert why in text
    assert data[:5].decode() in text


@pytest.mark.parametrize("kind", ["json", "junit", "coverage", "sarif", "benchmark", "vulnerabilities"])
def test_the_beginning_of_a_large_report_is_text(kind):
    assert "only the first 11 bytes of 500 MB were read" in shown("a", b'{"a": "b",\n', kind=kind, total=500_000_000)


def test_what_was_cut_is_said():
    assert shown("a.log", b"line\n" * 102_400, total=500_000_000).startswith("The first 50 kB of 500 MB.")
    assert "The first" not in shown("a.log", b"line\n" * 100)


def test_what_is_meant_for_a_terminal_is_left_out_and_counted():
    text = shown("a.log", b"\x1b[1;31mred\x1b[0m \x1b]8;;https://a.example\x07link\x1b]8;;\x1b\\ \x1b lone")
    assert text == "4 terminal sequences (colours and the like) left out.\nred link ⟨U+001B⟩ lone"


def test_broken_letters_are_said_and_a_letter_cut_at_the_end_is_not_broken():
    assert shown("a.txt", b"caf\xe9 au lait").startswith("It is not all UTF-8")
    assert "UTF-8" not in shown("a.txt", "café".encode()[:-1], total=100)


@pytest.mark.parametrize(
    "data", [b"\x00abc", bytes(range(32)) * 10, b"PK\x03\x04\x00\x00", b"\x7fELF\x02\x01", b"%PDF-1.7\n\xe2\xe3\xcf\xd3\x00"]
)
@pytest.mark.parametrize("kind", ["", "markdown", "json", "junit"])
def test_binary_called_text_is_not_shown(data, kind):
    assert (
        shown("a.txt", data, kind=kind, total=len(data)) == f"Binary, {len(data)} bytes. It is not shown here; download it to look at it."
    )


def test_an_empty_file_says_so():
    assert shown("a.md", b"", kind="markdown") == "The file is empty."
    assert shown("a.md", b"", total=5).startswith("None of its 5 bytes")


def picture(form: str, across: int = 30, down: int = 20) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (across, down), "red").save(kept, form)
    return kept.getvalue()


@pytest.mark.parametrize(("form", "media"), [("PNG", "png"), ("JPEG", "jpeg"), ("GIF", "gif"), ("WEBP", "webp")])
@pytest.mark.parametrize("name", ["a.png", "a.txt", "a.svg", "a.md"])
def test_pictures_are_known_by_their_bytes(form, media, name):
    html = rendered(name, picture(form), kind="markdown")
    assert faults(html) == []
    assert f'<img src="data:image/{media};base64,' in html
    assert 'width="30" height="20"' in html


def test_webp_without_loss_tells_its_size():
    kept = io.BytesIO()
    Image.new("RGBA", (300, 20), (1, 2, 3, 4)).save(kept, "WEBP", lossless=True)
    assert 'width="300" height="20"' in rendered("a", kept.getvalue())


def bomb(across: int, down: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", across, down, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data", [bomb(50_000, 50_000), bomb(0, 5), picture("PNG")[:20], b"\xff\xd8\xff" * 9, b"GIF89a", b"RIFF\x00\x00\x00\x00WEBPVP8 "]
)
def test_a_picture_that_would_fill_the_memory_or_is_none_is_not_shown(data):
    html = rendered("a.png", data)
    assert "<img" not in html
    assert "not shown here" in html


def test_half_a_picture_is_not_shown():
    assert shown("a.png", picture("PNG"), total=9_000_000) == "A picture of 9.0 MB; up to 2.0 MB are shown here. Download it to look at it."


def test_sizes_are_said_as_people_say_them():
    told = [size(count) for count in (0, 1, 999, 1000, 9_949, 9_950, 512_000, 999_499, 999_500, 500_000_000, 10**13)]
    assert told == ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "9.9 kB", "10 kB", "512 kB", "999 kB", "1.0 MB", "500 MB", "10 TB"]


LARGE = {
    "list": ("markdown", b"- item\n" * 100_000),
    "one line": ("markdown", b"a" * WANTED),
    "brackets": ("markdown", (b"[" * 7_900 + b"\n\n") * 250),
    "emphasis": ("markdown", (b"a**b_" * 1_500 + b"\n\n") * 250),
    "long reference": ("markdown", b"[a]: http://x/" + b"b" * 1_900 + b"\n\n" + b"[a] " * 30_000),
    "wide table": ("markdown", b"|a" * 900 + b"|\n" + b"|-" * 900 + b"|\n" + b"|a\n" * 40_000),
    "quotes": ("markdown", b">" * WANTED),
    "deep": ("json", b"[" * WANTED),
    "values": ("json", b"[" + b"0," * 400_000 + b"0]"),
    "long key": ("json", b'{"' + b"<" * 1_900_000 + b'":1}'),
    "cases": ("junit", b"<testsuite>" + b'<testcase name="a"/>' * 90_000 + b"</testsuite>"),
    "elements": ("junit", b"<a>" * 600_000),
    "entities": ("junit", b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "' + b"&a;" * 100_000 + b'">]><testsuite>&b;</testsuite>'),
    "results": ("sarif", b'{"runs":[{"results":[' + b"{}," * 160_000 + b"{}]}]}"),
    "most results": ("sarif", b'{"runs":[{"results":[' + b"{}," * 19_000 + b"{}]}]}"),
    "lines": ("", b"\n" * WANTED),
    "escapes": ("", b"\x1b[" * (WANTED // 2)),
    "open escapes": ("", b"\x1b]" + b"a" * WANTED),
    "ampersands": ("", b"&" * WANTED),
    "bidi": ("", "\u202e".encode() * (WANTED // 3)),
    "beyond": ("", b"a" * 20_000_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_whatever_the_bytes_are_time_and_memory_are_bounded(name):
    kind, data = LARGE[name]
    begun = time.process_time()
    html = rendered("a", data, kind=kind, total=500_000_000 if name == "beyond" else None)
    assert time.process_time() - begun < 10
    assert len(html) < 6_000_000


@pytest.mark.parametrize("name", ["deep", "values"])
def test_memory_is_bounded(name):
    kind, data = LARGE[name]
    rendered("a", b"x", kind=kind)
    tracemalloc.start()
    rendered("a", data, kind=kind)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 80_000_000


@pytest.mark.parametrize("error", [ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError])
def test_a_reader_that_fails_leaves_the_text(monkeypatch, error):
    def failing(data: bytes) -> object:
        raise error("an oversight")

    monkeypatch.setattr("phasegate_plugin.pages.render.json.read", failing)
    text = shown("a.sarif", '{"runs": []}')
    assert text.startswith(f"Shown as text, not as SARIF: it cannot be read ({error.__name__}).")
    assert '{"runs": []}' in text
