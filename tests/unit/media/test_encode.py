from __future__ import annotations

import io
import wave
from typing import get_args

import av
import numpy as np
import pytest

from support.media_files import tone
from thinktalk.media.decode import decode_audio
from thinktalk.media.encode import AudioFormat, StreamEncoder, pcm16, wav_file, wav_header
from thinktalk.media.sniff import sniff
from thinktalk.media.types import Audio

CODED = [name for name in get_args(AudioFormat) if not name.startswith("pcm")]


def test_pcm16_rounds_to_the_nearest_step_and_clips() -> None:
    samples = np.array([0.0, 1.0, -1.0, 2.0, -3.0, 0.6 / 32767, -0.6 / 32767], np.float32)

    assert np.frombuffer(pcm16(samples), "<i2").tolist() == [
        0, 32767, -32767, 32767, -32767, 1, -1,
    ]  # fmt: skip


def test_a_wav_file_opens_with_the_standard_library() -> None:
    samples = tone(0.5, 24_000)

    with wave.open(io.BytesIO(wav_file(Audio(samples, 24_000)))) as opened:
        assert (opened.getnchannels(), opened.getsampwidth()) == (1, 2)
        assert (opened.getframerate(), opened.getnframes()) == (24_000, 12_000)
        assert opened.readframes(12_000) == pcm16(samples)


def test_a_wav_header_states_the_size_of_file_and_data() -> None:
    header = wav_header(24_000, 1000)

    assert len(header) == 44
    assert int.from_bytes(header[4:8], "little") == 1036
    assert int.from_bytes(header[40:44], "little") == 1000


def test_a_streamed_wav_header_leaves_the_length_open() -> None:
    header = wav_header(24_000)

    assert header[4:8] == header[40:44] == b"\xff\xff\xff\xff"


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 24_000])
@pytest.mark.parametrize("audio_format", CODED)
def test_a_stream_in_any_format_decodes_to_the_sound_that_went_in(
    audio_format: AudioFormat, sample_rate: int
) -> None:
    samples = tone(2.0, sample_rate, level=0.25)
    encoder = StreamEncoder(audio_format, sample_rate)

    pieces = [encoder.encode(piece) for piece in np.array_split(samples, 37)]
    data = b"".join(pieces) + encoder.close()

    heard = decode_audio(data, sample_rate=sample_rate, max_s=10)
    assert heard.duration_s == pytest.approx(2.0, abs=0.12)
    middle = heard.samples[sample_rate // 2 : sample_rate]
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.25 / np.sqrt(2), rel=0.15)


@pytest.mark.parametrize("audio_format", get_args(AudioFormat))
def test_sound_leaves_the_encoder_before_the_stream_ends(audio_format: AudioFormat) -> None:
    encoder = StreamEncoder(audio_format, 24_000)

    first_second = b"".join(encoder.encode(piece) for piece in np.array_split(tone(1, 24_000), 10))

    # MP3 and Opus keep a fraction of a second to themselves, no more.
    rest = encoder.encode(tone(1, 24_000)) + encoder.close()
    assert len(first_second) > 0.3 * len(first_second + rest)


def test_raw_formats_are_the_samples_alone() -> None:
    for audio_format in ("pcm", "pcm16"):
        encoder = StreamEncoder(audio_format, 24_000)  # type: ignore[arg-type]
        assert encoder.encode(tone(0.1, 24_000)) + encoder.close() == pcm16(tone(0.1, 24_000))


@pytest.mark.parametrize("audio_format", ["wav", "flac"])
def test_a_stream_without_sound_still_has_its_headers(audio_format: AudioFormat) -> None:
    encoder = StreamEncoder(audio_format, 24_000)

    assert sniff(encoder.encode(np.zeros(0, np.float32)) + encoder.close()) is not None


@pytest.mark.parametrize(
    ("audio_format", "name"),
    [("mp3", "MP3"), ("opus", "OGG"), ("aac", "AAC"), ("flac", "FLAC"), ("wav", "WAV")],
)
def test_streams_have_the_container_that_their_format_promises(
    audio_format: AudioFormat, name: str
) -> None:
    encoder = StreamEncoder(audio_format, 24_000)
    container = sniff(encoder.encode(tone(1, 24_000)) + encoder.close())

    assert container is not None
    assert container.name == name


COMMENT = "synthetic speech in a cloned voice; made by thinktalk"


@pytest.mark.parametrize("audio_format", ["wav", "mp3", "opus", "aac", "flac"])
def test_a_stream_can_say_of_itself_what_it_is(audio_format: AudioFormat) -> None:
    samples = tone(2.0, 24_000, level=0.25)
    encoder = StreamEncoder(audio_format, 24_000, comment=COMMENT)
    pieces = [encoder.encode(piece) for piece in np.array_split(samples, 20)]
    data = b"".join(pieces) + encoder.close()

    with av.open(io.BytesIO(data)) as opened:
        told = {**opened.metadata, **opened.streams.audio[0].metadata}
    assert {key.lower(): value for key, value in told.items()}["comment"] == COMMENT
    heard = decode_audio(data, sample_rate=24_000, max_s=10)
    assert heard.duration_s == pytest.approx(2.0, abs=0.12)


def test_a_streamed_wav_with_a_comment_is_as_open_as_one_without() -> None:
    header = wav_header(24_000, comment=COMMENT)
    assert header[4:8] == header[-4:] == b"\xff\xff\xff\xff"
    assert len(header) % 2 == 0 and header[-8:-4] == b"data"


@pytest.mark.parametrize("comment", ["odd", "even"])
def test_a_wav_file_with_a_comment_is_read_by_others(comment: str) -> None:
    sound = pcm16(tone(0.5, 24_000))
    header = wav_header(24_000, len(sound), comment=comment)
    assert int.from_bytes(header[4:8], "little") == len(header) + len(sound) - 8
    with wave.open(io.BytesIO(header + sound)) as opened:
        assert opened.readframes(opened.getnframes()) == sound


@pytest.mark.parametrize("audio_format", ["pcm", "pcm16"])
def test_raw_formats_have_no_place_for_a_comment(audio_format: AudioFormat) -> None:
    encoder = StreamEncoder(audio_format, 24_000, comment=COMMENT)
    assert encoder.encode(tone(0.1, 24_000)) + encoder.close() == pcm16(tone(0.1, 24_000))
