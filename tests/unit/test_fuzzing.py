"""`make fuzz` in small: every target keeps its laws over a few hundred inputs, and what breaks one is found, kept and shown again."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from dag_factory.evidence.keys import PublicKey
from fuzzing.__main__ import TARGETS
from fuzzing.kinds import KINDS
from fuzzing.mutator import MAX_BYTES, Mutator
from fuzzing.running import loop

ROOT = Path(__file__).parents[2]
APART = ("image-apart", "yaml-apart")
HERE = [target for target in KINDS if target.name not in APART]
WORDS = sorted(
    {word.decode() for target in HERE for data in target.corpus() for word in data.replace(b'"', b" ").split() if word.isalnum()}
)


def tried(name, scratch, inputs, seed=7):
    """What came of a target, tried in this process: crashes, and the figures at the end."""
    told = []
    target = TARGETS[name]
    loop(target, target.prepare(scratch), inputs, seed, mmap.mmap(-1, 2 * MAX_BYTES + 16), lambda **said: told.append(said))
    return [said["crash"] for said in told if "crash" in said], told[-1]


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_keeps_its_laws(name, tmp_path):
    inputs = 8 if name in APART else 150
    crashes, figures = tried(name, tmp_path, inputs)
    assert (crashes, figures["inputs"]) == ([], inputs)
    assert figures["held"] > 0 or name in APART, "a corpus of which nothing holds reaches little"


def test_the_same_seed_gives_the_same_inputs():
    corpus = TARGETS["junit"].corpus()
    first, again, other = (
        [mutator.next() for _ in range(200)]
        for mutator in (Mutator(Random(1), corpus), Mutator(Random(1), corpus), Mutator(Random(2), corpus))
    )
    assert first == again != other
    assert len(set(first)) > 150
    assert max(map(len, first)) <= MAX_BYTES


@pytest.mark.parametrize(("name", "inputs"), [("envelope", 1_500), ("bundle", 300), ("ledger", 1_500)])
def test_a_loader_that_believes_what_nobody_signed_is_found(name, inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(PublicKey, "verifies", lambda *_: True)
    crashes, _ = tried(name, tmp_path, inputs)
    assert any("BrokenLawError" in crash and "signed" in crash for crash in crashes)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=12,
)
ASKED = {target.name: target.prepare(Path()) for target in HERE}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ASKED)), VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_document_in_the_words_of_reports_is_answered(name, data):
    assert ASKED[name](data) == ASKED[name](data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ASKED)), st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_answered(name, data):
    assert ASKED[name](data) == ASKED[name](data)


BAD = """
import os, sys, time
from fuzzing import __main__ as command
from fuzzing.laws import Answer, BrokenLawError, Target

def asked(data):
    if data == b"law":
        raise BrokenLawError("it verifies")
    if data == b"raises":
        return {}["x"]
    while data == b"late":
        pass
    if data == b"dies":
        os._exit(3)
    if data == b"memory":
        bytearray(1 << 40)
    return Answer(frozenset({str(time.perf_counter_ns())}) if data == b"differs" else frozenset())

names = ("good", "law", "raises", "late", "dies", "memory", "differs")
command.TARGETS = {name: Target(name, lambda name=name: [name.encode()], lambda _: asked, seconds=0.3) for name in names}
sys.exit(command.main(sys.argv[1:]))
"""


def command(*words, cwd, script=BAD):
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run([sys.executable, "-c", script, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("law", "BrokenLawError at <string>:8: it verifies"),
        ("raises", "KeyError at <string>"),
        ("late", "TookTooLongError at <string>"),
        ("dies", "the process ended with 3"),
        ("differs", "another answer when they were asked again"),
        pytest.param("memory", "MemoryError", marks=pytest.mark.skipif(sys.platform != "linux", reason="bounded on Linux")),
    ],
)
def test_what_breaks_a_law_is_kept_and_can_be_tried_again(name, says, tmp_path):
    done = command(name, "--inputs", "20", "--seed", "3", cwd=tmp_path)
    assert done.returncode == 1, done
    assert "seed 3: the same inputs again with make fuzz SEED=3" in done.stdout
    assert says in done.stdout
    (kept,) = (path for path in (tmp_path / ".phasegate" / "fuzz").iterdir() if path.read_bytes() == name.encode())
    assert f"again: make fuzz TARGET={name} INPUT={kept.relative_to(tmp_path)}" in done.stdout
    assert command(name, "--input", str(kept), cwd=tmp_path).returncode != 0


def test_what_keeps_them_is_counted(tmp_path):
    done = command("good", "--inputs", "20", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].split()[:2] == ["good", "20"]
    (tmp_path / "one").write_bytes(b"x")
    assert "good: it holds" in command("good", "--input", "one", cwd=tmp_path).stdout
    assert command("bad", cwd=tmp_path).returncode == command("--inputs", "0", cwd=tmp_path).returncode == 2
    assert command("--input", "one", cwd=tmp_path).returncode == 2
