"""Runs a target in a process of its own: bounded in memory, in time an input, and seen from outside, so that what kills the process is caught too."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from fuzzing.laws import Answer, BrokenLawError, Target
from fuzzing.mutator import MAX_BYTES, Mutator

__all__ = ["Outcome", "ask_once", "loop", "name_of", "run"]

_MEMORY = 1 << 30
_MEMORY_DISK = "/dev/shm"  # on Linux: targets that read files would else measure the disk
_AGAIN_EACH = 10
_MOST_CRASHES = 5
_ROOM = 2 * MAX_BYTES + 16


class TookTooLongError(BaseException):
    """One input took longer than its target allows; no `except Exception` of what is tried keeps it."""


@dataclass
class Outcome:
    """What came of a target: how many inputs, in how many seconds, how many distinct sets of rules and reasons, how many inputs held, and what crashed it.

    `crashes` are pairs: what happened, and the input.
    """

    inputs: int = 0
    seconds: float = 0.0
    rules: set[str] = field(default_factory=set)
    reasons: int = 0
    held: int = 0
    crashes: list[tuple[str, bytes]] = field(default_factory=list)


def run(target: Target, inputs: int, seed: int) -> Outcome:
    """Try a target with so many inputs; the same seed gives the same ones.

    Raises
    ------
    OSError: no process could be started.

    """
    current = mmap.mmap(-1, _ROOM)
    reading, writing = os.pipe()
    scratch = Path(tempfile.mkdtemp(prefix="phasegate-fuzz-", dir=_MEMORY_DISK if Path(_MEMORY_DISK).is_dir() else None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads of whoever runs this; the child has none
        child = os.fork()
    if child == 0:
        os.close(reading)
        _child(target, inputs, seed, current, writing, scratch)
    os.close(writing)
    try:
        told = _watched(child, current, reading, target.seconds)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    made = Outcome()
    for line in filter(None, told.decode().splitlines()):
        said = json.loads(line)
        if "crash" in said:
            made.crashes.append((said["crash"], bytes.fromhex(said["input"])))
        else:
            made = Outcome(said["inputs"], said["seconds"], set(said["rules"]), said["reasons"], said["held"], made.crashes)
    return made


def ask_once(target: Target, data: bytes) -> Answer:
    """Try one input in this process: what it raises is for the caller to see."""
    scratch = Path(tempfile.mkdtemp(prefix="phasegate-fuzz-", dir=_MEMORY_DISK if Path(_MEMORY_DISK).is_dir() else None))
    try:
        return _asked(target.prepare(scratch), data, target.seconds, again=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _watched(child: int, current: mmap.mmap, reading: int, seconds: float) -> bytes:
    """Wait for the child, and end it when it is at the same input for too long; answers what it wrote, and what killed it."""
    told, count, since = b"", -1, time.monotonic()
    os.set_blocking(reading, False)
    while True:
        try:
            while part := os.read(reading, 1 << 16):
                told += part
        except BlockingIOError:
            pass
        ended, code = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        now = int.from_bytes(current[:8], "little")
        count, since = (now, time.monotonic()) if now != count else (count, since)
        if time.monotonic() - since > 2 * seconds + 20:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)
    while True:
        try:
            part = os.read(reading, 1 << 16)
        except BlockingIOError:
            break
        if not part:
            break
        told += part
    os.close(reading)
    if os.waitstatus_to_exitcode(code) != 0:
        length = int.from_bytes(current[8:16], "little")
        what = f"the process ended with {os.waitstatus_to_exitcode(code)}"
        told += b"\n" + json.dumps({"crash": what, "input": current[16 : 16 + length].hex()}).encode() + b"\n"
    return told


def _child(target: Target, inputs: int, seed: int, current: mmap.mmap, writing: int, scratch: Path) -> NoReturn:
    """Everything that happens in the process of a target."""
    code = 1
    try:
        ask = target.prepare(scratch)
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * mmap.PAGESIZE if sys.platform == "linux" else 0
        if used:
            resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
        with os.fdopen(writing, "w", encoding="utf-8") as stream:

            def tell(**said: Any) -> None:
                stream.write(json.dumps(said) + "\n")
                stream.flush()

            loop(target, ask, inputs, seed, current, tell)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def loop(target: Target, ask: Callable[[bytes], Answer], inputs: int, seed: int, current: mmap.mmap, tell: Callable[..., None]) -> None:
    """Try inputs in this process, one after another.

    Parameters
    ----------
    ask: what is tried, as the target prepared it.
    current: where the input that is tried stands, for whoever watches.
    tell: is called with each crash, and at last with what came of all.

    """
    chance = Random(f"{seed}:{target.name}")
    corpus = target.corpus()
    mutator = Mutator(chance, corpus)
    known: set[tuple[frozenset[str], tuple[str, ...]]] = set()
    made, crashes, began = Outcome(), set[str](), time.monotonic()
    parent = os.getppid()
    for number in range(inputs):
        if number % 256 == 0 and os.getppid() != parent:  # whoever watches is gone
            break
        data = corpus[number] if number < len(corpus) else target.finish(mutator.next(), chance)
        current[16 : 16 + len(data)] = data
        current[8:16] = len(data).to_bytes(8, "little")
        current[:8] = number.to_bytes(8, "little")
        made.inputs = number + 1
        try:
            answer = _asked(ask, data, target.seconds, again=number % _AGAIN_EACH == 0)
        except BaseException as error:
            what = _told(error)
            if what not in crashes:
                crashes.add(what)
                tell(crash=what, input=data.hex())
            if len(crashes) >= _MOST_CRASHES:
                break
            continue
        made.held += not answer.rules
        key = (answer.rules, answer.reason)
        if key not in known:
            known.add(key)
            mutator.keep(data)
    rules = sorted({"+".join(sorted(rules)) or "holds" for rules, _ in known})
    tell(inputs=made.inputs, seconds=time.monotonic() - began, rules=rules, reasons=len(known), held=made.held)


def _asked(ask: Callable[[bytes], Answer], data: bytes, seconds: float, *, again: bool) -> Answer:
    def late(*_: object) -> NoReturn:
        raise TookTooLongError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds * (2 if again else 1))
    try:
        answer = ask(data)
        if again and ask(data) != answer:
            raise BrokenLawError("the same bytes had another answer when they were asked again")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return answer


def _told(error: BaseException) -> str:
    """What happened, and in which line of ours, in one line: two inputs with the same are told once."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "dag_factory" in frame.filename] or [frame for frame in frames if frame.filename != __file__]
    place = ours[-1] if ours else None
    where = f" at {Path(place.filename).name}:{place.lineno}" if place else ""
    text = str(error) if isinstance(error, BrokenLawError) else str(error)[:80]
    return f"{type(error).__name__}{where}: {' '.join(text.split())[:200]}"


def name_of(target: Target, data: bytes) -> str:
    """What the file of an input is called."""
    return f"{target.name}-{hashlib.sha256(data).hexdigest()[:12]}"
