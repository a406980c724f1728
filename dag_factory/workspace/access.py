"""How a remote is reached: the login, token or key of an Airflow connection of type git.

What is secret is handed to git for the time of one command, in a folder that only this user can read and that is
removed afterwards: never on a command line, in a URL, in a repository's configuration or in a variable that tells more
than where that folder lies. A token is offered to the host it belongs to and to no other, whatever redirects say.
The fields are those of apache-airflow-providers-git, whose connection this is.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.git import SSH_PATIENCE

__all__ = ["Access", "Grant", "parted"]

_STRICT = {"yes": "yes", "ask": "yes", "accept-new": "accept-new", "no": "no", "off": "no"}
_PREFIX = "phasegate-access-"
_YOUNG = 60.0
"""Seconds in which a folder of somebody else's is left alone, whether it is locked yet or not."""


@dataclass(frozen=True)
class Grant:
    """What one call of git is given so that it can reach the remote: variables, and configuration."""

    env: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Access:
    """What opens a remote; nothing of it is ever shown.

    Parameters
    ----------
    login, password: for HTTPS; the password is a token where the host wants one. Without a password the login may be the token.
    private_key: the text of an SSH key; or `key_file`, where it lies on the worker.
    passphrase: of either.
    strict_host_key_checking: yes, accept-new or no; without it ssh knows only hosts that are known already.
    known_hosts_file, ssh_config_file: files on the worker.
    host_proxy_cmd: ssh's ProxyCommand.
    ssh_port: if it is not 22, and not in the URL.
    place: a folder that no program reads, for what is written for one command; without it, or where it cannot be written to, that of temporary files.

    """

    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    key_file: str = ""
    passphrase: str = field(default="", repr=False)
    strict_host_key_checking: str = ""
    known_hosts_file: str = ""
    ssh_config_file: str = ""
    host_proxy_cmd: str = ""
    ssh_port: str = ""
    place: Path | None = None

    @classmethod
    def of(cls, login: str | None, password: str | None, extra: Mapping[str, Any], place: Path | None = None) -> Self:
        """Take what an Airflow connection of type git holds.

        Raises
        ------
        WorkspaceError: it holds two keys, an unknown word or no number where one belongs, or asks for a GitHub App.

        """
        told = {name: str(extra.get(name) or "").strip() for name in _EXTRA.values()}
        made = cls(login=login or "", password=password or "", place=place, **{name: told[key] for name, key in _EXTRA.items()})
        if extra.get("github_app_id") or extra.get("github_installation_id"):
            raise _wrong("asks for a GitHub App", "Phasegate mints no tokens: use a fine-grained token as password, or a deploy key.")
        if made.private_key and made.key_file:
            raise _wrong("holds both private_key and key_file", "Keep one of them.")
        if made.strict_host_key_checking and made.strict_host_key_checking not in _STRICT:
            raise _wrong(f"says strict_host_key_checking: {made.strict_host_key_checking!r}", f"Write one of {', '.join(_STRICT)}.")
        if made.ssh_port and not (made.ssh_port.isdigit() and 0 < int(made.ssh_port) < 65536):
            raise _wrong(f"says ssh_port: {made.ssh_port!r}", "Write a number, or leave it out.")
        return made

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be masked wherever it might be printed."""
        return tuple(text for text in (self.password, self.private_key, self.passphrase) if text)

    @contextmanager
    def granted(self, location: str) -> Iterator[Grant]:
        """Hand it to git for the time of one command.

        Parameters
        ----------
        location: the remote's URL, without a password in it.

        Raises
        ------
        WorkspaceError: the key file is missing, or a password would travel in the clear.

        """
        scheme = location.partition("://")[0].lower() if "://" in location else "ssh"
        over_ssh = scheme in ("ssh", "git+ssh", "ssh+git") and any(getattr(self, name) for name in _EXTRA)
        over_http = scheme in ("http", "https") and (self.password or (self.login and (scheme == "https" or _is_here(location))))
        if not over_ssh and not over_http:  # a login alone is most often a name, and no reason to refuse plain HTTP
            yield Grant()
            return
        with _folder(self.place) as folder:
            yield Grant(self._ssh(folder)) if over_ssh else Grant({}, self._http(folder, location))

    def _http(self, folder: Path, location: str) -> tuple[tuple[str, str], ...]:
        """Have git ask a file for it: a credential helper (gitcredentials(7)) that answers for this host alone."""
        url = urlsplit(location)
        if url.scheme.lower() == "http" and not _is_here(location):
            raise WorkspaceError(
                f"The password for {url.hostname} would travel unencrypted.", remedy="Write the repository's URL with https://."
            )
        if not (self.login + self.password).isprintable():
            raise _wrong("has a line break or a control character in its login or password", "Correct it.")
        answer = _secret(folder / "answer", f"username={self.login or 'user'}\npassword={self.password}\n")
        helper = f"!cat {shlex.quote(str(answer))} #"
        return ((f"credential.{url.scheme}://{url.netloc}.helper", helper),)

    def _ssh(self, folder: Path) -> dict[str, str]:
        """Write the command git starts for ssh; a passphrase is asked of a script, since ssh has no other way."""
        words = ["ssh", *(word for one in SSH_PATIENCE for word in ("-o", one))]
        words += ["-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no"]
        words += ["-o", "NumberOfPasswordPrompts=1"] if self.passphrase else ["-o", "BatchMode=yes"]
        if key := self._key(folder):
            words += ["-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
        words += ["-o", f"StrictHostKeyChecking={_STRICT[self.strict_host_key_checking or 'yes']}"]
        hosts = self.known_hosts_file or ("/dev/null" if _STRICT.get(self.strict_host_key_checking) == "no" else "")
        words += ["-o", f"UserKnownHostsFile={_expanded(hosts)}"] if hosts else []
        words += ["-F", str(_expanded(self.ssh_config_file))] if self.ssh_config_file else []
        words += ["-o", f"ProxyCommand={self.host_proxy_cmd}"] if self.host_proxy_cmd else []
        words += ["-p", self.ssh_port] if self.ssh_port else []
        env = {"GIT_SSH_COMMAND": shlex.join(words)}
        if self.passphrase:
            answer = _secret(folder / "passphrase", f"{self.passphrase}\n")
            script = _secret(folder / "ask", f"#!/bin/sh\nexec cat {shlex.quote(str(answer))}\n")
            script.chmod(0o700)
            env |= {"SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":"}
        return env

    def _key(self, folder: Path) -> Path | None:
        if self.private_key:  # ssh reads no key without its last line break, and a form may have taken that
            return _secret(folder / "key", self.private_key.replace("\r\n", "\n").strip() + "\n")
        if not self.key_file:
            return None
        if not (path := _expanded(self.key_file)).is_file():
            raise _wrong(
                f"names the key file {path}, which is not on this worker", "Put it on every worker, or write the key as private_key."
            )
        return path


_EXTRA = {
    "private_key": "private_key", "key_file": "key_file", "passphrase": "private_key_passphrase",
    "strict_host_key_checking": "strict_host_key_checking", "known_hosts_file": "known_hosts_file",
    "ssh_config_file": "ssh_config_file", "host_proxy_cmd": "host_proxy_cmd", "ssh_port": "ssh_port",
}  # fmt: skip
"""Our fields, and what the connection's extra calls them."""


