"""`thinktalk plan`: what files would cost in a request, and what would become of them."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from thinktalk.settings import MediaPolicy, Settings

if TYPE_CHECKING:
    from thinktalk.engines.base import Capabilities
    from thinktalk.serving.attachments import Source
    from thinktalk.serving.models import ServedModel


_PIPED_COLUMNS = 200


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("plan", help="say what files would cost, without asking a model")
    parser.add_argument("files", nargs="+", help="pictures, recordings, videos; paths or addresses")
    parser.add_argument("--model", default="qwen3.5-omni-flash", help="(default %(default)s)")
    parser.add_argument(
        "--policy",
        choices=get_args(MediaPolicy),
        help="what becomes of media that are too much (default: the setting media.policy)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Returns 1 when a request with these files would be refused."""
    plan = asyncio.run(_planned(args, settings))
    if args.json:
        print(json.dumps(plan, ensure_ascii=False))
    else:
        _show(plan)
    return 1 if plan["refusal"] else 0


async def _planned(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from thinktalk.errors import MediaError
    from thinktalk.media.load import MediaLoader
    from thinktalk.media.worker import DecodeWorker
    from thinktalk.serving.attachments import Attachment
    from thinktalk.serving.fitting import MediaFitting
    from thinktalk.serving.media_plan import media_plan
    from thinktalk.serving.models import find_for_chat

    model = find_for_chat(args.model)
    capabilities = _capabilities(settings, model)
    loader = MediaLoader(settings.media, DecodeWorker(settings.media, num_processes=1))
    try:
        attachments = [
            Attachment(part=name, kind=None, source=_source(name)) for name in args.files
        ]
        media = MediaFitting.of(
            loader, settings, capabilities, family=model.family, policy=args.policy
        )
        return await media_plan(media, attachments, 0, model, capabilities)
    except MediaError as error:
        raise MediaError(f"{error.param}: {error}") from error  # which of the files it is
    finally:
        await loader.stop()


def _capabilities(settings: Settings, model: ServedModel) -> Capabilities | None:
    """Of the engine that would answer, if it is installed; nothing of it is loaded."""
    from thinktalk import app
    from thinktalk.errors import MissingExtra
    from thinktalk.weights.catalog import Catalog

    try:
        engines = app.build(settings, Catalog(settings.weights)).services.engines
    except MissingExtra:
        return None
    return engines[model.tier].capabilities


def _source(name: str) -> Source:
    """An address as it is, a file opened. Raises `OSError`."""
    from thinktalk.media.spool import MediaFile

    if name.startswith(("http://", "https://")):
        return name
    return MediaFile.at(Path(name).expanduser())


def _show(plan: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("FILE", "KIND", "LENGTH", "SIZE", "FRAMES", "TOKENS", "USED", "CHANGES", "BY"):
        is_number = heading in {"LENGTH", "FRAMES", "TOKENS", "USED"}
        may_wrap = heading in {"FILE", "CHANGES"}
        table.add_column(
            heading,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=not may_wrap,
        )
    for item in plan["items"]:
        sent, used = item["sent"], item["used"]
        table.add_row(
            Path(item["part"]).name,
            item["kind"],
            _length(sent.get("seconds")),
            f"{sent['width']}x{sent['height']}" if "width" in sent else "",
            str(sent.get("frames", "")),
            f"{sent['tokens']:,}",
            f"{used['tokens']:,}",
            ", ".join(item["changes"]),
            ", ".join(item["by"]),
        )
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_COLUMNS)  # whole names, for programs to find
    console.print(table)
    for line in _verdicts(plan):
        console.print(line, highlight=False)


def _verdicts(plan: dict[str, Any]) -> list[str]:
    """The lines below the table: the documented context, then the engine's own window."""
    tokens = plan["tokens"]
    sent, used, limit = (f"{tokens[name]:,}" for name in ("sent", "used", "limit"))
    if plan["refusal"]:
        return [f"refused: {plan['refusal']}"]
    documented = f"documented: {sent} of {limit} tokens: fits"
    if plan["tokens"]["used"] > plan["tokens"]["limit"]:
        documented = f"documented: {used} of {limit} tokens: does not fit; worked through in parts"
    elif not plan["fits"]:
        documented = (
            f"documented: {sent} of {limit} tokens: does not fit; {plan['policy']} makes it {used}"
        )
    if plan["window"] is None:
        return [documented]
    return [documented, f"{plan['window']['engine']}: {plan['window']['summary']}"]


def _length(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
