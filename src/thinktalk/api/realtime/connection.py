"""One client on the realtime socket: its frames in, its session's events out, until one ends.

Reading and writing are two tasks. A client that does not take what is sent slows its session down,
and is cut off after a while; what it has sent is never queued without bound, since each event is
handled before the next is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from thinktalk.api.context import ApiContext
from thinktalk.api.openai.schemas import SpeechBody
from thinktalk.api.openai.voices import VoiceReader
from thinktalk.api.realtime import flat, voice
from thinktalk.api.realtime.audio import WireFormat
from thinktalk.api.realtime.client_events import ClientEvents
from thinktalk.api.realtime.dialect import Dialect, Frame, State
from thinktalk.api.realtime.openai_ga import NestedDialect
from thinktalk.api.realtime.rendering import clipped
from thinktalk.api.realtime.resumption import Conversation, LostConversations
from thinktalk.api.realtime.schemas import size_bytes
from thinktalk.api.realtime.wanted import Wanted, merged
from thinktalk.conversation import ImagePart, VideoPart
from thinktalk.engines.base import VoiceRef
from thinktalk.errors import BadRequest, InvalidField
from thinktalk.events import Event
from thinktalk.media import budget
from thinktalk.serving.answering import Answer
from thinktalk.serving.models import ServedModel
from thinktalk.serving.usage import TokenUsage
from thinktalk.session.config import SessionConfig, TurnRules
from thinktalk.session.errors import FormatFixed, ResumedTooLate
from thinktalk.session.events import (
    Fault,
    SessionFinished,
    SessionResumed,
    SettingsChanged,
)
from thinktalk.session.ids import new_id
from thinktalk.session.outbox import Outbox
from thinktalk.session.ports import Build, Ports
from thinktalk.session.session import Session, SessionLimits

_NORMAL, _FATAL, _INTERNAL, _RESTART, _OVERLOADED = 1000, 1007, 1011, 1012, 1013
_FRAMES_A_SECOND = 1.0  # of a video call
_MAX_REASON_BYTES = 123
_LIGHT_SILENCE_MS = 500
_CONTEXT_TOKENS = 196_608  # of the hosted realtime models
_MAX_SETTINGS_BYTES = 1024 * 1024
_MAX_EVENT_ID_CHARS = 512

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Farewell:
    code: int = _NORMAL
    reason: str = ""


class Connection:
    """A client that has been let in.

    Args:
        caller: whose limits, files and voices count.
        lost: keeps the conversation when the connection is lost.
        preset: settings that come with the key, in OpenAI's nested shape.
    """

    def __init__(
        self,
        socket: WebSocket,
        context: ApiContext,
        model: ServedModel,
        dialect: Dialect,
        caller: str,
        lost: LostConversations,
        preset: Mapping[str, Any],
    ) -> None:
        self._socket = socket
        self._context = context
        self.model = model
        self._dialect = dialect
        self.caller = caller
        self._lost = lost
        self._resuming: str | None = None
        self._is_unwanted, self._has_ended = asyncio.Event(), asyncio.Event()
        self._is_finishing = asyncio.Event()
        self._voices = VoiceReader.of(context).on_behalf_of(caller)
        self._outbox = Outbox()
        limits = context.settings.realtime
        self.session = Session(
            SessionConfig(),
            self._ports(),
            self._outbox,
            SessionLimits(
                max_turn_s=limits.max_turn_s,
                idle_s=limits.idle_s,
                lifetime_s=limits.max_session_s,
            ),
        )
        self._state: State = {}
        self._wanted: Wanted | None = None
        self._preset = preset if isinstance(dialect, NestedDialect) else {}
        self._was_updated = bool(self._preset)

    @property
    def session_id(self) -> str:
        """Of the conversation that is held here, or is about to be."""
        return self._resuming or self.session.id

    @property
    def input_format(self) -> WireFormat:
        assert self._wanted is not None
        return self._wanted.input_format

    @property
    def max_turn_s(self) -> float:
        return self._context.settings.realtime.max_turn_s

    async def run(self) -> None:
        """Serve until either side ends it."""
        await self._open()
        for frame in self._dialect.greeting(self._state):
            await self._send(frame)
        self.session.start()
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        tasks = (
            *(reading, writing),
            asyncio.create_task(self._finish(self._is_finishing)),
            asyncio.create_task(self._finish(self._context.lifecycle.draining)),
            asyncio.create_task(self._is_unwanted.wait()),
        )
        self._lost.connected(self)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            farewell = await self._farewell(reading, writing)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.session.close()
            self._lost.disconnected(self)
            self._has_ended.set()
        if farewell is not None:
            await self._say_goodbye(farewell)

    # -- settings

    async def update(self, changes: Mapping[str, Any]) -> None:
        """Change the session's settings, all or none.

        Raises:
            InvalidField, UnknownVoice, VoiceFixed, FormatFixed
        """
        dialect, state = self._dialect, self._state
        if not self._was_updated and _is_dashscope(changes) and isinstance(dialect, NestedDialect):
            # Gateways expose the hosted service at this path, and its clients come along.
            dialect, state = flat.dashscope(), self._opening(flat.dashscope())
            if self.session.has_sound:
                state = dialect.changed(state, flat.input_of(self.input_format))
        await self._settle(dialect, dialect.changed(state, changes))
        self._was_updated = True
        self._outbox.put(SettingsChanged(self._state))

    async def resume(self, session_id: str) -> None:
        """Go on with a conversation of the same caller whose connection was lost, or should be.

        Raises:
            ResumedTooLate, NothingToResume. InvalidField: it is with another model.
        """
        if not self.session.is_fresh:
            raise ResumedTooLate
        kept = await self._lost.claim(session_id, self)
        self._resuming = session_id
        try:
            await self._settle(kept.dialect, kept.settings)
        except BaseException:  # this connection may be lost, too
            self._lost.keep(kept)
            raise
        finally:
            self._resuming = None
        self.session.resume(kept.memory)
        self._was_updated = True
        ids = tuple(item.id for item in kept.memory.items)
        self._outbox.put(SessionResumed(self._state, ids))

    async def give_way(self) -> None:
        """End, for another connection; returns when the session is closed."""
        self._is_unwanted.set()
        await self._has_ended.wait()

    @property
    def conversation(self) -> Conversation | None:
        """What there is to resume, once this is closed."""
        memory = self.session.memory
        if memory is None or self._context.lifecycle.is_draining:
            return None
        return Conversation(memory, self.caller, self.model, self._dialect, self._state)

    async def config_for(self, body: Mapping[str, Any]) -> SessionConfig:
        """As `Settled.config_for`."""
        dialect = self._dialect
        try:
            wanted = await self._read_settings(dialect, dialect.for_response(self._state, body))
            return await self._config(dialect, wanted)
        except BadRequest as error:
            if error.param:
                error.param = error.param.replace("session", "response", 1)
            raise

    async def _open(self) -> None:
        dialect, opening = self._dialect, self._opening(self._dialect)
        try:
            await self._settle(dialect, dialect.changed(opening, self._preset))
        except BadRequest as error:  # a voice may have been deleted since the key was lent
            self._outbox.put(Fault(_light(error)))
            await self._open_in_usual_voice(dialect, opening)

    async def _open_in_usual_voice(self, dialect: Dialect, opening: State) -> None:
        usual = merged(self._preset, {"audio": {"output": {"voice": None}}})
        try:
            await self._settle(dialect, dialect.changed(opening, usual))
        except BadRequest:
            await self._settle(dialect, opening)

    def _opening(self, dialect: Dialect) -> State:
        lifetime_s = self._context.settings.realtime.max_session_s
        return dialect.opening(self.session.id, self.model, lifetime_s)

    async def _settle(self, dialect: Dialect, state: State) -> None:
        """Take over a dialect and settings, if they can be."""
        wanted = await self._read_settings(dialect, state)
        has_changed = self._wanted is not None and wanted.input_format != self._wanted.input_format
        if self.session.has_sound and has_changed:
            raise FormatFixed(dialect.input_format_param)
        self.session.update(await self._config(dialect, wanted))
        self._dialect, self._state, self._wanted = dialect, state, wanted
        dialect.use(state, wanted.output_format)

    async def _read_settings(self, dialect: Dialect, state: State) -> Wanted:
        size = size_bytes(state, "session")
        if size > _MAX_SETTINGS_BYTES:
            raise InvalidField(
                f"the session's settings have {size} bytes; the limit is {_MAX_SETTINGS_BYTES}",
                param="session",
            )
        if state.get("tools"):
            # Checking schemas may take seconds, in which others have to be answered.
            return await asyncio.to_thread(dialect.read, state, self.model)
        return dialect.read(state, self.model)

    async def _config(self, dialect: Dialect, wanted: Wanted) -> SessionConfig:
        name = wanted.voice or self.model.defaults.voice
        chosen = await voice.choose(self._voices, name, self.model, dialect.voice_param)
        return SessionConfig(
            speaks=wanted.speaks,
            voice_name=chosen.name,
            instructions=wanted.instructions,
            transcribes=wanted.transcribes,
            language=wanted.language,
            turns=self._turns(wanted.turns),
            sampling=wanted.sampling,
            speed=wanted.speed,
            tools=wanted.tools,
            tool_choice=wanted.tool_choice,
        )

    def _turns(self, rules: TurnRules | None) -> TurnRules | None:
        """The light tier, which is for speed, goes by silence alone."""
        if rules is None or self.model.tier != "light" or not rules.is_semantic:
            return rules
        return replace(rules, is_semantic=False, silence_ms=rules.silence_ms or _LIGHT_SILENCE_MS)

    async def _sound_of(self, name: str) -> VoiceRef:
        chosen = await voice.choose(self._voices, name, self.model, self._dialect.voice_param)
        options, _ = await self._voices.options(SpeechBody(voice=name), chosen)
        return options.voice

    # -- frames

    async def _read(self) -> _Farewell | None:
        events = ClientEvents(self)
        while True:
            try:
                raw = await self._receive()
            except WebSocketDisconnect:
                return None
            if self._is_finishing.is_set():
                continue  # the client has said good-bye
            self.session.touch()
            event_id = None
            try:
                event = _parsed(raw)
                event_id = _event_id(event)
                if event.get("type") == "session.finish":
                    self._is_finishing.set()
                else:
                    await events.read(event)
            except Exception as error:
                self._context.count_error(error, self.session.id)
                self._outbox.put(Fault(_light(error), event_id))
            if self._outbox.is_overflowing:
                return _Farewell(_OVERLOADED, "the client does not read what it is sent")
            # Who asks without reading waits, until the writer is at its end of patience.
            await self._outbox.room()

    async def _receive(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", _NORMAL))
        text: str | None = message.get("text")
        return bytes(message["bytes"]) if text is None else text

    async def _write(self) -> _Farewell | None:
        strict = self._context.settings.server.strict
        async with aclosing(self._outbox.events()) as events:
            async for event in events:
                for frame in self._dialect.frames(event):
                    await self._send(frame)
                if isinstance(event, Fault) and event.is_final:
                    return _Farewell(_FATAL if strict else _NORMAL, str(event.error))
                if isinstance(event, SessionFinished):
                    return _Farewell()
        return None

    async def _send(self, frame: Frame) -> None:
        text = orjson.dumps({"event_id": new_id("event"), **frame}).decode()
        try:
            async with asyncio.timeout(self._context.settings.server.write_timeout_s):
                await self._socket.send_text(text)
        except TimeoutError:
            raise WebSocketDisconnect(_OVERLOADED, "the client takes nothing") from None

    async def _finish(self, asked: asyncio.Event) -> None:
        await asked.wait()
        await self.session.finish()
        await asyncio.Event().wait()  # the writer ends it

    async def _farewell(
        self, reading: asyncio.Task[_Farewell | None], writing: asyncio.Task[_Farewell | None]
    ) -> _Farewell | None:
        """What to close with; None if the client has gone."""
        for task in (writing, reading):
            if not task.done():
                continue
            error = task.exception()
            if error is None:
                farewell = task.result()
                if farewell is not None and self._context.lifecycle.is_draining:
                    return _Farewell(_RESTART, "the server is stopping")
                return farewell
            if not isinstance(error, WebSocketDisconnect | RuntimeError):
                _log.error("session %s failed", self.session.id, exc_info=error)
                return _Farewell(_INTERNAL, "internal error")
        if self._is_unwanted.is_set():
            return _Farewell(_NORMAL, "the session was resumed on another connection")
        return None

    async def _say_goodbye(self, farewell: _Farewell) -> None:
        reason = farewell.reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
        try:
            async with asyncio.timeout(self._context.settings.server.write_timeout_s):
                await self._socket.close(farewell.code, reason)
        except (RuntimeError, WebSocketDisconnect):  # it was quicker
            _log.debug("session %s: the client closed first", self.session.id)
        except TimeoutError:
            _log.debug("session %s: the client takes nothing", self.session.id)

    # -- the world

    def _ports(self) -> Ports:
        services = self._context.services
        return Ports(
            answer=self._answer,
            voice=self._sound_of,
            pictures=self._pictures,
            activity=services.activity,
            recognizer=services.recognizer,
            family=self.model.family,
            context_tokens=min(_CONTEXT_TOKENS, self._context.answering.context_tokens),
            finished=services.finished,
            glance=services.glance,
            judge=services.judge,
            read_ahead=lambda build: self._context.answering.read_ahead(self.model, build),
        )

    def _answer(self, build: Build) -> _SessionAnswer:
        answer = self._context.answering.answer(self.model, build, caller=self.caller)
        return _SessionAnswer(answer)

    async def _pictures(self, sources: Sequence[str]) -> ImagePart | VideoPart:
        loader = self._context.services.loader.on_behalf_of(self.caller)
        family = self.model.family
        if len(sources) == 1:
            image, (width, height) = await loader.image(sources[0])
            return ImagePart(image, budget.image_cost(width, height, family).tokens)
        video = await loader.frames(sources, fps=_FRAMES_A_SECOND)
        cost = budget.video_cost(
            video.width, video.height, video.duration_s, _FRAMES_A_SECOND, family
        )
        return VideoPart(video, cost.tokens)


class _SessionAnswer:
    """An answer with one choice, as a session reads it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    @property
    def usage(self) -> TokenUsage:
        return self._answer.usage

    async def events(self) -> AsyncGenerator[Event, None]:
        async with aclosing(self._answer.events()) as events:
            async for _, event in events:
                yield event


