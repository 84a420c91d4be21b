from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thinktalk.errors import RateLimited, StoreUnavailable, VoiceNotFound, VoiceSampleRefused
from thinktalk.media.types import Audio
from thinktalk.serving.cloning import CheckedSample, Cloner
from thinktalk.settings import VoiceSettings
from thinktalk.store.voice_index import EnrolledVoice
from thinktalk.store.voices import VoiceStore
from thinktalk.testing import ScriptedFitter
from thinktalk.voices.fitting import VoiceFit

ANA = "key ana"
SETTINGS = VoiceSettings()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[VoiceStore]:
    store = VoiceStore(SETTINGS, tmp_path / "voices")
    yield store
    await store.stop()


def a_sample(level: float = 0.1) -> CheckedSample:
    audio = Audio(np.full(24_000, level, np.float32), 24_000)
    return CheckedSample(audio=audio, nearest="Jennifer", report={"speech_s": 12.0})


class Checks:
    """Counts how often a sample was loaded and checked."""

    def __init__(self) -> None:
        self.num_calls = 0

    async def __call__(self) -> CheckedSample:
        self.num_calls += 1
        return a_sample()


def draft(number: int = 0, **fields: Any) -> EnrolledVoice:
    return EnrolledVoice(
        **{
            "id": f"voice_{number:032x}",
            "owner": ANA,
            "name": "Ana",
            "target_model": "",
            "language": "",
            "created_s": 1,
            "last_used_s": 1,
            "consent": "yes",
            "consent_sha256": "",
            "consent_s": 1,
            "attested_by": "caller",
            "nearest": "",
            "fit": None,
            "sample_sha256": "",
            "sample_report": "",
            "has_sample": False,
            "state": "done",
            **fields,
        }
    )


async def settled(cloner: Cloner) -> None:
    async with asyncio.timeout(10):
        while cloner.num_improving:  # noqa: ASYNC110 - to wait for the end is for tests alone
            await asyncio.sleep(0.01)


async def test_a_sample_is_fitted_once_however_often_it_comes(store: VoiceStore) -> None:
    fitter, checks = ScriptedFitter(quick_s=0.05), Checks()
    cloner = Cloner(fitter, store)
    together = await asyncio.gather(*(cloner.inline("d1", None, checks, ANA) for _ in range(5)))
    again = await cloner.inline("d1", None, checks, ANA)
    assert (fitter.efforts, checks.num_calls) == (["quick"], 1)
    assert {voice.fit.data for voice, _ in [*together, again] if voice.fit} == {
        again[0].fit.data if again[0].fit else None
    }
    other, _ = await cloner.inline("d1", "What I say.", checks, ANA)
    assert len(fitter.efforts) == 2 and other.sample_text == "What I say."


async def test_the_report_says_what_was_done_and_that_it_is_no_copy(store: VoiceStore) -> None:
    voice, report = await Cloner(ScriptedFitter(), store).inline("d1", None, Checks(), ANA)
    assert voice.name == "Jennifer"
    assert report["method"] == "scripted fit; this matches the sample's voice; it does not copy it"
    assert (report["cloned"], report["similarity"]) == (True, 0.7)
    assert report["facts"] == {"effort": "quick"} and report["speech_s"] == 12.0


async def test_without_a_fitter_the_nearest_stock_voice_speaks(store: VoiceStore) -> None:
    cloner = Cloner(None, store)
    voice, report = await cloner.inline("d1", None, Checks(), ANA)
    assert (voice.name, voice.fit) == ("Jennifer", None)
    assert voice.sample is not None, "an engine may know what to do with it"
    enrolled, _ = await cloner.enrol(draft(), a_sample(), None, None)
    assert (enrolled.fit, enrolled.state, cloner.num_improving) == (None, "done", 0)
    spoken, report = cloner.enrolled(enrolled)
    assert spoken.name == "Jennifer" and report["cloned"] is False
    assert "not copied" in report["method"] and "cannot clone" in report["advice"][0]


async def test_who_leaves_stops_the_fit_and_the_next_one_fits_anew(store: VoiceStore) -> None:
    fitter = ScriptedFitter(quick_s=30.0)
    cloner = Cloner(fitter, store)
    first = asyncio.create_task(cloner.inline("d1", None, Checks(), ANA))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(cloner.inline("d1", None, Checks(), ANA))
    await asyncio.sleep(0.01)
    fitter.quick_s = 0.0
    first.cancel()
    voice, _ = await asyncio.wait_for(second, 5)
    assert voice.fit is not None and fitter.cancelled == 1 and len(fitter.efforts) == 2


