"""The conversation: its items in order, and the messages that an engine is given of them.

Sound and pictures are heavy: beyond a bound the oldest are dropped, and what was said stays as
text. Calls without a result are left out of the messages, so that they are always valid.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from thinktalk.conversation import (
    AudioPart,
    ImagePart,
    Message,
    Part,
    TextPart,
    ToolCall,
    VideoPart,
)
from thinktalk.errors import InvalidField
from thinktalk.media import budget
from thinktalk.session.errors import ItemNotFound
from thinktalk.session.items import Item, Picture, Speech, Text

# A minute of sound takes 4 MB.
_MAX_SPEECH_S = 600.0
MAX_PICTURE_CHARS = 32 * 1024 * 1024
# Far more than any window holds.
_MAX_TEXT_CHARS = 8 * 1024 * 1024
_MAX_ITEMS = 2000
# A turn may hold so many frames of a video call; of more, the oldest are dropped.
MAX_FRAMES = 2048

LoadPictures = Callable[[Sequence[str]], Awaitable[ImagePart | VideoPart]]


class History:
    """Items in the order in which they are told to an engine."""

    def __init__(self, family: budget.Family) -> None:
        self._family: budget.Family = family
        self._items: list[Item] = []

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
        return longer

    def replace(self, item: Item) -> None:
        """Put `item` in the place of the one with its id, if that is still there."""
        if item.id in self:
            self._items[self._index(item.id)] = item

    def delete(self, item_id: str) -> None:
        """Raises `ItemNotFound`."""
        del self._items[self._index(item_id)]

    async def messages(self, instructions: str, load: LoadPictures) -> tuple[Message, ...]:
        """The conversation for an engine, instructions first.

        Args:
            load: decodes the pictures of one item: one as an image, several as a video.
        """
        messages = [Message("system", (TextPart(instructions),))] if instructions else []
        outputs = {
            item.call_id: item
            for item in self._items
            if item.type != "message" and item.type == "function_call_output"
        }
        for item in list(self._items):
            if item.type == "function_call" and item.call_id in outputs:
                _add_call(messages, item)
                result = outputs[item.call_id]
                messages.append(
                    Message("tool", (TextPart(result.output),), tool_call_id=item.call_id)
                )
            elif item.type == "message" and item.role is not None and not item.is_aside:
                parts = await self._parts(item, load)
                if parts:
                    messages.append(Message(item.role, parts))
        return tuple(messages)

    async def _parts(self, item: Item, load: LoadPictures) -> tuple[Part, ...]:
        parts: list[Part] = []
        pictures = [part.source for part in item.content if isinstance(part, Picture)]
        if pictures:
            parts.append(await load(pictures))
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


def _add_call(messages: list[Message], item: Item) -> None:
    """Calls in a row are one message of the assistant's; each is followed by its result."""
    messages.append(
        Message("assistant", (), tool_calls=(ToolCall(item.call_id, item.name, item.arguments),))
    )
