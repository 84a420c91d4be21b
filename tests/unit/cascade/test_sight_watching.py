"""A video is told in one time line: scenes, writing, things, words, sounds, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from support import screens
from support.media_files import tone
from support.pictures import Drawn, scene, text_picture
from thinktalk.engines.base import Segment
from thinktalk.engines.cascade.sight.objects import Thing
from thinktalk.engines.cascade.sight.reading import Line
from thinktalk.engines.cascade.sight.watching import watch
from thinktalk.media.types import Audio, Frame, Image, Video

RATE = 16_000
CODE = "def add(a, b):\n    return a + b\n\n\nfor n in range(3):\n    print(add(n, 10))"


class PerfectReader:
    """Reads what was drawn, and takes every photograph for a cat."""

    def __init__(self, drawn: Mapping[int, Sequence[Line]] | None = None) -> None:
        self.drawn = drawn or {}
        self.num_read = 0

    async def read(self, image: Image) -> tuple[Line, ...]:
        self.num_read += 1
        return tuple(self.drawn.get(id(image), ()))

    async def name(self, image: Image) -> tuple[Thing, ...]:
        return (Thing("cat", 0.9, "cat", 0.9),)


def of_pictures(*pictures: tuple[float, Drawn]) -> tuple[Video, PerfectReader]:
    """A video at two frames a second; each picture is shown from its time on, for 3 s the last."""
    end_s = pictures[-1][0] + 3
    frames = []
    for n in range(round(2 * end_s)):
        shown = [picture for start_s, picture in pictures if start_s <= n / 2][-1]
        frames.append(Frame(n / 2, shown.image))
    reader = PerfectReader({id(one.image): one.lines for _, one in pictures})
    return Video(tuple(frames), None, end_s, 900, 400), reader


def code_lines(code: str) -> list[Line]:
    """What a perfect reader finds in `screens.editor`: line numbers and rows."""
    lines = []
    for number, row in enumerate(code.split("\n")):
        top = 58 + number * 32
        lines.append(Line(str(number + 1), (44, top, 60, top + 28), 0.99))
        if text := row.strip():
            left = 79 + round(13.2 * (len(row) - len(row.lstrip())))
            right = left + round(13.2 * len(text)) + 2
            lines.append(Line(text, (left, top, right, top + 28), 0.99))
    return lines


def told(note: str) -> list[str]:
    """The rows of the time line."""
    return note.split("\n")[1:]


async def test_sight_and_speech_are_told_in_time_order() -> None:
    video, reader = of_pictures(
        (0.0, text_picture(["Main menu"], font_px=30)),
        (3.0, text_picture(["Main menu", "Connection lost"], font_px=30)),
    )
    speech = [Segment(start_s=0.95, end_s=2.0, text=" Now I press start.", language="en")]

    assert told(await watch(reader, video, speech)) == [
        "0:00 on screen: Main menu",
        '0:01 said: "Now I press start."',
        "0:03 on screen: Connection lost",
    ]
    assert reader.num_read == 1, "the last picture shows all that was there before"


async def test_code_that_is_typed_is_told_whole_and_once() -> None:
    sizes = [0, 0, *range(4, len(CODE) + 1, 4)]
    sizes += [len(CODE)] * 3
    frames = [
        Frame(n / 2, Image(screens.editor(CODE[:size], has_cursor=False)))
        for n, size in enumerate(sizes)
    ]
    reader = PerfectReader({id(frames[-1].image): code_lines(CODE)})
    video = Video(tuple(frames), None, len(frames) / 2, 1280, 720)

    note = await watch(reader, video, [])

    assert f"the code that is shown, complete:\n```\n{CODE}\n```" in note
    assert note.count("def add") == 1
    row = next(row for row in told(note) if "code that is shown" in row)
    assert row.startswith("0:02-0:")
    assert "typed: for n in range(3):" in note


async def test_scenes_and_what_a_photo_shows_are_told_once() -> None:
    photo = Drawn(scene(3, (900, 400)), ())
    video, reader = of_pictures(
        (0.0, text_picture(["Holiday pictures", "Summer in the mountains"], font_px=30)),
        (4.0, photo),
    )

    note = await watch(reader, video, [])

    assert "2 scenes" in note.split("\n")[0]
    assert "0:00 scene 1" in told(note)
    assert "0:04 scene 2: It shows probably a cat (90 % sure)." in told(note)


async def test_silence_and_music_are_noted_with_their_times() -> None:
    video, reader = of_pictures((0.0, text_picture(["Intermission"], font_px=30)))
    notes = [tone(0.5, hz=hz, level=0.3) for hz in (262.0, 330.0, 392.0, 523.0) * 4]
    sound = np.concatenate([np.zeros(6 * RATE, np.float32), *notes])
    whole = Video(video.frames, Audio(sound, RATE), 14.0, 900, 400)

    note = await watch(reader, whole, [])

    assert "with sound, no speech heard" in note.split("\n")[0]
    assert "0:00-0:06 silence" in told(note)
    assert any(row.startswith("0:06-0:14 no speech: probably music") for row in told(note))


async def test_what_was_not_looked_at_is_counted() -> None:
    words = [
        "apples",
        "bridges",
        "castles",
        "dolphins",
        "engines",
        "forests",
        "gardens",
        "harbours",
    ]
    pages = [
        (4.0 * n, text_picture([f"{words[n % 8]} and {words[n // 8]}", words[n % 7]], font_px=40))
        for n in range(20)
    ]
    video, reader = of_pictures(*pages)

    head = (await watch(reader, video, [])).split("\n")[0]

    found = re.search(r"read: (\d+), differing but not read: (\d+)\.", head)
    assert found is not None
    assert int(found[1]) == reader.num_read >= 12
    assert 17 <= int(found[1]) + int(found[2]) <= 20


async def test_a_silent_video_without_anything_says_so() -> None:
    grey: npt.NDArray[np.uint8] = np.full((90, 160, 3), 128, np.uint8)

    note = await watch(PerfectReader(), Video((Frame(0, Image(grey)),), None, 5.0, 160, 90), [])

    assert note.startswith("Video, 5 s, 160x90, no sound.")
    assert told(note) == []


async def test_frames_of_odd_sizes_are_watched() -> None:
    for size in ((1, 1), (3, 400), (400, 3)):
        pixels: npt.NDArray[np.uint8] = np.zeros((size[1], size[0], 3), np.uint8)
        frames = tuple(Frame(n, Image(pixels)) for n in range(3))

        assert await watch(PerfectReader(), Video(frames, None, 3.0, *size), [])
