"""The page of one file of evidence: its beginning, made harmless, and what was signed about it."""

from __future__ import annotations

from markupsafe import Markup

from dag_factory.evidence.record import OpenRun
from dag_factory.evidence.statement import Entry
from phasegate_plugin.pages.blobs import beginning
from phasegate_plugin.pages.faults import missing
from phasegate_plugin.pages.places import Places, shell_lines
from phasegate_plugin.pages.render import WANTED, rendered
from phasegate_plugin.pages.run_page import heading
from phasegate_plugin.pages.task_page import delivered_by, entries, kind_of
from phasegate_plugin.pages.views import Crumb, FileView

__all__ = ["file_view"]


def file_view(run: OpenRun, phase_id: str, task_name: str, item: str, name: str, of: str, places: Places) -> FileView:
    """One file that the newest statement of a task names.

    Parameters
    ----------
    of: whose file it is, where several tasks' files stand on one page; empty for the task itself.

    Raises
    ------
    PageError: the statement names no such file.

    """
    phase, task, made = delivered_by(run, phase_id, task_name)
    page = f"{phase.id}/{task_name}"
    found = entries(made.newest.says, task) if made.newest else ()
    entry = next((one for one in found if (one.item, one.name) == (item, name) and of in ("", one.task)), None)
    if entry is None:
        raise missing(
            "No such file",
            f"The newest statement of {page} names no such file.",
            "It may be of an older attempt; the page of the task lists what there is.",
        )
    return _shown(run, entry, page, places, (Crumb(phase.title, places.gate(phase.id)), Crumb(task_name, places.task(page))))


def _shown(run: OpenRun, entry: Entry, page: str, places: Places, way: tuple[Crumb, ...]) -> FileView:
    kind = kind_of(run, entry)
    begun = beginning(run.store, entry.digest, entry.size, WANTED)
    body = Markup("") if begun.problem else rendered(entry.name, begun.data, kind=kind, total=entry.size)
    return FileView(
        heading=heading(places, entry.name, *way, Crumb(entry.name, "")),
        task_id=entry.task,
        item=entry.item,
        kind=kind,
        name=entry.name,
        size=entry.size,
        shown=len(begun.data),
        digest=entry.digest,
        grade=entry.grade,
        body=body,
        problem=begun.problem,
        checked=begun.checked,
        download=places.download(page, entry.digest),
        task_href=places.task(page),
        verify=shell_lines(run.store.path, run.charter.keyid, (entry.digest, f"blobs/{entry.digest[:2]}/{entry.digest}")),
    )
