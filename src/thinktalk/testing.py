"""ScriptedEngine: stands in for a model in our tests and in our users'.

    engine = ScriptedEngine("Good evening. How can I help?")
    engine = ScriptedEngine(tool_calls=[("get_weather", {"city": "Oslo"})])
    engine = ScriptedEngine("Hello.", faults=[Fault("busy"), Fault("stall", after=2)])

It speaks a tone per word, keeps every request it was given in `requests`, and counts in
`cancelled` how many generations were closed early. A fault spends itself on one request.

`ScriptedFitter` stands in for what fits voices to samples, in the same way.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from thinktalk.engines.base import Capabilities, GenerateRequest
from thinktalk.errors import Busy, EngineFailed
from thinktalk.events import AudioDelta, Event, Finished, TextDelta, ToolCallDelta, Usage
from thinktalk.media.types import Audio
from thinktalk.settings import ProfileSettings, Settings, Tier
from thinktalk.voices.fitting import Effort, VoiceFit


@dataclass(frozen=True, slots=True)
class Fault:
    """`busy` refuses before the first event; after `after` events `stall` hangs and `cut` fails."""

    kind: Literal["busy", "stall", "cut"]
    after: int = 0
    retry_after_s: float = 0.05


class ScriptedEngine:
    """Answers every request with the same words, sound and calls.

    Args:
        text: the reply; yielded word by word.
        tool_calls: (name, arguments) pairs, yielded when the request offers tools.
        delay_s: pause before each event.
        audio_s_per_word: seconds of tone per word at 24 kHz, when speech is asked for.
        reason: forced finish reason of a text reply.
    """

    def __init__(
        self,
        text: str = "This is a scripted reply.",
        *,
        tool_calls: Sequence[tuple[str, dict[str, Any]]] = (),
        delay_s: float = 0.0,
        audio_s_per_word: float = 0.2,
        reason: Literal["stop", "length"] = "stop",
        faults: Iterable[Fault] = (),
    ) -> None:
        self.text = text
        self.tool_calls = tuple(tool_calls)
        self.delay_s = delay_s
        self.audio_s_per_word = audio_s_per_word
        self.reason = reason
        self.faults = list(faults)
        self.requests: list[GenerateRequest] = []
        self.cancelled = 0
        self.running = 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(name="scripted", parts={"everything": "a script, no model"})

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Nothing to release."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        self.requests.append(request)
        fault = self.faults.pop(0) if self.faults else None
        if fault and fault.kind == "busy":
            raise Busy("scripted: too many requests", retry_after_s=fault.retry_after_s)
        self.running += 1
        complete = False
        try:
            for position, event in enumerate(self._script(request)):
                if fault and position >= fault.after:
                    if fault.kind == "cut":
                        raise EngineFailed("scripted: cut in mid-stream")
                    await asyncio.Event().wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                yield event
            complete = True
        finally:
            self.running -= 1
            self.cancelled += not complete

    def _script(self, request: GenerateRequest) -> Iterable[Event]:
        prompt_tokens = sum(len(message.text.split()) for message in request.messages)
        if self.tool_calls and request.tools and request.tool_choice.mode != "none":
            for index, (name, arguments) in enumerate(self.tool_calls):
                yield ToolCallDelta(index, "", id=f"call_{index:08x}", name=name)
                yield ToolCallDelta(index, json.dumps(arguments))
            yield Finished("tool_calls", Usage(prompt_tokens, len(self.tool_calls), prompt_tokens))
            return
        words = re.findall(r"\S+\s*", self.text)
        limit = request.sampling.max_tokens or len(words)
        position = 0
        for number, word in enumerate(words[:limit]):
            yield TextDelta(word)
            if request.speech is not None:
                span = (position, position + len(word.rstrip()))
                yield AudioDelta(self._tone(number), span)
            position += len(word)
        reason = "length" if limit < len(words) else self.reason
        yield Finished(reason, Usage(prompt_tokens, min(limit, len(words)), prompt_tokens))

    def _tone(self, number: int) -> Audio:
        num_samples = int(24_000 * self.audio_s_per_word)
        phase = 2 * np.pi * (220 + 20 * (number % 12)) * np.arange(num_samples) / 24_000
        return Audio((0.3 * np.sin(phase)).astype(np.float32), 24_000)


class ScriptedFitter:
    """Fits every sample the same way: the data tell the sample and the effort, nothing else.

    It keeps in `efforts` what it was asked for, and counts in `cancelled` what was stopped.

    Args:
        quick_s, thorough_s: how long a fit takes.
        similarities: of a quick and of a thorough fit.
    """

    method = "scripted fit"

    def __init__(
        self,
        name: str = "scripted-1",
        *,
        quick_s: float = 0.0,
        thorough_s: float = 0.0,
        similarities: tuple[float | None, float | None] = (0.7, 0.8),
    ) -> None:
        self.name = name
        self.quick_s, self.thorough_s = quick_s, thorough_s
        self.similarities = similarities
        self.efforts: list[Effort] = []
        self.cancelled = 0

    async def fit(
        self,
        sample: Audio,
        *,
        effort: Effort,
        text: str | None = None,
        start: VoiceFit | None = None,
    ) -> VoiceFit:
        self.efforts.append(effort)
        is_quick = effort == "quick"
        try:
            await asyncio.sleep(self.quick_s if is_quick else self.thorough_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        digest = hashlib.sha256(sample.samples.tobytes()).hexdigest()
        fit = VoiceFit(
            fitter=self.name,
            data=f"{effort} {digest}".encode(),
            similarity=self.similarities[0 if is_quick else 1],
            facts={"effort": effort},
        )
        return start if start is not None and _is_nearer(start, fit) else fit


def _is_nearer(one: VoiceFit, other: VoiceFit) -> bool:
    return (one.similarity or 0.0) > (other.similarity or 0.0)


class ScriptedSuite:
    """What `engine = "scripted"` in a profile builds: a server without a model."""

    weights: tuple[str, ...] = ()
    recognizer = None
    glance = None
    synthesizer = None

    def __init__(
        self,
        tiers: Iterable[Tier],
        engine: ScriptedEngine,
        fitter: ScriptedFitter | None = None,
    ) -> None:
        self.engines: dict[Tier, ScriptedEngine] = dict.fromkeys(tiers, engine)
        self.fitter = fitter

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Nothing to release."""


def build(
    settings: Settings, catalog: object, profiles: Mapping[Tier, ProfileSettings]
) -> ScriptedSuite:
    """The factory that the registry names."""
    scripted = settings.scripted
    return ScriptedSuite(profiles, ScriptedEngine(scripted.text, delay_s=scripted.delay_s))
