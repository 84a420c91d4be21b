"""llama.cpp's C interface, as far as it is used here: structures, functions, loading.

The layouts are those of version 0.5.0 and hold for the files that the weights' manifest pins by
hash. Source: ggml-org/llama.cpp, `include/llama.h`.
"""

from __future__ import annotations

import ctypes
from collections import deque
from ctypes import (
    POINTER,
    Structure,
    c_bool,
    c_char_p,
    c_float,
    c_int8,
    c_int32,
    c_int64,
    c_size_t,
    c_void_p,
)
from ctypes import c_uint32 as c_uint
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from thinktalk.errors import EngineFailed

LOAD_READ = 0  # read the file instead of mapping it
FLASH_ATTENTION_OFF = 0
TYPE_Q8_0 = 8
STOPPED = 2  # `llama_decode` was stopped by its abort callback
SAYABLE = 4 | 32  # attributes of a token that stands for text or for a byte of it
NO_ROOM = 1  # `llama_decode` found no free cells

_REMEMBERED_LINES = 20

_LogCallback = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_void_p)


class ModelParams(Structure):
    """`llama_model_params`."""

    _fields_: ClassVar = [
        ("devices", c_void_p),
        ("tensor_buft_overrides", c_void_p),
        ("n_gpu_layers", c_int32),
        ("split_mode", c_int32),
        ("load_mode", c_int32),
        ("lazy_mode", c_int32),
        ("main_gpu", c_int32),
        ("tensor_split", c_void_p),
        ("progress_callback", c_void_p),
        ("progress_callback_user_data", c_void_p),
        ("kv_overrides", c_void_p),
        ("vocab_only", c_bool),
        ("check_tensors", c_bool),
        ("use_extra_bufts", c_bool),
        ("no_host", c_bool),
        ("no_alloc", c_bool),
        ("load_mtp", c_bool),
    ]


class ContextParams(Structure):
    """`llama_context_params`."""

    _fields_: ClassVar = [
        ("n_ctx", c_uint),
        ("n_batch", c_uint),
        ("n_ubatch", c_uint),
        ("n_seq_max", c_uint),
        ("n_rs_seq", c_uint),
        ("n_outputs_max", c_uint),
        ("n_outputs_max_per_seq", c_uint),
        ("n_threads", c_int32),
        ("n_threads_batch", c_int32),
        ("ctx_type", c_int32),
        ("rope_scaling_type", c_int32),
        ("pooling_type", c_int32),
        ("attention_type", c_int32),
        ("flash_attn_type", c_int32),
        ("rope_freq_base", c_float),
        ("rope_freq_scale", c_float),
        ("yarn_ext_factor", c_float),
        ("yarn_attn_factor", c_float),
        ("yarn_beta_fast", c_float),
        ("yarn_beta_slow", c_float),
        ("yarn_orig_ctx", c_uint),
        ("defrag_thold", c_float),
        ("cb_eval", c_void_p),
        ("cb_eval_user_data", c_void_p),
        ("type_k", c_int32),
        ("type_v", c_int32),
        ("abort_callback", c_void_p),
        ("abort_callback_data", c_void_p),
        ("embeddings", c_bool),
        ("offload_kqv", c_bool),
        ("no_perf", c_bool),
        ("op_offload", c_bool),
        ("swa_full", c_bool),
        ("kv_unified", c_bool),
        ("samplers", c_void_p),
        ("n_samplers", c_size_t),
        ("ctx_other", c_void_p),
    ]


class Batch(Structure):
    """`llama_batch`: tokens of any sequences, each with its position."""

    _fields_: ClassVar = [
        ("n_tokens", c_int32),
        ("token", POINTER(c_int32)),
        ("embd", POINTER(c_float)),
        ("pos", POINTER(c_int32)),
        ("n_seq_id", POINTER(c_int32)),
        ("seq_id", POINTER(POINTER(c_int32))),
        ("logits", POINTER(c_int8)),
    ]


