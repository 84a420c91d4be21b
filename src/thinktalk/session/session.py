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
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from thinktalk.errors import InvalidField, NoRecognizer
from thinktalk.media.budget import Family
from thinktalk.media.types import Audio
from thinktalk.session.answers import Answers
from thinktalk.session.config import ResponseRequest, SessionConfig
from thinktalk.session.errors import (
    NothingGenerated,
    ResumedTooLate,
    SessionError,
    SessionExpired,
    UserSpeaking,
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
    SessionFinished,
    SoundJudged,
    SpeechStarted,
    SpeechStopped,
    Transcribed,
    TranscriptionFailed,
)
from thinktalk.session.history import History
from thinktalk.session.ids import new_id
from thinktalk.session.items import Item, Speech
from thinktalk.session.listening import Heard
from thinktalk.session.memory import Memory
from thinktalk.session.outbox import Outbox
from thinktalk.session.overhearing import Backdrop
from thinktalk.session.playback import Clock
from thinktalk.session.ports import Ports
from thinktalk.session.user_input import UserInput
from thinktalk.session.utterance import Turn

_LOOK_EVERY_S = 0.1

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
        self._family: Family = ports.family
        self._outbox = outbox
        self._limits = limits
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()
        self._transcribing: dict[str, asyncio.Task[None]] = {}
        self._input = UserInput(ports, self, self._spawn, limits.max_turn_s)
        self._answers = Answers(ports, self._history, outbox, self._settled, self._spawn, clock)
        self._is_over = False
        self._began = self._active_at = self._sound_at = self._quiet_since = clock()
        self._input.listen_by(config.turns)

    # -- life

    def start(self) -> None:
        """Begin to watch the clock, on the running loop."""
        self._spawn(self._watch())

    async def finish(self) -> None:
        """Let the running answer end and say good-bye; what was not committed is dropped."""
        self._is_over = True
        self._input.clear()
        await self._answers.end()
        await self._settled()
        self._outbox.put(SessionFinished())
        self._outbox.close()

    async def close(self) -> None:
        """Stop everything; returns when nothing is left."""
        self._outbox.close()
        self._answers.leave()
        while self._tasks:  # one that was about to end may begin another
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def memory(self) -> Memory | None:
        """What another session needs to go on, once this is closed.

        None if its client had ended it, its time was over, or nothing was said.
        """
        if self._is_over or self._history.last_id is None:
            return None
        items = tuple(
            replace(item, status="completed") if item.status == "in_progress" else item
            for item in self._history
        )
        answers = self._answers
        return Memory(self.id, self._began, items, answers.spoken, answers.voice)

    @property
    def is_fresh(self) -> bool:
        """Whether nothing has been said in it."""
        nothing_said = self._history.last_id is None and not self._answers.have_begun
        return nothing_said and not self.has_sound

    def resume(self, memory: Memory) -> None:
        """Go on with another session's conversation, as that one, if this `is_fresh`.

        Raises:
            ResumedTooLate
        """
        if not self.is_fresh:
            raise ResumedTooLate
        self.id, self._began = memory.session_id, memory.began_at
        self._history.take_over(memory.items)
        self._answers.take_over(memory)

    def touch(self) -> None:
        """Note that the client did something."""
        self._active_at = self._clock()

    # -- settings

    @property
    def family(self) -> Family:
        """Whose rules say what media cost."""
        return self._family

    @property
    def has_sound(self) -> bool:
        """Whether the client has sent any: then its format is fixed."""
        return self._input.has_begun

    def update(self, config: SessionConfig) -> None:
        """Behave by `config` from the next response on.

        Raises:
            VoiceFixed: another voice, after the session has spoken.
        """
        self._answers.check_voice(self.config, config)
        self._answers.forget_prepared()
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
        turn = self._input.take()
        self._answers.forget_prepared()
        self._commit(turn)

    def clear_input(self) -> None:
        """Drop sound and pictures that were not committed."""
        self._input.clear()
        self._answers.forget_prepared()
        self._outbox.put(InputCleared())

    # -- the conversation

    def create_item(self, item: Item, after: str | None = None) -> None:
        """Add an item of the client's. Raises as `History.add`."""
        if item.id == self._input.item_id:
            raise InvalidField(f"{item.id!r} is the turn that is being said", param="item.id")
        before = self._history.add(item, after)
        self._answers.forget_prepared()
        self._outbox.put(ItemCreated(item, before))

    def retrieve_item(self, item_id: str) -> None:
        """Raises `ItemNotFound`."""
        self._outbox.put(ItemRetrieved(self._history.get(item_id)))

    def delete_item(self, item_id: str) -> None:
        """Raises `ItemNotFound`."""
        self._history.delete(item_id)
        self._answers.forget_prepared()
        self._outbox.put(ItemDeleted(item_id))

    def truncate_item(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Keep of a spoken reply only what was heard by `audio_end_ms`.

        Raises:
            ItemNotFound. InvalidField: it is no reply that was spoken of late.
        """
        if self._history.get(item_id).role != "assistant":
            raise InvalidField("Only messages of the assistant can be truncated", param="item_id")
        self._answers.truncate(item_id, audio_end_ms / 1000)
        self._outbox.put(ItemTruncated(item_id, content_index, audio_end_ms))

    # -- answers

    def respond(self, request: ResponseRequest) -> None:
        """Answer the conversation as it stands.

        Raises:
            UserSpeaking, AlreadyAnswering, VoiceFixed
        """
        if self._input.is_speaking:
            raise UserSpeaking
        self._answers.check_voice(self.config, request.config)
        self._answers.give(request)

    def cancel_response(self, response_id: str | None = None) -> None:
        """Stop the running answer. Raises `NothingToCancel`: none runs, or another."""
        self._answers.cancel(response_id)

    # -- what the input tells

    def turn_began(self, item_id: str, start_ms: int) -> None:
        # Clients silence their player by it: it goes first.
        self._outbox.put(SpeechStarted(item_id, start_ms))
        if self.config.turns is not None and self.config.turns.interrupts:
            self._answers.stop("turn_detected")
        self._read_ahead(item_id, "")

    def is_overheard(self) -> bool:
        return self._answers.are_sounding

    def backdrop(self, duration_s: float) -> Backdrop:
        return self._answers.backdrop(duration_s)

    def sound_judged(self, judged: SoundJudged) -> None:
        _log.info(
            "session %s: a sound is %s after %d ms (%.2f): %s",
            *(self.id, judged.kind, judged.after_ms, judged.probability, judged.reason),
        )
        self._outbox.put(judged)

    def aside_heard(self, item_id: str, text: str) -> None:
        said = Speech(None, text)
        self._history.add(Item(id=item_id, role="user", content=(said,), is_aside=True))

    def turn_paused(self) -> None:
        # What was said last is to be understood first.
        self._answers.stop_reading()

    def turn_rests(self, turn: Turn) -> None:
        # If the turn is over, its answer is on its way already; if not, it is thrown away.
        words = turn.listening.heard.text if turn.listening else ""
        is_free = not self._answers.is_running and not self._transcribing
        if words and is_free and self.config.turns is not None and self.config.turns.answers:
            self._answers.prepare(_item_of(turn).with_transcript(words), self.config)

    def turn_resumed(self) -> None:
        self._answers.forget_prepared()

    def turn_ended(self, turn: Turn, end_ms: int) -> None:
        item_id = turn.item_id
        self._outbox.put(SpeechStopped(item_id, end_ms))
        self._commit(turn)
        rules, listening = self.config.turns, turn.listening
        if rules is None or not rules.answers:
            return
        if rules.is_semantic and listening and listening.is_wordless:
            # A noise: nobody said anything that could be answered.
            self._answers.forget_prepared()
            self._history.delete(item_id)
            self._outbox.put(ItemDeleted(item_id))
            self._answers.answer_anew()
            return
        self._answers.answer_turn(item_id, self.config)

    def heard(self, item_id: str, heard: Heard) -> None:
        if self.config.transcribes and heard.text and item_id not in self._history:
            self._outbox.put(Hypothesis(item_id, heard.confirmed, heard.pending, heard.language))
        self._read_ahead(item_id, heard.text)

    # -- inside

    def _read_ahead(self, item_id: str, words: str) -> None:
        """Have read what is known already of what will be answered."""
        turn = self._input.turn_so_far(item_id)
        if turn is not None and self.config.turns is not None and self.config.turns.answers:
            item = Item(id=item_id, role="user", content=(turn.speech,))
            self._answers.read_ahead(item.with_transcript(words), self.config)

    def _commit(self, turn: Turn) -> None:
        item = _item_of(turn)
        before = self._history.add(item)
        self._outbox.put(InputCommitted(item.id, before))
        self._outbox.put(ItemCreated(item, before))
        self._transcribing[item.id] = self._spawn(self._transcribe(item, turn))

    async def _transcribe(self, item: Item, turn: Turn) -> None:
        """Learn what a committed item says: answers wait for it."""
        try:
            if turn.listening is None:
                raise NoRecognizer("qwen3-asr-flash-realtime")
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

    async def _settled(self) -> None:
        # An answer that is stopped while it waits must not stop what it waits for.
        if self._transcribing:
            await asyncio.wait(list(self._transcribing.values()))

    async def _watch(self) -> None:
        """What happens by the clock alone."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now = self._clock()
            try:
                self._input.end_if_silent(now - self._sound_at)
                self._speak_first(now)
            except Exception as error:  # limits are kept all the same
                self._outbox.put(Fault(error))
            fault = self._overdue(now)
            if fault is not None:
                self._is_over = isinstance(fault, SessionExpired)
                self._outbox.put(Fault(fault, is_final=True))
                self._outbox.close()
                return

    def _speak_first(self, now: float) -> None:
        """Draw out a user who has been silent for long, where that is wanted."""
        if self._input.is_speaking or self._answers.is_audible or self._transcribing:
            self._quiet_since = now
        idle_ms = self.config.turns.idle_ms if self.config.turns else None
        # Only after an answer: before the first the user may still be getting ready.
        is_due = idle_ms and (now - self._quiet_since) * 1000 >= idle_ms
        if is_due and self._answers.have_begun:
            self._quiet_since = now
            self._answers.give(ResponseRequest(config=self.config))

    def _overdue(self, now: float) -> SessionError | None:
        if now - self._began > self._limits.lifetime_s:
            return SessionExpired(self._limits.lifetime_s)
        is_idle = now - self._active_at > self._limits.idle_s and not self._answers.is_running
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


def _item_of(turn: Turn) -> Item:
    return Item(
        id=turn.item_id, role="user", status="in_progress", content=(*turn.pictures, turn.speech)
    )
