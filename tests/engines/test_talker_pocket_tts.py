"""The talker that clones natively, on small random weights: what it says is noise, in a voice.

Its real weights are the hub's. What is tested is the adapter: voices from samples and through
bytes, speech while the text is written, stopping, refusing, and who speaks what.
"""

from __future__ import annotations

import asyncio
import itertools
import pickle
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from thinktalk.engines.base import SpeechOptions, Thought, VoiceRef
from thinktalk.engines.cascade import speakers
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.pocket_tts.model import PocketModel
from thinktalk.engines.cascade.speakers import Voicing
from thinktalk.engines.cascade.talker import CascadeTalker
from thinktalk.errors import EngineFailed, WeightsMissing
from thinktalk.events import AudioDelta, TextDelta
from thinktalk.media.loudness import SPEECH_LUFS, loudness
from thinktalk.media.types import Audio
from thinktalk.settings import PocketTtsSettings, Settings, WeightSettings
from thinktalk.voices.fitting import VoiceFit
from thinktalk.weights.catalog import Catalog

pytest.importorskip("pocket_tts", reason="needs pip install 'thinktalk[pocket-tts]'")
import torch

from support import small_pocket_tts

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

TEXT = "One day the wind and the sun had a quarrel. Each of them said that it was stronger."
LONG = "The wind blew and blew, and the man held on to his coat. " * 40


class Beep:
    """Stands in for the stock voices: says everything as a square wave of 0.1 s."""

    sample_rate = 24_000

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def say(
        self, text: str, language: str, voice: VoiceRef, speed: float = 1.0, manner: object = None
    ) -> Audio:
        return Audio(np.full(2_400, 0.25, np.float32), self.sample_rate)


def is_beep(audio: Audio) -> bool:
    return bool(np.all(audio.samples == 0.25))


def sample(pitch_hz: float, seconds: float = 4.0) -> Audio:
    """A hum with pauses."""
    times = np.arange(int(24_000 * seconds)) / 24_000
    hum = 0.3 * np.sin(2 * np.pi * pitch_hz * times) * (np.sin(5 * times) > -0.5)
    return Audio(hum.astype(np.float32), 24_000)


def settings_for(model: str | Path, cache: Path) -> Settings:
    return Settings(
        pocket_tts=PocketTtsSettings(model=str(model)),
        weights=WeightSettings(cache=cache, offline=True),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voicing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Voicing]:
    """As `cascade.talker = "pocket-tts"` makes it."""
    directory = tmp_path_factory.mktemp("pocket")
    settings = settings_for(small_pocket_tts.write(directory), directory)
    stock = Voicing(speaker=Beep(), about="a beep", weights=("beep",))
    voicing = speakers.load("pocket-tts")(settings, Catalog(settings.weights), stock)
    await voicing.speaker.start()
    yield voicing
    await voicing.speaker.stop()


async def fitted(voicing: Voicing, heard: Audio) -> VoiceFit:
    assert voicing.fitter is not None
    return await voicing.fitter.fit(heard, effort="quick")


async def say(voicing: Voicing, text: str, fit: VoiceFit | None, language: str = "en") -> Audio:
    torch.manual_seed(7)
    return await voicing.speaker.say(text, language, VoiceRef("Tina", fit=fit))


def assert_same(first: Audio, second: Audio) -> None:
    """To a rounding: how many frames are decoded at once depends on the time it takes."""
    assert len(first.samples) == len(second.samples)
    assert np.abs(first.samples - second.samples).max() < 1e-5


async def test_it_says_what_it_is(voicing: Voicing) -> None:
    assert voicing.about == "pocket-tts english_small for cloned voices, a beep"
    assert voicing.weights == ("beep",)


async def test_speech_follows_the_voice(voicing: Voicing) -> None:
    low, high = [await fitted(voicing, sample(hz)) for hz in (110, 220)]
    first, again, other = [await say(voicing, "Good day.", fit) for fit in (low, low, high)]
    assert first.duration_s > 0.5
    assert loudness(first) == pytest.approx(SPEECH_LUFS, abs=2)
    assert_same(first, again)
    length = min(len(first.samples), len(other.samples))
    assert np.abs(first.samples[:length] - other.samples[:length]).max() > 0.001


async def test_a_voice_survives_being_stored(voicing: Voicing, tmp_path: Path) -> None:
    fit = await fitted(voicing, sample(150))
    stored = tmp_path / "voice"
    stored.write_bytes(fit.data)
    kept = VoiceFit(fitter=fit.fitter, data=stored.read_bytes())
    before, after = await say(voicing, "Good day.", fit), await say(voicing, "Good day.", kept)
    assert_same(before, after)


async def test_a_fit_says_that_it_holds_the_sample(voicing: Voicing) -> None:
    fit = await fitted(voicing, sample(150, seconds=30))
    assert fit.facts == {"heard_s": 20.0, "holds_sample": True}
    assert fit.similarity is None


