"""A headless Chromium, driven over its own protocol: enough to open a page, act on it and look."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_START_S = 30.0
_LOOK_EVERY_S = 0.03


def find_chromium() -> str | None:
    """The executable, by the names that distributions give it."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Tab:
    """One page. Expressions are JavaScript; what they give has to fit JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.log: list[str] = []
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(self, url: str) -> None:
        self._call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, as if the user had just clicked."""
        answer = self._call(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """What is written there; empty if there is no such element."""
        return str(self.evaluate(f"document.querySelector({selector!r})?.innerText ?? ''"))

    def click(self, selector: str) -> None:
        """Click, once it can be clicked."""
        found = f"document.querySelector({selector!r})"
        self.until(f"{found} && !{found}.disabled")
        self.evaluate(f"{found}.click()")

    def until(self, expression: str, patience_s: float = 15.0) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + patience_s
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                seen = self.evaluate("document.querySelector('.stage')?.innerText")
                raise AssertionError(
                    f"{expression}: not within {patience_s} s.\n{seen}\n{self.log}"
                )
            time.sleep(_LOOK_EVERY_S)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(timeout=_START_S))
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            if message["method"] in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.log.append(json.dumps(message["params"]))


@contextmanager
def chromium(executable: str, profile: Path, *switches: str) -> Generator[Tab, None, None]:
    """Run a browser with one empty tab. `profile` is an empty directory."""
    command: Sequence[str] = (
        executable,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--disable-component-update", "--no-first-run", f"--user-data-dir={profile}"),
        *("--remote-debugging-port=0", "--autoplay-policy=user-gesture-required"),
        *switches,
        "about:blank",
    )
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            with connect(_tab_address(profile), max_size=None, proxy=None) as socket:
                yield Tab(socket)
        finally:
            browser.terminate()
            browser.wait(_START_S)


def _tab_address(profile: Path) -> str:
    import httpx

    port_file, deadline = profile / "DevToolsActivePort", time.monotonic() + _START_S
    while not port_file.exists() or "\n" not in port_file.read_text():
        if time.monotonic() > deadline:
            raise AssertionError("the browser did not start")
        time.sleep(_LOOK_EVERY_S)
    port = port_file.read_text().split()[0]
    targets = httpx.get(f"http://127.0.0.1:{port}/json/list", trust_env=False).json()
    address: str = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
    return address
