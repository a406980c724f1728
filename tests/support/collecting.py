"""A task whose evidence is collected, and a secret that none of it may tell."""

from __future__ import annotations

from dag_factory.evidence.contract import Item, TaskContract

ITEMS = (
    Item(id="note", kind="file", path="notes/note.md"),
    Item(id="read", kind="file", report="read.txt"),
    Item(id="ran", kind="command", check="unit"),
)
TASK = TaskContract(id="build/one", phase="build", task="one", persona="writer", duty="writing", runner="command", items=ITEMS)
SECRET = "tango-tango/whiskey"
