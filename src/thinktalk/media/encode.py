"""Samples to files and streams: PCM, WAV, and by FFmpeg MP3, Ogg Opus, AAC and FLAC.

Knows nothing of who listens. Encoders write to memory that cannot seek, so that every byte may be
sent as soon as it exists.
"""

from __future__ import annotations

import struct
from typing import Literal, cast, get_args

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream

from thinktalk.media.types import Audio, Samples

AudioFormat = Literal["wav", "pcm16", "pcm", "mp3", "opus", "aac", "flac"]
FORMATS: tuple[str, ...] = get_args(AudioFormat)

CONTENT_TYPES: dict[str, str] = {
    "wav": "audio/wav",
    "pcm16": "audio/pcm",
    "pcm": "audio/pcm",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
}

# An unknown length; players then read to the end of the stream.
_ENDLESS = 0xFFFF_FFFF

# format -> (container, codec, bits per second, container options)
_CODECS: dict[str, tuple[str, str, int | None, dict[str, str]]] = {
    # The Xing frame would have to be rewritten at the end, which a stream cannot do.
    "mp3": ("mp3", "libmp3lame", 64_000, {"write_xing": "0", "id3v2_version": "0"}),
    # Pages of 0.2 s: the default of 1 s would be heard as delay.
    "opus": ("ogg", "libopus", 48_000, {"page_duration": "200000"}),
    "aac": ("adts", "aac", 64_000, {}),
    "flac": ("flac", "flac", None, {}),
}
# What makes a container that has no comments of its own begin with some.
_COMMENT_OPTIONS = {"mp3": {"id3v2_version": "4"}, "adts": {"write_id3v2": "1"}}
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)


def pcm16(samples: Samples) -> bytes:
    """Signed 16-bit little-endian PCM; samples beyond [-1, 1] are clipped."""
    return _int16(samples).tobytes()


def wav_file(audio: Audio) -> bytes:
    """A complete 16-bit mono WAV file."""
    data = pcm16(audio.samples)
    return wav_header(audio.sample_rate, len(data)) + data


def wav_header(
    sample_rate: int, size_bytes: int | None = None, *, comment: str | None = None
) -> bytes:
    """What stands before 16-bit mono PCM, 44 bytes without a comment.

    With no size, those of a stream of unknown length.
    """
    listed = _wav_comment(comment) if comment else b""
    data_size = _ENDLESS if size_bytes is None else size_bytes
    riff_size = _ENDLESS if size_bytes is None else 36 + len(listed) + size_bytes
    form = struct.pack(
        "<4sI4s4sIHHIIHH",
        *(b"RIFF", riff_size, b"WAVE", b"fmt ", 16),
        *(1, 1, sample_rate, 2 * sample_rate, 2, 16),
    )
    return form + listed + struct.pack("<4sI", b"data", data_size)


def _wav_comment(comment: str) -> bytes:
    """A LIST chunk. Chunks and what they hold have even lengths, texts end with a zero."""
    text = comment.encode() + b"\0"
    padded = text + b"\0" * (len(text) % 2)
    head = struct.pack("<4sI4s4sI", b"LIST", 12 + len(padded), b"INFO", b"ICMT", len(text))
    return head + padded


class StreamEncoder:
    """Encodes sound as it comes. `encode` may return nothing while a codec fills its frame.

    Not thread-safe. Call `close` once, also to abandon a stream.

    Args:
        comment: what the file says of itself to whoever asks; bare PCM has no place for it.
    """

    def __init__(
        self, audio_format: AudioFormat, sample_rate: int, *, comment: str | None = None
    ) -> None:
        self.content_type = CONTENT_TYPES[audio_format]
        self._sample_rate = sample_rate
        self._written = _Sink()
        self._container: av.container.OutputContainer | None = None
        if audio_format in _CODECS:
            self._open(audio_format, comment)
        elif audio_format == "wav":
            self._written.write(wav_header(sample_rate, comment=comment))

    def encode(self, samples: Samples) -> bytes:
        """Take float32 samples of shape (num_samples,) in [-1, 1]; return the bytes now ready."""
        if self._container is None:
            self._written.write(pcm16(samples))
        elif len(samples):
            frame = av.AudioFrame.from_ndarray(_int16(samples)[None], "s16", "mono")
            frame.sample_rate = self._sample_rate
            frame.pts = self._position
            self._position += len(samples)
            self._container.mux(self._stream.encode(frame))
        return self._written.take()

    def close(self) -> bytes:
        """The bytes that end the stream."""
        if self._container is not None:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._container = None
        return self._written.take()

    def _open(self, audio_format: AudioFormat, comment: str | None) -> None:
        container, codec, bit_rate, options = _CODECS[audio_format]
        rate = self._sample_rate
        if codec == "libopus" and rate not in _OPUS_RATES:
            rate = 48_000
        if comment:
            options = {**options, **_COMMENT_OPTIONS.get(container, {})}
        self._container = av.open(self._written, "w", format=container, options=options)
        if comment:
            self._container.metadata["comment"] = comment
        stream = self._container.add_stream(codec, rate=rate, layout="mono")
        self._stream = cast(AudioStream, stream)
        if bit_rate is not None:
            self._stream.bit_rate = bit_rate
        self._position = 0


class _Sink:
    """A file that can only be written: having no `seek`, it is a stream to the muxer."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def write(self, data: bytes) -> int:
        self._pending += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._pending)
        self._pending.clear()
        return taken


def _int16(samples: Samples) -> npt.NDArray[np.int16]:
    scaled: npt.NDArray[np.int16] = np.rint(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")
    return scaled