class Candidates(Structure):
    """`llama_token_data_array`; `data` holds (int32 id, float32 logit, float32 p)."""

    _fields_: ClassVar = [
        ("data", c_void_p),
        ("size", c_size_t),
        ("selected", c_int64),
        ("sorted", c_bool),
    ]


class ChainParams(Structure):
    """`llama_sampler_chain_params`."""

    _fields_: ClassVar = [("no_perf", c_bool)]


_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "llama_backend_init": (None, ()),
    "llama_model_default_params": (ModelParams, ()),
    "llama_context_default_params": (ContextParams, ()),
    "llama_model_load_from_file": (c_void_p, (c_char_p, ModelParams)),
    "llama_model_free": (None, (c_void_p,)),
    "llama_model_get_vocab": (c_void_p, (c_void_p,)),
    "llama_init_from_model": (c_void_p, (c_void_p, ContextParams)),
    "llama_free": (None, (c_void_p,)),
    "llama_get_memory": (c_void_p, (c_void_p,)),
    "llama_memory_seq_rm": (c_bool, (c_void_p, c_int32, c_int32, c_int32)),
    "llama_memory_seq_cp": (None, (c_void_p, c_int32, c_int32, c_int32, c_int32)),
    "llama_decode": (c_int32, (c_void_p, Batch)),
    "llama_get_logits_ith": (POINTER(c_float), (c_void_p, c_int32)),
    "llama_vocab_n_tokens": (c_int32, (c_void_p,)),
    "llama_vocab_is_eog": (c_bool, (c_void_p, c_int32)),
    "llama_vocab_get_attr": (c_int32, (c_void_p, c_int32)),
    "llama_vocab_eos": (c_int32, (c_void_p,)),
    "llama_token_to_piece": (c_int32, (c_void_p, c_int32, c_char_p, c_int32, c_int32, c_bool)),
    "llama_sampler_chain_default_params": (ChainParams, ()),
    "llama_sampler_chain_init": (c_void_p, (ChainParams,)),
    "llama_sampler_chain_add": (None, (c_void_p, c_void_p)),
    "llama_sampler_init_greedy": (c_void_p, ()),
    "llama_sampler_init_dist": (c_void_p, (c_uint,)),
    "llama_sampler_init_top_k": (c_void_p, (c_int32,)),
    "llama_sampler_init_top_p": (c_void_p, (c_float, c_size_t)),
    "llama_sampler_init_temp": (c_void_p, (c_float,)),
    "llama_sampler_init_penalties": (c_void_p, (c_int32, c_int32, c_float, c_float, c_float)),
    "llama_sampler_accept": (None, (c_void_p, c_int32)),
    "llama_sampler_apply": (None, (c_void_p, POINTER(Candidates))),
    "llama_sampler_free": (None, (c_void_p,)),
}


class Library:
    """The loaded functions, by name; calls release Python's lock."""

    def __init__(self, folder: Path) -> None:
        self._log: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        # Kept: the library calls it for as long as the process lives.
        self._on_log = _LogCallback(
            lambda level, text, data: self._log.append(text.decode("utf-8", "replace"))
        )
        try:
            for name in ("libggml-base.so", "libggml.v0.5.0.so", "libllama.v0.5.0.so"):
                self._functions = ctypes.CDLL(str(folder / name), ctypes.RTLD_GLOBAL)
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(self._functions, name)
                function.restype, function.argtypes = result, arguments
            self._functions.llama_log_set(self._on_log, None)
            # Of the kernels for different processors it takes the best that runs on this one.
            ggml = ctypes.CDLL(str(folder / "libggml.v0.5.0.so"))
            ggml.ggml_backend_load_all_from_path(str(folder).encode())
        except (OSError, AttributeError) as error:
            raise EngineFailed(f"llama.cpp cannot be loaded from {folder}: {error}") from error
        self.llama_backend_init()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._functions, name)

    def last_words(self) -> str:
        """What the library logged last, for an error's message."""
        return " ".join("".join(self._log).split())[-300:]


@cache
def load(folder: Path) -> Library:
    """Load from `folder`, once per process: the library keeps its devices in globals."""
    return Library(folder)
