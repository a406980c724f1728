"""Spoils bytes: what a careless or a hostile writer leaves. The same seed, corpus and answers give the same inputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from fuzzing.trees import EXTREMES, changed_tree

__all__ = ["MAX_BYTES", "Mutator"]

MAX_BYTES = 64_000
"""The longest input. What a parser does with megabytes is measured elsewhere; here many small inputs count."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|<[^<>]*>|[A-Za-z_][A-Za-z0-9_.:-]*|-?[0-9]+(?:\.[0-9]+)?|\r?\n|[^\sA-Za-z0-9]')
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
_PAIR = re.compile(rb'"[^"\n]{1,40}"\s*:\s*(?:"[^"\n]*"|-?[0-9.]+|true|false|null)|\s[a-zA-Z:]{1,20}="[^"\n]*"')
_NUMBERS = [str(value).encode() for value in EXTREMES] + [
    b"1e999",
    b"-1e999",
    b"NaN",
    b"Infinity",
    b"-0",
    b"01",
    b"1_0",
    b"0x10",
    b"9" * 4300,
    b"9" * 4301,
    b"1." + b"0" * 400,
]
_SIGNS = [
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"&#0;", b"&#xD800;", b"&lt;", b"&x;", b"]]>", b"<!--",
    b"-->", b"<![CDATA[",
    b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"<?xml version='1.0' encoding='utf-16'?>", b"\r", b"\n", b"\t", b"\x0b", b"\x85", b"\xe2\x80\xa8",
    b"\xe2\x80\xae", b"```", b"~~~",
    b"<details>", b"[a]: b", b"- ", b"> ", b"# ", b"| a | b |\n|---|---|\n", b"&a", b"*a", b"!!python/object:os.system", b"%YAML 1.1\n---\n",
    b"<<: ", b"? ", b"---\n", b"...\n",
    b"../", b"/", b"end_of_record\n", b"SF:", b"DA:1,1\n", b"null", b"true", b"{}", b"[]", b'""', b"e5", b".", b"-", b",", b":", b"\"", b"'",
]  # fmt: skip
_NESTS = [
    (b"[", b"]"),
    (b'{"a":', b"}"),
    (b"<a>", b"</a>"),
    (b"<testsuite>", b"</testsuite>"),
    (b"> ", b""),
    (b"- ", b""),
    (b"{a: ", b"}"),
    (b"(", b")"),
    (b"*", b"*"),
    (b"[![", b"](x)](y)"),
]


class Mutator:
    """Makes inputs from a corpus.

    Parameters
    ----------
    random: where chance comes from.
    corpus: inputs to begin with; `keep` adds those that had a new answer.

    """

    def __init__(self, random: Random, corpus: Sequence[bytes]) -> None:
        self._random = random
        self._seeds = len(corpus)
        self._corpus = list(corpus)
        self._ways: list[Callable[[bytes], bytes]] = [
            self._flip, self._byte, self._cut, self._drop, self._double, self._swap, self._insert, self._splice, self._number, self._tokens,
            self._token, self._pair,
            self._nest, self._encode, self._repeat,
        ]  # fmt: skip

    def next(self) -> bytes:
        """The next input: one of the corpus, spoilt in one to five ways."""
        chance = self._random
        begins = chance.randrange(self._seeds) if chance.random() < 0.5 else chance.randrange(len(self._corpus))
        data = self._corpus[begins]
        for _ in range(min(5, 1 + int(chance.expovariate(0.9)))):
            tree = changed_tree(data, chance) if data[:1] in (b"{", b"[") and chance.random() < 0.6 else None
            data = (chance.choice(self._ways)(data) if tree is None else tree)[:MAX_BYTES]
        return data

    def keep(self, data: bytes, most: int = 1_000) -> None:
        """Spoil this one further: it had an answer that none before had."""
        if len(self._corpus) < self._seeds + most:
            self._corpus.append(data)
        else:
            self._corpus[self._random.randrange(self._seeds, len(self._corpus))] = data

    def _span(self, data: bytes, most: int = 64) -> tuple[int, int]:
        start = self._random.randrange(len(data) + 1)
        return start, min(len(data), start + self._random.randint(1, most))

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return b"\x00"
        made = bytearray(data)
        made[self._random.randrange(len(made))] ^= 1 << self._random.randrange(8)
        return bytes(made)

    def _byte(self, data: bytes) -> bytes:
        start, _ = self._span(data)
        return data[:start] + bytes([self._random.randrange(256)]) + data[start + 1 :]

    def _cut(self, data: bytes) -> bytes:
        start, _ = self._span(data)
        return data[:start] if self._random.random() < 0.8 else data[start:]

    def _drop(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[end:]

    def _double(self, data: bytes) -> bytes:
        start, end = self._span(data, 256)
        at = self._random.randrange(len(data) + 1)
        return data[:at] + data[start:end] + data[at:]

    def _swap(self, data: bytes) -> bytes:
        start, end = self._span(data)
        other, last = self._span(data)
        if end > other:
            return data
        return data[:start] + data[other:last] + data[end:other] + data[start:end] + data[last:]

    def _insert(self, data: bytes) -> bytes:
        start, _ = self._span(data)
        return data[:start] + self._random.choice(_SIGNS) + data[start:]

    def _splice(self, data: bytes) -> bytes:
        other = self._random.choice(self._corpus)
        return data[: self._span(data)[0]] + other[self._span(other)[0] :]

    def _number(self, data: bytes) -> bytes:
        return self._replaced(data, _NUMBER, lambda _: self._random.choice(_NUMBERS))

    def _pair(self, data: bytes) -> bytes:
        """A key or an attribute twice."""
        return self._replaced(data, _PAIR, lambda found: found + (b"" if found[:1].isspace() else b",") + found)

    def _token(self, data: bytes) -> bytes:
        return self._replaced(data, _TOKEN, lambda found: self._random.choice([b"", found * 2, self._random.choice(_SIGNS), found.upper()]))

    def _tokens(self, data: bytes) -> bytes:
        """One token in the place of another."""
        found = list(_TOKEN.finditer(data))
        if not found:
            return data
        here, there = self._random.choice(found), self._random.choice(found)
        return data[: here.start()] + there.group() + data[here.end() :]

    def _replaced(self, data: bytes, pattern: re.Pattern[bytes], made: Callable[[bytes], bytes]) -> bytes:
        found = list(pattern.finditer(data))
        if not found:
            return data
        one = self._random.choice(found)
        return data[: one.start()] + made(one.group()) + data[one.end() :]

    def _nest(self, data: bytes) -> bytes:
        start, _ = self._span(data)
        begin, end = self._random.choice(_NESTS)
        times = self._random.choice([2, 20, 70, 1_100, 20_000])
        return (
            data[:start]
            + begin * min(times, MAX_BYTES // len(begin))
            + (end * times if self._random.random() < 0.5 else b"")
            + data[start:]
        )

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._span(data, 40)
        return data[:start] + data[start:end] * self._random.choice([3, 30, 500]) + data[end:]

    def _encode(self, data: bytes) -> bytes:
        text = data.decode("utf-8", "replace")
        how = self._random.choice(["utf-16", "utf-16-be", "utf-32", "latin-1", "utf-8-sig", "utf-7", "\r\n", "\r", "upper"])
        if how in {"\r\n", "\r"}:
            return text.replace("\n", how).encode()
        return text.upper().encode() if how == "upper" else text.encode(how, "replace")
