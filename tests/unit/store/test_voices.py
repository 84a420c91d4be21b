from __future__ import annotations

import asyncio
import io
import os
import sqlite3
import stat
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from thinktalk.errors import StorageFull, StoreUnavailable, TooManyVoices, VoiceNotFound
from thinktalk.settings import VoiceSettings
from thinktalk.store.voice_index import EnrolledVoice, StoredFit
from thinktalk.store.voices import VoiceStore

ANA, BEN = "key ana", "key ben"
DAY_S = 86_400
CONSENT = "I, Ana Ferreira, agree that my voice is cloned."
SAMPLE = b"RIFF" + os.urandom(2_000_000)
FIT = StoredFit(fitter="scripted-1", data=os.urandom(9_000), similarity=0.7, facts='{"steps":12}')

LARGE_FIT = replace(FIT, data=os.urandom(6_000_000))


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "voices"


@pytest.fixture
async def store(directory: Path, clock: Clock) -> AsyncIterator[VoiceStore]:
    store = VoiceStore(VoiceSettings(), directory, clock)
    await store.start()
    yield store
    await store.stop()


def voice_of(number: int = 0, **fields: Any) -> EnrolledVoice:
    voice = EnrolledVoice(
        id=f"voice_{number:032x}",
        owner=ANA,
        name=f"Grandmother {number}",
        target_model="qwen3.5-omni-plus",
        language="pt",
        created_s=1_800_000_000,
        last_used_s=1_800_000_000,
        consent=CONSENT,
        consent_sha256="c0ffee",
        consent_s=1_800_000_000,
        attested_by="caller",
        nearest="Jennifer",
        fit=FIT,
        sample_sha256="abad1dea",
        sample_report='{"speech_s": 11.5}',
        has_sample=False,
        state="improving",
    )
    return replace(voice, **fields)


def modes(directory: Path) -> dict[str, int]:
    paths = [directory, *directory.rglob("*")]
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths if path.exists()}


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def everything_in(directory: Path) -> bytes:
    """All bytes on disk, names of files included."""
    return b"\n".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        for path in sorted(directory.rglob("*"))
    )


async def test_a_voice_is_found_again_as_it_was(store: VoiceStore) -> None:
    fitted, bare = voice_of(1), voice_of(2, fit=None, state="done")
    for voice in (fitted, bare):
        await store.add(voice)
        assert await store.find(voice.id, ANA) == voice
    listed = replace(fitted, fit=replace(FIT, data=b""))
    assert await store.page(ANA, limit=10) == [bare, listed]
    assert await store.page(ANA, limit=1, skip=1) == [listed]
    assert await store.page(ANA, limit=10, name_prefix="Grandmother 2") == [bare]
    assert await store.count(ANA) == 2
    assert await store.count(ANA, name_prefix="Grandmother 1") == 1


async def test_voices_outlive_the_server_and_nothing_is_improving_then(
    store: VoiceStore, directory: Path, clock: Clock
) -> None:
    await store.add(voice_of())
    again = VoiceStore(VoiceSettings(), directory, clock)
    await again.start()
    assert await again.find(voice_of().id, ANA) == voice_of(state="done")
    await again.stop()


async def test_a_server_without_voices_leaves_no_trace(store: VoiceStore, directory: Path) -> None:
    with pytest.raises(VoiceNotFound):
        await store.find("voice_0", ANA)
    assert await store.page(ANA, limit=10) == []
    await store.check_room(ANA)
    assert modes(directory) == {}


async def test_nobody_else_can_read_what_is_stored(store: VoiceStore, directory: Path) -> None:
    await store.add(voice_of(has_sample=True), io.BytesIO(SAMPLE))
    found = modes(directory)
    assert {found.pop(name) for name in ("voices", "samples", "fits")} == {0o700}
    assert found == {"voices.sqlite3": 0o600, voice_of().id: 0o600}


async def test_a_voice_is_its_owners_alone(store: VoiceStore) -> None:
    voice = voice_of()
    await store.add(voice)
    for attempt in (
        store.find(voice.id, BEN),
        store.use(voice.id, BEN),
        store.rename(voice.id, BEN, "Mine"),
        store.replace(replace(voice, owner=BEN)),
        store.delete(voice.id, BEN),
    ):
        with pytest.raises(VoiceNotFound):
            await attempt
    assert await store.page(BEN, limit=10) == []
    assert await store.find(voice.id, ANA) == voice


@pytest.mark.parametrize("voice_id", ["", "..", "../voices.sqlite3", "'; DROP TABLE voices", "a\0"])
async def test_an_id_is_never_taken_for_a_path(
    store: VoiceStore, directory: Path, voice_id: str
) -> None:
    await store.add(voice_of())
    with pytest.raises(VoiceNotFound):
        await store.delete(voice_id, ANA)
    assert await store.find(voice_of().id, ANA) == voice_of()


