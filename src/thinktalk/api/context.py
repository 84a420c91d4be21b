"""What every handler is given: the services, the settings and what keeps count of requests."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.requests import Request

from thinktalk.api.access import Access
from thinktalk.api.body import BodyBudget
from thinktalk.api.errors import code_of, status_of
from thinktalk.errors import ThinktalkError
from thinktalk.serving.admission import Admission
from thinktalk.serving.answering import Answering
from thinktalk.serving.cloning import Cloner
from thinktalk.serving.lifecycle import Lifecycle
from thinktalk.serving.rate import RateLimits
from thinktalk.serving.readiness import Readiness
from thinktalk.serving.replies import SpokenReplies
from thinktalk.serving.services import Services
from thinktalk.settings import Settings
from thinktalk.telemetry import Metrics

_LARGEST_BODIES = 4  # so many of the largest allowed size may be held at once
_FAULT = 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiContext:
    """One server's parts."""

    services: Services
    settings: Settings
    metrics: Metrics
    readiness: Readiness
    admission: Admission
    rates: RateLimits
    answering: Answering
    replies: SpokenReplies
    cloner: Cloner
    lifecycle: Lifecycle
    bodies: BodyBudget
    access: Access

    @classmethod
    def build(cls, services: Services, settings: Settings) -> ApiContext:
        """Make the parts that belong to one server."""
        limits, metrics = settings.limits, Metrics()
        readiness = Readiness(services, max_waiting=limits.max_waiting)
        admission = Admission(
            max_running=limits.max_running,
            max_waiting=limits.max_waiting,
            max_wait_s=limits.max_wait_s,
        )
        rates = RateLimits(
            requests_per_minute=limits.requests_per_minute,
            tokens_per_minute=limits.tokens_per_minute,
        )
        metrics.gauge("num_requests_running", "Answers worked on", lambda: admission.running)
        metrics.gauge("num_requests_waiting", "Requests in line", lambda: admission.waiting)
        answering = Answering(readiness, admission, rates, metrics, limits.context_tokens)
        return cls(
            services=services,
            settings=settings,
            metrics=metrics,
            readiness=readiness,
            admission=admission,
            rates=rates,
            answering=answering,
            replies=SpokenReplies(),
            cloner=Cloner(services.fitter, services.voices),
            lifecycle=Lifecycle(),
            bodies=BodyBudget(_LARGEST_BODIES * settings.server.max_body_bytes),
            access=Access(settings.server),
        )

    def count_error(self, error: Exception, request_id: str) -> None:
        """Count an error that a client was told of, and log it where the fault is ours."""
        self.metrics.errors.labels(code_of(error)).inc()
        if status_of(error) == _FAULT:
            trace = None if isinstance(error, ThinktalkError) else error
            _log.error("request %s failed: %s", request_id, error, exc_info=trace)


def request_id(request: Request) -> str:
    """The uuid of the request, which its answer and its errors carry."""
    return str(request.state.request_id)


def caller(request: Request) -> str:
    """Whose limits the request counts against, and whose files it sees: never the key itself."""
    return str(request.state.caller)
