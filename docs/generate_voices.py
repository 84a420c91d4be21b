"""Writes the table of voices in docs/voices.md: `python docs/generate_voices.py`."""

from __future__ import annotations

from pathlib import Path

from thinktalk.voices import catalog
from thinktalk.voices.catalog import Recipe, Voice

PAGE = Path(__file__).parent / "voices.md"
_START, _END = "<!-- voices: generated -->\n", "<!-- /voices -->\n"


def render() -> str:
    """The table, with the marks around it."""
    rows = "\n".join(map(_row, catalog.voices()))
    head = "| name | home | gender | Kokoro | eSpeak NG |\n|---|---|---|---|---|\n"
    return f"{_START}{head}{rows}\n{_END}"


def _row(voice: Voice) -> str:
    sound = _told(voice.recipe)
    if voice.prosody is not None:
        sound += f", rhythm of {_told(voice.prosody)}"
    pitch = f" at {voice.espeak_pitch}" if voice.espeak_pitch != 50 else ""
    return f"| {voice.name} | {voice.language} | {voice.gender} | {sound} | {voice.espeak}{pitch} |"


def _told(recipe: Recipe) -> str:
    return " + ".join(
        f"{share:.0%} {name}" if share < 1 else name for name, share in recipe.items()
    )


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_START)
    _, _, after = rest.partition(_END)
    PAGE.write_text(before + render() + after, encoding="utf-8")


if __name__ == "__main__":
    main()
