"""Kokoro's style vectors: loads the stock ones and mixes them.

A style has a row for each length of text; of its 256 numbers the first 128 colour the sound, the
last 128 steer rhythm and pitch. Knows nothing of text or networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thinktalk.errors import EngineFailed
from thinktalk.voices.catalog import Recipe, Sound, Voice

Rows = npt.NDArray[np.float32]

_SHAPE = (510, 1, 256)
_TIMBRE_SIZE = 128
_MAX_REMEMBERED = 64  # half a megabyte each


@dataclass(frozen=True, slots=True, eq=False)
class Timbre:
    """A voice outside the catalogue, made of Kokoro's styles.

    Attributes:
        rows: shape (510, 1, 256); the same row throughout is fine.
        nearest: the catalogue's voice that speaks for it where Kokoro lacks the language.
        pitch, tract: factors on the pitch and on the length of the vocal tract (kokoro_speech.py).
    """

    rows: Rows
    nearest: Voice
    pitch: float = 1.0
    tract: float = 1.0


class StyleBank:
    """Styles by name, and mixtures of them; what was read or mixed lately is kept.

    Args:
        voices_dir: one `<name>.bin` per style, float32, shape (510, 1, 256).
    """

    def __init__(self, voices_dir: Path) -> None:
        self._voices_dir = voices_dir
        self._stock: dict[str, Rows] = {}
        self._mixed: dict[str, Rows] = {}

    @property
    def names(self) -> list[str]:
        """The styles there are, sorted.

        Raises:
            EngineFailed: none at all.
        """
        names = sorted(file.stem for file in self._voices_dir.glob("*.bin"))
        if not names:
            raise EngineFailed("no voices (*.bin) of Kokoro's are there")
        return names

    def stock(self, name: str) -> Rows:
        """Return the rows of a style as it was published, shape (510, 1, 256)."""
        if name not in self._stock:
            file = self._voices_dir / f"{name}.bin"
            rows = np.fromfile(file, np.float32)
            if rows.size != np.prod(_SHAPE):
                raise EngineFailed(f"{file.name} holds {rows.size} numbers, not {_SHAPE}")
            self._stock[name] = rows.reshape(_SHAPE)
        return self._stock[name]

    def mixed(self, recipe: Recipe) -> Rows:
        """Return the weighted mean of styles, shape (510, 1, 256)."""
        total = sum(recipe.values())
        rows = np.zeros(_SHAPE, np.float32)
        for name, share in recipe.items():
            rows += self.stock(name) * np.float32(share / total)
        return rows

    def rows(self, sound: Sound) -> Rows:
        """Return the rows of `sound`: the colour of one mixture, rhythm and pitch of the other."""
        key = repr((sorted(sound.timbre.items()), sorted(sound.prosody.items())))
        if key not in self._mixed:
            if len(self._mixed) >= _MAX_REMEMBERED:
                self._mixed.pop(next(iter(self._mixed)))
            timbre, prosody = self.mixed(sound.timbre), self.mixed(sound.prosody)
            halves = [timbre[..., :_TIMBRE_SIZE], prosody[..., _TIMBRE_SIZE:]]
            self._mixed[key] = np.concatenate(halves, axis=-1)
        return self._mixed[key]
