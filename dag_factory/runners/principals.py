"""Who really acted in a command: the scripts it names, by digest, so that one script under two names is one principal.

Two readings of the same text. `static_principals` looks at the text only, for lint. `command_principals` and
`operator_principals` look at the files, for the statement: the spec's folder, the workspace, and the folders below them that the command names. All files
of the spec's folder count, they are the author's; files of the workspace count unless they are plainly data, public
tools or installed packages. Neither claims to see through a script that is written to hide: digests tell copies apart
from originals, not intentions.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

__all__ = ["command_principals", "operator_principals", "static_principals"]

_TOOLS = frozenset(
    """awk ash bash bun busybox bundle cargo cat cd chmod cmake cp curl dash dbt deno docker dotnet echo env exec export
    false find fish git go gradle gradlew grep head java jq just ksh ls make mkdir mv mvn mvnw mypy nice node nohup npm
    npx perl php pip pnpm podman poetry pre-commit psql pypy pytest python R Rscript rake rm ruby ruff sed set sh sleep
    sort source sqlite sqlfluff sudo tail tee test time timeout touch tox true tsc ts-node unittest uv uvx wget xargs
    yarn zsh build coverage pylint nox hatch venv""".split()  # noqa: SIM905 # a list would take a line for each
)
_SCRIPTS = frozenset(
    ".bash .bat .cjs .go .jl .js .lua .mjs .php .pl .ps1 .py .r .R .rb .sh .sql .ts .zsh".split()  # noqa: SIM905 # likewise
)
_DATA = frozenset(
    """.avro .cfg .conf .css .csv .gif .gz .html .ini .ipynb .jpeg .jpg .json .jsonl .lock .log .md .parquet .pdf .png .rst
    .sarif .svg .tgz .toml .tsv .txt .xml .yaml .yml .zip""".split()  # noqa: SIM905 # likewise
)
_INSTALLED = frozenset({".tox", ".venv", "node_modules", "venv"})
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_SPEC_DIR = re.compile(r"^\$(?:PHASEGATE_SPEC_DIR|\{PHASEGATE_SPEC_DIR\})/")
_PATHLIKE = re.compile(r"[\w.@+:/-]*[\w.+-]")
_PREFIX = "script:"
_DEPTH = 3  # commands inside commands: sh -c "sh -c '...'"


def static_principals(runner: str, value: Any) -> tuple[str, ...]:
    """Name who acts as far as the text of a binding tells: sorted, without duplicates, no file is looked at.

    `script:<path>` for every script a command names, `function:<module>:<function>` for `python`, `operator:<path>:sha256:<hex>` for
    `operator`, with the scripts of its `bash_command`, nothing for others.
    """
    if runner == "python" and isinstance(value, str):
        return (f"function:{value}",)
    if runner == "operator":
        command = value["arguments"].get("bash_command")
        return tuple(sorted({_operator(value), *(static_principals("command", command) if isinstance(command, str) else ())}))
    if runner != "command":
        return ()
    words = list(_inner(_words(value), _DEPTH))
    scripts = {_script(word) for word in words} | {_script(module) for module in _modules(words)}
    return tuple(sorted(f"{_PREFIX}{path}" for path in scripts if path and not path.endswith("/__main__.py")))


def _operator(value: Mapping[str, Any]) -> str:
    """Name an operator by its path, and its arguments by their digest."""
    written = json.dumps([value["path"], value["arguments"]], sort_keys=True, ensure_ascii=False, default=str)
    return f"operator:{value['path']}:sha256:{hashlib.sha256(written.encode(errors='surrogatepass')).hexdigest()}"


def command_principals(value: str | Sequence[str], *, spec_dir: Path, workspace: Path, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Digest the scripts a command names: sorted, without duplicates, never empty.

    `script:sha256:<digest of the file>` for each, or `command:sha256:<digest of the words>` where there is none.
    `variables` are those the author gave; they and $PHASEGATE_SPEC_DIR are replaced first.
    """
    scripts = _scripts(value, spec_dir, workspace, variables)
    if scripts:
        return tuple(sorted(scripts))
    text = json.dumps(_words(value), ensure_ascii=False)
    return (f"command:sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}",)


