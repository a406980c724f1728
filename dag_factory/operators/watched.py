"""What is looked at while a persona works: everything it could reach as the same user, and has no business in."""

from __future__ import annotations

from pathlib import Path

from dag_factory.operators.collect import Bench
from dag_factory.workspace.origin import Origin
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.watch import Ground, Watch

__all__ = ["watched"]

_SPEC = frozenset({".git", "__pycache__", ".airflowignore", ".DS_Store"})


def watched(origin: Origin | None, repository: PrivateRepository | None, bench: Bench) -> Watch:
    """Look at the inputs, the spec's folder, the run's place in a local store, and the origin and its objects.

    The store only ever grows. In the spec's folder other specs are not looked at: a changed spec is another plan, which its own tasks refuse.
    """
    specs = frozenset(path.name for pattern in ("*.yaml", "*.yml") for path in bench.spec_dir.glob(pattern))
    grounds = [Ground("the inputs", bench.inputs), Ground("the spec's folder", bench.spec_dir, skips=_SPEC | specs)]
    if isinstance(bench.run.path, Path):
        grounds.append(Ground("the evidence store", bench.run.path, grows=True, stamps=False))
    return Watch.begin(origin, repository.objects if repository else None, tuple(grounds))
