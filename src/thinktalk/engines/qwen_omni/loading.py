"""Transformers while it reads a checkpoint: stops when it is asked to, and warns of what matters.

Knows nothing of what is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import length_hint
from typing import Any

from transformers.utils.logging import set_tqdm_hook

from thinktalk.errors import NotReady

# The released talkers give keys of M-RoPE that Transformers uses and does not know (5.24).
_NEEDLESS = "Unrecognized keys in `rope_parameters`"
_WARNS = logging.getLogger("transformers.modeling_rope_utils")


@contextmanager
def watched(is_stopping: Callable[[], bool]) -> Iterator[None]:
    """For what Transformers reads within, in all threads.

    Raises:
        NotReady: within, before the next weight is placed, once `is_stopping`.
    """

    def bar(factory: Callable[..., Any], args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        if not args:
            return factory(**given)
        items, *others = args
        total = {"total": length_hint(items) or None}
        return factory(_until(is_stopping, items), *others, **(total | dict(given)))

    before = set_tqdm_hook(bar)
    _WARNS.addFilter(_matters)
    try:
        yield
    finally:
        _WARNS.removeFilter(_matters)
        set_tqdm_hook(before)


def check(is_stopping: Callable[[], bool]) -> None:
    """Raise `NotReady` once `is_stopping`."""
    if is_stopping():
        raise NotReady("the engine has been stopped while it was loaded")


def _until(is_stopping: Callable[[], bool], items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        check(is_stopping)
        yield item


def _matters(record: logging.LogRecord) -> bool:
    return _NEEDLESS not in record.getMessage()
