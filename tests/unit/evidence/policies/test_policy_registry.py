"""Every policy of the house is asked by every gate, once."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from dag_factory.evidence import policies
from dag_factory.evidence.policies.consent import agreed
from dag_factory.evidence.policies.registry import POLICIES


def made() -> set[object]:
    """What the modules of policies offer that takes a case, and nothing else, and answers findings."""
    found = set[object]()
    for one in pkgutil.iter_modules(policies.__path__):
        module = importlib.import_module(f"{policies.__name__}.{one.name}")
        for name in getattr(module, "__all__", ()):
            function = getattr(module, name)
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                signature = inspect.signature(function)
                if list(signature.parameters) == ["case"] and signature.return_annotation == "Iterator[Finding]":
                    found.add(function)
    return found


def test_every_policy_is_asked_once():
    assert len(POLICIES) == len(set(POLICIES))
    assert set(POLICIES) == made() - {agreed}  # which is asked last, where nothing else was found
