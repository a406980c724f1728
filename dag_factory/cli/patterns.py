"""Which patterns the command line takes to be allowed: told, or as the platform has set them; read without Airflow."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Allowed", "allowed"]

_VARIABLE = "AIRFLOW__PHASEGATE__PATTERNS"


@dataclass(frozen=True)
class Allowed:
    """The patterns that may be used, and where that stands; `source` is empty where nobody has said it."""

    names: tuple[str, ...]
    source: str

    @property
    def told(self) -> str:
        """What was assumed and how to say another thing, as a sentence."""
        if self.source:
            return f"Patterns: {', '.join(self.names)} (from {self.source})."
        return (
            f"Patterns: {', '.join(self.names)}, assumed. A platform that allows others says so with --patterns, "
            f"{_VARIABLE}, or `patterns` in [phasegate] of the airflow.cfg below AIRFLOW_HOME."
        )


def allowed(given: str | None) -> Allowed:
    """The patterns that may be used: as given, else as in the environment, else as in airflow.cfg, else `standard`.

    Parameters
    ----------
    given: the option's value, names separated by commas; None if it was not given.

    """
    for text, source in ((given, "--patterns"), (os.environ.get(_VARIABLE), _VARIABLE)):
        if text is not None and _names(text):
            return Allowed(_names(text), source)
    path = Path(os.environ.get("AIRFLOW_CONFIG") or Path(os.environ.get("AIRFLOW_HOME", "~/airflow")) / "airflow.cfg").expanduser()
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return Allowed(("standard",), "")
    names = _names(parser.get("phasegate", "patterns", fallback=""))
    return Allowed(names, str(path)) if names else Allowed(("standard",), "")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
