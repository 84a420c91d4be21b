"""A recording longer than the window, with a real language model: nothing of it is out of reach."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from support.long_talk import PARAGRAPH_S, meeting
from support.scripted_senses import ScriptedRecognizer
from thinktalk import settings
from thinktalk.conversation import AudioPart, Message, TextPart
from thinktalk.engines.base import GenerateRequest, Sampling, Segment, Thought
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.perception import PerceivingThinker
from thinktalk.engines.cascade.thinker import LlamaThinker
from thinktalk.events import Report, TextDelta
from thinktalk.media.types import Audio, Image, Video

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WEIGHTS = settings.load().weights.cache / "weights"
FOLDER, LIBRARIES = WEIGHTS / "qwen2.5-coder-1.5b", WEIGHTS / "llama-cpp"
NUM_PARAGRAPHS = 28
WRECK_AT = 14
WRECK = (
    "A short one about the harbour. The diver found a wreck from 1862 under the pier. It is "
    "called the Margarethe, and it had forty barrels of whale oil on board. Divers must keep "
    "thirty metres away until the museum has been there."
)


class NoSight:
    async def describe(self, image: Image) -> str:
        raise NotImplementedError

    async def follow(self, video: Video, segments: list[Segment]) -> str:
        raise NotImplementedError


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thinker() -> AsyncIterator[LlamaThinker]:
    found = sorted(FOLDER.glob("*.gguf"))
    if not found:
        pytest.skip(f"no model in {FOLDER}: thinktalk weights pull qwen2.5-coder-1.5b")
    thinker = LlamaThinker(
        LIBRARIES,
        found[0],
        name=FOLDER.name,
        threads=1,  # two wait for each other where others are at work
        parallel=4,
        window_tokens=2048,
        arbiter=Arbiter(alternate=True),
    )
    await thinker.start()
    yield thinker
    await thinker.stop()


class Overheard:
    """The thinker, and what it was last given to answer."""

    def __init__(self, thinker: LlamaThinker) -> None:
        self._thinker = thinker
        self.window_tokens = thinker.window_tokens
        self.count_tokens, self.count_prompt = thinker.count_tokens, thinker.count_prompt
        self.prompt = ""

    def think(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        self.prompt = "\n".join(message.text for message in request.messages)
        return self._thinker.think(request)


async def ask(thinker: Overheard, question: str) -> tuple[str, Report]:
    """The answer on a meeting of 11 minutes, and what was reported."""
    heard = ScriptedRecognizer(meeting(NUM_PARAGRAPHS, {WRECK_AT: WRECK}))
    sound = Audio(np.zeros(round(NUM_PARAGRAPHS * PARAGRAPH_S), np.float32), 1)
    request = GenerateRequest(
        messages=(Message("user", (AudioPart(sound), TextPart(question))),),
        sampling=Sampling(temperature=0.0, max_tokens=400),
    )
    text, reports = "", []
    async for thought in PerceivingThinker(heard, NoSight(), thinker).think(request):
        if isinstance(thought, TextDelta):
            text += thought.text
        elif isinstance(thought, Report):
            reports.append(thought)
    assert len(reports) == 1
    return text, reports[0]


async def test_a_fact_in_the_middle_is_found_with_its_time(thinker: LlamaThinker) -> None:
    overheard = Overheard(thinker)
    question = "At what time is the wreck spoken of, and what is its name?"

    text, report = await ask(overheard, question)

    assert "Margarethe" in text
    assert report.data["window"]["parts"] > 1
    # The time stands before it; so small a model does not always copy it right.
    [row] = [row for row in overheard.prompt.split("\n") if "The diver found a wreck" in row]
    assert row.startswith("[5:36]")
