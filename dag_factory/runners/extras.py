"""What some of Phasegate's own runners need beside Phasegate, as extras of the distribution; looked for without importing any of it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["lacking"]

_EXTRAS = {"llm": ("llm", ("apache-airflow-providers-common-ai", "pydantic-ai-slim"))}


def lacking(runner: str) -> str:
    """Say how to install what a runner needs, if that is not there; else empty.

    Parameters
    ----------
    runner: its name.

    """
    extra, needed = _EXTRAS.get(runner, ("", ()))
    for name in needed:
        try:
            version(name)
        except PackageNotFoundError:
            return f"{name} is not installed here: pip install 'airflow-phasegate[{extra}]'"
    return ""
