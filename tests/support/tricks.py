"""What tricks with a persona's own git are played with, attributes that would change bytes, and how the workspace is sealed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dag_factory.workspace.private import PrivateRepository, Sealed

Git = Callable[..., str]
Trick = Callable[[PrivateRepository, "Bench"], None]


class Bench:
    """What tricks are played with."""

    def __init__(self, tmp_path: Path, main: Path, base: str, git_cli: Git) -> None:
        self.git, self.main, self.base, self.ran = git_cli, main, base, tmp_path / "ran"
        self.trap = tmp_path / "trap"
        self.trap.write_text(f"#!/bin/sh\necho $0 $@ >> {self.ran}\ncat\n")
        self.trap.chmod(0o755)

    def config(self, repo: PrivateRepository, **settings: str) -> None:
        """Write settings by hand: some of them would keep `git config` itself from running again."""
        with (repo.tree / ".git/config").open("a") as file:
            for key, value in settings.items():
                section, *sub, name = key.split("__")
                middle = f' "{sub[0]}"' if sub else ""
                file.write(f"[{section}{middle}]\n\t{name} = {value}\n")


def attributes(repo: PrivateRepository, bench: Bench) -> None:
    drivers = ("filter__x__clean", "filter__x__smudge", "filter__x__process", "diff__x__command", "diff__x__textconv", "merge__x__driver")
    bench.config(repo, **dict.fromkeys(drivers, str(bench.trap)), filter__x__required="true")
    lines = "* text=auto eol=crlf ident export-subst export-ignore filter=x diff=x merge=x working-tree-encoding=UTF-16\n"
    (repo.tree / ".git/info/attributes").write_text(lines)
    (repo.tree / ".gitattributes").write_text(lines)
    (repo.tree / "src/.gitattributes").write_text(lines)


def seal(repo: PrivateRepository) -> Sealed:
    return repo.seal(writes=["**", ".gitattributes", ".gitmodules"], declared=[], message="work")
