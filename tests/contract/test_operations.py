"""Models, health, readiness, metrics, version and the documentation page."""

from __future__ import annotations

import asyncio
import re
from argparse import Namespace
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from openai import OpenAI
from prometheus_client.parser import text_string_to_metric_families

from support.server import running, scripted_services, serving, settings_of
from support.wire import error_of, post
from thinktalk.api.server_app import build_asgi
from thinktalk.cli.target import find_server
from thinktalk.errors import WeightsMissing
from thinktalk.serving.services import Services
from thinktalk.testing import ScriptedEngine


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    with serving() as url:
        yield url


def test_models_say_what_answers_behind_them(url: str) -> None:
    client = OpenAI(base_url=f"{url}/compatible-mode/v1", api_key="any")
    models = {model.id: model for model in client.models.list()}
    assert {"qwen3.5-omni-plus", "qwen3.5-omni-flash", "qwen3.5-omni-light", "qwen3-omni-flash",
            "qwen3.5-omni-plus-2026-03-15"} <= set(models)  # fmt: skip
    assert not any("whisper" in name or "tts" in name for name in models)
    plus = client.models.retrieve("qwen3.5-omni-plus")
    assert (plus.owned_by, plus.object) == ("qwen", "model")
    extra = plus.model_extra or {}
    assert (extra["tier"], extra["engine"], extra["state"]) == ("plus", "scripted", "ready")
    assert extra["parts"] == {"everything": "a script, no model"}
    assert (extra["context_tokens"], extra["window_tokens"]) == (262_144, 32_768)


@pytest.mark.parametrize("path", ["/health", "/healthz", "/live"])
def test_health_is_told(url: str, path: str) -> None:
    assert httpx.get(url + path).json() == {"status": "ok"}
    head = httpx.head(url + path)
    assert (head.status_code, head.content) == (200, b"")


def test_version_and_documentation(url: str) -> None:
    assert set(httpx.get(f"{url}/version").json()) == {"version", "build", "models"}
    docs = httpx.get(f"{url}/docs")
    assert docs.status_code == 200
    assert "/v1/chat/completions" in docs.text
    assert "src=" not in docs.text, "it must work offline"
    document = httpx.get(f"{url}/openapi.json").json()
    chat = document["paths"]["/v1/chat/completions"]["post"]
    schema = chat["requestBody"]["content"]["application/json"]["schema"]
    assert {"messages", "modalities", "audio", "tools"} <= set(schema["properties"])
    references = re.findall(
        r'"\$ref": ?"#/components/schemas/([^"]+)"', str(schema).replace("'", '"')
    )
    assert references and set(references) <= set(document["components"]["schemas"])


class SlowEngine(ScriptedEngine):
    """Loads until it is told that it is loaded."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.loaded = False
        self.starts = 0
        self.fails = fails

    async def start(self) -> None:
        self.starts += 1
        if self.fails:
            raise WeightsMissing("scripted", ["nowhere"])
        while not self.loaded:  # noqa: ASYNC110 - the flag is set from another thread
            await asyncio.sleep(0.01)


def services(flash: ScriptedEngine, light: ScriptedEngine) -> Services:
    base = scripted_services()
    return Services(
        engines={"plus": flash, "flash": flash, "light": light},
        recognizer=None,
        synthesizer=None,
        loader=base.loader,
        files=base.files,
        voices=base.voices,
        lazy=frozenset({"light"}),
    )


def test_readiness_follows_loading() -> None:
    flash, light = SlowEngine(), ScriptedEngine()
    with running(build_asgi(services(flash, light), settings_of())) as url:
        loading = httpx.get(f"{url}/ready")
        assert (loading.status_code, loading.json()["status"]) == (503, "loading")
        assert loading.json()["models"]["qwen3.5-omni-light"] == "idle"
        refused = post(url)
        assert refused.status_code == 503
        assert error_of(refused)["code"] == "ServiceUnavailable"
        assert "retry-after" in refused.headers
        flash.loaded = True
        while httpx.get(f"{url}/readyz").status_code != 200:
            pass
        assert post(url).is_success
        assert flash.starts == 1


def test_a_lazy_tier_is_loaded_by_its_first_request() -> None:
    light = SlowEngine()
    light.loaded = True
    with running(build_asgi(services(ScriptedEngine(), light), settings_of())) as url:
        assert light.starts == 0
        assert post(url, model="qwen3.5-omni-light").is_success
        assert post(url, model="qwen3.5-omni-light").is_success
        assert light.starts == 1
        assert httpx.get(f"{url}/ready").json()["models"]["qwen3.5-omni-light"] == "ready"


def test_those_who_wait_for_a_first_load_hold_no_place() -> None:
    light = SlowEngine()
    settings = settings_of(limits={"max_running": 1, "max_waiting": 1})
    with (
        running(build_asgi(services(ScriptedEngine(), light), settings)) as url,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(post, url, model="qwen3.5-omni-light")
        while not light.starts:
            pass
        assert post(url).is_success
        refused = post(url, model="qwen3.5-omni-light")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        light.loaded = True
        assert first.result().is_success


def test_a_load_that_failed_is_told_and_tried_again() -> None:
    light = SlowEngine(fails=True)
    with running(build_asgi(services(ScriptedEngine(), light), settings_of())) as url:
        refused = post(url, model="qwen3.5-omni-light")
        assert refused.status_code == 503
        assert "nowhere" in error_of(refused)["message"]
        light.fails, light.loaded = False, True
        assert post(url, model="qwen3.5-omni-light").is_success


def test_metrics_count_what_happened(url: str) -> None:
    post(url, modalities=["text", "audio"])
    post(url, temperature=9)
    families = {
        family.name: family
        for family in text_string_to_metric_families(httpx.get(f"{url}/metrics").text)
    }

    def value(name: str, **labels: str) -> float:
        family = families[name]
        return next(
            sample.value
            for sample in family.samples
            if labels.items() <= sample.labels.items()
            and sample.name.removeprefix(name) in ("", "_total", "_count")
        )

    flash = {"model": "qwen3.5-omni-flash"}
    assert value("thinktalk_request_success", finished_reason="stop", **flash) == 1
    assert value("thinktalk_errors", code="invalid_parameter_error") == 1
    assert value("thinktalk_time_to_first_token_seconds", **flash) == 1
    assert value("thinktalk_time_to_first_audio_seconds", **flash) == 1
    assert value("thinktalk_real_time_factor", **flash) == 1
    assert value("thinktalk_audio_out_seconds") == pytest.approx(1.0)
    assert value("thinktalk_requests", path="/v1/chat/completions", status="400") == 1
    assert value("thinktalk_num_requests_running") == 0


def test_the_commands_find_a_server_that_runs(url: str) -> None:
    settings, port = settings_of(), int(url.rpartition(":")[2])
    here = settings.model_copy(update={"server": settings.server.model_copy(update={"port": port})})
    assert find_server(Namespace(server=None, key=None), here) == f"http://127.0.0.1:{port}/v1"
