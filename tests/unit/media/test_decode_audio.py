from __future__ import annotations

import time

import numpy as np
import pytest

from support.media_files import audio_file, image_file, picture, tone, video_file
from thinktalk.errors import MediaEmpty, MediaTooLong, MediaUndecodable
from thinktalk.media.decode import decode_audio
from thinktalk.media.encode import pcm16, wav_header

LOSSLESS = [
    ("wav", "pcm_u8"),
    ("wav", "pcm_s16le"),
    ("wav", "pcm_s24le"),
    ("wav", "pcm_s32le"),
    ("wav", "pcm_f32le"),
    ("wav", "pcm_alaw"),
    ("wav", "pcm_mulaw"),
    ("flac", "flac"),
    ("ipod", "alac"),
    ("aiff", "pcm_s16be"),
    ("matroska", "flac"),
]
LOSSY = [
    ("mp3", "libmp3lame"),
    ("ipod", "aac"),
    ("adts", "aac"),
    ("3gp", "aac"),
    ("mp4", "aac"),
    ("ogg", "libopus"),
    ("webm", "libopus"),
    ("avi", "libmp3lame"),
]


@pytest.mark.parametrize(("container", "codec"), LOSSLESS)
def test_lossless_recordings_come_back_as_they_were(container: str, codec: str) -> None:
    samples = tone(1.0)

    heard = decode_audio(audio_file(samples, container=container, codec=codec), max_s=10)

    assert heard.sample_rate == 16_000
    assert heard.samples.dtype == np.float32
    # A-law and mu-law are exact to about 1/40 of the level.
    assert np.abs(heard.samples - samples).max() < 0.02


@pytest.mark.parametrize(("container", "codec"), LOSSY)
def test_compressed_recordings_keep_length_and_loudness(container: str, codec: str) -> None:
    data = audio_file(tone(2.0, 48_000, level=0.25), 48_000, container=container, codec=codec)

    heard = decode_audio(data, max_s=10)

    assert heard.duration_s == pytest.approx(2.0, abs=0.1)
    middle = heard.samples[8000:24_000]
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.25 / np.sqrt(2), rel=0.15)


def test_any_rate_is_brought_to_the_one_asked_for() -> None:
    heard = decode_audio(audio_file(tone(1.0, 44_100), 44_100), sample_rate=24_000, max_s=10)

    assert heard.sample_rate == 24_000
    assert np.abs(heard.samples[2400:-2400] - tone(1.0, 24_000)[2400:-2400]).max() < 0.01


def test_channels_are_averaged_without_clipping() -> None:
    left, right = tone(1.0, level=1.0), np.zeros(16_000, np.float32)

    both = decode_audio(audio_file(np.stack([left, left])), max_s=10)
    one = decode_audio(audio_file(np.stack([left, right])), max_s=10)

    assert np.abs(both.samples).max() == pytest.approx(1.0, abs=0.001)
    assert np.abs(one.samples).max() == pytest.approx(0.5, abs=0.001)


def test_surround_sound_keeps_its_centre() -> None:
    channels = np.zeros((6, 16_000), np.float32)
    channels[2] = tone(1.0)

    heard = decode_audio(audio_file(channels, layout="5.1"), max_s=10)

    assert 0.1 < np.abs(heard.samples).max() < 0.5


def test_the_sound_of_a_video_is_found() -> None:
    heard = decode_audio(video_file(1.0, sound=tone(1.0)), max_s=10)

    assert heard.duration_s == pytest.approx(1.0, abs=0.1)


def test_a_streamed_wav_header_does_not_count_as_its_length() -> None:
    data = wav_header(16_000) + pcm16(tone(1.0))

    assert decode_audio(data, max_s=10).duration_s == pytest.approx(1.0)


def test_not_a_number_becomes_silence() -> None:
    samples = tone(1.0)
    samples[5000:6000] = np.nan

    heard = decode_audio(audio_file(samples, codec="pcm_f32le"), max_s=10)

    assert np.isfinite(heard.samples).all()


