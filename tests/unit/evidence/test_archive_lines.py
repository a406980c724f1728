"""The lines of a bundle, sorted by where each says that it belongs."""

from __future__ import annotations

import base64

from support.runs import as_json

from dag_factory.evidence import archive


def test_no_line_takes_the_place_of_another():
    """A statement that claims to be the second attempt of a task called converge stands where the second merge would."""

    def line(kind, **bound):
        said = {"predicateType": f"urn:phasegate:predicate:{kind}:v1", "predicate": {"binding": {"phase": "p", "cycle": 0, **bound}}}
        return as_json({"payload": base64.b64encode(as_json(said)).decode()}) + b"\n"

    claimed, merge, other = (
        line("task", task="converge", attempt=2),
        line("converge", task="converge", attempt=1),
        line("task", task="a", attempt=1),
    )
    for lines in ([b"{}\n", claimed, merge, merge, other, other], [b"{}\n", merge, merge, claimed, claimed]):
        found = list(archive.sorted_lines(b"".join(lines)))
        assert [data for _, data in found] == lines
        assert len(dict(found)) == len(lines)