async def test_fitting_again_goes_on_from_the_fit(voicing: Voicing) -> None:
    assert voicing.fitter is not None
    fit = await fitted(voicing, sample(150))
    assert await voicing.fitter.fit(sample(150), effort="thorough", start=fit) is fit
    stale = VoiceFit(fitter="another", data=b"")
    again = await voicing.fitter.fit(sample(150), effort="thorough", start=stale)
    assert again.data == fit.data


async def test_speech_begins_while_the_text_is_written(voicing: Voicing) -> None:
    fit = await fitted(voicing, sample(150))
    talker = CascadeTalker(voicing.speaker, Arbiter(alternate=True))
    heard: list[AudioDelta] = []
    is_first_heard = asyncio.Event()

    async def writing() -> AsyncGenerator[Thought, None]:
        first, second = TEXT[:44], TEXT[44:]
        yield TextDelta(first)
        await is_first_heard.wait()
        yield TextDelta(second)

    speech = SpeechOptions(voice=VoiceRef("Tina", fit=fit), language="en")
    async with asyncio.timeout(60), aclosing(talker.talk(writing(), speech)) as deltas:
        async for delta in deltas:
            heard.append(delta)
            is_first_heard.set()
    spans = [delta.span for delta in heard if delta.span is not None]
    assert spans[0][0] == 0
    assert spans[-1][1] == len(TEXT)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    assert {delta.audio.sample_rate for delta in heard} == {24_000}


async def test_cancelling_frees_the_model(voicing: Voicing) -> None:
    fit = await fitted(voicing, sample(150))
    started = time.perf_counter()
    await say(voicing, LONG[:57], fit)
    piece_s = time.perf_counter() - started
    saying = asyncio.create_task(say(voicing, LONG, fit))
    await asyncio.sleep(piece_s)
    assert not saying.done()
    cancelled = time.perf_counter()
    saying.cancel()
    await asyncio.gather(saying, return_exceptions=True)
    await fitted(voicing, sample(150))
    assert time.perf_counter() - cancelled < 10 * piece_s  # all of it takes 40 times one piece


async def test_other_languages_and_stock_voices_are_the_stock_speakers(voicing: Voicing) -> None:
    fit = await fitted(voicing, sample(150))
    foreign = VoiceFit(fitter="another talker's", data=b"\x00")
    assert is_beep(await say(voicing, "Guten Tag.", fit, language="de"))
    assert is_beep(await say(voicing, "Good day.", None))
    assert is_beep(await say(voicing, "Good day.", foreign))
    assert not is_beep(await say(voicing, "Good day.", fit))


async def test_what_has_no_words_is_not_said(voicing: Voicing) -> None:
    fit = await fitted(voicing, sample(150))
    assert len((await say(voicing, '"..."', fit)).samples) == 0


async def test_speed_is_honoured(voicing: Voicing) -> None:
    fit = await fitted(voicing, sample(150))
    voice = VoiceRef("Tina", fit=fit)
    natural, fast = [
        (await voicing.speaker.say("Good day to you.", "en", voice, speed)).duration_s
        for speed in (1.0, 2.0)
    ]
    assert fast == pytest.approx(natural / 2, rel=0.1)


class _Harmful:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


async def test_a_pickle_is_refused_and_not_run(voicing: Voicing, tmp_path: Path) -> None:
    fit = await fitted(voicing, sample(150))
    trap = tmp_path / "trap"
    harmful = VoiceFit(fitter=fit.fitter, data=pickle.dumps(_Harmful(trap)))
    with pytest.raises(EngineFailed, match="damaged"):
        await say(voicing, "Good day.", harmful)
    assert not trap.exists()


async def test_damaged_voices_are_refused(voicing: Voicing) -> None:
    from safetensors.torch import load, save

    fit = await fitted(voicing, sample(150))
    endless = {name: torch.full_like(cache, torch.inf) for name, cache in load(fit.data).items()}
    uneven = {
        name: cache[:, :, : 5 + number].contiguous()
        for number, (name, cache) in enumerate(load(fit.data).items())
    }
    for data in (b"", fit.data[:-1], save(endless), save(uneven), save({})):
        with pytest.raises(EngineFailed, match="the stored voice is"):
            await say(voicing, "Good day.", VoiceFit(fitter=fit.fitter, data=data))


async def test_another_models_voice_is_refused(voicing: Voicing, tmp_path: Path) -> None:
    path = small_pocket_tts.write(tmp_path, num_layers=3)
    other = PocketModel(str(path), WeightSettings(cache=tmp_path, offline=True))
    await other.start()
    data = await other.hear(sample(150))
    await other.stop()
    fit = await fitted(voicing, sample(150))
    assert other.name != fit.fitter
    with pytest.raises(EngineFailed, match="another model's"):
        await say(voicing, "Good day.", VoiceFit(fitter=fit.fitter, data=data))


async def test_the_librarys_own_weights_are_not_fetched_offline(tmp_path: Path) -> None:
    model = PocketModel("english", WeightSettings(cache=tmp_path, offline=True))
    with pytest.raises(WeightsMissing, match=r"kyutai/pocket-tts/.*THINKTALK_OFFLINE"):
        await model.start()
