"""Recognition of long recordings that goes on where it was cut off.

What was heard of a recording is written down, a stretch at a time, under a hash of its content and
of how it was listened to. A second try begins behind the last stretch. Knows nothing of models.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from thinktalk.engines.base import RecognizeOptions, Recognizer, Segment, Word
from thinktalk.media.types import Audio, Recording

# A stretch ends in a pause, so that going on from there cuts no word.
_STRETCH_S = 60.0
_PAUSE_S = 0.3
_KEPT_S = 7 * 24 * 3600.0
_FORMAT = 1  # of the notes; those of another one are not looked at

_log = logging.getLogger(__name__)


class ResumingRecognizer:
    """A `Recognizer` that remembers stretches of `Recording`s on disk, where it can.

    Args:
        folder: where they lie; readable by this user only.
        name: of what hears; another one begins anew.
        max_bytes: of the folder; the oldest go first, and all go after a week. 0 keeps none.
    """

    def __init__(self, inner: Recognizer, folder: Path, *, name: str, max_bytes: int) -> None:
        self._inner = inner
        self._folder = folder
        self._name = name
        self._max_bytes = max_bytes

    async def recognize(
        self, audio: Audio | Recording, options: RecognizeOptions
    ) -> AsyncGenerator[Segment, None]:
        """As the recogniser within, and at once for what has been heard before."""
        if not isinstance(audio, Recording) or not self._max_bytes:
            async with aclosing(self._inner.recognize(audio, options)) as segments:
                async for segment in segments:
                    yield segment
            return
        notes = await asyncio.to_thread(self._open, audio, options)
        try:
            for segment in notes.segments:
                yield segment
            if not notes.is_whole:
                async with aclosing(self._rest(audio, options, notes)) as segments:
                    async for segment in segments:
                        yield segment
        finally:
            notes.close()

    async def _rest(
        self, audio: Recording, options: RecognizeOptions, notes: Notes
    ) -> AsyncGenerator[Segment, None]:
        start_s, stretch = notes.until_s, list[Segment]()
        hearing = self._inner.recognize(_from(audio, start_s), options)
        async with aclosing(hearing) as segments:
            async for segment in segments:
                segment = _later(segment, start_s)
                if stretch and _ends(notes.until_s, stretch[-1], segment):
                    until_s = (stretch[-1].end_s + segment.start_s) / 2
                    await asyncio.to_thread(notes.add, until_s, stretch)
                    stretch = []
                stretch.append(segment)
                yield segment
        await asyncio.to_thread(notes.add, max(audio.duration_s, start_s), stretch, is_whole=True)

    def _open(self, audio: Recording, options: RecognizeOptions) -> Notes:
        key = json.dumps([_FORMAT, audio.digest, self._name, asdict(options)], sort_keys=True)
        name = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._prune(name)
            return Notes(self._folder / f"{name}.jsonl")
        except OSError as exc:
            _log.warning("what is recognised of a recording is not kept: %s", exc)
            return Notes(None)

    def _prune(self, kept: str) -> None:
        files = list[tuple[os.stat_result, Path]]()
        for path in self._folder.glob("*.jsonl"):
            with suppress(FileNotFoundError):  # another may be pruning, too
                if path.stem != kept:
                    files.append((path.stat(), path))
        files.sort(key=lambda entry: -entry[0].st_mtime)
        total, oldest = 0, time.time() - _KEPT_S
        for status, path in files:
            total += status.st_size
            if total > self._max_bytes or status.st_mtime < oldest:
                path.unlink(missing_ok=True)


class Notes:
    """The stretches of one recording that have been heard, in a file of one line each.

    Whoever comes second, while the first still writes, reads what is there and writes nothing.

    Args:
        path: None where nothing can be kept.
    Raises:
        OSError: the file can be neither made nor read.
    """

    def __init__(self, path: Path | None) -> None:
        self.until_s = 0.0
        self.is_whole = False
        self.segments: list[Segment] = []
        self._file: BinaryIO | None = None
        self._may_write = path is not None
        if path is not None:
            path.touch(mode=0o600)
            self._file = path.open("r+b")
            self._read(self._file)

    def _read(self, file: BinaryIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._may_write = False
        end = 0
        for self.until_s, self.is_whole, segments in _stretches(file):
            self.segments += segments
            end = file.tell()
        if self._may_write:  # what a crash left half-written, or another program wrote
            file.seek(end)
            file.truncate()

    def add(self, until_s: float, segments: Sequence[Segment], *, is_whole: bool = False) -> None:
        """Write down what was heard up to `until_s`."""
        self.until_s = until_s
        if not self._may_write or self._file is None:
            return
        said = [asdict(segment) for segment in segments]
        line = {"until_s": until_s, "is_whole": is_whole, "segments": said}
        with suppress(OSError):  # a full disk must not end a recognition
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


def _stretches(file: BinaryIO) -> Iterator[tuple[float, bool, list[Segment]]]:
    """Until when, whether that is the end, and what was said; up to a line that is none of ours."""
    while (line := file.readline()).endswith(b"\n"):
        try:
            data = json.loads(line)
            segments = [_segment(segment) for segment in data["segments"]]
            stretch = float(data["until_s"]), bool(data["is_whole"]), segments
        except (KeyError, TypeError, ValueError):
            return
        yield stretch


def _segment(data: dict[str, Any]) -> Segment:
    words = tuple(Word(**word) for word in data["words"])
    return Segment(**{**data, "words": words, "tokens": tuple(data["tokens"])})


def _ends(begun_s: float, last: Segment, following: Segment) -> bool:
    """Whether a stretch may end between two segments."""
    return following.start_s - last.end_s >= _PAUSE_S and last.end_s - begun_s >= _STRETCH_S


def _from(audio: Recording, start_s: float) -> Recording:
    """The rest of a recording, as one of its own."""
    if start_s == 0:
        return audio
    return replace(
        audio,
        duration_s=max(0.0, audio.duration_s - start_s),
        digest=f"{audio.digest}+{start_s}",
        read=lambda more_s: audio.read(start_s + more_s),
    )


def _later(segment: Segment, by_s: float) -> Segment:
    if by_s == 0:
        return segment
    return replace(
        segment,
        start_s=round(segment.start_s + by_s, 3),
        end_s=round(segment.end_s + by_s, 3),
        words=tuple(
            replace(word, start_s=round(word.start_s + by_s, 3), end_s=round(word.end_s + by_s, 3))
            for word in segment.words
        ),
    )
