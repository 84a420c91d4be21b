"""What is heard between the words: silence and music are told apart, with their times."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncGenerator

import numpy as np
import numpy.typing as npt
import pytest

from support.media_files import tone
from thinktalk.engines.base import Segment
from thinktalk.engines.cascade.sounds import between_words
from thinktalk.media.types import Audio, Recording

RATE = 16_000


def silence(duration_s: float) -> npt.NDArray[np.float32]:
    return np.zeros(round(duration_s * RATE), np.float32)


def noise(duration_s: float) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(0)
    return random.normal(0, 0.1, round(duration_s * RATE)).astype(np.float32)


def melody(duration_s: float) -> npt.NDArray[np.float32]:
    notes = (262.0, 330.0, 392.0, 523.0)
    return np.concatenate(
        [tone(0.5, hz=notes[n % 4], level=0.3) for n in range(round(duration_s * 2))]
    )


def sound(*parts: npt.NDArray[np.float32]) -> Audio:
    return Audio(np.concatenate(parts), RATE)


def recording(audio: Audio) -> Recording:
    """The same as a sound that is decoded while it is read, in pieces of odd lengths."""

    async def read(start_s: float) -> AsyncGenerator[npt.NDArray[np.float32], None]:
        for first in range(round(start_s * RATE), len(audio.samples), 7001):
            yield audio.samples[first : first + 7001]

    return Recording(audio.duration_s, "any", read)


class Counted:
    """Counts how often a sound is read, and the seconds that are decoded for it."""

    def __init__(self, audio: Audio) -> None:
        self.audio = audio
        self.num_reads, self.decoded_s, self.num_open = 0, 0.0, 0

    @property
    def recording(self) -> Recording:
        return Recording(self.audio.duration_s, "any", self._read)

    async def _read(self, start_s: float) -> AsyncGenerator[npt.NDArray[np.float32], None]:
        self.num_reads += 1
        self.num_open += 1
        self.decoded_s += start_s  # what comes before is decoded, too, to be skipped
        try:
            for first in range(round(start_s * RATE), len(self.audio.samples), 30 * RATE):
                piece = self.audio.samples[first : first + 30 * RATE]
                self.decoded_s += len(piece) / RATE
                yield piece
        finally:
            self.num_open -= 1


def said(start_s: float, end_s: float) -> Segment:
    return Segment(start_s=start_s, end_s=end_s, text=" Words.", language="en")


@pytest.mark.parametrize("is_long", [False, True], ids=["in memory", "decoded while read"])
async def test_silence_music_and_noise_are_told_with_their_times(is_long: bool) -> None:
    audio = sound(noise(3), silence(6), melody(8), noise(2), noise(7))
    given = recording(audio) if is_long else audio

    found = await between_words(given, [said(0, 3), said(17, 19)])

    assert [(part.start_s, part.end_s) for part in found] == [(3, 9), (9, 17), (19, 26)]
    assert found[0].likeness == "silence"
    assert "music" in found[1].likeness
    assert "noise" in found[2].likeness


async def test_short_pauses_between_words_are_not_told() -> None:
    audio = sound(noise(4), silence(2), noise(4), silence(2))

    assert await between_words(audio, [said(0, 4), said(6, 10)]) == []


async def test_a_click_in_a_long_silence_is_part_of_it() -> None:
    audio = sound(silence(5), noise(0.5), silence(5))

    (part,) = await between_words(audio, [])

    assert (part.start_s, part.end_s, part.likeness) == (0, 10.5, "silence")


async def test_in_an_hour_only_long_stretches_are_told() -> None:
    audio = sound(*[part for _ in range(60) for part in (noise(50), silence(10))])
    talk = [said(60.0 * n, 60.0 * n + 50) for n in range(60)]

    assert await between_words(audio, talk) == []
    assert len(await between_words(audio, talk[:30])) >= 1


async def test_a_long_sound_with_many_pauses_is_decoded_once() -> None:
    audio = sound(*[part for _ in range(12) for part in (noise(50), silence(30), melody(20))])
    counted = Counted(audio)
    talk = [said(100.0 * n, 100.0 * n + 50) for n in range(12)]

    found = await between_words(counted.recording, talk)

    assert found == await between_words(audio, talk)
    assert [part.start_s for part in found[:4]] == [50, 80, 150, 180]
    assert len(found) == 24
    assert counted.num_reads == 1
    assert counted.decoded_s <= audio.duration_s


async def test_a_long_sound_is_not_decoded_behind_the_last_pause() -> None:
    counted = Counted(sound(noise(20), silence(20), noise(500)))

    found = await between_words(counted.recording, [said(0, 20), said(40, 540)])

    assert [(part.start_s, part.end_s) for part in found] == [(20, 40)]
    assert counted.decoded_s < 100
    assert counted.num_open == 0


async def test_a_long_sound_without_pauses_is_not_decoded() -> None:
    counted = Counted(sound(noise(60)))

    assert await between_words(counted.recording, [said(0, 60)]) == []
    assert counted.num_reads == 0


@pytest.mark.parametrize("is_loud", [False, True], ids=["now and then", "all the time"])
async def test_memory_does_not_grow_with_the_length_of_a_pause(is_loud: bool) -> None:
    piece = noise(30) if is_loud else sound(noise(0.5), silence(29.5)).samples

    async def read(start_s: float) -> AsyncGenerator[npt.NDArray[np.float32], None]:
        for _ in range(120):
            yield piece.copy()

    tracemalloc.start()
    try:
        (part,) = await between_words(Recording(3600, "any", read), [])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (part.start_s, part.end_s) == (0, 3600)
    assert ("noise" in part.likeness) is is_loud
    assert peak < 50e6, "an hour has 230 MB"


@pytest.mark.parametrize("is_long", [False, True], ids=["in memory", "decoded while read"])
async def test_a_stretch_that_begins_quietly_is_told_by_what_is_heard(is_long: bool) -> None:
    audio = sound(silence(35), noise(80), silence(3600 - 115))  # shortest that is told: 36 s
    given = recording(audio) if is_long else audio

    (part,) = await between_words(given, [said(115, 3600)])

    assert (part.start_s, part.end_s) == (0, 115)
    assert part.likeness == "no speech: probably noise"


async def test_no_sound_at_all_has_no_stretches() -> None:
    assert await between_words(Audio(silence(0), RATE), []) == []
