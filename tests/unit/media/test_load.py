from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from support.media_files import audio_file, image_file, picture, tone, video_file
from support.raw_server import RawServer, response, serving
from thinktalk.errors import (
    AddressForbidden,
    DataUriTooLarge,
    MediaTooLarge,
    MediaTooLong,
    MediaTooMuch,
    MediaUndecodable,
)
from thinktalk.media.load import MediaLoader
from thinktalk.media.types import Audio, FrameSampling, Recording
from thinktalk.media.worker import DecodeWorker
from thinktalk.settings import MediaSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")


def data_url(data: bytes, media_type: str = "") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


PICTURE = data_url(image_file(picture()))


@pytest_asyncio.fixture(loop_scope="module")
async def raw_server() -> AsyncIterator[RawServer]:
    async with serving() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def loader() -> AsyncIterator[MediaLoader]:
    settings = MediaSettings(allow_hosts=("127.0.0.1",))
    loader = MediaLoader(settings, DecodeWorker(settings))
    await loader.start()
    yield loader
    await loader.stop()


async def test_media_are_loaded_from_data_urls_base64_and_the_web(
    loader: MediaLoader, raw_server: RawServer
) -> None:
    sound = audio_file(tone(0.5), container="mp3", codec="libmp3lame")
    raw_server.answers |= {
        "/a.mp3": response(sound),
        "/v.mp4": response(video_file(1.0, sound=tone(1.0))),
    }

    image, _ = await loader.image(PICTURE)
    by_url = await loader.audio(raw_server.url("/a.mp3"))
    bare = await loader.audio(base64.b64encode(sound).decode())
    video = await loader.video(raw_server.url("/v.mp4"), FrameSampling(fps=4))

    assert (image.width, image.height) == (64, 48)
    assert by_url.duration_s == bare.duration_s == pytest.approx(0.5, abs=0.05)
    assert len(video.frames) == 4
    assert video.audio is not None


async def test_what_a_file_is_called_does_not_count(loader: MediaLoader) -> None:
    wrong = data_url(image_file(picture(), "JPEG"), "audio/wav")

    assert (await loader.image(wrong))[1] == (64, 48)
    with pytest.raises(MediaUndecodable):
        await loader.audio(wrong)


async def test_strict_refuses_large_items(loader: MediaLoader, raw_server: RawServer) -> None:
    raw_server.answers["/a.png"] = response(b"", Content_Length=str(20 * 1024 * 1024 + 1))

    with pytest.raises(DataUriTooLarge):
        await loader.image(PICTURE + "A" * 10_485_760, strict=True)
    with pytest.raises(MediaTooLarge, match="limit of 20971520 bytes"):
        await loader.image(raw_server.url("/a.png"), strict=True)


async def test_listed_frames_are_a_silent_video_of_two_a_second(loader: MediaLoader) -> None:
    shades = [data_url(image_file(picture(100 + n, 80))) for n in range(5)]

    video = await loader.frames(shades)

    assert [frame.time_s for frame in video.frames] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert [frame.image.width for frame in video.frames] == [100, 101, 102, 103, 104]
    assert (video.duration_s, video.width, video.height) == (2.5, 100, 80)
    assert video.audio is None


async def test_of_many_listed_frames_an_even_choice_is_loaded(loader: MediaLoader) -> None:
    video = await loader.frames([PICTURE] * 20, FrameSampling(fps=1.0, max_frames=5))

    assert [frame.time_s for frame in video.frames] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert video.duration_s == 10.0


async def test_listed_frames_are_scaled_down_and_keep_their_size_on_record(
    loader: MediaLoader,
) -> None:
    large = data_url(image_file(picture(800, 600), "JPEG"))

    video = await loader.frames([large, large], FrameSampling(max_pixels=30_000))

    assert (video.width, video.height) == (800, 600)
    assert all(f.image.width * f.image.height <= 30_000 for f in video.frames)


async def test_one_bad_frame_fails_the_list_with_its_own_error(loader: MediaLoader) -> None:
    with pytest.raises(MediaUndecodable):
        await loader.frames([PICTURE, data_url(b"junk"), PICTURE])
    with pytest.raises(AddressForbidden):
        await loader.frames([PICTURE, "http://10.0.0.1/a.png"])


async def test_cancelling_ends_a_download(loader: MediaLoader, raw_server: RawServer) -> None:
    has_begun, is_closed = asyncio.Event(), asyncio.Event()

    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        has_begun.set()
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            is_closed.set()

    raw_server.answers["/"] = slow
    loading = asyncio.create_task(loader.audio(raw_server.url("/")))
    await has_begun.wait()

    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    await asyncio.wait_for(is_closed.wait(), 1.0)


