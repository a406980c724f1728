"""A secret is put out of what a program writes, wherever its pieces are cut."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html import escape
from unicodedata import normalize
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from dag_factory.runners.base import Limits
from dag_factory.runners.masking import MASK, Mask, Secrets, spellings
from dag_factory.runners.output import Output

SECRET = "tango/whiskey+foxtrot=1"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQ\n-----END KEY-----\n"


def shown(secrets, *pieces):
    mask = Mask(secrets)
    return b"".join([*(mask.take(piece) for piece in pieces), mask.finish()])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 23, 24, 1000])
def test_it_is_masked_however_it_is_cut(size):
    data = f"begin {SECRET}{SECRET} tango/whiskey {SECRET[:-1]} end {SECRET}".encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert shown([SECRET], *pieces) == f"begin ****** tango/whiskey {SECRET[:-1]} end ***".encode()


@settings(max_examples=300, deadline=None)
@given(
    secrets=st.lists(st.text("ab", min_size=5, max_size=9), min_size=1, max_size=3),
    data=st.text("abc", max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_no_cut_changes_what_is_shown(secrets, data, cuts):
    raw = data.encode()
    places = sorted({0, *(cut for cut in cuts if cut < len(raw)), len(raw)})
    pieces = [raw[one:other] for one, other in itertools.pairwise(places)]
    cut, whole = shown(secrets, *pieces), shown(secrets, raw)
    for text in (cut, whole):
        assert not any(secret.encode() in text for secret in secrets)
    if len(secrets) == 1:
        assert cut == whole


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(f'{SECRET}"'),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"{SECRET}:more".encode()).decode(),
        base64.b64encode(f"me:{SECRET}".encode()).decode(),
        base64.b64encode(f"login:{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"token:{SECRET}\xff".encode()).decode(),
        f"https://me:{quote(SECRET, safe='')}@shop/",
    ],
)
def test_it_is_known_as_programs_write_it(written):
    secrets = [SECRET, f'{SECRET}"']
    found = shown(secrets, written.encode())
    assert MASK in found
    assert not any(spelling in found for spelling in spellings(secrets))


QUOTED = "tango'whiskey\"foxtrot$1"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_it_is_masked_where_a_shell_tells_what_it_runs(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    told = subprocess.run([shell, "-c", 'set -x; : "$1"', shell, QUOTED], capture_output=True, check=True).stderr
    assert b"whiskey" in told
    assert b"whiskey" not in shown([QUOTED], told)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_it_is_masked_where_a_shell_tells_what_it_exports(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    secret = f"{QUOTED}`\\"
    told = subprocess.run([shell, "-c", "export -p"], env={"OF": secret}, capture_output=True, check=True).stdout
    assert b"whiskey" in told
    assert b"whiskey" not in shown([secret], told)


def test_it_is_masked_with_its_quotes_doubled():
    rows = io.StringIO()
    csv.writer(rows).writerow([QUOTED, 1])
    for written in (shlex.join(["curl", QUOTED]), yaml.safe_dump({"of": QUOTED}), rows.getvalue()):
        assert b"whiskey" not in shown([QUOTED], written.encode())


@pytest.mark.parametrize("order", ["utf-16", "utf-16-le", "utf-16-be"])
def test_it_is_known_in_two_bytes_a_letter(order):
    found = shown([SECRET], f"of {SECRET}, and more".encode(order))
    assert MASK in found
    assert not any(part.encode(way) in found for part in ("tan", "whiskey", "rot=1") for way in ("utf-16-le", "utf-16-be"))


LONG = "".join(map(chr, range(35, 126))) * 2


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("Tr0ub4dor!@2024", "Tr0ub4dor!%402024"),  # encodeURIComponent
        ("abc/def@ghi", "abc/def%40ghi"),  # Python's quote
        ("abc/def@ghi", "abc%2fdef%40ghi"),
        ("ab:d/ef ghi", "ab:d%2Fef%20ghi"),  # Go's PathEscape
        ("ab:d/ef* ghi", "ab%3Ad%2Fef*+ghi"),  # Java's URLEncoder
        ("abcd&efgh<1>", '"abcd\\u0026efgh\\u003c1\\u003e"'),  # Go
        ("abcd+efgh'1>", '"abcd\\u002Befgh\\u00271\\u003E"'),  # .NET
        ('pä"sswort1', '"pä\\"sswort1"'),  # JSON.stringify
        ('pä"sswört1', '"p\\u00E4\\"ssw\\u00F6rt1"'),
        ("abc/def/ghä", "abc\\/def\\/gh\\u00e4"),  # PHP
        ("it's a\\secret", repr({"it's a\\secret"})),
        ("pä\\sswört1", repr("pä\\sswört1".encode())),  # http.client, when it tells what it sends
        ('pä"sswört1', json.dumps(json.dumps('pä"sswört1'))),
        ("pässwört1", normalize("NFD", "pässwört1")),  # names of files on some systems
        (normalize("NFD", "pässwört1"), "pässwört1"),
        ("abcd&efgh<1>", '<p title="abcd&amp;efgh&lt;1&gt;">'),
        ('it\'s "<&>" so', str(Markup.escape('it\'s "<&>" so'))),  # Jinja
        ('it\'s "<&>" so', escape('it\'s "<&>" so')),
        ('it\'s "<&>" so', "it&#39;s &#34;&lt;&amp;&gt;&#34; so"),  # Go
        ('it\'s "<&>" so', "it&#039;s &quot;&lt;&amp;&gt;&quot; so"),  # PHP
        ('it\'s "<&>" so', "it&apos;s &quot;&lt;&amp;&gt;&quot; so"),  # Java's writers of XML
        ('it\'s "<&>" so', "it's &quot;<&amp;>&quot; so"),  # a browser, of an attribute
        ('it\'s "<&>" so', ElementTree.tostring(ElementTree.Element("p", title='it\'s "<&>" so')).decode()),
        ('it\'s "<&>" so', 'it\\\'s \\"<&>\\" so'),  # MySQL
        (LONG, base64.encodebytes(LONG.encode()).decode()),
        (LONG, base64.encodebytes(f"{LONG}\n".encode()).decode().replace("\n", "\r\n")),
        (LONG, "\n".join(re.findall(".{1,64}", base64.b64encode(LONG.encode()).decode()))),
    ],
)
def test_it_is_known_as_languages_write_it(secret, written):
    found = Mask([secret]).text(written)
    assert "***" in found
    assert len(found.replace("***", "")) < 20


def test_of_several_lines_each_is_masked():
    assert shown([KEY], b"  MIIEvQIBADANBgkqhkiG9w0BAQ\r\n") == b"  ***\r\n"
    assert shown([KEY], KEY.encode()) == MASK


@pytest.mark.parametrize("short", ["", "a", "test"])
def test_what_is_too_short_is_left(short):
    assert shown([short], b"a test") == b"a test"


def test_nothing_is_held_back_that_is_no_beginning():
    mask = Mask([SECRET])
    assert mask.take(b"a line\n") == b"a line\n"
    assert mask.take(b"ends in t") == b"ends in "
    assert mask.take(b"ea\n") == b"tea\n"


def test_a_text_by_itself():
    assert Mask([SECRET]).text(f"<{SECRET}>") == "<***>"
    assert Mask([SECRET]).found_in(SECRET.encode())
    assert not Mask([]).found_in(b"anything")
    assert Mask([]).text("as it is") == "as it is"


def test_secrets_are_added_up_and_never_told():
    both = Secrets(("one-secret",), ("one-secret",)) | Secrets(("two-secret", "one-secret"))
    assert (both.masked, both.guarded) == (("one-secret", "two-secret"), ("one-secret",))
    assert "secret" not in repr(both)


def test_log_lines_and_excerpt_are_masked(tmp_path):
    lines: list[str] = []
    with Output(tmp_path / "log", lines.append, Limits(), [SECRET]) as output:
        for piece in (b"one ", SECRET[:4].encode(), SECRET[4:].encode(), b"\nlast ", SECRET.encode()):
            output.take(piece)
    assert (tmp_path / "log").read_text() == "one ***\nlast ***"
    assert lines == ["one ***", "last ***"]
    assert output.excerpt() == "one ***\nlast ***"


def test_who_reads_lines_raw_is_given_them_whole_and_nobody_else(tmp_path):
    lines: list[str] = []
    with Output(tmp_path / "log", lines.append, Limits(), ["false"], raw=True) as output:
        for piece in (b'{"is_error":fal', b"se}\nthe ", b"last"):
            output.take(piece)
    assert lines == ['{"is_error":false}', "the last"]
    assert (tmp_path / "log").read_text() == output.excerpt() == '{"is_error":***}\nthe last'


def test_json_stays_json():
    mask = Mask(["false", "54321", "large-1", SECRET, "usage"])
    said = {"type": "large-1", "usage": {"n": 54321, "ok": False, "at": 5.4}, "model": "large-1", "text": [f"is {SECRET}", "large-1", None]}
    kept = {**said, "text": ["is ***", "***", None]}
    assert mask.within(said) == kept
    assert mask.within({f"x-{SECRET}": {"model": {"type": [SECRET]}}}) == {"x-***": {"model": {"type": ["***"]}}}
    assert mask.within("\ud800false") == "?***"


def test_a_secret_across_the_part_that_is_left_out_is_masked(tmp_path):
    with Output(tmp_path / "log", lambda _: None, Limits(log_bytes=100), [SECRET]) as output:
        for number in range(200):
            output.take(f"{number} {SECRET}\n".encode())
    assert "tango" not in (tmp_path / "log").read_text()


def test_a_program_s_secret_is_in_none_of_its_output(bench):
    outcome = bench.run("sh", "-c", f"printf tango/; sleep 0.3; printf '%s\\n' {SECRET[6:]}; exit 3", secrets=[SECRET])
    assert outcome.excerpt == "***"
    assert bench.lines == ["***"]
    assert bench.log.read_text() == "***\n"
