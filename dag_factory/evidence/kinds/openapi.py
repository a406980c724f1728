"""An API described in OpenAPI 3.0 to 3.2, as JSON or YAML: operations that answer, and nothing that refers to nowhere.

Nothing is ever fetched: a description that refers to other files is not whole, and whoever reads it later reads something else. The
structure is checked here, by what https://spec.openapis.org says of each object; YAML is read in a child process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    TextTuple,
    clipped,
    placed,
)
from dag_factory.evidence.kinds.prose import unfilled
from dag_factory.evidence.kinds.shapes import Taking
from dag_factory.evidence.visible import says

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "METHODS", "OpenapiExpect", "OpenapiKind"]

MAX_BYTES = 20_000_000
"""The largest description that is read."""
MAX_DEPTH = 66
"""How deep it may nest."""
MAX_NODES = 1_000_000
"""How many values it may hold."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The operations a path may have; since 3.2 `query` too, and others by their names, under `additionalOperations`."""

_VERSION = re.compile(r"3\.[0-2]\.[0-9]{1,3}(?:-[\w.]{1,20})?")
_CODE = re.compile(r"[1-5](?:XX|[0-9]{2})|default")
_PARAMETER = re.compile(r"\{([^{}]*)\}")
_BESIDE = frozenset({"summary", "description", "servers", "parameters", "$ref"})  # what a path has beside its operations
_TAKE = Taking("Deliver a description in OpenAPI 3.0, 3.1 or 3.2.")


class OpenapiExpect(Expectation):
    """What may be asked of a description.

    Parameters
    ----------
    min_operations: the fewest operations.
    operations: operations that must each be described, like `GET /orders/{id}`.
    described: whether every operation must say in a summary or a description what it does.
    errors: whether every operation must say how it answers when it fails, by a 4XX, 5XX or default response.

    """

    min_operations: int = Field(default=1, ge=1)
    operations: TextTuple = ()
    described: bool = False
    errors: bool = False


class OpenapiKind(Opened[OpenapiExpect]):
    """A described API (OpenAPI 3.0 to 3.2). Facts: `operations` (method and path), and `cites`, their ids and texts."""

    name: ClassVar[str] = "openapi"
    Expect: ClassVar[type[Expectation]] = OpenapiExpect
    nothing = "the description is empty. Describe the API."

    def look(self, material: Material, expect: OpenapiExpect) -> Examination:
        """Walk over every path and every reference."""
        document = _TAKE.mapping(_loaded(material.data), "the document")
        version = document.get("openapi")
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            raise EvidenceError(f"openapi is {clipped(repr(version), 40)}; 3.0.x, 3.1.x and 3.2.x are read.", remedy=_TAKE.remedy)
        info = _TAKE.mapping(document.get("info"), "info")
        for key in ("title", "version"):
            _TAKE.text(info.get(key), f"info.{key}")
        read = _Description(document, expect)
        faults = [*read.faults, *_owed(read.operations, expect)]
        return Examination(placed(material.name, faults[:MAX_FAULTS]), {"operations": tuple(read.operations), "cites": tuple(read.told)})


