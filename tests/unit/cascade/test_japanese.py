"""Japanese is read as it is pronounced, numbers and counters included."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade import japanese
from thinktalk.engines.cascade.phonemes import VOCABULARY

READINGS = [
    ("今日はとても良い天気です", "キョーワトテモヨイテンキデス"),
    ("東京へ行きました", "トーキョーエイキマシタ"),
    ("本を読んでいます", "ホンヲヨンデイマス"),
    ("大勢で行った", "オーゼーデイッタ"),
    ("日本の首都", "ニホンノシュト"),
    ("他にありますか", "ホカニアリマスカ"),
    ("三百人と六百人と八百人", "サンビャクニントロッピャクニントハッピャクニン"),
    ("三千円", "サンゼンエン"),
    ("十四時三十分", "ジューヨジサンジュップン"),
    ("四分と八分", "ヨンプントハップン"),
    ("一本と三本と六本", "イッポントサンボントロッポン"),
    ("一人と二人と十一人", "ヒトリトフタリトジューイチニン"),
    ("三月二十日", "サンガツハツカ"),
    ("一月一日", "イチガツツイタチ"),
    ("十日間と三十日", "トオカカントサンジューニチ"),
    ("四月と七時と九時", "シガツトシチジトクジ"),
    ("何を、何ですか", "ナニヲ、ナンデスカ"),
    ("コンピューターを使う", "コンピューターヲツカウ"),
]


@pytest.mark.parametrize(("written", "kana"), READINGS)
def test_words_are_read_as_they_are_pronounced(written: str, kana: str) -> None:
    assert "".join(japanese.words(written)) == kana


SYMBOLS = [
    ("これは新しい本です", "koɾe βa ataɾaɕii hoɴ desɨ"),
    ("切手", "kʲiʔte"),
    ("行った", "iʔta"),
    ("新聞と天気と案内", "ɕimbɯɴ to teŋkʲi to annai"),
    ("キャッシュとジュース", "kʲaʔɕɨ to ʥɨːsɨ"),
    ("ファイルとティーとクォーツ", "ɸaiɾɯ to tʲiː to kᵝoːʦɨ"),
    ("百と病院", "çakɯ to bʲoːiɴ"),
]


@pytest.mark.parametrize(("written", "symbols"), SYMBOLS)
def test_kana_become_the_symbols_the_voice_knows(written: str, symbols: str) -> None:
    assert japanese.symbols(written) == symbols


def test_every_kana_has_a_symbol_of_the_vocabulary() -> None:
    for code in range(ord("ァ"), ord("ヴ") + 1):
        symbols = japanese.symbols(chr(code))
        assert symbols
        assert set(symbols) <= VOCABULARY.keys()
