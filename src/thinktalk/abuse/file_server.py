"""A file server on loopback that does what file servers must not.

Each path names a behaviour. It notes who asked, so that it also serves as a canary: an address
that nobody may be talked into asking.
"""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from thinktalk.abuse.crafted import zeros_packed

# What it sends between two looks at whether it is to stop.
_CHUNK = bytes(64 * 1024)
_LONGEST_S = 300.0

Write = Callable[[bytes], object]


@dataclass(slots=True)
class FileServer:
    """`url` is its address; `requests` are the paths that were asked for."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    files: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def serving(
    files: Mapping[str, Callable[[], bytes]], elsewhere: str = ""
) -> Generator[FileServer, None, None]:
    """Serve while the block runs.

    Args:
        files: made when first asked for, by name.
        elsewhere: an address to redirect to that must be refused.
    """
    server = FileServer(files=files)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError, IndexError):
                path = self.rfile.readline(8192).split()[1].decode("latin-1")
                while self.rfile.readline(8192) not in (b"\r\n", b""):
                    pass
                server.requests.append(path)
                _answer(server, path.lstrip("/"), elsewhere, self.wfile.write)

    listener = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        listener.shutdown()
        thread.join()
        listener.server_close()


def _answer(server: FileServer, name: str, elsewhere: str, write: Write) -> None:
    if name in server.files:
        data = server.files[name]()
        write(_head(f"content-length: {len(data)}") + data)
    elif name.startswith("redirect"):
        write(_redirect(server, name, elsewhere))
    elif name in _BEHAVIOURS:
        _BEHAVIOURS[name](server, write)
    else:
        write(_head("content-length: 0", status="404 Not Found"))


def _redirect(server: FileServer, name: str, elsewhere: str) -> bytes:
    targets = {
        "redirect-canary": elsewhere,
        "redirect-metadata": "http://169.254.169.254/latest/meta-data/",
        "redirect-file": "file:///etc/passwd",
        "redirect-loop": f"{server.url}/redirect-loop",
        "redirect-itself": f"{server.url}/picture.png",
        "redirect-userinfo": elsewhere.replace("http://", "http://127.0.0.1@", 1),
        "redirect-backslash": "http:\\\\127.0.0.1\\",
        "redirect-relative": "/picture.png",
        "redirect-long": "http://127.0.0.1/" + "a" * 100_000,
    }
    return _head(f"location: {targets[name]}", "content-length: 0", status="302 Found")


def _head(*lines: str, status: str = "200 OK") -> bytes:
    shown = "".join(f"{line}\r\n" for line in lines)
    return f"HTTP/1.1 {status}\r\n{shown}connection: close\r\n\r\n".encode("latin-1")


def _flood(server: FileServer, write: Write, piece: bytes = _CHUNK, pause_s: float = 0.0) -> None:
    """Send without end, as long as somebody takes it."""
    until = time.monotonic() + _LONGEST_S
    while not server.stopped.wait(pause_s) and time.monotonic() < until:
        write(piece)


def _drip(server: FileServer, write: Write) -> None:
    write(_head("content-length: 100000") + b"\x89PNG\r\n\x1a\n")
    _flood(server, write, b"\0", 0.1)


def _drip_head(server: FileServer, write: Write) -> None:
    write(b"HTTP/1.1 200 OK\r\n")
    _flood(server, write, b"x-more: and more\r\n", 0.1)


def _silent(server: FileServer, write: Write) -> None:
    server.stopped.wait(_LONGEST_S)


def _endless(server: FileServer, write: Write) -> None:
    write(_head())
    _flood(server, write)


def _endless_chunks(server: FileServer, write: Write) -> None:
    write(_head("transfer-encoding: chunked"))
    _flood(server, write, b"10000\r\n" + _CHUNK + b"\r\n")


def _endless_head(server: FileServer, write: Write) -> None:
    write(b"HTTP/1.1 200 OK\r\n")
    _flood(server, write, b"x: " + b"y" * 60_000 + b"\r\n")


def _huge(server: FileServer, write: Write) -> None:
    write(_head("content-length: 99999999999999"))


def _short(server: FileServer, write: Write) -> None:
    write(_head("content-length: 1000000") + server.files["picture.png"]()[:50])


def _understated(server: FileServer, write: Write) -> None:
    write(_head("content-length: 40") + server.files["picture.png"]() + _CHUNK)


def _two_lengths(server: FileServer, write: Write) -> None:
    data = server.files["picture.png"]()
    write(_head(f"content-length: {len(data)}", "content-length: 5") + data)


def _negative(server: FileServer, write: Write) -> None:
    write(_head("content-length: -5") + server.files["picture.png"]())


def _bad_chunks(server: FileServer, write: Write) -> None:
    write(_head("transfer-encoding: chunked") + b"FFFFFFFFFFFFFFFFF\r\nabc")


def _gzip_bomb(server: FileServer, write: Write) -> None:
    write(_head("content-encoding: gzip") + zeros_packed(64, as_gzip=True))


def _no_http(server: FileServer, write: Write) -> None:
    write(b"\x00\xff SSH-2.0-OpenSSH_9.9\r\n" * 10)


_BEHAVIOURS: dict[str, Callable[[FileServer, Write], None]] = {
    "drip": _drip,
    "drip-head": _drip_head,
    "silent": _silent,
    "endless": _endless,
    "endless-chunks": _endless_chunks,
    "endless-head": _endless_head,
    "huge": _huge,
    "short": _short,
    "understated": _understated,
    "two-lengths": _two_lengths,
    "negative-length": _negative,
    "bad-chunks": _bad_chunks,
    "gzip-bomb": _gzip_bomb,
    "no-http": _no_http,
}
BEHAVIOURS = tuple(_BEHAVIOURS)
