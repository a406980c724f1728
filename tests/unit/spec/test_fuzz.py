"""Whatever is written, an author gets a spec and a plan, or a SpecError with places. Never a traceback."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dag_factory.errors import SpecError
from dag_factory.plan import Plan, read_plan
from dag_factory.spec import RUNNER_KEYS
from dag_factory.spec.catalogue import read_pattern
from dag_factory.spec.models import Workflow

FULL: dict[str, Any] = yaml.safe_load("""\
workflow: orders_mart
pattern: standard
mission: Daily orders mart
schedule: {cron: "0 6 * * mon", timezone: Europe/Berlin, start: 2026-11-23}
workspace: {git: orders_repo, branch: main}
features:
  ingest: Load partner CSVs
  daily_mart: {does: Build the mart, paths: ["src/mart/**"]}
personas:
  default: {check: make it}
  devops: {command: [sh, deploy.sh], verify: make deploy, env: {A: b, C: {env: D}}, pool: p, retries: 2, timeout: 1h}
  validation/product-manager: {check: make paths}
catalogue:
  auditor:
    title: Auditor
    instructions: Look.
    contracts: {audit: {does: Audit., writes: [docs], evidence: {report: {path: docs/A.md, kind: markdown, expect: {sections: [A]}}}}}
params: {day: {default: today, schema: {type: string}}, size: 5}
tags: [a, b]
owner: me
docs: words
max_active_runs: 2
timeout: 2d
requires: {foundation: [architect, ux-designer]}
paths: {docs: ["docs/**"]}
checks: {unit: make unit, documentation: {run: [make, docs], timeout: 5m}}
phases:
  validation:
    tasks: {test-engineer: {evidence: {coverage: {expect: {min_percent: 90}, answers: {stories: foundation}}}}}
    gate: {timeout: 1d}
  late:
    after: integration
    tasks: {auditor: {persona: auditor, validates: [integration/devops]}}
    gate: {says: Audited.}
checklists: {mine: {audited: {says: Audited, holds: complete, tasks: [late/auditor], due: [late]}}}
""")

WORDS = st.sampled_from(
    [
        "", "x", "architect", "devops", "auditor", "standard", "none", "foundation", "late", "late/auditor", "all", "feature", "product",
        "src/**", "docs/**", "../x", "{feature}", "a b", "5 USD", "1h", "0 6 * * *", "@daily", "re-executed", "json", "stories", "seal",
        "ärger", "x" * 300, "/", ".", "*", "\U0001f600", "default",
    ]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 200),
    st.just(2**62),
    st.floats(-2, 200, allow_nan=False),
    st.dates(),
    WORDS,
    st.text(max_size=4).filter(str.isprintable),
)
KEYS = st.one_of(
    WORDS,
    st.sampled_from(
        [
            *Workflow.model_fields,
            *RUNNER_KEYS,
            "persona",
            "duty",
            "each",
            "evidence",
            "expect",
            "writes",
            "before",
            "gate",
            "kind",
            "tasks",
            "schema",
        ]
    ),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with a key or an index in it."""
    found: list[tuple[Any, Any]] = []
    queue = [value]
    while queue:
        item = queue.pop(0)
        pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        for key, below in pairs:
            found.append((item, key))
            queue.append(below)
    return found


def _like(value: Any) -> st.SearchStrategy[Any]:
    """Another value of the same type: it gets past the models, to the rules."""
    if isinstance(value, list):
        return st.lists(WORDS, max_size=3)
    if isinstance(value, dict):
        return st.dictionaries(st.sampled_from(sorted(value) or ["x"]), VALUES, max_size=2).map(lambda more: {**value, **more})
    return WORDS if isinstance(value, str) else st.integers(0, 100)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The full spec with a few things dropped, replaced, renamed or added."""
    value = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(places(value) or [(value, None)]))
        what = draw(st.sampled_from(["drop", "replace", "rename", "add", "move", "like", "like", "like"]))
        if what == "add" and isinstance(holder, dict):
            holder[draw(KEYS)] = draw(VALUES)
        elif what == "add":
            holder.append(draw(VALUES))
        elif key is not None and what == "drop":
            del holder[key]
        elif key is not None and what == "replace":
            holder[key] = draw(VALUES)
        elif key is not None and what == "like":
            holder[key] = draw(_like(holder[key]))
        elif isinstance(holder, dict) and key is not None and what == "rename":
            holder[draw(KEYS)] = holder.pop(key)
        elif key is not None:
            other, place = draw(st.sampled_from(places(value)))
            holder[key] = copy.deepcopy(other[place])
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


def plan_or_told(text: str | bytes, patterns: tuple[str, ...] = ("standard",)) -> Plan | SpecError:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            plan = read_plan(path, patterns)
        except SpecError as error:
            told = error
        else:
            assert len(plan.digest) == 64
            return plan
    assert told.diagnostics
    for item in told.diagnostics:
        assert item.where.file == str(path)
        assert item.where.line >= 1
        assert item.where.column >= 1
        assert item.reason
        assert item.remedy
        assert len(str(item)) < 2_000 + len(str(path)), item
    return told


FAST = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
)


def test_the_full_spec_is_planned() -> None:
    """What is spoiled below would be sound, so that the rules and the plan meet what is strange as well."""
    assert isinstance(plan_or_told(yaml.safe_dump(FULL)), Plan)


@FAST
@given(mutated())
def test_a_spoiled_spec_is_told_or_planned(text: str) -> None:
    plan_or_told(text)


@FAST
@given(mutated(), st.sampled_from([("standard", "none"), ("none",)]))
def test_without_a_pattern_too(text: str, patterns: tuple[str, ...]) -> None:
    whole = yaml.safe_load(text)
    if isinstance(whole, dict):
        whole = {**copy.deepcopy(read_pattern("standard")), **whole, "pattern": False}
        text = yaml.safe_dump(whole, sort_keys=False)
    plan_or_told(text, patterns)


SIGNS = st.sampled_from([*"@`&*!|>%{}[]:?-\"'#,~=\t", "<<: ", "- ", "? "])


@FAST
@given(st.data())
def test_spoiled_text_is_told_or_planned(data: st.DataObject) -> None:
    """Cuts, doubled lines and stray signs: what an editor leaves."""
    lines = yaml.safe_dump(FULL, sort_keys=False).splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["double", "drop", "indent", "sign", "cut"]))
        if how == "double":
            lines.insert(at, lines[at])
        elif how == "drop" and len(lines) > 1:
            del lines[at]
        elif how == "indent":
            lines[at] = " " + lines[at]
        elif how == "sign":
            column = data.draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:column] + data.draw(SIGNS) + lines[at][column:]
        else:
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
    plan_or_told("".join(lines))


@FAST
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: f"workflow: w\n{text}".encode(errors="replace"))))
def test_any_bytes_are_told(data: bytes) -> None:
    assert isinstance(plan_or_told(data), SpecError)


@FAST
@given(VALUES)
def test_any_value_is_told(value: Any) -> None:
    assert isinstance(plan_or_told(yaml.safe_dump(value)), SpecError)
