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

import numpy as np
import torch

from thinktalk.engines.qwen_omni.cache import Rows
from thinktalk.engines.qwen_omni.code2wav import Code2Wav
from thinktalk.engines.qwen_omni.reply import Ended, Reply, Sound, failed
from thinktalk.engines.qwen_omni.speech import Speech
from thinktalk.engines.qwen_omni.talker import Talker
from thinktalk.engines.qwen_omni.thinker import Reading, Thinker
from thinktalk.errors import NotReady

_logger = logging.getLogger(__name__)

_PIECE_TOKENS = 512  # of a prompt, between two rounds of others
_WHOLE = 4096  # the same where nobody else is at work
# Who has so much sound in hand waits while others think or read.
_ENOUGH_LEAD_S = 3.0
# Rounds between two pieces of a prompt at most, however little listeners have in hand.
_MOST_ROUNDS_PER_PIECE = 3
_IDLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Voice:
    """What speaks; a text-only checkpoint has none."""

    talker: Talker
    code2wav: Code2Wav


@dataclass(slots=True)
class _Turns:
    """Who is where. All of the scheduler's thread."""

    waiting: deque[Reply] = field(default_factory=deque)
    reading: Reply | None = None
    active: list[Reply] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    @property
    def placed(self) -> list[Reply]:
        """Those that have a slot."""
        return [*([self.reading] if self.reading else ()), *self.active]

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
        self._rounds_since_piece = 0
        self._piece_s = 0.0
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
                    for reply in self._turns.placed:
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
        self._read_on()
        self._open()
        self._speak()
        self._think()

    # Reading

    def _read_on(self) -> None:
        turns = self._turns
        self._rounds_since_piece += 1
        if turns.reading is None and turns.waiting and turns.free:
            reply = turns.reading = turns.waiting.popleft()
            reply.slot = min(turns.free)  # graphs take slots from the first on
            turns.free.remove(reply.slot)
            reply.reading = self._read(reply, _PIECE_TOKENS if turns.active else _WHOLE)
        reply_or_none = turns.reading
        if reply_or_none is None or not self._may_read():
            return
        reply = reply_or_none
        began, self._rounds_since_piece = time.monotonic(), 0
        try:
            assert reply.reading is not None
            next(reply.reading)
        except StopIteration:
            reply.reading, turns.reading = None, None
            turns.active.append(reply)
            if reply.heard is None:
                reply.forget_media()
        except Exception as error:
            _logger.exception("a prompt could not be read")
            self._fail(reply, error)
        self._piece_s = time.monotonic() - began

    def _may_read(self) -> bool:
        leads = [s.lead_s for s in self._speeches() if s.num_sounded and not s.has_ended]
        enough = not leads or min(leads) > self._piece_s
        return enough or self._rounds_since_piece >= _MOST_ROUNDS_PER_PIECE

    def _read(self, reply: Reply, piece_tokens: int) -> Iterator[None]:
        """Read a prompt and begin its reply; pauses between pieces."""
        reply.sampler.read(reply.prompt.input_ids[0])
        for reading in self._thinker.read(reply.prompt, reply.slot, piece_tokens):
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

    def _open(self) -> None:
        """Let the talker read for one reply that has something to speak now."""
        for reply in self._turns.active:
            speech, heard = reply.speech, reply.heard
            if speech is None or heard is None:
                continue
            if speech.untold_ids:
                reply.heard = None
                with self._apart(reply):
                    self._open_speech(reply, speech, heard)
                reply.forget_media()
                return
            if reply.reason is not None:  # as of a reply that is but a tool call
                reply.heard, speech.has_ended = None, True

    def _open_speech(self, reply: Reply, speech: Speech, heard: Reading) -> None:
        voice = self._voice
        if voice is None:
            return
        first, *others = speech.untold_ids
        voice.code2wav.clear(reply.slot)
        opening = voice.talker.read(reply.prompt, heard, first, speech.speaker, reply.slot)
        speech.open(opening)
        speech.untold_ids.clear()
        speech.num_tokens -= len(others)  # told once more, and counted with it
        self._tell(reply, others)

    # Thinking

    def _think(self) -> None:
        for reply in self._turns.active:
            if reply.is_thinking and reply.is_enough:
                reply.reason = "stop"
                self._tell(reply, [])
        thinking = [reply for reply in self._turns.active if reply.is_thinking]
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
        """Hand the talker tokens to speak, and the mark of the end once there are no more."""
        speech, voice = reply.speech, self._voice
        if speech is None or voice is None:
            return
        speech.num_tokens += len(tokens)
        if not speech.is_open:
            speech.untold_ids.extend(tokens)
            return
        if tokens:
            speech.untold.extend(voice.talker.tell(tokens).split(1))
        if reply.reason is not None and not speech.is_all_told:
            speech.untold.append(voice.talker.end)
            speech.is_all_told = True

    # Speaking

    def _speak(self) -> None:
        voice = self._voice
        if voice is None:
            return
        busy = self._turns.reading is not None or any(r.is_thinking for r in self._turns.active)
        speaking = [
            (reply, reply.speech)
            for reply in self._turns.active
            if reply.speech is not None
            and reply.speech.can_go_on
            and not (busy and reply.speech.lead_s > _ENOUGH_LEAD_S)
        ]
        if not speaking:
            return
        self._step(voice.talker, [(reply.slot, s) for reply, s in speaking if s.hidden is None])
        hidden = torch.cat([s.hidden for _, s in speaking if s.hidden is not None])
        drawn = np.array([s.numbers.random(voice.talker.num_codes) for _, s in speaking])
        numbers = torch.from_numpy(drawn).to(hidden.device, torch.float32)
        codes, spoken = voice.talker.frame(hidden, [reply.slot for reply, _ in speaking], numbers)
        firsts = codes[:, 0].tolist()
        for row, (reply, speech) in enumerate(speaking):
            if firsts[row] == voice.talker.end_code:
                speech.has_ended = True
            else:
                speech.add(codes[row], spoken[row, None])
            with self._apart(reply):
                self._sound(voice.code2wav, reply, speech)

    def _step(self, talker: Talker, speaking: list[tuple[int, Speech]]) -> None:
        if not speaking:
            return
        vectors = torch.cat([speech.tell(talker.padding) for _, speech in speaking])
        hidden = talker.step(vectors, Rows.joined([speech.row(slot) for slot, speech in speaking]))
        for (_, speech), row in zip(speaking, hidden, strict=True):
            speech.advance(row[None])

    def _sound(self, code2wav: Code2Wav, reply: Reply, speech: Speech) -> None:
        while (codes := speech.take_chunk()) is not None:
            start = speech.num_sounded
            samples = code2wav(codes, reply.slot, start)
            if start == 0:
                samples = samples[code2wav.num_missing :]
            speech.sounded(codes.shape[1])
            reply.outbox.put(Sound(samples.float().cpu().numpy(), speech.is_silent))

    def _speeches(self) -> list[Speech]:
        return [r.speech for r in self._turns.active if r.speech is not None]

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
        turns = self._turns
        if turns.reading is reply:
            turns.reading = None
        elif reply in turns.active:
            turns.active.remove(reply)
        elif reply in turns.waiting:
            turns.waiting.remove(reply)
        if reply.slot >= 0:
            turns.free.append(reply.slot)
            reply.slot = -1
