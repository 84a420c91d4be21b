"""Every error a caller can meet, one tree.

    ThinktalkError
    ├── BadRequest                  the caller can mend it (400)
    │   ├── InvalidField            one field of the request, named in `param`
    │   │   ├── UnknownVoice
    │   │   └── InvalidToolSchema
    │   ├── PromptTooLong
    │   ├── FileTooLarge  StorageFull
    │   ├── TooManyVoices
    │   ├── VoiceNotFound           no enrolled voice of the caller has this id (404)
    │   └── MediaError              a file or address that was sent
    │       ├── InvalidAddress  AddressForbidden  DownloadFailed  MediaTooLarge
    │       ├── MediaUndecodable  MediaEmpty  MediaTooLong  MediaTooMuch  ImageShapeRefused
    │       ├── UnknownFile         no uploaded file of the caller has this id (404)
    │       └── VoiceSampleRefused
    ├── NotAuthorized               missing or wrong key (401)
    ├── Forbidden                   foreign origin or host (403)
    │   └── ConsentMissing          nobody says that the speaker agrees
    ├── ModelNotFound               (404)
    │   └── NoSynthesizer  NoRecognizer
    │                               no engine here does that
    ├── NoSuchSocket                no conversation is held at this address (404)
    ├── RequestTooSlow              (408)
    ├── BodyTooLarge                (413)
    ├── HeadTooLarge                (431)
    ├── Busy                        over a limit; carries `retry_after_s` (429)
    │   ├── RateLimited
    │   └── QuotaExceeded
    ├── NotReady                    loading or draining (503)
    ├── StoreUnavailable            files or voices cannot be read or written (503)
    ├── WeightsError                a model file cannot be had
    │   ├── WeightsMissing  HashMismatch  DiskFull
    │   └── CheckpointInvalid       a directory of weights that an engine cannot use
    ├── NoSuchDevice                settings name an accelerator that is not there
    ├── DoesNotFit                  an engine needs more memory than the device has free
    ├── UnknownEngine  UnknownTalker  MissingExtra
    │                               settings name something that is not installed
    ├── UnsafeBinding               a public address without a key
    ├── CannotListen                an address that another has, or that is not of this machine
    └── EngineFailed                a fault of ours while answering (500)

An error carries what a caller would act on; its message names the value and the limit.
Knows nothing of HTTP: `api/errors.py` maps the tree to wire formats once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal


class ThinktalkError(Exception):
    """Root of the tree. `code` is a stable word for logs and metrics."""

    code = "error"


class BadRequest(ThinktalkError):
    code = "invalid_parameter_error"
    param: str | None = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class InvalidField(BadRequest):
    """One field of a request is wrong; `param` is its path, such as `audio.voice`."""


class UnknownVoice(InvalidField):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        # The prefix is the hosted service's own wording; clients match on it.
        listed = ", ".join(f"'{voice}'" for voice in known)
        super().__init__(
            f"Input should be {listed}: parameters.audio.voice (got {name!r})", param="audio.voice"
        )
        self.name = name


class InvalidToolSchema(InvalidField):
    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(
            f"tool {tool!r}: parameters are not a JSON schema: {reason}", param="tools"
        )


class PromptTooLong(BadRequest):
    """`remedies` are the values of `media_policy` that would help."""

    def __init__(self, num_tokens: int, limit: int, remedies: Sequence[str] = ()) -> None:
        super().__init__(
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be "
            f"[1, {limit}] (this prompt has {num_tokens} tokens{remedy(remedies)})",
            param="messages",
        )
        self.num_tokens, self.limit = num_tokens, limit


class FileTooLarge(BadRequest):
    """A file that is being uploaded; `size_bytes` is None where its end was not awaited."""

    code = "BadRequest.TooLarge"

    def __init__(
        self,
        limit_bytes: int,
        setting: str,
        size_bytes: int | None = None,
        *,
        param: str = "file",
    ) -> None:
        size = "it" if size_bytes is None else f"{size_bytes} bytes"
        super().__init__(
            f"The file is too large: {size} exceeds the limit of {limit_bytes} bytes ({setting})",
            param=param,
        )


class StorageFull(BadRequest):
    """A file or a voice (`what`) does not fit beside those that are stored."""

    code = "Throttling.AllocationQuota"

    def __init__(self, needed: str, limit: str, what: Literal["file", "voice"] = "file") -> None:
        super().__init__(
            f"There is no room for the {what}: with it there would be {needed}; the limit is "
            f"{limit}. Delete {what}s that are no longer needed",
            param="file" if what == "file" else None,
        )


class TooManyVoices(BadRequest):
    """A key has enrolled as many voices as it may."""

    code = "Throttling.AllocationQuota"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"There are {limit} enrolled voices, which is the limit for one key "
            "(voices.max_voices). Delete voices that are no longer needed"
        )


class VoiceNotFound(BadRequest):
    code = "voice_not_found"

    def __init__(self, voice_id: str) -> None:
        shown = voice_id if len(voice_id) <= 100 else f"{voice_id[:100]}..."
        super().__init__(f"Voice '{shown}' not found.")


class MediaError(BadRequest):
    """A file or an address in the request."""


class UnknownFile(MediaError):
    code = "file_not_found"

    def __init__(self, file_id: str) -> None:
        shown = file_id if len(file_id) <= 100 else f"{file_id[:100]}..."
        super().__init__(
            f"No such File object: {shown}. It was never uploaded with this key, was deleted, or "
            "has expired"
        )


class InvalidAddress(MediaError):
    def __init__(self, detail: str = "") -> None:
        super().__init__(
            "The provided URL does not appear to be valid. Ensure it is correctly formatted."
            + (f" ({detail})" if detail else "")
        )


class AddressForbidden(MediaError):
    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"Failed to download multimodal content. {host} is refused: {reason}; "
            "an operator can allow it with media.allow_hosts"
        )


class DownloadFailed(MediaError):
    def __init__(self, detail: str, *, timed_out: bool = False) -> None:
        prefix = (
            "Download the media resource timed out during the data inspection process."
            if timed_out
            else "Failed to download multimodal content."
        )
        super().__init__(f"{prefix} {detail}".rstrip())


class MediaTooLarge(MediaError):
    """`what` is meant, if it is not just the one file."""

    def __init__(self, size_bytes: int | None, limit_bytes: int, what: str = "") -> None:
        size = "it" if size_bytes is None else f"{size_bytes} bytes"
        size = f"{what} have {size}, which" if what else size
        super().__init__(
            f"Multimodal file size is too large: {size} exceeds the limit of {limit_bytes} bytes"
        )


class DataUriTooLarge(MediaError):
    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"Exceeded limit on max bytes per data-uri item : {limit_bytes} (got {size_bytes})"
        )


class MediaUndecodable(MediaError):
    """`kind` is audio, image or video; the first sentence is the hosted service's."""

    _PREFIX = {  # noqa: RUF012
        "audio": "The audio format is illegal and cannot be opened.",
        "image": "The file format is illegal and cannot be opened.",
        "video": "Invalid video file.",
    }

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{self._PREFIX[kind]} {detail}".rstrip())
        self.kind = kind


