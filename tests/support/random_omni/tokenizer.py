"""Qwen's tokenizer as the Hugging Face libraries read it, from the ranks that dashscope brings.

tiktoken keeps a rank for each token; BPE wants the pairs that are merged, in order. The pair that
makes a token is what BPE is left with when it may only use lower ranks.
"""

from __future__ import annotations

import base64
import json
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

NUM_RANKS = 151_643

# As in tokenizer_config.json of the released checkpoints: ids go on where the ranks end.
ADDED = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
    *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>"),
    *("<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
    *("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    *("<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>"),
    *("<think>", "</think>"),
    *("<|audio_start|>", "<|audio_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>"),
    *("<tts_text_bos_single>", "<|audio_pad|>"),
)
# Shown in replies; the other added tokens are skipped with the special ones.
_PLAIN = frozenset(ADDED[ADDED.index("<tool_call>") : ADDED.index("<|audio_start|>")])
_NAMED = {
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "audio_token": "<|audio_pad|>",
    "vision_bos_token": "<|vision_start|>",
    "vision_eos_token": "<|vision_end|>",
    "audio_bos_token": "<|audio_start|>",
    "audio_eos_token": "<|audio_end|>",
}


def write(directory: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json, without a chat template."""
    from tokenizers import AddedToken
    from transformers import Qwen2Tokenizer

    ranks = _ranks()
    # It adds its end of text by itself, which is the first of ours.
    backend = Qwen2Tokenizer(vocab=_vocabulary(ranks), merges=_merges(ranks)).backend_tokenizer
    backend.add_tokens(
        [AddedToken(text, special=text not in _PLAIN, normalized=False) for text in ADDED]
    )
    backend.save(str(directory / "tokenizer.json"), pretty=False)
    text = json.dumps(_config(), ensure_ascii=False, indent=2)
    (directory / "tokenizer_config.json").write_text(text, encoding="utf-8")


def _config() -> dict[str, Any]:
    added = {
        str(NUM_RANKS + at): {
            "content": text,
            "special": text not in _PLAIN,
            "normalized": False,
            "lstrip": False,
            "rstrip": False,
            "single_word": False,
        }
        for at, text in enumerate(ADDED)
    }
    return {
        "tokenizer_class": "Qwen2Tokenizer",
        "processor_class": "Qwen3OmniMoeProcessor",
        "model_max_length": 131_072,
        "bos_token": None,
        "unk_token": None,
        **_NAMED,
        "added_tokens_decoder": added,
    }


def _ranks() -> dict[bytes, int]:
    text = (resources.files("dashscope") / "resources" / "qwen.tiktoken").read_bytes()
    pairs = (line.split() for line in text.splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    if len(ranks) != NUM_RANKS:
        raise ValueError(f"dashscope's qwen.tiktoken has {len(ranks)} ranks, not {NUM_RANKS}")
    return ranks


def _vocabulary(ranks: dict[bytes, int]) -> dict[str, int]:
    return {_spelt(token): rank for token, rank in ranks.items()}


def _merges(ranks: dict[bytes, int]) -> list[tuple[str, str]]:
    """A pair for each token of two bytes or more, in the order of ranks."""
    longer = [token for token in sorted(ranks, key=ranks.__getitem__) if len(token) > 1]
    pairs = (_pair(token, ranks) for token in longer)
    return [(_spelt(left), _spelt(right)) for left, right in pairs]


def _pair(token: bytes, ranks: dict[bytes, int]) -> list[bytes]:
    """The two tokens that BPE would have just before it makes `token`."""
    cuts = [at for at in range(1, len(token)) if token[:at] in ranks and token[at:] in ranks]
    if len(cuts) == 1:  # so for 44 % of them, and sooner found than by merging
        return [token[: cuts[0]], token[cuts[0] :]]
    parts = [token[at : at + 1] for at in range(len(token))]
    while len(parts) > 2:
        joined = [ranks.get(a + b, NUM_RANKS) for a, b in pairwise(parts)]
        lowest = min(joined)
        if lowest >= ranks[token]:
            raise ValueError(f"no two tokens make {token!r}")
        at = joined.index(lowest)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


def _letters() -> list[str]:
    """A printable letter for each byte: itself where it is one, else one from U+0100 on.

    Source: openai/gpt-2 `encoder.py`; `ByteLevel` of tokenizers reads the same.
    """
    letters = []
    unprintable = 0
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            letters.append(chr(byte))
        else:
            letters.append(chr(256 + unprintable))
            unprintable += 1
    return letters


_LETTERS = _letters()


def _spelt(token: bytes) -> str:
    return "".join(_LETTERS[byte] for byte in token)
