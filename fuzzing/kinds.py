"""The parsers of evidence. Law: whatever the bytes, a kind answers with faults or with none, and never raises; those that run in a process of their own are
tried within this one too, by the function that process calls."""

from __future__ import annotations

import json
import struct
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds import RULES, Examination, Material, kind_of
from dag_factory.evidence.kinds.base import MAX_FAULTS, Work
from fuzzing.laws import Answer, BrokenLawError, Target, refused, seeds

__all__ = ["KINDS"]

_BEGAN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_WORK = Work(_BEGAN, _BEGAN + timedelta(minutes=30))
_PRODUCT = frozenset({"src/a.py", "src/b.py", "src/orders/code.py", "README.md"})
_SECTIONS = ["System design", "Boundaries", "Data flow", "Data architecture"]
_VERDICT = {
    "type": "object",
    "required": ["story", "verdict"],
    "properties": {"story": {"type": "string"}, "verdict": {"enum": ["PASSED", "FAILED"]}},
}
_VERDICTS = {"type": "object", "required": ["verdicts"], "properties": {"verdicts": {"type": "array", "minItems": 1, "items": _VERDICT}}}
_EXPECTED: Mapping[str, Sequence[dict[str, Any]]] = {
    "junit": [{}, {"max_deselected": 0, "names": ["*test*"], "max_seconds": 1, "timed": True, "tool": "pytest", "host": "host", "fresh": True}],
    "coverage": [{}, {"min_percent": 80, "branches": True, "max_empty": 0, "fresh": True}],
    "sarif": [{}, {"max_level": "note", "fresh": True, "max_security_severity": 5, "suppressed_in_source": True, "bare": True}],
    "vulnerabilities": [{}, {"max_severity": "high", "max_unfixed": 2, "max_database_days": 3, "fresh": True}],
    "sbom": [{}, {"max_unidentified": 1, "fresh": True}],
    "benchmark": [{}, {"max_seconds": 1, "max_p95_seconds": 2, "min_load_seconds": 1, "fresh": True}],
    "dbt": [{}, {"command": "build", "max_untested": 0, "max_seconds": 60, "fresh": True}],
    "openapi": [{}, {"described": True, "errors": True}],
    "markdown": [{}, {"sections": ["System design", "Data flow"]}, {"sections": ["A"]}, {"sections": _SECTIONS}],
    "image": [{"min_width": 2, "min_height": 2}],
    "json": [{}, {"schema": _VERDICTS, "publish": {"stories": "verdicts[*].story"}}],
}  # fmt: skip


def _kind(name: str, file: str) -> Callable[[Path], Callable[[bytes], Answer]]:
    """Ask a kind: what is expected is chosen by the input's length, so that the same bytes are always asked the same."""

    def prepare(_: Path) -> Callable[[bytes], Answer]:
        kind = kind_of(name)
        expected = [kind.Expect.model_validate(expect) for expect in _EXPECTED.get(name, [{}])]

        def ask(data: bytes) -> Answer:
            expect = expected[len(data) % len(expected)]
            name = "picture.jpg" if data.startswith(b"\xff\xd8") else file
            product = _PRODUCT if len(data) % 3 == 0 else None
            found = Material(name, data, work=_WORK, said="3 passed, 1 deselected", product=product, exit_code=len(data) % 4 % 3)
            return _examined(kind.examine(found, expect))

        return ask

    return prepare


def _examined(found: Examination) -> Answer:
    if len(found.faults) > 8 * MAX_FAULTS or sum(len(fault.text) for fault in found.faults) > 200_000:
        raise BrokenLawError(f"{len(found.faults)} faults: more than anybody reads")
    for fault in found.faults:
        if fault.rule not in RULES:
            raise BrokenLawError(f"there is no rule {fault.rule!r}")
        f"{fault.text}{fault.subject}".encode()  # what is no Unicode cannot be signed
    for name, values in found.facts.items():
        if any(not isinstance(value, str) for value in values):
            raise BrokenLawError(f"the fact {name} holds what is no text")
        "".join(values).encode()
    return Answer.of({fault.rule for fault in found.faults}, found.faults[0].text if found.faults else "", found)


