"""What of a conversation an engine is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from thinktalk.conversation import AudioPart, ImagePart, TextPart
from thinktalk.errors import InvalidField
from thinktalk.media.types import Audio, Image
from thinktalk.session.errors import ItemNotFound
from thinktalk.session.history import History
from thinktalk.session.items import Content, Item, Picture, Speech, Text


def said(item_id: str, *content: Content, role: str = "user") -> Item:
    return Item(id=item_id, role=role, content=content)  # type: ignore[arg-type]


def minutes(count: float) -> Speech:
    return Speech(Audio(np.zeros(round(count * 60 * 16_000), np.float32), 16_000), "Words.")


async def load(sources: Sequence[str]) -> ImagePart:
    return ImagePart(Image(np.zeros((len(sources), 2, 3), np.uint8)))


async def test_speech_goes_with_its_transcript_and_pictures_before_it() -> None:
    history = History("qwen3.5")
    history.add(said("a", Picture("data:,x"), Picture("data:,y"), minutes(0.01)))
    history.add(said("b", Speech(None, "Yes."), role="assistant"))
    system, user, assistant = await history.messages("Be brief.", load)
    assert system.text == "Be brief." and assistant.parts == (TextPart("Yes."),)
    picture, sound = user.parts
    assert isinstance(picture, ImagePart) and picture.image.height == 2
    assert isinstance(sound, AudioPart) and sound.transcript == "Words." and sound.tokens == 7


async def test_old_sound_becomes_words_before_memory_fills() -> None:
    history = History("qwen3.5")
    for name in "abcd":
        history.add(said(name, minutes(4)))
    kinds = [type(m.parts[0]) for m in await history.messages("", load)]
    assert kinds == [TextPart, TextPart, AudioPart, AudioPart]


async def test_a_call_without_a_result_is_left_out() -> None:
    history = History("qwen3.5")
    history.add(said("q", Text("Open both gates.")))
    for name in ("one", "two"):
        history.add(Item(id=name, type="function_call", call_id=f"c-{name}", name="open"))
    history.add(Item(id="r", type="function_call_output", call_id="c-two", output="ok"))
    roles = [message.role for message in await history.messages("", load)]
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
