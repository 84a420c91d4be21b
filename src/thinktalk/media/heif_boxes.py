"""The boxes of a HEIF file (ISO 14496-12 and 23008-12): which items it has and where they lie.

Nothing is believed: whatever points outside the bytes that are there raises `BrokenHeif`. Knows
nothing of codecs or pixels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

_MAX_META_BYTES = 16 * 1024 * 1024
_MAX_BOXES = 64  # before the one sought
_MAX_ITEMS = 10_000
_MAX_PROPERTIES = 100  # of an item; each may turn the picture
_IN_FILE, _IN_META = 0, 1


class BrokenHeif(ValueError):
    """The boxes make no sense, or ask for what is not read here; the message says what."""


class Reader:
    """Big-endian numbers, one after the other, from bytes that may end too early."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data, self.position = data, position

    def take(self, num_bytes: int) -> bytes:
        start, self.position = self.position, self.position + num_bytes
        if self.position > len(self.data):
            raise BrokenHeif("a box ends too early")
        return self.data[start : self.position]

    def number(self, num_bytes: int) -> int:
        """An unsigned number; 0 where it has no bytes at all."""
        return int.from_bytes(self.take(num_bytes), "big")


@dataclass(slots=True)
class Item:
    """A picture or what one is made of.

    Attributes:
        kind: `hvc1` for a coded picture, `grid` for one made of `parts`.
        extents: (offset, length) pairs, in the file or in its `idat` box.
        properties: (name, content) pairs, in the order in which they apply.
        parts: ids of the items it is derived from.
    """

    kind: bytes = b""
    is_in_meta: bool = False
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)

    def named(self, name: bytes) -> Reader:
        """The property of that name, from its first byte."""
        for kind, content in self.properties:
            if kind == name:
                return Reader(content)
        raise BrokenHeif(f"it has no {name.decode()} property")


class HeifFile:
    """The items of a file, by their ids, and the id of the one that is shown.

    Args:
        file: is read from again when `content` is called.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.items: dict[int, Item] = defaultdict(Item)
        self.primary = 0
        boxes = dict(_boxes(_meta(file)[4:]))
        for name, read in (
            (b"pitm", self._read_primary),
            (b"iinf", self._read_kinds),
            (b"iloc", self._read_places),
            (b"iref", self._read_parts),
            (b"iprp", self._read_properties),
        ):
            if name in boxes:
                read(Reader(boxes[name]))
        self._idat = boxes.get(b"idat", b"")
        if self.primary not in self.items:
            raise BrokenHeif("it has no primary item")

    def content(self, item: Item) -> bytes:
        """The bytes of an item."""
        return b"".join(self._extent(item, *extent) for extent in item.extents)

    def _extent(self, item: Item, offset: int, length: int) -> bytes:
        if item.is_in_meta:
            return Reader(self._idat, offset).take(length)
        self._file.seek(offset)
        return self._file.read(length)

    def _item(self, number: int) -> Item:
        if len(self.items) > _MAX_ITEMS:
            raise BrokenHeif(f"it has over {_MAX_ITEMS} items")
        return self.items[number]

    def _read_primary(self, box: Reader) -> None:
        self.primary = box.number(2 if _version(box) == 0 else 4)

    def _read_kinds(self, box: Reader) -> None:
        count_bytes = 2 if _version(box) == 0 else 4
        for name, content in _boxes(box.data[4 + count_bytes :]):
            entry = Reader(content)
            version = _version(entry)
            if name == b"infe" and version >= 2:
                item = self._item(entry.number(2 if version == 2 else 4))
                entry.take(2)  # protection
                item.kind = entry.take(4)

    def _read_places(self, box: Reader) -> None:
        version = _version(box)
        sizes = box.number(2)
        offset_bytes, length_bytes, base_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
        index_bytes = sizes & 15 if version else 0
        wide = 2 if version < 2 else 4
        num_extents = size_bytes = 0
        for _ in range(box.number(wide)):
            item = self._item(box.number(wide))
            method = box.number(2) & 15 if version else _IN_FILE
            if method not in (_IN_FILE, _IN_META):
                raise BrokenHeif("its items lie in other items")
            item.is_in_meta = method == _IN_META
            box.take(2)  # which file: always this one
            base, count = box.number(base_bytes), box.number(2)
            num_extents += count
            if num_extents > _MAX_ITEMS:
                raise BrokenHeif(f"its items lie in over {_MAX_ITEMS} pieces")
            for _ in range(count):
                box.take(index_bytes)
                offset = base + box.number(offset_bytes)
                item.extents.append((offset, box.number(length_bytes)))
                size_bytes += item.extents[-1][1]
        # Each byte belongs to one item: few bytes may not be decoded again and again.
        if size_bytes > self._file.seek(0, 2):
            raise BrokenHeif("its items are larger than the file")

    def _read_parts(self, box: Reader) -> None:
        wide = 2 if _version(box) == 0 else 4
        for name, content in _boxes(box.data[4:]):
            reference = Reader(content)
            item = self._item(reference.number(wide))
            parts = [reference.number(wide) for _ in range(reference.number(2))]
            if name == b"dimg":
                item.parts = parts

    def _read_properties(self, box: Reader) -> None:
        inner = list(_boxes(box.data))
        properties = [p for name, data in inner if name == b"ipco" for p in _boxes(data)]
        for name, data in inner:
            if name == b"ipma":
                self._associate(Reader(data), properties)

    def _associate(self, box: Reader, properties: list[tuple[bytes, bytes]]) -> None:
        version, flags = box.number(1), box.number(3)
        wide, mask = (2, 0x7FFF) if flags & 1 else (1, 0x7F)
        for _ in range(box.number(4)):
            item = self._item(box.number(2 if version == 0 else 4))
            for _ in range(box.number(1)):
                index = box.number(wide) & mask
                if len(item.properties) == _MAX_PROPERTIES:
                    raise BrokenHeif(f"an item has over {_MAX_PROPERTIES} properties")
                if 0 < index <= len(properties):
                    item.properties.append(properties[index - 1])


def _version(box: Reader) -> int:
    version = box.number(1)
    box.take(3)  # flags
    return version


def _meta(file: BinaryIO) -> bytes:
    """The content of the file's `meta` box."""
    position = 0
    for _ in range(_MAX_BOXES):
        file.seek(position)
        head = Reader(file.read(16))
        size_bytes, name = head.number(4), head.take(4)
        if size_bytes == 1:
            size_bytes = head.number(8)
        if name == b"meta":
            if not head.position <= size_bytes <= _MAX_META_BYTES:
                break
            file.seek(position + head.position)
            return file.read(size_bytes - head.position)
        if size_bytes < head.position:
            break
        position += size_bytes
    raise BrokenHeif("it has no meta box")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of the boxes that lie one after the other in `data`."""
    reader = Reader(data)
    while reader.position + 8 <= len(data):
        size_bytes, name = reader.number(4), reader.take(4)
        head_bytes = 8
        if size_bytes == 1:
            size_bytes, head_bytes = reader.number(8), 16
        if size_bytes == 0:
            size_bytes = head_bytes + len(data) - reader.position
        if size_bytes < head_bytes:
            raise BrokenHeif("a box is smaller than its head")
        yield name, reader.take(size_bytes - head_bytes)
