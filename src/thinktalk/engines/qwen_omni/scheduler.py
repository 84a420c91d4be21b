"""Several replies at once: who reads, thinks and speaks next, on one thread.

Replies go round together. In a round each that can is spoken one frame on and written one token on,
all of them in one batch, and one waiting prompt is read one piece on. While somebody speaks, a
prompt is read only as fast as the sound that listeners have in hand allows.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from thinktalk.engines.qwen_omni.cache import Rows
from thinktalk.engines.qwen_omni.pacing import PIECE_TOKENS, WHOLE_TOKENS, Pacing
from thinktalk.engines.qwen_omni.reply import Ended, Reply, failed
from thinktalk.engines.qwen_omni.thinker import Thinker
from thinktalk.engines.qwen_omni.voice import Voice
from thinktalk.errors import NotReady

_logger = logging.getLogger(__name__)

# Who has so much sound in hand waits while others think or read.
_ENOUGH_LEAD_S = 3.0
_IDLE_S = 1.0
_READ = object()


@dataclass(slots=True)
class _Turns:
    """Who is where: those placed have a slot. All of the scheduler's thread."""

    free: list[int]
    waiting: deque[Reply] = field(default_factory=deque)
    placed: list[Reply] = field(default_factory=list)

    @property
    def everybody(self) -> list[Reply]:
        return [*self.waiting, *self.placed]


