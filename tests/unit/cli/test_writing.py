"""What a command writes while a reply comes in."""

from __future__ import annotations

import pytest

from thinktalk.cli.writing import Writing
from thinktalk.events import Report, TextDelta


def test_what_was_reduced_is_told_in_words_beside_the_reply(
    capsys: pytest.CaptureFixture[str],
) -> None:
    writing = Writing()
    writing.show(TextDelta("Hello."))
    window = {"limit": 32_768, "summary": "read in 3 parts"}
    writing.show(Report("media_report", {"summary": "fit: 9 to 5 tokens", "window": window}))
    writing.show(Report("voice_report", {"voice": "Ethan"}))
    writing.end()
    shown = capsys.readouterr()
    assert shown.out == "Hello.\n"
    assert shown.err.splitlines() == [
        "media_report: fit: 9 to 5 tokens",
        "media_report: read in 3 parts",
        'voice_report: {"voice": "Ethan"}',
    ]
