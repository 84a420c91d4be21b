"""`thinktalk ask`: one question with any mix of files; the answer as it is written."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thinktalk.cli.target import add_target, find_server
from thinktalk.settings import Settings


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("ask", help="ask a question about any mix of files")
    parser.add_argument(
        "text", help="the question; - reads it from standard input. May also stand after the files"
    )
    parser.add_argument("files", nargs="*", help="pictures, recordings, videos; paths or addresses")
    parser.add_argument("--voice", help="speak the reply in this voice, such as Ethan")
    parser.add_argument("--model", default="qwen3.5-omni-flash", help="(default %(default)s)")
    parser.add_argument("--system", help="system prompt")
    parser.add_argument(
        "--temperature",
        type=float,
        help="how freely it answers, 0 to 2 (default: 0 about files, else the server's own)",
    )
    parser.add_argument("--seed", type=int, help="the same seed gives the same answer")
    parser.add_argument("-o", "--output", help="save the speech here instead of playing it")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    add_target(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from thinktalk import library
    from thinktalk.cli.playback import play_or_save
    from thinktalk.cli.writing import Writing

    text, files = in_order([args.text, *args.files])
    text = sys.stdin.read().strip() if text == "-" else text
    voice = args.voice or ("Tina" if args.output else None)
    writing = Writing(silent=args.json)
    # What stands in a file is to be told, not varied.
    temperature = 0.0 if args.temperature is None and files else args.temperature
    options = {"temperature": temperature, "seed": args.seed}
    with library.stream(
        text,
        *files,
        voice=voice,
        model=args.model,
        system=args.system,
        base_url=find_server(args, settings),
        api_key=args.key,
        **{name: value for name, value in options.items() if value is not None},
    ) as events:
        for event in events:
            writing.show(event)
        reply = events.reply
    writing.end()
    saved = None
    if reply.audio is not None:
        saved = play_or_save(reply.audio, args.output)
    if args.json:
        print(
            json.dumps(
                {
                    "model": reply.model,
                    "text": reply.text,
                    "finish_reason": reply.finish_reason,
                    "audio": str(saved) if saved else None,
                    "usage": reply.usage,
                    "first_text_s": reply.first_text_s,
                    "first_sound_s": reply.first_sound_s,
                    "total_s": reply.total_s,
                    **reply.reports,
                },
                ensure_ascii=False,
            )
        )
    return 0


def in_order(words: Sequence[str]) -> tuple[str, list[str]]:
    """The question and the files: the question is the first word, or the last if that is none."""
    if len(words) > 1 and _is_file(words[0]) and not _is_file(words[-1]):
        return words[-1], list(words[:-1])
    return words[0], list(words[1:])


def _is_file(word: str) -> bool:
    try:
        return word.startswith(("http://", "https://")) or Path(word).is_file()
    except OSError:  # longer than any name may be
        return False
