"""One reply as it is spoken: what the talker has yet to be told, and when its frames are sounded.

Holds no model: the scheduler moves many of these one frame on at a time.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from thinktalk.engines.qwen_omni.cache import Rows
from thinktalk.engines.qwen_omni.talker import Opening

FRAME_S = 0.08
# The first two chunks are a frame each, so that speech starts; few frames cost more each.
_FIRST_CHUNKS, _LEAST, _MOST = 2, 4, 16
CHUNK_SIZES = (1, 2, 4, 8, 16)
_COVERED = 0.8  # of the sound not yet played, how much may be spent on the next chunk
_NUM_TIMED = 8  # frames: when others are served between them, the next take longer too
_FASTEST_S = 1e-4
# A talker that does not find its end is stopped: nobody takes two seconds for each token.
_MOST_FRAMES_PER_TOKEN, _MOST_FRAMES_MORE = 25, 50


@dataclass(slots=True, eq=False)
class Speech:
    """Between two frames either `hidden` is set, from which the next is made, or `spoken`.

    Attributes:
        speaker: id of the voice in the talker's vocabulary.
        numbers: what decides its draws.
        untold_ids: tokens to speak, before the talker has read the prompt; the first opens it.
        untold: tokens as the talker takes them, not yet given to it.
        is_all_known: no more tokens come.
        is_all_told: the mark of the end is among `untold`, or has been.
        is_cut: it has as many frames as there is room for.
        hidden, spoken: (1, hidden_size), the talker's state and the last frame's embeddings.
    """

    speaker: int
    numbers: np.random.Generator
    max_frames: int
    untold_ids: list[int] = field(default_factory=list)
    untold: deque[Tensor] = field(default_factory=deque)
    is_open: bool = False
    is_all_known: bool = False
    is_all_told: bool = False
    has_ended: bool = False
    is_cut: bool = False
    hidden: Tensor | None = None
    spoken: Tensor | None = None
    num_tokens: int = 0
    num_frames: int = 0
    num_sounded: int = 0
    _length: int = 0
    _position: float = 0.0
    _num_chunks: int = 0
    _pending: list[Tensor] = field(default_factory=list)
    _made_at: deque[float] = field(default_factory=lambda: deque(maxlen=1 + _NUM_TIMED))
    _first_sound_at: float = 0.0

    def open(self, opening: Opening) -> None:
        """The talker has read the prompt and the first token."""
        self.is_open, self.hidden = True, opening.hidden
        self._length, self._position = opening.length, opening.position
        self._made_at.append(time.monotonic())

    @property
    def can_go_on(self) -> bool:
        """Whether its next frame can be made with what has been written so far."""
        if self.has_ended or not self.is_open:
            return False
        return self.hidden is not None or bool(self.untold) or self.is_all_told

    @property
    def is_silent(self) -> bool:
        """Whether all of its sound has been given out."""
        return self.has_ended and not self._pending

    @property
    def lead_s(self) -> float:
        """How much of its sound a player that started at the first has not yet played."""
        if not self.num_sounded:
            return 0.0
        return self.num_sounded * FRAME_S - (time.monotonic() - self._first_sound_at)

    def tell(self, padding: Tensor) -> Tensor:
        """Vectors (1, hidden_size) for the talker's next step."""
        assert self.spoken is not None
        return self.spoken + (self.untold.popleft() if self.untold else padding)

    def row(self, slot: int) -> Rows:
        """Where that step stands."""
        return Rows.one(slot, self._length, self._position)

    def advance(self, hidden: Tensor) -> None:
        """The step has been taken."""
        self.hidden, self.spoken = hidden, None
        self._length += 1
        self._position += 1

    def add(self, codes: Tensor, spoken: Tensor) -> None:
        """A frame of codes (num_codes,), and the sum of their embeddings (1, hidden_size)."""
        self.hidden, self.spoken = None, spoken
        self._pending.append(codes)
        self._made_at.append(time.monotonic())
        self.num_frames += 1
        most = self.num_tokens * _MOST_FRAMES_PER_TOKEN + _MOST_FRAMES_MORE
        is_lost = self.is_all_told and self.num_frames >= most
        self.is_cut = self.num_frames >= self.max_frames
        self.has_ended = is_lost or self.is_cut

    def take_chunk(self) -> Tensor | None:
        """Codes (num_codes, n) that should be sounded now, if any."""
        if not self._pending or (not self.has_ended and len(self._pending) < self._wanted()):
            return None
        ready = len(self._pending)
        if not self.has_ended and self._num_chunks >= _FIRST_CHUNKS:
            ready -= 1
        count = min(1 << ready.bit_length() - 1, _MOST)  # few sizes are captured
        chunk, self._pending = self._pending[:count], self._pending[count:]
        return torch.stack(chunk, 1)

    def sounded(self, num_frames: int) -> None:
        """So many frames have been given out as sound."""
        if not self.num_sounded:
            self._first_sound_at = time.monotonic()
        self.num_sounded += num_frames
        self._num_chunks += 1

    def _wanted(self) -> int:
        """How many frames a chunk waits for; after the first, one stays for the last chunk."""
        if self._num_chunks < _FIRST_CHUNKS:
            return 1
        return self._chunk_size() + 1

    def _chunk_size(self) -> int:
        pace_s = (self._made_at[-1] - self._made_at[0]) / (len(self._made_at) - 1)
        covered = int(_COVERED * self.lead_s / max(pace_s, _FASTEST_S))
        return max(_LEAST, min(_MOST, 1 << max(covered, 1).bit_length() - 1))
