"""What may be done to a run: each verb is one small function, given the scene and what its case tells it. `VERBS` lists them all.

Nothing here knows how a gate is written: a verb changes files, signs with real keys, or does what a worker, a person or a gate of the product does.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pendulum

from dag_factory.cli.selftest import people, sealing, trees
from dag_factory.cli.selftest.contents import made
from dag_factory.cli.selftest.stage import Stage, payload_of
from dag_factory.errors import PhasegateError
from dag_factory.evidence.statement import TaskStatement, moment_of

__all__ = ["VERBS", "do"]

Told = Mapping[str, Any]


def do(stage: Stage, action: Told) -> None:
    """Do one thing.

    Parameters
    ----------
    action: a verb, and what it is told.

    Raises
    ------
    PhasegateError: there is no such verb, or it cannot do what it is told.

    """
    [(verb, told)] = action.items()
    if verb not in VERBS:
        raise PhasegateError(f"Nobody can {verb!r}.", remedy=f"Known are {', '.join(VERBS)}.")
    VERBS[verb](stage, told)


def _write(stage: Stage, told: Told) -> None:
    """Change the bytes of a file of the store, `at` a place; nothing is signed."""
    path = stage.at(told["at"])
    stage.write(path, made(told, path.read_bytes() if path.is_file() else b""))


def _remove(stage: Stage, told: Told) -> None:
    """Take away what is `at` a place."""
    stage.own(stage.at(told["at"])).unlink()


def _copy(stage: Stage, told: Told) -> None:
    """Copy `from` one place `to` another, byte for byte."""
    source = stage.at(told["from"]).read_bytes()
    stage.write(stage.at(told["to"]), source)


def _link(stage: Stage, told: Told) -> None:
    """Move a file elsewhere, and leave a link to its very bytes."""
    path = stage.own(stage.at(told["at"]))
    elsewhere = stage.path.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _fifo(stage: Stage, told: Told) -> None:
    """Put a pipe in the place of a file, which whoever reads it would wait for."""
    path = stage.own(stage.at(told["at"]))
    path.unlink()
    os.mkfifo(path)


def _say(stage: Stage, told: Told) -> None:
    """Change what the statement `at` a place says (`put` and `drop`, by path in its predicate), and sign it again.

    `by` says whose key signs, else that of who signed before; `to` another place; `whole` changes the statement around the predicate; `edit` the
    text; `zone` writes its times in another zone.
    """
    path = stage.at(told["at"])
    envelope = path.read_bytes()
    said = payload_of(envelope)
    _changed(stage, said["predicate"], told)
    _accord(said)
    for place, value in told.get("whole", {}).items():
        trees.put(said, place, _value(stage, value))
    by = told.get("by") or stage.signer_of(envelope)
    edit = tuple((old, new) for old, new in told.get("edit", ()))
    stage.sign(stage.at(told["to"]) if "to" in told else path, said, by=by, edit=edit)


def _again(stage: Stage, told: Told) -> None:
    """Have a task deliver once more, a minute after its last attempt and as `put` says, signed as before."""
    place = f"statements/{told['task']}"
    envelope, to = stage.at(place).read_bytes(), stage.at(f"{place}#+")
    said = payload_of(envelope)
    attempt = {"binding.attempt": int(to.stem)} | {
        name: {"later": 60, "than": said["predicate"][name]} for name in ("startedAt", "finishedAt") if name in said["predicate"]
    }
    _changed(stage, said["predicate"], {"put": attempt})
    _changed(stage, said["predicate"], told)
    stage.sign(to, said, by=told.get("by") or stage.signer_of(envelope))


def _deliver(stage: Stage, told: Told) -> None:
    """Change a report, or bring a new one, and collect it again: the file of `item` of `task`, in the statement that names it, signed by who signed that.

    Words of `contents` say what is in it, or `copy` from which place it is copied; `name`, `grade`, `size` and `by` where they are others; `new` where
    the item has another file already.
    """
    task, item = told["task"], told["item"]
    fresh = told.get("new") or ("name" in told and not _delivered(stage, task, item))
    path = stage.at(f"statements/{task}") if fresh else stage.holding(task, item)
    envelope = path.read_bytes()
    said = payload_of(envelope)
    entries = said["predicate"]["evidence"]
    found = None if fresh else next(one for one in entries if (one["task"], one["item"]) == (task, item))
    before = (stage.store.blob(found["digest"]) or b"") if found else b""
    data = made(told, stage.at(told["copy"]).read_bytes() if "copy" in told else before)
    if found is None:
        found = {"task": task, "item": item, "name": told["name"], "grade": "observed"}
        entries.append(found)
    found |= {"digest": stage.keep(data), "size": len(data)} | {name: told[name] for name in ("name", "grade", "size") if name in told}
    _accord(said)
    stage.sign(path, said, by=told.get("by") or stage.signer_of(envelope))


def _delivered(stage: Stage, task: str, item: str) -> bool:
    try:
        stage.holding(task, item)
    except PhasegateError:
        return False
    return True


def _check(stage: Stage, told: Told) -> None:
    """Change how a check of Phasegate's ended: `put` by path in its result; `drop` it as a whole, if `gone`."""
    path = stage.checked(told["task"], told["name"])
    envelope = path.read_bytes()
    said = payload_of(envelope)
    results = said["predicate"]["checks"]
    result = next(one for one in results if (one["task"], one["name"]) == (told["task"], told["name"]))
    if told.get("gone"):
        results.remove(result)
    for place, value in told.get("put", {}).items():
        trees.put(result, place, value)
    stage.sign(path, said, by=stage.signer_of(envelope))


