"""Cloning into Kokoro with real weights: a fit is more like its sample than stock voices are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import numpy as np
import pytest
import pytest_asyncio

from support import stock_voices
from thinktalk.engines.base import SpeechOptions, VoiceRef
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder
from thinktalk.engines.cascade.clone.fitter import KokoroFitter
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.speaker import Speaker
from thinktalk.engines.cascade.talker import CascadeTalker
from thinktalk.errors import EngineFailed
from thinktalk.media.types import Audio
from thinktalk.voices.fitting import VoiceFit

NEEDED = ("kokoro-82m", "kokoro-voices", "resemblyzer", "whisper-base", "silero-vad")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        "missing" in {stock_voices.catalog.presence(name) for name in NEEDED},
        reason=f"weights {', '.join(NEEDED)} are not all present",
    ),
]

SAMPLE = (
    "Every year in spring the river comes up to the old wall. People from the village bring "
    "their boats inside, and children are told not to play near the bridge."
)
SENTENCE = "The museum opens at nine and closes at six, except on public holidays."


@pytest.fixture(scope="module")
def kokoro() -> Kokoro:
    return stock_voices.kokoro()


@pytest.fixture(scope="module")
def encoder() -> SpeakerEncoder:
    return stock_voices.encoder()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fitter(kokoro: Kokoro) -> AsyncIterator[KokoroFitter]:
    await kokoro.start()
    arbiter = Arbiter(alternate=True)
    ears = stock_voices.ears(arbiter)
    await ears.start()
    fitter = stock_voices.fitter(kokoro, ears, arbiter)
    yield fitter
    await fitter.stop()
    await ears.stop()
    await kokoro.stop()


@pytest.fixture(scope="module")
def talker(kokoro: Kokoro, fitter: KokoroFitter) -> CascadeTalker:
    return CascadeTalker(Speaker(kokoro, Espeak(), fitter), Arbiter(alternate=True))


@pytest.fixture(scope="module")
def sample() -> Audio:
    """A stranger to Kokoro: eSpeak's voice, which no style resembles."""
    return Espeak().say(SAMPLE, "en", EspeakVoice("male", "m3"))


async def said(talker: CascadeTalker, voice: VoiceRef) -> Audio:
    async with aclosing(talker.synthesize(SENTENCE, SpeechOptions(voice=voice))) as deltas:
        pieces = [delta.audio.samples async for delta in deltas]
    return Audio(np.concatenate(pieces), 24_000)


async def test_a_fit_sounds_more_like_the_sample_than_any_of_some_stock_voices(
    talker: CascadeTalker, fitter: KokoroFitter, encoder: SpeakerEncoder, sample: Audio
) -> None:
    fit = await fitter.fit(sample, effort="quick")
    target = encoder.embed(sample)
    cloned = float(encoder.embed(await said(talker, VoiceRef("Ethan", fit=fit))) @ target)
    stock = [
        float(encoder.embed(await said(talker, VoiceRef(name))) @ target)
        for name in ("Ethan", "Aiden", "Harvey", "Tina")
    ]
    assert cloned > max(stock), (cloned, stock)
    assert fit.similarity is not None and fit.similarity > 0.4
    assert len(fit.data) == 1032


async def test_a_long_search_is_no_worse_than_where_it_started(
    talker: CascadeTalker, fitter: KokoroFitter, encoder: SpeakerEncoder, kokoro: Kokoro
) -> None:
    # A mixture that no name has: Kokoro can do it, if only it is found.
    rows = kokoro.styles.mixed({"am_onyx": 0.5, "bm_george": 0.5})
    from thinktalk.engines.cascade.kokoro_speech import speak
    from thinktalk.engines.cascade.phonemes import phonemes

    symbols = [phonemes(part, "en-us", Espeak()) for part in SAMPLE.split(". ")]
    sample = Audio(np.concatenate([await speak(kokoro, one, rows) for one in symbols]), 24_000)
    first = await fitter.fit(sample, effort="quick")
    better = await fitter.fit(sample, effort="thorough", start=first)
    target = encoder.embed(sample)
    before, after = [
        float(encoder.embed(await said(talker, VoiceRef("Ethan", fit=fit))) @ target)
        for fit in (first, better)
    ]
    assert after > before - 0.01
    assert after > 0.85


async def test_a_fit_of_another_talker_leaves_the_named_voice(talker: CascadeTalker) -> None:
    foreign = VoiceFit(fitter="other/1", data=b"?")
    named = await said(talker, VoiceRef("Ethan"))
    assert np.array_equal(
        (await said(talker, VoiceRef("Ethan", fit=foreign))).samples, named.samples
    )


async def test_a_damaged_fit_is_an_error(talker: CascadeTalker, fitter: KokoroFitter) -> None:
    damaged = VoiceFit(fitter=fitter.name, data=b"abc")
    with pytest.raises((EngineFailed, BaseExceptionGroup)):
        await said(talker, VoiceRef("Ethan", fit=damaged))
