"""What clients of the realtime socket send. Shapes and ranges only.

A session is kept in the shape of its dialect and read anew after each change. Unknown keys are
ignored; a null means the default, unless the field says otherwise.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from thinktalk.api.openai.schemas import Items, VoiceId, Wire, within
from thinktalk.errors import InvalidField

Number = float | int


def _range(param: str, low: float, high: float) -> AfterValidator:
    return within(
        f"session.{param}",
        f"{param} should be in [{low:g}, {high:g}]",
        lambda value: low <= value <= high,
    )


def _modalities(value: list[str] | None) -> list[str] | None:
    if value is not None and sorted(value) not in (["text"], ["audio", "text"]):
        raise InvalidField(
            f"Invalid modalities: {value}. Supported combinations are: ['text'] and "
            "['audio', 'text'].",
            param="session.modalities",
        )
    return value


class TurnDetectionBody(Wire):
    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: Annotated[Number | None, _range("turn_detection.threshold", -1, 1)] = None
    prefix_padding_ms: Annotated[
        int | None, _range("turn_detection.prefix_padding_ms", 0, 5000)
    ] = None
    silence_duration_ms: Annotated[
        int | None, _range("turn_detection.silence_duration_ms", 200, 6000)
    ] = None
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None
    idle_timeout_ms: Annotated[
        int | None, _range("turn_detection.idle_timeout_ms", 5000, 30000)
    ] = None


class TranscriptionBody(Wire):
    model: str | None = None
    language: str | None = None


class FormatBody(Wire):
    type: str | None = None
    sample_rate: Annotated[int | None, _range("audio.format.sample_rate", 8000, 48000)] = None
    rate: Annotated[int | None, _range("audio.format.rate", 8000, 48000)] = None


class FlatSideBody(Wire):
    format: FormatBody | None = None


class FlatAudioBody(Wire):
    input: FlatSideBody | None = None
    output: FlatSideBody | None = None


class SamplingBody(Wire):
    temperature: Annotated[
        Number | None,
        within("session.temperature", "temperature should be in [0, 2)", lambda v: 0 <= v < 2),
    ] = None
    top_p: Annotated[
        Number | None,
        within("session.top_p", "top_p should be in (0, 1]", lambda v: 0 < v <= 1),
    ] = None
    top_k: Annotated[
        int | None, within("session.top_k", "top_k should be at least 0", lambda v: v >= 0)
    ] = None
    repetition_penalty: Annotated[
        Number | None,
        within(
            "session.repetition_penalty", "repetition_penalty should be over 0", lambda v: v > 0
        ),
    ] = None
    presence_penalty: Annotated[Number | None, _range("presence_penalty", -2, 2)] = None
    seed: Annotated[int | None, _range("seed", -1, 2**31 - 1)] = None


MaxTokens = Annotated[int, Field(ge=1)] | Literal["inf"] | None
ToolChoiceBody = str | dict[str, Any] | None


class FlatSession(SamplingBody):
    """The session of DashScope and of OpenAI's beta."""

    modalities: Annotated[list[str] | None, AfterValidator(_modalities)] = None
    voice: str | VoiceId | None = None
    instructions: str | None = None
    input_audio_format: str | None = None
    output_audio_format: str | None = None
    audio: FlatAudioBody | None = None
    input_audio_transcription: TranscriptionBody | None = None
    turn_detection: TurnDetectionBody | None = None
    max_tokens: MaxTokens = None
    max_response_output_tokens: MaxTokens = None
    speed: Annotated[Number | None, _range("speed", 0.25, 4)] = None
    tools: Items[dict[str, Any]] | None = None
    tool_choice: ToolChoiceBody = None


class NestedInput(Wire):
    format: FormatBody | None = None
    transcription: TranscriptionBody | None = None
    turn_detection: TurnDetectionBody | None = None


class NestedOutput(Wire):
    format: FormatBody | None = None
    voice: str | VoiceId | None = None
    speed: Annotated[Number | None, _range("audio.output.speed", 0.25, 4)] = None


class NestedAudio(Wire):
    input: NestedInput = NestedInput()
    output: NestedOutput = NestedOutput()


class NestedSession(SamplingBody):
    """The session of OpenAI's general availability."""

    output_modalities: Items[Literal["text", "audio"]] | None = None
    instructions: str | None = None
    audio: NestedAudio = NestedAudio()
    max_output_tokens: MaxTokens = None
    tools: Items[dict[str, Any]] | None = None
    tool_choice: ToolChoiceBody = None


class ContentBody(Wire):
    type: str
    text: str | None = None
    audio: str | None = None
    transcript: str | None = None
    image_url: str | None = None


class ItemBody(Wire):
    id: str | None = Field(None, max_length=64)
    type: Literal["message", "function_call", "function_call_output"] = "message"
    role: Literal["user", "assistant", "system"] | None = None
    content: Items[ContentBody] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | None = None


class ResponseBody(Wire):
    conversation: Literal["auto", "none"] | None = None
    input: Items[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None
