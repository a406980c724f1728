"""A remote that takes the call and then says nothing is left, whatever it is reached by; what works or is told something is waited for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dag_factory.errors import RemoteError
from dag_factory.workspace import remote, silence
from dag_factory.workspace.access import Access
from dag_factory.workspace.git import Result, git
from dag_factory.workspace.origin import Origin
from dag_factory.workspace.silence import Silence

pytestmark = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="reads /proc")
Says = Callable[[socket.socket], None]


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(Silence, "patience", 1.0)
    return Silence.patience


@pytest.fixture
def mute() -> Iterator[Callable[[bytes], int]]:
    """Makes a server that takes every call, says one thing, and then nothing; tells its port."""
    held: list[socket.socket] = []

    def make(says: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        held.append(server)

        def serve() -> None:
            while True:
                try:
                    call = server.accept()[0]
                    held.append(call)
                    call.sendall(says)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        return int(server.getsockname()[1])

    yield make
    for one in held:
        one.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("git://127.0.0.1:{}/x", b""),
        ("git://127.0.0.1:{}/x", b"00"),
        ("http://127.0.0.1:{}/x", b""),
        ("ssh://someone@127.0.0.1:{}/x", b"SSH-2.0-OpenSSH_9.6\r\n"),
    ],
)
def test_one_that_says_nothing_is_away(url: str, says: bytes, mute: Callable[[bytes], int], patience: float) -> None:
    began = time.monotonic()
    with pytest.raises(RemoteError, match=r"cannot be reached: .*timed out, since nothing was heard for 1 seconds"):
        remote.tip(Origin(url.format(mute(says)), "main", access=Access(strict_host_key_checking="no")))
    assert patience < time.monotonic() - began < 20


def test_what_works_or_hears_something_is_waited_for(main: Path, patience: float) -> None:
    """Both go on for longer than the patience lasts."""
    for busy in ("yes >/dev/null & p=$!; sleep 2; kill $p", "for i in 1 2 3 4; do sleep 0.5; echo x; done | cat"):
        said = git("-c", f"alias.busy=!{busy}", "busy", git_dir=main / ".git", abroad=True, ok=tuple(range(256)))
        assert (said.code, "timed out" in said.err) == (0, False), busy


def test_what_neither_works_nor_hears_is_not(main: Path, patience: float) -> None:
    said = git("-c", "alias.idle=!sleep 60", "idle", git_dir=main / ".git", abroad=True, ok=(128,))
    assert said.err.strip() == "fatal: timed out, since nothing was heard for 1 seconds"


def test_where_the_kernel_tells_nothing_nobody_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "_done", lambda _: 0)
    monkeypatch.setattr(Silence, "patience", 0.0)
    watched = Silence(1)
    time.sleep(0.01)
    assert not watched.over()


AWAY = (
    "fatal: unable to access 'https://h/x.git/': OpenSSL SSL_read: OpenSSL/3.0.13: error:0A000126:SSL routines::unexpected eof while reading, errno 0",
    "fatal: unable to access 'https://h/x.git/': SSL connection timeout",
    "fatal: unable to access 'https://h/x.git/': Resolving timed out after 30000 milliseconds",
    "fatal: unable to access 'https://h/x.git/': HTTP/2 stream 5 was not closed cleanly: INTERNAL_ERROR (err 2)",
    "fatal: unable to access 'https://h/x.git/': Proxy CONNECT aborted",
    "fatal: unable to access 'https://h/x.git/': CONNECT tunnel failed, response 503",
    "fatal: unable to access 'https://h/x.git/': Received HTTP code 503 from proxy after CONNECT",
    "error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: expected flush after ref listing",
    "error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: expected flush after ref listing",
    "fetch-pack: unexpected disconnect while reading sideband packet",
    "fatal: unable to connect to h:\nh[0: 1.2.3.4]: errno=Connection timed out",
    "fatal: unable to look up h (port 9418) (Name or service not known)",
    "kex_exchange_identification: Connection closed by remote host\nfatal: Could not read from remote repository.",
    "client_loop: send disconnect: Broken pipe\nfatal: Could not read from remote repository.",
    "Timeout, server h not responding.\nfatal: Could not read from remote repository.",
)
THERE = (
    "fatal: unable to access 'https://h/x.git/': CONNECT tunnel failed, response 407",
    "fatal: unable to access 'https://h/x.git/': SSL certificate problem: self-signed certificate",
    "remote: The linter timed out.\nerror: failed to push some refs to 'https://h/x.git'",
    "fatal: repository 'https://h/x.git/' not found",
)


@pytest.mark.parametrize("words", AWAY + THERE)
def test_what_passes_is_told_apart_from_what_stays(words: str) -> None:
    """Only the first is worth another try."""
    made = remote._fault(Origin("https://h/x.git", "main"), Result(128, b"", words))
    assert isinstance(made, RemoteError) is (words in AWAY)
