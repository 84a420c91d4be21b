"""Speech on its way out: any engine's rate to 24 kHz, then the format that was asked for.

Speech in a cloned voice says so in the comment of its file, where the format has room for one.
"""

from __future__ import annotations

from thinktalk.media.encode import AudioFormat, StreamEncoder, wav_header
from thinktalk.media.resample import StreamResampler
from thinktalk.media.types import Audio
from thinktalk.serving.cloning import MARK

SAMPLE_RATE = 24_000


class SpeechEncoder:
    """Encodes one stretch of speech, piece by piece. Call `close` once."""

    def __init__(self, audio_format: AudioFormat, *, is_cloned: bool = False) -> None:
        comment = MARK if is_cloned else None
        self._encoder = StreamEncoder(audio_format, SAMPLE_RATE, comment=comment)
        self._resampler: StreamResampler | None = None

    @property
    def content_type(self) -> str:
        return self._encoder.content_type

    def encode(self, audio: Audio) -> bytes:
        """The bytes that are ready."""
        if self._resampler is None:
            self._resampler = StreamResampler(audio.sample_rate, SAMPLE_RATE)
        return self._encoder.encode(self._resampler.push(audio.samples))

    def close(self) -> bytes:
        """The bytes that end the stream."""
        tail = b""
        if self._resampler is not None:
            tail = self._encoder.encode(self._resampler.close())
        return tail + self._encoder.close()


class SpeechFile:
    """Collects speech into one complete file, sizes in its header included."""

    def __init__(self, audio_format: AudioFormat, *, is_cloned: bool = False) -> None:
        self._is_wav, self._comment = audio_format == "wav", MARK if is_cloned else None
        file_format: AudioFormat = "pcm16" if self._is_wav else audio_format
        self._encoder = SpeechEncoder(file_format, is_cloned=is_cloned)
        self._pieces: list[bytes] = []

    def add(self, audio: Audio) -> None:
        self._pieces.append(self._encoder.encode(audio))

    def finish(self) -> bytes:
        self._pieces.append(self._encoder.close())
        data = b"".join(self._pieces)
        if not self._is_wav:
            return data
        return wav_header(SAMPLE_RATE, len(data), comment=self._comment) + data
