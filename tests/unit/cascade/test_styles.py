"""Mixtures of styles are what their recipes say, and no two voices get the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from thinktalk.engines.cascade.styles import StyleBank
from thinktalk.errors import EngineFailed
from thinktalk.voices import catalog
from thinktalk.voices.catalog import Sound


@pytest.fixture
def bank(tmp_path: Path) -> StyleBank:
    rng = np.random.default_rng(1)
    for style in catalog.styles():
        rng.standard_normal((510, 1, 256)).astype(np.float32).tofile(tmp_path / f"{style.name}.bin")
    return StyleBank(tmp_path)


def test_a_mixture_is_the_mean_by_shares(bank: StyleBank) -> None:
    made = bank.mixed({"af_heart": 3, "bf_emma": 1})
    expected = 0.75 * bank.stock("af_heart") + 0.25 * bank.stock("bf_emma")
    assert made.shape == (510, 1, 256)
    assert np.allclose(made, expected, atol=1e-6)


def test_colour_and_rhythm_come_from_their_own_mixtures(bank: StyleBank) -> None:
    rows = bank.rows(Sound({"af_heart": 1.0}, {"zf_xiaoni": 1.0}, "zh"))
    assert np.array_equal(rows[..., :128], bank.stock("af_heart")[..., :128])
    assert np.array_equal(rows[..., 128:], bank.stock("zf_xiaoni")[..., 128:])


@pytest.mark.parametrize("language", catalog.neural_languages())
def test_no_two_voices_share_their_rows(bank: StyleBank, language: str) -> None:
    made = []
    for voice in catalog.voices():
        sound = catalog.sound_for(voice, language)
        assert sound is not None
        made.append(bank.rows(sound)[100, 0, :128])
    rows = np.stack(made)
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=-1)
    assert apart[~np.eye(len(rows), dtype=bool)].min() > 1.0


def test_a_damaged_style_is_named(tmp_path: Path) -> None:
    (tmp_path / "af_heart.bin").write_bytes(b"\0" * 40)
    with pytest.raises(EngineFailed, match=r"af_heart\.bin holds 10 numbers"):
        StyleBank(tmp_path).stock("af_heart")


def test_a_folder_without_styles_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="no voices"):
        _ = StyleBank(tmp_path).names
