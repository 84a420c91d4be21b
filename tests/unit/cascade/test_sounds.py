"""What is heard between the words: silence and music are told apart, with their times."""

from __future__ import annotations

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


async def test_no_sound_at_all_has_no_stretches() -> None:
    assert await between_words(Audio(silence(0), RATE), []) == []
