"""A foreign word within a clause is said in its own language."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade.clauses import ClauseCutter
from thinktalk.engines.cascade.runs import runs

SCRIPTS = [
    ("In Thai you say สวัสดีครับ.", "en", ["In Thai you say |en", "สวัสดีครับ.|th"]),
    ("Он сказал: hello world", "ru", ["Он сказал: |ru", "hello world|en"]),
    ("我喜欢 machine learning", "zh", ["我喜欢 |zh", "machine learning|en"]),
    ("日本語で thank you と言う", "ja", ["日本語で |ja", "thank you |en", "と言う|ja"]),
    ("It says שלום and 안녕.", "en", ["It says |en", "שלום |he", "and |en", "안녕.|ko"]),
    ("नमस्ते means hello.", "en", ["नमस्ते |hi", "means hello.|en"]),
    ("The angle α is 3.", "en", ["The angle α is 3.|en"]),
    ("Das heißt good morning", "de", ["Das heißt good morning|de"]),
    ("12, 13!", "fr", ["12, 13!|fr"]),
    ("", "en", []),
]
QUOTATIONS = [
    ("The French say « bonne nuit ».", ["The French say |en", "“bonne nuit”|fr", ".|en"]),
    ('She said "das ist nicht gut" and left.',
     ["She said |en", "“das ist nicht gut”|de", " and left.|en"]),
    ("Er sagte „this is the best of all“ und ging.",
     ["Er sagte |de", "“this is the best of all”|en", " und ging.|de"]),
    ("It means 3 cats: „das sind die 3 Katzen“.",
     ["It means three cats: |en", "“das sind die drei Katzen”|de", ".|en"]),
    ('The French word for "dog" is "chien".', ["The French word for dog is chien.|en"]),
    ('The French for "good morning" is "bonjour".',
     ["The French for good morning is bonjour.|en"]),
    ('"Don\'t do it," he said.', ["Don't do it, he said.|en"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "language", "expected"), SCRIPTS)
def test_another_script_is_another_language(text: str, language: str, expected: list[str]) -> None:
    found = runs(text, language)
    assert [f"{run.text}|{run.language}" for run in found] == expected
    assert "".join(run.text for run in found) == text


@pytest.mark.parametrize(("text", "expected"), QUOTATIONS)
def test_a_quotation_is_another_language_where_that_is_sure(text: str, expected: list[str]) -> None:
    cutter = ClauseCutter()
    cutter.feed(text)
    clause = cutter.cut(final=True)
    assert clause is not None
    assert clause.text == text
    found = runs(clause.spoken, clause.language)
    assert [f"{run.text}|{run.language}" for run in found] == expected
