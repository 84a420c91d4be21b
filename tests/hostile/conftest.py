"""One server takes every attack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.hostile import visiting
from thinktalk.abuse.runner import Runner


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    with visiting() as runner:
        yield runner
