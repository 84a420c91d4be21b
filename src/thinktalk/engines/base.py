"""The seam: what can answer a conversation, hear and speak. The interface and nothing else."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from thinktalk.conversation import Message, Tool
from thinktalk.events import AudioDelta, Event, Finished, Progress, Report, TextDelta, ToolCallDelta
from thinktalk.media import budget
from thinktalk.media.types import Audio, FrameSampling, Recording, Samples
from thinktalk.settings import MediaPolicy
from thinktalk.voices.fitting import VoiceFit


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is drawn. Defaults are the hosted 3.5 family's.

    `top_k` 0 disables it. `max_tokens` None means as many as the window holds, 0 only to read the
    prompt (`Capabilities.reads_ahead`). Without a `seed` each run differs.
    """

    temperature: float = 0.7
    top_p: float = 0.8
    top_k: int = 20
    max_tokens: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[tuple[int, ...], ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class VoiceRef:
    """Whose voice: a catalogue `name`, or a `sample` to sound like, saying `sample_text`.

    `fit` is what the talker's own fitter made of a sample. A talker that can use neither speaks as
    `name`, which is then the catalogue's nearest.
    """

    name: str
    sample: Audio | None = None
    sample_text: str | None = None
    fit: VoiceFit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechOptions:
    """`speed` 1.0 is natural; `language` an ISO 639-1 code, None detects it clause by clause.

    `instructions` say in words how to speak ("in a cheerful voice"). A talker that does not
    understand words reads them with `delivery.read`.
    """

    voice: VoiceRef
    speed: float = 1.0
    language: str | None = None
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`named` goes with a function's `name`; the other modes have none."""

    mode: Literal["auto", "none", "required", "named"] = "auto"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """`schema` goes with `json_schema` only."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """One conversation to answer. `speech` None means text only.

    `media_policy` says what to do with media that the engine has no room for.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    speech: SpeechOptions | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = field(default_factory=ToolChoice)
    parallel_tool_calls: bool = False
    response_format: ResponseFormat = field(default_factory=ResponseFormat)
    media_policy: MediaPolicy = "fit"


# Of Qwen's vision encoders: the fewest and the most tokens of an image, and of two frames together.
# Source: preprocessor_config.json of Qwen3-Omni-30B-A3B, and `videos_kwargs` of Transformers'
# Qwen3OmniMoeProcessor.
_IMAGE_BOUNDS, _FRAMES_BOUNDS = (4, 12_544), (128, 768)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealCosts:
    """What media take of an engine's own window, in tokens: estimates, to plan by.

    `image` is of one, `video` of the pictures of a whole one; None: by their pixels, as Qwen's
    vision encoders count them. What exceeds the window is read in parts of `part_tokens`; None:
    nothing is, and pictures are made smaller. `reply_tokens` are kept free.
    """

    speech_per_s: float
    image: int | None
    video: int | None
    part_tokens: int | None
    reply_tokens: int = 1024

    def image_tokens(self, width: int, height: int) -> int:
        """Of an image of this size, in pixels."""
        if self.image is not None:
            return self.image
        return _patches(width, height, *_IMAGE_BOUNDS)

    def video_tokens(self, num_frames: int, width: int, height: int) -> int:
        """Of the frames of a video, as an engine gets them. Two share their tokens."""
        if self.video is not None:
            return self.video
        return math.ceil(num_frames / 2) * _patches(width, height, *_FRAMES_BOUNDS)


def _patches(width: int, height: int, least: int, most: int) -> int:
    """Tokens of a picture after its resize."""
    per_token = budget.PIXELS_PER_TOKEN
    size = budget.fitted_size(width, height, least * per_token, most * per_token)
    return math.prod(size) // per_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine is and takes. `parts` says which weights do what, for people to read;
    `speakers` are voices of its own, `spoken_by` which of them each voice of the catalogue is;
    without, voices sound as the catalogue says.

    `costs` None: media take the documented tokens. An engine that `reads_ahead` answers sooner
    what begins like a request that it was given before with `max_tokens` 0.
    """

    name: str
    parts: dict[str, str] = field(default_factory=dict)
    context_tokens: int = 32768
    max_output_tokens: int = 8192
    frames: FrameSampling = field(default_factory=FrameSampling)
    costs: RealCosts | None = None
    speech: bool = True
    speakers: tuple[str, ...] = ()
    spoken_by: dict[str, str] = field(default_factory=dict)
    reads_ahead: bool = False
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """Anything that answers."""

    @property
    def capabilities(self) -> Capabilities: ...

    def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Yield deltas in order, then exactly one `Finished`. Closing the generator cancels."""
        ...

    async def start(self) -> None:
        """Load and warm up; idempotent."""
        ...

    async def stop(self) -> None:
        """Release everything; running generations are cancelled."""
        ...


Thought = TextDelta | ToolCallDelta | Progress | Report | Finished


class Thinker(Protocol):
    """Writes the reply."""

    def think(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        """Yield thoughts in order, then exactly one `Finished`. Closing cancels within a token."""
        ...


class Talker(Protocol):
    """Speaks what the thinker writes, while it is being written."""

    @property
    def sample_rate(self) -> int:
        """Hz of every delta it yields."""
        ...

    def talk(
        self, thoughts: AsyncIterator[Thought], speech: SpeechOptions
    ) -> AsyncGenerator[AudioDelta, None]:
        """Speak the text among `thoughts`; ends when they end. Closing stops synthesis."""
        ...


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start_s: float
    end_s: float
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of recognised speech; times are from the start of the audio."""

    start_s: float
    end_s: float
    text: str
    language: str
    words: tuple[Word, ...] = ()
    tokens: tuple[int, ...] = ()
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    compression_ratio: float = 1.0
    temperature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizeOptions:
    """`language` ISO 639-1, None detects it; `translate` gives English."""

    language: str | None = None
    translate: bool = False
    prompt: str | None = None
    temperature: float = 0.0
    word_times: bool = False


class Recognizer(Protocol):
    """Hears speech."""

    def recognize(
        self, audio: Audio | Recording, options: RecognizeOptions
    ) -> AsyncGenerator[Segment, None]:
        """Yield segments in time order; none where nobody speaks. Closing cancels."""
        ...


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the start of an utterance reads like.

    Attributes:
        text: the likeliest reading.
        readings: this and others, each with its probability; they need not add up to 1.
        no_speech: how likely it is that there are no words in it.
    """

    text: str
    readings: tuple[tuple[str, float], ...] = ()
    no_speech: float = 0.0


# Reads the start of an utterance, at 16 kHz, in a tenth of a second: language, and likely words.
# Those who have but one reading return its text.
Glance = Callable[[Samples, str, str], Awaitable[Glimpse | str]]


class Synthesizer(Protocol):
    """Speaks a given text, all of it."""

    @property
    def sample_rate(self) -> int: ...

    def synthesize(self, text: str, speech: SpeechOptions) -> AsyncGenerator[AudioDelta, None]:
        """Yield speech piece by piece, first piece soon. Closing stops synthesis."""
        ...
