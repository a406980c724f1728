"""The command `phasegate`: what can be done without Airflow. One module a command."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys

import typer

from dag_factory import __version__
from dag_factory.cli.demo import cheat_command
from dag_factory.cli.demo import command as demo_command
from dag_factory.cli.explain import explain
from dag_factory.cli.export import export
from dag_factory.cli.keys import app as keys
from dag_factory.cli.lint import lint
from dag_factory.cli.plan import plan
from dag_factory.cli.reference import reference
from dag_factory.cli.report import report
from dag_factory.cli.schema import schema
from dag_factory.cli.selftest import selftest
from dag_factory.cli.status import status
from dag_factory.cli.submit import submit
from dag_factory.cli.verify import verify
from dag_factory.cli.waive import waive
from dag_factory.errors import PhasegateError

__all__ = ["app", "main"]

app = typer.Typer(
    name="phasegate",
    help="Workflows in phases, each closed by a gate that verifies evidence.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (lint, plan, verify, export, status, report, submit, waive, selftest, explain, schema, reference):
    app.command()(command)
app.add_typer(keys, name="keys")
app.command("demo")(demo_command)
app.command("cheat")(cheat_command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"phasegate {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit."),
) -> None:
    """Workflows in phases, each closed by a gate that verifies evidence."""


_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main() -> None:
    """Run the command; an error of the user's, and of the disk's, is one line, not a traceback."""
    _readable()
    try:
        app()
    except PhasegateError as error:
        typer.echo(f"phasegate: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        what = error.filename
        if what is None and error.errno in _OF_THE_DISK:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left of it would be tried once more at the end
            what = "The output"
        said = f"{what} cannot be read or written: {error.strerror}. Look at its rights, and for room." if what else f"{error}."
        typer.echo(f"phasegate: {said}", err=True)
        sys.exit(2)


def _readable() -> None:
    """Let a terminal that knows fewer signs show what it can: none of ours is worth an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if codecs.lookup(stream.encoding).name == "ascii" else None, errors="replace")
