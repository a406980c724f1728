"""What dbt leaves in `target/`: run_results.json (schema 4 to 6) and manifest.json (schema 7 and later), told apart by the schema they name.

Counts are made from the results, one by one. dbt lets a test pass though rows fail it, where its own `error_if` says so: that is counted
too. A manifest publishes its nodes, which a run's results can be asked to answer for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    REPORT_FOREIGN,
    TESTS_SKIPPED,
    VALIDATION_FAILED,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    TextTuple,
    clipped,
    listed,
    placed,
)
from dag_factory.evidence.kinds.moments import SKEW, moment, stale
from dag_factory.evidence.kinds.shapes import Taking

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "DbtExpect", "DbtKind"]

MAX_BYTES = 100_000_000
"""The largest artifact that is read."""
MAX_DEPTH = 64
"""How deep it may nest."""
MAX_NODES = 5_000_000
"""How many values it may hold; a manifest repeats every model's columns."""

_SCHEMA = re.compile(r"https://schemas\.getdbt\.com/dbt/(run-results|manifest)/v([0-9]{1,2})\.json")
_READ = {"run-results": range(4, 8), "manifest": range(7, 100)}
_GOOD, _BAD = frozenset({"success", "pass"}), frozenset({"error", "fail", "runtime error", "partial success"})
_IDLE_STATUSES = frozenset({"skipped", "no-op", "reused"})  # of nodes that this run left as they were
_STATUSES = frozenset({*_GOOD, *_BAD, *_IDLE_STATUSES, "warn"})
_IDLE = frozenset({"compile", "parse", "list", "ls", "generate", "docs", "show", "debug", "deps", "clone", "freshness", "init", "clean"})
"""Commands of dbt after which nothing was built or tested, whatever the results say."""
_TESTS = ("test.", "unit_test.")
_HOOK = "operation."  # which the hooks of two projects may share
_NARROWING = ("select", "exclude", "selector", "resource_types", "exclude_resource_types", "models", "event_time_start", "event_time_end")
_RETRY = re.compile(r"(?:^|\s)retry(?:\s|$)")  # it runs what went wrong before, and tells the arguments of the run before as its own
_TOLERANCE = 1.0  # seconds; the whole is measured by another clock than its parts
_TAKE = Taking("Deliver run_results.json or manifest.json as dbt wrote it.")


class DbtExpect(Expectation):
    """What may be asked of dbt's artifacts.

    Parameters
    ----------
    min_results: the fewest nodes that ran.
    min_tests: the fewest of them that are tests.
    max_warnings: how many may have warned.
    max_skipped: how many may have been skipped.
    max_failing_rows: how many rows may fail a test that passes nonetheless, by thresholds of its own.
    max_seconds: the longest the whole run may have taken.
    command: the dbt command it must be of, like `build`.
    selection: what dbt may have been narrowed down by, like `tag:daily`, or `retry`; else it must have gone through all of the project.
    max_untested: how many models of a manifest may have no test; where it is not given, that is not looked at.
    fresh: whether it must have been made in the course of the work, by its own timestamp.

    """

    min_results: int = Field(default=1, ge=1)
    min_tests: int = Field(default=0, ge=0)
    max_warnings: int = Field(default=0, ge=0)
    max_skipped: int = Field(default=0, ge=0)
    max_failing_rows: int = Field(default=0, ge=0)
    max_seconds: int | float | None = Field(default=None, gt=0, allow_inf_nan=False)
    command: str | None = Field(default=None, min_length=1)
    selection: TextTuple = ()
    max_untested: int | None = Field(default=None, ge=0)
    fresh: bool = False


class DbtKind(Opened[DbtExpect]):
    """Results of dbt. Facts: of results `results` (ids of what ran) and `cites` (of what went well); of a manifest `nodes`."""

    name: ClassVar[str] = "dbt"
    Expect: ClassVar[type[Expectation]] = DbtExpect
    nothing = "the artifact is empty. Run dbt."

    def look(self, material: Material, expect: DbtExpect) -> Examination:
        """Tell which of the two it is, and count what is in it."""
        artifact = _TAKE.mapping(
            strict_json.loads(material.data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES), "the document"
        )
        metadata = _TAKE.mapping(artifact.get("metadata"), "metadata")
        stated = metadata.get("dbt_schema_version")
        schema = _SCHEMA.fullmatch(stated) if isinstance(stated, str) else None
        if schema is None or int(schema[2]) not in _READ[schema[1]]:
            shown = clipped(repr(stated), 100)
            raise EvidenceError(f"metadata.dbt_schema_version is {shown}, which is not read.", remedy=_TAKE.remedy)
        if schema[1] == "manifest":
            faults, facts = _manifest(artifact, expect)
        else:
            faults, facts = _results(artifact, metadata, expect)
        if expect.fresh and (late := stale(metadata.get("generated_at"), material.work, "the artifact", "generated_at")):
            faults.append(late)
        return Examination(placed(material.name, faults[:MAX_FAULTS]), facts)


