"""The assistant's side: one reply at a time, made in advance where that may pay, stopped, kept.

What an interrupted listener has heard stays in the conversation, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from thinktalk.engines.base import Capabilities, GenerateRequest, SpeechOptions
from thinktalk.errors import InvalidField, ThinktalkError
from thinktalk.session.config import ResponseRequest, SessionConfig
from thinktalk.session.errors import AlreadyAnswering, NothingToCancel, VoiceFixed
from thinktalk.session.events import Fault, ResponseState
from thinktalk.session.gallery import Gallery
from thinktalk.session.history import History
from thinktalk.session.ids import new_id
from thinktalk.session.items import Item
from thinktalk.session.memory import Memory, Spoken
from thinktalk.session.outbox import Outbox
from thinktalk.session.overhearing import Backdrop
from thinktalk.session.playback import Clock
from thinktalk.session.ports import Build, Ports, Spawn
from thinktalk.session.reply import Reply
from thinktalk.session.room import Room

_MAX_SPOKEN = 8
_BACKDROP_CHARS = 300


@dataclass(frozen=True, slots=True)
class _Draft:
    """A reply made in advance to a turn that may be over."""

    item_id: str
    config: SessionConfig
    reply: Reply
    running: asyncio.Task[None]


class Answers:
    """Answers a conversation.

    Args:
        settled: waits until all of the conversation is understood.
        spawn: runs work beside the session, and ends it with the session.
    """

    def __init__(
        self,
        ports: Ports,
        history: History,
        outbox: Outbox,
        settled: Callable[[], Awaitable[None]],
        spawn: Spawn,
        clock: Clock,
    ) -> None:
        self._ports = ports
        self._history = history
        self._outbox = outbox
        self._settled = settled
        self._spawn = spawn
        self._clock = clock
        self._gallery = Gallery(ports.pictures, lambda error: outbox.put(Fault(error)))
        self._reply: Reply | None = None
        self._running: asyncio.Task[None] | None = None  # what makes the reply
        self._draft: _Draft | None = None
        self._reading: asyncio.Task[None] | None = None
        self._next: ResponseRequest | None = None
        self._request: ResponseRequest | None = None  # that is being answered
        self._unheard: ResponseRequest | None = None  # whose answer was stopped before it began
        # Clients may still tell how much of these was played.
        self._given: deque[Reply] = deque(maxlen=_MAX_SPOKEN)
        self._earlier: tuple[Spoken, ...] = ()  # likewise, before the connection was lost
        self._voice: str | None = None  # that was heard

    @property
    def is_running(self) -> bool:
        """Whether an answer is being generated or delivered."""
        return self._reply is not None and not self._reply.is_closed

    @property
    def is_audible(self) -> bool:
        """Whether one is running or still played."""
        return self._reply is not None and self._reply.is_audible

    @property
    def are_sounding(self) -> bool:
        """Whether the sound of one is being played, so that something may be said over it."""
        return self._reply is not None and self._reply.is_sounding

    @property
    def have_begun(self) -> bool:
        """Whether there was any answer."""
        return bool(self._given or self._earlier)

    @property
    def spoken(self) -> tuple[Spoken, ...]:
        """The last replies that were spoken."""
        given = tuple(spoken for reply in self._given if (spoken := reply.spoken) is not None)
        return (*self._earlier, *given)[-_MAX_SPOKEN:]

    @property
    def voice(self) -> str | None:
        """The voice that was heard: the session keeps it."""
        return self._voice

    def take_over(self, memory: Memory) -> None:
        """Go on after these replies."""
        self._earlier, self._voice = memory.spoken, memory.voice

    def backdrop(self, duration_s: float) -> Backdrop:
        """What is being said: the last words that were heard, and the sound of late."""
        reply = self._reply
        if reply is None:
            return Backdrop("", None)
        heard = reply.playback.heard(reply.text)
        return Backdrop(heard[-_BACKDROP_CHARS:], reply.recent.last(duration_s))

    def check_voice(self, before: SessionConfig, after: SessionConfig) -> None:
        """Raises `VoiceFixed`: `after` changes the voice to another than the session has."""
        asked = after.voice_name
        if self._voice not in (None, asked) and asked != before.voice_name:
            raise VoiceFixed(self._voice or "")

    def give(self, request: ResponseRequest) -> None:
        """Begin an answer, in the voice that the session has. Raises `AlreadyAnswering`."""
        if self.is_running:
            raise AlreadyAnswering
        self.forget_prepared()
        reply = self._made(request)
        self._begin(request, reply, self._spawn(self._run(reply)))

    def prepare(self, turn: Item, config: SessionConfig) -> None:
        """Make an answer in advance to a turn that is not in the conversation yet."""
        self.forget_prepared()
        request = ResponseRequest(config=config, input=self._history.with_item(turn))
        reply = self._made(request, in_advance=True)
        self._draft = _Draft(turn.id, config, reply, self._spawn(self._run(reply)))

    def read_ahead(self, turn: Item, config: SessionConfig) -> None:
        """Let the engine read the conversation as far as it goes, while the user speaks."""
        if self._ports.read_ahead is None or self.is_running:
            return
        self.stop_reading()
        request = ResponseRequest(config=config, input=self._history.with_item(turn))
        self._reading = self._spawn(self._read(self._ports.read_ahead, self._builder(request)))

    async def _read(self, read: Callable[[Build], Awaitable[None]], build: Build) -> None:
        with suppress(ThinktalkError):  # is told when the answer is made
            await read(build)

    def stop_reading(self) -> None:
        """Leave the processor to others."""
        if self._reading is not None:
            self._reading.cancel()
        self._reading = None

    def forget_prepared(self) -> None:
        """Throw away what was made in advance."""
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.running.cancel()

    def answer_turn(self, item_id: str, config: SessionConfig) -> None:
        """Answer the turn that has just ended, after the answer that runs."""
        draft, self._draft = self._draft, None
        if draft is not None and (draft.item_id, draft.config) == (item_id, config):
            self._begin(ResponseRequest(config=config), draft.reply, draft.running)
            draft.reply.release()
            return
        if draft is not None:
            draft.running.cancel()
        if self.is_running:
            self._next = ResponseRequest(config=config)
        else:
            self.give(ResponseRequest(config=config))

    def answer_anew(self) -> None:
        """Give the answer that a sound has stopped before it began: nobody had said anything."""
        if self._unheard is not None and not self.is_running:
            self.give(self._unheard)

    def cancel(self, response_id: str | None) -> None:
        """Stop the running answer; a turn that waits for its own is answered then.

        Raises:
            NothingToCancel: none runs, or another.
        """
        if self._reply is None or self._reply.is_closed:
            raise NothingToCancel
        if response_id not in (None, self._reply.state.id):
            raise NothingToCancel
        following = self._next
        self.stop("client_cancelled")
        self._unheard = None
        if following is not None:
            self.give(following)

    def stop(self, reason: str) -> None:
        """Stop generation and sound, if there is any, and keep what was heard of it."""
        reply, running = self._reply, self._running
        self._next = self._unheard = None
        if reply is None:
            return
        is_whole, is_over = reply.is_closed, not reply.is_audible
        if reply.interrupt(reason) == 0.0 and is_over:
            return
        self._reply = None
        if reply.spoken is not None:
            self._keep(reply.spoken, reply.playback.heard_s)
        if not (self._request and self._request.is_detached):
            self._history.interrupt(reply.message_id or self._history.last_id or "")
        if not is_whole:
            self._unheard = None if reply.message_id else self._request
            if running is not None:
                running.cancel()

    def truncate(self, item_id: str, heard_s: float) -> None:
        """Keep of a spoken reply what was heard within its first `heard_s`, come what may.

        Raises:
            InvalidField: it is not one of the last that were spoken.
        """
        spoken = next((spoken for spoken in self.spoken if spoken.item_id == item_id), None)
        if spoken is None:
            raise InvalidField(
                f"Only the last {_MAX_SPOKEN} replies that were spoken can be truncated",
                param="item_id",
            )
        self.forget_prepared()
        spoken.playback.tell(heard_s)
        self._keep(spoken, heard_s)
        if heard_s < spoken.playback.sent_s:
            self._history.interrupt(item_id)

    def leave(self) -> None:
        """Stop, as the client has gone. It plays to the end what it was sent."""
        self.forget_prepared()
        self._next = None
        reply = self._reply
        if reply is None:
            return
        is_whole = reply.is_closed
        if reply.interrupt("client_gone") == 0.0 and is_whole:
            return
        if reply.spoken is not None:
            self._keep(reply.spoken, reply.playback.whole_s)

    async def end(self) -> None:
        """Wait for the running answer; nothing follows it."""
        self.forget_prepared()
        self._next = None
        if self._running is not None:
            await asyncio.wait({self._running})

    def _begin(self, request: ResponseRequest, reply: Reply, running: asyncio.Task[None]) -> None:
        self._request, self._reply, self._running = request, reply, running
        self._unheard = None
        self._given.append(reply)

    async def _run(self, reply: Reply) -> None:
        try:
            await reply.run()
        finally:
            # Another may have been begun since this one was closed: the turn waits for that.
            if reply is self._reply and self._next is not None:
                following, self._next = self._next, None
                self.give(following)

    def _builder(self, request: ResponseRequest) -> Build:
        config, name = request.config, self._voice or request.config.voice_name

        async def build(capabilities: Capabilities) -> GenerateRequest:
            await self._settled()
            history = self._history if request.input is None else request.input
            speech = None
            if config.speaks:
                voice = await self._ports.voice(name)
                speech = SpeechOptions(voice=voice, speed=config.speed)
            room = Room(self._ports.context_tokens, capabilities)
            return GenerateRequest(
                messages=await history.messages(config.instructions, self._gallery, room),
                sampling=config.sampling,
                speech=speech,
                tools=config.tools,
                tool_choice=config.tool_choice,
            )

        return build

    def _made(self, request: ResponseRequest, *, in_advance: bool = False) -> Reply:
        config, name = request.config, self._voice or request.config.voice_name
        self.stop_reading()

        def remember(item: Item) -> str | None:
            if config.speaks and item.type == "message":
                self._voice = name
            if request.is_detached:
                return None
            if item.status == "in_progress":
                return self._history.add(item)
            self._history.replace(item)
            if reply.spoken is not None and reply.playback.is_told:
                self._keep(reply.spoken, reply.playback.heard_s)
            return None

        state = ResponseState(
            id=new_id("resp"),
            speaks=config.speaks,
            voice=name,
            is_detached=request.is_detached,
            metadata=request.metadata,
        )
        answer = self._ports.answer(self._builder(request))
        reply = Reply(state, answer, self._outbox, remember, self._clock, in_advance=in_advance)
        return reply

    def _keep(self, spoken: Spoken, heard_s: float) -> None:
        if spoken.item_id in self._history:
            item, heard = self._history.get(spoken.item_id), spoken.heard(heard_s)
            self._history.replace(replace(item, status="incomplete", content=(heard,)))
