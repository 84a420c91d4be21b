"""What is used of media that cost more than there is room for."""

from __future__ import annotations

import pytest

from thinktalk.errors import MediaTooLong, PromptTooLong
from thinktalk.media.fitting import Item, Plan, Rules, plan
from thinktalk.media.types import ResizeHints
from thinktalk.settings import MediaPolicy

RULES = Rules()
LIMIT = RULES.context_tokens


def video(duration_s: float, width: int = 1280, height: int = 720, **fields: object) -> Item:
    return Item(
        kind="video",
        width=width,
        height=height,
        duration_s=duration_s,
        sound_s=duration_s,
        **fields,  # type: ignore[arg-type]
    )


def picture(width: int = 1280, height: int = 720, hints: ResizeHints | None = None) -> Item:
    return Item(kind="image", width=width, height=height, hints=hints or ResizeHints())


def planned(*items: Item, policy: MediaPolicy = "fit", rules: Rules = RULES) -> Plan:
    return plan(items, policy, rules)


@pytest.mark.parametrize("policy", ["fit", "trim", "split", "error"])
def test_400_s_of_720p_video_with_sound_fit_as_they_are(policy: MediaPolicy) -> None:
    fitting = planned(video(400), policy=policy)
    assert fitting.used_tokens == fitting.sent_tokens == 168_002 + 2_800
    assert fitting.fits_as_sent
    assert not fitting.is_split


@pytest.mark.parametrize("policy", ["fit", "trim", "split", "error"])
def test_what_costs_exactly_the_limit_is_left_alone(policy: MediaPolicy) -> None:
    rules = Rules(context_tokens=882 + 70)
    fitting = planned(picture(), Item.recording(10), policy=policy, rules=rules)
    assert fitting.used_tokens == 952
    assert fitting.fits_as_sent


def test_one_token_more_than_the_limit_is_too_many() -> None:
    rules = Rules(context_tokens=882 + 69)
    fitting = planned(picture(), Item.recording(10), rules=rules)
    assert not fitting.fits_as_sent
    assert fitting.portions[0].cost.tokens <= 881
    with pytest.raises(PromptTooLong, match=r"\[1, 951\] \(this prompt has 952 tokens; "):
        planned(picture(), Item.recording(10), policy="error", rules=rules)


def test_text_takes_its_share_of_the_room() -> None:
    rules = Rules(context_tokens=1_000)
    assert plan([picture()], "fit", rules, 118).fits_as_sent
    fitting = plan([picture()], "fit", rules, 119)
    assert fitting.sent_tokens == 1_001
    assert 900 < fitting.used_tokens <= 1_000


def test_pixels_are_lowered_before_frames_are_left_out() -> None:
    two, ten, thirty = (planned(*[video(400)] * count) for count in (2, 10, 30))
    for fitting in (two, ten, thirty):
        assert 0.9 * LIMIT < fitting.used_tokens <= LIMIT
    assert [(p.cost.num_frames, p.cost.width) for p in two.portions] == [(800, 768)] * 2
    floor = ten.portions[0].cost
    assert floor.num_frames < 800
    assert (floor.width, floor.height) == (320, 192)
    rarest = thirty.portions[0].cost
    assert (rarest.width, rarest.height) == (320, 192)
    assert rarest.num_frames < floor.num_frames
    # Length is never cut: the sound of all is heard to its end.
    assert all(portion.cost.sound_s == 400 for portion in thirty.portions)


def test_no_more_is_taken_than_is_needed() -> None:
    """One row or column of tokens more, and it would not fit any longer."""
    fitting = planned(video(400), video(400))
    cost = fitting.portions[0].cost
    per_row = cost.num_frames // 2 * cost.width // 32
    assert fitting.used_tokens + 2 * per_row > LIMIT


def test_what_costs_most_is_lowered_first_and_the_rest_stays() -> None:
    fitting = planned(video(60), video(3600), video(1200), picture())
    short, longest, long, shot = (portion.cost for portion in fitting.portions)
    assert (short, shot) == (fitting.sent[0], fitting.sent[3])
    assert longest.tokens == long.tokens < fitting.sent[2].tokens


def test_2048_pictures_are_lowered_evenly_to_fit() -> None:
    fitting = planned(*[picture(640 + n % 7, 480 + n % 5) for n in range(2048)])
    assert 0.9 * LIMIT < fitting.used_tokens <= LIMIT
    tokens = [portion.cost.tokens for portion in fitting.portions]
    assert max(tokens) - min(tokens) <= 16
    assert not fitting.is_split


def test_pictures_that_are_small_already_are_spared() -> None:
    fitting = planned(*[picture()] * 300, picture(64, 64))
    assert fitting.portions[-1].cost == fitting.sent[-1]
    assert fitting.used_tokens <= LIMIT