async def test_files_are_fetched_side_by_side_but_not_all_at_once(
    loader: MediaLoader, raw_server: RawServer
) -> None:
    running = most = 0
    body = image_file(picture())

    async def slow(writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.1)
        writer.write(response(body))
        await writer.drain()
        running -= 1

    raw_server.answers["/"] = slow

    await loader.frames([raw_server.url("/")] * 20)

    assert 2 <= most <= 8


async def test_all_media_of_a_request_share_one_allowance() -> None:
    settings = MediaSettings(max_decoded_bytes=192_000)  # three seconds of sound
    loader = MediaLoader(settings, DecodeWorker(settings))
    silence = data_url(audio_file(np.zeros(16_000, np.float32)))
    allowance = loader.allowance()
    try:
        await loader.image(PICTURE, allowance=allowance)
        await loader.audio(silence, allowance=allowance)
        with pytest.raises(MediaTooMuch, match="limit is 192000 bytes") as refused:
            for _ in range(2):
                await loader.audio(silence, allowance=allowance)
        assert refused.value.size_bytes > 192_000
        await loader.audio(silence)  # another request has all of its own
    finally:
        await loader.stop()


async def test_what_would_pass_the_allowance_is_not_decoded_to_its_end() -> None:
    settings = MediaSettings(max_decoded_bytes=400_000)
    loader = MediaLoader(settings, DecodeWorker(settings))
    hour = audio_file(np.zeros(3600 * 8000, np.float32), 8000, container="flac", codec="flac")
    pictures = [data_url(image_file(picture(400, 300)))] * 2
    try:
        for load in (
            loader.audio(data_url(hour)),
            loader.image(data_url(image_file(picture(400, 400)))),
            loader.frames(pictures),
            loader.video(data_url(video_file(8.0)), FrameSampling(fps=2)),
        ):
            with pytest.raises(MediaTooMuch, match="limit is 400000 bytes") as refused:
                await load
            assert refused.value.size_bytes < 1_000_000
    finally:
        await loader.stop()


async def test_sound_of_over_ten_minutes_is_decoded_when_it_is_read(loader: MediaLoader) -> None:
    minutes = np.concatenate([tone(1.0, hz=200 + 20 * n) for n in range(30)] * 21)
    sent = data_url(audio_file(minutes, container="flac", codec="flac"))

    recording = await loader.sound(sent)

    assert isinstance(recording, Recording)
    assert recording.duration_s == pytest.approx(630.0, abs=0.1)
    pieces = [piece async for piece in recording.pieces()]
    assert max(len(piece) for piece in pieces) < 40 * 16_000
    assert np.allclose(np.concatenate(pieces), minutes, atol=1e-3)
    later = np.concatenate([piece async for piece in recording.pieces(599.5)])
    assert np.allclose(later, minutes[round(599.5 * 16_000) :], atol=1e-3)
    assert isinstance(await loader.sound(sent, keep_s=2.0), Audio)


async def test_who_stops_reading_ends_the_decoder(loader: MediaLoader) -> None:
    sent = data_url(audio_file(tone(700.0), container="flac", codec="flac"))
    recording = await loader.sound(sent)
    assert isinstance(recording, Recording)
    before = set(loader.decoder_pids)

    async with aclosing(recording.pieces()) as pieces:
        await anext(pieces)
        [own] = set(loader.decoder_pids) - before
    await asyncio.to_thread(wait_until_gone, own)


async def test_what_is_wrong_in_the_middle_is_found_there(loader: MediaLoader) -> None:
    settings = MediaSettings(longest_s=610.0)
    strict = MediaLoader(settings, DecodeWorker(settings))
    try:
        with pytest.raises(MediaTooLong, match="610 s"):
            await strict.sound(data_url(audio_file(tone(700.0), container="flac", codec="flac")))
    finally:
        await strict.stop()


async def test_only_the_beginning_of_a_video_is_kept_where_that_is_wanted(
    loader: MediaLoader,
) -> None:
    sent = data_url(video_file(4.0, sound=tone(4.0)))

    video = await loader.video(sent, FrameSampling(fps=2), keep_s=2.0)

    assert [frame.time_s for frame in video.frames] == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.06)
    assert isinstance(video.audio, Audio)
    assert video.duration_s == video.audio.duration_s == 2.0
