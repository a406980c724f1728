"""Run the git command with neither the user's, the system's nor a persona's configuration.

Every call gets an environment of its own: nothing whose name starts with `GIT_` is inherited except
`GIT_SSH_COMMAND`, which only whoever starts the worker can set. What configuration a repository carries itself is
overridden where it could run a program or change bytes (hooks, fsmonitor, attributes, line endings, signing).
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.program import found
from dag_factory.workspace.silence import Silence

__all__ = ["IDENTITY", "SSH_PATIENCE", "Result", "conversing", "git", "last_words"]

IDENTITY = ("Phasegate", "phasegate@localhost")
"""Name and address of the author and committer of everything Phasegate commits."""

SSH_PATIENCE = ("ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=4")
"""What ssh is told, so that it waits for nobody without end (ssh_config(5))."""

_INHERITED = (
    "PATH", "HOME", "TMPDIR", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip

_OVERRIDES = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.autocrlf", "false"),
    ("core.eol", "lf"),
    ("core.safecrlf", "false"),
    ("core.symlinks", "true"),
    ("core.fileMode", "true"),
    ("core.ignoreCase", "false"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.precomposeUnicode", "false"),
    ("core.quotePath", "true"),
    ("core.sparseCheckout", "false"),
    ("core.splitIndex", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.alternateRefsCommand", "true"),
    # What tells git about objects without being them: a borrowed one could be forged.
    ("core.commitGraph", "false"),
    ("core.multiPackIndex", "false"),
    ("pack.useBitmaps", "false"),
    ("core.askPass", ""),
    ("credential.helper", ""),
    ("core.logAllRefUpdates", "false"),
    ("commit.gpgSign", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fastimport.unpackLimit", "1"),
    ("fetch.recurseSubmodules", "false"),
    ("submodule.recurse", "false"),
    ("protocol.ext.allow", "never"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
    ("i18n.commitEncoding", "UTF-8"),
    # What is merged lands where its author was allowed to write, so nothing follows a rename.
    ("merge.renames", "false"),
    ("merge.directoryRenames", "false"),
    # Before 2.50 git follows them all the same; what was renamed and changed, it would look for among thousands, each against each.
    ("merge.renameLimit", "1"),
    ("diff.renameLimit", "1"),
    ("merge.renormalize", "false"),
    ("merge.conflictStyle", "merge"),
    # One thread finds the same deltas every time.
    ("pack.threads", "1"),
    ("safe.directory", "*"),
)


_LIFELINE = """exec 3<&0
(read -r _ <&3; kill -KILL 0) & watcher=$!
"$@" 3<&- </dev/null; code=$?
kill -KILL $watcher; wait $watcher 2>/dev/null
exit $code"""
"""Run a program until it ends or whoever holds the other end of the pipe at its input is gone: then all of its session is killed."""


@dataclass(frozen=True)
class Result:
    """How one call of git ended: its exit code, what it wrote, and what it said."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What git wrote, as text without the final newline."""
        return self.out.decode("utf-8", "replace").rstrip("\n")


def git(
    *args: str,
    git_dir: Path | None,
    work_tree: Path | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | Iterable[bytes] | None = None,
    ok: tuple[int, ...] = (0,),
    settings: Sequence[tuple[str, str]] = (),
    stop: threading.Event | None = None,
    abroad: bool = False,
    to: IO[bytes] | None = None,
) -> Result:
    """Run `git *args` and return how it ended.

    Parameters
    ----------
    git_dir: the repository; None lets git look for one from `cwd`.
    work_tree: the work tree, for commands that touch one.
    cwd: where to run; without it in the repository itself, so that nothing depends on where the worker stands.
    env: variables over the scrubbed environment.
    stdin: what git reads; pieces are written as they come, and if making one fails git is killed.
    ok: exit codes that are answers; any other raises.
    settings: configuration over Phasegate's own, for this call.
    stop: ends git, and what it started, when it is set.
    abroad: git speaks to another machine, and may be kept waiting: should this process be killed, it is killed too, and it is ended when nothing was
        heard for a minute. It gets no `stdin`.
    to: an open file that takes what git writes, from where it stands; the result has none of it then.

    Raises
    ------
    WorkspaceError: git is missing, older than 2.38, was stopped, or ended with a code that is not in `ok`.

    """
    program = found()
    surroundings = _environment(git_dir, work_tree, settings) | dict(env or {})
    if to:
        to.flush()
    with nullcontext(to) if to else tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        command = ["/bin/sh", "-c", _LIFELINE, "sh", program, *args] if abroad else [program, *args]
        code = _run(command, cwd or git_dir, surroundings, stdin, (out, err), stop, lifeline=abroad)
        result = Result(code, b"" if to else _read(out), _read(err).decode("utf-8", "replace"))
    if code not in ok:
        raise WorkspaceError(
            f"`git {args[0] if args else ''}` ended with code {code} in {git_dir or cwd or '.'}: {last_words(result)}",
            remedy="Read what git says; the repository may be damaged, full or not readable for this user.",
        )
    return result


