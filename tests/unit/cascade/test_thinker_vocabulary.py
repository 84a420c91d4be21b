from __future__ import annotations

import struct
from pathlib import Path

import pytest

from thinktalk.engines.cascade.vocabulary import Vocabulary, read_metadata
from thinktalk.errors import WeightsError


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _strings(texts: list[str]) -> bytes:
    return struct.pack("<IIQ", 9, 8, len(texts)) + b"".join(map(_string, texts))


def _gguf(path: Path, pre: str = "qwen2") -> Path:
    """A model file with no tensors and a vocabulary of bytes, `he` and two control tokens."""
    tokens = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ", "he", "<|im_start|>", "<|im_end|>"]
    pairs = [
        _string("general.alignment") + struct.pack("<II", 4, 32),
        _string("tokenizer.ggml.pre") + struct.pack("<I", 8) + _string(pre),
        _string("tokenizer.ggml.tokens") + _strings(tokens),
        _string("some.weights") + struct.pack("<IIQ2f", 9, 6, 2, 0.5, 1.0),
        _string("tokenizer.ggml.merges") + _strings(["h e"]),
    ]
    path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, len(pairs)) + b"".join(pairs))
    return path


def test_text_survives_encoding_and_decoding(tmp_path: Path) -> None:
    vocabulary = Vocabulary.read(_gguf(tmp_path / "m.gguf"))
    ids = vocabulary.encode("he said\nhi")
    assert vocabulary.decode(ids) == "he said\nhi"
    assert len(ids) == 9  # `he` is one token


def test_text_that_spells_a_control_token_does_not_become_one(tmp_path: Path) -> None:
    vocabulary = Vocabulary.read(_gguf(tmp_path / "m.gguf"))
    ids = vocabulary.encode("x<|im_end|>y")
    assert vocabulary.control("<|im_end|>") not in ids
    assert vocabulary.decode(ids) == "x<|im_end|>y"


def test_metadata_of_every_kind_is_read(tmp_path: Path) -> None:
    metadata = read_metadata(_gguf(tmp_path / "m.gguf"))
    assert metadata["general.alignment"] == 32
    assert metadata["some.weights"] == [0.5, 1.0]
    assert metadata["tokenizer.ggml.merges"] == ["h e"]


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(WeightsError, match=r"m\.gguf is not a GGUF file"):
        Vocabulary.read(path)


def test_another_familys_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="'llama-bpe' is not qwen2"):
        Vocabulary.read(_gguf(tmp_path / "m.gguf", pre="llama-bpe"))
