"""What a spec gives an operator as arguments, and what it becomes: values where the DAG is built, looked-up references where the task executes.

========================================  ==============================================================================
written                                   becomes
========================================  ==============================================================================
``{env: X}``, ``{conn: id}``, ``{var: k}``  what it refers to, in the task's process, after templates are rendered
``{import: package.module.name}``         the object of that name
``{duration: 90m}``                       a `datetime.timedelta`
========================================  ==============================================================================

Everything else is given as it is written. Until it is looked up, a reference is the text of itself, so what Airflow keeps and shows of a task tells its
name and never what it refers to. It is looked up only where the operator put it when it was made: a text that a template makes and that looks like a
reference is a text.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from dag_factory.errors import RunnerError
from dag_factory.operators.references import look_up
from dag_factory.runners.masking import Secrets
from dag_factory.spec.scalars import seconds_of

__all__ = ["Referring", "given", "imported"]

_REFERENCES = ("env", "conn", "var")
_DEEPEST = 8
Place = tuple[str | int, ...]


def given(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Make an operator's arguments of what is written.

    Returns
    -------
    The arguments; and the references among them, by the text that stands for each.

    Raises
    ------
    RunnerError: what is to be imported is not there, or a duration is none.

    """
    found: dict[str, dict[str, str]] = {}
    return {name: _made(value, found) for name, value in arguments.items()}, found


def _made(value: Any, found: dict[str, dict[str, str]]) -> Any:
    if isinstance(value, Mapping):
        if len(value) == 1:
            [(key, named)] = value.items()
            if isinstance(named, str) and key in _REFERENCES:
                text = f"{{{key}: {named}}}"
                found[text] = {key: named}
                return text
            if isinstance(named, str) and key == "import":
                return imported(named)
            if isinstance(named, str) and key == "duration":
                return _duration(named)
        return {key: _made(part, found) for key, part in value.items()}
    return [_made(part, found) for part in value] if isinstance(value, list) else value


def imported(path: str) -> Any:
    """Import what a path names.

    Raises
    ------
    RunnerError: there is no such module or name, or the module fails when it is imported.

    """
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        reason = f"{path} cannot be imported: there is no module {error.name}."
        raise RunnerError(reason, remedy="Install what has it where DAGs are parsed and where they run, or correct the path.") from error
    except AttributeError as error:
        raise RunnerError(f"{path} cannot be imported: {module} has no {name}.", remedy="Correct the path.") from error
    except (Exception, SystemExit) as error:
        reason = f"{path} cannot be imported: {type(error).__name__}: {' '.join(str(error).split())[:300]}."
        raise RunnerError(reason, remedy="Mend the module, or correct the path.") from error


def _duration(written: str) -> timedelta:
    try:
        return timedelta(seconds=seconds_of(written))
    except ValueError as error:
        raise RunnerError(f"{error}.", remedy="Write it like 90m, 1h30m, 45s or 2d.") from error


class Referring:
    """Where in an operator the references stand, as it kept them when it was made.

    Parameters
    ----------
    operator: just made.
    references: as `given` found them.

    Raises
    ------
    RunnerError: the operator keeps one in another form, so that it could never be looked up.

    """

    def __init__(self, operator: Any, references: Mapping[str, dict[str, str]]) -> None:
        self._references = references
        self._places: dict[Place, str] = {}
        if references:
            _walk(vars(operator), (), self._note)
        lost = sorted(set(references) - set(self._places.values()))
        if lost:
            reason = f"{type(operator).__name__} does not keep {', '.join(lost)} as it was given, so it could not be looked up later."
            raise RunnerError(reason, remedy="Give it where the operator keeps a text, or name an Airflow connection in its own argument.")

    def _note(self, place: Place, text: str) -> str:
        for written in self._references:
            if written in text:
                self._places[place] = written
        return text

    def look_up(self, operator: Any) -> Secrets:
        """Put what is referred to in its places. To be done once, where the task executes; tells which texts must not be seen.

        Raises
        ------
        PhasegateError: a reference leads nowhere.
        RunnerError: a template made something else of one.

        """
        values, secrets = look_up(self._references)
        done: set[Place] = set()

        def put(place: Place, text: str) -> str:
            written = self._places.get(place)
            if written is None or written not in text:
                return text
            done.add(place)
            return text.replace(written, values[written])

        if values:
            _walk(vars(operator), (), put)
        if lost := sorted({self._places[place] for place in set(self._places) - done}):
            raise RunnerError(f"{', '.join(lost)} is not where it was when the operator was made.", remedy="Give it beside no template.")
        return secrets


def _walk(value: Any, place: Place, visit: Callable[[Place, str], str], seen: dict[int, Any] | None = None) -> Any:
    """Visit every text in a value; what a visit answers takes its place. An object that is met a second time is passed over."""
    if isinstance(value, str):
        return visit(place, value)
    seen = {} if seen is None else seen
    if len(place) >= _DEEPEST:
        return value
    if isinstance(value, dict):
        for key in list(value):
            if not str(key).startswith("_BaseOperator__"):
                _keep(value, key, _walk(value[key], (*place, str(key)), visit, seen))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _keep(value, index, _walk(part, (*place, index), visit, seen))
    elif isinstance(value, tuple):
        parts = tuple(_walk(part, (*place, index), visit, seen) for index, part in enumerate(value))
        return value if all(one is other for one, other in zip(parts, value, strict=True)) else parts
    elif _foreign(value) and id(value) not in seen:
        seen[id(value)] = value  # kept, so that no other value gets its id
        _walk(vars(value), (*place, type(value).__name__), visit, seen)
    return value


def _keep(holder: Any, key: Any, value: Any) -> None:
    if holder[key] is not value:
        holder[key] = value


def _foreign(value: Any) -> bool:
    """Whether it is an object of a library, such as a Kubernetes model, and neither Airflow's nor ours nor Python's own."""
    home = type(value).__module__.partition(".")[0]
    return (
        hasattr(value, "__dict__")
        and not isinstance(value, type)
        and home not in {"airflow", "dag_factory", "builtins", "logging", "structlog"}
    )
