"""What a request would cost and what would become of its media, without answering it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thinktalk.engines.base import Capabilities
from thinktalk.errors import MediaTooLong, PromptTooLong
from thinktalk.media import fitting
from thinktalk.serving.attachments import Attachment
from thinktalk.serving.fitting import MediaFitting
from thinktalk.serving.media_report import Used, described, summary, tokens_of
from thinktalk.serving.models import ServedModel
from thinktalk.serving.window import window_of


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
        window = window_of(plan, capabilities, media.engine_policy)
        if window["how"] == "refused":
            refusal = (
                f"the notes of {capabilities.name} on these media would take {window['needed']} "
                f"tokens, its window has {window['limit']}: media_policy fit, trim or split "
                "would help"
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
