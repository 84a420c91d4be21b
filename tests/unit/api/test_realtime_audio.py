"""Sound on the realtime socket, byte by byte."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.api.realtime.audio import InputDecoder, OutputEncoder, WireFormat, from_base64
from thinktalk.errors import InvalidField
from thinktalk.media.encode import pcm16, wav_header
from thinktalk.media.types import Audio

RAMP = np.linspace(-0.9, 0.9, 999).astype(np.float32)


def test_pieces_of_any_size_are_joined() -> None:
    data, decoder = pcm16(RAMP), InputDecoder(WireFormat())
    pieces = [decoder.decode(data[at : at + 7]).samples for at in range(0, len(data), 7)]
    assert np.allclose(np.concatenate(pieces), RAMP, atol=1e-4)


def test_headers_of_wav_are_no_sound() -> None:
    decoder = InputDecoder(WireFormat("wav", 16_000))
    data = pcm16(RAMP)
    for piece in (wav_header(16_000) + data, data, wav_header(16_000, len(data)) + data):
        assert len(decoder.decode(piece).samples) == len(RAMP)


@pytest.mark.parametrize("encoding", ["pcmu", "pcma"])
def test_g711_comes_back_as_it_went(encoding: str) -> None:
    wire = WireFormat(encoding, 8_000)  # type: ignore[arg-type]
    encoder = OutputEncoder(wire)
    data = encoder.encode(Audio(RAMP, 8_000)) + encoder.close()
    back = InputDecoder(wire).decode(data).samples
    assert len(back) == len(RAMP)
    # Eight bits, logarithmic: within some 3 % of each value.
    assert np.all(np.abs(back - RAMP) <= 0.035 * np.abs(RAMP) + 0.001)
    assert InputDecoder(wire).decode(bytes([0xFF if encoding == "pcmu" else 0xD5])).samples[
        0
    ] == pytest.approx(0.0, abs=0.001)


def test_a_response_as_wav_begins_with_a_header_once() -> None:
    encoder = OutputEncoder(WireFormat("wav", 24_000))
    first = encoder.encode(Audio(RAMP, 24_000))
    rest = encoder.encode(Audio(RAMP, 24_000)) + encoder.close()
    assert first.startswith(b"RIFF") and b"RIFF" not in rest
    assert len(first) + len(rest) == 44 + 2 * 2 * len(RAMP)


def test_speech_is_resampled_to_the_rate_that_was_asked_for() -> None:
    encoder = OutputEncoder(WireFormat("pcm", 8_000))
    data = encoder.encode(Audio(np.zeros(24_000, np.float32), 24_000))
    assert len(data) % 6 == 0
    assert len(data) + len(encoder.close()) == 16_000


def test_bad_base64_is_named() -> None:
    with pytest.raises(InvalidField, match="audio is not valid base64"):
        from_base64("?", "audio")
