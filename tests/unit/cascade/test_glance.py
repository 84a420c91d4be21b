"""What a quick reading repeats is written once."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade.glance import once


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Can you? Can you? Can you? Can", "Can you?"),
        ("Wait Wait Wait Wa", "Wait"),
        ("待て。待て。待て。", "待て。"),
        ("Right, right.", "Right, right."),
        ("Okay okay okay stop", "Okay okay okay stop"),
        ("yeah yeah yeah but why is that", "yeah but why is that"),
        ("是的是的是的但是我想问", "是的 但是我想问"),
        ("No, I meant", "No, I meant"),
        ("", ""),
    ],
)
def test_only_what_comes_three_times_is_a_repetition(text: str, said: str) -> None:
    assert once(text) == said
