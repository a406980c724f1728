"""Puts secrets out of what a program writes, however it is cut into pieces.

A secret is known in the spellings that programs give it without meaning to hide it: as it is, in UTF-16, with letters put together of signs and marks, as
in a URL, as in JSON (and that in JSON again), as in HTML and XML, as Python shows it, with its quotes as shells and others write them, in base64, and of one
of several lines each line. Who means to get a secret out writes it backwards; against that no mask helps.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from unicodedata import normalize
from urllib.parse import quote, quote_plus

__all__ = ["LEAST", "MASK", "Mask", "Secrets", "spellings"]

MASK = b"***"

LEAST = 5
"""Characters from which on a text is masked, as in Airflow: what is shorter stands in every other line."""

_HEAD = 4
_FORM = frozenset({"type", "subtype", "role", "model", "status"})  # keys of words that programs read, and do not say
_WORD = re.compile("[A-Za-z_]*")
_LEFT = ("", "/", "!*'()", "!*'()/", "$&+=:@", ";/?:@&=+$,#!*'()")
"""What is left as it is beside letters, digits and `_.-~`: by RFC 3986, by Python's `quote`, by JavaScript's `encodeURIComponent`, alone and for each part of a
path, by Go's `PathEscape`, and by JavaScript's `encodeURI`."""
_PERCENT = re.compile("%[0-9A-F]{2}")
_UNICODE = re.compile(r"(\\u)([0-9a-f]{4})")
_SINGLE, _DOUBLE = ("'", "&#39;", "&#x27;", "&#039;", "&apos;"), ('"', "&quot;", "&#34;")
"""Quotes in HTML and XML: as Jinja and Go, Python, PHP and XML's own tools write them."""
_WIDTHS = (76, 64)  # columns: of MIME and `base64`, of PEM and `openssl`
_LEAST_LINE = 16  # of a line among several: what is shorter is punctuation


