"""`phasegate plan`: shows what a spec was decided to mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dag_factory.cli.lint import Patterns, load
from dag_factory.errors import SpecError
from dag_factory.plan import Plan

__all__ = ["plan"]


def plan(
    path: Annotated[Path, typer.Argument(help="The spec file.")],
    json: Annotated[bool, typer.Option("--json", help="The whole plan as JSON, byte for byte what its digest is of.")] = False,
    digest: Annotated[bool, typer.Option("--digest", help="Only the plan's sha256.")] = False,
    patterns: Patterns = None,
) -> None:
    """Show a spec's plan: phases, tasks, evidence, gates, and its digest.

    Example: phasegate plan dags/workflows/orders_mart.yaml
    """
    try:
        made = load(path, patterns)
    except SpecError as error:
        typer.echo(str(error))
        raise typer.Exit(1) from error
    if digest:
        typer.echo(made.digest)
    elif json:
        typer.echo(made.canonical.decode())
    else:
        _tree(made)


def _tree(made: Plan) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.tree import Tree

    root = Tree(f"[bold]{made.workflow}[/bold]  {escape(made.mission)}")
    for number, phase in enumerate(made.contract.phases, start=1):
        branch = root.add(f"[bold]{number} {escape(phase.title)}[/bold]")
        for task in phase.tasks:
            leaf = branch.add(f"{task.task}  @{task.persona}, {task.duty}, by {task.runner}")
            for item in task.items:
                leaf.add(f"{item.id}: {escape(item.place)} ({item.kind}, {item.needs})")
        branch.add(f"[yellow]gate {number}[/yellow]  {escape(phase.says)}")
    console = Console()
    console.print(root)
    console.print(f"plan sha256 {made.digest}", soft_wrap=True)