def _strict_json(_: Path) -> Callable[[bytes], Answer]:
    def ask(data: bytes) -> Answer:
        try:
            value = strict_json.loads(data, max_bytes=1_000_000, max_depth=64)
        except EvidenceError as error:
            return refused(error)
        if json.loads(data) != value:
            raise BrokenLawError("it was read as something else than json reads")
        try:
            written = strict_json.dumps_canonical(value)
        except EvidenceError as error:
            return Answer.of(["unwritable"], str(error), str(error))
        if strict_json.loads(written, max_bytes=4_000_000, max_depth=64) != value:
            raise BrokenLawError("what was written is not what was read")
        return Answer(frozenset(), whole=written)

    return ask


def _picture(_: Path) -> Callable[[bytes], Answer]:
    from dag_factory.evidence.kinds.image_child import looked_at

    def ask(data: bytes) -> Answer:
        with warnings.catch_warnings():
            try:
                shown = looked_at(data)
            except Exception as error:  # as the program does that calls it
                return Answer(frozenset({"refused"}), (type(error).__name__,), type(error).__name__)
        json.dumps(shown)
        return Answer(frozenset({"refused"} if "error" in shown else ()), tuple(sorted(shown)), repr(shown))

    return ask


def _yaml(_: Path) -> Callable[[bytes], Answer]:
    from yaml import YAMLError

    from dag_factory.evidence.kinds import yaml_child

    def ask(data: bytes) -> Answer:
        try:
            value = yaml_child.read(data)
        except (yaml_child.RefusedError, YAMLError, UnicodeDecodeError) as error:
            return Answer.of(["refused"], str(error).split("\n", maxsplit=1)[0], str(error))
        return Answer(frozenset(), (type(value).__name__,), json.dumps(value, allow_nan=False))

    return ask


def _png_sums(data: bytes, chance: Random) -> bytes:
    """Three pictures of four get checksums that fit, or a decoder would look no further."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or chance.random() < 0.25:
        return data
    made, at = bytearray(data), 8
    while at + 12 <= len(made):
        length = int.from_bytes(made[at : at + 4], "big")
        end = at + 8 + length
        if end + 4 > len(made):
            break
        made[end : end + 4] = struct.pack(">I", zlib.crc32(made[at + 4 : end]))
        at = end + 4
    return bytes(made)


KINDS = (
    Target("junit", seeds("junit"), _kind("junit", "unit.xml")),
    Target("coverage-json", seeds("coverage_json"), _kind("coverage", "coverage.json")),
    Target("coverage-xml", seeds("coverage_xml"), _kind("coverage", "coverage.xml")),
    Target("coverage-lcov", seeds("coverage_lcov"), _kind("coverage", "coverage.lcov")),
    Target("sarif", seeds("sarif"), _kind("sarif", "audit.sarif")),
    Target("vulnerabilities", seeds("vulnerabilities"), _kind("vulnerabilities", "vulnerabilities.json")),
    Target("sbom", seeds("sbom"), _kind("sbom", "sbom.json")),
    Target("benchmark", seeds("benchmark"), _kind("benchmark", "bench.json")),
    Target("k6", seeds("k6"), _kind("benchmark", "load.json")),
    Target(
        "openapi", seeds("openapi"), _kind("openapi", "openapi.json"), lambda data, _: data if data[:1] in (b"{", b"[") else b"[" + data
    ),
    Target("dbt", seeds("dbt"), _kind("dbt", "run_results.json")),
    Target("markdown", seeds("markdown"), _kind("markdown", "ARCHITECTURE.md")),
    Target("interface", seeds("interface", "markdown"), _kind("interface", "INTERFACE.md")),
    Target("json", seeds("json"), _kind("json", "verdicts.json")),
    Target("stories", seeds("stories"), _kind("stories", "stories.json")),
    Target("file", seeds("markdown", "image"), _kind("file", "notes.md")),
    Target("command", seeds("markdown"), _kind("command", "check.log")),
    Target("strict-json", seeds("json", "statement", "sarif"), _strict_json),
    Target("image", seeds("image"), _picture, _png_sums, seconds=10),
    Target("yaml", seeds("yaml"), _yaml),
    Target("image-apart", seeds("image"), _kind("image", "picture.png"), _png_sums, share=1_000, seconds=30),
    Target("yaml-apart", seeds("yaml"), _kind("openapi", "openapi.yaml"), share=1_000, seconds=30),
)
"""Every parser of evidence, and the two programs that decode apart."""
