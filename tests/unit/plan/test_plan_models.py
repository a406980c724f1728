"""The digest: the same everywhere and every day, and another one for another plan."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import dag_factory
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

PROGRAM = """
import sys
from pathlib import Path
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec
print(compile_plan(read_spec(Path(sys.argv[1]))).digest)
"""


def digest_elsewhere(path: str, cwd: Path, **environment: str) -> str:
    """The digest as another process finds it."""
    home = str(Path(dag_factory.__file__).parents[1])
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": home, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, path], cwd=cwd, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_digest_is_that_of_the_canonical_bytes(planner: Any) -> None:
    plan = planner.plan()
    assert plan.digest == hashlib.sha256(plan.canonical).hexdigest()
    value = json.loads(plan.canonical)
    assert "presentation" not in value
    assert plan.canonical == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_plan_survives_its_own_json(planner: Any) -> None:
    plan = planner.plan()
    assert Plan.model_validate_json(plan.model_dump_json()).digest == plan.digest


def test_a_plan_is_frozen(planner: Any) -> None:
    with pytest.raises(ValidationError):
        planner.plan().mission = "another"


def test_the_digest_is_the_same_under_any_hash_seed_from_any_folder_in_any_timezone(planner: Any, tmp_path: Path) -> None:
    path = planner.write()
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "named otherwise.yaml").write_bytes(path.read_bytes())
    found = {
        planner.plan().digest,
        digest_elsewhere(str(path), tmp_path, PYTHONHASHSEED="0"),
        digest_elsewhere("workflow.yaml", path.parent, PYTHONHASHSEED="1", TZ="Asia/Tokyo", LC_ALL="C"),
        digest_elsewhere("named otherwise.yaml", other, PYTHONHASHSEED="4242", HOME="/nowhere", TOKEN="x"),
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    "edits",
    [
        [("docs: Read me.", "docs: Read this.")],
        [("docs: Read me.\n", "")],
        [("tags: [orders]", "tags: [a, b]")],
        [("owner: data-platform\n", "")],
    ],
)
def test_what_people_see_is_no_part_of_the_digest(planner: Any, edits: list[tuple[str, str]]) -> None:
    assert planner.plan(*edits).digest == planner.plan().digest


def test_comments_quotes_and_line_ends_are_no_part_of_the_digest(planner: Any) -> None:
    before = planner.plan().digest
    assert planner.plan(("workflow: orders_mart", "# hello\n'workflow': \"orders_mart\"  # name")).digest == before
    path = planner.write()
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert compile_plan(read_spec(path)).digest == before


EDITS = [
    ("workflow: orders_mart", "workflow: orders"),
    ("mission: Daily", "mission: Hourly"),
    ("0 6 * * mon", "0 7 * * mon"),
    ("Europe/Berlin", "Europe/Paris"),
    ("2026-11-23", "2026-11-24"),
    ("git: orders_repo", "git: other_repo"),
    ("branch: main", "branch: trunk"),
    ("Load partner CSVs", "Load partner files"),
    ("  ingest: Load partner CSVs\n", "  ingest: Load partner CSVs\n  third: More\n"),
    ("src/mart/**", "src/marts/**"),
    ("python stories.py", "python stories2.py"),
    ("{command: python stories.py}", "{check: python stories.py}"),
    ("{env: TOKEN}", "{env: TOKENS}"),
    ("{var: limit}", "{conn: limit}"),
    ("LEVEL: high", "LEVEL: low"),
    ("pool: agents", "pool: people"),
    ("queue: big", "queue: small"),
    ("executor: LocalExecutor", "executor: CeleryExecutor"),
    ("priority: 5", "priority: 6"),
    ("retries: 2", "retries: 3"),
    ("retry_delay: 90s", "retry_delay: 91s"),
    ("timeout: 10m", "timeout: 11m"),
    ("verify: make audit", "verify: make audits"),
    ("true, timeout: 2h", "true, timeout: 3h"),
    ("default: today", "default: yesterday"),
    ("Which day", "What day"),
    ("{type: string}", "{type: number}"),
    ("size: 5", "size: 5.0"),
    ("tags: [orders]", "tags: [orders]\nmax_active_runs: 2"),
    ("tags: [orders]", "tags: [orders]\ntimeout: 1d"),
    ("tags: [orders]", "tags: [orders]\nchecks: {unit: make quick}"),
    ("tags: [orders]", "tags: [orders]\nchecks: {unit: {run: 'make unit FEATURE={feature}', timeout: 1m}}"),
    ("tags: [orders]", "tags: [orders]\npaths: {product: ['app/**']}"),
    ("tags: [orders]", "tags: [orders]\nphases: {validation: {title: Looking}}"),
    ("tags: [orders]", "tags: [orders]\nphases: {validation: {gate: {says: Fine.}}}"),
    ("tags: [orders]", "tags: [orders]\nphases: {validation: {gate: {timeout: 1d}}}"),
    ("tags: [orders]", "tags: [orders]\nphases: {validation: {tasks: {test-engineer: {does: Test.}}}}"),
    (
        "tags: [orders]",
        "tags: [orders]\nphases: {validation: {tasks: {test-engineer: {evidence: {coverage: {expect: {min_percent: 81}}}}}}}",
    ),
    ("tags: [orders]", "tags: [orders]\nchecklists: {mine: {q: {says: Is it?, holds: evidence, due: [validation]}}}"),
]


def test_anything_else_is_part_of_the_digest(planner: Any) -> None:
    found = [planner.plan().digest, *(planner.plan(edit).digest for edit in EDITS)]
    same = {edit for edit, digest in zip([("", ""), *EDITS], found, strict=True) if found.count(digest) > 1}
    assert same == set()


def test_the_order_of_phases_features_and_tasks_is_part_of_the_digest(planner: Any) -> None:
    turned = (
        '  ingest: Load partner CSVs\n  daily_mart: {does: Build the mart, paths: ["src/mart/**"]}\n',
        '  daily_mart: {does: Build the mart, paths: ["src/mart/**"]}\n  ingest: Load partner CSVs\n',
    )
    assert planner.plan(turned).digest != planner.plan().digest


def shuffled(value: Any, order: random.Random, *, keep: bool = False) -> Any:
    """Put the keys of every mapping in another order, but where order has a meaning."""
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if not keep:
        order.shuffle(keys)
    return {key: shuffled(value[key], order, keep=key in {"features", "phases", "tasks", "evidence", "checklists"}) for key in keys}


def test_the_order_of_keys_is_no_part_of_the_digest_where_it_has_no_meaning(planner: Any, tmp_path: Path) -> None:
    expected = planner.plan().digest
    path = tmp_path / "shuffled.yaml"
    for seed in range(10):
        value = shuffled(yaml.safe_load(planner.text), random.Random(seed))
        path.write_text(yaml.safe_dump(value, sort_keys=False))
        assert compile_plan(read_spec(path)).digest == expected


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
SETTINGS = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@SETTINGS
@given(
    mission=TEXTS,
    features=st.dictionaries(NAMES, TEXTS, min_size=1, max_size=4),
    env=st.dictionaries(NAMES, TEXTS | st.dictionaries(st.sampled_from(["env", "conn", "var"]), TEXTS, min_size=1, max_size=1), max_size=3),
    params=st.dictionaries(
        NAMES,
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
        max_size=3,
    ),
    docs=TEXTS,
    seed=st.randoms(use_true_random=False),
)
def test_planning_is_deterministic(
    planner: Any, mission: str, features: Any, env: Any, params: Any, docs: str, seed: random.Random
) -> None:
    """Whatever authors write, in whatever order of keys and style of YAML, comes out as the same bytes."""
    value = yaml.safe_load(planner.text)
    value |= {"mission": mission, "features": features, "params": params}
    value["personas"]["ux-designer"]["env"] = env
    found = []
    for text in (
        yaml.safe_dump(value, sort_keys=False),
        yaml.safe_dump(shuffled(value, seed), sort_keys=False, allow_unicode=True, default_flow_style=True),
        yaml.safe_dump({**value, "docs": docs, "tags": [docs]}, sort_keys=False, default_style='"')
        if not params
        else yaml.safe_dump({**value, "docs": docs}, sort_keys=False),
    ):
        path = planner.folder / "made.yaml"
        path.write_text(text, encoding="utf-8")
        plan = compile_plan(read_spec(path))
        found.append(plan.canonical)
        assert list(plan.features) == list(features)
    assert len(set(found)) == 1


@SETTINGS
@given(st.lists(NAMES, min_size=2, max_size=5, unique=True))
def test_each_feature_gets_its_own_tasks_and_validators(planner: Any, names: list[str]) -> None:
    value = {**yaml.safe_load(planner.text), "features": {name: f"Build {name}" for name in names}}
    path = planner.folder / "made.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    tasks = compile_plan(read_spec(path)).contract.tasks
    assert [task.feature for task in tasks.values() if task.persona == "sdet"] == names
    for name in names:
        assert tasks[f"implementation/{name}.sdet"].validates == (f"implementation/{name}.software-engineer",)
        assert tasks[f"implementation/{name}.sdet"].writes == (f"tests/{name}/**",)
