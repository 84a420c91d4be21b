"""Chat requests as bytes on the wire, for what an SDK would hide."""

from __future__ import annotations

import json
from typing import Any

import httpx

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]
FLASH = "qwen3.5-omni-flash"
CHAT = "/v1/chat/completions"


def chat_body(**fields: Any) -> dict[str, Any]:
    """A request that is right, but for what `fields` changes. None leaves a field out."""
    body = {"model": FLASH, "messages": HELLO, **fields}
    return {name: value for name, value in body.items() if value is not None}


def post(url: str, *, path: str = CHAT, headers: Any = None, **fields: Any) -> httpx.Response:
    return httpx.post(
        url + path, json=chat_body(**fields), headers=headers, timeout=30, trust_env=False
    )


def error_of(response: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    return error


def events_of(response: httpx.Response) -> list[Any]:
    """The data of each server-sent event, parsed; `[DONE]` as text."""
    events = []
    for block in response.text.split("\n\n"):
        if block and not block.startswith(":"):
            assert block.startswith("data: ") and "\n" not in block
            data = block.removeprefix("data: ")
            events.append(data if data == "[DONE]" else json.loads(data))
    return events
