"""Makes the bytes that a case puts somewhere, as its YAML tells: what it begins with, and what is done to that, in this order.

========= ====================================================================================
text      the text itself; `base64`: bytes; `repeat`: ``{before, of, times, after}``; `numbered`: likewise, with a number for `%d`; else what was there
edit      pairs of what stands there, which must, and what shall stand there instead; `sub`: likewise, by regular expressions
put, drop JSON: values by path (`{numbers: [FROM, TO]}` are those), and paths that are taken away
append    more text at the end
crlf, bom line ends of Windows; a byte order mark
cut       how many bytes are left; from the end, if negative, they are taken away
flip      the place of a byte of which one bit is changed
========= ====================================================================================
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from dag_factory.cli.selftest import trees
from dag_factory.errors import PhasegateError

__all__ = ["WORDS", "made"]

WORDS = frozenset({"text", "base64", "repeat", "numbered", "edit", "sub", "put", "drop", "append", "crlf", "bom", "cut", "flip"})


def made(told: Mapping[str, Any], before: bytes) -> bytes:
    """Make bytes.

    Parameters
    ----------
    told: words of this module; others are not looked at.
    before: what was there before.

    Raises
    ------
    PhasegateError: what is to be edited is not there.

    """
    data = _edited(_begun(told, before), told)
    if told.get("crlf"):
        data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if told.get("bom"):
        data = b"\xef\xbb\xbf" + data
    if "cut" in told:
        data = data[: told["cut"]]
    if "flip" in told:
        spoilt = bytearray(data)
        spoilt[told["flip"]] ^= 1
        data = bytes(spoilt)
    return data


def _begun(told: Mapping[str, Any], before: bytes) -> bytes:
    if "text" in told:
        return str(told["text"]).encode()
    if "base64" in told:
        return base64.b64decode(told["base64"])
    if "repeat" in told:
        part = told["repeat"]
        return f"{part.get('before', '')}{part['of'] * part['times']}{part.get('after', '')}".encode()
    if "numbered" in told:
        part = told["numbered"]
        return "".join((part.get("before", ""), *(part["of"] % number for number in range(part["times"])), part.get("after", ""))).encode()
    return before


def _edited(data: bytes, told: Mapping[str, Any]) -> bytes:
    for old, new in told.get("edit", ()):
        if old.encode() not in data:
            raise PhasegateError(f"{old!r} does not stand in what is to be edited.", remedy="Mend the case.")
        data = data.replace(old.encode(), new.encode())
    for pattern, new in told.get("sub", ()):
        text, count = re.subn(pattern, new, data.decode())
        if not count:
            raise PhasegateError(f"{pattern!r} does not stand in what is to be edited.", remedy="Mend the case.")
        data = text.encode()
    if "put" in told or "drop" in told:
        value = json.loads(data)
        for path, new in told.get("put", {}).items():
            trees.put(value, path, _numbers(new))
        for path in told.get("drop", ()):
            trees.drop(value, path)
        data = json.dumps(value, ensure_ascii=False).encode()
    return data + str(told.get("append", "")).encode()


def _numbers(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"numbers"}:
        first, last = value["numbers"]
        return [*range(first, last + 1)]
    return {name: _numbers(one) for name, one in value.items()} if isinstance(value, dict) else value
