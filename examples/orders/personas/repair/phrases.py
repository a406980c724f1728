"""Edits within texts: SQL, patterns, what is printed; and calls that go with a text.

Each offer is the new source of the text, `"..."` with its quotes, and how large an edit that is.
"""

from __future__ import annotations

import ast
import difflib
import itertools
import re
from collections.abc import Iterator

Offer = tuple[int, str, str]

_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE)\b")
_CLAUSES = {
    "WHERE": r"\s+WHERE\s.+?(?=\s+(?:GROUP|ORDER|HAVING|LIMIT)\b|[\"')]*$)",
    "HAVING": r"\s+HAVING\s.+?(?=\s+(?:ORDER|LIMIT)\b|[\"')]*$)",
    "LIMIT": r"\s+LIMIT\s+\d+",
    "ORDER BY": r"\s+ORDER BY\s.+?(?=\s+LIMIT\b|[\"')]*$)",
    "DISTINCT": r"\bDISTINCT\s+",
    "DESC": r"\s+DESC\b",
}
_SIGNS = {"<": ("<=", ">"), "<=": ("<", ">="), ">": (">=", "<"), ">=": (">", "<="), "=": ("<>",), "<>": ("=",)}
_PATTERN = {r"\d": "[0-9]", r"\w": "[A-Za-z0-9_]", r"\s": "[ \\t]"}
_ASKED = re.compile(r"^(?:FAILED [\w-]+: )?(?P<asked>'.*?'|\".*?\") was not printed, but (?P<printed>\[.*\])$", re.MULTILINE)


def offers(text: str, words: str) -> Iterator[Offer]:
    """Other texts for a string as it is written in the source."""
    yield from _wording(text, words)
    if _SQL.search(text):
        yield from _sql(text)
    yield from _pattern(text)
    yield from _format(text)


def _sql(text: str) -> Iterator[Offer]:
    for name, clause in _CLAUSES.items():
        for found in re.finditer(clause, text, re.DOTALL):
            yield (
                1,
                text[: found.start()] + text[found.end() :],
                f"the SQL without `{' '.join(found[0].split()) if name != 'DESC' else name}`",
            )
    for found in re.finditer(r"(?<=\s)(<=|>=|<>|<|>|=)(?=\s)", text):
        for sign in _SIGNS[found[1]]:
            yield 1, text[: found.start()] + sign + text[found.end() :], f"`{sign}` in the place of `{found[1]}` in the SQL"
    for found in re.finditer(r"(ORDER BY|GROUP BY)\s+(\w+(?:,\s*\w+)+)", text):
        names = re.split(r",\s*", found[2])
        for order in itertools.islice(itertools.permutations(names), 1, 6):
            yield 2, text[: found.start(2)] + ", ".join(order) + text[found.end(2) :], f"`{found[1]} {', '.join(order)}` in the SQL"
    for found in re.finditer(r"\b(SUM|COUNT|MIN|MAX|AVG)\(", text):
        for name in ("SUM", "COUNT", "MIN", "MAX"):
            if name != found[1]:
                yield 2, text[: found.start(1)] + name + text[found.end(1) :], f"`{name}` in the place of `{found[1]}` in the SQL"


def _pattern(text: str) -> Iterator[Offer]:
    held = [letters for letters in _PATTERN if letters in text]
    if not text.startswith(("r", "R")):
        return
    for letters in held:
        yield (
            1,
            text.replace(letters, _PATTERN[letters]),
            f"`{_PATTERN[letters]}` in the place of `{letters}`, which takes other scripts too",
        )
    for found in re.finditer(r"\{(\d+)(,\d+)?\}", text):
        for number in (int(found[1]) - 1, int(found[1]) + 1):
            yield 1, f"{text[: found.start(1)]}{number}{text[found.end(1) :]}", f"`{number}` in the place of `{found[1]}` in the pattern"


def _format(text: str) -> Iterator[Offer]:
    if not text.startswith(("f", "F")):
        return
    for found in re.finditer(r"(?<!\{)'\{([^{}!:]+)\}'", text):
        yield (
            1,
            f"{text[: found.start()]}{{{found[1]}!r}}{text[found.end() :]}",
            f"`{{{found[1]}!r}}` in the place of quotes written by hand",
        )
    for found in re.finditer(r"\[(\d+)\]", text):
        for number in (int(found[1]) - 1, int(found[1]) + 1):
            if number >= 0:
                yield 1, f"{text[: found.start()]}[{number}]{text[found.end() :]}", f"`[{number}]` in the place of `{found[0]}`"
    for found in re.finditer(r"\{([^{}:]+)(:[^{}]+)\}", text):
        yield 1, f"{text[: found.start(2)]}{text[found.end(2) :]}", f"without the format `{found[2]}`"
    for found in re.finditer(r"\{([^{}:!]+)\}", text):
        for form in (":02", "!r"):
            yield 2, f"{text[: found.end(1)]}{form}{text[found.end(1) :]}", f"`{{{found[1]}{form}}}` in the place of `{found[0]}`"


def _wording(text: str, words: str) -> Iterator[Offer]:
    """What was printed in other words than those asked for: the words in which the two differ."""
    for found in _ASKED.finditer(words):
        try:
            asked, printed = ast.literal_eval(found["asked"]), ast.literal_eval(found["printed"])
        except (SyntaxError, ValueError):
            continue  # cut off in the middle
        for line in difflib.get_close_matches(asked, printed, n=1, cutoff=0.7):
            ours, theirs = line.split(" "), asked.split(" ")
            for tag, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
                old, new = " ".join(ours[a:b]), " ".join(theirs[c:d])
                if tag == "replace" and text.count(old) == 1 and not re.search(r"[\\{}\"']", new):
                    yield 0, text.replace(old, new), f"{new!r} in the place of {old!r}"


def calls(node: ast.expr | ast.stmt, source: str, words: str) -> Iterator[Offer]:
    """Calls that are missing, or made in another way, where what the checks said speaks for it."""
    text = ast.get_source_segment(source, node) or ""
    if "UnicodeEncodeError" in words and isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        yield 2, f'{text}.encode(errors="backslashreplace").decode()', f"what cannot be encoded in `{text}` is written as escapes"
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and len(node.args) == 1
        and isinstance(node.args[0], ast.JoinedStr)
    ):
        said = ast.get_source_segment(source, node.args[0]) or ""
        names = re.findall(r"'?\{([^{}!:]+)\}'?", said)
        if names and _SQL.search(said) and said.startswith("f"):
            sql = re.sub(r"'?\{[^{}!:]+\}'?", "?", said)[1:]
            call = (ast.get_source_segment(source, node.func) or "") + f"({sql}, ({', '.join(names)},))"
            yield 2, call, "the SQL with parameters, and not put together as a text"
