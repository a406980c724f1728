"""Which ids a text names, and which of them it answers.

A name counts however it is spelled out: `ingest-2` is named in `test_ingest_2_is_refused`, `MissingColumn` in `test_missing_column`. Longer ids
are looked for first, so that `ing-1.1` does not stand for `ing-1`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import inf

from dag_factory.evidence.kinds.prose import unfilled
from dag_factory.evidence.visible import UNSPACED, composed

__all__ = ["places", "said_of", "token", "told_apart", "whole", "with_own"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT = frozenset("not never nobody no didn hasn haven wasn weren t".split())  # noqa: SIM905 # a list would take a line for each
_SEEN = frozenset("look looked looking read see seen consider considered examine examined review reviewed".split())  # noqa: SIM905 # likewise
_AROUND = frozenset(
    """we i us they it its this these those that the time yet still so far of at into has have had did do does was were is are be been
    being to and in""".split()  # noqa: SIM905 # likewise
)
"""Of these words alone, and one of each of the two sets before them, is a sentence made that says that nobody looked."""
_FEWEST = 2  # words that an answer has beside the ids it answers
_MOST = 4_000_000_000
"""So many signs are looked at for ids, a text counting as some more; were there more to look at, nothing is named: of some alone others might seem apart."""
_TEXT = 500
_STEPS = 20_000_000
"""So many tests are looked at when they are dealt out to ids; who has none by then has none."""


def token(text: str) -> str:
    """A name as it may stand in a test's name or a sentence: `ingest-2` and `INGEST_2` are the same; letters of any script count."""
    return re.sub(r"[\W_]+", "_", composed(text).casefold()).strip("_")


def places(asked: Sequence[str], texts: Sequence[str], most: float = inf) -> tuple[dict[str, set[int]], list[str]]:
    """Where ids are named.

    Parameters
    ----------
    most: how many texts are told for an id; all that name it without.

    Returns
    -------
    For each id the texts that name it, by their number; and what is left of the texts without them.

    """
    lines = [f"_{token(text)}_ _{token(_HUMP.sub('_', text))}_" for text in texts]
    spelled = {name: [form for form in dict.fromkeys((token(name), token(_HUMP.sub("_", name)))) if form] for name in asked}
    having = _having({word for forms in spelled.values() for form in forms for word in form.split("_")}, lines)
    found: dict[str, set[int]] = {name: set() for name in asked}
    alike, left = Counter(map(token, asked)), _MOST
    for name in sorted(asked, key=len, reverse=True):
        single = alike[token(name)] == 1
        for form in spelled[name]:
            sought = f"_{form}_"
            for number in min((having.get(word, []) for word in form.split("_")), key=len):  # where its rarest word stands
                left -= len(lines[number]) + _TEXT
                if sought not in lines[number]:
                    continue
                if len(found[name]) < most and (single or name in texts[number]):
                    found[name].add(number)
                if single:
                    lines[number] = lines[number].replace(sought, f"_{'#' * len(form)}_")
            if left < 0:
                found = {one: set() for one in asked}
                return found, [line.partition(" ")[0] for line in lines]
    return found, [line.partition(" ")[0] for line in lines or [""]]


def _having(words: set[str], lines: Sequence[str]) -> dict[str, list[int]]:
    """The lines in which each of some words stands, by their number."""
    having: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        for word in words.intersection(line.replace(" ", "_").split("_")):
            having.setdefault(word, []).append(number)
    return having


def whole(asked: Sequence[str], values: Iterable[str]) -> set[str]:
    """The ids that are one of the values, from its first sign to its last; where two are spelled alike, as it is written."""
    exact = set(values)
    spelled, alike = {token(value) for value in exact} - {""}, Counter(map(token, asked))
    return {name for name in asked if name in exact or (token(name) in spelled and alike[token(name)] == 1)}


def told_apart(asked: Sequence[str], tests: Sequence[str]) -> dict[str, set[int]]:
    """Which tests name an id, by their number: in the test's own name, or in that of its class where that names no other."""
    classes, names = zip(*(_split(test) for test in tests), strict=True) if tests else ((), ())
    found, _ = places(asked, names, most=len(asked))  # one is enough for each id, whichever of them the others take
    members: dict[str, list[int]] = {}
    for number, of in enumerate(classes):
        members.setdefault(of, []).append(number)
    different = list(members)
    in_classes, _ = places(asked, different)
    counted = Counter(number for numbers in in_classes.values() for number in numbers)
    for name, numbers in in_classes.items():
        found[name].update(test for number in numbers if counted[number] == 1 for test in members[different[number]])
    return found


def with_own(found: Mapping[str, set[int]]) -> set[str]:
    """The ids that have a test of their own: as many as there can be when every test counts for one."""
    owner: dict[int, str] = {}
    own: dict[str, int] = {}
    steps = 0
    for name in found:
        reached: dict[int, str] = {}
        queue = [name]
        for current in queue:
            if (steps := steps + len(found[current])) > _STEPS:
                return set(own)
            for test in found[current]:
                if test in reached:
                    continue
                reached[test] = current
                if test in owner:
                    queue.append(owner[test])
                    continue
                queue.clear()
                free: int | None = test
                while free is not None:  # each on the way gives its test to the one before and takes the next
                    who = reached[free]
                    owner[free], own[who], free = who, free, own.get(who)
                break
    return set(own)


def _split(test: str) -> tuple[str, str]:
    of, apart, name = test.partition("::")
    return (of, name) if apart else ("", test)


def said_of(asked: Sequence[str], texts: Iterable[str]) -> tuple[set[str], set[str]]:
    """The ids that prose names, and those of them with words beside them: in the same paragraph or list, or right below it."""
    chunks = [chunk for text in texts for chunk in re.split(r"\n{2,}", text)]
    found, left = places(asked, chunks)
    beside = [_words(line) for line in left]
    below = [0 if chunk.startswith("#") else words for chunk, words in zip(chunks[1:], beside[1:], strict=True)]
    words = [own + more for own, more in zip(beside, [*below, 0], strict=True)]
    named = {name for name, numbers in found.items() if numbers}
    return named, {name for name in named if any(words[number] >= _FEWEST for number in found[name])}


def _words(line: str) -> int:
    """How many words say something; a placeholder does not, nor does a text that says no more than that nobody looked."""
    words = [word for word in line.split("_") if word.strip("#")]
    said = set(words)
    if (said & _NOT and said & _SEEN and said <= _NOT | _SEEN | _AROUND) or unfilled(" ".join(words)):
        return 0
    return len(words) + len(UNSPACED.findall(line))