class Scheduler:
    """Runs a model for up to `slots` replies at once; others wait.

    Args:
        ends: tokens that end a reply.
    """

    def __init__(
        self, thinker: Thinker, voice: Voice | None, *, slots: int, ends: frozenset[int]
    ) -> None:
        self._thinker, self._voice, self._ends = thinker, voice, ends
        self._turns = _Turns(free=list(range(slots)))
        self._arrived: deque[Reply] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._pacing = Pacing()
        self._round_s = 0.0
        self._thread = threading.Thread(target=self._run, name="qwen-omni", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, reply: Reply) -> None:
        """Take a request; what comes of it is put into its outbox.

        Raises `NotReady` once closed.
        """
        with self._changed:
            if self._is_closed:
                raise NotReady("the engine has been stopped")
            self._arrived.append(reply)
            self._changed.notify()

    def close(self) -> None:
        """Refuse what comes, end what runs and wait for the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with torch.inference_mode():
            while self._wait():
                try:
                    self._round()
                except Exception as error:
                    _logger.exception("a round of the model failed")
                    for reply in list(self._turns.placed):
                        self._fail(reply, error)
        for reply in [*self._turns.everybody, *self._arrived]:
            reply.outbox.put(NotReady("the engine has been stopped"))

    def _wait(self) -> bool:
        """Take what has arrived, waiting while there is nothing to do. False once closed."""
        with self._changed:
            while not (self._arrived or self._turns.everybody or self._is_closed):
                self._changed.wait(_IDLE_S)
            self._turns.waiting.extend(self._arrived)
            self._arrived.clear()
            return not self._is_closed

    def _round(self) -> None:
        for reply in self._turns.everybody:
            if reply.is_cancelled or reply.is_over:
                self._leave(reply)
        self._place()
        self._read_on()
        began = time.monotonic()
        self._speak()
        self._think()
        self._round_s = time.monotonic() - began

    # Reading

    def _place(self) -> None:
        """Give out slots, and let talkers begin to read where there is something to speak."""
        turns = self._turns
        while turns.waiting and turns.free:
            reply = turns.waiting.popleft()
            reply.slot = min(turns.free)  # graphs take slots from the first on
            turns.free.remove(reply.slot)
            turns.placed.append(reply)
            reply.reading = self._read(reply)
        for reply in turns.placed:
            speech = reply.speech
            if reply.heard is None or reply.reading is not None or speech is None:
                continue
            if speech.untold_ids:
                reply.reading = self._open(reply)
            elif reply.reason is not None:  # as of a reply that is but a tool call
                reply.heard, speech.has_ended = None, True

    def _read_on(self) -> None:
        """One piece of one prompt: whose has had the fewest, so that a short one is soon read."""
        reading = [reply for reply in self._turns.placed if reply.reading is not None]
        if not reading or not self._pacing.may_read(self._leads_s(), self._round_s):
            return
        reply = min(reading, key=lambda reply: reply.num_pieces)
        reply.num_pieces += 1
        num_tokens, began = self._piece_tokens(), time.monotonic()
        with self._apart(reply):
            assert reply.reading is not None
            if next(reply.reading, _READ) is _READ:
                reply.reading = None
                if reply.heard is None:
                    reply.forget_media()
            self._thinker.settle()
        self._pacing.has_read(num_tokens, time.monotonic() - began)

    def _leads_s(self) -> list[float]:
        """What those who listen have in hand."""
        speeches = [reply.speech for reply in self._turns.placed if reply.speech is not None]
        return [s.lead_s for s in speeches if s.num_sounded and not s.has_ended]

    def _piece_tokens(self) -> int:
        return PIECE_TOKENS if len(self._turns.placed) > 1 else WHOLE_TOKENS

    def _read(self, reply: Reply) -> Iterator[None]:
        """Read a prompt, begin its reply and let the talker read; pauses between pieces."""
        reply.sampler.read(reply.prompt.input_ids[0])
        for reading in self._thinker.read(reply.prompt, reply.slot, self._piece_tokens):
            if reading is None:
                yield
                continue
            reply.position = reading.position
            if reply.max_tokens == 0:
                reply.reason = "length"
                if reply.speech is not None:
                    reply.speech.has_ended = True
                return
            reply.heard = reading if reply.speech is not None else None
            self._write(reply, reading.scores)
        if reply.speech is not None and reply.speech.untold_ids:
            yield from self._open(reply)

    def _open(self, reply: Reply) -> Iterator[None]:
        """Let the talker read what the thinker heard; pauses between pieces."""
        heard, reply.heard = reply.heard, None
        if heard is not None and reply.speech is not None and self._voice is not None:
            yield from self._voice.open(
                reply.speech, reply.prompt, heard, reply.slot, self._piece_tokens
            )

    # Thinking

    def _think(self) -> None:
        for reply in self._turns.placed:
            if reply.is_thinking and reply.is_enough:
                reply.reason = "stop"
                self._tell(reply, [])
        thinking = [reply for reply in self._turns.placed if reply.is_thinking]
        if not thinking:
            return
        rows = Rows.joined([Rows.one(r.slot, r.length, r.position) for r in thinking])
        scores = self._thinker.step([reply.tokens[-1] for reply in thinking], rows)
        for reply, row in zip(thinking, scores, strict=True):
            reply.position += 1
            with self._apart(reply):
                self._write(reply, row)

    def _write(self, reply: Reply, scores: torch.Tensor) -> None:
        """Draw a token, give out its text, tell the talker, and end the reply where it ends."""
        token = reply.sampler(scores)
        reply.tokens.append(token)
        if token in self._ends:
            text, spoken = reply.written.finish()
            reply.reason = "stop"
        else:
            text, spoken = reply.written.feed(token)
            if reply.written.stopped:
                reply.reason = "stop"
            elif len(reply.tokens) >= reply.max_tokens:
                more, spoken_then = reply.written.finish()
                text, spoken = text + more, spoken + spoken_then
                reply.reason = "length"
        if text:
            reply.outbox.put(text)
        self._tell(reply, spoken)

    def _tell(self, reply: Reply, tokens: list[int]) -> None:
        if reply.speech is not None and self._voice is not None:
            self._voice.tell(reply.speech, tokens, is_all=reply.reason is not None)

    # Speaking

    def _speak(self) -> None:
        voice, placed = self._voice, self._turns.placed
        if voice is None:
            return
        is_busy = any(reply.reading is not None or reply.is_thinking for reply in placed)
        speaking = [
            (reply, reply.speech)
            for reply in placed
            if reply.speech is not None
            and reply.speech.can_go_on
            and not (is_busy and reply.speech.lead_s > _ENOUGH_LEAD_S)
        ]
        if not speaking:
            return
        voice.frame([(reply.slot, speech) for reply, speech in speaking])
        for reply, speech in speaking:
            with self._apart(reply):
                for sound in voice.sounds(speech, reply.slot):
                    reply.outbox.put(sound)

    # Leaving

    def _leave(self, reply: Reply) -> None:
        if reply.reason is not None and not reply.is_cancelled:
            is_cut = reply.speech is not None and reply.speech.is_cut
            reply.outbox.put(Ended("length" if is_cut else reply.reason))
        self._remove(reply)

    @contextmanager
    def _apart(self, reply: Reply) -> Iterator[None]:
        """What goes wrong meanwhile ends this reply and no other."""
        try:
            yield
        except Exception as error:
            _logger.exception("a reply failed")
            self._fail(reply, error)

    def _fail(self, reply: Reply, error: Exception) -> None:
        reply.outbox.put(failed(error))
        self._remove(reply)

    def _remove(self, reply: Reply) -> None:
        for there in (self._turns.placed, self._turns.waiting):
            if reply in there:
                there.remove(reply)
        reply.reading = reply.heard = None
        if reply.slot >= 0:
            self._turns.free.append(reply.slot)
            reply.slot = -1
