"""Which server a command talks to: the one named, the one that runs here, or none."""

from __future__ import annotations

import argparse
import ipaddress
import socket
from urllib.parse import urlsplit

from thinktalk.settings import Settings


def add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server",
        metavar="URL",
        help="an endpoint such as http://127.0.0.1:8000/v1 (default: the server that runs on this "
        "machine if there is one, else the models are loaded here)",
    )
    parser.add_argument(
        "--key",
        help="API key of that server (default: the first of the settings here, for servers of this "
        "machine only)",
    )


def find_server(args: argparse.Namespace, settings: Settings) -> str | None:
    """The base URL to use, or None to load the models in this process; fills in `args.key`."""
    base: str | None = args.server
    if base and "://" not in base:
        base = f"http://{base}"
    keys = settings.server.api_keys if base is None or _is_local(base) else ()
    args.key = args.key or (keys[0].get_secret_value() if keys else "none")
    if base:
        return _with_path(base)
    if _is_thinktalk(settings.server.port):
        return f"http://127.0.0.1:{settings.server.port}/v1"
    return None


def _with_path(base: str) -> str:
    """The endpoint of a server that is named by its address alone."""
    host = base.partition("://")[2].rstrip("/")
    return base if "/" in host else f"{base.rstrip('/')}/v1"


def _is_local(base: str) -> bool:
    """Whether the key of this machine's settings may be shown to whoever answers there."""
    try:
        name = urlsplit(base).hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_thinktalk(port: int) -> bool:
    """Whether our server answers on this port; one refused connection where none runs."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            pass
    except OSError:
        return False
    import httpx

    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/version", timeout=1.0, trust_env=False)
        return answer.status_code == 200 and set(answer.json()) == {"version", "build", "models"}
    except (httpx.HTTPError, ValueError, TypeError):
        return False
