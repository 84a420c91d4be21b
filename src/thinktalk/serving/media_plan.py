"""What a request would cost and what would become of its media, without answering it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thinktalk.engines.base import Capabilities
from thinktalk.errors import MediaTooLong, PromptTooLong, remedy
from thinktalk.media import fitting
from thinktalk.serving.attachments import Attachment
from thinktalk.serving.fitting import MediaFitting
from thinktalk.serving.media_report import Used, described, summary, tokens_of
from thinktalk.serving.models import ServedModel
from thinktalk.serving.window import Window


async def media_plan(
    media: MediaFitting,
    attachments: Sequence[Attachment],
    text_tokens: int,
    model: ServedModel,
    capabilities: Capabilities | None,
) -> dict[str, Any]:
    """The plan, as it is sent to clients. Files are fetched and their headers read, no more.

    `fits` is of the media as they were sent, in documented tokens; `refusal` says why the policy
    would not answer them, which an engine may find out only after it has listened to them;
    `window` estimates what the engine itself would do with what is left of them, if it is known.

    Raises:
        MediaError: one cannot be had or is over a limit of its own.
    """
    survey = media.surveying(media.loader.allowance())
    try:
        found = await survey.find(attachments)
    finally:
        survey.close()
    items, refusal = [one.item for one in found], None
    try:
        plan = await media.planned(items, text_tokens)
    except (PromptTooLong, MediaTooLong) as refused:
        refusal = str(refused)
        plan = fitting.as_sent(items, media.policy, media.rules, text_tokens)
    used = [Used.expected(portion, media.frames, media.rules) for portion in plan.portions]
    rows = described(found, plan, used)
    window = None
    if capabilities is not None and refusal is None:
        estimating = Window(plan, used, capabilities)
        window = estimating.estimate(media.engine_policy)
        if window["how"] == "refused":
            remedies = estimating.remedies() if media.rules.has_policies else ()
            refusal = (
                f"with these media {capabilities.name} would read {window['needed']} tokens, its "
                f"window has {window['limit']}{remedy(remedies)}"
            )
    return {
        "object": "media.plan",
        "model": model.id,
        "policy": media.policy,
        "fits": plan.fits_as_sent,
        "refusal": refusal,
        "tokens": {"text": text_tokens, **tokens_of(plan)},
        "window": window,
        "items": rows,
        "summary": refusal or summary(plan, rows),
    }
