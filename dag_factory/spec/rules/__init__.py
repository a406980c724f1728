"""The static rules: what no workflow may do, whatever its pattern. One function a rule, one literal registry.

A rule is given the whole subject and yields a diagnostic per fault. Its id is stable; `dag_factory/rules.yaml` says why it exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.rules.closing import fix_owner_unknown, fix_undecided, people_twice, rule_unknown
from dag_factory.spec.rules.independence import validator_implements
from dag_factory.spec.rules.keys import assurance_unreachable, key_misplaced, key_revoked, key_shared, key_unused
from dag_factory.spec.rules.order import foundation_missing, implementation_first, phase_misplaced
from dag_factory.spec.rules.paths import integration_writes_product, path_crossed, path_unknown
from dag_factory.spec.rules.personas import (
    binding_missing,
    binding_runner,
    binding_unused,
    persona_combined,
    persona_redefined,
    persona_unknown,
)
from dag_factory.spec.rules.structure import (
    check_unknown,
    evidence_missing,
    features_missing,
    gate_missing,
    otherwise_read,
    reference_unknown,
    schedule_invalid,
)
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.rules.telling import notifier_path, notify_never
from dag_factory.spec.rules.workspace import workspace_secret

__all__ = ["STATIC_RULES", "Subject"]

STATIC_RULES: tuple[Callable[[Subject], Iterator[Diagnostic]], ...] = (
    persona_combined,
    persona_unknown,
    persona_redefined,
    binding_missing,
    binding_runner,
    binding_unused,
    phase_misplaced,
    foundation_missing,
    implementation_first,
    gate_missing,
    evidence_missing,
    features_missing,
    check_unknown,
    reference_unknown,
    schedule_invalid,
    otherwise_read,
    validator_implements,
    path_unknown,
    path_crossed,
    integration_writes_product,
    fix_owner_unknown,
    fix_undecided,
    people_twice,
    rule_unknown,
    notifier_path,
    notify_never,
    workspace_secret,
    key_unused,
    key_shared,
    key_revoked,
    key_misplaced,
    assurance_unreachable,
)