async def test_a_sample_that_is_refused_is_not_remembered(store: VoiceStore) -> None:
    cloner = Cloner(ScriptedFitter(), store)

    async def refuse() -> CheckedSample:
        raise VoiceSampleRefused("Audio.PreprocessError", "the sample is silent")

    for _ in range(2):
        with pytest.raises(VoiceSampleRefused):
            await cloner.inline("d1", None, refuse, ANA)
    voice, _ = await cloner.inline("d1", None, Checks(), ANA)
    assert voice.fit is not None


async def test_new_samples_are_limited_and_known_ones_are_not(tmp_path: Path) -> None:
    store = VoiceStore(VoiceSettings(fits_per_hour=2, enrolments_per_hour=1), tmp_path)
    cloner = Cloner(ScriptedFitter(), store)
    for digest in ("d1", "d2"):
        await cloner.inline(digest, None, Checks(), ANA)
    with pytest.raises(RateLimited, match="2 voices matched to samples per hour") as refused:
        await cloner.inline("d3", None, Checks(), ANA)
    assert 0 < refused.value.retry_after_s <= 1800
    await cloner.inline("d1", None, Checks(), ANA)
    await cloner.inline("d3", None, Checks(), "key ben")

    cloner.admit(ANA)
    with pytest.raises(RateLimited, match="1 enrolments per hour"):
        cloner.admit(ANA)
    cloner.admit("key ben")


async def test_an_enrolled_voice_can_be_used_at_once_and_gets_better(store: VoiceStore) -> None:
    fitter = ScriptedFitter(thorough_s=0.05)
    cloner = Cloner(fitter, store)
    voice, report = await cloner.enrol(draft(), a_sample(), None, None)
    assert voice.fit is not None and voice.fit.data.startswith(b"quick")
    assert (voice.state, report["cloned"]) == ("improving", True)

    await settled(cloner)
    better = await store.find(voice.id, ANA)
    assert better.fit is not None and better.fit.data.startswith(b"thorough")
    assert better.state == "done"
    spoken, told = cloner.enrolled(better)
    assert spoken.fit is not None and spoken.fit.similarity == told["similarity"] == 0.8


async def test_the_first_fit_stays_where_the_search_found_nothing_better(
    store: VoiceStore,
) -> None:
    cloner = Cloner(ScriptedFitter(similarities=(0.7, 0.6)), store)
    voice, _ = await cloner.enrol(draft(), a_sample(), None, None)
    await settled(cloner)
    assert await store.find(voice.id, ANA) == draft(
        nearest="Jennifer", sample_report=voice.sample_report, fit=voice.fit, state="done"
    )


async def test_voices_are_improved_one_at_a_time(store: VoiceStore) -> None:
    fitter = ScriptedFitter(thorough_s=30.0)
    cloner = Cloner(fitter, store)
    voices = [(await cloner.enrol(draft(number), a_sample(), None, None))[0] for number in range(3)]
    assert fitter.efforts.count("thorough") == 1
    fitter.thorough_s = 0.0
    await cloner.delete(voices[0].id, ANA)
    await settled(cloner)
    assert (fitter.efforts.count("thorough"), fitter.cancelled) == (3, 1)


async def test_a_stopping_server_leaves_the_first_fit(store: VoiceStore) -> None:
    fitter = ScriptedFitter(thorough_s=30.0)
    cloner = Cloner(fitter, store)
    voice, _ = await cloner.enrol(draft(), a_sample(), None, None)
    await asyncio.sleep(0.01)
    await cloner.stop()
    assert fitter.cancelled == 1 and cloner.num_improving == 0
    assert (await store.find(voice.id, ANA)).fit == voice.fit


async def test_deleting_a_voice_stops_its_improvement(store: VoiceStore) -> None:
    fitter = ScriptedFitter(thorough_s=30.0)
    cloner = Cloner(fitter, store)
    voice, _ = await cloner.enrol(draft(), a_sample(), None, None)
    await asyncio.sleep(0.01)
    with pytest.raises(VoiceNotFound):
        await cloner.delete(voice.id, "key ben")
    assert cloner.num_improving == 1
    await cloner.delete(voice.id, ANA)
    assert fitter.cancelled == 1 and cloner.num_improving == 0
    with pytest.raises(VoiceNotFound):
        await store.find(voice.id, ANA)


