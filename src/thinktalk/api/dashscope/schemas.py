"""Bodies of voice enrolment. Two families of actions speak of the same things by other names."""

from __future__ import annotations

import re
from typing import Literal

from thinktalk.api.openai.schemas import Wire
from thinktalk.engines import languages
from thinktalk.errors import InvalidField

Action = Literal["create", "list", "delete", "query", "update"]
_ACTIONS: dict[str, Action] = {
    "create": "create",
    "list": "list",
    "delete": "delete",
    "create_voice": "create",
    "list_voice": "list",
    "query_voice": "query",
    "update_voice": "update",
    "delete_voice": "delete",
}
# Words of the hosted service for languages that have no code; the spelling is its own.
DIALECTS = frozenset(
    {
        *("dongbei", "shannxi", "sichuan", "henan", "changsha"),
        *("tianjin", "hangzhou", "liaoning", "shenyang", "anshan"),
    }
)
_NAME = re.compile(r"[A-Za-z0-9_]{1,16}")
_MAX_MODEL_CHARS = 100
_STRICT_TARGETS = (
    *("qwen3.5-omni-plus", "qwen3.5-omni-flash"),
    *("qwen3.5-omni-plus-realtime", "qwen3.5-omni-flash-realtime"),
)
_MAX_PAGE = 10_000


class SampleAddress(Wire):
    data: str


class EnrolmentInput(Wire):
    """`input`: which fields are needed, the action says.

    `consent`, `keep_sample` and `denoise` are ours; the rest is DashScope's, `prefix`, `url`,
    `language_hints` and `voice_id` of its older family.
    """

    action: str
    target_model: str | None = None
    preferred_name: str | None = None
    prefix: str | None = None
    audio: SampleAddress | None = None
    url: str | None = None
    text: str | None = None
    language: str | None = None
    language_hints: list[str] | None = None
    voice: str | None = None
    voice_id: str | None = None
    page_index: int = 0
    page_size: int = 10
    consent: str | None = None
    keep_sample: bool = False
    denoise: bool = False


class EnrolmentBody(Wire):
    """`POST /api/v1/services/audio/tts/customization`."""

    model: Literal["qwen-voice-enrollment", "voice-enrollment"]
    input: EnrolmentInput


def action_of(body: EnrolmentInput) -> Action:
    """Raises `InvalidField`."""
    action = _ACTIONS.get(body.action)
    if action is None:
        raise InvalidField(
            f"input.action should be one of {[*_ACTIONS]} (got {body.action[:100]!r})",
            param="input.action",
        )
    return action


def name_of(body: EnrolmentInput) -> str:
    """Raises `InvalidField`."""
    field = (
        "prefix" if body.preferred_name is None and body.prefix is not None else "preferred_name"
    )
    name = getattr(body, field)
    if not name or not _NAME.fullmatch(name):
        raise InvalidField(
            f"input.{field} should be 1 to 16 letters, digits and underscores "
            f"(got {(name or '')[:100]!r})",
            param=f"input.{field}",
        )
    return str(name)


def target_of(body: EnrolmentInput, *, strict: bool) -> str:
    """Raises `InvalidField`."""
    model = body.target_model
    if not model or len(model) > _MAX_MODEL_CHARS or (strict and model not in _STRICT_TARGETS):
        raise InvalidField(
            f"input.target_model should be one of {[*_STRICT_TARGETS]} "
            f"(got {(model or '')[:_MAX_MODEL_CHARS]!r})",
            param="input.target_model",
        )
    return model


def address_of(body: EnrolmentInput) -> str:
    """The address of the sample. Raises `InvalidField`."""
    address = body.audio.data if body.audio is not None else body.url
    if not address:
        raise InvalidField("input.audio.data: Field required", param="input.audio.data")
    return address


def language_of(body: EnrolmentInput) -> str:
    """A code, a dialect's word, or nothing. Raises `InvalidField`."""
    asked = body.language or next(iter(body.language_hints or ()), None)
    if asked and asked.lower() in DIALECTS:
        return asked.lower()
    return languages.asked_for(asked or None, field="input.language") or ""


def voice_of(body: EnrolmentInput) -> str:
    """Raises `InvalidField`."""
    voice_id = body.voice or body.voice_id
    if not voice_id:
        raise InvalidField("input.voice: Field required", param="input.voice")
    return voice_id


def page_of(body: EnrolmentInput) -> tuple[int, int]:
    """Index and size. Raises `InvalidField`."""
    for name, least in (("page_index", 0), ("page_size", 1)):
        value = getattr(body, name)
        if not least <= value <= _MAX_PAGE:
            raise InvalidField(
                f"input.{name} should be in [{least}, {_MAX_PAGE}] (got {value})",
                param=f"input.{name}",
            )
    return body.page_index, body.page_size
