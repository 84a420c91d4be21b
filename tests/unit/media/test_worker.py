from __future__ import annotations

import asyncio
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from support.media_files import audio_file, image_file, picture, tone, video_file
from thinktalk.errors import (
    ImageShapeRefused,
    MediaEmpty,
    MediaError,
    MediaTooLong,
    MediaUndecodable,
)
from thinktalk.media.decode import decode_audio, decode_image, decode_video
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import FrameSampling
from thinktalk.media.worker import DecodeWorker
from thinktalk.settings import MediaSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOUND = audio_file(tone(0.5))


def vast_image(side: int = 9000) -> bytes:
    """A valid PNG of `side` squared black pixels: small as a file, a second's work to decode."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * side)
    content = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", content) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def vast() -> bytes:
    return vast_image()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker() -> AsyncIterator[DecodeWorker]:
    """One for all tests that do it no harm: a process takes half a second to start."""
    async with running(MediaSettings()) as worker:
        yield worker


@asynccontextmanager
async def running(settings: MediaSettings) -> AsyncIterator[DecodeWorker]:
    worker = DecodeWorker(settings)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - the condition is another process's state
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def targets(pid: int) -> set[str]:
    """What the descriptors of a process lead to."""
    return {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}


async def test_media_come_back_as_if_decoded_here(worker: DecodeWorker) -> None:
    image_bytes, video_bytes = image_file(picture()), video_file(2.0, sound=tone(2.0))
    sampling = FrameSampling(fps=1.0, max_pixels=5000)

    audio = await worker.audio(SOUND, sample_rate=24_000)
    image = await worker.image(image_bytes)
    video = await worker.video(video_bytes, sampling)

    here = decode_video(video_bytes, sampling, max_s=10)
    assert audio.sample_rate == 24_000
    assert np.array_equal(audio.samples, decode_audio(SOUND, sample_rate=24_000, max_s=10).samples)
    assert np.array_equal(image.pixels, decode_image(image_bytes, max_pixels=10_000).pixels)
    assert [frame.time_s for frame in video.frames] == [frame.time_s for frame in here.frames]
    for frame, expected in zip(video.frames, here.frames, strict=True):
        assert np.array_equal(frame.image.pixels, expected.image.pixels)
    assert video.audio is not None
    assert here.audio is not None
    assert np.array_equal(video.audio.samples, here.audio.samples)
    assert (video.width, video.height, video.duration_s) == (160, 120, here.duration_s)


async def test_arrays_may_be_written_to_and_outlive_the_worker() -> None:
    worker = DecodeWorker(MediaSettings())
    audio = await worker.audio(SOUND)
    await worker.stop()

    audio.samples[:10] = 0.25

    assert audio.samples[9] == 0.25
    assert audio.samples[10:].any()


async def test_a_silent_video_has_no_sound(worker: DecodeWorker) -> None:
    assert (await worker.video(video_file(1.0), FrameSampling())).audio is None


async def test_a_video_with_more_sound_than_it_states_is_refused(worker: DecodeWorker) -> None:
    stated_s, sound_s = 10, 80
    # Matroska: the length is a float of eight bytes, in milliseconds.
    data = bytearray(video_file(1.0, container="matroska", sound=tone(sound_s)))
    place = data.index(b"\x44\x89\x88") + 3
    data[place : place + 8] = struct.pack(">d", 1000.0 * stated_s)

    with pytest.raises(MediaUndecodable, match="sound is longer than the file says") as refused:
        await worker.video(bytes(data), FrameSampling(), max_sound_s=stated_s)
    assert "video" in str(refused.value)

    whole = await worker.video(bytes(data), FrameSampling(), max_sound_s=sound_s)
    assert whole.audio is not None
    assert whole.audio.duration_s == pytest.approx(sound_s, abs=0.5)


async def test_a_video_that_states_no_length_is_measured(worker: DecodeWorker) -> None:
    live = video_file(3.0, container="matroska", container_options={"live": "1"})

    video = await worker.video(live, FrameSampling())

    assert video.duration_s == pytest.approx(3.0, abs=0.15)
    assert len(video.frames) == 6


@pytest.mark.parametrize(
    ("method", "data", "error"),
    [
        ("audio", b"", MediaEmpty),
        ("audio", b"junk" * 100, MediaUndecodable),
        ("image", b"junk" * 100, MediaUndecodable),
        ("image", image_file(picture(5, 5)), ImageShapeRefused),
        ("video", b"junk" * 100, MediaUndecodable),
        ("video", SOUND, MediaUndecodable),
    ],
)
async def test_errors_are_those_of_the_decoder(
    worker: DecodeWorker, method: str, data: bytes, error: type[MediaError]
) -> None:
    before = worker.pids
    arguments = (FrameSampling(),) if method == "video" else ()

    with pytest.raises(error) as here:
        await getattr(worker, method)(data, *arguments)

    assert type(here.value) is error
    assert str(here.value)
    assert worker.pids == before


async def test_the_settings_limit_length_and_pixels() -> None:
    settings = MediaSettings(longest_s=1, max_image_pixels=1000)
    async with running(settings) as worker:
        with pytest.raises(MediaTooLong, match="limit is 1 s") as refused:
            await worker.audio(audio_file(tone(2.0)))
        assert refused.value.limit_s == 1
        with pytest.raises(MediaTooLong, match="limit is 1 s"):
            await worker.video(video_file(2.0), FrameSampling())
        with pytest.raises(ImageShapeRefused, match="at most 1000 pixels"):
            await worker.image(image_file(picture()))


async def test_a_file_that_takes_too_long_costs_its_request_only(vast: bytes) -> None:
    async with running(MediaSettings(worker_timeout_s=0.2)) as worker:
        before = worker.pids
        started = time.perf_counter()
        with pytest.raises(MediaUndecodable, match=r"longer than 0\.2 s"):
            await worker.image(vast)
        assert time.perf_counter() - started < 1.0
        assert (await worker.audio(SOUND)).duration_s == pytest.approx(0.5)
        assert not set(worker.pids) & set(before)


async def test_a_file_that_takes_too_much_memory_costs_its_request_only(vast: bytes) -> None:
    async with running(MediaSettings(worker_memory_bytes=512 * 1024**2)) as worker:
        with pytest.raises(MediaUndecodable, match=r"more than 536870912 bytes"):
            await worker.image(vast)
        assert (await worker.audio(SOUND)).duration_s == pytest.approx(0.5)


async def test_a_crash_of_the_decoder_costs_its_request_only(vast: bytes) -> None:
    async with running(MediaSettings()) as worker:
        (pid,) = worker.pids
        decoding = asyncio.create_task(worker.image(vast))
        await asyncio.sleep(0.05)

        os.kill(pid, signal.SIGSEGV)

        with pytest.raises(MediaUndecodable, match="broke down"):
            await decoding
        assert (await worker.audio(SOUND)).duration_s == pytest.approx(0.5)


async def test_a_process_that_died_in_idleness_is_replaced() -> None:
    async with running(MediaSettings()) as worker:
        (pid,) = worker.pids
        os.kill(pid, signal.SIGKILL)
        await until(lambda: pid not in worker.pids)

        assert (await worker.audio(SOUND)).duration_s == pytest.approx(0.5)


async def test_the_file_after_a_fatal_one_finds_a_process_that_is_ready() -> None:
    started = time.monotonic()
    async with running(MediaSettings()) as worker:
        start_s = time.monotonic() - started
        (first,) = worker.pids
        os.kill(first, signal.SIGSTOP)
        fatal = asyncio.create_task(worker.audio(SOUND))
        # A job that takes long has a spare process started beside it.
        await until(lambda: len(worker.pids) == 2, 20)
        await worker.audio(SOUND)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(MediaUndecodable):
            await fatal

        asked = time.monotonic()
        await worker.audio(SOUND)
        assert time.monotonic() - asked < start_s / 2


async def test_cancelling_ends_the_work_at_once(vast: bytes) -> None:
    async with running(MediaSettings()) as worker:
        (pid,) = worker.pids
        decoding = asyncio.create_task(worker.image(vast))
        await asyncio.sleep(0.05)

        started = time.perf_counter()
        decoding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await decoding

        assert time.perf_counter() - started < 1.0
        await until(lambda: not is_running(pid), limit_s=0.5)
        assert (await worker.audio(SOUND)).duration_s == pytest.approx(0.5)


async def test_a_small_file_does_not_wait_for_a_large_one(
    worker: DecodeWorker, vast: bytes
) -> None:
    """Once is enough: one that waits is never the first, but a busy machine may stop any."""
    await asyncio.gather(worker.audio(SOUND), worker.audio(SOUND))
    assert len(worker.pids) == 2
    was_first = False
    for _ in range(5):
        large = asyncio.create_task(worker.image(vast))
        await asyncio.sleep(0.01)
        await worker.audio(SOUND)
        was_first = not large.done()
        await large
        if was_first:
            break
    assert was_first


async def test_many_jobs_at_once_are_all_done(worker: DecodeWorker) -> None:
    lengths = [0.1 + 0.01 * number for number in range(20)]

    heard = await asyncio.gather(*(worker.audio(audio_file(tone(s))) for s in lengths))

    assert [audio.duration_s for audio in heard] == pytest.approx(lengths, abs=0.001)
    assert len(worker.pids) <= 2


async def test_what_is_skipped_may_take_longer_than_the_limit_of_an_answer() -> None:
    """Seconds of work for three hours of sound; each answer takes a fraction of the limit."""
    length_s, rate = 3 * 3600, 1000
    samples = np.zeros(length_s * rate, np.float32)
    samples[-5 * rate :] = 0.5
    long = audio_file(samples, rate, container="flac", codec="flac")
    async with running(MediaSettings(worker_timeout_s=0.5)) as worker:
        sound = worker.sound(MediaFile.of(long), length_s - 10.0)
        pieces = [piece async for piece in sound]

    assert all(len(piece) for piece in pieces)
    heard = np.concatenate(pieces)
    assert len(heard) / 16_000 == pytest.approx(10.0, abs=0.1)
    assert abs(heard[: 4 * 16_000]).max() < 0.01
    assert heard[-4 * 16_000 : -16_000] == pytest.approx(0.5, abs=0.05)


async def test_nothing_is_left_open_after_many_files(worker: DecodeWorker) -> None:
    def num_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    await worker.audio(SOUND)
    before = num_open()
    for _ in range(20):
        await worker.audio(SOUND)
        with pytest.raises(MediaUndecodable):
            await worker.image(b"junk")

    assert num_open() <= before


async def test_the_process_has_none_of_our_sockets() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with running(MediaSettings()) as worker, server:
        theirs = targets(worker.pids[0])
        assert f"socket:[{os.fstat(server.sockets[0].fileno()).st_ino}]" not in theirs
        assert sum(target.startswith("socket:") for target in theirs) == 1


async def test_ctrl_c_is_left_to_the_server() -> None:
    async with running(MediaSettings()) as worker:
        (pid,) = worker.pids

        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)

        assert (await worker.audio(SOUND)).duration_s == pytest.approx(0.5)
        assert worker.pids == [pid]


async def test_stopping_ends_all_processes() -> None:
    worker = DecodeWorker(MediaSettings())
    await asyncio.gather(worker.audio(SOUND), worker.audio(SOUND))
    pids = worker.pids

    await worker.stop()

    assert pids
    assert not any(is_running(pid) for pid in pids)


@pytest.mark.parametrize("busy", [False, True])
async def test_the_process_dies_with_its_parent(busy: bool, tmp_path: Path, vast: bytes) -> None:
    program = """
        import asyncio, pathlib, sys
        from thinktalk.media.worker import DecodeWorker
        from thinktalk.settings import MediaSettings

        async def main(path):
            worker = DecodeWorker(MediaSettings())
            await worker.start()
            data = pathlib.Path(path).read_bytes() if path else b""
            job = asyncio.create_task(worker.image(data))
            await asyncio.sleep(0.05)
            print(worker.pids[0], flush=True)
            await asyncio.sleep(60)

        asyncio.run(main(sys.argv[1]))
    """
    file = tmp_path / "vast.png"
    file.write_bytes(vast)
    command = [sys.executable, "-c", textwrap.dedent(program), str(file) if busy else ""]
    parent = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    await until(lambda: not is_running(pid), limit_s=2.0)


async def test_decoding_hostile_files_does_not_grow_the_server(worker: DecodeWorker) -> None:
    def resident_bytes() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    bomb = image_file(np.zeros((4000, 4000, 3), np.uint8))
    await worker.image(bomb)
    before = resident_bytes()
    for _ in range(5):
        await worker.image(bomb)

    assert resident_bytes() - before < 16 * 1024 * 1024


async def test_loading_the_worker_loads_no_decoder() -> None:
    program = (
        "import sys, thinktalk.media.worker; "
        "print([name for name in ('av', 'PIL', 'onnxruntime') if name in sys.modules])"
    )

    done = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=subprocess.PIPE
    )

    output, _ = await done.communicate()
    assert output.strip() == b"[]"
