"""Sound on the socket: PCM and G.711 to samples and back, at any rate, in pieces of any size."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from thinktalk.api.openai.chunks import SoundCutter
from thinktalk.errors import InvalidField
from thinktalk.media.encode import pcm16, wav_header
from thinktalk.media.resample import StreamResampler
from thinktalk.media.types import Audio, Samples

Encoding = Literal["pcm", "wav", "pcmu", "pcma"]
RATES = (8_000, 48_000)  # lowest and highest

_RIFF_BYTES = 44
_MU_BIAS, _CLIP = 132, 32_635


@dataclass(frozen=True, slots=True)
class WireFormat:
    """How sound is written; `rate` in Hz. Always mono, PCM always 16 bits."""

    encoding: Encoding = "pcm"
    rate: int = 16_000


def from_base64(text: str, param: str) -> bytes:
    """Raises `InvalidField`."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidField(f"{param} is not valid base64: {error}", param=param) from None


class InputDecoder:
    """Decodes what a client appends. A byte that is left over waits for the next piece."""

    def __init__(self, wire: WireFormat) -> None:
        self.wire = wire
        self._rest = b""

    def decode(self, data: bytes) -> Audio:
        if self.wire.encoding in ("pcmu", "pcma"):
            table = _MU_LAW if self.wire.encoding == "pcmu" else _A_LAW
            return Audio(table[np.frombuffer(data, np.uint8)], self.wire.rate)
        if self.wire.encoding == "wav":
            data = _without_header(data)
        data = self._rest + data
        whole = len(data) & ~1
        self._rest = data[whole:]
        samples = np.frombuffer(data[:whole], "<i2").astype(np.float32) / 32768.0
        return Audio(samples, self.wire.rate)


class OutputEncoder:
    """Encodes the speech of one response, whose rate is known with its first piece."""

    def __init__(self, wire: WireFormat) -> None:
        self._wire = wire
        self._resampler: StreamResampler | None = None
        self._cutter = SoundCutter()

    def encode(self, audio: Audio) -> bytes:
        """May be empty, while a resampler fills."""
        head = b""
        if self._resampler is None:
            self._resampler = StreamResampler(audio.sample_rate, self._wire.rate)
            head = wav_header(self._wire.rate) if self._wire.encoding == "wav" else b""
        return head + self._whole(self._coded(self._resampler.push(audio.samples)))

    def close(self) -> bytes:
        """What is left at the end."""
        if self._resampler is None:
            return b""
        tail = self._whole(self._coded(self._resampler.close()))
        return tail + self._cutter.rest()

    def _coded(self, samples: Samples) -> bytes:
        if self._wire.encoding == "pcmu":
            return _to_mu_law(samples)
        if self._wire.encoding == "pcma":
            return _to_a_law(samples)
        return pcm16(samples)

    def _whole(self, data: bytes) -> bytes:
        return b"".join(self._cutter.cut(data))


def _without_header(data: bytes) -> bytes:
    """The samples of a WAV; what has no header is samples already."""
    if data[:4] != b"RIFF":
        return data
    at = data.find(b"data", 12)
    return data[at + 8 :] if at >= 0 else data[_RIFF_BYTES:]


# -- G.711 (ITU-T recommendation): eight bits, logarithmic


def _mu_law_table() -> npt.NDArray[np.float32]:
    code = ~np.arange(256) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa << 3) + _MU_BIAS) << exponent) - _MU_BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) / 32768.0).astype(np.float32)


def _a_law_table() -> npt.NDArray[np.float32]:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    low = (mantissa << 4) + 8
    high = (low + 256) << np.maximum(exponent - 1, 0)
    magnitude = np.where(exponent == 0, low, high)
    return (np.where(code & 0x80, magnitude, -magnitude) / 32768.0).astype(np.float32)


_MU_LAW, _A_LAW = _mu_law_table(), _a_law_table()


def _to_mu_law(samples: Samples) -> bytes:
    scaled = np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int32)
    magnitude = np.minimum(np.abs(scaled), _CLIP) + _MU_BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    code = ~(np.where(scaled < 0, 0x80, 0) | (exponent << 4) | mantissa) & 0xFF
    return bytes(code.astype(np.uint8))


def _to_a_law(samples: Samples) -> bytes:
    scaled = np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int32)
    magnitude = np.abs(scaled)
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 7, 0)
    mantissa = (magnitude >> (np.maximum(exponent, 1) + 3)) & 15
    code = (np.where(scaled >= 0, 0x80, 0) | (exponent << 4) | mantissa) ^ 0x55
    return bytes(code.astype(np.uint8))
