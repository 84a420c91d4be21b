"""What media would take of an engine's own window."""

from __future__ import annotations

import pytest

from thinktalk.engines.base import Capabilities, RealCosts
from thinktalk.media.fitting import Item, Rules, plan
from thinktalk.serving.window import window_of
from thinktalk.settings import MediaPolicy

COSTS = RealCosts(speech_per_s=3.0, image=200, video=600, part_tokens=3000, reply_tokens=1000)
SMALL = Capabilities(name="small", context_tokens=10_000, costs=COSTS)
SHOT = Item(kind="image", width=1280, height=720)
FILM = Item(kind="video", width=1280, height=720, duration_s=100, sound_s=100)


def test_each_kind_takes_what_the_engine_says() -> None:
    window = window_of(plan([SHOT, FILM, Item.recording(50)], "fit", Rules(), 7), SMALL, "fit")
    assert window["needed"] == 7 + 200 + (600 + 300) + 150
    assert (window["engine"], window["limit"]) == ("small", 10_000)
    assert (window["parts"], window["how"]) == (1, "whole")
    assert window["summary"] == "about 1257 of 10000 tokens: fits"


def test_the_reply_needs_room_too() -> None:
    whole = plan([Item.recording(3000)], "fit", Rules())
    more = plan([Item.recording(3000.5)], "fit", Rules())
    assert window_of(whole, SMALL, "fit")["how"] == "whole"  # 9,000 of the 9,000 that are left
    assert window_of(more, SMALL, "fit")["how"] == "mapped and reduced"


@pytest.mark.parametrize(
    ("policy", "how", "parts", "told"),
    [
        ("fit", "mapped and reduced", 4, "needs mapping and reducing in 4 parts"),
        ("split", "mapped and reduced", 4, "needs mapping and reducing in 4 parts"),
        ("trim", "trimmed", 1, "trimmed to fit"),
        ("error", "refused", 1, "refused"),
    ],
)
def test_what_exceeds_the_window_is_treated_by_policy(
    policy: MediaPolicy, how: str, parts: int, told: str
) -> None:
    window = window_of(plan([Item.recording(3600)], policy, Rules()), SMALL, policy)
    assert (window["how"], window["parts"]) == (how, parts)
    assert window["summary"] == f"about 10800 of 10000 tokens: {told}"


def test_only_what_is_left_by_the_policy_counts() -> None:
    trimmed = plan([Item.recording(3600)], "trim", Rules(context_tokens=700))
    assert window_of(trimmed, SMALL, "fit")["needed"] == 300


def test_an_engine_without_prices_of_its_own_takes_the_documented_ones() -> None:
    plain = Capabilities(name="plain", context_tokens=1000)
    assert window_of(plan([SHOT], "fit", Rules()), plain, "fit")["needed"] == 882
    two = window_of(plan([SHOT, SHOT], "fit", Rules()), plain, "fit")
    assert two["parts"] == 2
