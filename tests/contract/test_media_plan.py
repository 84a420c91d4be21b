"""`POST /v1/media/plan`: the cost of a request that is not sent yet."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from support.media_files import audio_file, image_file, picture, tone, video_file
from support.server import serving
from support.wire import error_of, post
from thinktalk.testing import ScriptedEngine

PLAN = "/v1/media/plan"


def data_url(data: bytes) -> str:
    return "data:;base64," + base64.b64encode(data).decode()


def sound(duration_s: float) -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": data_url(audio_file(tone(duration_s)))}}


def user(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


SHOT = {"type": "image_url", "image_url": {"url": data_url(image_file(picture(1280, 720)))}}
FILM = {
    "type": "video_url",
    "video_url": {"url": data_url(video_file(10, fps=4, size=(640, 360), sound=tone(10)))},
}


def test_it_costs_each_item_and_calls_no_model() -> None:
    engine = ScriptedEngine()
    with serving(engine) as url:
        answer = post(url, path=PLAN, messages=user({"type": "text", "text": "And?"}, SHOT, FILM))
        alias = post(url, path=f"/compatible-mode{PLAN}", messages=user(SHOT))
    body = answer.json()
    assert engine.requests == []
    assert body["fits"] is True
    assert body["refusal"] is None
    assert body["policy"] == "fit"
    assert body["tokens"] == {"text": 1, "sent": 3155, "used": 3155, "limit": 262_144}
    window = body["window"]
    assert (window["engine"], window["limit"], window["how"]) == ("scripted", 32_768, "whole")
    shot, film = body["items"]
    assert (shot["part"], shot["sent"]["tokens"], shot["sent"]["pixels"]) == (
        "messages.0.content.1",
        882,
        1280 * 720,
    )
    assert film["sent"] == {
        "tokens": 2272,
        "seconds": 10.0,
        "frames": 20,
        "width": 640,
        "height": 360,
        "pixels": 640 * 360,
        "counted": "640x352",
        "picture_tokens": 2202,
        "audio_tokens": 70,
    }
    assert alias.json()["tokens"]["sent"] == 882


def test_it_says_what_fitting_would_do_and_the_answer_does_it() -> None:
    engine = ScriptedEngine()
    with serving(engine, limits={"context_tokens": 1500}) as url:
        plan = post(url, path=PLAN, messages=user(FILM, SHOT)).json()
        answer = post(url, messages=user(FILM, SHOT)).json()
    assert plan["fits"] is False
    assert plan["tokens"]["used"] <= 1500 < plan["tokens"]["sent"]
    told = answer["media_report"]
    assert plan["tokens"] == {"text": 0, **told["tokens"]}
    assert [item["changes"] for item in plan["items"] if item["changes"]] == [
        item["changes"] for item in told["items"]
    ]
    assert plan["tokens"]["used"] == sum(answer["usage"]["prompt_tokens_details"].values())


@pytest.mark.parametrize(
    ("policy", "used", "refusal"),
    [("trim", 300, None), ("split", 770, None), ("error", 770, "media_policy 'fit'")],
)
def test_it_answers_for_every_policy(policy: str, used: int, refusal: str | None) -> None:
    with serving(limits={"context_tokens": 300}) as url:
        plan = post(
            url, path=PLAN, messages=user(sound(100), sound(10)), media_policy=policy
        ).json()
    assert plan["tokens"]["sent"] == 770
    assert 290 <= plan["tokens"]["used"] <= used
    assert (refusal or "") in (plan["refusal"] or "")
    assert bool(plan["refusal"]) == bool(refusal)


@pytest.mark.parametrize("policy", ["fit", "trim", "split", "error"])
def test_a_text_over_the_limit_is_told_to_be_refused(policy: str) -> None:
    text = {"type": "text", "text": "word " * 220_000}
    with serving() as url:
        for parts in ([text], [text, SHOT]):
            answer = post(url, path=PLAN, messages=user(*parts), media_policy=policy)
            assert answer.status_code == 200, answer.text
            plan = answer.json()
            assert (plan["fits"], plan["tokens"]["text"]) == (False, 275_000)
            assert "Range of input length should be [1, 262144]" in plan["refusal"]
            assert "media_policy" not in plan["refusal"]
        refused = post(url, messages=user(text, SHOT), media_policy=policy)
    assert refused.status_code == 400
    assert "Range of input length" in error_of(refused)["message"]


def test_bad_media_and_fields_are_refused_as_a_chat_request_is() -> None:
    broken = {"type": "input_audio", "input_audio": {"data": data_url(b"no sound at all")}}
    with serving() as url:
        refused = post(url, path=PLAN, messages=user(SHOT, broken))
        unknown = post(url, path=PLAN, model="gpt-9", messages=user(SHOT))
        squeezed = post(url, path=PLAN, messages=user(SHOT), media_policy="squeeze")
    assert refused.status_code == 400
    assert error_of(refused)["param"] == "messages.0.content.1"
    assert unknown.status_code == 404
    assert error_of(squeezed)["param"] == "media_policy"
