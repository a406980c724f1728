"""A software bill of materials as CycloneDX 1.2 to 1.7 JSON (ECMA-424): every component told by name, version and purl.

A bill that lists nothing, or nothing but what it is the bill of, tells nothing. What is listed twice, or under two names, is
counted once, and what is excluded from the product not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

from pydantic import Field

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    REPORT_FOREIGN,
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
from dag_factory.evidence.kinds.moments import stale
from dag_factory.evidence.kinds.shapes import Taking
from dag_factory.evidence.visible import visible

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "SbomExpect", "SbomKind"]

MAX_BYTES = 50_000_000
"""The largest bill that is read."""
MAX_DEPTH = 64
"""How deep it may nest; components may lie within each other."""
MAX_NODES = 2_000_000
"""How many values it may hold."""

_VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_SERIAL = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_PURL = re.compile(r"pkg:/*([a-z][a-z0-9.+-]*)/(?:[^@?#\s]*/)?([^/@?#\s]+)(?:@([^?#\s]+))?(?:\?[^#\s]*)?(?:#\S*)?", re.IGNORECASE)
_BOUGHT = frozenset({"library", "framework"})
"""Types of components that come from somewhere, so that a purl and a version tell which they are."""
_LINK = "urn:cdx:"  # how a bill refers to what another one lists (BOM-Link)
_TYPES = frozenset({
    "application", "framework", "library", "container", "platform", "operating-system", "device", "device-driver", "firmware", "file",
    "machine-learning-model", "data", "cryptographic-asset",
})  # fmt: skip
_TAKE = Taking("Deliver the bill as its tool wrote it, in CycloneDX JSON.")


class SbomExpect(Expectation):
    """What may be asked of a bill.

    Parameters
    ----------
    min_components: the fewest different components, beside what it is the bill of.
    target: the name of what it must be the bill of.
    components: components of these names must each be listed.
    max_unidentified: how many libraries and frameworks may lack a version or a purl.
    serial: whether it must have a serial number.
    fresh: whether it must have been made in the course of the work, by its own timestamp.

    """

    min_components: int = Field(default=1, ge=1)
    target: str | None = Field(default=None, min_length=1)
    components: TextTuple = ()
    max_unidentified: int = Field(default=0, ge=0)
    serial: bool = False
    fresh: bool = False


class SbomKind(Opened[SbomExpect]):
    """A software bill of materials (CycloneDX JSON). Facts: `components` (name and version), `purls`, `target`."""

    name: ClassVar[str] = "sbom"
    Expect: ClassVar[type[Expectation]] = SbomExpect
    nothing = "the bill is empty. List what the product is made of."

    def look(self, material: Material, expect: SbomExpect) -> Examination:
        """Walk over every component, and hold the bill against what is expected."""
        bill = _TAKE.mapping(
            strict_json.loads(material.data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES), "the document"
        )
        if bill.get("bomFormat") != "CycloneDX":
            raise EvidenceError(f"bomFormat is {clipped(repr(bill.get('bomFormat')), 40)}, not CycloneDX.", remedy=_TAKE.remedy)
        if bill.get("specVersion") not in _VERSIONS:
            shown = clipped(repr(bill.get("specVersion")), 40)
            raise EvidenceError(f"specVersion is {shown}; {_VERSIONS[0]} to {_VERSIONS[-1]} are read.", remedy=_TAKE.remedy)
        read = _Bill(bill)
        faults = [*read.faults, *_head(bill, expect), *_owed(read, expect)]
        if expect.fresh and (late := stale(read.metadata.get("timestamp"), material.work, "the bill", "timestamp")):
            faults.append(late)
        return Examination(placed(material.name, faults[:MAX_FAULTS]), read.facts())


class _Bill:
    """One walk over a bill."""

    def __init__(self, bill: Mapping[str, Any]) -> None:
        self.metadata = _TAKE.mapping(bill.get("metadata", {}), "metadata")
        about = self.metadata.get("component")
        self.faults: list[Fault] = []
        self.unidentified: list[str] = []
        self.purls: dict[str, None] = {}
        self.names: set[str] = set()
        self._refs: dict[str, str] = {}
        self.target = _TAKE.mapping(about, "metadata.component") if about is not None else {}
        whole = self._identity(self.target, "metadata.component") if self.target else ""
        self.listed: dict[str, None] = {}
        self._same: dict[str, str] = {}  # of what is part of the product, by what two names of one component are the same
        if self.target:
            self._refer(self.target, "metadata.component")
        self._walk(self.target.get("components"), "metadata.component.components")
        self._walk(bill.get("components"), "components")
        self.listed.pop(whole, None)
        self.different = {same for identity, same in self._same.items() if identity != whole}
        for service in _TAKE.mappings(bill.get("services"), "services"):
            self._refer(service, "services")
        self._depend(bill.get("dependencies"))

    def facts(self) -> dict[str, tuple[str, ...]]:
        """What the bill publishes."""
        target = self.target.get("name")
        return {
            "components": tuple(self.listed),
            "purls": tuple(self.purls),
            "target": (target,) if isinstance(target, str) else (),
        }

    def _walk(self, components: Any, where: str) -> None:
        level = [(where, components)]
        while level:
            below = []
            for place, found in level:
                for index, component in enumerate(_TAKE.mappings(found, place)):
                    self._take(component, f"{place}[{index}]")
                    if component.get("components") is not None:
                        below.append((f"{place}[{index}].components", component["components"]))
            level = below

    def _take(self, component: Mapping[str, Any], where: str) -> None:
        identity = self._identity(component, where)
        kind = component.get("type")
        if not isinstance(kind, str) or kind not in _TYPES:
            kind = ""
            self._tell(
                f"{where}.type is {clipped(repr(component.get('type')), 40)}, which CycloneDX does not know. {_TAKE.remedy}", identity
            )
        self.listed[identity] = None
        self.names.add(str(component["name"]).strip())
        self._refer(component, where)
        version, purl, lacks = component.get("version"), component.get("purl"), kind in _BOUGHT
        if purl is not None:
            told = _contradiction(component, purl)
            if told:
                self._tell(f"{where}: {told} {_TAKE.remedy}", identity)
            else:
                self.purls[purl] = None
            lacks = lacks and not told and not (isinstance(version, str) and version.strip()) and "@" not in purl.split("?")[0]
        if lacks:
            self.unidentified.append(identity)
        if component.get("scope") != "excluded":
            self._same[identity] = re.split("[?#]", purl)[0].casefold() if isinstance(purl, str) else visible(identity).casefold()

    @staticmethod
    def _identity(component: Mapping[str, Any], where: str) -> str:
        name, version = _TAKE.text(component.get("name"), f"{where}.name"), component.get("version", "")
        if not isinstance(version, str):
            raise EvidenceError(f"{where}.version is no text.", remedy=_TAKE.remedy)
        group = component.get("group")
        return f"{f'{group}/' if isinstance(group, str) and group else ''}{name} {version}".strip()

    def _refer(self, component: Mapping[str, Any], where: str) -> None:
        ref = component.get("bom-ref")
        if ref is None:
            return
        first = self._refs.setdefault(_TAKE.text(ref, f"{where}.bom-ref"), where)
        if first != where:
            self._tell(f"the bom-ref {clipped(ref, 80)} stands twice, at {first} and {where}. {_TAKE.remedy}", ref)

    def _depend(self, dependencies: Any) -> None:
        lost: dict[str, None] = {}
        for index, one in enumerate(_TAKE.mappings(dependencies, "dependencies")):
            named = [one.get("ref"), *_TAKE.items(one.get("dependsOn"), f"dependencies[{index}].dependsOn")]
            lost |= {
                ref: None
                for ref in (_TAKE.text(ref, f"dependencies[{index}]") for ref in named)
                if ref not in self._refs and not ref.startswith(_LINK)
            }
        if lost:
            self._tell(f"dependencies name what is not listed: {listed(list(lost))}. List it.", next(iter(lost)))

    def _tell(self, text: str, subject: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(text, clipped(subject, 120)))


def _contradiction(component: Mapping[str, Any], purl: Any) -> str | None:
    """Say where a purl is none, or is one of something else than the component it stands in."""
    found = _PURL.fullmatch(purl) if isinstance(purl, str) and len(purl) < 2_000 else None
    if found is None:
        return f"the purl {clipped(repr(purl), 80)} is none."
    name, version = unquote(found[2]), unquote(found[3] or "")
    called = str(component["name"]).strip().rpartition("/")[2]
    if _plain(name) != _plain(called) and _plain(name) not in _plain(str(component["name"])):
        return f"it is called {clipped(called, 60)}, and its purl is one of {clipped(name, 60)}."
    stated = str(component.get("version", ""))
    if version and stated and version not in stated and stated not in version:
        return f"its version is {clipped(stated, 40)}, and that of its purl {clipped(version, 40)}."
    return None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).casefold()


def _head(bill: Mapping[str, Any], expect: SbomExpect) -> Iterator[Fault]:
    serial, version = bill.get("serialNumber"), bill.get("version", 1)
    if serial is None and expect.serial:
        yield Fault(f"it has no serial number. {_TAKE.remedy}", "serialNumber")
    if serial is not None and not (isinstance(serial, str) and _SERIAL.fullmatch(serial)):
        yield Fault(f"serialNumber is {clipped(repr(serial), 60)}, and must be urn:uuid: with a UUID. {_TAKE.remedy}", "serialNumber")
    if type(version) is not int or version < 1:
        yield Fault(f"version is {clipped(repr(version), 40)}, and must be a whole number from 1 on. {_TAKE.remedy}", "version")


def _owed(read: _Bill, expect: SbomExpect) -> Iterator[Fault]:
    if len(read.different) < expect.min_components:
        text = f"{len(read.different)} components are listed, and at least {expect.min_components} are expected. No data is never a pass: "
        yield Fault(f"{text}list what the product is made of.", "components", EVIDENCE_MISSING)
    for name in expect.components:
        if name not in read.names:
            yield Fault(f"{name} is not listed. List all the product is made of.", name, EVIDENCE_MISSING)
    if len(read.unidentified) > expect.max_unidentified:
        text = f"{len(read.unidentified)} libraries lack a version or a purl, and at most {expect.max_unidentified} may: "
        yield Fault(
            f"{text}{listed(read.unidentified)}. Say which they are, or have the plan allow so many (max_unidentified).",
            clipped(read.unidentified[0], 120),
        )
    if expect.target is not None and read.target.get("name") != expect.target:
        shown = clipped(repr(read.target.get("name")), 80) if read.target else "nothing it names"
        text = f"it is the bill of {shown}, and {clipped(expect.target, 80)} is expected. Make it of that."
        yield Fault(text, "target", REPORT_FOREIGN)
