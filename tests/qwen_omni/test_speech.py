"""When frames are sounded, and when a speech ends that finds no end."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from thinktalk.engines.qwen_omni import speech as module
from thinktalk.engines.qwen_omni.speech import Speech
from thinktalk.engines.qwen_omni.talker import Opening

_CODES, _SPOKEN = torch.zeros(16, dtype=torch.long), torch.zeros(1, 8)


class _Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def _opened(max_frames: int = 10_000) -> Speech:
    speech = Speech(speaker=0, numbers=np.random.default_rng(1), max_frames=max_frames)
    speech.open(Opening(_SPOKEN, 10, 10.0))
    return speech


def _chunks(speech: Speech, clock: _Clock, *, num_frames: int, frame_s: float) -> list[int]:
    """Sizes of what is sounded where each frame takes `frame_s` seconds to make."""
    sizes = []
    for _ in range(num_frames):
        clock.now_s += frame_s
        speech.add(_CODES, _SPOKEN)
        while (chunk := speech.take_chunk()) is not None:
            sizes.append(chunk.shape[1])
            speech.sounded(chunk.shape[1])
    return sizes


def test_chunks_grow_as_far_as_what_is_in_hand_covers_the_wait(clock: _Clock) -> None:
    assert _chunks(_opened(), clock, num_frames=60, frame_s=0.01) == [1, 1, 4, 16, 16, 16]


def test_chunks_stay_small_where_frames_take_as_long_as_they_last(clock: _Clock) -> None:
    assert set(_chunks(_opened(), clock, num_frames=60, frame_s=0.08)[2:]) == {4}


def test_chunks_shrink_where_others_are_served_between_frames(clock: _Clock) -> None:
    speech = _opened()
    _chunks(speech, clock, num_frames=100, frame_s=0.01)
    first, *others = _chunks(speech, clock, num_frames=40, frame_s=0.4)
    assert first == 16 and set(others) == {4}  # of the first most had been made before


def test_a_listener_never_waits_for_a_larger_chunk(clock: _Clock) -> None:
    speech, shortest_s = _opened(), float("inf")
    for _ in range(200):
        clock.now_s += 0.05
        if speech.num_sounded:
            shortest_s = min(shortest_s, speech.lead_s)
        speech.add(_CODES, _SPOKEN)
        while (chunk := speech.take_chunk()) is not None:
            speech.sounded(chunk.shape[1])
    assert shortest_s > -0.2  # the fourth frame comes that late, once


def test_a_speech_that_finds_no_end_is_stopped(clock: _Clock) -> None:
    speech = _opened()
    speech.num_tokens, speech.is_all_told = 2, True
    while not speech.has_ended:
        speech.add(_CODES, _SPOKEN)
    assert speech.num_frames == 2 * 25 + 50 and not speech.is_cut


def test_while_more_is_written_it_is_not_stopped(clock: _Clock) -> None:
    speech = _opened()
    speech.num_tokens = 2
    for _ in range(300):
        speech.add(_CODES, _SPOKEN)
    assert not speech.has_ended


def test_it_ends_where_there_is_no_more_room(clock: _Clock) -> None:
    speech = _opened(max_frames=3)
    for _ in range(3):
        speech.add(_CODES, _SPOKEN)
    assert speech.has_ended and speech.is_cut