def parted(location: str) -> tuple[str, str, str]:
    """Part a URL from the login and password in it; of ssh the login stays, since it is no secret there."""
    if "://" not in location:
        return location, "", ""
    url = urlsplit(location)
    who, at, host = url.netloc.rpartition("@")
    login, colon, password = who.partition(":")
    if not at or not (colon or url.scheme.lower() in ("http", "https")):
        return location, "", ""
    kept = f"{login}@{host}" if url.scheme.lower() not in ("http", "https") else host
    return urlunsplit(url._replace(netloc=kept)), unquote(login), unquote(password)


def _is_here(location: str) -> bool:
    """Whether a URL leads to this machine."""
    return re.fullmatch(r"localhost|127(\.\d+){3}|::1", urlsplit(location).hostname or "") is not None


@contextmanager
def _folder(place: Path | None) -> Iterator[Path]:
    """Make a folder for secrets; what a killed process left is removed by the next that comes."""
    where = _writable(place) or Path(tempfile.gettempdir())
    _sweep(where)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=where))  # 0700
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _writable(place: Path | None) -> Path | None:
    """The folder, made if it is not there; None where that is not allowed."""
    if place is None:
        return None
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return place if os.access(place, os.W_OK | os.X_OK) else None


def _sweep(where: Path) -> None:
    """Remove the folders whose makers are dead: the kernel gave their locks back."""
    for folder in where.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # of another user, removed meanwhile, or in use
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                facts = os.fstat(handle)
                if facts.st_uid == os.geteuid() and time.time() - facts.st_mtime > _YOUNG:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


def _secret(path: Path, text: str) -> Path:
    """Write a file that only this user can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(path)).expanduser()


def _wrong(what: str, remedy: str) -> WorkspaceError:
    return WorkspaceError(f"The git connection {what}.", remedy=remedy)
