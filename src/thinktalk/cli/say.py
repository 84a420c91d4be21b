"""`thinktalk say`: speak a text into a sound file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from thinktalk.cli.target import add_target, find_server
from thinktalk.errors import BadRequest
from thinktalk.settings import Settings

_FORMATS = {"wav", "mp3", "opus", "aac", "flac", "pcm"}


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("say", help="speak a text into a sound file")
    parser.add_argument("text", help="what to say; - reads it from standard input")
    parser.add_argument("-o", "--output", default="speech.wav", help="(default %(default)s)")
    parser.add_argument("--voice", default="Tina", help="(default %(default)s)")
    parser.add_argument("--speed", type=float, default=1.0, help="0.25 to 4 (default 1)")
    add_target(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from thinktalk import library

    output = Path(args.output)
    file_format = format_of(output)
    text = sys.stdin.read() if args.text == "-" else args.text
    speech = library.say(
        text,
        voice=args.voice,
        speed=args.speed,
        file_format=file_format,
        base_url=find_server(args, settings),
        api_key=args.key,
    )
    output.write_bytes(speech)
    print(f"saved to {output}", file=sys.stderr)
    return 0


def format_of(output: Path) -> str:
    """The format that the ending of `output` asks for. Raises `BadRequest` for unknown ones."""
    file_format = output.suffix.lstrip(".").lower()
    if file_format not in _FORMATS:
        known = ", ".join(f".{name}" for name in sorted(_FORMATS))
        raise BadRequest(f"{output}: the ending must be one of {known}")
    return file_format
