"""Program repair, small and deterministic: from the findings of a validator to the smallest edit that mends them.

The rooms: `commands` (which of the project's own checks failed, and running them), `probes` (the same checks within this process,
in a fraction of the time), `trials` (one edit at a time in a copy of the checkout, each in a process of its own), `edits` and
`phrases` (what may be edited: the syntax tree, and the texts in it), `search` (which edit is tried when, and which is kept).

Only the feature's own package is ever edited, never a test, a check or a report; and nothing here has seen the code without its fault.
"""

from __future__ import annotations

from repair.search import Mended, mend

__all__ = ["Mended", "mend"]
