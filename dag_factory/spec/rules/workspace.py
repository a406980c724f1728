"""Where a workflow's repository is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.rules.subject import Subject

__all__ = ["workspace_secret"]

_PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")
_TOKEN = re.compile(r"https?://[^/@]{20,}@", re.IGNORECASE)
"""Where there is no password, a login of that length is one."""


def workspace_secret(subject: Subject) -> Iterator[Diagnostic]:
    """The repository's URL has no password in it: a spec is kept in the plan, the DAG and the store."""
    workspace = subject.workflow.workspace
    if workspace and isinstance(workspace.git, str) and (_PASSWORD.search(workspace.git) or _TOKEN.search(workspace.git)):
        reason = "The repository's URL holds a password, which would be kept in the plan and in the store."
        remedy = "Name an Airflow connection of type git that holds it, `{conn: …}`, and take the password back: it was written down."
        yield subject.fault("workspace-secret", ("workspace", "git"), reason, remedy)
