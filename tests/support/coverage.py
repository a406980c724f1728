"""Coverage reports in each of the three forms to be examined, and what the kind says of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.coverage import CoverageExpect, CoverageKind

BEGAN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WORK = Work(BEGAN, BEGAN + timedelta(minutes=30))
DTD = '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">'


def xml(lines, head="", dtd=DTD, name="a.py", sources=("/build/src",)):
    """One class whose lines are (number, hits) or (number, hits, condition-coverage)."""
    written = "".join(
        f'<line number="{line[0]}" hits="{line[1]}"' + (f' branch="true" condition-coverage="{line[2]}"' if len(line) > 2 else "") + "/>"
        for line in lines
    )
    told = "".join(f"<source>{source}</source>" for source in sources)
    return (
        f'<?xml version="1.0" ?>{dtd}<coverage {head}><sources>{told}</sources><packages><package name="p"><classes>'
        f'<class name="a" filename="{name}"><methods><method name="m"><lines>{written}</lines></method></methods><lines>{written}</lines></class>'
        "</classes></package></packages></coverage>"
    )


TRACE = """\
TN:unit
SF:/build/src/a.py
FN:1,f
FNDA:3,f
DA:1,1
DA:2,1,checksum
DA:3,1
DA:4,0
BRDA:2,0,jump to line 3, or so,1
BRDA:2,e0,1,-
BRF:2
BRH:1
LF:4
LH:3
end_of_record
# a comment

TN:integration
SF:/build/src/a.py
DA:4,7
LF:1
LH:1
end_of_record
"""


def examined(report, product=None, work=WORK, **expect):
    data = report if isinstance(report, bytes) else report.encode()
    return CoverageKind().examine(Material("coverage", data, work=work, product=product), CoverageExpect.model_validate(expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def json_of(**files):
    """A coverage.json of files, each (executed, missing, excluded)."""
    entries = {}
    for name, (executed, missing, excluded) in files.items():
        lines = {
            "executed_lines": range(1, executed + 1),
            "missing_lines": range(501, missing + 501),
            "excluded_lines": range(900, 900 + excluded),
        }
        entries[name.replace("__", "/") + ".py"] = {key: list(numbers) for key, numbers in lines.items()}
    return json.dumps({"meta": {"format": 3, "timestamp": "2026-11-23T06:10:00"}, "files": entries, "totals": {}})
