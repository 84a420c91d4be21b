"""What headers say about a file."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from support.media_files import (
    audio_file,
    flac_that_states,
    image_file,
    picture,
    tone,
    video_file,
)
from thinktalk.errors import ImageShapeRefused, MediaEmpty, MediaUndecodable
from thinktalk.media.decode import decode_audio
from thinktalk.media.probe import probe
from thinktalk.media.types import Probe

MANY = 100_000_000


@pytest.mark.parametrize(
    "written_as",
    ["wav pcm_s16le", "mp3 libmp3lame", "ogg libopus", "flac flac", "ipod aac", "adts aac"],
)
def test_the_length_of_a_recording_is_known_without_decoding_it(written_as: str) -> None:
    container, codec = written_as.split()
    found = probe(audio_file(tone(2.5), container=container, codec=codec), "audio", max_pixels=MANY)

    assert found.kind == "audio"
    assert found.duration_s == pytest.approx(2.5, abs=0.15)
    assert found.has_sound


def test_a_wav_that_was_streamed_is_as_long_as_its_samples() -> None:
    data = bytearray(audio_file(tone(1.0)))
    data[data.index(b"data") + 4 : data.index(b"data") + 8] = b"\xff\xff\xff\xff"

    assert probe(bytes(data), "audio", max_pixels=MANY).duration_s == pytest.approx(1.0, abs=0.01)


def test_a_recording_is_as_long_as_what_it_holds_whatever_it_states() -> None:
    silence = np.zeros(1200 * 1000, np.float32)
    whole = audio_file(silence, 1000, container="flac", codec="flac")
    lying, cut = flac_that_states(1000, whole), whole[: len(whole) // 2]

    assert probe(lying, "audio", max_pixels=MANY).duration_s == pytest.approx(1200, abs=1)
    left_s = decode_audio(cut, max_s=1200).duration_s
    assert 500 < left_s < 600
    assert probe(cut, "audio", max_pixels=MANY).duration_s == pytest.approx(left_s, abs=5)
    assert probe(cut, "video", max_pixels=MANY).duration_s == pytest.approx(left_s, abs=5)


def test_a_video_has_size_rate_and_length() -> None:
    found = probe(video_file(2.0, fps=10, sound=tone(2.0)), "video", max_pixels=MANY)

    assert (found.kind, found.width, found.height) == ("video", 160, 120)
    assert found.fps == pytest.approx(10, abs=0.5)
    assert found.duration_s == pytest.approx(2.0, abs=0.15)
    assert found.has_sound
    assert not probe(video_file(1.0), "video", max_pixels=MANY).has_sound


def test_sound_that_was_sent_as_a_video_is_told_apart() -> None:
    found = probe(audio_file(tone(1.0), container="ipod", codec="aac"), "video", max_pixels=MANY)

    assert found.kind == "audio"


def test_a_picture_is_measured_upright() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    turned = image_file(PIL.Image.fromarray(picture(64, 48)), "JPEG", exif=exif)

    found = probe(turned, "image", max_pixels=MANY)

    assert found == Probe(kind="image", container="JPEG", width=48, height=64)


def test_what_cannot_be_opened_is_refused() -> None:
    with pytest.raises(MediaUndecodable):
        probe(b"junk" * 100, "video", max_pixels=MANY)
    with pytest.raises(ImageShapeRefused):
        probe(image_file(picture(200, 100)), "image", max_pixels=10_000)
    with pytest.raises(MediaEmpty):
        probe(b"", "audio", max_pixels=MANY)
