"""Chinese characters are read by phrase, and each syllable has its tone."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade import mandarin
from thinktalk.engines.cascade.phonemes import VOCABULARY

SYMBOLS = [
    ("你好", "ni↓xau↓"),
    ("中国", "ꭧʊ→ŋkwo↗"),
    ("儿子", "ɚ↗ʦɨ"),
    ("日子", "ɻɨ↘ʦɨ"),
    ("女孩", "ny↓xai↗"),
    ("学习", "ɕɥe↗ ɕi↗"),
    ("语言", "y↓jɛ↗n"),
    ("银行", "i↗nxa↗ŋ"),
    ("重庆", "ꭧʰʊ↗ŋʨʰi↘ŋ"),
    ("重要", "ꭧʊ↘ŋjau↘"),
    ("知道", "ꭧɨ→tau↘"),
    ("我们", "wo↓mən"),
]


@pytest.mark.parametrize(("written", "symbols"), SYMBOLS)
def test_characters_are_read_by_phrase(written: str, symbols: str) -> None:
    assert mandarin.symbols(written) == symbols


def test_every_syllable_is_made_of_symbols_of_the_vocabulary() -> None:
    for code in range(0x4E00, 0x9FA0, 7):
        assert set(mandarin.symbols(chr(code))) <= VOCABULARY.keys()
