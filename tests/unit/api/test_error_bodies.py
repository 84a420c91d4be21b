"""The error tree on the wire."""

from __future__ import annotations

import json

import pytest

from thinktalk import errors
from thinktalk.api.dashscope.errors import native_body, native_status
from thinktalk.api.errors import openai_body, retry_headers, status_of

CASES: list[tuple[Exception, int, str, str]] = [
    (errors.InvalidField("x", param="n"), 400, "invalid_parameter_error", "invalid_request_error"),
    (errors.MediaEmpty(), 400, "invalid_parameter_error", "invalid_request_error"),
    (errors.VoiceSampleRefused("Audio.DecoderError", "x"), 400, "Audio.DecoderError",
     "invalid_request_error"),
    (errors.NotAuthorized(), 401, "invalid_api_key", "invalid_request_error"),
    (errors.Forbidden("x"), 403, "access_denied", "access_denied"),
    (errors.ModelNotFound("m"), 404, "model_not_found", "invalid_request_error"),
    (errors.ModelNotSupported("m"), 404, "model_not_supported", "invalid_request_error"),
    (errors.BodyTooLarge(1), 413, "BadRequest.TooLarge", "invalid_request_error"),
    (errors.Busy("x", retry_after_s=1), 429, "limit_requests", "limit_requests"),
    (errors.QuotaExceeded("x", retry_after_s=1), 429, "insufficient_quota", "insufficient_quota"),
    (errors.NotReady("x"), 503, "ServiceUnavailable", "ServiceUnavailable"),
    (errors.WeightsMissing("w", ["hub"]), 503, "weights_error", "weights_error"),
    (errors.EngineFailed("x"), 500, "internal_error", "internal_error"),
    (ZeroDivisionError("x"), 500, "internal_error", "internal_error"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "status", "code", "kind"), CASES)
def test_every_error_has_its_status_code_and_type(
    error: Exception, status: int, code: str, kind: str
) -> None:
    body = json.loads(openai_body(error, "r1", completion_id="chatcmpl-r1"))
    assert status_of(error) == status
    assert (body["error"]["code"], body["error"]["type"]) == (code, kind)
    assert (body["id"], body["request_id"]) == ("chatcmpl-r1", "r1")


def test_a_slow_request_is_no_fault_of_ours_on_the_native_wire() -> None:
    slow = errors.RequestTooSlow(30.0)
    assert native_status(slow) == 408
    assert json.loads(native_body(slow, "r1", 408))["code"] == "InvalidParameter"


def test_unexpected_exceptions_keep_their_text_to_themselves() -> None:
    message = json.loads(openai_body(ValueError("secret path"), "r1"))["error"]["message"]
    assert message.startswith("An internal error has occured") and "secret" not in message


def test_the_pause_is_told_in_seconds_and_milliseconds() -> None:
    assert retry_headers(errors.Busy("x", retry_after_s=1.2)) == {
        "retry-after": "2",
        "retry-after-ms": "1200",
    }
    assert retry_headers(errors.MediaEmpty()) == {}
