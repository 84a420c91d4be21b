from __future__ import annotations

import numpy as np
import pytest

from support.media_files import tone
from thinktalk.media.resample import StreamResampler, resample
from thinktalk.media.types import Audio


@pytest.mark.parametrize(("source_rate", "sample_rate"), [(48_000, 16_000), (16_000, 24_000)])
def test_a_tone_keeps_its_pitch_and_length(source_rate: int, sample_rate: int) -> None:
    heard = resample(Audio(tone(1.0, source_rate), source_rate), sample_rate)

    expected = tone(1.0, sample_rate)
    assert heard.samples.dtype == np.float32
    assert len(heard.samples) == sample_rate
    # The ends ring, as those of any filter do.
    inner = slice(sample_rate // 10, -sample_rate // 10)
    assert np.abs(heard.samples[inner] - expected[inner]).max() < 0.01


def test_audio_at_the_right_rate_is_left_alone() -> None:
    audio = Audio(tone(0.1), 16_000)

    assert resample(audio, 16_000) is audio


@pytest.mark.parametrize("sample_rate", [16_000, 24_000])
def test_a_stream_in_pieces_has_no_seams(sample_rate: int) -> None:
    samples = tone(1.0, 24_000)
    stream = StreamResampler(24_000, sample_rate)

    pieces = [stream.push(piece) for piece in np.array_split(samples, 23)]
    joined = np.concatenate([*pieces, stream.close()])

    whole = resample(Audio(samples, 24_000), sample_rate).samples
    assert joined.shape == whole.shape
    assert np.abs(joined - whole).max() < 1e-3
