"""Media become notes once, speech becomes the message, the system prompt says what notes are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import numpy as np

from thinktalk.conversation import AudioPart, ImagePart, Message, Part, TextPart, VideoPart
from thinktalk.engines.base import (
    GenerateRequest,
    RecognizeOptions,
    Segment,
    SpeechOptions,
    Thought,
    VoiceRef,
)
from thinktalk.engines.cascade.perception import PerceivingThinker
from thinktalk.events import Finished, Progress, TextDelta, Usage
from thinktalk.media.types import Audio, Image, Recording, Samples, Video


class Listener:
    def __init__(self, words: str) -> None:
        self.words, self.listened = words, 0

    async def recognize(
        self, audio: Audio, options: RecognizeOptions
    ) -> AsyncGenerator[Segment, None]:
        self.listened += 1
        if self.words:
            end_s = audio.duration_s
            yield Segment(start_s=0, end_s=end_s, text=f" {self.words}", language="en")


class Looker:
    def __init__(self) -> None:
        self.looked = 0

    async def describe(self, image: Image) -> str:
        self.looked += 1
        return f"a picture {image.width} wide"

    async def follow(self, video: Video, segments: Sequence[Segment]) -> str:
        return "a video in which is said" + "".join(segment.text for segment in segments)


class Reader:
    """A thinker that remembers what it was given to read; a token is a word."""

    window_tokens = 1000

    def __init__(self) -> None:
        self.read: list[GenerateRequest] = []

    async def think(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        self.read.append(request)
        yield TextDelta("Yes.")
        yield Finished("stop", Usage(prompt_text_tokens=99))

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def count_prompt(self, request: GenerateRequest) -> int:
        return sum(self.count_tokens(message.text) for message in request.messages)


def image(width: int = 20, shade: int = 0) -> ImagePart:
    return ImagePart(Image(np.full((10, width, 3), shade, np.uint8)))


def sound(seed: int = 0) -> AudioPart:
    samples = np.random.default_rng(seed).normal(0, 0.1, 16_000).astype(np.float32)
    return AudioPart(Audio(samples, 16_000))


async def think(
    thinker: PerceivingThinker, *messages: Message, spoken: bool = False
) -> list[Thought]:
    speech = SpeechOptions(voice=VoiceRef("Ethan")) if spoken else None
    request = GenerateRequest(messages=messages, speech=speech)
    return [thought async for thought in thinker.think(request)]


async def read(
    *messages: Message, words: str = "what is this", spoken: bool = False
) -> GenerateRequest:
    """What the thinker is given to read."""
    reader = Reader()
    thinker = PerceivingThinker(Listener(words), Looker(), reader)
    await think(thinker, *messages, spoken=spoken)
    return reader.read[-1]


def user(*parts: Part) -> Message:
    return Message("user", parts)


async def test_speech_alone_is_the_message() -> None:
    given = await read(user(sound()))
    assert given.messages[-1].text == "what is this"


async def test_speech_beside_a_picture_is_still_the_question() -> None:
    given = await read(user(image(), sound()))
    assert given.messages[-1].text == "[file]\na picture 20 wide\n[end]\nwhat is this"


async def test_speech_beside_written_text_is_a_file_to_talk_about() -> None:
    given = await read(user(TextPart("Who is speaking?"), sound()))
    text = given.messages[-1].text
    assert text.startswith("Who is speaking?\n[file]\n")
    assert '"what is this"' in text


async def test_sound_without_words_is_described() -> None:
    given = await read(user(sound()), words="")
    assert "No speech" in given.messages[-1].text


async def test_a_long_recording_without_words_is_described_by_its_first_30_s() -> None:
    async def pieces(start_s: float) -> AsyncGenerator[Samples, None]:
        for _ in range(700):
            yield np.zeros(16_000, np.float32)

    part = AudioPart(Recording(700.0, "digest", pieces))
    given = await read(user(part, TextPart("What is this?")), words="")

    assert "[audio, 700.0 s] No speech heard: its first 30 s are silent." in given.messages[-1].text


async def test_a_video_is_told_with_its_sound() -> None:
    track = Audio(np.zeros(16_000, np.float32), 16_000)
    video = Video(frames=(), audio=track, duration_s=1, width=64, height=48)
    given = await read(user(VideoPart(video), TextPart("Summarise.")))
    assert "is said what is this" in given.messages[-1].text


async def test_media_of_earlier_turns_are_perceived_once() -> None:
    listener, looker, reader = Listener("hello"), Looker(), Reader()
    thinker = PerceivingThinker(listener, looker, reader)
    first = user(image(), sound(), TextPart("What is this?"))
    await think(thinker, first)
    again = user(image(), sound(), TextPart("What is this?"))
    answer = Message("assistant", (TextPart("A picture."),))
    thoughts = await think(thinker, again, answer, user(TextPart("And?")))
    assert (listener.listened, looker.looked) == (1, 1)
    assert not any(isinstance(thought, Progress) for thought in thoughts)
    assert reader.read[0].messages[:2] == reader.read[1].messages[:2], (
        "the prompt's prefix must not change"
    )


async def test_pictures_that_differ_are_both_looked_at() -> None:
    looker, reader = Looker(), Reader()
    thinker = PerceivingThinker(Listener(""), looker, reader)
    await think(thinker, user(image(shade=1), image(shade=2), TextPart("Compare.")))
    assert looker.looked == 2


async def test_progress_is_told_before_the_first_thought() -> None:
    thinker = PerceivingThinker(Listener(""), Looker(), Reader())
    thoughts = await think(thinker, user(image(), TextPart("?")))
    assert thoughts[0] == Progress("looking", 0.0)
    assert isinstance(thoughts[-1], Finished)


async def test_the_callers_system_prompt_is_kept() -> None:
    system = Message("system", (TextPart("Answer in French."),))
    given = await read(system, user(TextPart("Hello")))
    assert given.messages[0].text == "Answer in French."
    assert len(given.messages) == 2


async def test_without_a_system_prompt_a_spoken_reply_is_asked_to_be_plain() -> None:
    spoken = await read(user(TextPart("Hello")), spoken=True)
    written = await read(user(TextPart("Hello")))
    assert "no markdown" in spoken.messages[0].text
    assert "markdown" not in written.messages[0].text


async def test_code_in_a_video_is_asked_to_be_copied_but_not_to_be_spoken() -> None:
    class Screen(Looker):
        async def follow(self, video: Video, segments: Sequence[Segment]) -> str:
            return "Video, 9 s.\n0:02 the code that is shown:\n```\nprint(1)\n```"

    async def system(sight: Looker, spoken: bool) -> str:
        reader = Reader()
        video = Video(frames=(), audio=None, duration_s=9, width=64, height=48)
        thinker = PerceivingThinker(Listener(""), sight, reader)
        await think(thinker, user(VideoPart(video), TextPart("Write it.")), spoken=spoken)
        return reader.read[-1].messages[0].text

    assert "copied exactly" in await system(Screen(), spoken=False)
    assert "copied exactly" not in await system(Screen(), spoken=True)
    assert "copied exactly" not in await system(Looker(), spoken=False)


async def test_usage_counts_what_was_written_and_not_the_notes() -> None:
    thinker = PerceivingThinker(Listener(""), Looker(), Reader())
    thoughts = await think(thinker, user(image(), TextPart("What is this?")))
    finished = thoughts[-1]
    assert isinstance(finished, Finished)
    assert finished.usage.prompt_text_tokens == 3


async def test_a_question_that_supersedes_another_is_the_only_one_to_answer() -> None:
    reader = Reader()
    thinker = PerceivingThinker(Listener("Why do cats purr?"), Looker(), reader)
    first = Message("user", (TextPart("What time is it?"),))
    await think(thinker, first, Message("user", (sound(),), supersedes=True))
    assert reader.read[-1].messages[-1].text == "Now answer only this: Why do cats purr?"
    assert reader.read[-1].messages[-2].text == "What time is it?"
