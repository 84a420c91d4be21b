"""What of a conversation outlives its connection, so that another one can go on with it."""

from __future__ import annotations

from dataclasses import dataclass

from thinktalk.session.items import Item, Picture, Speech
from thinktalk.session.playback import Playback

_ITEM_BYTES = 1024  # the objects that an item consists of


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A reply that was spoken: its client may still say how much of it was heard."""

    item_id: str
    text: str
    playback: Playback

    def heard(self, heard_s: float) -> Speech:
        """What was said of it within its first `heard_s`."""
        return Speech(None, self.playback.heard(self.text, heard_s))


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """`began_at` by the clock of sessions; `voice` is the one that was heard, if any."""

    session_id: str
    began_at: float
    items: tuple[Item, ...]
    spoken: tuple[Spoken, ...]
    voice: str | None

    @property
    def num_bytes(self) -> int:
        """About what the items take."""
        return sum(map(_num_bytes, self.items))


def _num_bytes(item: Item) -> int:
    num_bytes = _ITEM_BYTES + len(item.text) + len(item.arguments) + len(item.output)
    for part in item.content:
        if isinstance(part, Speech) and part.audio is not None:
            num_bytes += part.audio.samples.nbytes
        elif isinstance(part, Picture):
            num_bytes += len(part.source)
    return num_bytes