@dataclass(frozen=True)
class Secrets:
    """What was looked up for a program.

    Parameters
    ----------
    masked: what is put out of every log.
    guarded: what must not be found in evidence either.

    """

    masked: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Tell how many, and nothing more."""
        return f"Secrets({len(self.masked)})"

    def __or__(self, other: Secrets) -> Secrets:
        return Secrets(tuple(dict.fromkeys((*self.masked, *other.masked))), tuple(dict.fromkeys((*self.guarded, *other.guarded))))


def spellings(secrets: Iterable[str], least: int = LEAST) -> tuple[bytes, ...]:
    """Every spelling in which secrets are looked for, the longest first.

    Parameters
    ----------
    least: characters below which a secret is passed over.

    """
    found: dict[bytes, None] = {}
    for secret in secrets:
        lines = [line.strip() for line in secret.splitlines()] if "\n" in secret.strip() else []
        for text in (secret, secret.strip(), *(line for line in lines if len(line) >= _LEAST_LINE)):
            if len(text) >= least:
                for composed in dict.fromkeys((text, normalize("NFC", text), normalize("NFD", text))):
                    found |= dict.fromkeys(_spelt(composed))
    return tuple(sorted(found, key=len, reverse=True))


def _spelt(text: str) -> Iterator[bytes]:
    raw, said = text.encode(errors="surrogateescape"), text.encode(errors="replace").decode()
    yield raw
    yield repr(raw)[2:-1].encode()
    for form in (*_in_urls(said), *_in_json(said), *_in_quotes(said), *_in_markup(said)):
        yield form.encode()
    yield from (said.encode(order) for order in ("utf-16-le", "utf-16-be"))
    yield from (form for form in _in_base64(raw) if len(form) >= _LEAST_LINE)


def _in_urls(text: str) -> Iterator[str]:
    """A text in a URL or a form: programs differ in what they leave as it is, and in the case of hexadecimal digits."""
    for form in (*(quote(text, safe=safe) for safe in _LEFT), quote_plus(text), quote_plus(text, safe="*")):
        yield form
        yield _PERCENT.sub(lambda match: match[0].lower(), form)


def _in_json(text: str) -> Iterator[str]:
    """A text in JSON, and that in JSON: with or without other letters than those of ASCII, with what HTML knows or a slash escaped; and as Python shows it."""
    yield repr(text)[1:-1]
    for plain in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        for signs in ("", "&<>", "&<>'+", "/"):
            form = "".join(("\\/" if sign == "/" else f"\\u{ord(sign):04x}") if sign in signs else sign for sign in plain)
            for written in (form, _UNICODE.sub(lambda match: match[1] + match[2].upper(), form)):
                yield written
                yield json.dumps(written)[1:-1]


def _in_quotes(text: str) -> Iterator[str]:
    """A text with quotes in it as shells show it that tell what they run or export, and as it stands in SQL, YAML and CSV."""
    for sign, form in (("'", "'\\''"), ("'", "'\"'\"'"), ("'", "''"), ('"', '""')):
        yield text.replace(sign, form)
    for signs in ('\\"$`', "\\'", "\\'\""):
        yield "".join(f"\\{sign}" if sign in signs else sign for sign in text)


def _in_markup(text: str) -> Iterator[str]:
    """A text in HTML or XML: programs differ in how they write quotes, and in whether they write brackets as they are."""
    plain = text.replace("&", "&amp;")
    for form in dict.fromkeys((plain, plain.replace("<", "&lt;"), plain.replace("<", "&lt;").replace(">", "&gt;"))):
        for single, double in product(_SINGLE, _DOUBLE):
            yield form.replace("'", single).replace('"', double)


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """The characters that tell a text in base64, wherever in it the text begins: in `login:password` it is not the beginning.

    The characters at its edges depend on what stands beside it, too.
    """
    for shift, edge in enumerate((0, 2, 3)):
        padded = bytes(shift) + raw
        told = base64.b64encode(padded[: len(padded) // 3 * 3])[edge:]
        yield told
        yield told.translate(bytes.maketrans(b"+/", b"-_"))
    whole = base64.b64encode(raw[: len(raw) // 3 * 3])
    for width in _WIDTHS if len(whole) > min(_WIDTHS) else ():
        for end in (b"\n", b"\r\n"):
            yield end.join(whole[at : at + width] for at in range(0, len(whole), width))


class Mask:
    """Masks a stream: what may be the beginning of a secret is held back until it is known.

    Parameters
    ----------
    secrets: what is masked.

    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known = spellings(secrets)
        self._pattern = re.compile(b"|".join(map(re.escape, self._known))) if self._known else None
        self._held = b""

    def take(self, data: bytes) -> bytes:
        """Take the next piece; gives what may be shown now."""
        if self._pattern is None:
            return data
        data = self._held + data
        end = len(data) - self._open(data)
        shown: list[bytes] = []
        at = 0
        # Nearly always there is nothing to mask, and `in` is told so much quicker.
        for match in self._pattern.finditer(data) if self._in(data) else ():
            if match.start() >= end:
                break
            shown += [data[at : match.start()], MASK]
            at = match.end()
        end = max(end, at)
        self._held = data[end:]
        return b"".join((*shown, data[at:end]))

    def finish(self) -> bytes:
        """Give what was held back, when nothing comes any more."""
        held, self._held = self._held, b""
        return self._pattern.sub(MASK, held) if self._pattern else held

    def text(self, text: str) -> str:
        """A text that stands by itself, masked; half characters in it pass for question marks where they stand for no byte."""
        if self._pattern is None:
            return text
        try:
            data = text.encode(errors="surrogateescape")
        except UnicodeEncodeError:
            data = text.encode(errors="replace")
        return self._pattern.sub(MASK, data).decode(errors="surrogateescape")

    def within(self, value: Any) -> Any:
        """A JSON value whose texts are masked, so that it is still what it was: numbers, and the words that tell its form, stay.

        Raises
        ------
        RecursionError: it is nested too deeply.

        """
        if isinstance(value, str):
            return self.text(value.encode(errors="replace").decode())
        if isinstance(value, list):
            return [self.within(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {
            name if _WORD.fullmatch(name) else self.within(name): one if name in _FORM and isinstance(one, str) else self.within(one)
            for name, one in value.items()
        }

    def found_in(self, data: bytes) -> bool:
        """Whether a secret stands in these bytes."""
        return self._in(data)

    def _in(self, data: bytes) -> bool:
        return any(known in data for known in self._known)

    def _open(self, data: bytes) -> int:
        """How many of the last bytes are the beginning of a secret."""
        most = 0
        for known in self._known:
            tail = data[-(len(known) - 1) :]
            at = tail.find(known[:_HEAD])
            while at >= 0 and not known.startswith(tail[at:]):
                at = tail.find(known[:_HEAD], at + 1)
            short = next((size for size in range(min(_HEAD - 1, len(tail)), 0, -1) if known.startswith(tail[-size:])), 0)
            most = max(most, len(tail) - at if at >= 0 else 0, short)
        return most