def _read(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


@contextmanager
def conversing(*args: str, git_dir: Path) -> Iterator[tuple[IO[bytes], IO[bytes], Callable[[], tuple[str, int]]]]:
    """Run `git *args` for as long as the block lasts, and give what it reads, what it writes, and what ends it.

    The last tells its last words, and the number of the signal that it died of; 0 if of none.

    Raises
    ------
    WorkspaceError: git is missing, older than 2.38, or cannot be started.

    """
    program = found()
    with tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                [program, *args], cwd=git_dir, env=_environment(git_dir, None, ()), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise WorkspaceError(f"git cannot be started in {git_dir}: {error.strerror}", remedy="See that the folder exists.") from error
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 # both were asked for
        try:
            yield process.stdin, process.stdout, lambda: _words(process, err)
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.stdout.close()
            _end(process)


def _words(process: subprocess.Popen[bytes], err: IO[bytes]) -> tuple[str, int]:
    with suppress(subprocess.TimeoutExpired):  # it is about to end, or it is kept from it
        process.wait(5)
    signalled = -process.returncode if process.returncode and process.returncode < 0 else 0
    _end(process)
    return last_words(Result(process.returncode, b"", _read(err).decode("utf-8", "replace"))), signalled


def last_words(result: Result, lines: int = 3) -> str:
    """Return the last lines git wrote to its standard error, as one line for a message."""
    said = [line.strip() for line in result.err.splitlines() if line.strip() and not line.startswith("hint:")]
    return "; ".join(said[-lines:]) or "it said nothing"


def _run(
    command: list[str],
    cwd: Path | None,
    env: dict[str, str],
    stdin: bytes | Iterable[bytes] | None,
    streams: tuple[IO[bytes], IO[bytes]],
    stop: threading.Event | None,
    *,
    lifeline: bool,
) -> int:
    source = subprocess.PIPE if lifeline or stdin is not None else subprocess.DEVNULL
    try:
        # A session of its own: nothing below git finds a terminal to ask at, and all of it can be ended.
        process = subprocess.Popen(command, cwd=cwd, env=env, stdin=source, stdout=streams[0], stderr=streams[1], start_new_session=True)
    except OSError as error:
        raise WorkspaceError(f"git cannot be started in {cwd or '.'}: {error.strerror}", remedy="See that the folder exists.") from error
    try:
        if process.stdin is not None and not lifeline:
            _feed(process.stdin, [stdin] if isinstance(stdin, bytes) else stdin or [])
        if not lifeline and stop is None:
            return process.wait()
        return _watched(process, stop or threading.Event(), Silence(process.pid) if lifeline else None, streams[1])
    except BaseException:
        _end(process)
        raise
    finally:
        if process.stdin is not None:
            process.stdin.close()


def _watched(process: subprocess.Popen[bytes], stop: threading.Event, silence: Silence | None, err: IO[bytes]) -> int:
    while not stop.is_set():
        if silence and silence.over():
            _end(process)
            err.seek(0, os.SEEK_END)
            err.write(b"\nfatal: timed out, since nothing was heard for %d seconds\n" % Silence.patience)
            return 128
        with suppress(subprocess.TimeoutExpired):
            return process.wait(0.1)
    raise WorkspaceError("git was stopped, with the task that waited for it.", remedy="Clear the task to have it done again.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill git and what it started: transports are programs of their own."""
    if process.returncode is None:  # of one that is gone the number may be another's
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _feed(pipe: IO[bytes], pieces: Iterable[bytes]) -> None:
    try:
        try:
            for piece in pieces:
                pipe.write(piece)
        finally:
            pipe.close()
    except BrokenPipeError:
        pass  # git ended early; its exit code and its words say why


def _environment(git_dir: Path | None, work_tree: Path | None, settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return all that git sees; `LC_ALL=C` keeps its words the same everywhere."""
    env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    env |= {
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_CONFIG_COUNT": str(len(_OVERRIDES) + len(settings)),
    }
    env.setdefault("GIT_SSH_COMMAND", f"ssh -o BatchMode=yes {' '.join(f'-o {one}' for one in SSH_PATIENCE)}")
    for role in ("AUTHOR", "COMMITTER"):
        env[f"GIT_{role}_NAME"], env[f"GIT_{role}_EMAIL"] = IDENTITY
    for index, (key, value) in enumerate((*_OVERRIDES, *settings)):
        env[f"GIT_CONFIG_KEY_{index}"], env[f"GIT_CONFIG_VALUE_{index}"] = key, value
    if git_dir is not None:
        env["GIT_DIR"] = str(git_dir.absolute())
    if work_tree is not None:
        env["GIT_WORK_TREE"] = str(work_tree.absolute())
    return env
