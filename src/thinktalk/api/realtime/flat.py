"""The dialects whose session is one level deep: DashScope's, and OpenAI's beta."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from thinktalk.api.realtime import wanted
from thinktalk.api.realtime.audio import Encoding, WireFormat
from thinktalk.api.realtime.dialect import Frame, State
from thinktalk.api.realtime.rendering import Renderer, Words
from thinktalk.api.realtime.schemas import FlatAudioBody, FlatSession, FlatSideBody, read
from thinktalk.api.realtime.wanted import TurnDefaults, Wanted
from thinktalk.errors import InvalidField
from thinktalk.serving.models import ServedModel
from thinktalk.serving.usage import TokenUsage
from thinktalk.session.events import Hypothesis, SessionEvent, Transcribed
from thinktalk.session.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One flat dialect. `formats` are the short names of input and output formats.

    `sampling` names the settings of which each family of models has defaults of its own.
    """

    words: Callable[[], Words]
    input_formats: Mapping[str, WireFormat]
    output_formats: Mapping[str, WireFormat]
    turns: TurnDefaults
    defaults: Mapping[str, Any]
    sampling: tuple[str, ...]
    length_key: str
    greets_twice: bool = False


class FlatDialect:
    """A `Dialect`."""

    voice_param = "session.voice"
    input_format_param = "session.input_audio_format"

    def __init__(self, kind: _Kind) -> None:
        self._kind = kind
        self.conversation_id = new_id("conv")
        self._renderer = Renderer(kind.words(), self.conversation_id)

    def opening(self, session_id: str, model: ServedModel, lifetime_s: float) -> State:
        sampling = {name: getattr(model.defaults.live, name) for name in self._kind.sampling}
        state: State = {
            "object": "realtime.session",
            "id": session_id,
            "model": model.id,
            "modalities": ["text", "audio"],
            "voice": model.defaults.voice,
            "instructions": "",
            **self._kind.defaults,
            **sampling,
        }
        if self._kind.length_key == "max_response_output_tokens":
            state["expires_at"] = int(time.time() + lifetime_s)
        return state

    def read(self, state: Mapping[str, Any], model: ServedModel) -> Wanted:
        body = read(FlatSession, state, "session")
        speaks = "audio" in (body.modalities or ["text", "audio"])
        tools, choice = wanted.tools(body.tools, body.tool_choice)
        sides = body.audio or FlatAudioBody()
        input_format = self._format(body.input_audio_format, sides.input, is_input=True)
        output_format = self._format(body.output_audio_format, sides.output, is_input=False)
        if tools and body.enable_search:
            raise InvalidField(
                "tools and enable_search do not go together", param="session.enable_search"
            )
        transcription = body.input_audio_transcription
        return Wanted(
            speaks=speaks,
            voice=body.voice,
            instructions=body.instructions or "",
            transcribes=transcription is not None,
            language=transcription.language if transcription else None,
            turns=wanted.turn_rules(
                body.turn_detection, self._kind.turns, "session.turn_detection"
            ),
            sampling=wanted.sampling(
                body, body.max_tokens or body.max_response_output_tokens, model.defaults.live
            ),
            speed=body.speed or 1.0,
            tools=tools,
            tool_choice=choice,
            input_format=input_format,
            output_format=output_format,
        )

    def changed(self, state: Mapping[str, Any], changes: Mapping[str, Any]) -> State:
        kept = {key: value for key, value in changes.items() if key not in _OURS}
        if kept.get("voice", "") is None:
            del kept["voice"]
        result = wanted.merged(state, kept)
        transcription = result.get("input_audio_transcription")
        if isinstance(transcription, dict) and transcription.get("model", "") is None:
            result["input_audio_transcription"] = {**transcription, **_TRANSCRIBER}
        if isinstance(given := kept.get("turn_detection"), dict):
            before = state.get("turn_detection")
            result["turn_detection"] = wanted.turn_detection(before, given, self._kind.turns)
        return result

    def for_response(self, state: Mapping[str, Any], body: Mapping[str, Any]) -> State:
        given = {key: value for key, value in body.items() if value is not None}
        if "output_modalities" in given:
            given["modalities"] = given.pop("output_modalities")
        if isinstance(given.get("modalities"), list) and "audio" in given["modalities"]:
            given["modalities"] = ["text", "audio"]
        if "max_output_tokens" in given:
            given[self._kind.length_key] = given.pop("max_output_tokens")
        audio = given.pop("audio", None)
        output = audio.get("output") if isinstance(audio, dict) else None
        if isinstance(output, dict) and (voice := output.get("voice")):
            given["voice"] = voice
        return wanted.merged(state, {k: v for k, v in given.items() if k in _PER_RESPONSE})

    def greeting(self, state: State) -> Iterator[Frame]:
        told = {key: value for key, value in state.items() if key not in _TOLD_LATER}
        yield {"type": "session.created", "session": told}
        if self._kind.greets_twice:
            conversation = {"id": self.conversation_id, "object": "realtime.conversation"}
            yield {"type": "conversation.created", "conversation": conversation}

    def use(self, state: Mapping[str, Any], output_format: WireFormat) -> None:
        self._renderer.output_format = output_format
        self._renderer.format_name = state.get("output_audio_format", "pcm")

    def frames(self, event: SessionEvent) -> Iterator[Frame]:
        return self._renderer.frames(event)

    def _format(
        self, name: str | None, sound: FlatSideBody | None, *, is_input: bool
    ) -> WireFormat:
        side = "input" if is_input else "output"
        formats = self._kind.input_formats if is_input else self._kind.output_formats
        usual = next(iter(formats.values()))
        if sound is not None and (nested := sound.format) is not None:
            kind: str = nested.type or "pcm"
            if kind not in ("pcm", "wav"):
                raise InvalidField(
                    f"audio.{side}.format.type should be pcm or wav (got {kind!r})",
                    param=f"session.audio.{side}.format.type",
                )
            encoding: Encoding = "wav" if kind == "wav" else "pcm"
            return WireFormat(encoding, nested.sample_rate or nested.rate or usual.rate)
        if name is None:
            return usual
        if name not in formats:
            raise InvalidField(
                f"{side}_audio_format should be one of {', '.join(formats)} (got {name!r})",
                param=f"session.{side}_audio_format",
            )
        return formats[name]


