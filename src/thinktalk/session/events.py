"""What a session tells its client. Each dialect says it in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from thinktalk.media.types import Audio
from thinktalk.session.items import Item

ResponseStatus = Literal["in_progress", "completed", "cancelled", "incomplete", "failed"]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundJudged:
    """What a sound was that came while the assistant spoke; `after_ms` is since its onset."""

    item_id: str
    kind: str
    probability: float
    reason: str
    text: str
    audio_start_ms: int
    after_ms: int


@dataclass(frozen=True, slots=True)
class InputCommitted:
    item_id: str
    previous_item_id: str | None


@dataclass(frozen=True, slots=True)
class InputCleared:
    pass


@dataclass(frozen=True, slots=True)
class ItemCreated:
    """`is_whole`: nothing will be added to it."""

    item: Item
    previous_item_id: str | None
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class ItemRetrieved:
    item: Item


@dataclass(frozen=True, slots=True)
class ItemDeleted:
    item_id: str


@dataclass(frozen=True, slots=True)
class ItemTruncated:
    item_id: str
    content_index: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the user seems to say: `confirmed` stays, `pending` may change."""

    item_id: str
    confirmed: str
    pending: str
    language: str


@dataclass(frozen=True, slots=True)
class Transcribed:
    item_id: str
    transcript: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class TranscriptionFailed:
    item_id: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseState:
    """A response as it stands. `reason` says why it is cancelled or incomplete.

    One that `is_detached` leaves nothing in the conversation.
    """

    id: str
    speaks: bool
    voice: str
    is_detached: bool = False
    status: ResponseStatus = "in_progress"
    reason: str | None = None
    error: Exception | None = None
    output: tuple[Item, ...] = ()
    usage: Any = None
    metadata: Mapping[str, Any] | None = None
    reports: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponseCreated:
    response: ResponseState


@dataclass(frozen=True, slots=True)
class ResponseDone:
    response: ResponseState


@dataclass(frozen=True, slots=True)
class OutputItemAdded:
    response_id: str
    output_index: int
    item: Item


@dataclass(frozen=True, slots=True)
class OutputItemDone:
    response_id: str
    output_index: int
    item: Item


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the output of a response something belongs."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0


@dataclass(frozen=True, slots=True)
class ContentPartAdded:
    place: Place
    is_spoken: bool


@dataclass(frozen=True, slots=True)
class ContentPartDone:
    place: Place
    is_spoken: bool
    text: str


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of the reply; where `is_spoken`, of the transcript of its sound."""

    place: Place
    text: str
    is_spoken: bool


@dataclass(frozen=True, slots=True)
class ReplyTextDone:
    place: Place
    text: str
    is_spoken: bool


@dataclass(frozen=True, slots=True, eq=False)
class ReplyAudio:
    place: Place
    audio: Audio


@dataclass(frozen=True, slots=True)
class ReplyAudioDone:
    """`is_cut`: nothing of the sound may follow, not even what is held back by now."""

    place: Place
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class CallArguments:
    place: Place
    call_id: str
    delta: str


@dataclass(frozen=True, slots=True)
class CallArgumentsDone:
    place: Place
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """`settings` as the client sees them; the session does not read them."""

    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionResumed:
    """An earlier conversation goes on: its settings, and its items in order."""

    settings: Mapping[str, Any]
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionFinished:
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """Something could not be done. `is_final`: the session ends with it."""

    error: Exception
    event_id: str | None = None
    is_final: bool = False


SessionEvent = (
    SpeechStarted
    | SpeechStopped
    | SoundJudged
    | InputCommitted
    | InputCleared
    | ItemCreated
    | ItemRetrieved
    | ItemDeleted
    | ItemTruncated
    | Hypothesis
    | Transcribed
    | TranscriptionFailed
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | ReplyText
    | ReplyTextDone
    | ReplyAudio
    | ReplyAudioDone
    | CallArguments
    | CallArgumentsDone
    | SettingsChanged
    | SessionResumed
    | SessionFinished
    | Fault
)
