"""The conversation: its items in order, and the messages that an engine is given of them.

Sound and pictures are heavy: beyond a bound the oldest are dropped, and what was said stays as
text. Calls without a result are left out of the messages, so that they are always valid, and the
oldest turns once they fill what an engine can be given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from thinktalk.conversation import (
    AudioPart,
    Message,
    Part,
    TextPart,
    ToolCall,
)
from thinktalk.errors import InvalidField
from thinktalk.media import budget
from thinktalk.session.errors import ItemNotFound
from thinktalk.session.gallery import Gallery
from thinktalk.session.items import Item, Picture, Speech, Text
from thinktalk.session.room import Room

# A minute of sound takes 4 MB.
_MAX_SPEECH_S = 600.0
MAX_PICTURE_CHARS = 32 * 1024 * 1024
# Far more than any window holds.
_MAX_TEXT_CHARS = 8 * 1024 * 1024
_MAX_ITEMS = 2000
# A turn may hold so many frames of a video call; of more, the oldest are dropped.
MAX_FRAMES = 2048

_OUTPUT = "function_call_output"


class _Untold:
    """Ids of what an engine has no room for any more, beside these instructions."""

    def __init__(self) -> None:
        self._instructions = ""
        self._ids: set[str] = set()

    def beside(self, instructions: str) -> set[str]:
        if instructions != self._instructions:
            self._instructions, self._ids = instructions, set()
        return self._ids


class History:
    """Items in the order in which they are told to an engine."""

    def __init__(self, family: budget.Family) -> None:
        self._family: budget.Family = family
        self._items: list[Item] = []
        self._untold = _Untold()
        self._unheard: set[str] = set()  # of replies, and turns whose reply never began

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._items))

    @property
    def last_id(self) -> str | None:
        return self._items[-1].id if self._items else None

    def get(self, item_id: str) -> Item:
        """Raises `ItemNotFound`."""
        return self._items[self._index(item_id)]

    def __contains__(self, item_id: str) -> bool:
        return any(item.id == item_id for item in self._items)

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Insert an item; returns the id of the one before it.

        Args:
            after: an item's id, "root" for the first place; None for the last.
        Raises:
            ItemNotFound: there is no such item. InvalidField: the id is taken, or it is too long.
        """
        if item.id in self:
            raise InvalidField(f"an item with the id {item.id!r} exists already", param="item.id")
        if (size := _num_chars(item)) > _MAX_TEXT_CHARS:
            raise InvalidField(
                f"the item has {size} characters; the limit is {_MAX_TEXT_CHARS}", param="item"
            )
        at = len(self._items)
        if after is not None:
            at = 0 if after == "root" else self._index(after) + 1
        self._items.insert(at, item)
        num_chars = sum(map(_num_chars, self._items))
        while len(self._items) > _MAX_ITEMS or num_chars > _MAX_TEXT_CHARS:
            num_chars -= _num_chars(self._items.pop(0))
            at -= 1
        self._lighten()
        return self._items[at - 1].id if at > 0 else None

    def take_over(self, items: Iterable[Item]) -> None:
        """Hold these instead."""
        self._items = list(items)

    def with_item(self, item: Item) -> History:
        """The same conversation with one more item."""
        longer = History(self._family)
        longer._items = [*self._items, item]
        longer._untold, longer._unheard = self._untold, self._unheard
        return longer

    def replace(self, item: Item) -> None:
        """Put `item` in the place of the one with its id, if that is still there."""
        if item.id in self:
            self._items[self._index(item.id)] = item

    def interrupt(self, item_id: str) -> None:
        """Note that the user may go on before anything was heard of this reply, or to this turn."""
        self._unheard.add(item_id)

    def delete(self, item_id: str) -> None:
        """Raises `ItemNotFound`."""
        del self._items[self._index(item_id)]

    async def messages(
        self, instructions: str, gallery: Gallery, room: Room
    ) -> tuple[Message, ...]:
        """The conversation for an engine, instructions first."""
        system = [Message("system", (TextPart(instructions),))] if instructions else []
        untold = self._untold.beside(instructions)
        items = [item for item in self._items if item.id not in untold and not item.is_aside]
        told = [(item, await self._told(item, gallery)) for item in items]
        for (item, _), (after, some) in pairwise(told):
            was_heard = item.role == "assistant" and item.text
            if item.id in self._unheard and after.role == "user" and not was_heard:
                some[:] = [replace(message, supersedes=True) for message in some]
        turns = _turns(told)
        kept = room.latest(system, [[m for _, some in turn for m in some] for turn in turns])
        for turn in turns[: len(turns) - kept]:
            untold.update(item.id for item, _ in turn if item.role != "system")
        return (*system, *(m for item, some in told if item.id not in untold for m in some))

    async def _told(self, item: Item, gallery: Gallery) -> list[Message]:
        """What an engine is told of an item, if anything."""
        if item.type == "function_call":
            result = next(
                (i for i in self._items if (i.type, i.call_id) == (_OUTPUT, item.call_id)), None
            )
            if result is None:
                return []
            call = ToolCall(item.call_id, item.name, item.arguments)
            said = Message("tool", (TextPart(result.output),), tool_call_id=item.call_id)
            return [Message("assistant", (), tool_calls=(call,)), said]
        if item.role is None:
            return []
        parts = await self._parts(item, gallery)
        return [Message(item.role, parts)] if parts else []

    async def _parts(self, item: Item, gallery: Gallery) -> tuple[Part, ...]:
        parts: list[Part] = []
        if item.pictures:
            shown = await gallery.show(item)
            if shown.part is not None:
                parts.append(shown.part)
            if len(shown.sound) < len(item.pictures):
                self._leave_out(item.id, set(item.pictures) - set(shown.sound))
        for part in item.content:
            if isinstance(part, Text) and part.text:
                parts.append(TextPart(part.text))
            elif isinstance(part, Speech):
                if item.role == "user" and part.audio is not None:
                    tokens = budget.audio_tokens(part.audio.duration_s, self._family)
                    parts.append(AudioPart(part.audio, tokens, transcript=part.transcript))
                elif part.transcript:
                    parts.append(TextPart(part.transcript))
        return tuple(parts)

    def _index(self, item_id: str) -> int:
        for index, item in enumerate(self._items):
            if item.id == item_id:
                return index
        raise ItemNotFound(item_id)

    def _leave_out(self, item_id: str, unseen: set[Picture]) -> None:
        if item_id in self:
            item = self.get(item_id)
            kept = tuple(part for part in item.content if part not in unseen)
            self.replace(replace(item, content=kept))

    def _lighten(self) -> None:
        """Drop the heavy parts of the oldest items where all together are over a bound."""
        speech_s, picture_chars = 0.0, 0
        for index in range(len(self._items) - 1, -1, -1):
            item = self._items[index]
            speech_s += sum(p.duration_s for p in item.content if isinstance(p, Speech))
            picture_chars += sum(len(p.source) for p in item.content if isinstance(p, Picture))
            is_last = index == len(self._items) - 1
            if is_last or (speech_s <= _MAX_SPEECH_S and picture_chars <= MAX_PICTURE_CHARS):
                continue
            light = tuple(
                replace(part, audio=None) if isinstance(part, Speech) else part
                for part in item.content
                if not isinstance(part, Picture)
            )
            self._items[index] = replace(item, content=light)


def _num_chars(item: Item) -> int:
    """Of what is written in an item, or known to be said."""
    return len(item.text) + len(item.arguments) + len(item.output)


def _turns(told: list[tuple[Item, list[Message]]]) -> list[list[tuple[Item, list[Message]]]]:
    """Split before each thing that the user says; calls and replies belong to it."""
    turns: list[list[tuple[Item, list[Message]]]] = [[]]
    for item, messages in told:
        if item.role == "user" and turns[-1]:
            turns.append([])
        turns[-1].append((item, messages))
    return turns
