"""One response: generated as fast as the engine can, delivered at the pace of playback.

Generation and delivery are two tasks with a bounded queue between them, so that an interruption
has something left to stop, and the engine is done soon all the same. Closing a reply ends its
events at once; the engine may take a moment longer to stop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from thinktalk.errors import EngineFailed
from thinktalk.events import (
    AudioDelta,
    Event,
    Finished,
    Report,
    TextDelta,
    ToolCallDelta,
)
from thinktalk.media.types import Audio
from thinktalk.session.events import (
    CallArguments,
    CallArgumentsDone,
    ContentPartAdded,
    ContentPartDone,
    ItemCreated,
    OutputItemAdded,
    OutputItemDone,
    Place,
    ReplyAudio,
    ReplyAudioDone,
    ReplyText,
    ReplyTextDone,
    ResponseCreated,
    ResponseDone,
    ResponseState,
    ResponseStatus,
    SessionEvent,
)
from thinktalk.session.ids import new_id
from thinktalk.session.items import Item, Speech, Text
from thinktalk.session.memory import Spoken
from thinktalk.session.outbox import Outbox
from thinktalk.session.playback import Clock, Playback, RecentSound
from thinktalk.session.ports import Answer

LEAD_S = 1.0  # of playback that is sent ahead
_DELTA_S = 0.2
_MAX_WAITING = 256  # events of the engine that wait for their turn
_NOTE_S = 0.02
_GAP_S = 1.0  # between sounds of a reply that goes on


@dataclass(slots=True)
class _Call:
    place: Place
    item: Item
    arguments: list[str] = field(default_factory=list)


class Reply:
    """A response on its way to the listener.

    One that is made `in_advance`, before it is known whether its turn has come, is generated at
    once, and heard of only when it is released.

    Args:
        remember: told each item of the output, when it begins and whenever it changes; returns the
            id of the item before it.
        clock: of the playback.
    """

    def __init__(
        self,
        state: ResponseState,
        answer: Answer,
        outbox: Outbox,
        remember: Callable[[Item], str | None],
        clock: Clock,
        *,
        in_advance: bool = False,
    ) -> None:
        self.state = state
        self.playback = Playback(clock)
        self.recent = RecentSound(clock)
        self.is_closed = False
        self.message_id: str | None = None
        self.text = ""  # of the message, as far as it was delivered
        self._answer = answer
        self._outbox = outbox
        self._remember = remember
        self._output: list[Item] = []
        self._message: Place | None = None
        self._call: _Call | None = None
        self._released = asyncio.Event()
        if not in_advance:
            self._released.set()

    @property
    def is_audible(self) -> bool:
        """Whether it is being generated, or still played."""
        return not self.is_closed or self.playback.lead_s > _NOTE_S

    @property
    def is_sounding(self) -> bool:
        """Whether its sound is being played, short gaps included while more is made."""
        if self.is_closed:
            return self.playback.lead_s > _NOTE_S
        return self.playback.sent_s > 0 and self.playback.silent_s <= _GAP_S

    @property
    def spoken(self) -> Spoken | None:
        """Its message, if that is spoken and has begun."""
        if self.message_id is None or not self.state.speaks:
            return None
        return Spoken(self.message_id, self.text, self.playback)

    def release(self) -> None:
        """Let it be heard, from its beginning."""
        self._released.set()

    async def run(self) -> None:
        """Generate and deliver, to the end. Cancel to stop; `interrupt` first to end well."""
        waiting: asyncio.Queue[Event | Exception | None] = asyncio.Queue(_MAX_WAITING)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._generate(waiting))
            await self._released.wait()
            self._emit(ResponseCreated(self.state))
            try:
                while (event := await waiting.get()) is not None:
                    if isinstance(event, Exception):
                        self._close("failed", error=event)
                    elif not self.is_closed:
                        await self._deliver(event)
                self._close("failed", error=EngineFailed("the engine stopped in mid-answer"))
            except Exception as error:
                self._close("failed", error=error)
                raise

    async def _generate(self, waiting: asyncio.Queue[Event | Exception | None]) -> None:
        """Put the engine's events into `waiting`, then what it failed with, then None."""
        try:
            async with aclosing(self._answer.events()) as events:
                async for event in events:
                    await waiting.put(event)
        except Exception as error:
            await waiting.put(error)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            await waiting.put(EngineFailed("the engine was cancelled in mid-answer"))
        await waiting.put(None)

    def interrupt(self, reason: str) -> float:
        """End its events now, with what was said so far; what follows is dropped.

        Returns:
            Seconds of its sound that had not been sent to the client yet, and never will be.
        """
        dropped_s = self._outbox.drop_audio(self.state.id)
        self.playback.take_back(dropped_s)
        self._close("cancelled", reason)
        return dropped_s

    async def _deliver(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                if text:
                    self._end_call()
                    place = self._begun()
                    self.text += text
                    self._emit(ReplyText(place, text, self.state.speaks))
            case AudioDelta(audio, span):
                await self._play(audio, span)
            case ToolCallDelta():
                self._add_to_call(event)
            case Report():
                reports = {**self.state.reports, event.kind: event.data}
                self.state = replace(self.state, reports=reports)
            case Finished(reason):
                is_cut = reason == "length"
                self._close(
                    "incomplete" if is_cut else "completed", "max_output_tokens" if is_cut else None
                )

    async def _play(self, audio: Audio, span: tuple[int, int] | None) -> None:
        place = self._begun()
        size = round(_DELTA_S * audio.sample_rate)
        num_samples = len(audio.samples)
        for start in range(0, num_samples, size):
            piece = Audio(audio.samples[start : start + size], audio.sample_rate)
            if (ahead_s := self.playback.lead_s - LEAD_S) > 0:
                await asyncio.sleep(ahead_s)
            await self._outbox.room()
            share = min(1.0, (start + size) / num_samples)
            end_char = span[0] + share * (span[1] - span[0]) if span else None
            self.recent.add(piece, self.playback.lead_s)
            self.playback.send(piece.duration_s, end_char)
            self._emit(ReplyAudio(place, piece))

    def _begun(self) -> Place:
        """The message, which begins with its first delta.

        It is open to the end, as the sound of what was said before a call comes after the call.
        """
        if self._message is None:
            item = Item(id=new_id("item"), role="assistant", status="in_progress")
            self.message_id, self.text = item.id, ""
            self._message = self._add(item)
            self._emit(ContentPartAdded(self._message, self.state.speaks))
        return self._message

    def _add(self, item: Item) -> Place:
        place = Place(self.state.id, item.id, len(self._output))
        self._output.append(item)
        before = self._remember(item)
        self._emit(OutputItemAdded(place.response_id, place.output_index, item))
        if not self.state.is_detached:
            self._emit(ItemCreated(item, before, is_whole=False))
        return place

    def _add_to_call(self, delta: ToolCallDelta) -> None:
        if delta.name is not None:
            self._end_call()
            item = Item(
                id=new_id("item"),
                type="function_call",
                status="in_progress",
                call_id=delta.id or new_id("call"),
                name=delta.name,
            )
            self._call = _Call(self._add(item), item)
        if self._call is not None and delta.arguments:
            self._call.arguments.append(delta.arguments)
            self._emit(CallArguments(self._call.place, self._call.item.call_id, delta.arguments))
            if _is_whole(self._call.arguments):
                self._end_call()

    def _end_call(self, status: ResponseStatus = "completed") -> None:
        if (call := self._call) is None:
            return
        self._call = None
        arguments = "".join(call.arguments)
        is_whole = status == "completed"
        item = replace(
            call.item, arguments=arguments, status="completed" if is_whole else "incomplete"
        )
        self._emit(CallArgumentsDone(call.place, item.call_id, item.name, arguments))
        self._finish(call.place, item)

    def _end_message(self, status: ResponseStatus) -> None:
        if (place := self._message) is None:
            return
        self._message = None
        text, spoken = self.text, self.state.speaks
        self._emit(ReplyTextDone(place, text, spoken))
        if spoken:
            self._emit(ReplyAudioDone(place, is_cut=status == "cancelled"))
        self._emit(ContentPartDone(place, spoken, text))
        content = Speech(None, text) if spoken else Text(text)
        item = Item(
            id=place.item_id,
            role="assistant",
            status="completed" if status == "completed" else "incomplete",
            content=(content,),
        )
        if status in ("completed", "incomplete"):
            self.playback.finish(len(text))
        self._finish(place, item)

    def _finish(self, place: Place, item: Item) -> None:
        self._output[place.output_index] = item
        self._remember(item)
        self._emit(OutputItemDone(place.response_id, place.output_index, item))

    def _close(
        self, status: ResponseStatus, reason: str | None = None, error: Exception | None = None
    ) -> None:
        if self.is_closed:
            return
        try:
            self._end_call(status)
            self._end_message(status)
        finally:  # whatever happens: an open reply would keep all others from being given
            self.state = replace(
                self.state,
                status=status,
                reason=reason,
                error=error,
                output=tuple(self._output),
                usage=self._answer.usage,
            )
            self._emit(ResponseDone(self.state))
            self.is_closed = True

    def _emit(self, event: SessionEvent) -> None:
        if not self.is_closed:
            self._outbox.put(event)


def _is_whole(arguments: list[str]) -> bool:
    """Whether nothing can follow: the beginning of a JSON object is never one itself."""
    if not arguments[-1].rstrip().endswith("}"):
        return False
    try:
        return isinstance(json.loads("".join(arguments)), dict)
    except ValueError:
        return False
