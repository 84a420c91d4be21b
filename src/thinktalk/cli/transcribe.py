"""`thinktalk transcribe`: the words of a recording."""

from __future__ import annotations

import argparse
from typing import Any

from thinktalk.cli.target import add_target, find_server
from thinktalk.settings import Settings


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("transcribe", help="write down what is said in a recording")
    parser.add_argument("file", help="a recording or a video")
    parser.add_argument("--language", help="ISO 639-1 code; detected when not given")
    parser.add_argument("--translate", action="store_true", help="into English")
    parser.add_argument(
        "--format",
        choices=("text", "json", "srt", "vtt", "verbose_json"),
        default="text",
        help="(default %(default)s)",
    )
    add_target(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from thinktalk import library

    columns = (
        TextColumn("listening"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=1.0)
        text = library.transcribe(
            args.file,
            language=args.language,
            translate=args.translate,
            response_format=args.format,
            on_progress=lambda share: bar.update(task, completed=share),
            base_url=find_server(args, settings),
            api_key=args.key,
        )
    print(text.rstrip("\n"))
    return 0
