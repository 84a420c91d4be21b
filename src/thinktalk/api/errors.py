"""The error tree on the wire: status, OpenAI body and headers, in one table."""

from __future__ import annotations

import math
from typing import Any

import orjson

from thinktalk.errors import (
    BadRequest,
    BodyTooLarge,
    Busy,
    DoesNotFit,
    Forbidden,
    HeadTooLarge,
    ModelNotFound,
    ModelNotSupported,
    NoSuchSocket,
    NotAuthorized,
    NotReady,
    RequestTooSlow,
    StoreUnavailable,
    ThinktalkError,
    UnknownFile,
    VoiceNotFound,
    WeightsError,
)

# The hosted service's wording, spelling included; clients match on it.
INTERNAL_MESSAGE = "An internal error has occured, try again later or contact service support."

_STATUS: tuple[tuple[type[ThinktalkError], int], ...] = (
    (UnknownFile, 404),
    (VoiceNotFound, 404),
    (BadRequest, 400),
    (NotAuthorized, 401),
    (Forbidden, 403),
    (ModelNotFound, 404),
    (ModelNotSupported, 404),
    (NoSuchSocket, 404),
    (RequestTooSlow, 408),
    (BodyTooLarge, 413),
    (HeadTooLarge, 431),
    (Busy, 429),
    (NotReady, 503),
    (StoreUnavailable, 503),
    (WeightsError, 503),
    (DoesNotFit, 503),
)
_OWN_TYPE = {"limit_requests", "insufficient_quota", "access_denied", "internal_error"}


def status_of(error: Exception) -> int:
    """The HTTP status that says what kind of error it is; 500 for any fault of ours."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def code_of(error: Exception) -> str:
    """The word in `error.code`; clients branch on it."""
    return error.code if isinstance(error, ThinktalkError) else "internal_error"


def openai_error(error: Exception) -> dict[str, Any]:
    """The inner `error` object."""
    status, code = status_of(error), code_of(error)
    message = str(error)
    if status == 500:
        # Texts of unexpected exceptions may hold paths or values of other requests.
        detail = f" ({message})" if isinstance(error, ThinktalkError) and message else ""
        message, code = INTERNAL_MESSAGE + detail, "internal_error"
    return {
        "message": message,
        "type": code if code in _OWN_TYPE else "invalid_request_error" if status < 500 else code,
        "param": getattr(error, "param", None),
        "code": code,
    }


def openai_body(error: Exception, request_id: str, *, completion_id: str | None = None) -> bytes:
    """The whole body. `completion_id` is given once the request has reached a model."""
    body: dict[str, Any] = {"error": openai_error(error)}
    if completion_id is not None:
        body["id"] = completion_id
    body["request_id"] = request_id
    return orjson.dumps(body)


def retry_headers(error: Exception) -> dict[str, str]:
    """When to come back, for errors that say so. SDKs prefer the milliseconds."""
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is None:
        return {}
    return {
        "retry-after": str(max(1, math.ceil(retry_after_s))),
        "retry-after-ms": str(max(1, math.ceil(retry_after_s * 1000))),
    }
