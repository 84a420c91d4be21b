"""Token usage in the shape of the wire. Details that are zero are left out, as the service does."""

from __future__ import annotations

from typing import Any

from thinktalk.serving.usage import TokenUsage


def usage_body(usage: TokenUsage) -> dict[str, Any]:
    """The `usage` object of chat answers."""
    prompt = {
        "text_tokens": usage.prompt_text,
        "audio_tokens": usage.prompt_audio,
        "image_tokens": usage.prompt_image,
        "video_tokens": usage.prompt_video,
    }
    completion = {
        "text_tokens": usage.completion_text,
        "audio_tokens": usage.completion_audio,
    }
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {name: count for name, count in prompt.items() if count},
        "completion_tokens_details": {name: count for name, count in completion.items() if count},
    }
