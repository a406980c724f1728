"""The catalogue of rules (`dag_factory/rules.yaml`) and the code know the same rules; `docs/rules/` is made of it.

Rule ids are found by reading the code, not by running it: whatever is bound to a parameter, a field or a variable called
`rule` is one. So a rule that no other test breaks is found as well. In `workspace`, which hands its refusals on in tuples, a
rule is known by its first word.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import yaml

import dag_factory
from dag_factory.cli.explain import explain, page, read_rules
from dag_factory.evidence.kinds.base import RULES
from dag_factory.evidence.policies.independence import INDEPENDENCE, ONE_PERSONA
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec

ROOT = Path(__file__).parents[2]
PACKAGE = Path(dag_factory.__file__).parent
PAGES = ROOT / "docs" / "rules"
SAMPLE = ROOT / "examples" / "orders" / "workflow.yaml"
PLACES = {"the linter", "the loader", "the linter and the gate", "the gate", "the seal", "complete", "phasegate verify"}
SELF = {"self", "cls"}
READER = "explain.py"
"""It takes rules from whoever asks, and names none."""
REFUSAL = re.compile(r"workspace(-[a-z]+)+")


@dataclass
class Code:
    """All modules of a package, with what is needed to tell which value is a rule."""

    modules: dict[Path, ast.Module]
    own: dict[Path, dict[str, int | None]] = field(default_factory=dict)
    """Functions and classes by module and name: the position at which they take a `rule`, or None."""
    takers: dict[str, int] = field(default_factory=dict)
    """Those that take one, whatever their module: what a module does not define itself comes from elsewhere."""
    texts: dict[str, str] = field(default_factory=dict)
    """Module-level names of texts, as `EVIDENCE_MISSING = "evidence-missing"`."""

    @classmethod
    def read(cls, package: Path) -> Code:
        files = sorted(path for path in package.rglob("*.py") if path.name != READER and "sample" not in path.relative_to(package).parts)
        code = cls({path: ast.parse(path.read_text(encoding="utf-8")) for path in files})
        for path, module in code.modules.items():
            code._learn(module, code.own.setdefault(path, {}))
        code.takers = {name: at for own in code.own.values() for name, at in own.items() if at is not None}
        return code

    def _learn(self, module: ast.Module, own: dict[str, int | None]) -> None:
        for line in module.body:
            if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str):
                self.texts |= {name.id: line.value.value for name in line.targets if isinstance(name, ast.Name)}
        for item in ast.walk(module):
            if isinstance(item, ast.FunctionDef) and item.name != "__init__":
                own[item.name] = _position([name.arg for name in (*item.args.posonlyargs, *item.args.args) if name.arg not in SELF])
            elif isinstance(item, ast.ClassDef):
                fields = [part.target for part in item.body if isinstance(part, ast.AnnAssign)]
                own[item.name] = _position([name.id for name in fields if isinstance(name, ast.Name)])

    def found(self) -> Iterator[tuple[str, str]]:
        """Every rule id in the code, with its place; what cannot be read is yielded as an empty id."""
        for path, module in self.modules.items():
            for item in ast.walk(module):
                place = f"{path.relative_to(PACKAGE.parent)}:{getattr(item, 'lineno', 1)}"
                if path.parent.name == "workspace":
                    if isinstance(item, ast.Constant) and isinstance(item.value, str) and REFUSAL.fullmatch(item.value):
                        yield item.value, place
                else:
                    yield from ((rule, place) for value in self._given(path, item) for rule in self._read(value))

    def _given(self, path: Path, item: ast.AST) -> Iterator[ast.expr]:
        if isinstance(item, ast.Call):
            name = item.func.attr if isinstance(item.func, ast.Attribute) else getattr(item.func, "id", "")
            at = self.own[path][name] if name in self.own[path] else self.takers.get(name)
            yield from (keyword.value for keyword in item.keywords if keyword.arg == "rule")
            if at is not None and len(item.args) > at:
                yield item.args[at]
        elif isinstance(item, ast.FunctionDef):
            names = [*item.args.posonlyargs, *item.args.args]
            given = [*zip(names[len(names) - len(item.args.defaults) :], item.args.defaults, strict=True)]
            given += [(name, value) for name, value in zip(item.args.kwonlyargs, item.args.kw_defaults, strict=True) if value]
            yield from (value for name, value in given if name.arg == "rule")
        elif isinstance(item, ast.AnnAssign) and item.value and getattr(item.target, "id", "") == "rule":
            yield item.value
        elif isinstance(item, ast.Assign):
            for target in item.targets:
                yield from self._unpacked(self.modules[path], target, item.value)
        elif isinstance(item, ast.Compare) and isinstance(item.left, ast.Attribute) and item.left.attr == "rule":
            yield from (other for other, how in zip(item.comparators, item.ops, strict=True) if isinstance(how, ast.Eq | ast.NotEq))

    def _unpacked(self, module: ast.Module, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
        """Follow `rule = …`, and `rule, … = function()` into what that function returns."""
        if isinstance(target, ast.Name) and target.id == "rule":
            yield value
        if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Call):
            return
        at = _position([getattr(part, "id", "") for part in target.elts])
        for made in ast.walk(module):
            if at is None or not isinstance(made, ast.FunctionDef) or made.name != getattr(value.func, "id", ""):
                continue
            answers = [part.value for part in ast.walk(made) if isinstance(part, ast.Return)]
            yield from (answer.elts[at] for answer in answers if isinstance(answer, ast.Tuple))

    def _read(self, value: ast.expr) -> Iterator[str]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
        elif isinstance(value, ast.Name) and value.id in self.texts:
            yield self.texts[value.id]
        elif isinstance(value, ast.IfExp):
            yield from self._read(value.body)
            yield from self._read(value.orelse)
        elif getattr(value, "id", getattr(value, "attr", "")) != "rule":  # a `rule` handed on was read where it came from
            yield ""


def _position(names: list[str]) -> int | None:
    return names.index("rule") if "rule" in names else None


@cache
def _used() -> dict[str, list[str]]:
    used: dict[str, list[str]] = {}
    for rule, place in Code.read(PACKAGE).found():
        used.setdefault(rule, []).append(place)
    return used


def test_every_rule_in_the_code_is_a_text_that_can_be_read() -> None:
    assert _used().get("", []) == []


def test_every_rule_in_the_code_is_in_the_catalogue() -> None:
    assert {rule: places for rule, places in _used().items() if rule and rule not in read_rules()} == {}


def test_every_rule_in_the_catalogue_is_in_the_code() -> None:
    assert sorted(set(read_rules()) - set(_used())) == []


def test_the_families_named_elsewhere_are_rules() -> None:
    assert {*RULES, *INDEPENDENCE, *ONE_PERSONA} <= set(read_rules())


def test_no_rule_is_written_twice() -> None:
    text = (PACKAGE / "rules.yaml").read_text(encoding="utf-8")
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    keys = [key.value for key, _ in root.value]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("rule", sorted(read_rules()))
def test_an_entry_tells_what_a_reader_needs(rule: str) -> None:
    told = read_rules()[rule]
    assert {"says", "at", "why", "remedy"} <= set(told) <= {"says", "at", "why", "remedy", "example"}
    assert all(isinstance(text, str) and text.strip() for text in told.values())
    assert told["at"] in PLACES
    assert "\n" not in told["says"]
    assert told["says"].endswith(".")
    assert 2 <= told["why"].count(". ") + told["why"].count(".\n") + 1 <= 4


@pytest.mark.parametrize("rule", sorted(rule for rule, told in read_rules().items() if "example" in told))
def test_an_example_is_sound(rule: str, tmp_path: Path) -> None:
    """Laid over the sample workflow; `tasks:` and `evidence:` alone are parts that only show a form."""
    example = yaml.safe_load(read_rules()[rule]["example"])
    if set(example) & {"tasks", "evidence"}:
        return
    spec = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    for key, value in example.items():
        spec[key] = {**spec.get(key, {}), **value} if key == "personas" else value
    (tmp_path / "workflow.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    compile_plan(read_spec(tmp_path / "workflow.yaml"))


def test_the_pages_are_those_of_the_catalogue(tmp_path: Path) -> None:
    explain(what="rules", write=tmp_path)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in PAGES.iterdir()}
    assert kept == made, "Run: phasegate explain --write docs/rules"


def test_a_page_tells_the_rule_its_reason_and_its_remedy() -> None:
    text = page("foundation-missing")
    assert text.startswith("# foundation-missing\n")
    assert all(part in text for part in ("## Why", "## What to do", read_rules()["foundation-missing"]["says"]))