_Answer = tuple[list[Fault], dict[str, tuple[str, ...]]]


def _results(artifact: Mapping[str, Any], metadata: Mapping[str, Any], expect: DbtExpect) -> _Answer:
    results = _TAKE.mappings(artifact.get("results"), "results")
    read: list[tuple[str, str, Mapping[str, Any]]] = []
    for index, result in enumerate(results):
        identity = _TAKE.text(result.get("unique_id"), f"results[{index}].unique_id")
        status = result.get("status")
        if not isinstance(status, str) or status not in _STATUSES:
            raise EvidenceError(f"results[{index}].status is {clipped(repr(status), 40)}, which dbt does not know.", remedy=_TAKE.remedy)
        read.append((identity, status, result))
    faults = [*_judged(read, expect), *_counted(read, expect), *_commanded(artifact, expect), *_timed(artifact, metadata, read, expect)]
    ran = [identity for identity, status, _ in read if status not in _IDLE_STATUSES]
    good = tuple(identity for identity, status, _ in read if status in _GOOD)
    return faults, {"results": tuple(dict.fromkeys(ran)), "cites": good}


def _judged(read: list[tuple[str, str, Mapping[str, Any]]], expect: DbtExpect) -> Iterator[Fault]:
    for identity, status, result in read:
        shown, failures = clipped(identity, 100), result.get("failures")
        if failures is not None:
            failures = _TAKE.count(failures, f"{shown}: failures")
        if status in _BAD:
            said = result.get("message")
            why = f": {clipped(said)}" if isinstance(said, str) and said.strip() else ""
            yield Fault(f"{shown} ended with {status}{why}. Mend it.", identity, VALIDATION_FAILED)
        elif (batches := result.get("batch_results")) and _TAKE.mapping(batches, f"{shown}: batch_results").get("failed"):
            yield Fault(f"{shown} ended with {status}, and some of its batches failed. Mend them.", identity, VALIDATION_FAILED)
        elif status in _GOOD and identity.startswith(_TESTS) and result.get("compiled") is False:
            yield Fault(f"{shown} ended with {status}, and was never compiled, so that it tested nothing. {_TAKE.remedy}", identity)
        elif status in _GOOD and failures and failures > expect.max_failing_rows:
            text = f"{shown} passes, and {failures} rows fail it; at most {expect.max_failing_rows} may. Mend them, or the test."
            yield Fault(text, identity, VALIDATION_FAILED)


def _counted(read: list[tuple[str, str, Mapping[str, Any]]], expect: DbtExpect) -> Iterator[Fault]:
    ran = {identity for identity, status, _ in read if status not in _IDLE_STATUSES}
    tests = {identity for identity in ran if identity.startswith(_TESTS)}
    for what, found, least in (("nodes", ran, expect.min_results), ("tests", tests, expect.min_tests)):
        if len(found) < least:
            text = f"{len(found)} {what} ran, and at least {least} are expected. No data is never a pass: run them."
            yield Fault(text, what, EVIDENCE_MISSING)
    for status, most, rule in (("warn", expect.max_warnings, VALIDATION_FAILED), ("skipped", expect.max_skipped, TESTS_SKIPPED)):
        found_so = [identity for identity, stated, _ in read if stated == status]
        if len(found_so) > most:
            text = f"{len(found_so)} nodes ended with {status}, and at most {most} may: {listed(found_so)}. Mend them."
            yield Fault(text, found_so[0], rule)
    twice = [
        identity for identity, count in Counter(identity for identity, _, _ in read).items() if count > 1 and not identity.startswith(_HOOK)
    ]
    if twice:
        yield Fault(f"{len(twice)} nodes stand in the results more than once: {listed(twice)}. {_TAKE.remedy}", twice[0])


