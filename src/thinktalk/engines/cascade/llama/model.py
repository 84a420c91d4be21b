"""A loaded model: several texts at once, one step of the network for all of them.

One thread works. Each step takes a token of every text that is being written and some of a prompt
that is still to be read. Between steps every text's caller is asked whether to go on; a step that
is under way can be ended, and is then done again for whoever goes on. A slot remembers the tokens
it saw last, and takes over from others what a text begins with. Knows nothing of chats, event loops
or who has the processor.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from thinktalk.engines.base import Sampling
from thinktalk.engines.cascade.llama import library as lib
from thinktalk.engines.cascade.llama.batch import Batch
from thinktalk.engines.cascade.llama.grammar import Grammars
from thinktalk.engines.cascade.llama.sampler import Sampler
from thinktalk.engines.cascade.llama.text import Text
from thinktalk.engines.cascade.slots import common_prefix
from thinktalk.errors import EngineFailed

# Tokens of prompts in one step: callers are asked between steps. See docs/performance.md.
_PREFILL_STEP = 64
_LONGEST_PIECE = 256  # bytes of one token's text


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a call ended, and how many tokens of the prompt its slot knew."""

    reason: Literal["stop", "length", "stopped"]
    cached_tokens: int


@dataclass(slots=True, eq=False)
class _Job:
    """One call of `run`."""

    text: Text
    slot: int
    max_tokens: int
    on_token: Callable[[str, int], None]
    should_stop: Callable[[], bool]
    num_known: int = -1  # tokens that the slot holds; not looked at yet
    cached_tokens: int = 0
    ended: Ended | None = None
    failure: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Llama:
    """`run` may be called from as many threads as there are slots.

    Args:
        libraries: the folder of llama.cpp's libraries.
        encode: text to tokens, for grammars.
        threads: processor threads of one step.
        num_slots: texts that are remembered and may be written at once.
        num_kept: so many of them, the last ones, keep what they know as long as there is room.
        window_tokens: of all slots together.
        short_keys: keep attention keys in 8 bits instead of 16, a quarter of the window's memory
            less. Not every model stands it.
    """

    def __init__(
        self,
        libraries: Path,
        model_file: Path,
        encode: Callable[[str], list[int]],
        *,
        threads: int,
        num_slots: int,
        window_tokens: int,
        num_kept: int = 0,
        short_keys: bool = False,
    ) -> None:
        self._library = lib.load(libraries)
        self._encode = encode
        self._grammars: Grammars | None = None
        self._making_grammars = threading.Lock()
        self._interrupted = ctypes.create_string_buffer(2)
        self._model = self._load(model_file)
        self._vocab = self._library.llama_model_get_vocab(self._model)
        self._num_tokens = self._library.llama_vocab_n_tokens(self._vocab)
        self._ends = frozenset(
            token
            for token in range(self._num_tokens)
            if self._library.llama_vocab_is_eog(self._vocab, token)
        )
        self._context = self._new_context(threads, num_slots, window_tokens, short_keys)
        self._memory = self._library.llama_get_memory(self._context)
        self._slots: list[list[int]] = [[] for _ in range(num_slots)]
        self._texts: list[Text | None] = [None] * num_slots
        self._num_kept = num_kept
        self._batch = Batch(_PREFILL_STEP + num_slots)
        self._jobs: list[_Job] = []
        self._stepping: tuple[Text, ...] = ()
        self._is_closing = self._is_reading = False
        self._news = threading.Condition()
        self._worker = threading.Thread(target=self._work, name="llama", daemon=True)
        self._worker.start()

    def close(self) -> None:
        """Free the model; calls that are under way fail."""
        with self._news:
            self._is_closing = True
            self._news.notify()
        self._interrupt()
        self._worker.join()
        with self._making_grammars:  # that reads the model too
            pass
        self._library.llama_free(self._context)
        self._library.llama_model_free(self._model)

    def begin(self, prompt: Sequence[int], sampling: Sampling, grammar: str = "") -> Text:
        """Begin a text. Close it in the end.

        Raises:
            ValueError: `grammar` has a fault.
            EngineFailed: the model is being closed.
        """
        follower = self._all_grammars().begin(grammar) if grammar else None
        sampler = Sampler(self._library, self._num_tokens, sampling, prompt, follower)
        return Text(prompt, sampler, read_anew=sampling.seed is not None)

    def fault(self, grammar: str) -> str:
        """Why `grammar` cannot be begun; "" if it can."""
        return self._all_grammars().fault(grammar)

    def run(
        self,
        text: Text,
        *,
        slot: int,
        max_tokens: int,
        on_token: Callable[[str, int], None],
        should_stop: Callable[[], bool],
    ) -> Ended:
        """Go on with `text` until the model ends its turn, `max_tokens` more, or `should_stop()`.

        Both callbacks run on the model's thread: `on_token` with each token and the characters it
        completes, `should_stop` before every step.

        Raises:
            EngineFailed: the library failed, a callback did, or the model is being closed.
        """
        job = _Job(text, slot, max_tokens, on_token, should_stop)
        with self._news:
            if self._is_closing:
                raise EngineFailed("the language model was stopped")
            self._jobs.append(job)
            self._news.notify()
        job.done.wait()
        if job.ended is None:
            raise EngineFailed(f"the language model failed: {job.failure}") from job.failure
        return job.ended

    def pause(self) -> None:
        """End a step that is under way, so that callers are asked at once.

        One that reads prompts goes on: it is long, and would be all the longer done twice.
        """
        if not self._is_reading:
            self._interrupt()

    def abandon(self, text: Text) -> None:
        """End a step that is under way for `text` alone, whose caller will stop it.

        Clients that come and go must not undo the steps of those that stay.
        """
        if self._stepping == (text,):
            self._interrupt()

    def _interrupt(self) -> None:
        self._interrupted[0] = b"!"

    def _load(self, model_file: Path) -> int:
        params = self._library.llama_model_default_params()
        # Most weights are repacked at load: with the file mapped as well they would be there twice.
        params.load_mode = lib.LOAD_READ
        model = self._library.llama_model_load_from_file(str(model_file).encode(), params)
        if not model:
            reason = self._library.last_words()
            raise EngineFailed(f"{model_file.name} could not be loaded: {reason}")
        return int(model)

    def _new_context(
        self, threads: int, num_slots: int, window_tokens: int, short_keys: bool
    ) -> int:
        params = self._library.llama_context_default_params()
        params.n_ctx = window_tokens
        params.n_seq_max = num_slots
        params.n_batch = params.n_ubatch = _PREFILL_STEP + num_slots
        params.n_threads = params.n_threads_batch = threads
        # One window for all slots: windows of their own would not fit a laptop's memory.
        params.kv_unified = True
        # After 5,000 tokens, decoding is a quarter faster without fused attention, prefill a tenth
        # slower. Values in 8 bits would need the fused kernel, which then takes half again as long.
        params.flash_attn_type = lib.FLASH_ATTENTION_OFF
        if short_keys:
            params.type_k = lib.TYPE_Q8_0
        # Asked before every operation of the network, so not a function of Python's: the length of
        # a text that is empty until `interrupt` writes to it.
        params.abort_callback = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
        params.abort_callback_data = ctypes.addressof(self._interrupted)
        context = self._library.llama_init_from_model(self._model, params)
        if not context:
            self._library.llama_model_free(self._model)
            raise EngineFailed(f"no room for {window_tokens} tokens: {self._library.last_words()}")
        return int(context)

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._jobs or self._is_closing)
                jobs = list(self._jobs)
                if self._is_closing:
                    for job in jobs:
                        self._fail(job, RuntimeError("it was stopped"))
                    return
            self._interrupted[0] = b"\0"
            going_on = [job for job in jobs if self._goes_on(job)]
            if not going_on:
                continue
            try:
                self._step(going_on)
            except Exception as error:
                for job in going_on:
                    self._fail(job, error)

    def _goes_on(self, job: _Job) -> bool:
        try:
            if job.should_stop():
                self._end(job, "stopped")
            elif job.text.held:
                held, job.text.held = job.text.held, []
                self._take(job, held)
        except Exception as error:
            self._fail(job, error)
        return not job.done.is_set()

    def _step(self, jobs: list[_Job]) -> None:
        """One step of the network for all of `jobs`, and what follows from it."""
        for job in jobs:
            if job.num_known < 0:
                self._recall(job)
        self._stepping = tuple(job.text for job in jobs)
        self._batch.clear()
        # Texts that are being written come first: they have one token each.
        parts: list[tuple[_Job, int, int]] = []
        room = _PREFILL_STEP
        for job in sorted(jobs, key=lambda job: len(job.text.tokens) - job.num_known > 1):
            count = len(job.text.tokens) - job.num_known
            if count > 1:
                count = min(count, room)
                room -= count
            if count:
                tokens = job.text.tokens[job.num_known : job.num_known + count]
                is_last = job.num_known + count == len(job.text.tokens)
                last = self._batch.add(tokens, job.num_known, job.slot, is_last)
                parts.append((job, count, last if is_last else -1))
        self._is_reading = room < _PREFILL_STEP
        if not self._decode():
            return
        for job, count, _ in parts:
            known = job.num_known
            self._slots[job.slot] += job.text.tokens[known : known + count]
            job.num_known += count
            job.text.num_read = job.num_known
        for job, _, index in parts:
            if index >= 0:
                try:
                    self._take(job, self._draw(job, index))
                except Exception as error:  # of one text's grammar or caller: others go on
                    self._fail(job, error)

    def _recall(self, job: _Job) -> None:
        """Keep of the slot what the text begins with, or take it over from another slot."""
        text, slot = job.text, job.slot
        self._texts[slot] = text
        if text.read_anew and not text.is_begun and not any(map(self._is_open, self._others(slot))):
            # Where in the window a text lies changes how sums are rounded: alone, it gets the
            # beginning.
            for idle in range(len(self._slots) - self._num_kept):
                self._forget(idle, 0)
        # The last token is read in any case: what comes next follows from it.
        wanted = text.tokens[:-1]
        known, source = 0, slot
        if text.is_begun or not text.read_anew:
            known = common_prefix(self._slots[slot], wanted)
        if known < len(wanted) and not text.read_anew:
            for other, seen in enumerate(self._slots):
                if (shared := common_prefix(seen, wanted)) > known:
                    known, source = shared, other
        if source != slot:
            self._forget(slot, 0)
            self._library.llama_memory_seq_cp(self._memory, source, slot, 0, known)
            self._slots[slot] = wanted[:known]
        else:
            self._forget(slot, known)
        text.is_begun = True
        job.num_known = known
        job.cached_tokens = min(known, text.num_prompt)

    def _others(self, slot: int) -> list[int]:
        return [other for other in range(len(self._slots)) if other != slot]

    def _is_open(self, slot: int) -> bool:
        """Whether its text may be gone on with, at once or after a pause."""
        text = self._texts[slot]
        return text is not None and text.is_open

    def _forget(self, slot: int, num_kept: int) -> None:
        self._library.llama_memory_seq_rm(self._memory, slot, num_kept, -1)
        del self._slots[slot][num_kept:]

    def _decode(self) -> bool:
        """Run the network on the batch; False if it was interrupted and changed nothing."""
        while (status := self._library.llama_decode(self._context, self._batch.value())) != 0:
            if status == lib.STOPPED:
                return False
            slots = range(len(self._slots))
            idle = [slot for slot in slots if self._slots[slot] and not self._is_open(slot)]
            if status != lib.NO_ROOM or not idle:
                raise EngineFailed(f"step ended with {status}: {self._library.last_words()}")
            spare = [slot for slot in idle if slot < len(slots) - self._num_kept]
            self._forget(max(spare or idle, key=lambda slot: len(self._slots[slot])), 0)
        return True

    def _draw(self, job: _Job, index: int) -> list[int]:
        pointer = self._library.llama_get_logits_ith(self._context, index)
        logits = np.ctypeslib.as_array(pointer, (self._num_tokens,))
        return job.text.sampler.draw(logits, self._ends)

    def _take(self, job: _Job, tokens: Sequence[int]) -> None:
        """Give drawn tokens to the caller, as many as it has room for."""
        for index, token in enumerate(tokens):
            if token in self._ends:
                self._end(job, "stop")
                return
            job.max_tokens -= 1
            job.on_token(job.text.add(token, self._piece(token)), token)
            if job.max_tokens <= 0:
                job.text.held = list(tokens[index + 1 :])
                self._end(job, "length")
                return

    def _piece(self, token: int, *, named: bool = False) -> bytes:
        """The bytes of a token; of a control token its name if `named`, else none."""
        buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
        size = self._library.llama_token_to_piece(
            self._vocab, token, buffer, _LONGEST_PIECE, 0, named
        )
        return buffer.raw[: max(0, size)]

    def _all_grammars(self) -> Grammars:
        """Made when first asked for: it takes a second that most conversations never need."""
        with self._making_grammars:
            if self._is_closing:
                raise EngineFailed("the language model was stopped")
            if self._grammars is None:
                tokens, attributes = range(self._num_tokens), self._library.llama_vocab_get_attr
                unsaid = [t for t in tokens if not attributes(self._vocab, t) & lib.SAYABLE]
                end = self._library.llama_vocab_eos(self._vocab)
                pieces = [self._piece(token, named=True) for token in tokens]
                self._grammars = Grammars(pieces, unsaid, end, self._encode)
            return self._grammars

    def _end(self, job: _Job, reason: Literal["stop", "length", "stopped"]) -> None:
        job.ended = Ended(reason, job.cached_tokens)
        self._leave(job)

    def _fail(self, job: _Job, error: BaseException) -> None:
        if not job.done.is_set():
            job.failure = error
            self._forget(job.slot, 0)
            self._leave(job)

    def _leave(self, job: _Job) -> None:
        self._stepping = ()
        with self._news:
            self._jobs = [other for other in self._jobs if other is not job]
        job.done.set()
