"""What media would take of an engine's own window, which is another thing than what they cost.

Estimates, made without the engine: what it did, its own report says afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from thinktalk.engines.base import Capabilities, RealCosts
from thinktalk.media.fitting import Cost, Plan
from thinktalk.serving.media_report import Used
from thinktalk.settings import MediaPolicy

_LEAST_KEPT_S = 1.0  # what is left of a recording at least

How = Literal["whole", "mapped and reduced", "fitted", "trimmed", "refused"]


@dataclass(frozen=True, slots=True)
class Window:
    """A plan before the engine that is to answer.

    `used` is what the engine would get of each item, in order.
    """

    plan: Plan
    used: Sequence[Used]
    capabilities: Capabilities

    def estimate(self, policy: MediaPolicy) -> dict[str, Any]:
        """In the words of the report that the engine would give.

        Args:
            policy: what it is to do with what exceeds its window.
        """
        limit, needed, how = self.capabilities.context_tokens, self._needed(), self._how(policy)
        parts = 1
        match how:
            case "whole":
                done = "fits"
            case "mapped and reduced":
                parts = math.ceil((needed - self.plan.text_tokens) / self._part_tokens)
                done = f"needs mapping and reducing in {parts} parts"
            case "fitted":
                done = "pictures made smaller to fit"
            case "trimmed":
                done = "trimmed to fit"
            case "refused":
                done = "refused"
        return {
            "engine": self.capabilities.name,
            "limit": limit,
            "needed": needed,
            "parts": parts,
            "how": how,
            "summary": f"about {needed} of {limit} tokens: {done}",
        }

    def remedies(self) -> tuple[MediaPolicy, ...]:
        """The policies under which the engine would answer."""
        costs = self.capabilities.costs
        is_split = costs is None or costs.part_tokens is not None
        policies: tuple[MediaPolicy, ...] = (
            ("fit", "trim", "split") if is_split else ("fit", "trim")
        )
        return tuple(policy for policy in policies if self._how(policy) != "refused")

    def _how(self, policy: MediaPolicy) -> How:
        limit, costs = self.capabilities.context_tokens, self.capabilities.costs
        needed = self._needed()
        if needed <= limit - (costs.reply_tokens if costs else 0):
            return "whole"
        if self._reads_at_once:
            least = self._needed(policy)
            if least >= limit:  # not a token is left for the reply
                return "refused"
            return "whole" if least == needed else "trimmed" if policy == "trim" else "fitted"
        if policy == "error":
            return "refused"
        return "trimmed" if policy == "trim" else "mapped and reduced"

    def _needed(self, policy: MediaPolicy = "error") -> int:
        """Tokens of the prompt, of media the least that a policy leaves where nothing is split."""
        rows = zip(self.plan.portions, self.used, strict=True)
        least = (_least(portion.cost, used, policy) for portion, used in rows)
        costs = self.capabilities.costs
        return self.plan.text_tokens + sum(_tokens(*of_item, costs) for of_item in least)

    @property
    def _reads_at_once(self) -> bool:
        costs = self.capabilities.costs
        return costs is not None and costs.part_tokens is None

    @property
    def _part_tokens(self) -> int:
        """Of what is read at once."""
        costs = self.capabilities.costs
        if costs is not None and costs.part_tokens is not None:
            return costs.part_tokens
        return max(1, self.capabilities.context_tokens - self.plan.text_tokens)


def _least(cost: Cost, used: Used, policy: MediaPolicy) -> tuple[Cost, Used]:
    num_frames = min(2, used.num_frames)
    match policy:
        case "error":
            return cost, used
        case "trim":
            sound_s = min(cost.sound_s, _LEAST_KEPT_S)
            return replace(cost, sound_s=sound_s), replace(used, num_frames=num_frames)
        case "fit" | "split":
            return cost, Used(num_frames, width=1, height=1)


def _tokens(cost: Cost, used: Used, costs: RealCosts | None) -> int:
    if costs is None:
        return cost.total
    pictures = 0
    if cost.num_frames:
        pictures = costs.video_tokens(used.num_frames, used.width, used.height)
    elif cost.tokens:
        pictures = costs.image_tokens(used.width, used.height)
    return pictures + math.ceil(cost.sound_s * costs.speech_per_s)
