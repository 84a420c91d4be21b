"""llama.cpp in this process: one model, several slots, decoding token by token.

Blocking; knows nothing of chats, event loops or who has the processor. The library insists on an
HTTP listener: it gets a socket in a private folder that is deleted before `Llama()` returns, and a
random key, so nobody can connect to it.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import xllamacpp

from thinktalk.engines.base import Sampling
from thinktalk.errors import EngineFailed

# Tokens per prefill step: a run can be stopped between steps. See docs/performance.md.
_PREFILL_STEP = 128


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some text, whole characters only, and its last token. `num_tokens` counts from the start."""

    text: str
    last_token: int
    num_tokens: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a run ended, how many tokens it wrote, and how many of its prompt were in the cache."""

    reason: Literal["stop", "length", "stopped"]
    num_tokens: int
    cached_tokens: int


class Llama:
    """A loaded model. `run` may be called from as many threads as there are slots.

    Args:
        threads: processor threads of one decoding step.
        num_slots: prompts that are remembered and may run at once.
        window_tokens: of all slots together.
        short_keys: keep attention keys in 8 bits instead of 16, a quarter of the window's memory
            less. Not every model stands it.
    """

    def __init__(
        self,
        model_file: Path,
        *,
        threads: int,
        num_slots: int,
        window_tokens: int,
        short_keys: bool = False,
    ) -> None:
        with tempfile.TemporaryDirectory(prefix="thinktalk-") as private:
            params = _params(model_file, threads, num_slots, window_tokens, short_keys)
            params.hostnames = [str(Path(private) / "s.sock")]
            try:
                self._server: Any = xllamacpp.Server(params)
            except (RuntimeError, ValueError) as error:
                raise EngineFailed(f"{model_file.name} could not be loaded: {error}") from error

    def close(self) -> None:
        """Free the model. No run may be under way."""
        self._server = None

    def run(
        self,
        prompt: Sequence[int],
        sampling: Sampling,
        *,
        num_written: int = 0,
        slot: int,
        max_tokens: int,
        grammar: str = "",
        on_chunk: Callable[[Chunk], None],
        should_stop: Callable[[], bool],
    ) -> Ended:
        """Decode after `prompt` until the model ends its turn, `max_tokens`, or `should_stop()`.

        `should_stop` is asked after every token and every prefill step. `on_chunk` is called on
        this thread. The library ignores a grammar that it cannot read. The last `num_written` of
        `prompt` are the model's own: only those, and what follows, count for the presence and
        frequency penalties.
        """
        request = _request(prompt, sampling, slot, max_tokens, grammar)
        request["logit_bias"] = _unpenalised(prompt[: len(prompt) - num_written], sampling)
        listener = _Listener(on_chunk, should_stop)
        try:
            self._server.handle_completions(request, listener)
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(f"the language model failed: {error}") from error
        return listener.ended()


class _Listener:
    """The library's callback: one message in, True to stop. Errors come as messages too."""

    def __init__(self, on_chunk: Callable[[Chunk], None], should_stop: Callable[[], bool]) -> None:
        self._on_chunk, self._should_stop = on_chunk, should_stop
        self._num_tokens = 0
        self._cached_tokens = 0
        self._reason: Literal["stop", "length", "stopped"] | None = None
        self._error: str | None = None

    def __call__(self, message: Any) -> bool:
        if isinstance(message, (str, bytes)):
            message = json.loads(message)
        for part in message if isinstance(message, list) else [message]:
            self._take(part)
        if self._reason or self._error:
            return False
        if self._should_stop():
            self._reason = "stopped"
            return True
        return False

    def ended(self) -> Ended:
        if self._error is not None or self._reason is None:
            raise EngineFailed(f"the language model failed: {self._error or 'it ended silently'}")
        return Ended(self._reason, self._num_tokens, self._cached_tokens)

    def _take(self, part: dict[str, Any]) -> None:
        if "error" in part:
            self._error = str(part["error"].get("message", part["error"]))
            return
        if progress := part.get("prompt_progress"):
            self._cached_tokens = int(progress["cache"])
            return
        choice, detail = part["choices"][0], part["__verbose"]
        self._num_tokens = int(detail["tokens_predicted"])
        if choice["text"]:
            last_token = detail["tokens"][-1] if detail["tokens"] else -1
            self._on_chunk(Chunk(choice["text"], last_token, self._num_tokens))
        if choice["finish_reason"]:
            self._reason = "length" if choice["finish_reason"] == "length" else "stop"


def _params(
    model_file: Path, threads: int, num_slots: int, window_tokens: int, short_keys: bool
) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file)
    params.n_ctx = window_tokens
    params.n_parallel = num_slots
    # One window for all slots: four windows of their own would not fit a laptop's memory.
    params.kv_unified = True
    # Most weights are repacked at load: with the file mapped as well they would be there twice.
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    # After 5,000 tokens, decoding is a quarter faster without fused attention, prefill a tenth
    # slower. Values in 8 bits would need the fused kernel, which then takes half again as long.
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    if short_keys:
        params.cache_type_k = xllamacpp.ggml_type.GGML_TYPE_Q8_0
    # Nothing to fit on a processor, and `LlamaThinker.start` warms up with a prompt of use.
    params.fit_params = params.warmup = False
    params.n_batch = params.n_ubatch = _PREFILL_STEP
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    # Slots are chosen by us and stay in memory: the library's own cache would only copy them.
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    params.api_keys = [secrets.token_hex(32)]
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = -1
    return params


def _request(
    prompt: Sequence[int], sampling: Sampling, slot: int, max_tokens: int, grammar: str
) -> dict[str, Any]:
    greedy = sampling.temperature <= 0
    request: dict[str, Any] = {
        "prompt": list(prompt),
        "id_slot": slot,
        # What is in the cache was rounded otherwise: a seed repeats only where all is read anew.
        "cache_prompt": sampling.seed is None,
        "stream": True,
        "verbose": True,  # adds token ids
        "return_progress": True,  # lets a long prefill be stopped
        "max_tokens": max_tokens,
        "temperature": max(sampling.temperature, 0.0),
        "top_k": 1 if greedy else sampling.top_k,
        "top_p": 1.0 if greedy else sampling.top_p,
        "min_p": 0.0,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "repeat_penalty": sampling.repetition_penalty,
        "repeat_last_n": len(prompt) + max_tokens,  # none slides out of `_unpenalised`
    }
    if sampling.seed is not None:
        request["seed"] = (
            sampling.seed % 0xFFFF_FFFF
        )  # the library's seed has 32 bits, all ones: random
    if grammar:
        request["grammar"] = grammar
    return request


def _unpenalised(prompt: Sequence[int], sampling: Sampling) -> list[tuple[int, float]]:
    """What gives back the penalties that the library takes off for tokens of the prompt.

    They are for what the model wrote. With the end of turn among them, which every prompt holds,
    a reply would not end.
    """
    if not (sampling.presence_penalty or sampling.frequency_penalty):
        return []
    return [
        (token, sampling.presence_penalty + count * sampling.frequency_penalty)
        for token, count in Counter(prompt).items()
    ]
