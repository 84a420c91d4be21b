"""Token costs against the figures that the wire contract documents."""

from __future__ import annotations

import pytest

from thinktalk.media.budget import (
    audio_tokens,
    image_tokens,
    output_audio_tokens,
    video_cost,
    video_tokens,
)
from thinktalk.media.types import ResizeHints

CONTEXT_TOKENS = 262_144


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(640, 480, 302), (1280, 720, 882), (1920, 1080, 1224), (64, 64, 27)],
)
def test_images_cost_what_the_contract_says(width: int, height: int, tokens: int) -> None:
    assert image_tokens(width, height) == tokens


def test_high_resolution_raises_the_ceiling_of_images() -> None:
    assert image_tokens(1920, 1080, high_resolution=True) == 2042


def test_small_images_cost_less_in_the_older_family() -> None:
    assert image_tokens(64, 64, "qwen3") == 6


@pytest.mark.parametrize(
    ("duration_s", "num_frames", "width", "height", "tokens"),
    [
        (10, 20, 1056, 576, 5942),
        (60, 120, 1056, 576, 35_642),
        (400, 800, 896, 480, 168_002),
        (3600, 2048, 544, 288, 156_674),
    ],
)
def test_videos_cost_what_the_contract_says(
    duration_s: float, num_frames: int, width: int, height: int, tokens: int
) -> None:
    cost = video_cost(1280, 720, duration_s, 30.0)

    assert (cost.num_frames, cost.width, cost.height) == (num_frames, width, height)
    assert cost.tokens == video_tokens(1280, 720, duration_s) == tokens


def test_400_s_of_720p_video_with_sound_fit_the_context() -> None:
    assert video_tokens(1280, 720, 400) + audio_tokens(400) < CONTEXT_TOKENS


@pytest.mark.parametrize(
    ("duration_s", "num_frames"),
    [(0.2, 2), (10.5, 20), (10.75, 21), (10.7, 21), (11.0, 22)],
)
def test_fractions_of_a_second_count_only_past_one_half(duration_s: float, num_frames: int) -> None:
    assert video_cost(640, 360, duration_s, 30.0).num_frames == num_frames


def test_a_video_has_no_more_sampled_frames_than_pictures() -> None:
    assert video_cost(640, 360, 10.0, source_fps=0.5).num_frames == 4


def test_the_older_family_looks_at_128_frames_at_most() -> None:
    assert video_cost(1280, 720, 120, 30.0, "qwen3").num_frames == 128


@pytest.mark.parametrize(
    ("duration_s", "tokens"), [(0.2, 7), (1.0, 7), (1.01, 8), (10.0, 70), (36_000.0, 252_000)]
)
def test_sound_costs_seven_tokens_a_second_and_at_least_a_second(
    duration_s: float, tokens: int
) -> None:
    assert audio_tokens(duration_s) == tokens


def test_sound_costs_more_in_the_older_family() -> None:
    assert audio_tokens(10.0, "qwen3") == 125


@pytest.mark.parametrize(("duration_s", "tokens"), [(0.0, 0), (0.08, 1), (2.0, 25), (2.01, 26)])
def test_speech_in_the_answer_costs_12_and_a_half_tokens_a_second(
    duration_s: float, tokens: int
) -> None:
    assert output_audio_tokens(duration_s) == tokens


def test_ten_hours_of_sound_fit_the_context() -> None:
    assert audio_tokens(36_000) < CONTEXT_TOKENS


@pytest.mark.parametrize(
    ("hints", "tokens"),
    [
        (ResizeHints(), 1224),
        (ResizeHints(max_pixels=640 * 480), 278),
        (ResizeHints(max_pixels=1), 20),  # clipped to the least of 24 tokens, rounded down
        (ResizeHints(max_pixels=10**9), 1224),
        (ResizeHints(min_pixels=10**9), 1224),
    ],
)
def test_hints_bound_the_pixels_of_a_picture(hints: ResizeHints, tokens: int) -> None:
    assert image_tokens(1920, 1080, hints=hints) == tokens


def test_a_hint_enlarges_a_small_picture() -> None:
    assert image_tokens(64, 64) == 27
    assert image_tokens(64, 64, hints=ResizeHints(min_pixels=320 * 320)) == 102


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        (ResizeHints(), (20, 1056, 576)),
        (ResizeHints(fps=1), (10, 1056, 576)),
        (ResizeHints(fps=0.1), (2, 1056, 576)),
        (ResizeHints(max_pixels=320 * 320), (20, 416, 224)),
        (ResizeHints(total_pixels=1024 * 1024), (20, 416, 224)),
    ],
)
def test_hints_bound_the_frames_of_a_video(
    hints: ResizeHints, expected: tuple[int, int, int]
) -> None:
    cost = video_cost(1280, 720, 10.0, hints=hints)
    assert (cost.num_frames, cost.width, cost.height) == expected
