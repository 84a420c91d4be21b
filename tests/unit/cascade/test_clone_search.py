"""The search for a voice, against a synthesiser whose embedding is known in closed form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from thinktalk.engines.cascade.clone.learned import LearnedEncoder
from thinktalk.engines.cascade.clone.search import Search
from thinktalk.engines.cascade.clone.voice import FittedVoice
from thinktalk.errors import EngineFailed

Floats = npt.NDArray[np.float32]


def unit(vector: npt.ArrayLike) -> Floats:
    values = np.asarray(vector, np.float64)
    return np.asarray(values / np.linalg.norm(values), np.float32)


class World:
    """Voices of eight numbers, heard as sixteen; the encoder knows it but for a tenth."""

    def __init__(self) -> None:
        random = np.random.default_rng(3)
        self.base = random.uniform(0.5, 1.0, 16)
        self.slope = random.standard_normal((8, 16)) * 0.2
        guessed = self.slope + 0.1 * random.standard_normal((8, 16)) * 0.2
        scale = np.linalg.norm(self.base)
        self.encoder = LearnedEncoder(
            mean_embedding=unit(self.base),
            mean_point=np.zeros(8, np.float32),
            # Shrunk, as ridge regression shrinks.
            to_point=(0.4 * np.linalg.pinv(guessed) * scale).astype(np.float32),
        )

    def hear(self, point: Floats, noise: Floats | float = 0.0) -> Floats:
        return unit(self.base + point @ self.slope + noise)


def test_each_step_comes_nearer_to_a_voice_that_can_be_made() -> None:
    world = World()
    target = world.hear(np.random.default_rng(5).standard_normal(8).astype(np.float32))
    search = Search(world.encoder, target)
    first = float(world.hear(search.candidate) @ target)
    for _ in range(30):
        search.tell(world.hear(search.candidate))
    assert first < 0.99
    assert float(world.hear(search.result) @ target) > 0.995


def test_what_differs_from_phrase_to_phrase_is_averaged_out() -> None:
    world, random = World(), np.random.default_rng(6)
    target = world.hear(random.standard_normal(8).astype(np.float32))
    search = Search(world.encoder, target)
    for _ in range(40):
        noise = (0.2 * random.standard_normal(16)).astype(np.float32)
        search.tell(world.hear(search.candidate, noise))
    result = float(world.hear(search.result) @ target)
    assert result > float(world.hear(world.encoder.point(target)) @ target)


def test_a_fitted_voice_survives_as_bytes() -> None:
    style = np.linspace(-1, 1, 256, dtype=np.float32)
    voice = FittedVoice(style, pitch=1.1, tract=0.95)
    again = FittedVoice.from_bytes(voice.to_bytes())
    assert np.array_equal(again.style, style)
    assert (again.pitch, again.tract) == pytest.approx((1.1, 0.95))


@pytest.mark.parametrize(
    "data", [b"", b"abc", bytes(1032), np.full(258, np.nan, "<f4").tobytes()], ids=len
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(EngineFailed):
        FittedVoice.from_bytes(data)


def test_the_encoder_of_the_package_fits_the_space() -> None:
    encoder = LearnedEncoder.load()
    assert encoder.to_point.shape == (256, 98)
    assert np.isfinite(encoder.point(encoder.mean_embedding)).all()