class MediaEmpty(MediaError):
    def __init__(self) -> None:
        super().__init__("The audio is empty")


class MediaTooLong(MediaError):
    """`remedies` are the values of `media_policy` that would help."""

    def __init__(
        self,
        kind: str,
        duration_s: float,
        limit_s: float,
        remedies: Sequence[str] = (),
        *,
        param: str | None = None,
    ) -> None:
        super().__init__(
            f"The {kind} modality input does not meet the requirements because: The {kind} file is "
            f"too long. It lasts {duration_s:.1f} s; the limit is {limit_s:.0f} s"
            f"{remedy(remedies)}",
            param=param,
        )
        self.duration_s, self.limit_s = duration_s, limit_s


def remedy(policies: Sequence[str]) -> str:
    """What to append to a refusal: the values of `media_policy` that would help, if any would."""
    if not policies:
        return ""
    *most, last = (f"'{policy}'" for policy in policies)
    either = f"{', '.join(most)} or {last}" if most else last
    return f"; media_policy {either} would let it pass"


class MediaTooMuch(MediaError):
    """All media of one request, decoded, take more than they may."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"Multimodal file size is too large: the media of this request decode to {size_bytes} "
            f"bytes or more; the limit is {limit_bytes} bytes (media.max_decoded_bytes)"
        )
        self.size_bytes, self.limit_bytes = size_bytes, limit_bytes


class ImageShapeRefused(MediaError):
    def __init__(self, width: int, height: int, rule: str) -> None:
        super().__init__(
            "The image length and width do not meet the model restrictions. "
            f"It is {width}x{height}; {rule}"
        )


class VoiceSampleRefused(MediaError):
    """`code` is one of the enrolment codes: Audio.PreprocessError, .DurationLimitError, ..."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, param="audio.voice_sample")
        self.code = code


class NotAuthorized(ThinktalkError):
    code = "invalid_api_key"

    def __init__(self) -> None:
        super().__init__("Incorrect API key provided.")


class Forbidden(ThinktalkError):
    code = "access_denied"


class ConsentMissing(Forbidden):
    def __init__(self, field: str) -> None:
        super().__init__(
            f"Access denied. Enrolling a voice needs its speaker's consent: say so in {field}, or "
            "have an operator attest it with the setting voices.attested_consent"
        )


class ModelNotFound(ThinktalkError):
    """`reason` says what this server lacks, and what to ask it for instead."""

    code = "model_not_found"

    def __init__(self, model: str, reason: str = "") -> None:
        # The first sentence is OpenAI's.
        missing = f"The model `{model}` does not exist or you do not have access to it."
        super().__init__(f"{missing} {reason}".rstrip())
        self.model = model


class NoSynthesizer(ModelNotFound):
    """Nothing here reads texts aloud, though there may be an engine that speaks its replies."""

    def __init__(self, model: str) -> None:
        super().__init__(
            model,
            "No engine of this server reads a given text aloud. Those that speak at all "
            "(GET /v1/models says which) speak their replies: ask /v1/chat/completions for "
            "modalities ['text', 'audio'].",
        )


