"""What a run of SARIF says of its rules, and of how bad the results are that do not say it themselves (3.27.5 to 3.27.10, 3.52).

Where a log points at a rule in two ways that do not agree, the worse of the two counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.shapes import Taking

__all__ = ["LEVELS", "TAKE", "Rules"]

LEVELS = ("none", "note", "warning", "error")
"""The levels of results, the least first (3.27.10)."""
_MOST_ALIKE = 100  # rules of one id, in parts of a tool that each bring it
_DEEPEST = 8  # parts of a rule's id
TAKE = Taking("Deliver the log as the tool wrote it.")
"""How a log is taken apart."""


class Rules:
    """The rules of one run: those of the driver, and of each extension.

    Raises
    ------
    EvidenceError: they have not the shape of any.

    """

    def __init__(self, run: Mapping[str, Any], where: str) -> None:
        tool = TAKE.mapping(run.get("tool", {}), f"{where}.tool")
        self.driver = TAKE.mapping(tool.get("driver", {}), f"{where}.tool.driver")
        self._parts = [self.driver, *TAKE.mappings(tool.get("extensions"), f"{where}.tool.extensions")]
        self._rules = [TAKE.mappings(part.get("rules"), f"{where}.tool.rules") for part in self._parts]
        self._places = {
            (key, part[key]): place for place, part in enumerate(self._parts) for key in ("name", "guid") if isinstance(part.get(key), str)
        }
        self._by_id: dict[str, list[Mapping[str, Any]]] = {}
        for rule in (rule for of_part in self._rules for rule in of_part):
            if isinstance(rule.get("id"), str):
                self._by_id.setdefault(rule["id"], []).append(rule)
        if any(len(alike) > _MOST_ALIKE for alike in self._by_id.values()):
            raise EvidenceError(f"{where} describes one rule more than {_MOST_ALIKE} times.", remedy=TAKE.remedy)
        invocations = TAKE.mappings(run.get("invocations"), f"{where}.invocations")
        self._set = [self._overridden([invocation], where) for invocation in invocations]
        self._set_by_any = self._overridden(invocations, where)

    def __bool__(self) -> bool:
        return any(self._rules)

    def of(self, result: Mapping[str, Any], where: str) -> tuple[str, list[Mapping[str, Any]]]:
        """Find what a result is about.

        Returns
        -------
        The rule's id, and every rule that the result may mean by what it says.

        Raises
        ------
        EvidenceError: it names no rule.

        """
        reference = TAKE.mapping(result.get("rule", {}), f"{where}.rule")
        pointed = self._pointed(reference, result.get("ruleIndex"), where)
        about = result.get("ruleId") or reference.get("id") or pointed.get("id")
        if not isinstance(about, str) or not about.strip():
            raise EvidenceError(f"{where} names no rule, so nobody could answer it.", remedy=TAKE.remedy)
        if pointed and pointed.get("id") in (None, *_names(about)):
            return about, [pointed]
        called = next((self._by_id[name] for name in _names(about) if name in self._by_id), [])
        return about, [*called, *([pointed] if pointed else [])]

    def level(self, result: Mapping[str, Any], about: str, described: list[Mapping[str, Any]], where: str) -> Any:
        """Say how bad a result is that does not say it: by what the rules were set to for the run, else by what they say; `warning` at last.

        Returns
        -------
        The level as it is written, which may be none that the standard knows.

        """
        provenance = TAKE.mapping(result.get("provenance", {}), f"{where}.provenance")
        ran, keys = provenance.get("invocationIndex"), (*_names(about), *map(id, described))
        known = self._set[ran] if _is_index(ran, self._set) else None
        settings = self._set_by_any if known is None else known
        set_to = [settings[key] for key in keys if key in settings]
        defaults = [] if known and set_to else [_default(rule) for rule in described]
        return _worst([*set_to, *defaults] or ["warning"])

    def _overridden(self, invocations: list[Mapping[str, Any]], where: str) -> dict[object, Any]:
        """The level that each rule was set to, by its id and by its place; of several the worst."""
        found: dict[object, Any] = {}
        place = f"{where}.invocations.ruleConfigurationOverrides"
        for override in (one for invocation in invocations for one in TAKE.mappings(invocation.get("ruleConfigurationOverrides"), place)):
            reference = TAKE.mapping(override.get("descriptor", {}), f"{place}.descriptor")
            configuration = TAKE.mapping(override.get("configuration", {}), f"{place}.configuration")
            pointed = self._pointed(reference, None, where)
            for key in (reference.get("id"), id(pointed) if pointed else None) if "level" in configuration else ():
                if isinstance(key, str | int):
                    found[key] = _worst([configuration["level"], found.get(key, LEVELS[0])])
        return found

    def _pointed(self, reference: Mapping[str, Any], index: Any, where: str) -> Mapping[str, Any]:
        """The rule that a place among the rules points at; nothing where none does."""
        component = TAKE.mapping(reference.get("toolComponent", {}), f"{where}.rule.toolComponent")
        place = reference.get("index") if index is None else index
        rules = self._rules[self._part(component)]
        return rules[place] if _is_index(place, rules) else {}

    def _part(self, component: Mapping[str, Any]) -> int:
        """The place of a part of the tool among all, by its index (of extensions), its guid or its name (3.54)."""
        index = component.get("index", -1)
        if _is_index(index, self._parts[1:]):
            return index + 1
        named = (self._places.get((key, component[key])) for key in ("guid", "name") if isinstance(component.get(key), str))
        return next((place for place in named if place is not None), 0)


def _names(about: str) -> tuple[str, ...]:
    """The id of a rule, and those of which it is a part: of `A/1` that is `A` too (3.27.5)."""
    parts = about.split("/", _DEEPEST)
    return tuple("/".join(parts[:length]) for length in range(len(parts), 0, -1))


def _default(rule: Mapping[str, Any]) -> Any:
    """What a rule says of its results where they do not say it themselves."""
    defaults = rule.get("defaultConfiguration")
    return (defaults.get("level") if isinstance(defaults, dict) else None) or "warning"


def _worst(levels: list[Any]) -> Any:
    """The worst of some levels; one that the standard does not know is worse than any."""
    return max(levels, key=lambda level: LEVELS.index(level) if level in LEVELS else len(LEVELS))


def _is_index(value: Any, of: list[Any]) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < len(of)
