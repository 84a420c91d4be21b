"""Text to token ids and back, from the tables inside a GGUF file. Knows nothing of prompts.

Text never yields a control token, whatever it says: only `control` gives those, so nobody can close
a turn from within a message.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from thinktalk.errors import WeightsError

# How Qwen2 cuts text before merging. Source: Qwen2.5 `tokenizer.json`, `pre_tokenizer`.
_QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9


class Vocabulary:
    """The tokenizer of one Qwen2 model."""

    def __init__(self, tokens: list[str], merges: list[str]) -> None:
        ids = {token: number for number, token in enumerate(tokens)}
        pairs = [(left, right) for left, right in (merge.split(" ") for merge in merges)]
        self._tokenizer = Tokenizer(models.BPE(vocab=ids, merges=pairs))
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_QWEN2_WORDS), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        self._tokenizer.decoder = decoders.ByteLevel()

    @classmethod
    def read(cls, model_file: Path) -> Vocabulary:
        """Read it from a GGUF file's metadata; the tensors are not touched."""
        metadata = read_metadata(model_file)
        kind = metadata.get("tokenizer.ggml.pre")
        if kind != "qwen2":
            raise WeightsError(f"{model_file.name}: tokenizer {kind!r} is not qwen2")
        return cls(metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.merges"])

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=False))

    def control(self, name: str) -> int:
        """The id of a token such as `<|im_end|>`."""
        if (token := self._tokenizer.token_to_id(name)) is None:
            raise KeyError(name)
        return token


def read_metadata(model_file: Path) -> dict[str, Any]:
    """All key-value pairs of a GGUF header. Source: ggml `docs/gguf.md`, version 3."""
    with (
        model_file.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        magic, version, _, num_pairs = struct.unpack_from("<4sIQQ", data)
        if magic != b"GGUF" or version not in (2, 3):
            raise WeightsError(f"{model_file.name} is not a GGUF file of version 2 or 3")
        reader = _Reader(data, offset=24)
        return {reader.string(): reader.value(reader.scalar("I")) for _ in range(num_pairs)}


class _Reader:
    def __init__(self, data: mmap.mmap, offset: int) -> None:
        self._data, self._offset = data, offset

    def scalar(self, code: str) -> Any:
        layout = struct.Struct("<" + code)
        (value,) = layout.unpack_from(self._data, self._offset)
        self._offset += layout.size
        return value

    def string(self) -> str:
        length = self.scalar("Q")
        start, self._offset = self._offset, self._offset + length
        return self._data[start : self._offset].decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.scalar(_SCALARS[kind])
        element, length = self.scalar("I"), self.scalar("Q")
        if element in (_STRING, _ARRAY):
            return [self.value(element) for _ in range(length)]
        layout = struct.Struct(f"<{length}{_SCALARS[element]}")
        values = layout.unpack_from(self._data, self._offset)
        self._offset += layout.size
        return list(values)
