"""Stage directions are not read out; what merely looks like one is."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade.speakable import speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("*cheerfully* Hello there!", "Hello there!"),
        ("*smiles*", ""),
        ("*smiles warmly* Good to see you.", "Good to see you."),
        ("(cheerfully) Hello there!", "Hello there!"),
        ("(In a cheerful voice) Hello there!", "Hello there!"),
        ("[laughs] That was close.", "That was close."),
        ("Well done! *laughs* You won.", "Well done! You won."),
        ("_softly_ Good night.", "Good night."),
        ("(slowly and calmly)\nThe sun sets.", "The sun sets."),
        ("*clears throat* Ladies and gentlemen,", "Ladies and gentlemen,"),
    ],
)
def test_directions_are_not_said(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Stir it (slowly).", "Stir it, slowly."),
        ("*Slowly* he turned round.", "Slowly he turned round."),
        ("It is *really* good.", "It is really good."),
        ("She *laughs* a lot.", "She laughs a lot."),
        ("**Warmly** dressed people.", "Warmly dressed people."),
        ("(optional) Add salt.", "optional, Add salt."),
        ("*Hamlet* is a play.", "Hamlet is a play."),
    ],
)
def test_everything_else_is(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("zh", "（开心地）你好！", "你好！"),
        ("zh", "（微笑）欢迎。", "欢迎。"),
        ("ja", "（笑）そうですね。", "そうですね。"),
        ("de", "*lacht* Guten Tag.", "Guten Tag."),
        ("fr", "(d'une voix joyeuse) Bonjour.", "Bonjour."),
    ],
)
def test_other_languages_have_them_too(language: str, written: str, said: str) -> None:
    assert speakable(written, language) == said
