"""`phasegate explain`: why a rule exists, and what to do when it is broken."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import typer
import yaml

from dag_factory.spec import read_catalogue
from dag_factory.spec.shape import near

__all__ = ["explain", "page", "read_rules"]


@lru_cache(maxsize=1)
def read_rules() -> dict[str, dict[str, str]]:
    """The catalogue of rules, by id."""
    rules: dict[str, dict[str, str]] = yaml.safe_load((Path(__file__).parent.parent / "rules.yaml").read_text(encoding="utf-8"))
    return rules


def page(rule: str) -> str:
    """A rule's page, as Markdown; `docs/rules/` is made of these."""
    told = read_rules()[rule]
    lines = [
        f"# {rule}",
        "",
        told["says"],
        "",
        f"*Looked at by {told['at']}.*",
        "",
        "## Why",
        "",
        told["why"].strip(),
        "",
        "## What to do",
        "",
        told["remedy"].strip(),
    ]
    if told.get("example"):
        lines += ["", "## Example", "", "```yaml", told["example"].rstrip(), "```"]
    return "\n".join(lines) + "\n"


def explain(
    what: Annotated[str, typer.Argument(help="A rule's id, `rules`, or `personas`.")] = "rules",
    write: Annotated[Path | None, typer.Option(help="Write a page for every rule into this folder.")] = None,
) -> None:
    """Explain a rule, list all rules, or list the personas.

    Example: phasegate explain foundation-missing
    """
    rules = read_rules()
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for rule in rules:
            (write / f"{rule}.md").write_text(page(rule), encoding="utf-8")
        index = "".join(f"| [{rule}]({rule}.md) | {told['at']} | {told['says']} |\n" for rule, told in rules.items())
        (write / "README.md").write_text(
            f"# Rules\n\nMade by `phasegate explain --write docs/rules`.\n\n| rule | looked at by | says |\n|---|---|---|\n{index}",
            encoding="utf-8",
        )
    elif what == "rules":
        for rule, told in rules.items():
            typer.echo(f"{rule:28} {told['says']}")
    elif what == "personas":
        for name, persona in read_catalogue().items():
            typer.echo(f"@{name:24} {', '.join(persona['contracts'])}")
    elif what in rules:
        typer.echo(page(what))
    else:
        more = "`phasegate explain personas` lists the personas." if what in read_catalogue() else "`phasegate explain` lists all rules."
        typer.echo(f"There is no rule {what!r}.{near(what, rules)} {more}", err=True)
        raise typer.Exit(2)
