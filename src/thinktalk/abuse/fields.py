"""Good JSON whose fields are out of range, or more than anybody needs. Family `field`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thinktalk.abuse.case import ANSWERED, EITHER, REFUSED, Case, Expected, Pace, Target
from thinktalk.abuse.samples import sample
from thinktalk.abuse.sending import Body, chat, data_url, image_part, parts

_MANY = 100_000
_MB = 1_000_000


def _said(content: Any) -> Body:
    return {"messages": [{"role": "user", "content": content}]}


def _voiced(voice: str, **fields: Any) -> Body:
    audio = {"voice": voice, "format": "wav", **fields}
    return {"modalities": ["text", "audio"], "audio": audio}


_FIELDS: dict[str, tuple[Callable[[], Body], Expected]] = {
    "n of 0": (lambda: {"n": 0}, REFUSED),
    "n of 129": (lambda: {"n": 129}, REFUSED),
    "n of 2^63": (lambda: {"n": 2**63}, REFUSED),
    "n of -1": (lambda: {"n": -1}, REFUSED),
    "n of 1.5": (lambda: {"n": 1.5}, REFUSED),
    "n of true": (lambda: {"n": True}, REFUSED),
    "temperature of -1": (lambda: {"temperature": -1}, REFUSED),
    "temperature of 1e308": (lambda: {"temperature": 1e308}, REFUSED),
    "temperature in words": (lambda: {"temperature": "hot"}, REFUSED),
    "top_p of -1": (lambda: {"top_p": -1}, REFUSED),
    "max_tokens of 0": (lambda: {"max_tokens": 0}, REFUSED),
    "max_tokens of -2^63": (lambda: {"max_tokens": -(2**63)}, REFUSED),
    "max_tokens of 10^30": (lambda: {"max_tokens": 10**30}, REFUSED),
    "seed of 10^30": (lambda: {"seed": 10**30}, EITHER),
    "stop of 100,000 words": (lambda: {"stop": [f"w{n}" for n in range(_MANY)]}, EITHER),
    "stop of 1 MB": (lambda: {"stop": "x" * _MB}, EITHER),
    "stop of empty words": (lambda: {"stop": [""] * 1000}, EITHER),
    "logit_bias of 100,000": (lambda: {"logit_bias": {str(n): 1 for n in range(_MANY)}}, EITHER),
    "model of 1 MB": (lambda: {"model": "m" * _MB}, REFUSED),
    "model with a path": (lambda: {"model": "../../etc/passwd"}, REFUSED),
    "model of NUL": (lambda: {"model": "\0"}, REFUSED),
    "model, a list": (lambda: {"model": ["a"]}, REFUSED),
    "modalities of 100,000": (lambda: {"modalities": ["text"] * _MANY}, REFUSED),
    "messages, a text": (lambda: {"messages": "hello"}, REFUSED),
    "messages, none": (lambda: {"messages": []}, REFUSED),
    "messages, 100,000 nulls": (lambda: {"messages": [None] * _MANY}, REFUSED),
    "messages, 100,000 empty objects": (lambda: {"messages": [{}] * _MANY}, REFUSED),
    "messages, 10,000 honest ones": (lambda: {"messages": _said("a")["messages"] * 10_000}, EITHER),
    "role of 1 MB": (lambda: {"messages": [{"role": "r" * _MB, "content": "a"}]}, REFUSED),
    "content, a number": (lambda: _said(5), REFUSED),
    "content, 100,000 nulls": (lambda: _said([None] * _MANY), REFUSED),
    "content, 100,000 texts that are no parts": (lambda: _said(["a"] * _MANY), REFUSED),
    "content, 5,000 texts": (lambda: _said([{"type": "text", "text": "a"}] * 5_000), EITHER),
    "content, an emoji": (lambda: _said("\U0001f600"), ANSWERED),
    "voice of 1 MB": (lambda: _voiced("v" * _MB), REFUSED),
    "voice with a path": (lambda: _voiced("../../voice"), REFUSED),
    "voice sample of a file": (
        lambda: _voiced("custom", voice_sample={"data": "file:///etc/passwd"}),
        REFUSED,
    ),
    "voice sample of the metadata service": (
        lambda: _voiced("custom", voice_sample={"data": "http://169.254.169.254/latest"}),
        REFUSED,
    ),
    "100,000 unknown fields": (lambda: {f"x{n}": n for n in range(_MANY)}, EITHER),
}


def cases() -> list[Case]:
    return [
        *(
            Case(family="field", name=name, send=_send(make), expected=expected)
            for name, (make, expected) in _FIELDS.items()
        ),
        _many("pictures", lambda _, n: image_part(data_url(sample("png"))), EITHER, "work", 2_500),
        _many("broken pictures", lambda _, n: image_part("AAAA"), REFUSED, "work"),
        _many("addresses", lambda at, n: image_part(f"{at.canary}/{n}.png"), REFUSED, "work"),
    ]


def _send(make: Callable[[], Body]) -> Callable[[Target], Any]:
    return chat(lambda _: make())


def _many(
    name: str,
    part: Callable[[Target, int], Body],
    expected: Expected,
    pace: Pace,
    count: int = 5_000,
) -> Case:
    send = parts(lambda target: [part(target, number) for number in range(count)])
    return Case(
        family="field", name=f"content, {count:,} {name}", send=send, expected=expected, pace=pace
    )
