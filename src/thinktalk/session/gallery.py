"""The pictures of a conversation, decoded once each; what cannot be decoded is told once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from thinktalk.conversation import ImagePart, VideoPart
from thinktalk.errors import Busy, InvalidField, StoreUnavailable
from thinktalk.session.items import Item, Picture

LoadPictures = Callable[[Sequence[str]], Awaitable[ImagePart | VideoPart]]

# Decoded pictures take some twenty times what their files do: of more, the oldest are decoded anew.
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The pictures of one item, those of them that can be seen, and what is seen, if anything."""

    pictures: tuple[Picture, ...]
    sound: tuple[Picture, ...]
    part: ImagePart | VideoPart | None

    @property
    def num_bytes(self) -> int:
        size = sum(len(picture.source) for picture in self.pictures)
        if isinstance(self.part, VideoPart):
            return size + sum(frame.image.pixels.nbytes for frame in self.part.video.frames)
        return size + (self.part.image.pixels.nbytes if self.part is not None else 0)


class Gallery:
    """Decodes the pictures of items.

    Args:
        load: decodes the pictures of one item: one as an image, several as a video.
        tell: told of what is left out for good.
    """

    def __init__(self, load: LoadPictures, tell: Callable[[Exception], None]) -> None:
        self._load = load
        self._tell = tell
        self._shown: OrderedDict[str, Shown] = OrderedDict()

    async def show(self, item: Item) -> Shown:
        """What there is to see in an item. Raises what kept it from being seen just now."""
        pictures = item.pictures
        shown = self._shown.get(item.id)
        if shown is None or pictures not in (shown.pictures, shown.sound):
            shown = await self._decode(item, pictures)
            self._shown[item.id] = shown
        self._shown.move_to_end(item.id)
        num_bytes = sum(one.num_bytes for one in self._shown.values())
        while num_bytes > _MAX_BYTES and len(self._shown) > 1:
            num_bytes -= self._shown.popitem(last=False)[1].num_bytes
        return shown

    async def _decode(self, item: Item, pictures: tuple[Picture, ...]) -> Shown:
        try:
            return Shown(pictures, pictures, await self._seen(pictures))
        except (Busy, StoreUnavailable):
            raise
        except Exception as error:
            fault = error
        # By halves, so that a torn frame among many is found soon.
        half = len(pictures) // 2
        parts = (pictures[:half], pictures[half:]) if half else ()
        halves = [await self._decode(item, some) for some in parts]
        sound = tuple(picture for shown in halves for picture in shown.sound)
        if len(sound) == len(pictures):
            raise fault  # it is over
        if not sound:
            if len(pictures) == 1:
                self._tell(_left_out(item, pictures[0], fault))
            return Shown(pictures, (), None)
        return replace(await self._decode(item, sound), pictures=pictures)

    async def _seen(self, pictures: tuple[Picture, ...]) -> ImagePart | VideoPart | None:
        return await self._load([picture.source for picture in pictures]) if pictures else None


def _left_out(item: Item, picture: Picture, error: Exception) -> InvalidField:
    number = item.content.index(picture)
    return InvalidField(
        f"The picture {number} of the item {item.id!r} is left out: {error}",
        param=f"item.content.{number}",
    )
