"""Where each page lies: whole paths, below the place where Airflow mounted the app, with every part quoted.

The links that Airflow keeps beside its tasks (`dag_factory.links`) lead to the same places.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dag_factory.evidence.statement import Entry

__all__ = ["Places", "shell_lines"]


@dataclass(frozen=True)
class Places:
    """The addresses of one run's pages.

    Parameters
    ----------
    mount: where the app is mounted, such as ``/phasegate`` or ``/airflow/phasegate``.

    """

    mount: str
    dag_id: str
    run_id: str

    @property
    def run(self) -> str:
        """The run."""
        return f"{self.mount}/dags/{_part(self.dag_id)}/runs/{_part(self.run_id)}"

    def gate(self, phase: str, verdict: str = "") -> str:
        """The newest verdict on a phase, or that of a digest."""
        which = f"?verdict={_part(verdict)}" if verdict else ""
        return f"{self.run}/gates/{_part(phase)}{which}"

    def task(self, task_id: str) -> str:
        """The evidence of a task, ``phase/task``; the merge of a phase is ``phase/converge``."""
        phase, _, task = task_id.partition("/")
        return f"{self.run}/tasks/{_part(phase)}/{_part(task)}"

    def file(self, page: str, entry: Entry) -> str:
        """One file, shown. `page` is the task on whose page it stands; in a merge the files of several tasks stand together."""
        of = "" if page == entry.task else f"?of={_part(entry.task)}"
        return f"{self.task(page)}/files/{_part(entry.item)}/{quote(entry.name, safe='/')}{of}"

    def download(self, page: str, digest: str | None) -> str:
        """The bytes of a digest that a statement of the task names; empty for none."""
        return f"{self.task(page)}/download/{digest}" if digest else ""

    @property
    def airflow_run(self) -> str:
        """The run in Airflow's own UI."""
        return f"{self.mount.rpartition('/')[0]}/dags/{_part(self.dag_id)}/runs/{_part(self.run_id)}"


def _part(text: str) -> str:
    return quote(text, safe="")


def shell_lines(path: Any, keyid: str, *files: tuple[str, str]) -> tuple[str, ...]:
    """What to type to judge a run without believing these pages.

    Parameters
    ----------
    path: where the run lies in the store.
    keyid: the key that signed its charter.
    files: digests, and the names of files below `path` that must have them.

    """
    text, lines = str(path), []
    if "://" in text:
        lines.append(f"# First copy {text} to a folder of this machine, and go there.")
        text = "."
    lines.append(f"phasegate verify {shlex.quote(text)} --trust {keyid}")
    lines += [f"echo {shlex.quote(f'{digest}  {text}/{name}')} | sha256sum --check" for digest, name in files]
    return tuple(lines)