def _loaded(data: bytes) -> Any:
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{len(data)} bytes, and at most {MAX_BYTES} are read.", remedy="Describe less in one file.")
    if data.lstrip()[:1] in (b"{", b"["):
        return strict_json.loads(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
    from dag_factory.evidence.kinds.apart import asked

    answer = asked("yaml_child.py", data)
    if "error" in answer:
        raise EvidenceError(f"it cannot be read as YAML: {clipped(str(answer['error']))}.", remedy=_TAKE.remedy)
    return answer.get("value")


class _Description:
    """One walk over a description."""

    def __init__(self, document: Mapping[str, Any], expect: OpenapiExpect) -> None:
        from dag_factory.evidence.kinds.references import References

        self.faults: list[Fault] = []
        self.operations: dict[str, None] = {}
        self.told: list[str] = []
        self._expect = expect
        self._ids: dict[str, str] = {}
        version = str(document.get("openapi"))
        self._silent = not version.startswith("3.0")  # since 3.1 an operation need not say how it answers
        self._terse = version.startswith("3.2")  # and since 3.2 an answer need not have a description
        self._methods = (*METHODS, "query") if self._terse else METHODS
        self._references = References(document)
        schemes = _TAKE.mapping(document.get("components", {}), "components").get("securitySchemes", {})
        self._schemes = _TAKE.mapping(schemes, "components.securitySchemes")
        self._tell(self._references.faults())
        self._tell(self._secured(document.get("security"), "the document"))
        shapes: dict[str, str] = {}
        for path, item in _TAKE.mapping(document.get("paths", {}), "paths").items():
            if path.startswith("x-"):
                continue
            first = shapes.setdefault(_PARAMETER.sub("{}", path), path)
            if not path.startswith("/") or first != path or "?" in path:
                why = "a path begins with / and has no query" if first == path else f"it is the same as {clipped(first, 80)}"
                self._tell([Fault(f"the path {clipped(path, 80)}: {why}. Mend it.", clipped(path))])
            self._path(path, self._resolved(item, f"paths.{clipped(path, 80)}"))

    def _path(self, path: str, item: Mapping[str, Any]) -> None:
        more = _TAKE.mapping(item.get("additionalOperations", {}), f"{clipped(path, 80)}: additionalOperations") if self._terse else {}
        for key in item:
            if (
                key not in self._methods
                and not (self._terse and key == "additionalOperations")
                and key not in _BESIDE
                and not key.startswith("x-")
            ):
                self._tell(
                    [Fault(f"{clipped(path, 80)}: there is no operation {clipped(key, 40)}. Use one of {', '.join(self._methods)}.", path)]
                )
        shared = self._parameters(item.get("parameters"), path)
        operations = {method.upper(): item[method] for method in self._methods if method in item}
        for method, operation in {**more, **operations}.items():
            name = f"{method.upper()} {path}"
            self.operations[name] = None
            self._tell(self._operation(name, path, _TAKE.mapping(operation, clipped(name, 80)), shared))

    def _operation(self, name: str, path: str, operation: Mapping[str, Any], shared: set[str]) -> Iterator[Fault]:
        shown = clipped(name, 80)
        texts = [text for key in ("operationId", "summary", "description") if isinstance(text := operation.get(key), str)]
        self.told += [name, *texts]
        identity = operation.get("operationId")
        if identity is not None and self._ids.setdefault(_TAKE.text(identity, f"{shown}: operationId"), name) != name:
            yield Fault(f"{shown}: its operationId is that of {clipped(self._ids[identity.strip()], 80)}. Give each its own.", name)
        if self._expect.described and not any(says(text) and not unfilled(text) for text in texts[identity is not None :]):
            yield Fault(f"{shown}: neither a summary nor a description says what it does. Write one.", name)
        named, given = set(_PARAMETER.findall(path)), shared | self._parameters(operation.get("parameters"), shown)
        for parameter in sorted(named ^ given):
            where = "its path, and is no parameter of it" if parameter in named else "its parameters, and not in its path"
            yield Fault(f"{shown}: {clipped(parameter, 60)} stands in {where}. Have it in both.", name)
        yield from self._answers(name, operation.get("responses"))
        yield from self._secured(operation.get("security"), shown)

    def _answers(self, name: str, responses: Any) -> Iterator[Fault]:
        shown = clipped(name, 80)
        found = {} if responses is None else _TAKE.mapping(responses, f"{shown}: responses")
        codes = [code for code in found if not code.startswith("x-")]
        if not codes and not (self._silent and responses is None):
            yield Fault(f"{shown}: it has no responses. Say how it answers.", name, EVIDENCE_MISSING)
            return
        for code in codes:
            if not _CODE.fullmatch(code):
                yield Fault(f"{shown}: there is no response code {clipped(code, 40)}. Use one like 200, 4XX or default.", name)
            described = self._resolved(found[code], f"{shown}: response {clipped(code, 20)}").get("description")
            if not isinstance(described, str) and not (self._terse and described is None):
                yield Fault(f"{shown}: its response {clipped(code, 20)} has no description. Say what it means.", name)
        if self._expect.errors and not any(code[0] in "45d" for code in codes):
            yield Fault(f"{shown}: it does not say how it answers when it fails. Add a 4XX, 5XX or default response.", name)

    def _parameters(self, parameters: Any, where: str) -> set[str]:
        """The names of the parameters of a path."""
        names = set()
        for index, one in enumerate(_TAKE.items(parameters, f"{clipped(where, 80)}: parameters")):
            parameter = self._resolved(one, f"{clipped(where, 80)}: parameters[{index}]")
            if "$ref" in parameter:
                continue  # it leads nowhere, which is told already
            name, place = (_TAKE.text(parameter.get(key), f"{clipped(where, 80)}: parameters[{index}].{key}") for key in ("name", "in"))
            if place == "path":
                names.add(name)
                if parameter.get("required") is not True:
                    self._tell(
                        [Fault(f"{clipped(where, 80)}: the parameter {clipped(name, 60)} of its path must be required. Say so.", where)]
                    )
        return names

    def _secured(self, security: Any, where: str) -> Iterator[Fault]:
        for requirement in _TAKE.mappings(security, f"{where}: security"):
            for scheme in requirement:
                if scheme not in self._schemes:
                    text = f"{where}: the security scheme {clipped(scheme, 60)} stands nowhere. Describe it below components."
                    yield Fault(text, clipped(scheme))

    def _resolved(self, value: Any, where: str) -> Mapping[str, Any]:
        return _TAKE.mapping(self._references.follow(value), where)

    def _tell(self, faults: Any) -> None:
        for fault in faults:
            if len(self.faults) < MAX_FAULTS:
                self.faults.append(fault)


def _owed(operations: Mapping[str, None], expect: OpenapiExpect) -> Iterator[Fault]:
    if len(operations) < expect.min_operations:
        text = f"{len(operations)} operations are described, and at least {expect.min_operations} are expected. "
        yield Fault(f"{text}No data is never a pass: describe them.", "paths", EVIDENCE_MISSING)
    for operation in expect.operations:
        method, _, path = operation.partition(" ")
        if f"{method.upper()} {path.strip()}" not in operations:
            yield Fault(f"{clipped(operation, 80)} is not described. Describe it.", operation, EVIDENCE_MISSING)