def _clock(stage: Stage, told: Told) -> None:
    """Have it judged later, or earlier, by so many `seconds`."""
    stage.now = stage.now.add(seconds=told["seconds"])


def _trust(stage: Stage, told: Told) -> None:
    """Hold the charter against the key of somebody, as an auditor does who knows it."""
    stage.trust = stage.signer(told["key of"]).public.keyid


def _archive(stage: Stage, told: Told) -> None:
    """Change a file of the archive, once it is made: `at` a name in it; `link` it to another, or make it a `fifo`; `as` the name it has in a tar."""
    if "as" in told:
        stage.renamed[told["at"]] = told["as"]

    def spoil(folder: Path) -> None:
        path = folder / told["at"]
        if "link" in told:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                path.rename(folder.parent / "elsewhere")
            path.symlink_to(folder.parent / "elsewhere" if told["link"] is True else told["link"])
        elif told.get("fifo"):
            os.mkfifo(path)
        elif told.get("gone"):
            path.unlink()
        else:
            stage.write(path, made(told, path.read_bytes() if path.is_file() else b""))

    stage.spoil.append(spoil)


def _changed(stage: Stage, predicate: Any, told: Told) -> None:
    for place, value in told.get("put", {}).items():
        trees.put(predicate, place, _value(stage, value))
    for place in told.get("drop", ()):
        trees.drop(predicate, place)
    for name in ("startedAt", "finishedAt") if "zone" in told else ():
        predicate[name] = pendulum.instance(moment_of(predicate[name])).in_timezone(told["zone"]).to_iso8601_string()


def _accord(said: Any) -> None:
    """Have the subject of a task's statement name what the statement speaks of, as a worker does."""
    predicate = said["predicate"]
    if said["predicateType"] == TaskStatement.TYPE:
        files = [(one["name"], {"sha256": one["digest"]}) for one in predicate["evidence"]]
        sealed = [("sealed", {"gitCommit": predicate["sealed"]["commit"]})] if predicate["sealed"] else []
        subject = [*(files or [(predicate["binding"]["task"], {"sha256": predicate["log"]})]), *sealed]
        said["subject"] = [{"name": name, "digest": digest} for name, digest in subject]


def _value(stage: Stage, value: Any) -> Any:
    """A value with what only the run knows put in: `{digest of: PLACE}`, `{value of: [PLACE, PATH]}`, `{later: SECONDS, than: TIME}`; than now, if not told."""
    if isinstance(value, list):
        return [_value(stage, one) for one in value]
    if not isinstance(value, dict):
        return value
    if "digest of" in value:
        return hashlib.sha256(stage.at(value["digest of"]).read_bytes()).hexdigest()
    if "value of" in value:
        place, path = value["value of"]
        return trees.look(payload_of(stage.at(place).read_bytes())["predicate"], path)
    if "later" in value:
        than = _value(stage, value["than"]) if "than" in value else stage.now.to_iso8601_string()
        return pendulum.instance(moment_of(str(than))).add(seconds=value["later"]).to_iso8601_string()
    return {name: _value(stage, one) for name, one in value.items()}


VERBS: Mapping[str, Callable[[Stage, Told], None]] = MappingProxyType(
    {
        "write": _write, "remove": _remove, "copy": _copy, "link": _link, "fifo": _fifo,
        "say": _say, "again": _again, "deliver": _deliver, "check": _check,
        "clock": _clock, "trust": _trust, "archive": _archive,
        "answer": people.answer, "waive": people.waive, "approve": people.approve, "decide": people.decide, "go_on": people.go_on,
        "seal": sealing.seal,
    }
)  # fmt: skip
"""Every verb that a case may use."""
