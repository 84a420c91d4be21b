"""`thinktalk voices`: the voices of a server."""

from __future__ import annotations

import argparse
from typing import Any

from thinktalk.cli import voice_enrolment
from thinktalk.settings import Settings


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("voices", help="enrol and remove voices")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    voice_enrolment.add_parsers(actions)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    status: int = args.action_func(args, settings)
    return status