def test_titles_in_any_encoding_do_no_harm() -> None:
    data = audio_file(tone(0.5), container="ipod", codec="aac")

    heard = decode_audio(data.replace(b"Lavf", b"\xfcav\xff"), max_s=10)

    assert heard.duration_s == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("sample_rate", [1, 1_728_069_248])
def test_absurd_sample_rates_are_refused_at_once(sample_rate: int) -> None:
    data = wav_header(sample_rate) + pcm16(tone(0.5))

    started = time.process_time()
    with pytest.raises(MediaUndecodable, match=f"rate of {sample_rate} Hz"):
        decode_audio(data, max_s=100_000)
    assert time.process_time() - started < 0.1


def test_what_comes_before_a_cut_is_kept() -> None:
    data = audio_file(tone(4.0), container="mp3", codec="libmp3lame")

    heard = decode_audio(data[: len(data) // 2], max_s=10)

    assert heard.duration_s == pytest.approx(2.0, abs=0.3)


def frames_of(adts: bytes) -> list[bytes]:
    """AAC frames with their headers of 7 bytes."""
    frames = []
    while adts:
        size_bytes = int.from_bytes(adts[3:6], "big") >> 5 & 0x1FFF
        frames.append(adts[:size_bytes])
        adts = adts[size_bytes:]
    return frames


def test_half_a_minute_of_damage_costs_only_that() -> None:
    first, last = (
        frames_of(audio_file(tone(1.0, 44_100, hz=hz), 44_100, container="adts", codec="aac"))[5:35]
        for hz in (440, 880)
    )
    damaged = [frame[:7] + b"\xff" * (len(frame) - 7) for frame in first * 50]
    data = b"".join(first * 34 + damaged + last * 90)

    heard = decode_audio(data, max_s=1000)

    minute = 16_000 * 60
    assert len(heard.samples) > 1.3 * minute
    end = heard.samples[-minute:]
    assert np.sqrt((end**2).mean()) > 0.2
    assert np.argmax(np.abs(np.fft.rfft(end[:16_000]))) == pytest.approx(880, abs=2)


def test_damage_in_the_middle_costs_only_the_middle() -> None:
    data = bytearray(audio_file(tone(4.0), container="mp3", codec="libmp3lame"))
    data[len(data) // 2 : len(data) // 2 + 500] = bytes(500)

    assert decode_audio(bytes(data), max_s=10).duration_s > 3.0


@pytest.mark.parametrize("data", [b"", wav_header(16_000, 0)])
def test_a_file_without_samples_is_empty(data: bytes) -> None:
    with pytest.raises(MediaEmpty):
        decode_audio(data, max_s=10)


@pytest.mark.parametrize("codec", [("flac", "flac"), ("wav", "pcm_s16le")])
def test_a_recording_past_the_limit_is_refused_with_both_lengths(codec: tuple[str, str]) -> None:
    data = audio_file(tone(3.0), container=codec[0], codec=codec[1])

    with pytest.raises(MediaTooLong, match=r"limit is 2 s") as refused:
        decode_audio(data, max_s=2.0)

    assert refused.value.duration_s > 2.0


def test_a_stated_length_past_the_limit_is_refused_before_decoding() -> None:
    data = audio_file(np.zeros(16_000 * 600, np.float32), container="flac", codec="flac")

    started = time.process_time()
    with pytest.raises(MediaTooLong) as refused:
        decode_audio(data, max_s=10)

    assert refused.value.duration_s == pytest.approx(600)
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize(
    "data",
    [
        b"this is no recording at all" * 50,
        bytes(10_000),
        image_file(picture()),
        # Formats that name further files to open.
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        video_file(0.5),
    ],
    ids=["text", "zeros", "picture", "playlist", "concat", "silent video"],
)
def test_what_is_no_recording_is_called_so(data: bytes) -> None:
    with pytest.raises(MediaUndecodable, match="The audio format is illegal"):
        decode_audio(data, max_s=10)