def _commanded(artifact: Mapping[str, Any], expect: DbtExpect) -> Iterator[Fault]:
    args = _TAKE.mapping(artifact.get("args", {}), "args")
    command = args.get("which")
    if isinstance(command, str) and command in _IDLE:
        yield Fault(f"they are the results of `dbt {command}`, which runs nothing. Run `dbt build`.", "args.which", EVIDENCE_MISSING)
    elif expect.command is not None and command != expect.command:
        text = f"they are the results of dbt {clipped(repr(command), 40)}, and {clipped(expect.command, 40)} is expected. Run that."
        yield Fault(text, "args.which", REPORT_FOREIGN)
    for key, why in (("empty", "no row"), ("sample", "not every row")):
        if args.get(key):
            yield Fault(f"dbt ran with --{key}, so that {why} was looked at. Run it on all data.", f"args.{key}", EVIDENCE_MISSING)
    narrowed = [text for key in _NARROWING for text in _texts(args.get(key), f"args.{key}") if text not in expect.selection]
    if command == "retry" or _RETRY.search(str(args.get("invocation_command"))):
        narrowed += ["retry"] if "retry" not in expect.selection else []
    if args.get("indirect_selection") == "empty" and "empty" not in expect.selection:
        narrowed.append("empty (indirect_selection)")
    if narrowed:
        text = f"dbt did not go through all of the project, but was narrowed down by {listed(narrowed)}. Run it on all, "
        yield Fault(f"{text}or have the plan allow these, under selection.", "args", EVIDENCE_MISSING)


def _texts(value: Any, where: str) -> list[str]:
    return [_TAKE.text(one, where) for one in _TAKE.items([value] if isinstance(value, str) and value else value or None, where)]


def _timed(
    artifact: Mapping[str, Any], metadata: Mapping[str, Any], read: list[tuple[str, str, Mapping[str, Any]]], expect: DbtExpect
) -> Iterator[Fault]:
    """What cannot be true of times together: a part longer than the whole, an end before its beginning or after the report."""
    whole = _TAKE.number(artifact.get("elapsed_time"), "elapsed_time")
    if whole < 0:
        yield Fault(f"elapsed_time is {whole:g}, which no run takes. {_TAKE.remedy}", "elapsed_time")
    if expect.max_seconds is not None and whole > expect.max_seconds:
        text = f"the run took {whole:.6g} s, and {expect.max_seconds} s is the longest it may. Make it faster."
        yield Fault(text, "elapsed_time", VALIDATION_FAILED)
    written = moment(metadata.get("generated_at"))
    for identity, _, result in read:
        seconds, shown = result.get("execution_time"), clipped(identity, 100)
        if seconds is not None and not 0 <= _TAKE.number(seconds, f"{shown}: execution_time") <= whole + _TOLERANCE:
            yield Fault(f"{shown} took {seconds:g} s, and the whole run {whole:g} s. {_TAKE.remedy}", identity)
        for part in _TAKE.mappings(result.get("timing"), f"{shown}: timing"):
            begun, ended = moment(part.get("started_at")), moment(part.get("completed_at"))
            try:
                wrong = begun and ended and (ended < begun or (written and ended - written > SKEW))
            except TypeError:  # one with a zone and one without
                wrong = True
            if wrong:
                text = f"{shown} is said to have run from {part.get('started_at')} to {part.get('completed_at')}, which cannot be."
                yield Fault(f"{clipped(text, 300)} {_TAKE.remedy}", identity)


def _manifest(artifact: Mapping[str, Any], expect: DbtExpect) -> _Answer:
    nodes = {key: _TAKE.mapping(node, f"nodes[{clipped(key, 80)}]") for key, node in _TAKE.mapping(artifact.get("nodes"), "nodes").items()}
    units = _TAKE.mapping(artifact.get("unit_tests", {}), "unit_tests")
    faults: list[Fault] = []
    if len(nodes) < expect.min_results:
        text = f"{len(nodes)} nodes are listed, and at least {expect.min_results} are expected. No data is never a pass."
        faults.append(Fault(f"{text} Parse the project.", "nodes", EVIDENCE_MISSING))
    tested: set[str] = set()
    for key, node in [*nodes.items(), *((key, _TAKE.mapping(unit, f"unit_tests[{clipped(key, 80)}]")) for key, unit in units.items())]:
        if key.startswith(_TESTS):
            rests_on = _TAKE.mapping(node.get("depends_on", {}), f"{clipped(key, 80)}: depends_on")
            tested |= {one for one in _TAKE.items(rests_on.get("nodes"), f"{clipped(key, 80)}: depends_on.nodes") if isinstance(one, str)}
    bare = [key for key in nodes if key.startswith("model.") and key not in tested]
    if expect.max_untested is not None and len(bare) > expect.max_untested:
        text = f"{len(bare)} models have no test, and at most {expect.max_untested} may: {listed(bare)}. Test them."
        faults.append(Fault(text, bare[0], VALIDATION_FAILED))
    return faults, {"nodes": (*nodes, *units)}