_OURS = frozenset({"id", "object", "model", "expires_at"})
_PER_RESPONSE = frozenset(
    {
        *("instructions", "modalities", "voice", "tools", "tool_choice", "temperature"),
        *("max_tokens", "max_response_output_tokens"),
    }
)
# Not before the first update.
_TOLD_LATER = frozenset(
    {
        *("max_response_output_token", "max_tokens", "seed"),
        *("top_p", "top_k", "repetition_penalty", "presence_penalty"),
    }
)
_TRANSCRIBER = {"model": "qwen3-asr-flash-realtime"}


def _dashscope_words() -> Words:
    def hypothesis(heard: Hypothesis) -> Frame:
        return {
            "text": heard.confirmed,
            "stash": heard.pending,
            "language": heard.language,
            "emotion": "neutral",
            "obfuscation": "",
        }

    def usage(used: TokenUsage) -> dict[str, Any]:
        return {
            "total_tokens": used.total,
            "input_tokens": used.prompt,
            "output_tokens": used.completion,
            "input_tokens_details": {
                "text_tokens": used.prompt_text,
                "audio_tokens": used.prompt_audio,
                "image_tokens": used.prompt_image + used.prompt_video,
            },
            "output_tokens_details": {
                "text_tokens": used.completion_text,
                "audio_tokens": used.completion_audio,
            },
        }

    return Words(hypothesis, usage)


