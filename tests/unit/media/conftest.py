from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.raw_server import RawServer, serving


@pytest.fixture
async def raw_server() -> AsyncIterator[RawServer]:
    async with serving() as server:
        yield server