class NoRecognizer(ModelNotFound):
    """Nothing here writes down what is said, though there may be an engine that hears it."""

    def __init__(self, model: str) -> None:
        super().__init__(
            model,
            "No engine of this server transcribes speech. Send the sound as input_audio to "
            "/v1/chat/completions and ask for its words, or to a live conversation, which is "
            "answered without a transcript.",
        )


class NoSuchSocket(ThinktalkError):
    code = "not_found"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"There is no socket at {path}: conversations are held at /api-ws/v1/realtime "
            "(DashScope) and /v1/realtime (OpenAI)"
        )


class ModelNotSupported(ThinktalkError):
    code = "model_not_supported"

    def __init__(self, model: str) -> None:
        super().__init__(f"Unsupported model {model} for OpenAI compatibility mode.")
        self.model = model


class BodyTooLarge(ThinktalkError):
    code = "BadRequest.TooLarge"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"Payload Too Large: the limit is {limit_bytes} bytes")


class HeadTooLarge(ThinktalkError):
    code = "BadRequest.TooLarge"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"Request headers too large: the limit is {limit_bytes} bytes for all")


class RequestTooSlow(ThinktalkError):
    code = "request_timeout"

    def __init__(self, limit_s: float) -> None:
        super().__init__(
            f"The request comes too slowly: the limit is {limit_s:g} s without progress "
            "(server.read_timeout_s)"
        )


class Busy(ThinktalkError):
    """Over a limit; try again after `retry_after_s`."""

    code = "limit_requests"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RateLimited(Busy):
    code = "limit_requests"


class QuotaExceeded(Busy):
    code = "insufficient_quota"


class NotReady(ThinktalkError):
    code = "ServiceUnavailable"

    def __init__(self, reason: str, *, retry_after_s: float = 2.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class StoreUnavailable(ThinktalkError):
    code = "ServiceUnavailable"

    def __init__(self, reason: str, what: str = "uploaded files") -> None:
        super().__init__(f"{what} cannot be read or written now: {reason}")


class WeightsError(ThinktalkError):
    code = "weights_error"


class WeightsMissing(WeightsError):
    def __init__(self, name: str, tried: Iterable[str]) -> None:
        reasons = "; ".join(tried)
        super().__init__(f"weights {name!r} are not present and could not be fetched: {reasons}")
        self.name = name


class HashMismatch(WeightsError):
    def __init__(self, file: str, expected: str, actual: str, source: str) -> None:
        super().__init__(f"{file} from {source} has SHA-256 {actual}, expected {expected}: refused")
        self.file = file


class DiskFull(WeightsError):
    def __init__(self, path: str, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(
            f"{path}: {needed_bytes / 1e6:.0f} MB needed, {free_bytes / 1e6:.0f} MB free"
        )


class CheckpointInvalid(WeightsError):
    """`where` is the directory or file; `reason` says what it lacks or is instead."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where


class NoSuchDevice(ThinktalkError):
    code = "no_such_device"

    def __init__(self, device: str, num_cards: int) -> None:
        super().__init__(f"there is no device {device}: PyTorch finds {num_cards} cards")


class DoesNotFit(ThinktalkError):
    """`needs` says what takes the memory; `remedies` are changes of settings that would help."""

    code = "does_not_fit"

    def __init__(
        self,
        name: str,
        needed_bytes: int,
        free_bytes: int,
        device: str,
        *,
        needs: str = "",
        remedies: Sequence[str] = (),
    ) -> None:
        of = f" ({needs})" if needs else ""
        would = "; ".join(remedies) or "no smaller setting"
        super().__init__(
            f"{name} does not fit: {needed_bytes / 1e9:.1f} GB needed{of}, "
            f"{free_bytes / 1e9:.1f} GB free on {device}. What would fit: {would}"
        )
        self.needed_bytes, self.free_bytes = needed_bytes, free_bytes
        self.remedies = tuple(remedies)


class UnknownEngine(ThinktalkError):
    code = "unknown_engine"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"no engine is named {name!r}; known: {', '.join(known)}")


class UnknownTalker(ThinktalkError):
    code = "unknown_talker"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"no talker is named {name!r} (cascade.talker); known: {', '.join(known)}")


class MissingExtra(ThinktalkError):
    """`name` is the engine or talker whose libraries are missing."""

    code = "missing_extra"

    def __init__(self, name: str, extra: str) -> None:
        super().__init__(f"{name!r} needs: pip install 'thinktalk[{extra}]'")


class UnsafeBinding(ThinktalkError):
    code = "unsafe_binding"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"refusing to listen on {host} without an API key, since anyone who reaches it could "
            "use this machine: set server.api_keys (THINKTALK_SERVER__API_KEYS), or use 127.0.0.1"
        )


class CannotListen(ThinktalkError):
    code = "cannot_listen"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot listen on {host}, port {port}: {reason}; --port and --host name another"
        )


class EngineFailed(ThinktalkError):
    code = "internal_error"
