"""What of a conversation an engine is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from thinktalk.conversation import AudioPart, ImagePart, TextPart
from thinktalk.engines.base import Capabilities
from thinktalk.errors import Busy, InvalidField
from thinktalk.media.types import Audio, Image
from thinktalk.session.errors import ItemNotFound
from thinktalk.session.gallery import Gallery
from thinktalk.session.history import History
from thinktalk.session.items import Content, Item, Picture, Speech, Text
from thinktalk.session.room import Room

ROOM = Room(196_608, Capabilities(name="any"))


def said(item_id: str, *content: Content, role: str = "user") -> Item:
    return Item(id=item_id, role=role, content=content)  # type: ignore[arg-type]


def minutes(count: float) -> Speech:
    return Speech(Audio(np.zeros(round(count * 60 * 16_000), np.float32), 16_000), "Words.")


class Decoder:
    """Sees all but what is torn; notes what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.told: list[Exception] = []
        self.gallery = Gallery(self._load, self.told.append)

    async def _load(self, sources: Sequence[str]) -> ImagePart:
        self.given += sources
        if "busy" in sources:
            raise Busy("not now", retry_after_s=1.0)
        if "torn" in sources:
            raise ValueError("it is torn")
        return ImagePart(Image(np.zeros((len(sources), 2, 3), np.uint8)))


async def test_speech_goes_with_its_transcript_and_pictures_before_it() -> None:
    history = History("qwen3.5")
    history.add(said("a", Picture("data:,x"), Picture("data:,y"), minutes(0.01)))
    history.add(said("b", Speech(None, "Yes."), role="assistant"))
    system, user, assistant = await history.messages("Be brief.", Decoder().gallery, ROOM)
    assert system.text == "Be brief." and assistant.parts == (TextPart("Yes."),)
    picture, sound = user.parts
    assert isinstance(picture, ImagePart) and picture.image.height == 2
    assert isinstance(sound, AudioPart) and sound.transcript == "Words." and sound.tokens == 7


async def test_old_sound_becomes_words_before_memory_fills() -> None:
    history = History("qwen3.5")
    for name in "abcd":
        history.add(said(name, minutes(4)))
    kinds = [type(m.parts[0]) for m in await history.messages("", Decoder().gallery, ROOM)]
    assert kinds == [TextPart, TextPart, AudioPart, AudioPart]


async def test_a_call_without_a_result_is_left_out() -> None:
    history = History("qwen3.5")
    history.add(said("q", Text("Open both gates.")))
    for name in ("one", "two"):
        history.add(Item(id=name, type="function_call", call_id=f"c-{name}", name="open"))
    history.add(Item(id="r", type="function_call_output", call_id="c-two", output="ok"))
    roles = [message.role for message in await history.messages("", Decoder().gallery, ROOM)]
    assert roles == ["user", "assistant", "tool"]


def test_items_have_their_places() -> None:
    history = History("qwen3.5")
    assert history.add(said("a", Text("A"))) is None
    assert history.add(said("c", Text("C"))) == "a"
    assert history.add(said("b", Text("B")), after="a") == "a"
    assert history.add(said("first", Text("0")), after="root") is None
    assert [item.id for item in history] == ["first", "a", "b", "c"]
    with pytest.raises(InvalidField, match="exists already"):
        history.add(said("a", Text("again")))
    with pytest.raises(ItemNotFound, match="nowhere"):
        history.add(said("x"), after="nowhere")
    history.delete("b")
    with pytest.raises(ItemNotFound):
        history.get("b")


async def test_a_picture_that_cannot_be_decoded_is_left_out_for_good() -> None:
    history, decoder = History("qwen3.5"), Decoder()
    good = [Picture(f"frame {number}") for number in range(6)]
    history.add(said("a", *good[:4], Picture("torn"), *good[4:], Text("What is it?")))
    for _ in range(2):
        (message,) = await history.messages("", decoder.gallery, ROOM)
        picture, text = message.parts
        assert isinstance(picture, ImagePart) and picture.image.height == 6
        assert text == TextPart("What is it?")
    assert [str(error) for error in decoder.told] == [
        "The picture 4 of the item 'a' is left out: it is torn"
    ]
    assert history.get("a").pictures == tuple(good)


