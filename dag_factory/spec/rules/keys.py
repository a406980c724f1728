"""Keys that are pinned can be used: by their persona, where it works, and by nobody else; and every gate's minimum of assurance can be reached."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.models import Binding
from dag_factory.spec.rules.personas import bound
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.shape import near

__all__ = ["assurance_unreachable", "key_misplaced", "key_revoked", "key_shared", "key_unused"]

LEVELS = ("local", "pinned", "isolated")


def key_unused(subject: Subject) -> Iterator[Diagnostic]:
    """Keys are pinned for personas that have a task."""
    known = {str(task.persona) for *_, task in subject.tasks()}
    for name in subject.workflow.keys:
        if name not in known:
            yield subject.fault(
                "key-unused", ("keys", name), f"No task is done by {name}.{near(name, known)}", "Correct the name, or remove the keys."
            )


def key_shared(subject: Subject) -> Iterator[Diagnostic]:
    """No key is pinned twice."""
    first: dict[str, str] = {}
    for name, written in subject.workflow.keys.items():
        for index, public in enumerate(written.public):
            other = first.setdefault(public.key, name)
            if other != name or public.key in [one.key for one in written.public[:index]]:
                reason = f"@{other} has this key already: a signature would not say who signed."
                yield subject.fault("key-shared", ("keys", name, "public", index), reason, "Make one with `phasegate keys make`.")


def key_revoked(subject: Subject) -> Iterator[Diagnostic]:
    """Of the keys of a persona one is left that was not revoked."""
    for name, written in subject.workflow.keys.items():
        if all(public.revoked for public in written.public):
            reason = f"Every key of @{name} was revoked: nothing can be signed."
            yield subject.fault("key-revoked", ("keys", name, "public"), reason, f"Make a new one with `phasegate keys rotate {name}`.")


def key_misplaced(subject: Subject) -> Iterator[Diagnostic]:
    """A pinned private key is somewhere to be found; an isolated one is where no other persona works."""
    for name, written in subject.workflow.keys.items():
        bindings = _bindings(subject, name)
        if written.assurance == "pinned":
            if written.private is None and any(binding.external is None for binding in bindings.values()):
                reason = f"Nothing says where the private key of @{name} is."
                yield subject.fault("key-misplaced", ("keys", name), reason, "Write `private: {conn: id}` or `private: {var: key}`.")
            continue
        if written.private and written.private.env is None:
            reason = f"Every task can read connections and variables, so the key of @{name} would not be isolated."
            remedy = "Write `private: {env: NAME}`, or leave it out: then it is in the key folder of the workers of that persona."
            yield subject.fault("key-misplaced", ("keys", name, "private"), reason, remedy)
        others = {binding.queue or binding.executor for _, binding in _others(subject, name)}
        for key, binding in bindings.items():
            place = binding.queue or binding.executor
            if binding.external is None and (place is None or place in others):
                reason = f"@{name} works where others work too, so its key would not be isolated."
                yield subject.fault(
                    "key-misplaced", ("personas", key), reason, "Give it a `queue:` or an `executor:` that nobody else has."
                )


def assurance_unreachable(subject: Subject) -> Iterator[Diagnostic]:
    """Everybody in a phase has keys of the assurance that its gate asks for."""
    for phase_id, phase in subject.phases():
        least = phase.gate.min_assurance if phase.gate else "local"
        for name in dict.fromkeys(str(task.persona) for task in phase.tasks.values()):
            written = subject.workflow.keys.get(name)
            given = written.assurance if written else "local"
            if LEVELS.index(given) < LEVELS.index(least):
                reason = f"The gate asks for {least} keys, and @{name} has {given} ones."
                remedy = f"Pin its keys under `keys: {{{name}: …}}`; `phasegate keys make {name}` prints them."
                yield subject.fault("assurance-too-low", ("phases", phase_id, "gate", "min_assurance"), reason, remedy)


def _bindings(subject: Subject, persona: str) -> dict[str, Binding]:
    """How a persona is bound wherever it has a task, by the binding's key."""
    return {key: binding for name, (key, binding) in _all(subject) if name == persona}


def _others(subject: Subject, persona: str) -> Iterator[tuple[str, Binding]]:
    yield from (pair for name, pair in _all(subject) if name != persona)


def _all(subject: Subject) -> Iterator[tuple[str, tuple[str, Binding]]]:
    for _, phase_id, _, task in subject.tasks():
        key = bound(subject, phase_id, str(task.persona))
        if key:
            yield str(task.persona), (key, subject.workflow.personas[key])
