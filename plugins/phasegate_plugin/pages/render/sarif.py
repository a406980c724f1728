"""SARIF 2.1.0: what each tool found, the worst first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from phasegate_plugin.pages.render import json
from phasegate_plugin.pages.render.markup import NotShownError, facts, note, sign, table

__all__ = ["MAX_RESULTS", "show"]

MAX_RESULTS = 20_000
"""How many results are put in order."""

_WORST = {"error": 0, "warning": 1, "note": 2, "none": 3}


def show(name: str, data: bytes) -> Markup:  # noqa: ARG001 # every shape is asked alike
    """Show a log.

    Raises
    ------
    NotShownError: it is none, or holds too many results.

    """
    log = json.read(data)
    runs = log.get("runs") if isinstance(log, dict) else None
    if not isinstance(runs, list):
        raise NotShownError("there is no list of “runs” in it")
    if sum(len(_objects(_object(run).get("results"))) for run in runs) > MAX_RESULTS:
        raise NotShownError(f"it holds more than {MAX_RESULTS:,} results")
    found = sorted((row for run in runs for row in _results(_object(run))), key=lambda row: _WORST.get(str(row[0]), 1))
    tools = dict.fromkeys(str(_within(run, "tool", "driver").get("name", "no name")) for run in runs)
    made = facts([("runs", len(runs)), ("tools", ", ".join(list(tools)[:20])), ("results", len(found))])
    if not found:
        return made + note("The tools found nothing.")
    rows = ((sign(str(level), "bad" if level == "error" else "plain"), *rest) for level, *rest in found)
    return made + table("Results, the worst first", ("Level", "Rule", "Message", "Place", "Tool"), rows)


def _results(run: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    driver = _within(run, "tool", "driver")
    rules = _objects(driver.get("rules"))
    levels = {str(rule.get("id")): _within(rule, "defaultConfiguration").get("level") for rule in rules}
    for result in _objects(run.get("results")):
        rule = result.get("ruleId") or _within(result, "rule").get("id")
        index = result.get("ruleIndex")
        if rule is None and type(index) is int and 0 <= index < len(rules):
            rule = rules[index].get("id")
        level = result.get("level") or levels.get(str(rule)) or "warning"
        suppressed = "suppressed: " if _objects(result.get("suppressions")) else ""
        message = _within(result, "message")
        yield level, rule, f"{suppressed}{message.get('text') or message.get('id') or ''}", _place(result), driver.get("name")


def _place(result: dict[str, Any]) -> str:
    for location in _objects(result.get("locations"))[:1]:
        physical = _within(location, "physicalLocation")
        line = _within(physical, "region").get("startLine")
        return f"{_within(physical, 'artifactLocation').get('uri', '')}{f':{line}' if type(line) is int else ''}"
    return ""


def _within(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return _object(value)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
