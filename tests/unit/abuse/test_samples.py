"""What gets damaged is whole, and what is crafted is what it says."""

from __future__ import annotations

import gzip
import io
import zlib

import PIL.Image
import pytest

from thinktalk.abuse import crafted, samples
from thinktalk.abuse.damage import mutations
from thinktalk.abuse.recordings import silent_opus
from thinktalk.errors import MediaTooLong
from thinktalk.media.decode import decode_audio, decode_image, decode_video
from thinktalk.media.types import FrameSampling

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("name", samples.SOUNDS)
def test_every_sound_is_whole(name: str) -> None:
    assert 0.2 < decode_audio(samples.sample(name), max_s=10).duration_s < 0.6


@pytest.mark.parametrize("name", samples.PICTURES)
def test_every_picture_is_whole(name: str) -> None:
    picture = decode_image(samples.sample(name), max_pixels=10_000)
    assert picture.width / picture.height == pytest.approx(4 / 3)


@pytest.mark.parametrize("name", samples.VIDEOS)
def test_every_video_is_whole(name: str) -> None:
    video = decode_video(samples.sample(name), FrameSampling(fps=25), max_s=10)
    assert len(video.frames) >= 6
    assert (video.width, video.height) == (176, 144)


def test_damage_is_the_same_at_each_run_and_hits_every_format() -> None:
    few, more = list(mutations(2)), list(mutations(5))
    assert {damaged.name for damaged in few} == set(samples.FORMATS)
    assert few == [damaged for damaged in more if damaged.number < 2]
    assert sum(damaged.data != samples.sample(damaged.name) for damaged in more) > 0.9 * len(more)


def test_packed_zeros_unpack_to_what_they_say() -> None:
    assert zlib.decompress(crafted.zeros_packed(3)) == bytes(3 * MEBIBYTE)
    assert gzip.decompress(crafted.zeros_packed(3, as_gzip=True)) == bytes(3 * MEBIBYTE)
    assert len(crafted.zeros_packed(100)) < MEBIBYTE


def test_crafted_pictures_open_with_the_size_they_state() -> None:
    for data in (crafted.png(500, 400), crafted.gif(500, 400), crafted.jpeg(500, 400)):
        assert PIL.Image.open(io.BytesIO(data)).size == (500, 400)


@pytest.mark.parametrize("is_hidden", [False, True])
def test_a_little_opus_holds_hours_of_silence(is_hidden: bool) -> None:
    data = silent_opus(10_000, is_hidden=is_hidden)
    assert len(data) < 12_000
    assert decode_audio(data, max_s=1_000).duration_s == pytest.approx(400, rel=0.1)
    with pytest.raises(MediaTooLong):
        decode_audio(data, max_s=100)