@pytest.mark.parametrize("size", [9_000, 900_000])
async def test_a_deleted_voice_leaves_no_byte_on_disk(
    store: VoiceStore, directory: Path, size: int
) -> None:
    # Enough of others to make the index split and move pages.
    others = [voice_of(number, consent=f"Consent of speaker {number}") for number in range(1, 30)]
    first = replace(FIT, data=os.urandom(size))
    voice = voice_of(99, name="Avó Benedita", has_sample=True, fit=first)
    for other in others[:15]:
        await store.add(other)
    await store.add(voice, io.BytesIO(SAMPLE))
    for other in others[15:]:
        await store.add(other)
    better = replace(FIT, data=os.urandom(size), facts='{"steps":"many"}')
    await store.rename(voice.id, ANA, "Avó Benedita Souza")
    await store.set_fit(voice.id, voice.sample_sha256, better, "done")
    traces = {
        "consent": CONSENT.encode(),
        "name": b"Benedita",
        "id": voice.id.encode(),
        "sample": SAMPLE[1_000_000:1_000_032],
        "improved fit": better.data[4_000:4_032],
        "improved facts": b'"many"',
    }
    before = everything_in(directory)
    assert [what for what, trace in traces.items() if trace not in before] == []
    for other in others[::4]:
        await store.delete(other.id, ANA)

    await store.delete(voice.id, ANA)

    after = everything_in(directory)
    traces["first fit"] = first.data[4_000:4_032]
    assert [what for what, trace in traces.items() if trace in after] == []
    assert names(directory) == {"voices.sqlite3", "samples", "fits"}
    assert await store.find(others[1].id, ANA) == others[1]


async def test_what_a_voice_was_before_leaves_no_byte_either(
    store: VoiceStore, directory: Path
) -> None:
    voice = voice_of(has_sample=True, fit=LARGE_FIT)
    await store.add(voice, io.BytesIO(SAMPLE))
    new = replace(voice, fit=replace(FIT, data=b"new" * 900), consent="Yes.", has_sample=False)
    await store.replace(new)
    after = everything_in(directory)
    for trace in (LARGE_FIT.data[:32], CONSENT.encode(), SAMPLE[1_000_000:1_000_032]):
        assert trace not in after
    assert await store.find(voice.id, ANA) == new


async def test_a_fit_that_comes_after_the_deletion_brings_nothing_back(
    store: VoiceStore, directory: Path
) -> None:
    await store.add(voice_of())
    await store.delete(voice_of().id, ANA)
    await store.set_fit(voice_of().id, voice_of().sample_sha256, FIT, "done")
    assert await store.count(ANA) == 0
    assert FIT.data[4_000:4_032] not in everything_in(directory)


async def test_the_better_fit_replaces_the_first(store: VoiceStore) -> None:
    await store.add(voice_of())
    better = replace(FIT, data=b"better", similarity=0.8)
    await store.set_fit(voice_of().id, voice_of().sample_sha256, better, "done")
    assert await store.find(voice_of().id, ANA) == voice_of(fit=better, state="done")
    await store.set_fit(voice_of().id, voice_of().sample_sha256, None, "done")
    assert (await store.find(voice_of().id, ANA)).fit == better


async def test_a_key_may_enrol_so_many_voices_and_no_more(directory: Path, clock: Clock) -> None:
    store = VoiceStore(VoiceSettings(max_voices=2), directory, clock)
    await store.add(voice_of(1))
    await store.add(voice_of(2, has_sample=True), io.BytesIO(SAMPLE))
    with pytest.raises(TooManyVoices, match=r"limit for one key \(voices.max_voices\)"):
        await store.check_room(ANA)
    with pytest.raises(TooManyVoices):
        await store.add(voice_of(3, has_sample=True), io.BytesIO(SAMPLE))
    assert names(directory / "samples") == {voice_of(2).id}

    await store.check_room(BEN)
    await store.add(voice_of(4, owner=BEN))
    await store.delete(voice_of(1).id, ANA)
    await store.add(voice_of(3))
    await store.stop()


async def test_a_voice_that_nobody_uses_for_a_year_is_removed(
    store: VoiceStore, directory: Path, clock: Clock
) -> None:
    unused, used = voice_of(1, has_sample=True), voice_of(2)
    await store.add(unused, io.BytesIO(SAMPLE))
    await store.add(used)
    clock.now_s += 200 * DAY_S
    assert (await store.use(used.id, ANA)).id == used.id
    clock.now_s += 166 * DAY_S

    again = VoiceStore(VoiceSettings(), directory, clock)
    await again.start()
    assert [voice.id for voice in await again.page(ANA, limit=10)] == [used.id]
    assert names(directory / "samples") == set()
    await again.stop()


