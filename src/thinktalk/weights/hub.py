"""The model hub: whether it answers, and files from it, taken up again where they were cut.

Speaks the `resolve` address of the Hugging Face hub and of its mirrors.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import httpx

from thinktalk.weights.disk import PartFile
from thinktalk.weights.manifest import HubSource, SourceFailed

_READ_TIMEOUT_S = 30.0
_FRUITLESS_ATTEMPTS = 3  # in a row, without one new byte
_BACKOFF_S = 0.25


class Hub:
    """One hub for one run: it is asked once whether it answers."""

    def __init__(self, endpoint: str, timeout_s: float) -> None:
        self._endpoint, self._timeout_s = endpoint.rstrip("/"), timeout_s
        self._lock = threading.Lock()
        self._is_up: bool | None = None

    def answers(self, source: HubSource) -> bool:
        """Whether the hub answered a question about `source`, or an earlier one, in time."""
        with self._lock:
            if self._is_up is None:
                self._is_up = self._probe(self._address(source))
            return self._is_up

    def download(self, source: HubSource, part: PartFile, on_bytes: Callable[[int], None]) -> None:
        """Append to `part` what it lacks of `source`.

        Raises:
            SourceFailed: the hub refuses, or goes on giving nothing.
        """
        fruitless = 0
        while not part.is_full:
            start = part.num_bytes
            try:
                self._append(source, part, on_bytes)
                reason = f"it ended after {part.num_bytes} of {part.wanted.size_bytes} bytes"
            except httpx.TransportError as error:
                reason = f"{type(error).__name__}: {error}"
            if part.is_full:
                return
            fruitless = 0 if part.num_bytes > start else fruitless + 1
            if fruitless >= _FRUITLESS_ATTEMPTS:
                # What answers the question may still not deliver: do not ask it for every file.
                self._is_up = False
                raise SourceFailed(source, reason)
            time.sleep(_BACKOFF_S * 2**fruitless * random.uniform(0.5, 1.5))

    def _append(self, source: HubSource, part: PartFile, on_bytes: Callable[[int], None]) -> None:
        headers = {"Accept-Encoding": "identity"}
        if part.num_bytes:
            headers["Range"] = f"bytes={part.num_bytes}-"
        timeout = httpx.Timeout(_READ_TIMEOUT_S, connect=self._timeout_s)
        with httpx.stream(
            "GET", self._address(source), headers=headers, timeout=timeout, follow_redirects=True
        ) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.restart()
                return
            if response.is_error:
                raise SourceFailed(source, f"the hub answered {response.status_code}")
            if part.num_bytes and response.status_code != httpx.codes.PARTIAL_CONTENT:
                part.restart()
            # As they arrive: chunks of a set size would lose the last one when the line is cut.
            for chunk in response.iter_raw():
                part.write(chunk, str(source))
                on_bytes(part.num_bytes)

    def _probe(self, address: str) -> bool:
        # In a thread, because no timeout of the client bounds the look-up of the name.
        answered = threading.Event()

        def ask() -> None:
            try:
                response = httpx.head(address, timeout=self._timeout_s)
            except (httpx.HTTPError, httpx.InvalidURL):
                return
            # A proxy that wants credentials is not the hub; a file that is not there is an answer.
            if response.status_code not in (403, 407) and response.status_code < 500:
                answered.set()

        asking = threading.Thread(target=ask, name="hub-probe", daemon=True)
        asking.start()
        asking.join(self._timeout_s)
        return answered.is_set()

    def _address(self, source: HubSource) -> str:
        return f"{self._endpoint}/{source.repository}/resolve/{source.revision}/{source.path}"