async def test_pictures_are_decoded_once_for_drafts_and_answers() -> None:
    history, decoder = History("qwen3.5"), Decoder()
    turn = said("a", Picture("data:,x"), Text("Look."))
    draft = history.with_item(turn)
    history.add(turn)
    history.add(said("b", Picture("torn")))
    for told in (draft, history, history):
        await told.messages("", decoder.gallery, ROOM)
    assert decoder.given == ["data:,x", "torn"] and len(decoder.told) == 1


async def test_a_picture_that_cannot_be_had_now_may_be_had_later() -> None:
    history, decoder = History("qwen3.5"), Decoder()
    history.add(said("a", Picture("busy")))
    with pytest.raises(Busy):
        await history.messages("", decoder.gallery, ROOM)
    assert not decoder.told and history.get("a").pictures


async def test_the_oldest_turns_make_room_and_stay_away() -> None:
    history, gallery = History("qwen3.5"), Decoder().gallery
    room = Room(196_608, Capabilities(name="small", context_tokens=2_000))
    history.add(said("rules", Text("Be kind."), role="system"))

    async def answered(number: int) -> list[str]:
        history.add(said(f"q{number}", Text(f"{number} " + "what " * 60)))
        messages = await history.messages("Be brief.", gallery, room)
        history.add(said(f"a{number}", Text("because " * 40), role="assistant"))
        return [message.text.split()[0] for message in messages if message.role == "user"]

    firsts = [(await answered(number))[0] for number in range(30)]
    assert firsts[0] == "0" and 20 < int(firsts[-1]) < 29
    assert len(set(firsts)) < 15, "each cut leaves room for several turns"
    messages = await history.messages("Be brief.", gallery, room)
    assert [message.text for message in messages[:2]] == ["Be brief.", "Be kind."]
    assert history.get("q0")


async def test_pictures_take_room_as_they_are_billed() -> None:
    history = History("qwen3.5")

    async def load(sources: Sequence[str]) -> ImagePart:
        return ImagePart(Image(np.zeros((2, 2, 3), np.uint8)), tokens=900)

    for number in range(10):
        history.add(said(f"q{number}", Picture("data:,x"), Text("What is it?")))
    room = Room(5_000, Capabilities(name="any", context_tokens=100_000))
    messages = await history.messages("", Gallery(load, lambda error: None), room)
    assert len(messages) == 4


async def test_the_last_turn_is_told_however_long_it_is() -> None:
    history = History("qwen3.5")
    history.add(said("a", Text("Hi.")))
    history.add(said("b", Text("word " * 4_000)))
    room = Room(196_608, Capabilities(name="small", context_tokens=2_000))
    (message,) = await history.messages("", Decoder().gallery, room)
    assert message.text.startswith("word")


@pytest.mark.parametrize("heard", ["The tower", ""])
async def test_what_is_said_before_an_answer_was_heard_supersedes(heard: str) -> None:
    history = History("qwen3.5")
    history.add(said("a", Text("Tell me of the tower.")))
    history.add(said("b", Speech(None, heard), role="assistant"))
    history.interrupt("b")
    history.add(said("c", Text("Who built it?")))
    messages = await history.messages("", Decoder().gallery, ROOM)
    assert [message.supersedes for message in messages][-1] is not bool(heard)
    assert not any(message.supersedes for message in messages[:-1])


async def test_pictures_that_could_not_be_seen_just_now_stay() -> None:
    history, told = History("qwen3.5"), list[Exception]()
    failures = iter([ValueError("it was slow")])

    async def load(sources: Sequence[str]) -> ImagePart:
        for failure in failures:
            raise failure
        return ImagePart(Image(np.zeros((len(sources), 2, 3), np.uint8)))

    gallery = Gallery(load, told.append)
    history.add(said("a", Picture("data:,x"), Picture("data:,y"), Text("Look.")))
    with pytest.raises(ValueError, match="it was slow"):
        await history.messages("", gallery, ROOM)
    (message,) = await history.messages("", gallery, ROOM)
    assert isinstance(message.parts[0], ImagePart) and not told


async def test_long_instructions_of_one_answer_make_nothing_be_forgotten() -> None:
    history, gallery = History("qwen3.5"), Decoder().gallery
    for number in range(6):
        history.add(said(f"{number}", Text("word " * 300)))
    room = Room(196_608, Capabilities(name="small", context_tokens=6_000))
    assert len(await history.messages("", gallery, room)) == 6
    assert len(await history.messages("long " * 3_000, gallery, room)) < 6
    assert len(await history.messages("", gallery, room)) == 6
