"""What media would take of an engine's own window."""

from __future__ import annotations

from typing import Any

import pytest

from thinktalk.engines.base import Capabilities, RealCosts
from thinktalk.media.fitting import Item, Plan, Rules, plan
from thinktalk.media.types import FrameSampling
from thinktalk.serving.media_report import Used
from thinktalk.serving.window import Window
from thinktalk.settings import MediaPolicy

COSTS = RealCosts(speech_per_s=3.0, image=200, video=600, part_tokens=3000, reply_tokens=1000)
SMALL = Capabilities(name="small", context_tokens=10_000, costs=COSTS)
SHOT = Item(kind="image", width=1280, height=720)
FILM = Item(kind="video", width=1280, height=720, duration_s=100, sound_s=100)

# What sees patches of pictures, and hears sound whole.
PATCHES = RealCosts(speech_per_s=13, image=None, video=None, part_tokens=None, reply_tokens=1000)
SEEING = Capabilities(
    name="seeing",
    context_tokens=10_000,
    frames=FrameSampling(max_frames=100, max_total_pixels=2 * 7000 * 1024, multiple=32),
    costs=PATCHES,
)


def window_of(
    planned: Plan, capabilities: Capabilities, policy: MediaPolicy = "fit"
) -> dict[str, Any]:
    return _window(planned, capabilities).estimate(policy)


def _window(planned: Plan, capabilities: Capabilities) -> Window:
    frames, rules = capabilities.frames, planned.rules
    used = [Used.expected(portion, frames, rules) for portion in planned.portions]
    return Window(planned, used, capabilities)


def as_sent(*items: Item) -> Plan:
    return plan(items, "split", Rules(), 8)


def test_each_kind_takes_what_the_engine_says() -> None:
    window = window_of(plan([SHOT, FILM, Item.recording(50)], "fit", Rules(), 7), SMALL)
    assert window["needed"] == 7 + 200 + (600 + 300) + 150
    assert (window["engine"], window["limit"]) == ("small", 10_000)
    assert (window["parts"], window["how"]) == (1, "whole")
    assert window["summary"] == "about 1257 of 10000 tokens: fits"


def test_the_reply_needs_room_too() -> None:
    whole = plan([Item.recording(3000)], "fit", Rules())
    more = plan([Item.recording(3000.5)], "fit", Rules())
    assert window_of(whole, SMALL)["how"] == "whole"  # 9,000 of the 9,000 that are left
    assert window_of(more, SMALL)["how"] == "mapped and reduced"


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
    assert window_of(trimmed, SMALL)["needed"] == 300


def test_an_engine_without_prices_of_its_own_takes_the_documented_ones() -> None:
    plain = Capabilities(name="plain", context_tokens=1000)
    assert window_of(plan([SHOT], "fit", Rules()), plain)["needed"] == 882
    two = window_of(plan([SHOT, SHOT], "fit", Rules()), plain)
    assert two["parts"] == 2


def test_pictures_count_by_their_pixels_where_the_engine_sees_patches_of_them() -> None:
    assert window_of(as_sent(SHOT), SEEING)["needed"] == 8 + 40 * 22
    photo = Item(kind="image", width=9000, height=6000)
    assert window_of(as_sent(photo), SEEING)["needed"] == 8 + 137 * 91  # of 12,544
    # 100 frames, two of which share some 140 tokens; of 20 s 40, and some 350.
    for duration_s, pictures in ((100, 7000), (20, 7000)):
        film = Item(kind="video", width=1280, height=720, duration_s=duration_s, sound_s=10)
        needed = window_of(as_sent(film), SEEING)["needed"]
        assert needed == pytest.approx(8 + pictures + 130, rel=0.1)
    thumb = Item(kind="video", width=64, height=64, duration_s=5)
    assert window_of(as_sent(thumb), SEEING)["needed"] == 8 + 5 * 144  # 128 are too few


LECTURE = Item(kind="video", width=1280, height=720, duration_s=300, sound_s=300)
HOUR, PHOTO = Item.recording(3600), Item(kind="image", width=4000, height=3000)


@pytest.mark.parametrize(
    ("items", "hows", "remedies"),
    [
        ((LECTURE,), ("fitted", "fitted", "trimmed", "refused"), ("fit", "trim")),
        ((HOUR, SHOT), ("refused", "refused", "trimmed", "refused"), ("trim",)),
        ((PHOTO, SHOT), ("fitted", "fitted", "refused", "refused"), ("fit",)),
        ((PHOTO, HOUR), ("refused", "refused", "refused", "refused"), ()),
        # It has room, though a reply has little: there is nothing to take away.
        ((Item.recording(720),), ("whole", "whole", "trimmed", "whole"), ("fit", "trim")),
        ((SHOT,), ("whole", "whole", "whole", "whole"), ("fit", "trim")),
    ],
)
def test_an_engine_that_reads_nothing_in_parts_fits_trims_or_refuses(
    items: tuple[Item, ...], hows: tuple[str, ...], remedies: tuple[str, ...]
) -> None:
    window = _window(as_sent(*items), SEEING)
    policies: tuple[MediaPolicy, ...] = ("fit", "split", "trim", "error")
    estimates = [window.estimate(policy) for policy in policies]
    assert tuple(estimate["how"] for estimate in estimates) == hows
    assert {estimate["parts"] for estimate in estimates} == {1}
    assert window.remedies() == remedies
