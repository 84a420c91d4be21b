"""A server that cannot start says why, and does not stay."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys

import httpx
import pytest

from support.server import scripted_services, settings_of
from support.wire import post
from thinktalk.api.serve import run_server
from thinktalk.api.server_app import build_asgi
from thinktalk.app import end_private, start_private
from thinktalk.engines import registry
from thinktalk.errors import CannotListen, EngineFailed, ThinktalkError, WeightsMissing
from thinktalk.settings import MediaSettings, ProfileSettings, Settings
from thinktalk.testing import ScriptedEngine, ScriptedSuite
from thinktalk.weights.catalog import Catalog


class BrokenEngine(ScriptedEngine):
    def __init__(self, reason: Exception) -> None:
        super().__init__()
        self.reason = reason

    async def start(self) -> None:
        raise self.reason


def private_settings(engine: str = "scripted", **media: int) -> Settings:
    profile = ProfileSettings(engine=engine)
    return Settings(
        profiles={"plus": profile, "flash": profile, "light": profile}, media=MediaSettings(**media)
    )


@pytest.mark.parametrize("reason", [WeightsMissing("ears", ["nowhere"]), ValueError("torn file")])
def test_serving_ends_with_the_reason_when_the_engine_cannot_start(reason: Exception) -> None:
    app = build_asgi(scripted_services(BrokenEngine(reason)), settings_of(server={"port": 0}))
    with pytest.raises(ThinktalkError, match=r"nowhere|torn file"):
        run_server(app, settings_of(server={"port": 0}))


async def test_a_private_server_answers_to_its_key_alone() -> None:
    settings = private_settings()
    url, key = await start_private(settings, Catalog(settings.weights))
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        assert (await http.get("/models")).status_code == 401
        answer = await http.get("/models", headers={"authorization": f"Bearer {key}"})
    assert answer.is_success
    await end_private()
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("/models")


async def test_a_private_server_whose_decoder_cannot_start_says_so() -> None:
    settings = private_settings(worker_memory_bytes=2**70)  # more than the system can express
    async with asyncio.timeout(20):
        with pytest.raises(EngineFailed, match="decoding process does not start"):
            await start_private(settings, Catalog(settings.weights))


async def test_a_private_server_whose_engine_cannot_start_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = registry.EngineSpec(f"{__name__}:build_broken")
    monkeypatch.setitem(registry.BUILTIN, "broken", spec)
    settings = private_settings("broken")
    async with asyncio.timeout(20):
        with pytest.raises(EngineFailed, match="torn file"):
            await start_private(settings, Catalog(settings.weights))


@pytest.mark.parametrize(("level", "is_told"), [("info", True), ("warning", False)])
def test_the_log_level_decides_what_a_server_says(level: str, is_told: bool) -> None:
    tiers = ("PLUS", "FLASH", "LIGHT")
    scripted = {f"THINKTALK_PROFILES__{tier}__ENGINE": "scripted" for tier in tiers}
    process = subprocess.Popen(
        [sys.executable, "-m", "thinktalk", "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            **scripted,
            "THINKTALK_LOG_LEVEL": level,
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    assert process.stderr is not None
    try:
        url = process.stderr.readline().split()[-1]
        assert post(url).is_success
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert ("INFO thinktalk.access: POST /v1/chat/completions 200" in said) == is_told
    assert ("thinktalk" in said) == is_told


def build_broken(_settings: object, _catalog: object, profiles: registry.Mapping) -> ScriptedSuite:
    return ScriptedSuite(profiles, BrokenEngine(ValueError("torn file")))


def test_a_port_that_another_has_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings(server={"port": port})
        with pytest.raises(CannotListen, match=rf"port {port}: address already in use; --port"):
            run_server(None, settings)  # type: ignore[arg-type]
