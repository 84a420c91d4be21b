"""A model hub on loopback that can be slow, cut what it sends, or give other bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; `start` is the first byte it wanted."""

    method: str
    path: str
    start: int


@dataclass
class LoopbackHub:
    """Serves `files` by path. Each number in `cuts` ends one answer after that many bytes."""

    endpoint: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    delay_s: float = 0.0
    cuts: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    asked: list[Asked] = field(default_factory=list)

    def starts(self) -> list[int]:
        """First bytes wanted by the downloads so far, in order."""
        return [asked.start for asked in self.asked if asked.method == "GET"]


@contextmanager
def loopback_hub() -> Iterator[LoopbackHub]:
    hub = LoopbackHub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(has_body=False)

        def do_GET(self) -> None:
            self._answer(has_body=True)

        def _answer(self, has_body: bool) -> None:
            wanted = self.headers.get("Range", "bytes=0-")
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            hub.asked.append(Asked(self.command, self.path, start))
            time.sleep(hub.delay_s)
            data = hub.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            is_partial = hub.knows_ranges and "Range" in self.headers
            body = data[start:] if is_partial else data
            self.send_response(206 if is_partial else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if has_body:
                self.wfile.write(body[: hub.cuts.pop(0)] if hub.cuts else body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
