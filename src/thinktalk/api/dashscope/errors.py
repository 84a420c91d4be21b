"""The error tree in DashScope's flat shape: a code that its SDK knows, a message, a request id."""

from __future__ import annotations

import orjson

from thinktalk.api.errors import INTERNAL_MESSAGE, code_of, status_of
from thinktalk.errors import (
    AddressForbidden,
    BadRequest,
    BodyTooLarge,
    Busy,
    DataUriTooLarge,
    DownloadFailed,
    Forbidden,
    HeadTooLarge,
    MediaTooLarge,
    ModelNotFound,
    ModelNotSupported,
    NotAuthorized,
    NotReady,
    QuotaExceeded,
    RequestTooSlow,
    StorageFull,
    StoreUnavailable,
    ThinktalkError,
    TooManyVoices,
    UnknownFile,
    VoiceNotFound,
    VoiceSampleRefused,
)

NATIVE_PREFIX = "/api/v1/"

# error -> (code, status); None where its own code is the wire's, or its status the usual one.
_CODES: tuple[tuple[type[ThinktalkError], str | None, int | None], ...] = (
    (VoiceNotFound, "BadRequest.VoiceNotFound", 400),
    (VoiceSampleRefused, None, None),
    (TooManyVoices, None, None),
    (DownloadFailed, "BadRequest.InputDownloadFailed", None),
    (AddressForbidden, "BadRequest.InputDownloadFailed", None),
    (MediaTooLarge, "BadRequest.InputDownloadFailed", None),
    (DataUriTooLarge, "BadRequest.InputDownloadFailed", None),
    (UnknownFile, "BadRequest.InputDownloadFailed", 400),
    (StorageFull, None, None),
    (NotAuthorized, "InvalidApiKey", None),
    (Forbidden, "AccessDenied", None),
    (ModelNotFound, "Model.NotExist", None),
    (ModelNotSupported, "Model.NotExist", None),
    (BodyTooLarge, None, None),
    (HeadTooLarge, None, None),
    (QuotaExceeded, "Throttling.AllocationQuota", None),
    (Busy, "Throttling.RateQuota", None),
    (RequestTooSlow, "InvalidParameter", None),
    (NotReady, "ServiceUnavailable", None),
    (StoreUnavailable, "ServiceUnavailable", None),
    (BadRequest, "InvalidParameter", None),
)


def is_native(path: str) -> bool:
    """Whether errors at this path have DashScope's shape."""
    return path.startswith(NATIVE_PREFIX)


def native_status(error: Exception) -> int:
    """The HTTP status that goes with the error on this wire."""
    own = next((status for kind, _, status in _CODES if isinstance(error, kind)), None)
    return own or status_of(error)


def native_body(error: Exception, request_id: str, status: int) -> bytes:
    """The whole body."""
    code = next((code or code_of(error) for kind, code, _ in _CODES if isinstance(error, kind)), "")
    message = str(error)
    if status == 404 and code == "InvalidParameter":
        code = "NotFound"  # no such path
    if not code:
        # Texts of unexpected exceptions may hold paths or values of other requests.
        detail = f" ({message})" if isinstance(error, ThinktalkError) and message else ""
        code, message = "InternalError", INTERNAL_MESSAGE + detail
    return orjson.dumps({"code": code, "message": message, "request_id": request_id})
