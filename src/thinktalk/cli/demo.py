"""`thinktalk demo`: one request that holds a picture, a spoken question and text; timed."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from thinktalk.settings import Settings

_TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/app/payments/worker.py", line 87, in process
    order = self.repo.fetch(order_id)
  File "/srv/app/payments/repo.py", line 42, in fetch
    return self.pool.getconn(timeout=30)
psycopg2.pool.PoolError: connection pool exhausted"""
_SPOKEN = "What went wrong here?"
_WRITTEN = "Answer by voice, in two short sentences: the cause and the fix."


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("demo", help="ask about a picture by voice and hear the answer")
    parser.add_argument("--voice", default="Chelsie", help="(default %(default)s)")
    parser.add_argument("--model", default="qwen3.5-omni-flash", help="(default %(default)s)")
    parser.add_argument("-o", "--output", default="reply.wav", help="(default %(default)s)")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from thinktalk import app, library
    from thinktalk.cli.playback import play_or_save
    from thinktalk.cli.weights import pull_with_bars
    from thinktalk.cli.writing import Writing
    from thinktalk.weights.catalog import Catalog

    catalog = Catalog(settings.weights)
    pull_with_bars(catalog, app.build(settings, catalog).weights)
    started = time.perf_counter()
    address, key = library.own_server(settings)
    print(f"server ready in {time.perf_counter() - started:.1f} s", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        picture, question = Path(folder) / "screen.png", Path(folder) / "question.wav"
        _draw(picture)
        question.write_bytes(library.say(_SPOKEN, voice="Ethan", base_url=address, api_key=key))
        print(f"asking with a screenshot, by voice: “{_SPOKEN}”, and in writing: “{_WRITTEN}”\n")
        writing = Writing()
        with library.stream(
            _WRITTEN,
            str(picture),
            str(question),
            voice=args.voice,
            model=args.model,
            base_url=address,
            api_key=key,
        ) as events:
            for event in events:
                writing.show(event)
        writing.end()
    reply = events.reply
    if reply.audio is not None:
        play_or_save(reply.audio, args.output)
    _print_table(reply, _who_answers(args.model, address, key))
    return 0


def _draw(path: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (1000, 260), (24, 26, 31))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(22)
    for number, line in enumerate(_TRACEBACK.splitlines()):
        indent = len(line) - len(line.lstrip())
        colour = (240, 98, 98) if "Error" in line else (220, 220, 220)
        pen.text((20 + 12 * indent, 20 + 36 * number), line.lstrip(), font=font, fill=colour)
    picture.save(path)


def _who_answers(model: str, address: str, key: str) -> str:
    import httpx

    answer = httpx.get(
        f"{address}/models/{model}", headers={"Authorization": f"Bearer {key}"}, trust_env=False
    )
    parts = answer.json().get("parts", {})
    return ", ".join(f"{part}: {weights}" for part, weights in parts.items())


def _print_table(reply: Any, who: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, title="this request")
    rows = (
        ("first text", f"{reply.first_text_s:.2f} s"),
        ("first sound", f"{reply.first_sound_s:.2f} s"),
        ("total", f"{reply.total_s:.2f} s"),
        ("speech", f"{reply.audio.duration_s:.1f} s"),
        ("answered by", f"{reply.model} (Qwen3.5-Omni-compatible) — {who}"),
    )
    for row in rows:
        table.add_row(*row)
    Console().print(table)
