"""Plays a reply where there is a player and a listener, else saves it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from thinktalk.client import Sound

_PLAYERS = (
    ("paplay",),
    ("aplay", "-q"),
    ("afplay",),
    ("ffplay", "-nodisp", "-autoexit", "-v", "0"),
)
_DEFAULT_FILE = "reply.wav"


def play_or_save(sound: Sound, output: str | None) -> Path | None:
    """Save to `output` if given; else play on a terminal, or save `reply.wav`. Returns the file."""
    if output is None and sys.stdout.isatty() and _play(sound):
        return None
    path = sound.save(output or _DEFAULT_FILE)
    print(f"{sound.duration_s:.1f} s of speech saved to {path.resolve()}", file=sys.stderr)
    return path


def _play(sound: Sound) -> bool:
    """Whether it was played; says why not where no player is installed."""
    player = next((player for player in _PLAYERS if shutil.which(player[0])), None)
    if player is None:
        names = ", ".join(player[0] for player in _PLAYERS)
        print(f"no program that plays sound is installed ({names})", file=sys.stderr)
        return False
    with tempfile.TemporaryDirectory() as folder:
        path = sound.save(Path(folder) / _DEFAULT_FILE)
        try:
            return subprocess.run([*player, str(path)], check=False).returncode == 0
        except KeyboardInterrupt:
            return True
