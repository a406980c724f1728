"""Showing evidence to a browser: bytes that anybody may have written become HTML in which nothing of theirs is ever executed.

`rendered` shows a file, `diff` a commit, `environment` the pages around them, in `STYLE`. `shapes` says which module shows what; each of them
gives HTML built by `markup`, where every foreign text is escaped and every sign that cannot be seen is made visible (`visible`). What a
module cannot read it refuses with `NotShownError`, and the file is shown as text with a line that says why. All of it is bounded in time
and memory, whatever the bytes are.
"""

from __future__ import annotations

from phasegate_plugin.pages.render.evidence import WANTED, rendered
from phasegate_plugin.pages.render.page import STYLE, environment
from phasegate_plugin.pages.render.patch import diff
from phasegate_plugin.pages.render.signs import size, visible

__all__ = ["STYLE", "WANTED", "diff", "environment", "rendered", "size", "visible"]
