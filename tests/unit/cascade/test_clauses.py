"""Replies are cut where a speaker would breathe, and no character is lost."""

from __future__ import annotations

import random
import time
import unicodedata

import pytest

from thinktalk.engines.cascade import boundaries
from thinktalk.engines.cascade.clauses import Clause, ClauseCutter

PYTHON_BLOCK = "```python\n" + "total = total + 1\n" * 12 + "```\n"


def cut_all(
    text: str, max_words: int | None = None, *, step: int = 4, language: str | None = None
) -> list[Clause]:
    """Feed `text` in pieces of `step` characters, cutting as soon as can be."""
    cutter = ClauseCutter(language)
    clauses = []
    for start in range(0, len(text), step):
        cutter.feed(text[start : start + step])
        while clause := cutter.cut(max_words):
            clauses.append(clause)
    while clause := cutter.cut(max_words, final=True):
        clauses.append(clause)
    return clauses


def texts(text: str, max_words: int | None = None, *, step: int = 4) -> list[str]:
    return [clause.text for clause in cut_all(text, max_words, step=step)]


SENTENCES = [
    ("It rains. We stay in. Why not?", ["It rains. ", "We stay in. ", "Why not?"]),
    ("Dr. Smith met Mr. Jones. They left.", ["Dr. Smith met Mr. Jones. ", "They left."]),
    ("It costs 3.50 dollars. Not bad.", ["It costs 3.50 dollars. ", "Not bad."]),
    ("Use v1.2.3 of it. It works.", ["Use v1.2.3 of it. ", "It works."]),
    ("See example.com/a.b for it. Then go.", ["See example.com/a.b for it. ", "Then go."]),
    ("Fruit, e.g. apples, is good. Eat it.", ["Fruit, e.g. apples, is good. ", "Eat it."]),
    ("I met J. R. Tolkien once. He waved.", ["I met J. R. Tolkien once. ", "He waved."]),
    ("He lives in the U.S. and works. OK then.", ["He lives in the U.S. and works. ", "OK then."]),
    ("She came at 5 p.m. yesterday. I left.", ["She came at 5 p.m. yesterday. ", "I left."]),
    ("We sell pens, etc. We sell ink.", ["We sell pens, etc. ", "We sell ink."]),
    ("Well... maybe so. Fine by me.", ["Well... maybe so. ", "Fine by me."]),
    ('He said "stop it." Then he left.', ['He said "stop it." ', "Then he left."]),
    ("**This is bold.** This is not.", ["**This is bold.** ", "This is not."]),
    ("Is it?! Yes it is! Good then.", ["Is it?! ", "Yes it is! ", "Good then."]),
    ("Take No. 5 first. Then rest.", ["Take No. 5 first. ", "Then rest."]),
    ("你好吗？我很好。谢谢你！", ["你好吗？", "我很好。", "谢谢你！"]),
    ("元気ですか？はい、元気です。", ["元気ですか？", "はい、元気です。"]),
    ("他说：「你好。」我也说了。", ["他说：「你好。」", "我也说了。"]),
    ("كيف حالك؟ أنا بخير. شكرا لك.", ["كيف حالك؟ ", "أنا بخير. ", "شكرا لك."]),
    ("آپ کیسے ہیں؟ میں ٹھیک ہوں۔ شکریہ جناب۔", ["آپ کیسے ہیں؟ ", "میں ٹھیک ہوں۔ ", "شکریہ جناب۔"]),
    ("यह अच्छा है। वह बुरा है॥ ठीक है।", ["यह अच्छा है। ", "वह बुरा है॥ ", "ठीक है।"]),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_sentences_end_where_a_reader_says_so(text: str, expected: list[str]) -> None:
    assert texts(text) == expected
    assert texts(text, step=1) == expected
    assert texts(text, step=1000) == expected


FIRST = [
    ("The capital of France is Paris, a city on the Seine.", "The capital of France "),
    ("Sure! Here is how it works in practice.", "Sure! Here is how "),
    ("No problem, I can help you with that.", "No problem, "),
    ("A list comprehension builds a list from an iterable.", "A list comprehension builds "),
    ("It was built on January 5, 2026 by them.", "It was built "),
    ("The link carries about 10 GB/s at peak load.", "The link carries "),
    ("You should run `pip install thinktalk` before that.", "You should run "),
    ("That is **not at all** a good idea today.", "That is "),
    ("Roughly 3.5 million people live there now.", "Roughly 3.5 million people live "),
    ("Paris is nice. Go there.", "Paris is nice. "),
    ("See [the guide](http://a.org/b) for all of it.", "See [the guide](http://a.org/b) "),
    ("Python 3.11 is faster than Python 3.10 was.", "Python 3.11 is faster "),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FIRST)
def test_the_first_piece_is_a_phrase_of_five_words_at_most(text: str, expected: str) -> None:
    assert texts(text, 5)[0] == expected


def test_the_first_piece_comes_before_the_sentence_is_written() -> None:
    cutter = ClauseCutter()
    cutter.feed("Machine learning is a part of")
    clause = cutter.cut(5)
    assert clause is not None
    assert clause.text == "Machine learning is a part "
    assert not clause.ends_clause


def test_nothing_is_cut_while_no_boundary_is_complete() -> None:
    cutter = ClauseCutter()
    for text in ("", "The", " answer", " is", " 3."):
        cutter.feed(text)
        assert cutter.cut(5) is None
    assert cutter.pending_words == 4
    clause = cutter.cut(5, final=True)
    assert clause is not None
    assert clause.text == "The answer is 3."
    assert cutter.cut(5, final=True) is None


def test_a_unit_that_arrives_late_is_not_torn_from_its_number() -> None:
    cutter = ClauseCutter()
    cutter.feed("It moves data at around 10")
    assert cutter.cut(6) is None
    cutter.feed(" GB/s in both directions.")
    clause = cutter.cut(6)
    assert clause is not None
    assert "10" not in clause.text or "GB/s" in clause.text


@pytest.mark.parametrize("max_words", [3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize(
    "unit",
    ["10 GB/s", "3.5 million", "January 5, 2026", "`a b c`", "**very very**", "5 January 2026",
     "$1.2 million", "Python 3.11", "HTTP 503", "9:30 a.m.", "20 °C", "Dr. Smith", "5 - 3"],
)  # fmt: skip
def test_units_are_never_torn(unit: str, max_words: int) -> None:
    text = f"Now we all know that {unit} happened and that {unit} will happen again to us all."
    for clause in cut_all(text, max_words, step=3):
        whole = clause.text.count(unit)
        assert clause.text.count(unit.split()[0]) == whole, clause.text


def test_a_closed_code_span_does_not_hold_the_next_cut_back() -> None:
    cutter = ClauseCutter()
    cutter.feed("`TypeError: not subscriptable`, means that you tried")
    clause = cutter.cut(8)
    assert clause is not None
    assert clause.text == "`TypeError: not subscriptable`, "


def test_an_adjective_is_not_torn_from_its_noun_where_a_phrase_begins_nearby() -> None:
    text = "Plants convert sunlight into chemical energy in their leaves and roots."
    assert texts(text, 5)[0] == "Plants convert sunlight "


def test_pieces_have_at_most_the_words_asked_for() -> None:
    text = "One two three four five six and seven eight nine ten of eleven twelve, thirteen end. "
    for limit in (3, 5, 8, 12):
        assert all(len(clause.text.split()) <= limit for clause in cut_all(text * 3, limit))


def test_a_long_sentence_is_cut_at_a_clause_even_without_a_limit() -> None:
    text = "word " * 20 + "pause, " + "word " * 25 + "end."
    pieces = texts(text)
    assert pieces[0].endswith("pause, ")
    assert len(pieces) == 2


def test_list_items_and_headings_are_pieces_with_a_stop() -> None:
    clauses = cut_all("# Plan\n\n- buy milk\n- buy **fresh** bread\n1. Eat it\n")
    assert [clause.spoken for clause in clauses] == [
        "Plan.", "buy milk.", "buy fresh bread.", "one: Eat it.",
    ]  # fmt: skip
    assert all(clause.ends_sentence for clause in clauses)


def test_a_number_in_the_middle_of_a_line_is_no_list_marker() -> None:
    spoken = " ".join(clause.spoken for clause in cut_all("It is a good one - see 2. It is.", 4))
    assert ":" not in spoken


def test_a_wrapped_line_is_one_sentence() -> None:
    text = "This paragraph was wrapped by its writer at some\ncolumn that nobody hears. Next one.\n"
    assert [clause.spoken for clause in cut_all(text)] == [
        "This paragraph was wrapped by its writer at some column that nobody hears.",
        "Next one.",
    ]


def test_a_short_code_block_is_read_out() -> None:
    clauses = cut_all("Run this:\n\n```bash\npip install thinktalk\n```\n\nDone then.")
    assert [clause.spoken for clause in clauses if clause.spoken] == [
        "Run this:", "pip install thinktalk.", "Done then.",
    ]  # fmt: skip


@pytest.mark.parametrize("step", [1, 3, 7, 50, 1000])
def test_a_long_code_block_is_announced_and_passed_over(step: int) -> None:
    spoken = [
        clause.spoken
        for clause in cut_all(f"Here it is:\n\n{PYTHON_BLOCK}\nThat is all.", 8, step=step)
        if clause.spoken
    ]
    assert spoken[0] == "Here it is:"
    assert spoken[1].startswith("A code block")
    assert spoken[1].endswith("in Python.")
    assert spoken[2:] == ["That is all."]


def test_a_long_code_block_is_announced_while_it_is_being_written() -> None:
    cutter = ClauseCutter()
    cutter.feed("```python\n" + "total = total + 1\n" * 5)
    clause = cutter.cut(8)
    assert clause is not None
    assert clause.spoken == "A code block in Python."
    cutter.feed("total = 3\n")
    assert cutter.cut(8) is None
    assert cutter.pending_words == 0


def test_a_code_block_cut_off_by_the_end_is_flushed() -> None:
    text = "```python\nx = 1\n"
    clauses = cut_all(text)
    assert "".join(clause.text for clause in clauses) == text
    assert clauses[0].spoken == "x equals one."


def test_a_table_is_read_row_by_row() -> None:
    clauses = cut_all("| Name | Age |\n|---|---|\n| Ann | 31 |\n\nSo she is 31.\n", 5)
    assert [clause.spoken for clause in clauses if clause.spoken] == [
        "Name, Age.", "Ann, thirty-one.", "So she is thirty-one.",
    ]  # fmt: skip


def test_the_language_follows_the_clause() -> None:
    clauses = cut_all("Here is the word. Das ist nicht gut. 你好，世界。 And that is it.")
    assert [clause.language for clause in clauses] == ["en", "de", "zh", "en"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Het weer is vandaag heel mooi, laten we samen in het park gaan wandelen.", "nl"),
        ("Napakaganda ng panahon ngayon, maglakad tayo sa parke kasama ang mga bata.", "tl"),
    ],
)
def test_a_short_first_piece_is_in_the_language_of_its_sentence(text: str, language: str) -> None:
    assert {clause.language for clause in cut_all(text, 4, step=1000)} == {language}


def test_a_given_language_is_kept() -> None:
    clauses = cut_all("Here is the word. Das ist nicht gut.", language="fr")
    assert {clause.language for clause in clauses} == {"fr"}


def test_chinese_without_punctuation_is_cut_by_characters() -> None:
    clauses = cut_all("我们可以去公园散步然后再去吃饭看电影听音乐聊天", 5, language="zh")
    assert all(len(clause.text) <= 10 for clause in clauses)


UNSPACED = [
    "วันนี้อากาศดีมากเราจึงไปเดินเล่นในสวนสาธารณะด้วยกันแล้วก็กินข้าวที่ร้านอาหารใกล้บ้าน" * 6,
    "मैंनेउसेकहाकिवहकलआएगाऔरहमसाथमेंबाज़ारजाएँगेक्योंकिवहाँसबमिलताहै" * 8,
    "كَتَبَٱلْوَلَدُٱلدَّرْسَوَقَرَأَٱلْكِتَابَفِيٱلْبَيْتِ" * 10,
    "か\u3099き\u3099く\u3099しゃしゅしょコンピューターっとても" * 20,
    "មនុស្សទាំងអស់កើតមកមានសេរីភាពនិងភាពស្មើៗគ្នា" * 10,
]


@pytest.mark.parametrize("text", UNSPACED)
@pytest.mark.parametrize("step", [1, 7, 5000])
def test_a_letter_is_never_torn_from_its_marks(text: str, step: int) -> None:
    clauses = cut_all(text, 6, step=step)
    assert "".join(clause.text for clause in clauses) == text
    assert len(clauses) > 1
    for clause in clauses[1:]:
        before, first = text[clause.span[0] - 1], clause.text[0]
        assert unicodedata.category(first) not in ("Mn", "Mc", "Me")
        assert first not in "\u200c\u200dーゃゅょっะาำ"
        assert before not in "\u200c\u200dเแโใไ"
        assert unicodedata.combining(before) != 9  # a sign that joins two consonants


def test_thai_is_cut_at_blanks_and_not_inside_a_phrase() -> None:
    text = "วันนี้อากาศดีมาก เราไปเดินเล่นในสวนสาธารณะ แล้วก็กินข้าวด้วยกัน"
    assert texts(text, 5) == [
        "วันนี้อากาศดีมาก ", "เราไปเดินเล่นในสวนสาธารณะ ", "แล้วก็กินข้าวด้วยกัน",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天天气很好，我们一起去公园散步，然后回家吃饭。", "今天天气很好，"),
        ("今日は天気がいいので、公園を散歩しましょう。", "今日は天気がいいので、"),
        ("اليوم الطقس جميل جدا، هيا نتمشى معا في الحديقة.", "اليوم الطقس جميل جدا، "),
        ("苹果；香蕉；还有很多很多其他的水果都在这里。", "苹果；香蕉；"),
    ],
)
def test_marks_of_other_scripts_end_a_clause(text: str, expected: str) -> None:
    assert texts(text, 8)[0] == expected


ALPHABET = (
    "word", "the", "and", " ", " ", " ", " ", "\n", "\n\n", ". ", ", ", "Dr. ", "3.5", "10 GB/s",
    "**", "*", "_", "`", "```", "```python\n", "~~~\n", "| a | b |\n", "|---|", "# ", "- ",
    "1. ", "> ", "[x](http://a.b)", "[", "](", "!", "?", "…", "。", "你好", "、", "สวัสดี", "é", "🎉",
    "\u200d", "\ud800", "$x$", "\\(", "\\", "---\n", "http://x.y/z", "<b>", "&amp;", "—", "\t",
    "\r\n", "2026-01-05",
)  # fmt: skip


def test_random_text_in_random_pieces_is_cut_without_loss() -> None:
    rng = random.Random(42)
    for _ in range(300):
        text = "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(60)))
        cutter, clauses, at = ClauseCutter(), [], 0
        while at < len(text):
            step = rng.randrange(1, 12)
            cutter.feed(text[at : at + step])
            at += step
            while clause := cutter.cut(rng.choice([None, 2, 5, 9])):
                clauses.append(clause)
        while clause := cutter.cut(rng.choice([None, 5]), final=True):
            clauses.append(clause)
        assert "".join(clause.text for clause in clauses) == text
        ends = [0, *(clause.span[1] for clause in clauses)]
        assert [clause.span[0] for clause in clauses] == ends[:-1]
        assert all(text[slice(*clause.span)] == clause.text != "" for clause in clauses)
        assert cutter.pending_words == 0


def test_cutting_after_every_token_stays_cheap() -> None:
    cutter = ClauseCutter()
    text = "This sentence has a moderate number of words, and then it ends. " * 40
    started = time.perf_counter()
    for at in range(0, len(text), 4):
        cutter.feed(text[at : at + 4])
        cutter.cut(12)
    assert (time.perf_counter() - started) / (len(text) / 4) < 0.02


HOSTILE = [
    "." * 10_000 + "x",
    "a, " * 33_000,
    " " * 100_000 + "x",
    "`~" * 5_000 + "\nx",
    "1" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_cut_in_short_steps(text: str) -> None:
    cutter = ClauseCutter("en")
    cutter.feed(text)
    cut = ""
    for _ in range(12):
        started = time.thread_time()
        pending, clause = cutter.pending_words, cutter.cut(4, final=True)
        assert time.thread_time() - started < 0.7, pending
        cut += clause.text if clause else ""
    assert text.startswith(cut) and cut


def test_a_long_block_is_announced_with_its_lines() -> None:
    text = "```python\n" + "total = total + 1\n" * 500 + "```\nDone."
    assert [clause.spoken for clause in cut_all(text, step=len(text))] == [
        "A code block of 500 lines in Python.",
        "Done.",
    ]


def test_a_long_word_counts_for_more_than_one() -> None:
    cutter = ClauseCutter("en")
    cutter.feed("A microwave oven uses electromagnetic waves to heat food")
    clause = cutter.cut(5)
    assert clause is not None
    assert clause.text == "A microwave oven uses "


@pytest.mark.parametrize(
    ("text", "position", "start"),
    [
        ("The sky is blue.", 6, 4),
        ("The sky is blue.", 4, 4),
        ("The sky is blue.", 0, 0),
        ("one\ntwo", 5, 4),
        ("“Well, yes.", 3, 0),
        ("今天天气很好。", 3, 3),
        ("今天天气很好。", 6, 5),
        ("東京は暑いです。", 4, 4),
        ("我用 Python 写代码", 6, 3),
        ("안녕하세요 여러분", 8, 6),
    ],
)
def test_a_word_begins_where_a_reader_sees_it(text: str, position: int, start: int) -> None:
    assert boundaries.word_start(text, position) == start
