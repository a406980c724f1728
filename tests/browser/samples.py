"""Pages as a run would fill them, and as somebody who means harm would."""

from __future__ import annotations

import functools
import io
import json
import types
import typing
from typing import Any, TypeVar

from markupsafe import Markup
from phasegate_plugin.pages import views
from phasegate_plugin.pages.render import diff, rendered
from PIL import Image, ImageDraw
from support import contents

T = TypeVar("T")
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
COMMIT = "b" * 40
AT = "2026-11-23T06:14:09Z"
NASTY = "<script>boom()</script>\u202e\"onmouseover='boom()'\x1b[31m"
VERIFY = (
    "cd evidence/orders_mart/manual__1",
    f"sha256sum --check <<< '{SHA}  blobs/9f/{SHA}'",
    "openssl pkeyutl -verify -rawin -pubin -inkey key.pem",
)

DOCUMENT = """# Architecture

The mart is built in **three** stages; see [the format](https://example.org/format) and [the notes](notes.md).

## Boundaries

1. `ingest` reads partner files.
2. `daily_mart` aggregates them.

| component | owner |
|---|---|
| ingest | @software-engineer |
| mart | @software-engineer |

> Rejected rows keep their reason.

```python
def run(path: Path) -> int: ...
```

![data flow](https://example.org/flow.png)
"""
HOSTILE = """# <img src=x onerror=boom()>

[a](javascript:boom()) [b](data:text/html,<script>boom()</script>) <javascript:boom()> <a href="javascript:boom()">c</a>
![d](http://203.0.113.1/pixel.png) [e]: javascript:boom()
<iframe src="https://example.org"></iframe><style>*{display:none}</style><meta http-equiv=refresh content="0;url=https://example.org">
<form action=https://example.org><input autofocus onfocus=boom()></form><svg onload=boom()><object data=x></object>
"""
PATCH = """diff --git a/src/orders/ingest.py b/src/orders/ingest.py
index 1111111..2222222 100644
--- a/src/orders/ingest.py
+++ b/src/orders/ingest.py
@@ -1,5 +1,6 @@ def read(path):
 import csv
-rows = list(csv.reader(open(path)))
+with path.open(newline="") as file:
+    rows = list(csv.reader(file))

 for row in rows:
     check(row)
diff --git a/tests/test_ingest.py b/tests/test_ingest.py
new file mode 100644
--- /dev/null
+++ b/tests/test_ingest.py
@@ -0,0 +1,2 @@
+def test_ingest_1() -> None:
+    assert run("a") == 0
"""


def filled(cls: type[T], **given: Any) -> T:
    """A view in which everything that is not given is empty."""
    hints = typing.get_type_hints(cls)
    return cls(**{name: given[name] if name in given else _empty(hint) for name, hint in hints.items()})


