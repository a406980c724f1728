"""The base score of a CVSS vector of version 3.0 or 3.1, and its word; by FIRST's specification, sections 7.1 and 5.

Other versions have no score here: whoever asks takes a vulnerability without a score for the worst.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["SEVERITIES", "base_score", "severity_of"]

SEVERITIES = ("none", "low", "medium", "high", "critical")
"""The words for scores, the least first."""

_VECTOR = re.compile(r"CVSS:3\.[01](?:/[A-Z]{1,3}:[A-Z])+")
_WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES: Mapping[str, Mapping[str, float]] = {  # by whether the scope changes
    "U": {"N": 0.85, "L": 0.62, "H": 0.27},
    "C": {"N": 0.85, "L": 0.68, "H": 0.5},
}


def base_score(vector: str) -> float | None:
    """Compute the base score of a vector; None where it is none of version 3."""
    if len(vector) > 200 or not _VECTOR.fullmatch(vector):
        return None
    pairs = [part.split(":") for part in vector.split("/")[1:]]
    metrics = dict(pairs)
    try:
        weight = {metric: weights[metrics[metric]] for metric, weights in _WEIGHTS.items()}
        privileges = _PRIVILEGES[metrics["S"]][metrics["PR"]]
    except KeyError:
        return None
    if len(metrics) != len(pairs):
        return None
    changed = metrics["S"] == "C"
    lost = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    return _rounded_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10))


def severity_of(score: float) -> str:
    """The word for a score (section 5)."""
    bounds = (0.0, 3.9, 6.9, 8.9)
    return next((word for word, bound in zip(SEVERITIES, bounds, strict=False) if score <= bound), SEVERITIES[-1])


def _rounded_up(value: float) -> float:
    """Round up to one decimal as version 3.1 does (appendix A), safe from the error of floats."""
    scaled = round(value * 100_000)
    return scaled / 100_000 if scaled % 10_000 == 0 else (scaled // 10_000 + 1) / 10