def openai_usage(used: TokenUsage) -> dict[str, Any]:
    """Usage in OpenAI's words."""
    return {
        "total_tokens": used.total,
        "input_tokens": used.prompt,
        "output_tokens": used.completion,
        "input_token_details": {
            "text_tokens": used.prompt_text,
            "audio_tokens": used.prompt_audio,
            "image_tokens": used.prompt_image + used.prompt_video,
            "cached_tokens": 0,
        },
        "output_token_details": {
            "text_tokens": used.completion_text,
            "audio_tokens": used.completion_audio,
        },
    }


def openai_words() -> Words:
    """OpenAI's deltas of a transcript are what is new: what may still change waits for the end."""
    told: dict[str, str] = {}

    def hypothesis(heard: Hypothesis) -> Frame | None:
        before, text = told.get(heard.item_id, ""), heard.confirmed.lstrip()
        if len(text) <= len(before):
            return None
        while len(told) > _MAX_TOLD:  # of turns that came to nothing
            del told[next(iter(told))]
        told[heard.item_id] = text
        return {"delta": text[len(before) :]}

    def rest(heard: Transcribed) -> Frame | None:
        before = told.pop(heard.item_id, "")
        left = heard.transcript.removeprefix(before)
        if not left or not heard.transcript.startswith(before):
            return None
        return {"delta": left}

    return Words(hypothesis, openai_usage, rest, has_transcription_usage=True)


_MAX_TOLD = 32
_PCM16 = WireFormat("pcm", 16_000)
_PCM24 = WireFormat("pcm", 24_000)
_DASHSCOPE_TURNS = TurnDefaults(silence_ms=800, semantic_ms=800)
_OPENAI_TURNS = TurnDefaults(silence_ms=500)
_DASHSCOPE = _Kind(
    words=_dashscope_words,
    input_formats={"pcm": _PCM16, "pcm16": _PCM16, "wav": WireFormat("wav", 16_000)},
    # The last means the rate, not the width.
    output_formats={
        "pcm": _PCM24,
        "pcm16": _PCM24,
        "pcm24": _PCM24,
        "wav": WireFormat("wav", 24_000),
    },
    turns=_DASHSCOPE_TURNS,
    defaults={
        "input_audio_format": "pcm",
        "output_audio_format": "pcm",
        "input_audio_transcription": _TRANSCRIBER,
        "turn_detection": wanted.turn_shape(_DASHSCOPE_TURNS),
        "enable_search": False,
        "search_options": {},
        "tools": [],
        "tool_choice": "auto",
        "max_response_output_token": "inf",
        "max_tokens": None,
        "seed": -1,
    },
    sampling=("temperature", "top_p", "top_k", "repetition_penalty", "presence_penalty"),
    length_key="max_tokens",
)
_G711 = {"g711_ulaw": WireFormat("pcmu", 8_000), "g711_alaw": WireFormat("pcma", 8_000)}
_BETA = _Kind(
    words=openai_words,
    input_formats={"pcm16": _PCM24, **_G711},
    output_formats={"pcm16": _PCM24, **_G711},
    turns=_OPENAI_TURNS,
    defaults={
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": None,
        "turn_detection": wanted.turn_shape(_OPENAI_TURNS),
        "tools": [],
        "tool_choice": "auto",
        "max_response_output_tokens": "inf",
    },
    sampling=("temperature",),
    length_key="max_response_output_tokens",
    greets_twice=True,
)


def dashscope() -> FlatDialect:
    """The dialect of Qwen-Omni-Realtime."""
    return FlatDialect(_DASHSCOPE)


def input_of(wire: WireFormat) -> State:
    """The settings by which DashScope's clients send sound of this format."""
    return {"audio": {"input": {"format": {"type": wire.encoding, "sample_rate": wire.rate}}}}


def openai_beta() -> FlatDialect:
    """OpenAI's dialect with the header `OpenAI-Beta: realtime=v1`."""
    return FlatDialect(_BETA)
