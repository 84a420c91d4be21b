"""Voices with real weights: each its own, of its gender, and as loud as the next."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from support import stock_voices
from thinktalk.engines.base import VoiceRef
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.speaker import Speaker
from thinktalk.media.loudness import loudness, true_peak
from thinktalk.media.types import Audio
from thinktalk.voices import catalog
from thinktalk.voices.pitch import median_pitch_hz

NEEDED = ("kokoro-82m", "kokoro-voices", "resemblyzer")
TEXTS = {
    "en": "The baker sold warm bread before the shop had opened.",
    "zh": "面包师在开门之前就卖完了热面包。",
    "ko": "빵집 주인은 문을 열기 전에 빵을 다 팔았어요.",
}
# A pure style, two mixtures and the styles of the lowest women's and the highest men's pitch.
VOICES = ("Tina", "Cindy", "alloy", "Wil", "Li Cassian", "onyx")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        "missing" in {stock_voices.catalog.presence(name) for name in NEEDED},
        reason=f"weights {', '.join(NEEDED)} are not all present",
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speaker() -> AsyncIterator[Speaker]:
    speaker = stock_voices.speaker(stock_voices.kokoro(), Arbiter(alternate=True))
    await speaker.start()
    yield speaker
    await speaker.stop()


@pytest.mark.parametrize("language", TEXTS)
async def test_voices_have_their_gender_and_one_loudness(speaker: Speaker, language: str) -> None:
    encoder, speakers = stock_voices.encoder(), []
    for name in VOICES:
        audio: Audio = await speaker.say(TEXTS[language], language, VoiceRef(name))
        is_female = catalog.resolve(name).gender == "female"
        assert (median_pitch_hz(audio) > 165) == is_female, name
        assert loudness(audio) == pytest.approx(-20.0, abs=0.5), name
        assert 20 * np.log10(true_peak(audio)) < -1.0, name
        speakers.append(encoder.embed(audio))
    alike = np.stack(speakers) @ np.stack(speakers).T
    assert alike[~np.eye(len(VOICES), dtype=bool)].max() < 0.97
