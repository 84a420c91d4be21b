"""OpenAI's dialect of general availability: a nested session, and other names for some events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from thinktalk.api.realtime import wanted
from thinktalk.api.realtime.audio import WireFormat
from thinktalk.api.realtime.dialect import Frame, State
from thinktalk.api.realtime.flat import openai_words
from thinktalk.api.realtime.rendering import Renderer
from thinktalk.api.realtime.schemas import FormatBody, NestedSession, read
from thinktalk.api.realtime.wanted import TurnDefaults, Wanted
from thinktalk.errors import InvalidField
from thinktalk.serving.models import ServedModel
from thinktalk.session import events as said
from thinktalk.session.events import SessionEvent
from thinktalk.session.ids import new_id

_TURNS = TurnDefaults(silence_ms=500)
_RATE = 24_000
_ENCODINGS = {"audio/pcm": "pcm", "audio/pcmu": "pcmu", "audio/pcma": "pcma"}
_RENAMED = {
    "response.text.": "response.output_text.",
    "response.audio.": "response.output_audio.",
    "response.audio_transcript.": "response.output_audio_transcript.",
}


class NestedDialect:
    """A `Dialect`."""

    voice_param = "session.audio.output.voice"
    input_format_param = "session.audio.input.format"

    def __init__(self) -> None:
        self._renderer = Renderer(openai_words(), new_id("conv"))
        self._output: State = {}  # of responses to come
        self._response_output: State = {}
        self._is_detached = False

    def opening(self, session_id: str, model: ServedModel, lifetime_s: float) -> State:
        sound = {"type": "audio/pcm", "rate": _RATE}
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": model.id,
            "output_modalities": ["audio"],
            "instructions": "",
            "audio": {
                "input": {
                    "format": sound,
                    "transcription": None,
                    "noise_reduction": None,
                    "turn_detection": wanted.turn_shape(_TURNS),
                },
                "output": {"format": sound, "voice": model.defaults.voice, "speed": 1.0},
            },
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "truncation": "auto",
            "expires_at": int(time.time() + lifetime_s),
            "include": None,
            "tracing": None,
            "prompt": None,
        }

    def read(self, state: Mapping[str, Any], model: ServedModel) -> Wanted:
        body = read(NestedSession, state, "session")
        sound = body.audio
        tools, choice = wanted.tools(body.tools, body.tool_choice)
        transcription = sound.input.transcription
        return Wanted(
            speaks="audio" in (body.output_modalities or ["audio"]),
            voice=sound.output.voice,
            instructions=body.instructions or "",
            transcribes=transcription is not None,
            language=transcription.language if transcription else None,
            turns=wanted.turn_rules(
                sound.input.turn_detection, _TURNS, "session.audio.input.turn_detection"
            ),
            sampling=wanted.sampling(body, body.max_output_tokens, model.defaults.live),
            speed=sound.output.speed or 1.0,
            tools=tools,
            tool_choice=choice,
            input_format=_format(sound.input.format, "input"),
            output_format=_format(sound.output.format, "output"),
        )

    def changed(self, state: Mapping[str, Any], changes: Mapping[str, Any]) -> State:
        kept = {key: value for key, value in changes.items() if key not in _OURS}
        kind = kept.get("type", "realtime")
        if kind not in ("realtime", "transcription"):
            raise InvalidField(
                f"session.type should be realtime or transcription (got {kind!r})",
                param="session.type",
            )
        result = wanted.merged(state, kept)
        given = _turns(kept)
        if isinstance(given, dict):
            result["audio"]["input"] = {
                **result["audio"]["input"],
                "turn_detection": wanted.turn_detection(_turns(state), given, _TURNS),
            }
        return result

    def for_response(self, state: Mapping[str, Any], body: Mapping[str, Any]) -> State:
        given = {key: value for key, value in body.items() if value is not None}
        if "modalities" in given:
            given["output_modalities"] = given.pop("modalities")
        if "voice" in given:
            given["audio"] = {"output": {"voice": given.pop("voice")}}
        return wanted.merged(state, {k: v for k, v in given.items() if k in _PER_RESPONSE})

    def greeting(self, state: State) -> Iterator[Frame]:
        yield {"type": "session.created", "session": state}

    def use(self, state: Mapping[str, Any], output_format: WireFormat) -> None:
        self._renderer.output_format = output_format
        self._output = dict((state.get("audio") or {}).get("output") or {})

    def frames(self, event: SessionEvent) -> Iterator[Frame]:
        if isinstance(event, said.ResponseCreated):
            self._response_output = self._output
            self._is_detached = event.response.is_detached
        for frame in self._renderer.frames(event):
            kind = frame["type"]
            for old, new in _RENAMED.items():
                if kind.startswith(old):
                    frame["type"] = new + kind.removeprefix(old)
            if "item" in frame:
                _rename_content([frame["item"]])
            if "response" in frame:
                frame["response"] = self._response(frame["response"])
            if kind == "conversation.item.created":
                yield from _added(frame, event)
            elif kind == "response.output_item.done":
                yield frame
                if not self._is_detached:
                    yield {"type": "conversation.item.done", "item": frame["item"]}
            else:
                yield frame

    def _response(self, body: dict[str, Any]) -> dict[str, Any]:
        speaks = "audio" in body.pop("modalities")
        _rename_content(body["output"])
        sound = {key: self._response_output.get(key) for key in ("format", "voice")}
        sound["voice"] = body.pop("voice")
        del body["output_audio_format"]
        return {
            **body,
            "output_modalities": ["audio"] if speaks else ["text"],
            "audio": {"output": sound},
        }


def _turns(session: Mapping[str, Any]) -> Any:
    sound = session.get("audio")
    side = sound.get("input") if isinstance(sound, Mapping) else None
    return side.get("turn_detection") if isinstance(side, Mapping) else None


def _added(frame: Frame, event: SessionEvent) -> Iterator[Frame]:
    """One event there, two here: an item of ours is done only later."""
    yield {**frame, "type": "conversation.item.added"}
    if isinstance(event, said.ItemCreated) and event.is_whole:
        yield {**frame, "type": "conversation.item.done"}


def _rename_content(items: list[dict[str, Any]]) -> None:
    for item in items:
        for part in item.get("content") or ():
            if part["type"] == "audio":
                part["type"] = "output_audio"
                part.pop("text", None)
            elif part["type"] == "text":
                part["type"] = "output_text"


def _format(body: FormatBody | None, side: str) -> WireFormat:
    if body is None or body.type is None:
        return WireFormat("pcm", (body and body.rate) or _RATE)
    if body.type not in _ENCODINGS:
        raise InvalidField(
            f"audio.{side}.format.type should be one of {', '.join(_ENCODINGS)} "
            f"(got {body.type!r})",
            param=f"session.audio.{side}.format.type",
        )
    if body.type != "audio/pcm":
        return WireFormat("pcmu" if body.type == "audio/pcmu" else "pcma", 8_000)
    return WireFormat("pcm", body.rate or body.sample_rate or _RATE)


_OURS = frozenset({"id", "object", "model", "expires_at"})
_PER_RESPONSE = frozenset(
    {
        *("instructions", "output_modalities", "audio", "tools", "tool_choice", "temperature"),
        "max_output_tokens",
    }
)
