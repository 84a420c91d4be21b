"""Replies are those of `generate` of Transformers: ids, codes and, within 1e-4, samples."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import torch

from support import omni_media as media
from support.omni_media import ask, say
from support.omni_model import Heard, Omni, generate, hear
from thinktalk.engines.base import GenerateRequest
from thinktalk.engines.qwen_omni.scheduler import Scheduler
from thinktalk.engines.qwen_omni.speech import Speech

_SYSTEM = say("system", "You are a patient teacher.")
_SOUND = media.audio(24_000)
_PICTURE = media.image(160, 96)
_VIDEO = media.video(6, size=(128, 96))
# 13 positions a second do not make a whole number of this: what follows stands between two.
_UNEVEN = media.video(5, size=(128, 96), step_s=0.37)
_FILM = media.video(6, sound=media.audio(48_000), size=(128, 96))
_ASKED = "What is this? Answer in detail."

REQUESTS = {
    "text": GenerateRequest(messages=(_SYSTEM, say("user", _ASKED))),
    "audio": ask(_SOUND, _ASKED),
    "image": ask(_PICTURE, _ASKED),
    "video": ask(_VIDEO, _ASKED),
    "video between positions": ask(_UNEVEN, _ASKED),
    "sound within video": ask(_FILM, _ASKED),
    "all together": ask(_PICTURE, _SOUND, _VIDEO, media.image(64, 64), _ASKED),
    "several turns": GenerateRequest(
        messages=(
            _SYSTEM,
            say("user", _SOUND, "What do you hear?"),
            say("assistant", "A hum."),
            say("user", _PICTURE, "And this?"),
            say("assistant", "Noise."),
            say("user", "Are you sure?"),
        )
    ),
}


class _Frames(Speech):
    """Keeps the codes of what it speaks."""

    def add(self, codes: torch.Tensor, spoken: torch.Tensor) -> None:
        self.heard = [*getattr(self, "heard", []), codes]
        super().add(codes, spoken)


async def _replied(
    omni: Omni, scheduler: Scheduler, request: GenerateRequest, **limits: int
) -> tuple[Heard, torch.Tensor]:
    reply = omni.reply(omni.read(request), **limits)
    speech = reply.speech
    assert speech is not None
    reply.speech = frames = _Frames(speech.speaker, speech.numbers, speech.max_frames)
    return await hear(scheduler, reply), torch.stack(frames.heard, 1)


@pytest.mark.parametrize("case", REQUESTS)
async def test_a_reply_is_that_of_generate(case: str) -> None:
    omni = Omni.endless()
    expected = generate(omni, omni.read(REQUESTS[case]))
    with omni.scheduler() as scheduler:
        heard, codes = await _replied(omni, scheduler, REQUESTS[case])
    assert heard.tokens == expected.tokens and len(set(heard.tokens)) > 4
    assert torch.equal(codes, expected.codes)
    assert heard.wave.shape == expected.wave.shape
    assert np.abs(heard.wave - expected.wave).max() < 1e-4


async def test_replies_at_once_are_those_of_generate_one_by_one() -> None:
    omni = Omni.endless()
    three = [REQUESTS[case] for case in ("text", "audio", "all together")]
    expected = [generate(omni, omni.read(request)) for request in three]
    with omni.scheduler(slots=3) as scheduler:
        replies = await asyncio.gather(*(_replied(omni, scheduler, request) for request in three))
    for (heard, codes), one in zip(replies, expected, strict=True):
        assert heard.tokens == one.tokens
        assert torch.equal(codes, one.codes)
        assert np.abs(heard.wave - one.wave).max() < 1e-4


async def test_a_long_reply_sounds_as_if_decoded_in_one_go() -> None:
    """Of over 300 frames `generate` itself is no reference: it drops 555 samples each 300."""
    omni = Omni.endless()
    with omni.scheduler() as scheduler:
        heard, codes = await _replied(omni, scheduler, REQUESTS["text"], max_frames=310)
    with torch.inference_mode():
        whole = omni.model.network.code2wav(codes[None]).flatten().numpy()
    assert codes.shape == (16, 310)
    assert heard.wave.shape == whole.shape
    assert np.abs(heard.wave - whole).max() < 1e-4