def _parsed(raw: str | bytes) -> dict[str, Any]:
    if isinstance(raw, bytes):
        raise BadRequest("Frames are JSON text; a binary one was sent")
    try:
        event = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The frame is not JSON: {error}") from None
    if not isinstance(event, dict):
        raise BadRequest("The frame is JSON, but no object")
    return event


def _event_id(event: Mapping[str, Any]) -> str | None:
    """Raises `InvalidField`: it is too long to be repeated."""
    given = event.get("event_id")
    if not isinstance(given, str):
        return None
    if len(given) > _MAX_EVENT_ID_CHARS:
        raise InvalidField(
            f"event_id has {len(given)} characters; the limit is {_MAX_EVENT_ID_CHARS}",
            param="event_id",
        )
    return given


def _light(error: Exception) -> Exception:
    """The same error, which no longer holds on to the frame that it is about."""
    error.args = tuple(clipped(part) if isinstance(part, str) else part for part in error.args)
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _is_dashscope(changes: Mapping[str, Any]) -> bool:
    return "type" not in changes and not _FLAT_KEYS.isdisjoint(changes)


_FLAT_KEYS = frozenset(
    {
        *("modalities", "voice", "turn_detection", "input_audio_format", "output_audio_format"),
        "input_audio_transcription",
    }
)
