"""`thinktalk serve`: run the server until it is told to stop."""

from __future__ import annotations

import argparse
from typing import Any

from thinktalk.cli import engine_choice
from thinktalk.settings import Settings


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("serve", help="run the server")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default 8000; 0 picks a free one)")
    parser.add_argument("--strict", action="store_true", help="copy the hosted service's refusals")
    engine_choice.add_arguments(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from thinktalk import app
    from thinktalk.cli.weights import pull_with_bars
    from thinktalk.weights.catalog import Catalog

    settings = engine_choice.apply(args, settings)
    chosen = {"host": args.host, "port": args.port, "strict": args.strict or None}
    given = {name: value for name, value in chosen.items() if value is not None}
    server = type(settings.server).model_validate({**settings.server.model_dump(), **given})
    settings = settings.model_copy(update={"server": server})
    app.check_binding(server)
    if engine_choice.names_qwen_omni(settings):
        engine_choice.fetch_what_fits(settings)
    catalog = Catalog(settings.weights)
    parts = app.build(settings, catalog)
    pull_with_bars(catalog, parts.weights)
    return app.run(parts, settings)
