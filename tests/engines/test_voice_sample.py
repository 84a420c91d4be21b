"""The sample check with the real models: faults that only speech can carry."""

from __future__ import annotations

import numpy as np
import pytest
import pytest_asyncio

from benchmarks.sample_check import RATE, in_room, song, two_speakers, under
from support import stock_voices
from thinktalk.app import sample_checker
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.media.types import Audio
from thinktalk.voices.sample import SampleChecker

NEEDED = ("kokoro-82m", "kokoro-voices", "silero-vad", "resemblyzer")
absent = [name for name in NEEDED if stock_voices.catalog.presence(name) == "missing"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(absent), reason=f"weights {absent} are not present"),
]
TEXT = (
    "The museum opens at nine on Sunday. Please explain how a hash table handles collisions. "
    "How long does it take to fly from Berlin to Tokyo? The river runs past the old bridge. "
    "Remind me to call my sister tomorrow at half past nine."
)


@pytest.fixture(scope="module")
def checker() -> SampleChecker:
    return sample_checker(stock_voices.catalog)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spoken() -> dict[str, np.ndarray]:
    kokoro, espeak = stock_voices.kokoro(), Espeak()
    await kokoro.start()
    made = {}
    for voice in ("af_heart", "bf_emma"):
        plan = await kokoro.plan(phonemes(TEXT, "en", espeak), kokoro.styles.stock(voice))
        assert plan is not None
        made[voice] = (await kokoro.decode(plan)).samples.astype(np.float64)
    await kokoro.stop()
    return made


def faults(checker: SampleChecker, wave: np.ndarray) -> list[str]:
    report = checker.check(Audio(np.clip(wave, -1, 1).astype(np.float32), RATE))
    return [fault.name for fault in report.faults]


def test_real_speech_has_no_fault(checker: SampleChecker, spoken: dict[str, np.ndarray]) -> None:
    for wave in spoken.values():
        assert faults(checker, wave) == []


def test_two_women_are_two_speakers(checker: SampleChecker, spoken: dict[str, np.ndarray]) -> None:
    assert "speakers" in faults(checker, two_speakers(*spoken.values()))


def test_music_and_rooms_are_heard(checker: SampleChecker, spoken: dict[str, np.ndarray]) -> None:
    wave = spoken["af_heart"]
    assert "music" in faults(checker, under(wave, song(), 15))
    assert "reverberation" in faults(checker, in_room(wave, 0.8))
