"""Files with bits flipped or their ends cut off, the same ones at each run. Family `damaged`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from thinktalk.abuse import samples
from thinktalk.abuse.case import EITHER, Case
from thinktalk.abuse.sending import PART_OF, inline

_SEED = 20_260
_SENT_PER_FORMAT = 4


class Mutation(NamedTuple):
    """A damaged file: what it was, its number, and what is left of it."""

    name: str
    number: int
    data: bytes


def mutations(per_format: int) -> Iterator[Mutation]:
    """`per_format` damaged files of each format; the first of more are the same as of fewer."""
    for name in samples.FORMATS:
        yield from _damaged(name, per_format)


def _damaged(name: str, count: int) -> Iterator[Mutation]:
    rng = random.Random(f"{_SEED} {name}")
    for number in range(count):
        yield Mutation(name, number, mutated(samples.sample(name), rng))


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Cut off, overwritten, flipped, repeated or with a piece taken out. Headers are hit most."""
    way = rng.randrange(6)
    if way == 0:
        return data[: rng.randrange(len(data))]
    changed = bytearray(data)
    start = rng.randrange(min(len(data), rng.choice([32, 400, len(data)])))
    length = rng.choice([1, 4, 64])
    if way == 1:
        del changed[start : start + length]
    elif way == 2:
        changed[start:start] = changed[start : start + length] * rng.choice([1, 50])
    elif way == 3:
        # Sizes and counts at their extremes.
        changed[start : start + 4] = rng.choice([b"\xff" * 4, b"\0" * 4, b"\x7f" + b"\xff" * 3])
    else:
        for _ in range(rng.choice([1, 4, 20])):
            position = rng.randrange(min(len(data), rng.choice([64, 400, len(data)])))
            changed[position] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cases() -> list[Case]:
    """A few of each format by HTTP. Some damage leaves a file that can be played."""
    return [_case(name, number) for name in samples.FORMATS for number in range(_SENT_PER_FORMAT)]


def _case(name: str, number: int) -> Case:
    def damaged() -> bytes:
        return list(_damaged(name, number + 1))[number].data

    send = inline(PART_OF[samples.kind_of(name)], damaged)
    return Case(
        family="damaged", name=f"{name} {number + 1}", send=send, expected=EITHER, pace="work"
    )
