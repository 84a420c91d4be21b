"""What is too long for the window is read in parts, for the question, and the report says so."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from support.long_talk import PARAGRAPH_S, meeting
from support.scripted_senses import ScriptedRecognizer
from thinktalk.conversation import AudioPart, ImagePart, Message, Part, TextPart, VideoPart
from thinktalk.engines.base import GenerateRequest, Sampling, Segment, Thought
from thinktalk.engines.cascade.perception import PerceivingThinker
from thinktalk.errors import EngineFailed, PromptTooLong
from thinktalk.events import Finished, Progress, Report, TextDelta
from thinktalk.media.types import Audio, Image, Video

WRECK = (
    "The diver found a wreck from 1862 under the pier. It is called the Margarethe. It had forty "
    "barrels of oil on board."
)
WINDOW = 1000
PART_END = "[end of the part]"


class Reader:
    """A thinker in whose window a token is a word. Answers on each part by `noted`."""

    window_tokens = WINDOW

    def __init__(self, noted: Callable[[str], str] = lambda part: "Nothing.") -> None:
        self._noted = noted
        self.parts: list[GenerateRequest] = []
        self.finals: list[GenerateRequest] = []
        self.open = 0

    async def think(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        if (num_tokens := self.count_prompt(request)) > self.window_tokens:
            raise PromptTooLong(num_tokens, self.window_tokens)
        text = request.messages[-1].text
        is_part = PART_END in text
        (self.parts if is_part else self.finals).append(request)
        self.open += 1
        try:
            answer = self._noted(text.split(PART_END)[0]) if is_part else "So it is."
            for word in answer.split()[: request.sampling.max_tokens]:
                yield TextDelta(f"{word} ")
            yield Finished("stop")
        finally:
            self.open -= 1

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def count_prompt(self, request: GenerateRequest) -> int:
        return sum(self.count_tokens(message.text) for message in request.messages)

    @property
    def shown(self) -> str:
        """What the last answer was written from."""
        return self.finals[-1].messages[-1].text


class Looker:
    async def describe(self, image: Image) -> str:
        return "\n".join(f"line {n} of {image.width}" for n in range(image.width))

    async def follow(self, video: Video, segments: list[Segment]) -> str:
        rows = [f"{n // 2}:{n % 2 * 30:02} on screen: page {n} " + "x " * 20 for n in range(90)]
        return "\n".join(["Video, 2700 s, 640x360.", *rows])


def recording(num_paragraphs: int) -> AudioPart:
    return AudioPart(Audio(np.zeros(int(num_paragraphs * PARAGRAPH_S), np.float32), 1))


def perceiving(reader: Reader, num_paragraphs: int) -> tuple[PerceivingThinker, AudioPart]:
    heard = meeting(num_paragraphs, {num_paragraphs // 2: WRECK})
    thinker = PerceivingThinker(ScriptedRecognizer(heard), Looker(), reader)
    return thinker, recording(num_paragraphs)


def ask(text: str, *parts: Part, **options: Any) -> GenerateRequest:
    return GenerateRequest(messages=(Message("user", (*parts, TextPart(text))),), **options)


async def answer(thinker: PerceivingThinker, request: GenerateRequest) -> list[Thought]:
    return [thought async for thought in thinker.think(request)]


async def read(
    question: str, *, reader: Reader | None = None, num_paragraphs: int = 60, **options: Any
) -> tuple[Reader, list[Thought]]:
    reader = reader or Reader()
    thinker, sound = perceiving(reader, num_paragraphs)
    return reader, await answer(thinker, ask(question, sound, **options))


def window_of(thoughts: list[Thought]) -> dict[str, Any]:
    reports = [thought for thought in thoughts if isinstance(thought, Report)]
    assert [report.kind for report in reports] == ["media_report"]
    window = reports[0].data["window"]
    assert isinstance(window, dict)
    return window


def names_the_wreck(part: str) -> str:
    return "The wreck is the Margarethe." if "Margarethe" in part else "Nothing."


async def test_what_fits_is_shown_whole_and_nothing_is_reported() -> None:
    reader, thoughts = await read("Summarise.", num_paragraphs=8)
    assert reader.parts == []
    assert WRECK in reader.shown
    assert not any(isinstance(thought, Report) for thought in thoughts)


async def test_every_word_of_a_long_recording_is_read_and_every_prompt_fits() -> None:
    reader, _ = await read("Summarise.")
    rows = [
        line
        for request in reader.parts
        for line in request.messages[-1].text.splitlines()
        if line.startswith("[") and line != PART_END
    ]
    assert len(rows) == len(set(rows)) == 60
    assert len(reader.parts) <= 8


async def test_what_was_noted_reaches_the_answer_with_the_time_it_was_said_at() -> None:
    reader, _ = await read("Summarise.", reader=Reader(names_the_wreck))
    assert "[12:00] The wreck is the Margarethe." in reader.shown
    assert "Nothing" not in reader.shown


async def test_sentences_of_one_part_get_their_own_times() -> None:
    def noted(part: str) -> str:
        if "Aldermoor" not in part:
            return "Nothing."
        return "- [9:59] Ms. Ruth Calloway chairs.\n- Rain comes into the library. And the"

    reader, _ = await read("Summarise.", reader=Reader(noted))
    assert "[0:00] Ms. Ruth Calloway chairs.\n[1:12] Rain comes into" in reader.shown
    assert "And the" not in reader.shown


async def test_what_a_part_cannot_know_is_not_believed() -> None:
    def noted(part: str) -> str:
        if "Aldermoor" in part:
            return "The diver found 14 letters. Two voted against it."
        return "A wreck was found." if "Margarethe" in part else "Nothing."

    reader, _ = await read("What did the diver find?", reader=Reader(noted))
    assert "14 letters" not in reader.shown
    assert "Two voted against it." in reader.shown


async def test_a_summary_may_call_a_thing_by_a_name_that_is_said_once() -> None:
    reader = Reader(lambda part: "The diver is at work.")
    await read("Summarise what the diver said.", reader=reader)
    assert reader.shown.count("The diver is at work.") == len(reader.parts)


async def test_no_paraphrase_stands_beside_a_row_that_is_kept_word_for_word() -> None:
    reader, _ = await read("What wreck is it?", reader=Reader(names_the_wreck))
    assert f'[12:00] "{WRECK}"' in reader.shown
    assert "The wreck is the Margarethe." not in reader.shown


async def test_each_part_is_read_for_the_question_and_what_came_before() -> None:
    reader = Reader()
    thinker, sound = perceiving(reader, 60)
    messages = (
        Message("system", (TextPart("You write minutes."),)),
        Message("user", (sound, TextPart("Who chairs?"))),
        Message("assistant", (TextPart("Ruth Calloway."),)),
        Message("user", (TextPart("What does she say first?"),)),
    )
    await answer(thinker, GenerateRequest(messages=messages))
    asked = [request.messages[-1].text.split(PART_END)[1] for request in reader.parts]
    for text in ("You write minutes.", "Who chairs?", "Ruth Calloway.", "What does she say first?"):
        assert all(text in one for one in asked)


async def test_the_row_at_a_named_time_is_shown_word_for_word() -> None:
    reader, _ = await read("What is said at 12:10?")
    assert f'[12:00] "{WRECK}"' in reader.shown


async def test_the_row_that_shares_the_words_of_the_question_is_shown_word_for_word() -> None:
    reader, _ = await read("Quote what the divers said about a wreck.")
    assert f'[12:00] "{WRECK}"' in reader.shown


async def test_a_summary_is_written_from_the_first_and_the_last_row_too() -> None:
    reader, _ = await read("Summarise.", reader=Reader(names_the_wreck))
    shown = reader.shown
    order = [shown.index(text) for text in ("Good evening", "[12:00] The wreck", "last point")]
    assert order == sorted(order)


async def test_where_no_part_answers_that_is_said() -> None:
    reader, _ = await read("Who flew a kite?")
    assert "Nothing in it answers the question" in reader.shown


async def test_the_report_comes_before_the_answer_and_names_limit_need_and_parts() -> None:
    reader, thoughts = await read("Summarise.")
    kinds = [type(thought) for thought in thoughts]
    assert kinds.index(Report) < kinds.index(TextDelta)
    window = window_of(thoughts)
    assert window["limit"] == WINDOW
    assert window["needed"] > 3000
    assert window["parts"] == len(window["spans"]) == len(reader.parts)
    assert window["how"] == "mapped and reduced"
    assert f"{window['parts']} parts" in window["summary"]
    ends = [(span["start_s"], span["end_s"]) for span in window["spans"]]
    assert ends[0][0] == 0
    assert ends[-1][1] == 60 * PARAGRAPH_S - 2
    assert all(one[1] == other[0] for one, other in pairwise(ends))


async def test_progress_rises_while_parts_are_read() -> None:
    _, thoughts = await read("Summarise.", reader=Reader(names_the_wreck))
    told = [t.fraction for t in thoughts if isinstance(t, Progress) and t.stage == "reading"]
    assert told == sorted(told)
    assert told[0] == 0
    assert 0.8 < told[-1] <= 1
    assert len(set(told)) > 5


async def test_parts_are_read_plainly_and_the_answer_is_written_as_asked() -> None:
    sampling = Sampling(seed=7, temperature=1.0)
    reader, _ = await read("Summarise.", sampling=sampling)
    assert {request.sampling.temperature for request in reader.parts} == {0.0}
    assert reader.finals[0].sampling == sampling


async def test_notes_that_are_still_too_long_are_read_again() -> None:
    reader = Reader(lambda part: " ".join(f"Point {n} was agreed on." for n in range(30)))
    _, thoughts = await read("Summarise.", reader=reader, num_paragraphs=400)
    assert len(reader.parts) > window_of(thoughts)["parts"]
    assert "left out" not in window_of(thoughts)["summary"]
    assert reader.finals


async def test_trim_leaves_the_end_out_and_says_so_to_the_model_and_in_the_report() -> None:
    reader, thoughts = await read("Summarise.", media_policy="trim")
    assert reader.parts == []
    assert "Aldermoor" in reader.shown
    assert "Margarethe" not in reader.shown
    window = window_of(thoughts)
    assert window["how"] == "trimmed"
    assert "the rest from 4:48 on" in window["summary"]
    assert "(The rest from 4:48 on is left out.)" in reader.shown


async def test_error_refuses_with_the_numbers() -> None:
    with pytest.raises(PromptTooLong) as refused:
        await read("Summarise.", media_policy="error")
    assert refused.value.num_tokens > 3000
    assert refused.value.limit == WINDOW


async def test_split_reads_what_is_longer_than_ten_minutes_in_parts_though_it_fits() -> None:
    class WideReader(Reader):
        window_tokens = 30_000

    reader, thoughts = await read("Summarise.", reader=WideReader(), media_policy="split")
    assert len(reader.parts) == 3
    assert all(s["end_s"] - s["start_s"] <= 600 + PARAGRAPH_S for s in window_of(thoughts)["spans"])
    reader, _ = await read(
        "Summarise.", reader=WideReader(), media_policy="split", num_paragraphs=20
    )
    assert reader.parts == []


async def test_what_was_noted_is_remembered_for_the_same_question_only() -> None:
    reader = Reader(names_the_wreck)
    thinker, sound = perceiving(reader, 60)
    await answer(thinker, ask("Summarise.", sound))
    num_parts = len(reader.parts)
    again = await answer(thinker, ask("Summarise.", sound))
    assert len(reader.parts) == num_parts
    assert window_of(again)["parts"] == num_parts
    assert reader.finals[0].messages == reader.finals[1].messages
    await answer(thinker, ask("Who spoke?", sound))
    assert len(reader.parts) == 2 * num_parts


async def test_closing_in_the_middle_stops_reading() -> None:
    reader = Reader(names_the_wreck)
    thinker, sound = perceiving(reader, 60)
    async with aclosing(thinker.think(ask("Summarise.", sound))) as thoughts:
        async for _ in thoughts:
            if len(reader.parts) == 2:
                break
        assert reader.open == 1
    assert reader.open == 0
    assert len(reader.parts) == 2
    assert reader.finals == []


async def test_a_retry_after_a_failure_goes_on_where_it_failed() -> None:
    def noted(part: str) -> str:
        if "Margarethe" in part and is_broken:
            raise EngineFailed("out of memory")
        return "Nothing."

    is_broken = True
    reader = Reader(noted)
    thinker, sound = perceiving(reader, 60)
    with pytest.raises(EngineFailed, match="out of memory"):
        await answer(thinker, ask("Summarise.", sound))
    num_read, is_broken = len(reader.parts), False
    thoughts = await answer(thinker, ask("Summarise.", sound))
    assert len(reader.parts) == window_of(thoughts)["parts"] + 1
    assert num_read > 1


async def test_a_long_text_without_media_is_refused() -> None:
    thinker, _ = perceiving(Reader(), 2)
    with pytest.raises(PromptTooLong):
        await answer(thinker, ask("word " * 1100))


async def test_a_long_text_beside_a_recording_is_refused_before_anything_is_read() -> None:
    reader = Reader()
    with suppress(PromptTooLong):
        await read("word " * 1100, reader=reader)
        pytest.fail("nothing was refused")
    assert reader.parts == []


async def test_a_long_recording_alone_is_a_file_to_tell_about() -> None:
    reader = Reader(names_the_wreck)
    thinker, sound = perceiving(reader, 60)
    await answer(thinker, GenerateRequest(messages=(Message("user", (sound,)),)))
    assert reader.shown.startswith("[file]\n")
    assert reader.shown.endswith("[end]\nTell what it is about.")
    assert "Tell what it is about." in reader.parts[0].messages[-1].text


async def test_a_small_picture_beside_a_long_recording_stays_as_it_is() -> None:
    reader = Reader(names_the_wreck)
    thinker, sound = perceiving(reader, 60)
    picture = ImagePart(Image(np.zeros((10, 12, 3), np.uint8)))
    await answer(thinker, ask("Compare.", picture, sound))
    assert "line 11 of 12" in reader.shown
    assert "Margarethe" in reader.shown


async def test_several_long_files_are_each_read_and_share_the_window() -> None:
    reader = Reader(lambda part: part.split('"')[1])
    thinker, sound = perceiving(reader, 60)
    pictures = [ImagePart(Image(np.full((10, 300, 3), n, np.uint8))) for n in range(2)]
    thoughts = await answer(thinker, ask("Compare.", sound))
    reader._noted = lambda part: "Seen here is line 7 of 300."
    thoughts = await answer(thinker, ask("Compare.", *pictures, sound))
    assert reader.shown.count("[file]") == 3
    assert reader.shown.count("Too long to be shown whole") == 3
    assert window_of(thoughts)["parts"] > 1


async def test_a_long_video_is_read_by_its_rows() -> None:
    reader = Reader(lambda part: "Page 70 is a map." if "page 70" in part else "Nothing.")
    thinker, _ = perceiving(reader, 2)
    video = Video(frames=(), audio=None, duration_s=2700, width=640, height=360)
    await answer(thinker, ask("Where is the map?", VideoPart(video)))
    assert "[35:00] Page 70 is a map." in reader.shown