async def test_a_sample_that_a_crash_left_is_removed(
    store: VoiceStore, directory: Path, clock: Clock
) -> None:
    await store.add(voice_of(1, has_sample=True), io.BytesIO(SAMPLE))
    orphan = directory / "samples" / voice_of(2).id
    orphan.write_bytes(SAMPLE)
    os.utime(orphan, (1, 1))
    again = VoiceStore(VoiceSettings(), directory, clock)
    await again.start()
    assert names(directory / "samples") == {voice_of(1).id}
    await again.stop()


async def test_a_later_version_is_left_alone(store: VoiceStore, directory: Path) -> None:
    await store.add(voice_of())
    with sqlite3.connect(directory / "voices.sqlite3") as db:
        db.execute("PRAGMA user_version = 2")
    again = VoiceStore(VoiceSettings(), directory)
    with pytest.raises(StoreUnavailable, match=r"enrolled voices .* version 2"):
        await again.find(voice_of().id, ANA)


async def test_a_store_whose_directory_was_emptied_goes_on(
    store: VoiceStore, directory: Path
) -> None:
    await store.add(voice_of(1))
    (directory / "voices.sqlite3").unlink()
    with pytest.raises(VoiceNotFound):
        await store.find(voice_of(1).id, ANA)
    await store.add(voice_of(2))
    assert await store.count(ANA) == 1


async def test_large_fits_are_found_and_take_no_memory_where_voices_are_listed_or_deleted(
    store: VoiceStore, directory: Path
) -> None:
    for number in range(4):
        await store.add(voice_of(number, fit=LARGE_FIT))
    assert (await store.use(voice_of(2).id, ANA)).fit == LARGE_FIT
    assert [voice.fit.data for voice in await store.page(ANA, limit=10) if voice.fit] == [b""] * 4
    # What deleting writes anew, in memory.
    assert (directory / "voices.sqlite3").stat().st_size < 100_000
    await store.delete(voice_of(1).id, ANA)
    assert names(directory / "fits") == {voice_of(number).id for number in (0, 2, 3)}


async def test_a_fit_of_the_sample_before_changes_nothing(store: VoiceStore) -> None:
    new = voice_of(sample_sha256="5eed", fit=replace(FIT, data=b"of the new sample"))
    await store.add(voice_of())
    await store.replace(new)
    for fit in (FIT, LARGE_FIT, None):
        await store.set_fit(new.id, voice_of().sample_sha256, fit, "done")
    assert await store.find(new.id, ANA) == new


async def test_a_voice_that_is_gone_is_not_replaced(store: VoiceStore, directory: Path) -> None:
    await store.add(voice_of(1))
    with pytest.raises(VoiceNotFound):
        await store.replace(voice_of(2, has_sample=True, fit=LARGE_FIT), io.BytesIO(SAMPLE))
    assert names(directory / "samples") == names(directory / "fits") == set()


async def test_a_new_sample_leaves_the_name(store: VoiceStore) -> None:
    await store.add(voice_of())
    await store.rename(voice_of().id, ANA, "Grandfather")
    await store.replace(voice_of(sample_sha256="5eed"))
    assert (await store.find(voice_of().id, ANA)).name == "Grandfather"


class SlowSample(io.BytesIO):
    """A sample that is read while its client goes."""

    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(0.1)
        return super().read(size)


async def test_of_a_voice_whose_client_goes_meanwhile_nothing_stays(
    store: VoiceStore, directory: Path
) -> None:
    sample = SlowSample(SAMPLE)
    adding = asyncio.create_task(store.add(voice_of(has_sample=True, fit=LARGE_FIT), sample))
    await asyncio.sleep(0.05)
    adding.cancel()
    await asyncio.wait((adding,))
    sample.close()
    assert adding.cancelled() and await store.count(ANA) == 0
    assert names(directory / "samples") == names(directory / "fits") == set()


async def test_samples_and_fits_have_a_limit_together(directory: Path) -> None:
    store = VoiceStore(VoiceSettings(max_total_bytes=9_000_000), directory)
    await store.add(voice_of(1, has_sample=True, fit=LARGE_FIT), io.BytesIO(SAMPLE))
    limit = r"bytes of samples.* 9000000 bytes \(voices.max_total_bytes\)"
    with pytest.raises(StorageFull, match=limit):
        await store.add(voice_of(2, has_sample=True), io.BytesIO(SAMPLE))
    assert names(directory / "samples") == {voice_of(1).id}
    await store.replace(voice_of(1, has_sample=True, fit=LARGE_FIT), io.BytesIO(SAMPLE))
    await store.add(voice_of(2))
    await store.stop()