async def test_a_fit_for_another_talker_falls_back_and_says_so(store: VoiceStore) -> None:
    voice, _ = await Cloner(ScriptedFitter("old-1"), store).enrol(draft(), a_sample(), None, None)
    cloner = Cloner(ScriptedFitter("new-2"), store)
    spoken, report = cloner.enrolled(voice)
    assert (spoken.name, spoken.fit, report["cloned"]) == ("Jennifer", None, False)
    assert "old-1" in report["advice"][0] and "new-2" in report["advice"][0]
    assert not cloner.is_cloned(voice)


def data_of(voice: EnrolledVoice) -> str:
    assert voice.fit is not None
    return voice.fit.data.decode()


async def test_two_new_samples_at_once_do_not_mix(store: VoiceStore) -> None:
    cloner = Cloner(ScriptedFitter(thorough_s=0.05), store)
    await cloner.enrol(draft(), a_sample(), None, None)
    fitted = await asyncio.gather(
        *(
            cloner.enrol_again(
                draft(consent=str(n), sample_sha256=f"sample {n}"), a_sample(0.1 * n), None, None
            )
            for n in (2, 3)
        )
    )
    by_consent = {voice.consent: data_of(voice).split()[1] for voice in fitted}
    while True:
        is_last = cloner.num_improving == 0
        kept = await store.find(draft().id, ANA)
        assert data_of(kept).split()[1] == by_consent[kept.consent], "the fit is another sample's"
        if is_last:
            break
        await asyncio.sleep(0.01)
    assert kept.state == "done"


async def test_who_leaves_during_an_update_leaves_the_old_voice_or_the_new(
    store: VoiceStore,
) -> None:
    cloner = Cloner(ScriptedFitter(), store)
    voice, _ = await cloner.enrol(draft(), a_sample(), None, None)
    again = draft(sample_sha256="new")
    for pause_s in (0.0, 0.001, 0.002, 0.004):
        update = asyncio.create_task(cloner.enrol_again(again, a_sample(0.2), None, None))
        await asyncio.sleep(pause_s)
        update.cancel()
        await asyncio.wait((update,))
        await settled(cloner)
        assert (await store.find(voice.id, ANA)).state == "done"


async def test_a_change_that_fails_leaves_the_search_running(
    store: VoiceStore, tmp_path: Path
) -> None:
    cloner = Cloner(ScriptedFitter(thorough_s=0.2), store)
    voice, _ = await cloner.enrol(draft(), a_sample(), None, None)
    index = tmp_path / "voices" / "voices.sqlite3"
    held = sqlite3.connect(index, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    held.execute("ALTER TABLE voices RENAME TO others")
    held.execute("COMMIT")
    with pytest.raises(StoreUnavailable):
        await cloner.delete(voice.id, ANA)
    with pytest.raises(StoreUnavailable):
        await cloner.enrol_again(draft(), a_sample(0.2), None, None)
    held.execute("ALTER TABLE others RENAME TO voices")
    held.close()
    await settled(cloner)
    assert (await store.find(voice.id, ANA)).state == "done"


async def test_no_key_takes_all_room_for_searching(store: VoiceStore) -> None:
    cloner = Cloner(ScriptedFitter(thorough_s=30.0), store)
    for number in range(20):
        last, _ = await cloner.enrol(draft(number), a_sample(), None, None)
    assert last.state == "done" and cloner.num_improving < 20
    bens, _ = await cloner.enrol(draft(99, owner="key ben"), a_sample(), None, None)
    assert bens.state == "improving"
    await cloner.stop()


async def test_what_is_remembered_of_samples_is_bounded_in_bytes(store: VoiceStore) -> None:
    fitter = LargeFitter()
    cloner = Cloner(fitter, store)
    for number in range(12):
        await cloner.inline(f"d{number}", None, Checks(), ANA)
    await cloner.inline("d11", None, Checks(), ANA)
    assert len(fitter.efforts) == 12
    await cloner.inline("d0", None, Checks(), ANA)
    assert len(fitter.efforts) == 13, "the first were forgotten"


class LargeFitter(ScriptedFitter):
    """Makes fits of 10 MB."""

    async def fit(self, sample: Audio, **options: Any) -> VoiceFit:
        return replace(await super().fit(sample, **options), data=bytes(10_000_000))
