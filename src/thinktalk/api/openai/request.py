"""One chat request, checked: the wire's fields as the domain's values. Media are still addresses.

Knows the order in which the hosted service complains, its defaults by family, and what `strict`
adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thinktalk.api.openai.schemas import (
    AudioAddressContent,
    AudioContent,
    ChatBody,
    FileContent,
    ImageContent,
    SpeechBody,
    TextContent,
    UserMessage,
    WireMessage,
    parse,
)
from thinktalk.api.openai.tools import read_reply_format, read_tool_choice, read_tools
from thinktalk.conversation import Tool
from thinktalk.engines.base import ResponseFormat, Sampling, ToolChoice
from thinktalk.errors import InvalidField
from thinktalk.serving.models import FamilyDefaults, ServedModel, find_for_chat

_STREAM_ONLY = (
    "This model only support stream mode, please enable the stream parameter to access the model. "
)
_DEFAULTS = Sampling()
_MAX_TOP_K = 100  # above it the hosted service samples from all tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What was asked. `speech` is None unless sound is wanted; `body.messages` are not loaded."""

    model: ServedModel
    body: ChatBody
    sampling: Sampling
    speech: SpeechBody | None
    tools: tuple[Tool, ...]
    tool_choice: ToolChoice
    reply_format: ResponseFormat
    is_stream: bool
    include_usage: bool
    num_choices: int
    is_thinking: bool


def read_model(raw: Mapping[str, Any]) -> ServedModel:
    """The model that is asked for: checked before all other fields."""
    name = raw.get("model")
    if not isinstance(name, str) or not name:
        raise InvalidField("you must provide a model parameter", param="model")
    return find_for_chat(name)


def read_request(raw: Mapping[str, Any], model: ServedModel, *, strict: bool) -> ChatRequest:
    """Check every field.

    Raises:
        InvalidField: names the first that is wrong.
    """
    modalities = raw.get("modalities")
    wants_audio = isinstance(modalities, list) and "audio" in modalities
    # What is ignored need not even be well-formed.
    skipped = {"audio"} if not wants_audio else set()
    if strict:
        skipped.add("media_policy")
    body = parse(ChatBody, {name: raw[name] for name in raw if name not in skipped})
    _check_turns(body)
    _check_modalities(body, strict=strict)
    is_stream, num_choices = bool(body.stream), body.n or 1
    if wants_audio and num_choices > 1:
        raise InvalidField("Range of n should be [1, 1] with audio output", param="n")
    if strict:
        _check_as_hosted(body, model, wants_audio=wants_audio)
    is_thinking = _check_thinking(body, model, wants_audio=wants_audio, strict=strict)
    tools = read_tools(body.tools)
    return ChatRequest(
        model=model,
        body=body,
        sampling=_sampling(raw, body, model.defaults),
        speech=(body.audio or SpeechBody()) if wants_audio else None,
        tools=tools,
        tool_choice=read_tool_choice(body.tool_choice, tools, strict=strict),
        reply_format=read_reply_format(body.response_format, _mentions_json(body)),
        is_stream=is_stream,
        include_usage=bool(body.stream_options and body.stream_options.include_usage),
        num_choices=num_choices,
        is_thinking=is_thinking,
    )


def _check_turns(body: ChatBody) -> None:
    if not any(message.role == "user" for message in body.messages):
        raise InvalidField(
            "No user query found in messages: at least one must have the role 'user'",
            param="messages",
        )
    has_calls = False
    for position, message in enumerate(body.messages):
        if message.role == "tool" and not has_calls:
            raise InvalidField(
                '<400> InternalError.Algo.InvalidParameter: messages with role "tool" must be a '
                'response to a preceeding message with "tool_calls".',
                param=f"messages.{position}.role",
            )
        if message.role == "assistant":
            has_calls = bool(message.tool_calls)
        elif message.role != "tool":
            has_calls = False


def _check_modalities(body: ChatBody, *, strict: bool) -> None:
    modalities = body.modalities
    if modalities is None:
        return
    is_known = bool(modalities) and len(set(modalities)) == len(modalities)
    if not is_known or (strict and modalities == ["audio"]):
        raise InvalidField(
            "modalities should be ['text'], ['text', 'audio'] or ['audio', 'text']",
            param="modalities",
        )


