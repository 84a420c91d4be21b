"""Hints that a part of a message gives: how many pixels and frames of it to look at."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from support.media_files import image_file, picture, video_file
from support.server import serving
from support.wire import error_of, post
from thinktalk.conversation import ImagePart, VideoPart
from thinktalk.testing import ScriptedEngine


def data_url(data: bytes) -> str:
    return f"data:;base64,{base64.b64encode(data).decode()}"


SHOT = {"type": "image_url", "image_url": {"url": data_url(image_file(picture(1280, 720)))}}
FILM = {
    "type": "video_url",
    "video_url": {"url": data_url(video_file(4.0, size=(640, 480)))},
}
LIST = {"type": "video", "video": [data_url(image_file(picture(64, 48)))] * 4}


def sent(part: dict[str, Any], **hints: float) -> tuple[Any, dict[str, int]]:
    """The part as an engine gets it, and what it is said to cost."""
    engine = ScriptedEngine()
    with serving(engine) as url:
        answer = post(url, messages=[{"role": "user", "content": [{**part, **hints}]}])
    assert answer.is_success, answer.text
    return engine.requests[0].messages[0].parts[0], answer.json()["usage"]["prompt_tokens_details"]


def test_a_picture_is_scaled_to_the_pixels_that_are_wanted() -> None:
    whole, whole_cost = sent(SHOT)
    small, small_cost = sent(SHOT, max_pixels=320 * 320)
    assert isinstance(whole, ImagePart) and isinstance(small, ImagePart)
    assert (whole.image.width, whole.image.height) == (1280, 720)
    assert 90_000 < small.image.width * small.image.height <= 320 * 320
    assert (whole_cost["image_tokens"], small_cost["image_tokens"]) == (882, 93)


def test_a_video_is_sampled_as_it_is_wanted() -> None:
    whole, whole_cost = sent(FILM)
    rare, rare_cost = sent(FILM, fps=0.5)
    small, small_cost = sent(FILM, max_pixels=300 * 300)
    assert isinstance(rare, VideoPart) and isinstance(small, VideoPart)
    assert (len(whole.video.frames), len(rare.video.frames)) == (8, 2)
    assert all(f.image.width * f.image.height <= 90_000 for f in small.video.frames)
    assert rare_cost["video_tokens"] < whole_cost["video_tokens"]
    assert small_cost["video_tokens"] < whole_cost["video_tokens"]


def test_the_rate_of_a_list_says_when_its_pictures_were_taken() -> None:
    usual, usual_cost = sent(LIST)
    rare, rare_cost = sent(LIST, fps=0.5)
    assert [frame.time_s for frame in usual.video.frames] == [0, 0.5, 1, 1.5]
    assert [frame.time_s for frame in rare.video.frames] == [0, 2, 4, 6]
    assert usual_cost == rare_cost


@pytest.mark.parametrize("hints", [{"fps": 0}, {"max_pixels": -5}, {"total_pixels": 0}])
def test_hints_that_mean_nothing_are_refused(hints: dict[str, int]) -> None:
    with serving() as url:
        refused = post(url, messages=[{"role": "user", "content": [{**FILM, **hints}]}])
    assert refused.status_code == 400
    assert error_of(refused)["param"].endswith(next(iter(hints)))
