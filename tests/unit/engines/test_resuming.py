"""Recognition that goes on where it was cut off."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thinktalk.engines.base import RecognizeOptions, Recognizer, Segment, Word
from thinktalk.engines.resuming import ResumingRecognizer
from thinktalk.media.types import Audio, Recording, Samples

LENGTH_S = 1200
PLAIN = RecognizeOptions()


async def minutes_from(start_s: float) -> AsyncGenerator[Samples, None]:
    for second in range(int(start_s), LENGTH_S, 30):
        yield np.full(30, second, np.float32)


class Listener:
    """Hears "word N" in every tenth second; `heard` are the moments it was made to listen to."""

    def __init__(self) -> None:
        self.heard: list[float] = []

    async def recognize(
        self, audio: Audio | Recording, options: RecognizeOptions
    ) -> AsyncGenerator[Segment, None]:
        assert isinstance(audio, Recording)
        async with aclosing(audio.pieces()) as pieces:
            first = float((await anext(pieces))[0])
        offset_s = LENGTH_S - audio.duration_s
        assert abs(first - offset_s) < 1
        for at_s in range(0, LENGTH_S, 10):
            start_s = at_s + 1 - offset_s
            if start_s < 0:
                continue
            self.heard.append(at_s)
            word = Word(f" word {at_s}", start_s, start_s + 5)
            yield Segment(
                start_s=start_s,
                end_s=start_s + 5,
                text=word.text,
                language="en",
                words=(word,),
                tokens=(1, 2),
            )


def recording(digest: str = "abc") -> Recording:
    return Recording(float(LENGTH_S), digest, minutes_from)


def resuming(folder: Path, inner: Recognizer, max_bytes: int = 1 << 20) -> ResumingRecognizer:
    return ResumingRecognizer(inner, folder, name="listener", max_bytes=max_bytes)


def notes_in(folder: Path) -> list[Path]:
    return list(folder.glob("*.jsonl"))


async def texts(
    ears: ResumingRecognizer,
    audio: Recording,
    options: RecognizeOptions = PLAIN,
    stop_after: int = 10_000,
) -> list[tuple[str, float, float]]:
    found = []
    async with aclosing(ears.recognize(audio, options)) as segments:
        async for segment in segments:
            found.append((segment.text, segment.start_s, segment.words[0].start_s))
            if len(found) == stop_after:
                break
    return found


async def test_a_second_try_begins_behind_the_last_stretch(tmp_path: Path) -> None:
    whole = await texts(resuming(tmp_path / "other", Listener()), recording())
    first, second = Listener(), Listener()

    cut = await texts(resuming(tmp_path, first), recording(), stop_after=50)
    again = await texts(resuming(tmp_path, second), recording())

    assert cut == whole[:50]
    assert again == whole
    assert 0 < min(second.heard) < 500
    assert second.heard == list(range(int(min(second.heard)), LENGTH_S, 10))


async def test_what_was_heard_to_its_end_is_not_heard_again(tmp_path: Path) -> None:
    whole = await texts(resuming(tmp_path, Listener()), recording())
    again = Listener()

    assert await texts(resuming(tmp_path, again), recording()) == whole
    assert again.heard == []


async def test_other_sound_and_other_ways_to_listen_begin_anew(tmp_path: Path) -> None:
    await texts(resuming(tmp_path, Listener()), recording())

    for audio, options in (
        (recording("other"), PLAIN),
        (recording(), RecognizeOptions(translate=True)),
        (recording(), RecognizeOptions(language="de")),
    ):
        again = Listener()
        await texts(resuming(tmp_path, again), audio, options)
        assert len(again.heard) == LENGTH_S // 10


async def test_a_line_that_a_crash_left_half_written_is_passed_over(tmp_path: Path) -> None:
    whole = await texts(resuming(tmp_path, Listener()), recording())
    [file] = notes_in(tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3]) + lines[3][:40])

    again = Listener()
    assert await texts(resuming(tmp_path, again), recording()) == whole
    assert 100 < min(again.heard) < 400
    assert await texts(resuming(tmp_path, Listener()), recording()) == whole


@pytest.mark.parametrize(
    "change",
    [
        lambda line: [],
        lambda line: {**line, "until_s": None},
        lambda line: {name: line[name] for name in ("is_whole", "segments")},
        lambda line: {**line, "segments": [{**line["segments"][0], "mood": "glad"}]},
        lambda line: {**line, "segments": [{"text": "a"}]},
        lambda line: {**line, "segments": [7]},
        lambda line: {**line, "segments": 7},
    ],
)
async def test_notes_end_at_a_line_of_another_shape(
    tmp_path: Path, change: Callable[[Any], Any]
) -> None:
    whole = await texts(resuming(tmp_path, Listener()), recording())
    [file] = notes_in(tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    lines[3] = json.dumps(change(json.loads(lines[3]))).encode() + b"\n"
    file.write_bytes(b"".join(lines))

    again, third = Listener(), Listener()
    assert await texts(resuming(tmp_path, again), recording()) == whole
    assert 100 < min(again.heard) < 400
    assert await texts(resuming(tmp_path, third), recording()) == whole
    assert third.heard == []


async def test_recognition_goes_on_where_nothing_can_be_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = await texts(resuming(tmp_path / "other", Listener()), recording())
    (tmp_path / "taken").write_bytes(b"no folder")

    with caplog.at_level(logging.WARNING):
        assert await texts(resuming(tmp_path / "taken", Listener()), recording()) == whole

    assert "taken" in caplog.text

    [file] = notes_in(tmp_path / "other")
    file.unlink()
    file.mkdir()
    assert await texts(resuming(tmp_path / "other", Listener()), recording()) == whole


async def test_notes_that_go_while_others_are_counted_do_no_harm(tmp_path: Path) -> None:
    whole = await texts(resuming(tmp_path, Listener()), recording())
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")

    again = Listener()
    assert await texts(resuming(tmp_path, again), recording()) == whole
    assert again.heard == []


async def test_two_at_once_do_not_spoil_each_others_notes(tmp_path: Path) -> None:
    ears = resuming(tmp_path, Listener())
    whole = await texts(resuming(tmp_path / "other", Listener()), recording())

    async with aclosing(ears.recognize(recording(), PLAIN)) as first:
        for _ in range(40):
            await anext(first)
        assert await texts(resuming(tmp_path, Listener()), recording()) == whole
        async for _ in first:
            pass
    assert await texts(resuming(tmp_path, Listener()), recording()) == whole


async def test_notes_are_bounded_private_and_can_be_left_out(tmp_path: Path) -> None:
    for number in range(5):
        await texts(resuming(tmp_path, Listener(), max_bytes=60_000), recording(str(number)))
    sizes = [file.stat().st_size for file in notes_in(tmp_path)]
    assert sum(sizes) <= 60_000 + max(sizes)
    assert all(file.stat().st_mode & 0o077 == 0 for file in notes_in(tmp_path))

    await texts(resuming(tmp_path / "none", Listener(), max_bytes=0), recording())
    assert notes_in(tmp_path / "none") == []


async def test_old_notes_are_removed(tmp_path: Path) -> None:
    await texts(resuming(tmp_path, Listener()), recording("old"))
    [old] = notes_in(tmp_path)
    os.utime(old, (1e9, 1e9))

    await texts(resuming(tmp_path, Listener()), recording("new"))
    assert not old.exists()
