"""A screenshot of a 20-line traceback to the first text of the answer.

python -m benchmarks.screenshot
"""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path

from PIL import Image

from benchmarks.results import median, report
from benchmarks.server import running_server
from benchmarks.speech import Rows
from thinktalk.client import Client, Question

PICTURE = Path(__file__).parent / "pictures" / "traceback_1280x720.png"
MODEL = "qwen3.5-omni-flash"
_RUNS = 9


def variant(number: int) -> str:
    """The picture with one pixel changed, so that no run remembers an earlier one."""
    picture = Image.open(PICTURE).convert("RGB")
    picture.putpixel((number, 0), (1 + number, 0, 0))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


async def measure(url: str) -> tuple[Rows, list[dict[str, object]]]:
    details: list[dict[str, object]] = []
    async with Client(f"{url}/v1") as client:
        for number in range(_RUNS + 1):
            # The number stands first: no run finds the notes of another in its prefix cache.
            content = [
                {"type": "text", "text": f"Screenshot {number}:"},
                {"type": "image_url", "image_url": {"url": variant(number)}},
            ]
            question = Question(
                "What error is shown, and in which file and line?",
                model=MODEL,
                history=({"role": "user", "content": content},),
                options={"temperature": 0, "max_tokens": 80},
            )
            async for _, reply in client.stream(question):  # noqa: B007 - read after the loop
                pass
            if number:  # the first one warms up
                details.append(
                    {
                        "first_text_s": reply.first_text_s,
                        "total_s": reply.total_s,
                        "usage": reply.usage,
                        "text": reply.text,
                    }
                )
    first = [float(str(detail["first_text_s"])) for detail in details]
    rows: Rows = [
        {"figure": "screenshot to first text, median s", "value": median(first)},
        {"figure": "screenshot to first text, worst s", "value": round(max(first), 3)},
    ]
    return rows, details


def main() -> None:
    with running_server() as server:
        rows, details = asyncio.run(measure(server.url))
    report("screenshot", rows, details)


if __name__ == "__main__":
    main()
