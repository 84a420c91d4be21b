"""Microphone and loudspeaker, through the programs that the system has for them."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncGenerator, Sequence

from thinktalk.errors import BadRequest
from thinktalk.live import INPUT_RATE, OUTPUT_RATE

_MICROPHONES = (
    ("parec", "--raw", "--format=s16le", f"--rate={INPUT_RATE}", "--channels=1", "--latency=640"),
    ("arecord", "-q", "-t", "raw", "-f", "S16_LE", "-r", str(INPUT_RATE), "-c", "1"),
    ("rec", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-r", str(INPUT_RATE), "-c", "1", "-"),
)
_LOUDSPEAKERS = (
    ("pacat", "--raw", "--format=s16le", f"--rate={OUTPUT_RATE}", "--channels=1"),
    ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-r", str(OUTPUT_RATE), "-c", "1"),
    ("play", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-r", str(OUTPUT_RATE), "-c", "1", "-"),
)
_PIECE_BYTES = 2 * INPUT_RATE // 25  # 40 ms


class Loudspeaker:
    """Plays PCM16 at 24 kHz; falls silent at once when it is flushed."""

    def __init__(self) -> None:
        self._command = _present(_LOUDSPEAKERS, "plays sound")
        self._player: subprocess.Popen[bytes] | None = None

    def play(self, pcm: bytes) -> None:
        if self._player is None:
            self._player = subprocess.Popen(self._command, stdin=subprocess.PIPE)
        assert self._player.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._player.stdin.write(pcm)
            self._player.stdin.flush()

    def flush(self) -> None:
        """Drop what was not played yet."""
        player, self._player = self._player, None
        if player is not None:
            player.kill()
            player.wait()


async def microphone() -> AsyncGenerator[bytes, None]:
    """Yield PCM16 at 16 kHz, 40 ms at a time. Closing stops recording.

    Raises:
        BadRequest: no program that records is installed, or it ends.
    """
    command = _present(_MICROPHONES, "records sound")
    recorder = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert recorder.stdout is not None
    try:
        while True:
            yield await recorder.stdout.readexactly(_PIECE_BYTES)
    except asyncio.IncompleteReadError:
        raise BadRequest(
            f"{command[0]} records nothing (is there a microphone?); a recording can be given "
            "instead: thinktalk talk question.wav"
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            recorder.kill()
        await recorder.wait()


def _present(commands: Sequence[Sequence[str]], what: str) -> Sequence[str]:
    for command in commands:
        if shutil.which(command[0]):
            return command
    names = ", ".join(command[0] for command in commands)
    raise BadRequest(
        f"no program that {what} is installed ({names}); a recording can be given instead: "
        "thinktalk talk question.wav"
    )
