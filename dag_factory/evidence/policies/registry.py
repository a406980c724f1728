"""Every policy a gate asks, in the order of `dag_factory.evidence.verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dag_factory.evidence.policies.answers import answered
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import chained
from dag_factory.evidence.policies.checks import succeeded
from dag_factory.evidence.policies.cycles import mended
from dag_factory.evidence.policies.delivery import delivered
from dag_factory.evidence.policies.independence import independent
from dag_factory.evidence.policies.items import evident
from dag_factory.evidence.policies.kept import kept
from dag_factory.evidence.policies.merges import fits
from dag_factory.evidence.policies.people import answered_for
from dag_factory.evidence.policies.sharing import shared
from dag_factory.evidence.policies.steering import steered
from dag_factory.evidence.verdict import Finding

__all__ = ["POLICIES"]

POLICIES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    chained,  # 1
    delivered,  # 2
    evident,  # 3
    succeeded,  # 4
    fits,  # 5
    answered,  # 6
    independent,  # 7
    answered_for,  # 7, of people
    mended,  # 8
    shared,  # 9
    kept,  # 10
    steered,  # 10, of what surrounds tests
)