def operator_principals(
    named: Sequence[str], command: Any, *, spec_dir: Path, workspace: Path, variables: Mapping[str, str]
) -> tuple[str, ...]:
    """Name an operator as the plan does, but its scripts by digest, so that one script is one principal whoever runs it.

    Parameters
    ----------
    named: what `static_principals` told. The name of a script stays only where there is no such file.
    command: the operator's `bash_command`, rendered; anything but a text names no script.
    variables: see `command_principals`.

    """
    if not isinstance(command, str):
        return tuple(named)
    lost = [name for name in named if not (name.startswith(_PREFIX) and _files([name.removeprefix(_PREFIX)], spec_dir, workspace))]
    return tuple(sorted({*lost, *_scripts(command, spec_dir, workspace, variables)}))


def _scripts(value: str | Sequence[str], spec_dir: Path, workspace: Path, variables: Mapping[str, str]) -> set[str]:
    """The digests of the scripts that a command names."""
    known = {**variables, "PHASEGATE_SPEC_DIR": str(spec_dir.absolute()), "PWD": str(workspace.absolute())}
    words = list(_inner([_expanded(word, known) for word in _words(value)], _DEPTH))
    return {f"{_PREFIX}sha256:{_digest(path)}" for path in _files([*words, *_modules(words)], spec_dir, workspace)}


def _words(value: Any) -> list[str]:
    return _split(value) if isinstance(value, str) else [str(word) for word in value]


def _split(text: str) -> list[str]:
    """Split as a shell would, its operators apart; what no shell understands is split at blanks."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return [word for word in lexer if word]
    except ValueError:
        return text.split()


def _inner(words: Sequence[str], depth: int) -> Iterator[str]:
    """Give every word, then what is inside it: a command for another shell, the value of an `option=value`."""
    for word in words:
        yield word.strip("`")
        if depth and re.search(r"[\s;|&()<>]", word):
            yield from _inner(_split(word), depth - 1)
        elif "=" in word:
            yield word.partition("=")[2]


def _modules(words: Sequence[str]) -> Iterator[str]:
    """Give the paths `python -m package.module` may mean."""
    python = False
    for word, following in itertools.pairwise(words):
        if word == "-m" and python and re.fullmatch(r"\w+(\.\w+)*", following):
            path = following.replace(".", "/")
            if _tool(path.partition("/")[0]) not in _TOOLS:
                yield from (f"{path}.py", f"{path}/__main__.py")
        if not word.startswith("-"):
            python = _tool(word) in {"python", "pypy"}


def _tool(word: str) -> str:
    """Name a program without its folder and version."""
    return re.sub(r"[\d.]+$", "", posixpath.basename(word))


def _script(word: str) -> str:
    """Normalise a word that looks like a script's path; empty if it does not."""
    word = _SPEC_DIR.sub("", word)
    path = PurePosixPath(word)
    looks = "/" in word or path.suffix in _SCRIPTS
    if not looks or "://" in word or word.startswith(("-", "/dev/", "/proc/")) or not _PATHLIKE.fullmatch(word):
        return ""
    return "" if path.suffix in _DATA or _tool(word) in _TOOLS else posixpath.normpath(word)


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], found[0]), word)


def _files(words: Sequence[str], spec_dir: Path, workspace: Path) -> set[Path]:
    """Find the files words name below the two folders; a folder that is named is looked into for the words after it."""
    author, product = spec_dir.resolve(), workspace.resolve()
    bases = [author, product]
    found: set[Path] = set()
    for word in words:
        for base in tuple(bases):
            try:
                path = (base / word).resolve()
                if path.is_dir() and path not in bases and (author in path.parents or product in path.parents):
                    bases.append(path)
                if path.is_file() and (author in path.parents or _acts(path, product)):
                    found.add(path)
            except (OSError, ValueError):  # a word that no file system takes for a name
                continue
    return found


def _acts(path: Path, product: Path) -> bool:
    """Tell whether a file of the workspace may be who acts."""
    if product not in path.parents:
        return False
    if _INSTALLED & set(path.relative_to(product).parts) or _tool(path.name) in _TOOLS:
        return False
    return path.suffix not in _DATA or os.access(path, os.X_OK)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
