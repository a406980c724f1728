"""What a run of SARIF says of its rules, and of how bad the results are that do not say it themselves (3.27.5 to 3.27.10, 3.52).

Where a log points at a rule in two ways that do not agree, the worse of the two counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.shapes import Taking

__all__ = ["LEVELS", "TAKE", "Rules"]

LEVELS = ("none", "note", "warning", "error")
"""The levels of results, the least first (3.27.10)."""
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
        self._by_id: dict[str, list[Mapping[str, Any]]] = {}
        for rule in (rule for of_part in self._rules for rule in of_part):
            if isinstance(rule.get("id"), str):
                self._by_id.setdefault(rule["id"], []).append(rule)
        self._overrides = [
            TAKE.mappings(invocation.get("ruleConfigurationOverrides"), f"{where}.invocations.ruleConfigurationOverrides")
            for invocation in TAKE.mappings(run.get("invocations"), f"{where}.invocations")
        ]

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
        ran = provenance.get("invocationIndex")
        named = self._overrides[ran : ran + 1] if _is_index(ran, self._overrides) else None
        set_to = [level for overrides in named or self._overrides for level in self._set(overrides, about, described, where)]
        if named and set_to:
            return _worst(set_to)
        return _worst([*set_to, *(_default(rule) for rule in described)] or ["warning"])

    def _set(self, overrides: list[Mapping[str, Any]], about: str, described: list[Mapping[str, Any]], where: str) -> Iterator[Any]:
        """The levels that a rule was set to."""
        for override in overrides:
            reference = TAKE.mapping(override.get("descriptor", {}), f"{where}: a descriptor")
            configuration = TAKE.mapping(override.get("configuration", {}), f"{where}: a configuration")
            pointed = self._pointed(reference, None, where)
            if "level" in configuration and (reference.get("id") in _names(about) or any(rule is pointed for rule in described)):
                yield configuration["level"]

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
            return int(index) + 1
        for key in ("guid", "name"):
            places = [place for place, part in enumerate(self._parts) if component.get(key) is not None and part.get(key) == component[key]]
            if places:
                return places[-1]
        return 0


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


def _is_index(value: Any, of: list[Any]) -> bool:
    return type(value) is int and 0 <= value < len(of)
