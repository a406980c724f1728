"""What may be edited in a module, the smallest first: operators, conditions, constants, arguments, calls, whole statements.

Each kind of edit is a function that looks at one node of the syntax tree and offers other texts for it. The text around the node stays as it
is, so that what is kept is a change a person could have made. Texts within texts are in `phrases`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from repair import phrases

_SWAPS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Lt: ("<=", ">"), ast.LtE: ("<", ">="), ast.Gt: (">=", "<"), ast.GtE: (">", "<="), ast.Eq: ("!=",), ast.NotEq: ("==",),
    ast.In: ("not in",), ast.NotIn: ("in",), ast.Is: ("is not",), ast.IsNot: ("is",), ast.Add: ("-",), ast.Sub: ("+",),
    ast.Mult: ("//", "+"), ast.FloorDiv: ("%", "*"), ast.Mod: ("//",), ast.Div: ("//",), ast.And: ("or",), ast.Or: ("and",),
}  # fmt: skip
Offer = tuple[int, str, str]  # how large the edit is, the new text of the node, and what it does in words


@dataclass(frozen=True)
class Edit:
    """One change of one module: its path, the line, what it does, how large it is, and the whole text afterwards."""

    path: str
    line: int
    says: str
    size: int
    text: str


def edits_of(path: Path, checkout: Path, words: str) -> list[Edit]:
    """Every edit of a module that leaves a module; `words` is what the checks said, which some edits take into account."""
    source = (checkout / path).read_text(encoding="utf-8")
    found: dict[str, Edit] = {}
    for node, offers in _offers(ast.parse(source), source, words):
        for size, new, says in offers:
            text = _spliced(source, node, new)
            if text != source and text not in found and _compiles(text):
                found[text] = Edit(path.as_posix(), node.lineno, says, size, text)
    return list(found.values())


def _offers(tree: ast.Module, source: str, words: str) -> Iterator[tuple[ast.expr | ast.stmt, Iterator[Offer]]]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr | ast.Constant) and isinstance(getattr(node, "value", ""), str):
            yield node, phrases.offers(ast.get_source_segment(source, node) or "", words)  # type: ignore[misc]
            continue  # before Python 3.12 nobody can tell where the parts of an f-string are
        for kind, look in _LOOKS.items():
            if isinstance(node, kind):
                yield node, look(node, source)  # type: ignore[misc]
        if isinstance(node, ast.expr | ast.stmt):
            yield node, phrases.calls(node, source, words)
        waiting += reversed([child for child in ast.iter_child_nodes(node) if not _documents(child, node)])


def _documents(child: ast.AST, parent: ast.AST) -> bool:
    """Whether it is a docstring, an annotation, or something else that does nothing."""
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True
    if isinstance(child, ast.Import | ast.ImportFrom | ast.ClassDef | ast.arg):
        return True
    return child in {getattr(parent, "returns", None), getattr(parent, "annotation", None)} - {None}


def _operators(node: ast.Compare | ast.BinOp, source: str) -> Iterator[Offer]:
    left, operator, right = (
        (node.left, node.ops[0], node.comparators[0]) if isinstance(node, ast.Compare) else (node.left, node.op, node.right)
    )
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return
    first, second = _text(left, source), _text(right, source)
    for sign in _SWAPS.get(type(operator), ()):
        yield 1, f"{first} {sign} {second}", f"`{sign}` in the place of another operator"
    if isinstance(operator, ast.Sub | ast.FloorDiv | ast.Mod | ast.Add | ast.Lt | ast.LtE | ast.Gt | ast.GtE) and isinstance(
        right, ast.Constant
    ):
        yield 2, first, f"without `{_text(right, source)}`"
    if isinstance(operator, ast.Sub | ast.FloorDiv | ast.Mod | ast.In):
        yield 2, _text(node, source).replace(first, "\0").replace(second, first).replace("\0", second), "both sides swapped"


def _conditions(node: ast.BoolOp, source: str) -> Iterator[Offer]:
    parts = [_text(value, source) for value in node.values]
    for index, part in enumerate(parts):
        yield 1, _joined(node.op, parts[:index] + parts[index + 1 :]), f"without the condition `{part}`"
    yield 1, _joined(ast.Or() if isinstance(node.op, ast.And) else ast.And(), parts), "and, or: the other one"


def _joined(operator: ast.boolop, parts: list[str]) -> str:
    return (" and " if isinstance(operator, ast.And) else " or ").join(parts)


def _negations(node: ast.UnaryOp, source: str) -> Iterator[Offer]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield 1, _text(node.operand, source), "without the negation"


def _constants(node: ast.Constant, source: str) -> Iterator[Offer]:
    if isinstance(node.value, bool):
        yield 1, str(not node.value), f"`{not node.value}` in the place of `{node.value}`"
    elif isinstance(node.value, int):
        for value in dict.fromkeys((node.value - 1, node.value + 1, 0)):
            if value != node.value:
                yield 1, str(value), f"`{value}` in the place of `{_text(node, source)}`"


def _calls(node: ast.Call, source: str) -> Iterator[Offer]:
    if len(node.args) == 1 and not node.keywords and isinstance(node.func, ast.Name):
        yield 2, _text(node.args[0], source), f"without `{node.func.id}()`"
        membership = _membership(node.args[0], source) if node.func.id == "any" else ""
        if membership:
            yield 2, membership, "a lookup in the place of a search through everything"
    if isinstance(node.func, ast.Attribute):
        yield 2, _text(node.func.value, source), f"without `.{node.func.attr}()`"
    for index in range(len(node.args) - 1):
        parts = [_text(argument, source) for argument in node.args]
        parts[index], parts[index + 1] = parts[index + 1], parts[index]
        parts += [_text(keyword, source) for keyword in node.keywords]
        yield 2, f"{_text(node.func, source)}({', '.join(parts)})", "two arguments swapped"


def _membership(node: ast.expr, source: str) -> str:
    """`any(x == y for y in z)` asks whether x is in z."""
    if not isinstance(node, ast.GeneratorExp) or len(node.generators) != 1 or node.generators[0].ifs:
        return ""
    each, test = node.generators[0], node.elt
    if not (isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq) and len(test.ops) == 1):
        return ""
    sides = [_text(test.left, source), _text(test.comparators[0], source)]
    name = _text(each.target, source)
    return f"{next(side for side in sides if side != name)} in {_text(each.iter, source)}" if name in sides else ""


def _slices(node: ast.Subscript, source: str) -> Iterator[Offer]:
    if isinstance(node.slice, ast.Slice):
        yield 2, _text(node.value, source), f"without `[{_text(node.slice, source)}]`"


def _choices(node: ast.IfExp, source: str) -> Iterator[Offer]:
    yield 2, _text(node.body, source), "always the first"
    yield 2, _text(node.orelse, source), "always the other"


def _branches(node: ast.If, source: str) -> Iterator[Offer]:
    test, whole = _text(node.test, source), _text(node, source)
    yield 1, whole.replace(test, f"not ({test})", 1), f"`{test}` negated"
    yield 3, "pass", f"without `if {test}`"
    if not node.orelse:
        yield 3, whole.replace(test, "True", 1), f"whether or not `{test}`"


def _statements(node: ast.stmt, source: str) -> Iterator[Offer]:
    yield 3, "pass", f"without `{_text(node, source).splitlines()[0]}`"


_LOOKS: dict[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[Offer]]] = {
    (ast.Compare, ast.BinOp): _operators,
    ast.BoolOp: _conditions,
    ast.UnaryOp: _negations,
    ast.Constant: _constants,
    ast.Call: _calls,
    ast.Subscript: _slices,
    ast.IfExp: _choices,
    ast.If: _branches,
    (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break): _statements,
}


def _text(node: ast.AST, source: str) -> str:
    return ast.get_source_segment(source, node) or ""


def _spliced(source: str, node: ast.expr | ast.stmt, new: str) -> str:
    """The source with another text in the node's place; a statement that is gone leaves no `pass` where none is needed."""
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or node.lineno) - 1])) + (node.end_col_offset or 0)
    whole = b"".join(lines)
    text = (whole[:start] + new.encode() + whole[end:]).decode()
    if new == "pass" and isinstance(node, ast.stmt):
        shorter = (b"".join(lines[: node.lineno - 1]) + b"".join(lines[node.end_lineno or node.lineno :])).decode()
        return shorter if _compiles(shorter) else text
    return text


def _compiles(text: str) -> bool:
    try:
        compile(text, "<edit>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