def _check_as_hosted(body: ChatBody, model: ServedModel, *, wants_audio: bool) -> None:
    """The refusals that only `strict` copies."""
    if not body.stream:
        if wants_audio:
            raise InvalidField("'audio' output only support with stream=true", param="stream")
        if model.family == "qwen3":
            raise InvalidField(_STREAM_ONLY, param="stream")
    if body.audio and body.audio.format not in (None, "wav"):
        raise InvalidField("Input should be 'wav': parameters.audio.format", param="audio.format")
    if body.enable_search:
        raise InvalidField("This model does not support enable_search.", param="enable_search")
    if any(_has_files(message) for message in body.messages):
        raise InvalidField("parts of type 'file' are not accepted in strict mode", param="messages")
    if model.family == "qwen3":
        for message in body.messages:
            if isinstance(message, UserMessage) and len(_media_kinds(message)) > 1:
                raise InvalidField(
                    "one user message may hold text and one other modality", param="messages"
                )


def _has_files(message: WireMessage) -> bool:
    parts = message.content if isinstance(message, UserMessage) else ""
    return any(isinstance(part, FileContent) for part in parts)


def _media_kinds(message: UserMessage) -> set[str]:
    if isinstance(message.content, str):
        return set()
    kinds = set()
    for part in message.content:
        if isinstance(part, ImageContent):
            kinds.add("image")
        elif isinstance(part, AudioContent | AudioAddressContent):
            kinds.add("audio")
        elif not isinstance(part, TextContent):
            kinds.add("video")
    return kinds


def _check_thinking(body: ChatBody, model: ServedModel, *, wants_audio: bool, strict: bool) -> bool:
    """Whether the answer is to be framed as a thinking one: only the qwen3 family has the mode."""
    if not body.enable_thinking:
        return False
    if model.family != "qwen3":
        if strict:
            raise InvalidField(
                "This model does not support enable_thinking.", param="enable_thinking"
            )
        return False
    if not body.stream:
        raise InvalidField(
            "parameter.enable_thinking must be set to false for non-streaming calls",
            param="enable_thinking",
        )
    if wants_audio:
        raise InvalidField(
            "audio output is not supported with enable_thinking=true", param="enable_thinking"
        )
    return True


def _sampling(raw: Mapping[str, Any], body: ChatBody, defaults: FamilyDefaults) -> Sampling:
    top_k = body.top_k if "top_k" in raw else _DEFAULTS.top_k
    words, token_ids = _stop(body)
    return Sampling(
        temperature=_or(body.temperature, _DEFAULTS.temperature),
        top_p=_or(body.top_p, _DEFAULTS.top_p),
        top_k=0 if top_k is None or top_k > _MAX_TOP_K else top_k,
        max_tokens=_max_tokens(body, defaults.max_output_tokens),
        presence_penalty=_or(body.presence_penalty, defaults.presence_penalty),
        frequency_penalty=_or(body.frequency_penalty, 0.0),
        repetition_penalty=_or(body.repetition_penalty, defaults.repetition_penalty),
        stop=words,
        stop_token_ids=token_ids,
        seed=body.seed,
    )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _max_tokens(body: ChatBody, most: int) -> int | None:
    asked = {
        "max_tokens": body.max_tokens,
        "max_completion_tokens": body.max_completion_tokens,
    }
    for name, value in asked.items():
        if value is not None and not 1 <= value <= most:
            raise InvalidField(f"Range of {name} should be [1, {most}] (got {value})", param=name)
    return min((value for value in asked.values() if value is not None), default=None)


def _stop(body: ChatBody) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    match body.stop:
        case None | []:
            return (), ()
        case str(word):
            return (word,) if word else (), ()
        case [str(), *_] as words:
            return tuple(str(word) for word in words if word), ()
        case [int(), *_] as ids:
            return (), tuple((token,) for token in ids if isinstance(token, int))
        case sequences:
            return (), tuple(tuple(ids) for ids in sequences if isinstance(ids, list))


def _mentions_json(body: ChatBody) -> bool:
    for message in body.messages:
        content = message.content or ""
        texts = (
            [content]
            if isinstance(content, str)
            else [part.text for part in content if isinstance(part, TextContent)]
        )
        if any("json" in text.lower() for text in texts):
            return True
    return False
