"""Pages behind the gate: what a run's store holds, shown to whoever may read the DAG, and to nobody else.

`app` answers requests, `access` says who may ask and which runs Airflow knows, `opening` opens a run in the store, `reading` says what of it
can be believed, `places` makes links, `run_page`, `verdict_page`, `task_page` and `file_page` fill the values of `views`, `blobs` gives bytes by digest,
`changes` the diff of a sealed commit, `warming` does beforehand what a first page would wait for. `render` makes HTML of evidence that may be hostile.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["pages"]


@lru_cache(maxsize=1)
def pages() -> Any:
    """The ASGI app of the pages, made once in a process, and ready to answer."""
    from phasegate_plugin.pages.app import make_app
    from phasegate_plugin.pages.warming import warm

    app = make_app()
    warm()
    return app