def _empty(hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return typing.get_args(hint)[0]
    if origin is tuple:
        return ()
    if origin in (types.UnionType, typing.Union):
        return None
    return hint()


def heading(title: str, *labels: str) -> views.Heading:
    crumbs = [views.Crumb(label, f"/{number}") for number, label in enumerate(("orders_mart", "manual__1", *labels))]
    return filled(views.Heading, title=title, crumbs=(*crumbs, views.Crumb(title, "")), dag_id="orders_mart", run_id="manual__1")


def run_page(evil: str = "") -> views.RunView:
    tasks = tuple(
        filled(
            views.TaskRow,
            task_id=f"foundation/{name}{evil}",
            name=f"foundation/{name}{evil}",
            persona=f"@{name}{evil}",
            attempts=count,
            findings=2 - count,
            href="/task.html",
        )
        for count, name in enumerate(("architect", "ux-designer", "product-manager"))
    )
    words: tuple[tuple[str, views.Word], ...] = (
        ("Foundation", "PASSED"), ("Implementation", "FAILED"), ("Validation", "INVALID"), ("Integration", "NONE"),
    )  # fmt: skip
    phases = tuple(
        filled(
            views.PhaseRow, id=title.lower(), title=title + evil, says=f"Gate {number}: all of it is there{evil}", word=word, findings=2 * (word == "FAILED"),
            reason=f"Its signature is by no key of this run.{evil}" if word == "INVALID" else "", at=AT if word != "NONE" else "",
            href="/verdict.html", tasks=tasks, cycle=number - 1,
            older=(views.VerdictRow(f"0001{evil}", "FAILED", AT, SHA, "/verdict.html"),) * (number - 1),
        )
        for number, (title, word) in enumerate(words, 1)
    )  # fmt: skip
    return filled(
        views.RunView, heading=heading(f"Run manual__1{evil}"), workflow="orders_mart", mission=f"Daily orders mart from partner CSVs{evil}",
        begun=AT, charter=SHA, plan=SHA, keyid=SHA, assurance="local", base=COMMIT, phases=phases, verify=VERIFY,
    )  # fmt: skip


def verdict_page(evil: str = "", word: views.Word = "FAILED") -> views.VerdictView:
    says = (
        "Is every task done by one persona alone?",
        "Was everything validated by somebody who did not make it?",
        "Is all evidence there?",
    )
    questions = tuple(
        filled(views.QuestionView, checklist=name, id=f"{number}", says=text + evil, holds=number != 1)
        for name in ("Mission control", "Phase enforcement")
        for number, text in enumerate(says)
    )
    finding = filled(
        views.FindingView, rule="tests-failed", subject=f"tests/test_ingest.py::test_rejects{evil}", task_id="implementation/sdet-ingest", href="/task.html",
        text=f"report.xml: 1 of 12 tests failed: AssertionError: expected 3 rejected rows, got 2. Mend the product or the test.{evil}",
    )  # fmt: skip
    statements = tuple(
        filled(
            views.StatementView,
            task_id=f"implementation/{name}{evil}",
            persona=f"@{name}",
            name="0001",
            digest=SHA,
            state=state,
            href="/task.html",
        )
        for name, state in (("software-engineer-ingest", "there"), ("sdet-ingest", "newer"), ("converge", "missing"))
    )
    states: tuple[views.Now, ...] = ("mended", "open", "waived", "not judged yet")
    cycles = tuple(
        filled(
            views.CycleRow, cycle=number, finding=f"tests-failed:tests/test_ingest.py{evil}", text=f"1 of 12 tests failed.{evil}",
            owner="implementation/ingest.software-engineer", commits=COMMIT[:12], now=now, decision=f"erin: one more cycle.{evil}",
        )
        for number, now in enumerate(states, 1)
    )  # fmt: skip
    waived = (filled(views.WaivedRow, finding=f"coverage-low:validation{evil}", text=f"79 %{evil}", by=f"erin{evil}", expires_at=AT),)
    older = (filled(views.VerdictRow, name="0001", word="FAILED", at=AT, digest=SHA, href="/verdict.html"),)
    return filled(
        views.VerdictView, heading=heading(f"Gate of Implementation{evil}"), phase="implementation", phase_title="Implementation",
        says="Gate 2: all implementation and testing complete", word=word, at=AT, attempt=2, name="0002", digest=SHA, charter=SHA, plan=SHA, keyid=SHA,
        assurance="local", approved=COMMIT, product=SHA, previous=SHA, questions=questions, findings=(finding,) if word == "FAILED" else (),
        statements=statements, older=older, verify=VERIFY, cycles=cycles, waived=waived,
        newest_href="/verdict.html" if word == "FAILED" else "", newest_word="PASSED" if word == "FAILED" else "",
        reason="" if word in ("PASSED", "FAILED") else f"Its signature does not fit.{evil}",
    )  # fmt: skip


def task_page(evil: str = "", outcome: str = "completed", *, found: bool = False) -> views.TaskView:
    finding = filled(
        views.FindingView,
        rule="tests-failed",
        subject=f"foundation/architect/report{evil}",
        text=f"1 of 4 tests failed{evil}.",
        href="/file.html",
    )
    files = tuple(
        filled(
            views.FileRow, task_id="foundation/architect", item=name, kind=kind, name=f"{name}{evil}", size=size, digest=SHA, grade="observed",
            there=size > 0, href="/file.html", download="/download",
        )
        for name, kind, size in (("ARCHITECTURE.md", "markdown", 5321), ("report.xml", "junit", 500_000_000), ("gone.json", "json", 0))
    )  # fmt: skip
    check = filled(
        views.CheckView, task_id="foundation/architect", name=f"unit tests{evil}", run=f"make test{evil}", at="seal", exit_code=1,
        ended="exited", seconds="3.2", network="none", excerpt=f"FAILED tests/test_a.py{evil}\n" * 20, log_href="/file.html",
    )  # fmt: skip
    return filled(
        views.TaskView, heading=heading(f"foundation/architect{evil}"), phase="foundation", phase_title="Foundation", task_id="foundation/architect",
        persona="@architect", runner="command", outcome=outcome, judged=found or bool(evil), findings=(finding, finding) if found or evil else (),
        exit_code=0, excerpt=f"done{evil}\n", log_href="/file.html", principals=(f"script:{SHA}",),
        attempt=1, name="0001", digest=SHA, keyid=SHA, started_at=AT, finished_at=AT, base=COMMIT, commit=COMMIT, tree=COMMIT, bundle_href="/bundle",
        files=files, missing=(filled(views.MissingRow, item="data-flow", kind="image", place=f"data-flow.png{evil}"),), checks=(check, check),
        refusals=(filled(views.RefusalView, rule="path-not-yours", path=f"src/x{evil}", text="It may write docs only."),),
        merged=(filled(views.MergedRow, task_id="foundation/architect", commit=COMMIT, href="/task.html"),),
        conflicts=(filled(views.ConflictView, task_id="foundation/ux-designer", paths=(f"UX.md{evil}",), text="Both changed it."),),
        attempts=tuple(filled(views.AttemptRow, name=f"000{n}", outcome=o, at=AT, digest=SHA, current=n == 2) for n, o in ((2, "completed"), (1, "failed"))),
        diff=diff(PATCH.replace("import csv", f"import csv {evil}"), truncated=True), verdict_href="/verdict.html", verify=VERIFY,
    )  # fmt: skip


def picture() -> bytes:
    drawn = Image.new("RGB", (640, 240), "white")
    draw = ImageDraw.Draw(drawn)
    for x in (40, 260, 480):
        draw.rectangle((x, 80, x + 120, 160), outline="black", width=3)
    kept = io.BytesIO()
    drawn.save(kept, "PNG")
    return kept.getvalue()


def _tests() -> bytes:
    return contents.junit("test_a", "test_b").replace(
        b'failures="0"', b'failures="1"'
    ).replace(b'name="test_b" time="0.01"/>', b'name="test_b" time="0.01"><failure message="expected 3 rejected rows, got 2"/></testcase>')  # fmt: skip


def evidence() -> dict[str, tuple[str, str, bytes]]:
    """Files by the name of their page: how they are called, their kind, their bytes."""
    result = {"ruleId": "B602", "level": "error", "message": {"text": f"a shell {NASTY}"}}
    return {
        "markdown": ("ARCHITECTURE.md", "markdown", DOCUMENT.encode()),
        "hostile": (f"{NASTY}.md", "markdown", HOSTILE.encode()),
        "junit": ("report.xml", "junit", _tests()),
        "coverage": ("coverage.json", "coverage", contents.coverage(70)),
        "sarif": ("audit.sarif", "sarif", json.dumps(contents.sarif(result, {"ruleId": "B101", "level": "note"})).encode()),
        "benchmark": ("bench.json", "benchmark", json.dumps(contents.benchmark()).encode()),
        "vulnerabilities": ("osv.json", "vulnerabilities", json.dumps(contents.osv({"id": "GHSA-1", "aliases": ["CVE-1"]})).encode()),
        "json": ("stories.json", "stories", json.dumps(contents.STORIES).encode()),
        "log": ("check.log", "", b"\x1b[32mok\x1b[0m 12 passed\n" * 30),
        "svg": ("flow.svg", "image", b'<svg xmlns="http://www.w3.org/2000/svg" onload="boom()"><script>boom()</script></svg>'),
        "image": ("flow.png", "image", picture()),
        "binary": ("product.whl", "file", b"PK\x03\x04" + bytes(2000)),
    }


def file_page(name: str, kind: str, data: bytes, *, total: int | None = None) -> views.FileView:
    body: Markup = rendered(name, data, kind=kind, total=total)
    return filled(
        views.FileView, heading=heading(name, "Foundation", "foundation/architect"), task_id="foundation/architect", item="architecture", kind=kind or "log",
        name=name, size=total or len(data),
        shown=len(data), digest=SHA, grade="observed", body=body, checked=True, download="/download", task_href="/task.html",
        verify=VERIFY,
    )  # fmt: skip


def problem_page(evil: str = "") -> views.ProblemView:
    return filled(
        views.ProblemView, heading=views.Heading("No such run", (views.Crumb("orders_mart", "/"), views.Crumb("No such run", "")), "", ""), status=404,
        text=f"There is no run manual__2{evil} of orders_mart.", remedy="Look for it in the list of runs.", login="/auth/login",
    )  # fmt: skip


@functools.cache
def pages() -> dict[str, tuple[str, object]]:
    """Every page by its name: its template and its view."""
    made: dict[str, tuple[str, object]] = {
        "run": ("run.html", run_page()),
        "verdict": ("verdict.html", verdict_page()),
        "verdict-passed": ("verdict.html", verdict_page(word="PASSED")),
        "verdict-none": ("verdict.html", verdict_page(word="NONE")),
        "task": ("task.html", task_page()),
        "task-found": ("task.html", task_page(found=True)),
        "task-none": ("task.html", filled(views.TaskView, heading=heading("foundation/ux-designer"), outcome="none")),
        "problem": ("problem.html", problem_page()),
        "hostile-run": ("run.html", run_page(NASTY)),
        "hostile-verdict": ("verdict.html", verdict_page(NASTY)),
        "hostile-task": ("task.html", task_page(NASTY)),
        "hostile-problem": ("problem.html", problem_page(NASTY)),
    }
    return made | {f"file-{name}": ("file.html", file_page(*file)) for name, file in evidence().items()}
