"""Files with bytes changed or cut off: decoded or refused, never a stray error, never slow."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from support.heic_file import heic_file
from support.media_files import audio_file, image_file, picture, tone, video_file
from thinktalk.errors import MediaError
from thinktalk.media.decode import decode_audio, decode_image, decode_video
from thinktalk.media.types import FrameSampling

NUM_MUTATIONS = 40

AUDIO = ["wav pcm_s16le", "mp3 libmp3lame", "ogg libopus", "flac flac", "ipod aac", "adts aac",
         "amr libopencore_amrnb", "3gp libopencore_amrnb"]  # fmt: skip
IMAGES = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]
VIDEOS = ["mp4 libx264", "matroska libx264", "webm libvpx-vp9", "avi mpeg4", "flv flv", "asf wmv2"]


def recording(container: str, codec: str) -> bytes:
    sample_rate = 8_000 if "amr" in codec else 16_000
    return audio_file(tone(0.3, sample_rate), sample_rate, container=container, codec=codec)


def mutated(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return data[: rng.randrange(len(data))]
    changed = bytearray(data)
    # Headers decide most, so that they are hit most.
    reach = min(len(data), rng.choice([64, 400, len(data)]))
    for _ in range(rng.choice([1, 4, 20])):
        changed[rng.randrange(reach)] = rng.randrange(256)
    return bytes(changed)


def survive(data: bytes, decode: Callable[[bytes], object]) -> None:
    rng = random.Random(len(data))
    for _ in range(NUM_MUTATIONS):
        started = time.process_time()
        # FFmpeg reports a size field of gigabytes as a lack of memory.
        with suppress(MediaError, MemoryError):
            decode(mutated(data, rng))
        assert time.process_time() - started < 2.0


@pytest.mark.parametrize("written_as", AUDIO)
def test_damaged_recordings_do_no_harm(written_as: str) -> None:
    container, codec = written_as.split()
    data = recording(container, codec)

    survive(data, lambda damaged: decode_audio(damaged, max_s=100))


@pytest.mark.parametrize("file_format", IMAGES)
@pytest.mark.filterwarnings("ignore")
def test_damaged_pictures_do_no_harm(file_format: str) -> None:
    data = image_file(picture(), file_format)

    survive(data, lambda damaged: decode_image(damaged, max_pixels=10_000_000))


@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_damaged_heic_does_no_harm(tile: tuple[int, int] | None) -> None:
    data = heic_file(picture(), tile=tile)

    survive(data, lambda damaged: decode_image(damaged, max_pixels=10_000_000))


@pytest.mark.parametrize("written_as", VIDEOS)
def test_damaged_videos_do_no_harm(written_as: str) -> None:
    container, codec = written_as.split()
    data = video_file(0.5, container=container, codec=codec, sound=None)

    survive(data, lambda damaged: decode_video(damaged, FrameSampling(), max_s=100))
