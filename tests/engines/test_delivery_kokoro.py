"""Delivery with real weights: joins, pauses, pace and manners, measured on the sound."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import numpy as np
import pytest
import pytest_asyncio

from support import stock_voices
from thinktalk.engines.base import SpeechOptions, VoiceRef
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.talker import CascadeTalker
from thinktalk.engines.delivery import Manner, read
from thinktalk.media.types import Audio, Samples
from thinktalk.settings import load
from thinktalk.voices.pitch import median_pitch_hz
from thinktalk.weights.catalog import Catalog

NEEDED = ("kokoro-82m", "kokoro-voices", "resemblyzer")
RATE = 24_000
MIXED = (
    "The old bridge was closed because the river had risen, so we waited: nobody came. "
    "Toget til byen kører ikke i morgen tidlig.\n\nWe walked home… It was late."
)
SENTENCE = "Bread rises when yeast makes gas, and the dough holds it."
# Of few words the median wanders with what is drawn out.
LONGER = f"The old bridge was closed because the river had risen, so we waited. {SENTENCE}"
# eSpeak NG speaks it.
DANISH = "Toget til byen kører i morgen tidlig klokken ni."

catalog = Catalog(load().weights)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        "missing" in {catalog.presence(name) for name in NEEDED},
        reason=f"weights {', '.join(NEEDED)} are not all present",
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talker() -> AsyncIterator[CascadeTalker]:
    arbiter = Arbiter(alternate=True)
    talker = CascadeTalker(stock_voices.speaker(stock_voices.kokoro(), arbiter), arbiter)
    await talker.start()
    yield talker
    await talker.stop()


async def pieces(talker: CascadeTalker, text: str, **more: object) -> list[Samples]:
    """The sound of each delta; a delta begins where a piece begins, or within one."""
    speech = SpeechOptions(voice=VoiceRef("Chelsie"), **more)  # type: ignore[arg-type]
    return [delta.audio.samples async for delta in talker.synthesize(text, speech)]


async def say(
    talker: CascadeTalker, text: str, language: str, speed: float = 1.0, manner: str = ""
) -> Audio:
    return await talker._speaker.say(text, language, VoiceRef("Ethan"), speed, read(manner))


def clicks(samples: Samples) -> list[int]:
    """Where the sound above 4 kHz bursts: 2 ms that hold 10 times what the 30 ms around do, and
    are loud enough to be heard."""
    spectrum = np.fft.rfft(samples)
    spectrum[: int(4000 * len(samples) / RATE)] = 0
    high = np.fft.irfft(spectrum, len(samples))
    block = RATE // 500
    count = len(high) // block
    power = (high[: count * block].reshape(count, block) ** 2).mean(1)
    found = []
    for index in range(8, count - 8):
        around = np.r_[power[index - 7 : index - 1], power[index + 2 : index + 8]]
        if power[index] > 10 ** (-55 / 10) and power[index] > 100 * (around.max() + 1e-12):
            found.append(index * block)
    return found


def longest_silence_s(samples: Samples) -> float:
    """The longest stretch inside that lies 30 dB below the speech."""
    block = RATE // 200
    count = len(samples) // block
    levels = np.sqrt((samples[: count * block].reshape(count, block) ** 2).mean(1))
    heard = np.flatnonzero(levels > 10 ** (-30 / 20) * np.sqrt((samples**2).mean()))
    return float(np.diff(heard).max() - 1) * 0.005


def level_db(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(audio.samples**2)))


def test_the_detector_hears_a_planted_click() -> None:
    time_s = np.arange(RATE) / RATE
    hum = (0.2 * np.sin(2 * np.pi * 140 * time_s)).astype(np.float32)
    hum += np.random.default_rng(3).normal(0, 1e-4, RATE).astype(np.float32)
    assert not clicks(hum)
    cut = np.concatenate([hum[:9030], np.zeros(3000, np.float32), hum[9030:]])
    assert len(clicks(cut)) == 2


async def test_nothing_clicks_at_joins_of_phrases_languages_and_replies(
    talker: CascadeTalker,
) -> None:
    one, two = await pieces(talker, MIXED), await pieces(talker, "Well then. Goodbye.")
    sound = np.concatenate([*one, *two])
    assert not clicks(sound)
    joins = np.cumsum([len(piece) for piece in [*one, *two]])[:-1]
    assert len(joins) > 15
    steps = np.abs(np.diff(sound))
    for join in joins:
        around = np.concatenate([steps[join - 480 : join - 1], steps[join : join + 480]])
        assert steps[join - 1] <= max(1.5 * around.max(), 1e-3)


async def test_a_comma_pauses_alike_within_a_piece_and_at_a_cut(talker: CascadeTalker) -> None:
    speak = partial(say, talker, language="en")
    within, cut = [], []
    for head, tail in (
        ("Before the sun came up,", "we went down to the harbour."),
        ("The train was late again,", "so everyone was waiting."),
        ("She opened the window,", "and the cold air came in."),
    ):
        within.append(longest_silence_s((await speak(f"{head} {tail}")).samples))
        first, second = await speak(head), await speak(tail)
        pause = np.zeros(int(0.15 * RATE), np.float32)
        cut.append(longest_silence_s(np.concatenate([first.samples, pause, second.samples])))
    assert 0.5 < np.median(cut) / np.median(within) < 2.0, (cut, within)


@pytest.mark.parametrize(("language", "text"), [("en", LONGER), ("da", DANISH)])
async def test_speed_scales_the_time_and_keeps_the_pitch(
    talker: CascadeTalker, language: str, text: str
) -> None:
    natural = await say(talker, text, language)
    for speed in (0.25, 0.5, 1.25, 2.0, 4.0):
        audio = await say(talker, text, language, speed)
        slack = 0.1 if 0.5 <= speed <= 2 else 0.15
        assert natural.duration_s / audio.duration_s == pytest.approx(speed, rel=slack), speed
        if 0.5 <= speed <= 2:
            ratio = median_pitch_hz(audio) / median_pitch_hz(natural)
            assert abs(12 * np.log2(ratio)) < 1, speed


async def test_pauses_scale_with_speed(talker: CascadeTalker) -> None:
    text = "Good morning. Good night. Good day."
    natural, slow = [
        np.concatenate(await pieces(talker, text, speed=speed)) for speed in (1.0, 0.5)
    ]
    assert len(slow) / len(natural) == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize(("language", "text"), [("en", SENTENCE), ("da", DANISH)])
async def test_manners_are_heard(talker: CascadeTalker, language: str, text: str) -> None:
    plain = await say(talker, text, language)
    base, pitch = level_db(plain), median_pitch_hz(plain)
    slow, loud, deep, high, whisper = [
        await say(talker, text, language, manner=manner)
        for manner in ("slow", "loudly", "deep", "high voice", "whisper")
    ]
    assert slow.duration_s > 1.2 * plain.duration_s
    assert level_db(loud) - base == pytest.approx(read("loudly").energy_db, abs=1.2)
    assert np.abs(loud.samples).max() < 0.98
    assert median_pitch_hz(deep) < 0.9 * pitch
    assert median_pitch_hz(high) > 1.1 * pitch
    assert level_db(whisper) < base - 2


async def test_instructions_reach_the_sound(talker: CascadeTalker) -> None:
    plain = np.concatenate(await pieces(talker, SENTENCE))
    soft = np.concatenate(await pieces(talker, SENTENCE, instructions="a soft voice, slowly"))
    assert len(soft) > 1.15 * len(plain)
    assert np.std(soft) < 0.6 * np.std(plain)
    assert read("a soft voice, slowly") != Manner()
