"""What is read in pieces is what is read in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from support import omni_media as media
from support.omni_media import ask
from support.omni_model import CAPACITY, Omni
from thinktalk.engines.qwen_omni import assembly, encoders
from thinktalk.engines.qwen_omni.prompt import Prompt
from thinktalk.engines.qwen_omni.talker import GREEDY, Opening
from thinktalk.engines.qwen_omni.thinker import Reading

_MIXED = ask(
    media.image(160, 96),
    "A picture, then a sound:",
    media.audio(24_000),
    media.video(6, size=(128, 96)),
    "What is this?",
)


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def _tower(name: str) -> Any:
    return getattr(Omni.endless().model.network.thinker.model, name)


def _of(size: int) -> Callable[[], int]:
    return lambda: size


@pytest.mark.parametrize(
    "lengths", [[2050], [100], [99, 7], [7, 43, 30, 43], [2450, 30, 801, 850], [40, 1600]], ids=str
)
def test_sounds_in_pieces(lengths: list[int]) -> None:
    """Some of less than a second, whose end the convolutions pad to that of others."""
    tower, longest = _tower("audio_tower"), max(lengths)
    torch.manual_seed(1)
    log_mel = torch.randn(len(lengths), tower.config.num_mel_bins, longest)
    mask = torch.stack([torch.arange(longest) < length for length in lengths]).int()
    whole = Omni.endless().model.network.thinker.get_audio_features(log_mel, mask)
    pieces = list(encoders.heard(tower, log_mel, mask, _of(1)))
    assert len(pieces) == sum(-(-n // 800) for n in lengths)
    torch.testing.assert_close(torch.cat(pieces), whole.last_hidden_state, atol=1e-5, rtol=1e-5)
    assert len(list(encoders.heard(tower, log_mel, mask, _of(4096)))) == 1


def test_short_sounds_are_as_many_as_a_piece_has_tokens_for() -> None:
    tower = _tower("audio_tower")
    log_mel = torch.randn(9, tower.config.num_mel_bins, 50)
    pieces = list(encoders.heard(tower, log_mel, torch.ones(9, 50).int(), _of(30)))
    assert [len(piece) for piece in pieces] == [4 * 7, 4 * 7, 7]


@pytest.mark.parametrize(("piece_tokens", "num_pieces"), [(1, 6), (40, 3), (4096, 1)])
def test_pictures_in_pieces(piece_tokens: int, num_pieces: int) -> None:
    tower = _tower("visual")
    grids = torch.tensor([[1, 6, 10], [4, 8, 8], [1, 2, 4]])  # 15, 4 x 16 and 2 tokens
    torch.manual_seed(1)
    pixels = torch.randn(int(grids.prod(-1).sum()), 3 * 2 * tower.patch_size**2)
    whole = tower(pixels, grid_thw=grids)
    pieces = list(encoders.seen(tower, pixels, grids, _of(piece_tokens)))
    assert len(pieces) == num_pieces
    tokens = torch.cat([seen for seen, _ in pieces])
    torch.testing.assert_close(tokens, whole.pooler_output, atol=1e-5, rtol=1e-5)
    layers = zip(*(deep for _, deep in pieces), strict=True)
    for layer, expected in zip(layers, whole.deepstack_features, strict=True):
        torch.testing.assert_close(torch.cat(layer), expected, atol=1e-5, rtol=1e-5)


def test_a_prompt_in_pieces() -> None:
    """Cut in the middle of a picture, of the sound and of the video."""
    omni = Omni.endless()
    prompt = omni.read(_MIXED)
    whole, (opening, _) = _read(omni, prompt, 4096)
    pieces, (in_pieces, num_pieces) = _read(omni, prompt, 11)
    torch.testing.assert_close(pieces.scores, whole.scores, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(pieces.heard, whole.heard, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(in_pieces.hidden, opening.hidden, atol=1e-4, rtol=1e-4)
    assert (in_pieces.length, in_pieces.position) == (opening.length, opening.position)
    assert num_pieces == -(-opening.length // 11)


def _read(omni: Omni, prompt: Prompt, size: int) -> tuple[Reading, tuple[Opening, int]]:
    """By the thinker and the talker, in slots that others have used."""
    thinker, voice = assembly.assemble(omni.model, GREEDY, slots=2, capacity=CAPACITY)
    assert voice is not None
    for kept in (*thinker.cache.keys, *voice.talker.cache.values):
        kept.fill_(1e3)
    *_, reading = thinker.read(prompt, 1, _of(size))
    assert reading is not None
    speaker = omni.model.speakers["ethan"]
    *pauses, opening = voice.talker.read(prompt, reading, 700, speaker, 1, _of(size))
    assert opening is not None
    return reading, (opening, len(pauses) + 1)
