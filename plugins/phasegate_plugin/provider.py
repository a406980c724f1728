"""Provider metadata: declares the `[phasegate]` section of airflow.cfg, with its defaults."""

from __future__ import annotations

from typing import Any

__all__ = ["get_provider_info"]


def _option(description: str, default: str, example: str) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": "0.1.0",
        "type": "string",
        "default": default,
        "example": example,
    }


def get_provider_info() -> dict[str, Any]:
    """What Airflow asks every provider at its start."""
    return {
        "package-name": "airflow-phasegate",
        "name": "Phasegate",
        "description": "Workflows in phases, each closed by a gate that verifies evidence.",
        "config": {
            "phasegate": {
                "description": "Phasegate: phases, personas, gates and evidence.",
                "options": {
                    "evidence_root": _option(
                        "Where evidence is kept: a path, or a URL of object storage with its connection. Empty: phasegate/evidence below AIRFLOW_HOME.",
                        "", "s3://aws_default@bucket/evidence",
                    ),
                    "keys_root": _option(
                        "The folder of signing keys that all workers share. Empty: phasegate/keys below AIRFLOW_HOME.",
                        "", "/shared/phasegate/keys",
                    ),
                    "work_root": _option("Where each worker makes its workspaces. Empty: phasegate/work below AIRFLOW_HOME.", "", "/mnt/scratch/phasegate"),
                    "cache_root": _option(
                        "Where each machine keeps compiled plans between parses; safe to delete. Empty: phasegate/cache below AIRFLOW_HOME.",
                        "", "/var/cache/phasegate",
                    ),
                    "patterns": _option(
                        "The patterns workflows may use, separated by commas; `none` among them lets a workflow go without.",
                        "standard", "standard,none",
                    ),
                },
            }
        },
    }  # fmt: skip
