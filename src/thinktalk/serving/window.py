"""What media would take of an engine's own window, which is another thing than what they cost.

Estimates, made without the engine: what it did, its own report says afterwards.
"""

from __future__ import annotations

import math
from typing import Any

from thinktalk.engines.base import Capabilities, RealCosts
from thinktalk.media.fitting import Cost, Plan
from thinktalk.settings import MediaPolicy


def window_of(plan: Plan, capabilities: Capabilities, policy: MediaPolicy) -> dict[str, Any]:
    """The estimate, in the words of the report that the engine would give.

    Args:
        policy: what it is to do with what exceeds its window.
    """
    limit, costs = capabilities.context_tokens, capabilities.costs
    media = sum(_needed(portion.cost, costs) for portion in plan.portions)
    needed = plan.text_tokens + media
    room = limit - plan.text_tokens - (costs.reply_tokens if costs else 0)
    body = {"engine": capabilities.name, "limit": limit, "needed": needed}
    about = f"about {needed} of {limit} tokens"
    if media <= room:
        return {**body, "parts": 1, "how": "whole", "summary": f"{about}: fits"}
    parts = math.ceil(media / (costs.part_tokens if costs else max(1, room)))
    match policy:
        case "trim":
            parts, how, done = 1, "trimmed", "trimmed to fit"
        case "error":
            parts, how, done = 1, "refused", "refused"
        case _:
            how, done = "mapped and reduced", f"needs mapping and reducing in {parts} parts"
    return {**body, "parts": parts, "how": how, "summary": f"{about}: {done}"}


def _needed(cost: Cost, costs: RealCosts | None) -> int:
    if costs is None:
        return cost.total
    pictures = costs.video if cost.num_frames else costs.image if cost.tokens else 0
    return pictures + math.ceil(cost.sound_s * costs.speech_per_s)
