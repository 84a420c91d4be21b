"""Change of sample rate, whole or as a stream, by soxr. Knows nothing of containers or codecs."""

from __future__ import annotations

from typing import cast

import numpy as np
import soxr

from thinktalk.media.types import Audio, Samples


def resample(audio: Audio, sample_rate: int) -> Audio:
    """The same sound at `sample_rate` Hz; the audio itself when the rate is right already."""
    if audio.sample_rate == sample_rate:
        return audio
    samples = soxr.resample(audio.samples, audio.sample_rate, sample_rate, quality="HQ")
    return Audio(np.asarray(samples, dtype=np.float32), sample_rate)


class StreamResampler:
    """Resamples sound that arrives in pieces, without a seam between them.

    The filter looks ahead, so that output lags input by a few milliseconds until `close`.
    """

    def __init__(self, source_rate: int, sample_rate: int) -> None:
        self._stream = (
            None
            if source_rate == sample_rate
            else soxr.ResampleStream(source_rate, sample_rate, 1, dtype="float32", quality="HQ")
        )

    def push(self, samples: Samples) -> Samples:
        """Take float32 samples of shape (num_samples,); return what is ready at the new rate."""
        if self._stream is None:
            return samples
        return cast(Samples, self._stream.resample_chunk(samples))

    def close(self) -> Samples:
        """The tail that the filter still held. The stream takes nothing after this."""
        if self._stream is None:
            return np.zeros(0, dtype=np.float32)
        return cast(Samples, self._stream.resample_chunk(np.zeros(0, np.float32), last=True))
