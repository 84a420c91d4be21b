"""A live conversation: what its client does, what is heard, and who answers when.

    session = Session(config, ports, outbox, limits)
    session.start()
    await session.append_audio(audio)
    ...
    await session.close()

Everything it has to say goes into the outbox. Methods are called one after the other by whoever
reads the client; an error that one raises concerns that call only. Knows nothing of wire formats.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from thinktalk.engines.base import Capabilities, GenerateRequest, SpeechOptions
from thinktalk.errors import InvalidField, ModelNotFound
from thinktalk.media.budget import Family
from thinktalk.media.types import Audio
from thinktalk.session.config import ResponseRequest, SessionConfig
from thinktalk.session.errors import (
    AlreadyAnswering,
    NothingGenerated,
    NothingToCancel,
    SessionError,
    SessionExpired,
    UserSpeaking,
    VoiceFixed,
)
from thinktalk.session.events import (
    Fault,
    Hypothesis,
    InputCleared,
    InputCommitted,
    ItemCreated,
    ItemDeleted,
    ItemRetrieved,
    ItemTruncated,
    ResponseState,
    SessionFinished,
    SpeechStarted,
    SpeechStopped,
    Transcribed,
    TranscriptionFailed,
)
from thinktalk.session.history import History
from thinktalk.session.ids import new_id
from thinktalk.session.items import Item, Speech
from thinktalk.session.listening import Heard
from thinktalk.session.outbox import Outbox
from thinktalk.session.playback import Clock
from thinktalk.session.ports import Ports
from thinktalk.session.reply import Reply
from thinktalk.session.user_input import Turn, UserInput

_LOOK_EVERY_S = 0.1
_MAX_SPOKEN = 8

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """`idle_s` counts from the last thing that the client did."""

    max_turn_s: float = 600.0
    idle_s: float = 300.0
    lifetime_s: float = 7200.0


class Session:
    """One conversation. `config` says how it behaves from now on."""

    def __init__(
        self,
        config: SessionConfig,
        ports: Ports,
        outbox: Outbox,
        limits: SessionLimits,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self.id = new_id("sess")
        self.config = config
        self._history = History(ports.family)
        self._ports = ports
        self._outbox = outbox
        self._limits = limits
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()
        self._input = UserInput(ports, self, self._spawn, limits.max_turn_s)
        self._transcribing: dict[str, asyncio.Task[None]] = {}
        self._reply: Reply | None = None
        # Clients may still tell how much of these was played.
        self._spoken: deque[Reply] = deque(maxlen=_MAX_SPOKEN)
        self._running: asyncio.Task[None] | None = None  # what makes the reply
        self._owes_answer = False
        self._spoken_voice: str | None = None
        self._began = self._active_at = self._sound_at = self._quiet_since = clock()
        self._input.listen_by(config.turns)

    # -- life

    def start(self) -> None:
        """Begin to watch the clock, on the running loop."""
        self._spawn(self._watch())

    async def finish(self) -> None:
        """Let the running answer end and say good-bye; what was not committed is dropped."""
        self._input.clear()
        self._owes_answer = False
        if self._running is not None:
            await asyncio.wait({self._running})
        self._outbox.put(SessionFinished())
        self._outbox.close()

    async def close(self) -> None:
        """Stop everything; returns when nothing is left."""
        self._outbox.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def touch(self) -> None:
        """Note that the client did something."""
        self._active_at = self._clock()

    # -- settings

    @property
    def family(self) -> Family:
        """Whose rules say what media cost."""
        return self._ports.family

    @property
    def has_sound(self) -> bool:
        """Whether the client has sent any: then its format is fixed."""
        return self._input.has_begun

    def update(self, config: SessionConfig) -> None:
        """Behave by `config` from the next response on.

        Raises:
            VoiceFixed: another voice, after the session has spoken.
        """
        self._check_voice(config)
        self._input.listen_by(config.turns)
        self._input.language = config.language
        self.config = config

    # -- input

    async def append_audio(self, audio: Audio) -> None:
        """Take sound of the user. Raises `InputTooLong`."""
        self._sound_at = self._clock()
        await self._input.append(audio)

    def append_picture(self, source: str) -> None:
        """Take a frame; it travels with the next commit. Raises `NoSoundYet`."""
        self._input.append_picture(source)

    def commit(self) -> None:
        """Make an item of the input, and do not answer it. Raises `InputEmpty`."""
        self._commit(self._input.take())

    def clear_input(self) -> None:
        """Drop sound and pictures that were not committed."""
        self._input.clear()
        self._outbox.put(InputCleared())

    # -- the conversation

    def create_item(self, item: Item, after: str | None = None) -> None:
        """Add an item of the client's. Raises as `History.add`."""
        before = self._history.add(item, after)
        self._outbox.put(ItemCreated(item, before))

    def retrieve_item(self, item_id: str) -> None:
        """Raises `ItemNotFound`."""
        self._outbox.put(ItemRetrieved(self._history.get(item_id)))

    def delete_item(self, item_id: str) -> None:
        """Raises `ItemNotFound`."""
        self._history.delete(item_id)
        self._outbox.put(ItemDeleted(item_id))

    def truncate_item(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Keep of a spoken reply only what was heard by `audio_end_ms`.

        Raises:
            ItemNotFound. InvalidField: it is not the assistant's.
        """
        item = self._history.get(item_id)
        if item.role != "assistant":
            raise InvalidField("Only messages of the assistant can be truncated", param="item_id")
        for reply in self._spoken:
            if reply.message_id == item_id:
                self._keep_heard(reply, audio_end_ms / 1000)
        self._outbox.put(ItemTruncated(item_id, content_index, audio_end_ms))

    # -- answers

    @property
    def is_answering(self) -> bool:
        """Whether an answer is being generated or delivered."""
        return self._reply is not None and not self._reply.is_closed

    def respond(self, request: ResponseRequest) -> None:
        """Answer the conversation as it stands.

        Raises:
            UserSpeaking, AlreadyAnswering
        """
        if self._input.is_speaking:
            raise UserSpeaking
        if self.is_answering:
            raise AlreadyAnswering
        self._check_voice(request.config)
        self._answer(request)

    def cancel_response(self, response_id: str | None = None) -> None:
        """Stop the running answer. Raises `NothingToCancel`: none runs, or another."""
        if not self.is_answering or self._reply is None:
            raise NothingToCancel
        if response_id not in (None, self._reply.state.id):
            raise NothingToCancel
        self._stop_reply("client_cancelled")

    # -- what the input tells

    def turn_began(self, item_id: str, start_ms: int) -> None:
        # Clients silence their player by it: it goes first.
        self._outbox.put(SpeechStarted(item_id, start_ms))
        if self.config.turns is not None and self.config.turns.interrupts:
            self._stop_reply("turn_detected")

    def turn_ended(self, item_id: str, end_ms: int) -> None:
        self._outbox.put(SpeechStopped(item_id, end_ms))
        self._commit(self._input.take())
        if self.config.turns is None or not self.config.turns.answers:
            return
        if self.is_answering:
            self._owes_answer = True
        else:
            self._answer(ResponseRequest(config=self.config))

    def heard(self, item_id: str, heard: Heard) -> None:
        if self.config.transcribes and heard.text and item_id not in self._history:
            self._outbox.put(Hypothesis(item_id, heard.confirmed, heard.pending, heard.language))

    # -- inside

    def _commit(self, turn: Turn) -> None:
        item = Item(
            id=turn.item_id,
            role="user",
            status="in_progress",
            content=(*turn.pictures, turn.speech),
        )
        before = self._history.add(item)
        self._outbox.put(InputCommitted(item.id, before))
        self._outbox.put(ItemCreated(item, before))
        self._transcribing[item.id] = self._spawn(self._transcribe(item, turn))

    async def _transcribe(self, item: Item, turn: Turn) -> None:
        """Learn what a committed item says: answers wait for it."""
        try:
            if turn.listening is None:
                raise ModelNotFound("qwen3-asr-flash-realtime")
            heard = await turn.listening.hear(turn.end)
        except Exception as error:
            self._history.replace(replace(item, status="completed"))
            if self.config.transcribes:
                self._outbox.put(TranscriptionFailed(item.id, error))
        else:
            whole = replace(item.with_transcript(heard.text), status="completed")
            self._history.replace(whole)
            if self.config.transcribes:
                self._outbox.put(Transcribed(item.id, heard.text, turn.speech.duration_s))
        finally:
            self._transcribing.pop(item.id, None)

    def _answer(self, request: ResponseRequest) -> None:
        config = request.config
        self._owes_answer = False

        async def build(capabilities: Capabilities) -> GenerateRequest:
            await asyncio.gather(*self._transcribing.values())
            history = request.input or self._history
            return GenerateRequest(
                messages=await history.messages(config.instructions, self._ports.pictures),
                sampling=config.sampling,
                speech=SpeechOptions(voice=config.voice, speed=config.speed)
                if config.speaks
                else None,
                tools=config.tools,
                tool_choice=config.tool_choice,
            )

        state = ResponseState(
            id=new_id("resp"),
            speaks=config.speaks,
            voice=config.voice_name,
            metadata=request.metadata,
        )

        def remember(item: Item) -> str | None:
            if config.speaks and item.type == "message":
                self._spoken_voice = config.voice_name
            return None if request.is_detached else self._remember(item)

        reply = Reply(state, self._ports.answer(build), self._outbox, remember, self._clock)
        self._reply = reply
        self._spoken.append(reply)
        self._running = self._spawn(self._run(reply))

    async def _run(self, reply: Reply) -> None:
        await reply.run()
        if reply is self._reply and self._owes_answer:
            self._answer(ResponseRequest(config=self.config))

    def _stop_reply(self, reason: str) -> None:
        """Stop generation and sound, and keep in the conversation what was heard of it."""
        reply, running = self._reply, self._running
        if reply is None or not reply.is_audible:
            return
        is_whole = reply.is_closed
        heard_s = reply.playback.heard_s
        reply.interrupt(reason)
        self._keep_heard(reply, heard_s)
        self._reply = None
        if not is_whole and running is not None:
            running.cancel()

    def _keep_heard(self, reply: Reply, heard_s: float) -> None:
        if not reply.state.speaks or reply.message_id is None:
            return
        if reply.message_id not in self._history:
            return
        item = self._history.get(reply.message_id)
        text = reply.playback.heard(reply.text, heard_s)
        kept = replace(item, status="incomplete", content=(Speech(None, text),))
        self._history.replace(kept)

    def _check_voice(self, config: SessionConfig) -> None:
        spoken = self._spoken_voice
        if spoken is not None and spoken != config.voice_name:
            raise VoiceFixed(spoken)

    def _remember(self, item: Item) -> str | None:
        if item.id in self._history:
            self._history.replace(item)
            return None
        return self._history.add(item)

    async def _watch(self) -> None:
        """What happens by the clock alone."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now = self._clock()
            self._input.end_if_silent(now - self._sound_at)
            self._speak_first(now)
            fault = self._overdue(now)
            if fault is not None:
                self._outbox.put(Fault(fault, is_final=True))
                self._outbox.close()
                return

    def _speak_first(self, now: float) -> None:
        """Draw out a user who has been silent for long, where that is wanted."""
        is_busy = self._input.is_speaking or (self._reply is not None and self._reply.is_audible)
        if is_busy or self._transcribing:
            self._quiet_since = now
        idle_ms = self.config.turns.idle_ms if self.config.turns else None
        # Only after an answer: before the first the user may still be getting ready.
        if idle_ms and self._reply is not None and (now - self._quiet_since) * 1000 >= idle_ms:
            self._quiet_since = now
            self._answer(ResponseRequest(config=self.config))

    def _overdue(self, now: float) -> SessionError | None:
        if now - self._began > self._limits.lifetime_s:
            return SessionExpired(self._limits.lifetime_s)
        is_idle = now - self._active_at > self._limits.idle_s and not self.is_answering
        return NothingGenerated(self._limits.idle_s) if is_idle else None

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("session %s: %s", self.id, error, exc_info=error)
