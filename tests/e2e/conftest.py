"""The product as installed: one `thinktalk serve` process with the default weights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI

from benchmarks.server import RunningServer, running_server
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    catalog = Catalog(load().weights)
    missing = [entry.name for entry in catalog.entries() if not catalog.is_present(entry.name)]
    if missing:
        pytest.skip(f"weights are not present: {', '.join(missing)}; run `make test`")
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def client(server: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/compatible-mode/v1", api_key="any") as client:
        yield client
