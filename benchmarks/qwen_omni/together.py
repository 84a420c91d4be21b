"""Several replies at once, and a long prompt that arrives while somebody is spoken to."""

from __future__ import annotations

import asyncio
import statistics

from tests.support import omni_media

from benchmarks.qwen_omni.figures import Figure
from benchmarks.qwen_omni.heard import Heard, longest_gap
from benchmarks.qwen_omni.subject import Served
from benchmarks.results import percentile
from thinktalk.engines.qwen_omni.prompt import Prompt

_AT_ONCE = (1, 2, 4, 8)
_LONG_TOKENS, _LINE_TOKENS = 2000, 20  # a line has a few less
_LONG_S = 120
_IN_HAND_S = 1.0  # of sound given out when the long prompt arrives
_POLL_S = 0.002


async def measure(served: Served, num_replies: int) -> list[Figure]:
    figures = []
    for number in _AT_ONCE:
        figures += await _at_once(served, number, num_replies)
    text = _long_prompt(served)
    figures += await _interrupted(
        served, num_replies, text, f"prompt of {text.input_ids.shape[1]} tokens"
    )
    recording = omni_media.audio(_LONG_S * 16_000)
    sound = served.reader.read(omni_media.ask(recording, "What do you hear?"))
    return figures + await _interrupted(served, num_replies, sound, f"{_LONG_S} s of sound")


async def _at_once(served: Served, number: int, num_rounds: int) -> list[Figure]:
    """Different questions: the same one would choose the same experts."""
    prompts = [served.reader.read(omni_media.ask(f"What is {n} + {n}?")) for n in range(number)]
    await asyncio.gather(*(served.hear(p, num_tokens=8, num_frames=8) for p in prompts))
    replies: list[Heard] = []
    for _ in range(num_rounds):
        replies += await asyncio.gather(*(served.hear(prompt) for prompt in prompts))
    firsts = [heard.first_sound_s for heard in replies]
    factors = [heard.real_time_factor for heard in replies]
    name = f"{number} at once"
    return [
        Figure(f"{name}: real-time factor, worst", max(factors)),
        Figure(f"{name}: real-time factor, median", statistics.median(factors)),
        Figure(f"{name}: first audio, p50", statistics.median(firsts), "s"),
        Figure(f"{name}: first audio, p95", percentile(firsts, 0.95), "s"),
        Figure(f"{name}: total, median", statistics.median(h.total_s for h in replies), "s"),
        Figure(f"{name}: starved, worst", max(heard.starved_s for heard in replies), "s"),
    ]


async def _interrupted(served: Served, num_rounds: int, long: Prompt, what: str) -> list[Figure]:
    prompt = served.reader.read(omni_media.ask("What is a lighthouse? Answer in detail."))
    rounds = [await _while_reading(served, prompt, long) for _ in range(1 + num_rounds)][1:]
    gap, lead = max(longest_gap(speaking.chunks) for speaking, _ in rounds)
    name = f"{what} while another speaks"
    firsts = [late.first_sound_s for _, late in rounds]
    starved = max(speaking.starved_s for speaking, _ in rounds)
    return [
        Figure(f"{name}: longest gap in that one's sound", gap, "s"),
        Figure(f"{name}: sound in hand when the gap began", lead, "s"),
        Figure(f"{name}: that one starved, worst", starved, "s"),
        Figure(f"{name}: its own first audio", statistics.median(firsts), "s"),
    ]


async def _while_reading(served: Served, prompt: Prompt, long: Prompt) -> tuple[Heard, Heard]:
    """Who speaks, until the reply to the long prompt is out, and that reply."""
    speaking = Heard()
    task = asyncio.create_task(served.hear(prompt, num_tokens=300, num_frames=1500, into=speaking))
    while speaking.sound_s < _IN_HAND_S and not task.done():  # noqa: ASYNC110 - sound comes by itself
        await asyncio.sleep(_POLL_S)
    late = await served.hear(long, num_tokens=4, num_frames=4)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return speaking, late


def _long_prompt(served: Served) -> Prompt:
    num_lines = num_tokens = 0
    while num_tokens < _LONG_TOKENS:
        num_lines += 1 + (_LONG_TOKENS - num_tokens) // _LINE_TOKENS
        text = " ".join(f"Line {number} of a long text." for number in range(num_lines))
        prompt = served.reader.read(omni_media.ask(text))
        num_tokens = prompt.input_ids.shape[1]
    return prompt
