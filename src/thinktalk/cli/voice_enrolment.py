"""`thinktalk voices add | remove`: enrol a voice with the server that runs here, or another."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from thinktalk.cli.target import add_target, find_server
from thinktalk.errors import BadRequest
from thinktalk.settings import Settings

# Matching the first voice may have to wait for the models.
_PATIENCE_S = 300.0


def add_parsers(actions: Any) -> None:
    """Add `add` and `remove`."""
    add = actions.add_parser("add", help="enrol a voice from a recording of its speaker")
    add.add_argument("file", help="3 to 60 s of speech, 10 to 20 s are best")
    add.add_argument("--name", required=True, help="what the voice is called")
    add.add_argument(
        "--consent", required=True, help="a statement that the speaker agrees; kept with the voice"
    )
    add.add_argument("--language", help="the language that is spoken in the recording")
    add.add_argument("--text", help="what is said in the recording")
    add.add_argument("--keep-sample", action="store_true", help="keep the recording with the voice")
    remove = actions.add_parser("remove", help="remove every trace of an enrolled voice")
    remove.add_argument(
        "voice", help="its id, as `add` has printed it, or its name where no other of yours has it"
    )
    for parser, action in ((add, run_add), (remove, run_remove)):
        add_target(parser)
        parser.set_defaults(func=action)


def run_add(args: argparse.Namespace, settings: Settings) -> int:
    """Print the id of the new voice; advice on the sample goes to standard error."""
    path = Path(args.file).expanduser()
    fields = {"name": args.name, "consent": args.consent}
    fields |= {name: value for name in ("language", "text") if (value := getattr(args, name))}
    fields["keep_sample"] = "true" if args.keep_sample else "false"
    with path.open("rb") as file:
        voice = _call(
            args, settings, "POST", "", data=fields, files={"audio_sample": (path.name, file)}
        )
    for line in _advice(voice):
        print(line, file=sys.stderr)
    print(voice["id"])
    return 0


def run_remove(args: argparse.Namespace, settings: Settings) -> int:
    """Remove one voice.

    Raises:
        BadRequest: several voices have the name. As `_call`.
    """
    from urllib.parse import quote

    listed = _call(args, settings, "GET", "")["data"]
    ids = [voice["id"] for voice in listed if not voice["builtin"] and voice["name"] == args.voice]
    if len(ids) > 1:
        raise BadRequest(
            f"{len(ids)} of your voices are called {args.voice!r}; say which by its id: "
            + ", ".join(ids)
        )
    voice_id = ids[0] if ids else args.voice
    _call(args, settings, "DELETE", f"/{quote(voice_id, safe='')}")
    print(f"{args.voice} is removed", file=sys.stderr)
    return 0


def _call(
    args: argparse.Namespace, settings: Settings, method: str, path: str, **options: Any
) -> dict[str, Any]:
    """The answer of the server.

    Raises:
        BadRequest: there is no server, or it refuses. `ThinktalkError`: it fails.
    """
    import httpx

    from thinktalk.client import as_error

    server = find_server(args, settings)
    if server is None:
        raise BadRequest(
            "voices belong to a server, and none runs on this machine: start `thinktalk serve`, or "
            "name one with --server"
        )
    try:
        answer = httpx.request(
            method,
            f"{server.rstrip('/')}/audio/voices{path}",
            headers={"Authorization": f"Bearer {args.key}"},
            timeout=httpx.Timeout(_PATIENCE_S, connect=10.0),
            trust_env=False,
            **options,
        )
        answer.raise_for_status()
    except httpx.HTTPError as failure:
        raise as_error(failure) from failure
    body: dict[str, Any] = answer.json()
    return body


def _advice(voice: dict[str, Any]) -> list[str]:
    report = voice.get("voice_report", {})
    lines = [str(report["method"])] if "method" in report else []
    if (similarity := voice.get("similarity")) is not None:
        better = "; it is being improved" if voice.get("state") == "improving" else ""
        lines.append(f"similarity {similarity:.2f}{better}")
    return [*lines, *map(str, report.get("advice", ()))]
