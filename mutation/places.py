"""Finds what can be changed in a module, one thing at a time: comparisons, conditions, constants, answers, statements that are left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mutant", "changed", "mutants"]

_OTHER: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Mult: ast.Add, ast.LShift: ast.RShift,
}  # fmt: skip
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_LEFT_OUT = {"annotation", "returns", "decorator_list", "type_params"}
_WORDS = {"text", "says", "remedy"}
"""Arguments that hold what a person reads: how a finding is worded is for its own tests to say."""


@dataclass(frozen=True)
class Mutant:
    """One change: in which file, where, in which function (none: a constant of the module), and what stands there instead of what.

    `number` counts the changes of the file: it finds the place again in the same source.
    """

    file: Path
    number: int
    line: int
    last: int
    within: str
    before: str
    after: str

    @property
    def name(self) -> str:
        """How it is named where survivors are explained: without its line, which moves."""
        return f"{self.within or self.file.stem}: {self.before} → {self.after}"


@dataclass(frozen=True)
class _Site:
    """A node with where it hangs: a field of its parent, or an item of it; and what it becomes."""

    parent: ast.AST
    field: str
    index: int | None
    within: str
    node: ast.AST
    becomes: ast.AST


def mutants(file: Path) -> list[Mutant]:
    """Everything that can be changed in a file, in its order."""
    found = []
    for number, site in enumerate(_sites(_reached_by_calls(ast.parse(file.read_text(encoding="utf-8"))))):
        line, last = _span(site.node)
        found.append(Mutant(file, number, line, last, site.within, _shown(site.node), _shown(site.becomes)))
    return found


def changed(mutant: Mutant) -> ast.Module:
    """The module with that one change."""
    tree = ast.parse(mutant.file.read_text(encoding="utf-8"))
    site = next(site for number, site in enumerate(_sites(tree)) if number == mutant.number)
    if site.index is None:
        setattr(site.parent, site.field, site.becomes)
    else:
        getattr(site.parent, site.field)[site.index] = site.becomes
    return ast.fix_missing_locations(tree)


def _reached_by_calls(tree: ast.Module) -> ast.Module:
    """Put what a parameter is without an argument into its function's first line, which each of its calls reaches."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
            for default in (*function.args.defaults, *filter(None, function.args.kw_defaults)):
                for node in ast.walk(default):
                    if isinstance(node, ast.expr):
                        node.lineno = node.end_lineno = first
    return tree


def _span(node: ast.AST) -> tuple[int, int]:
    """The lines that a test must reach to notice a change of a node."""
    match node:
        case ast.If(test=reached) | ast.comprehension(target=reached):
            return reached.lineno, reached.end_lineno or reached.lineno
        case ast.expr() | ast.stmt():
            return node.lineno, node.end_lineno or node.lineno
    return 0, 0


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 110 else f"{text[:70]} … {text[-38:]}"


def _sites(tree: ast.Module) -> Iterator[_Site]:
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=name):
                yield from _below(statement, name)
            case ast.ClassDef(name=name):
                for inner in statement.body:
                    if isinstance(inner, ast.FunctionDef):
                        yield from _below(inner, f"{name}.{inner.name}")
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name != "__all__" and not isinstance(value, ast.Subscript):
                yield from _below(statement, "")
            case ast.AnnAssign(value=ast.expr()):
                yield from _below(statement, "")


def _below(node: ast.AST, within: str) -> Iterator[_Site]:
    for field, value in ast.iter_fields(node):
        if field in _LEFT_OUT or isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg in _WORDS):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST):
                continue
            for becomes in _changes(child, node):
                yield _Site(node, field, index, within, child, ast.copy_location(becomes, child))
            yield from _below(child, within)


def _changes(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            for at, op in enumerate(node.ops):
                for other in _OTHER[type(op)]:
                    yield ast.Compare(node.left, [*node.ops[:at], other(), *node.ops[at + 1 :]], node.comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            yield from (_joined(op, [*values[:at], *values[at + 1 :]]) for at in range(len(values)))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            yield ast.BinOp(left, _ARITHMETIC[type(op)](), right)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield ast.Call(ast.Name(_CALLS[name], ast.Load()), node.args, node.keywords)
        case ast.comprehension(ifs=ifs):
            for at in range(len(ifs)):
                yield ast.comprehension(node.target, node.iter, [*ifs[:at], *ifs[at + 1 :]], node.is_async)
        case ast.Tuple(elts=elements, ctx=ast.Load()) if isinstance(parent, ast.Assign | ast.AnnAssign) and len(elements) > 1:
            yield from (ast.Tuple([*elements[:at], *elements[at + 1 :]], ast.Load()) for at in range(len(elements)))
        case ast.stmt():
            yield from _other_statement(node)
    yield from _turned_round(node)
    yield from _other_constant(node, parent)


def _turned_round(node: ast.AST) -> Iterator[ast.AST]:
    """A condition that is no comparison, of which no other change is made."""
    match node:
        case ast.If(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield ast.If(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)
        case ast.IfExp(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)


def _other_statement(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            yield ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))
        case ast.Expr(value=ast.Call()) | ast.Continue() | ast.Break() | ast.AugAssign() | ast.Raise():
            yield ast.Pass()


def _other_constant(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Constant) or isinstance(parent, ast.Expr):  # the latter is a docstring
        return
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and " " not in value:
        yield ast.Constant(f"{value}?")


def _joined(op: ast.boolop, values: list[ast.expr]) -> ast.expr:
    return values[0] if len(values) == 1 else ast.BoolOp(op, values)
