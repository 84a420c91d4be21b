"""Clocks, counters and the log, shared by all layers.

The names of counters follow vLLM's vocabulary, prefixed `thinktalk_`.

One `Metrics` per server, with its own registry: two servers in one process do not mix. Knows
nothing of HTTP; a `model` label is always a served base name, so that their number is bounded.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_FIRST_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
_WHOLE_BUCKETS = (0.1, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
_REAL_TIME_BUCKETS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 4.0)


def log_to_stderr(level: str) -> None:
    """Log what we say from `level` on, and of what other libraries say no less than warnings."""
    wanted = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(
        level=max(wanted, logging.WARNING), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("thinktalk").setLevel(wanted)


class Metrics:
    """Every instrument of the server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = self._counter
        self.requests = counter("requests", "Requests by path and status", "path", "status")
        self.errors = counter("errors", "Error answers by code", "code")
        self.finished = counter(
            "request_success", "Answers that ended, by reason", "model", "finished_reason"
        )
        self.cancelled = counter("requests_cancelled", "Answers whose client went away", "model")
        self.prompt_tokens = counter("prompt_tokens", "Documented prompt tokens", "model")
        self.generation_tokens = counter("generation_tokens", "Documented answer tokens", "model")
        self.audio_in_s = counter("audio_in_seconds", "Sound received")
        self.audio_out_s = counter("audio_out_seconds", "Speech sent")
        self.time_to_first_token = self._histogram(
            "time_to_first_token_seconds", "Request read to first text", _FIRST_BUCKETS
        )
        self.time_to_first_audio = self._histogram(
            "time_to_first_audio_seconds", "Request read to first sound", _FIRST_BUCKETS
        )
        self.latency = self._histogram(
            "e2e_request_latency_seconds", "Request read to end of answer", _WHOLE_BUCKETS
        )
        self.real_time_factor = self._histogram(
            "real_time_factor", "Seconds of work per second of speech", _REAL_TIME_BUCKETS
        )

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when somebody looks."""
        Gauge(f"thinktalk_{name}", text, registry=self.registry).set_function(read)

    def render(self) -> bytes:
        """Prometheus text, version 0.0.4."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"thinktalk_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(
            f"thinktalk_{name}", text, ("model",), registry=self.registry, buckets=buckets
        )


@dataclass(slots=True)
class Stopwatch:
    """Times one answer. All figures are seconds since it was made, None until they happen."""

    started: float = field(default_factory=time.monotonic)
    first_text_s: float | None = None
    first_audio_s: float | None = None

    def text(self) -> None:
        if self.first_text_s is None:
            self.first_text_s = self.elapsed_s

    def audio(self) -> None:
        if self.first_audio_s is None:
            self.first_audio_s = self.elapsed_s

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started
