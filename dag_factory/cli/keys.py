"""`phasegate keys`: makes, lists, rotates and revokes the keys with which personas sign, and prints what a spec says of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import pendulum
import typer

from dag_factory.cli.harmless import visible
from dag_factory.cli.lint import Patterns, load
from dag_factory.cli.runs import key_folder
from dag_factory.errors import KeyFolderError
from dag_factory.evidence.assurance import in_force, spki_of
from dag_factory.evidence.contract import PinnedKey
from dag_factory.evidence.keys import KeyFolder, PublicKey

__all__ = ["app"]

app = typer.Typer(help="Make, list, rotate and revoke the keys with which personas sign.", no_args_is_help=True, rich_markup_mode=None)
_RETIRED, _REVOKED = "retired", "revoked"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,79}")  # as a spec writes it

Name = Annotated[str, typer.Argument(help="The persona; or phasegate, for the key that signs charters and verdicts.")]
Folder = Annotated[Path | None, typer.Option("--keys", help="The key folder; phasegate/keys below AIRFLOW_HOME if it is not given.")]


@app.command()
def make(name: Name, keys: Folder = None) -> None:
    """Make a key, and print what pins it in a spec. One that is there is kept, and printed.

    Example: phasegate keys make devops --keys ./devops-keys
    """
    folder = key_folder(keys)
    there = (folder.path / f"{_sound(name)}.pem").exists()
    signer = folder.signer(name, make=True)
    typer.echo(
        f"# {'There is' if there else 'Made'} {folder.path / f'{name}.pem'}, key id {signer.public.keyid}. It is the private key: keep it there, or"
    )
    typer.echo("# move it into the connection, variable or worker that `private:` names.")
    _spec(name, [f"{{key: {spki_of(signer.public)}, since: {_today()}, until: {_today(years=1)}}}"])


@app.command("list")
def show(
    keys: Folder = None,
    spec: Annotated[Path | None, typer.Option(help="A workflow spec: list the keys that it pins, and not those of a folder.")] = None,
    patterns: Patterns = None,
) -> None:
    """List keys: whose, their ids, and whether they count today.

    Example: phasegate keys list --spec dags/workflows/orders_mart.yaml
    """
    if spec is not None:
        pins = load(spec, patterns).contract.keys
        if not pins:
            typer.echo(f"{spec} pins no key: each persona signs with a local one, which Phasegate makes.", err=True)
        for name, pinned in pins.items():
            for key in pinned.public:
                _line(name, key.keyid, f"{pinned.assurance}, {_standing(key)}")
        return
    folder = key_folder(keys)
    if not any(folder.path.rglob("*.p[eu][mb]") if folder.path.is_dir() else ()):
        typer.echo(f"There is no key in {folder.path}. The first run makes them; give another folder by --keys.", err=True)
    for path in sorted(folder.path.glob("*.pem")) if folder.path.is_dir() else ():
        _line(path.stem, folder.signer(path.stem).public.keyid, "local")
    for state in (_RETIRED, _REVOKED):
        for path in sorted((folder.path / state).glob("*.pub")):
            _line(path.name.partition("@")[0], PublicKey(path.read_text(encoding="ascii")).keyid, state)


@app.command()
def rotate(name: Name, keys: Folder = None) -> None:
    """Make a new key in the place of the old one, whose public part is kept; print what pins both. Runs under way end with the old one: begin them again.

    Example: phasegate keys rotate devops --keys ./devops-keys
    """
    folder = key_folder(keys)
    old = _put_away(folder, _sound(name), _RETIRED)
    new = folder.signer(name, make=True)
    typer.echo(f"# New key id {new.public.keyid}; the old one is {old.keyid}.")
    _spec(
        name,
        [f"{{key: {spki_of(old)}, until: {_today()}}}", f"{{key: {spki_of(new.public)}, since: {_today()}, until: {_today(years=1)}}}"],
    )
    _store_remedy(name)


@app.command()
def revoke(name: Name, keys: Folder = None) -> None:
    """Take a key out of use at once: its private part is deleted, its public part kept as revoked. Print what says so in a spec.

    Example: phasegate keys revoke devops
    """
    folder = key_folder(keys)
    old = _put_away(folder, _sound(name), _REVOKED)
    typer.echo(
        f"# Key {old.keyid} is deleted from {folder.path}. Copies elsewhere are yours to delete; what it signed counts no more where a spec says so:"
    )
    _spec(name, [f"{{key: {spki_of(old)}, revoked: {_today()}}}"])
    _store_remedy(name)


def _put_away(folder: KeyFolder, name: str, state: str) -> PublicKey:
    """Keep the public part of a key, and delete the private one."""
    if not (folder.path / f"{name}.pem").exists():
        there = ", ".join(sorted(path.stem for path in folder.path.glob("*.pem")))
        raise KeyFolderError(
            f"There is no key of {name} in {folder.path}, {f'but of {there}' if there else 'nor of anybody'}.",
            remedy="Correct the name, or give the folder by --keys.",
        )
    key = folder.signer(name).public
    place = folder.path / state / f"{name}@{key.keyid[:16]}.pub"
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        place.write_text(key.pem, encoding="ascii")
        (folder.path / f"{name}.pem").unlink()
    except OSError as error:
        raise KeyFolderError(
            f"The key of {name} in {folder.path} cannot be put away: {error.strerror}.", remedy="Check your rights there."
        ) from error
    return key


def _sound(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise KeyFolderError(f"{name!r} is no persona's name.", remedy="`phasegate explain personas` lists them.")
    return name


def _standing(key: PinnedKey) -> str:
    if key.revoked:
        return f"revoked on {key.revoked}"
    days = f"from {key.since or 'the beginning'} until {key.until or 'further notice'}"
    return f"{'in force' if in_force(key, pendulum.now('UTC')) else 'NOT in force'}, {days}"


def _spec(name: str, public: list[str]) -> None:
    if name == "phasegate":
        typer.echo("# It is pinned by no spec: tell auditors its id, for `phasegate verify --trust`.")
        return
    typer.echo("\n".join(["keys:", f"  {name}:", "    private: {conn: …}", "    public:", *(f"      - {line}" for line in public)]))


def _store_remedy(name: str) -> None:
    typer.echo(
        f"# Where it is a local key: remove .keys/{name}.pub from the evidence store, so that the next run makes the new one known there."
    )


def _line(name: str, keyid: str, says: str) -> None:
    typer.echo(visible(f"{name:24} {keyid}  {says}"))


def _today(*, years: int = 0) -> str:
    return pendulum.now("UTC").add(years=years).to_date_string()