def test_the_senders_fewest_pixels_are_kept_while_frames_can_go() -> None:
    wanted = ResizeHints(min_pixels=600 * 1024)
    fitting = planned(*[video(400, hints=wanted)] * 3)
    for portion in fitting.portions:
        assert portion.cost.width * portion.cost.height >= 590 * 1024
        assert portion.cost.num_frames < 800
    assert fitting.used_tokens <= LIMIT


def test_they_give_way_when_nothing_else_can() -> None:
    wanted = ResizeHints(min_pixels=1_000 * 1024)
    fitting = planned(*[picture(hints=wanted)] * 1000)
    assert fitting.used_tokens <= LIMIT
    assert fitting.portions[0].cost.tokens < 300


def test_the_senders_hints_are_part_of_what_is_sent() -> None:
    fitting = planned(video(400, hints=ResizeHints(fps=1, max_pixels=320 * 320)))
    assert (fitting.sent[0].num_frames, fitting.sent[0].width) == (400, 416)
    assert fitting.used_tokens == fitting.sent_tokens


def test_sound_that_is_too_long_is_split_and_pictures_beside_it_stay() -> None:
    fitting = planned(Item.recording(50_000), picture())
    assert fitting.is_split
    assert [portion.cost for portion in fitting.portions] == list(fitting.sent)


def test_over_ten_hours_of_sound_are_more_than_one_request() -> None:
    assert not planned(Item.recording(36_000)).is_split
    assert planned(Item.recording(36_001)).is_split  # 252,007 tokens, which would fit
    with pytest.raises(MediaTooLong, match=r"36001\.0 s; the limit is 36000 s; media_policy 'fit'"):
        planned(Item.recording(36_001), policy="error")


def test_pictures_make_room_for_sound_that_fits_alone() -> None:
    fitting = planned(Item.recording(36_000), *[picture()] * 100)
    assert not fitting.is_split
    assert fitting.portions[0].cost.sound_s == 36_000
    assert 0.99 * LIMIT < fitting.used_tokens <= LIMIT


def test_trimming_cuts_the_end_of_the_longest_and_keeps_sizes() -> None:
    fitting = planned(Item.recording(50_000), Item.recording(300), policy="trim")
    long, short = fitting.portions
    assert short.cost.duration_s == 300
    assert long.cost.duration_s == 36_000 - 300
    assert not fitting.is_split


def test_trimming_cuts_all_that_is_longer_at_the_same_second() -> None:
    fitting = planned(video(400), video(500), video(50), policy="trim")
    first, second, third = (portion.cost for portion in fitting.portions)
    assert first.duration_s == second.duration_s < 400
    assert third.duration_s == 50
    assert fitting.used_tokens <= LIMIT
    one_more = [video(first.duration_s + 1)] * 2 + [video(50)]
    assert planned(*one_more, policy="split").sent_tokens > LIMIT


def test_trimming_cannot_help_where_there_is_nothing_to_cut() -> None:
    with pytest.raises(PromptTooLong, match="media_policy 'fit' or 'split' would let it pass"):
        planned(*[picture()] * 2048, policy="trim")


def test_splitting_takes_nothing() -> None:
    fitting = planned(*[video(400)] * 5, policy="split")
    assert fitting.is_split
    assert fitting.used_tokens == fitting.sent_tokens == 5 * 170_802


def test_an_error_says_what_it_would_cost_and_what_would_help() -> None:
    with pytest.raises(PromptTooLong) as refused:
        planned(video(400), video(400), policy="error")
    assert "Range of input length should be [1, 262144]" in str(refused.value)
    assert "341604 tokens; media_policy 'fit', 'trim' or 'split'" in str(refused.value)


def test_no_policy_mends_a_text_that_is_too_long() -> None:
    with pytest.raises(PromptTooLong) as refused:
        plan([picture()], "error", RULES, 300_000)
    assert "media_policy" not in str(refused.value)


@pytest.mark.parametrize("policy", ["fit", "trim", "split", "error"])
@pytest.mark.parametrize("items", [[], [picture()], [Item.recording(50_000)]])
def test_a_text_that_is_too_long_alone_is_refused(policy: MediaPolicy, items: list[Item]) -> None:
    with pytest.raises(PromptTooLong, match=r"\[1, 262144\] \(this prompt has \d+ tokens\)"):
        plan(items, policy, RULES, LIMIT + 1)
    assert plan([], policy, RULES, LIMIT).fits_as_sent


def test_the_older_family_has_prices_of_its_own() -> None:
    rules = Rules(family="qwen3", context_tokens=49_152)
    fitting = planned(*[video(120)] * 4, rules=rules)
    assert fitting.sent[0].num_frames == 128
    assert fitting.sent[0].audio_tokens == 1_500
    assert fitting.used_tokens <= 49_152
