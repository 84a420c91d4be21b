"""The composition root: settings -> weights -> engines -> services -> ASGI app -> server."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from thinktalk.engines import registry
from thinktalk.engines.base import Engine
from thinktalk.errors import EngineFailed, UnsafeBinding
from thinktalk.media.activity import Activity, ActivityStream, LevelStream, WindowStream
from thinktalk.media.load import MediaLoader
from thinktalk.media.types import Samples
from thinktalk.media.worker import DecodeWorker
from thinktalk.serving.services import Services
from thinktalk.settings import ServerSettings, Settings, Tier
from thinktalk.store.files import FileStore
from thinktalk.store.voices import VoiceStore
from thinktalk.telemetry import log_to_stderr
from thinktalk.turns.classifier import trained
from thinktalk.turns.interrupt import Judge
from thinktalk.turns.prosody import Prosody
from thinktalk.voices.sample import SampleChecker
from thinktalk.voices.speakers import Embed
from thinktalk.weights.catalog import Catalog

if TYPE_CHECKING:
    import uvicorn

_GOODBYE_S = 4.0
_ACTIVITY, _PROSODY = "silero-vad", "smart-turn"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the process is made of, built but not started."""

    services: Services
    suites: tuple[registry.Suite, ...]
    worker: DecodeWorker

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weights that must be present before the first answer."""
        return tuple(dict.fromkeys(name for suite in self.suites for name in suite.weights))


def build(settings: Settings, catalog: Catalog) -> Parts:
    """Build every engine that the profiles name, and what requests need around them.

    Raises:
        UnknownEngine, MissingExtra: a profile names what is not installed.
    """
    suites = {}
    for name in dict.fromkeys(profile.engine for profile in settings.profiles.values()):
        mine = {tier: p for tier, p in settings.profiles.items() if p.engine == name}
        suites[name] = registry.load(name)(settings, catalog, mine)
    engines: dict[Tier, Engine] = {}
    for suite in suites.values():
        engines.update(suite.engines)
    default = engines.get("flash") or next(iter(engines.values()))
    worker = DecodeWorker(settings.media)
    directory = settings.files.directory or settings.weights.cache / "files"
    files = FileStore(settings.files, directory)
    voices_at = settings.voices.directory or settings.weights.cache / "voices"
    services = Services(
        engines=engines,
        recognizer=next((s.recognizer for s in suites.values() if s.recognizer), None),
        synthesizer=next((s.synthesizer for s in suites.values() if s.synthesizer), None),
        fitter=next((s.fitter for s in suites.values() if s.fitter), None),
        samples=sample_checker(catalog),
        loader=MediaLoader(settings.media, worker, files),
        files=files,
        voices=VoiceStore(settings.voices, voices_at),
        activity=window_streams(catalog),
        finished=prosody(catalog),
        judge=Judge(trained()),
        glance=next((s.glance for s in suites.values() if s.glance), None),
        lazy=frozenset(tier for tier, engine in engines.items() if engine is not default),
    )
    return Parts(services, tuple(suites.values()), worker)


def window_streams(catalog: Catalog) -> Callable[[], WindowStream]:
    """What makes streams of voice activity: by silero, once its weights are present."""

    @cache
    def first() -> ActivityStream:
        return ActivityStream(catalog.path(_ACTIVITY) / "silero_vad.onnx")

    def stream() -> WindowStream:
        is_usable = find_spec("onnxruntime") is not None and catalog.is_present(_ACTIVITY)
        return first().fork() if is_usable else LevelStream()

    return stream


def prosody(catalog: Catalog) -> Callable[[Samples], Awaitable[float]]:
    """How likely a turn sounds finished: by smart-turn, or even odds without its weights."""

    @cache
    def model() -> Prosody:
        return Prosody(catalog.path(_PROSODY) / "smart-turn-v3.2-cpu.onnx")

    async def finished(samples: Samples) -> float:
        if find_spec("onnxruntime") is None or not catalog.is_present(_PROSODY):
            return 0.5
        return await asyncio.to_thread(lambda: model().finished(samples))

    return finished


def sample_checker(catalog: Catalog) -> SampleChecker:
    """Checks voice samples by the models whose weights are present when a sample comes."""

    @cache
    def activity(file: Path) -> Activity:
        return Activity(file)

    @cache
    def embed(file: Path) -> Embed:
        from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder

        return SpeakerEncoder(file, threads=2).windows

    def usable(name: str) -> bool:
        return find_spec("onnxruntime") is not None and catalog.is_present(name)

    def find_activity() -> Activity | None:
        if not usable(_ACTIVITY):
            return None
        return activity(catalog.path(_ACTIVITY) / "silero_vad_16k_sequence.onnx")

    def find_embed() -> Embed | None:
        if not usable("resemblyzer"):
            return None
        return embed(catalog.path("resemblyzer") / "pretrained.pt")

    return SampleChecker(find_activity, find_embed)


def run(parts: Parts, settings: Settings) -> int:
    """Serve until told to stop; returns the exit status.

    Raises:
        ThinktalkError: the default engine cannot be started.
    """
    from thinktalk.api.serve import run_server
    from thinktalk.api.server_app import build_asgi

    log_to_stderr(settings.log_level)

    def tell(url: str) -> None:
        print(f"thinktalk listens on {url}", file=sys.stderr, flush=True)

    return run_server(build_asgi(parts.services, settings), settings, on_listening=tell)


async def start_private(settings: Settings, catalog: Catalog) -> tuple[str, str]:
    """Start a server for this process alone, on the running loop; returns base URL and key.

    It listens on a free loopback port and lives as long as the loop.

    Raises:
        ThinktalkError: it cannot be started, with the reason. `OSError`: there is no free port.
    """
    import uvicorn

    from thinktalk.api.connection import connection_class, socket_options
    from thinktalk.api.server_app import build_asgi

    key = secrets.token_urlsafe(24)
    server = settings.server.model_copy(
        update={"host": "127.0.0.1", "port": 0, "api_keys": (SecretStr(key),)}
    )
    private = settings.model_copy(update={"server": server})
    parts = build(private, catalog)
    app = build_asgi(parts.services, private)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        http=connection_class(server),
        **socket_options(server),
        log_level="warning",
        access_log=False,
    )
    # The decoder and the port come first: what fails within uvicorn is only logged.
    await parts.services.loader.start()
    port = socket.create_server(("127.0.0.1", 0))
    listener = uvicorn.Server(config)
    serving = asyncio.create_task(listener.serve(sockets=[port]))
    _private_servers[serving] = listener
    serving.add_done_callback(_private_servers.pop)
    try:
        while not listener.started:
            if serving.done():
                raise EngineFailed("the private server does not start; the log says why")
            await asyncio.sleep(0.01)
        # Answers would wait for the models anyway; here the wait has a name, and failures a reason.
        await app.context.readiness.started()
    except BaseException:
        await _end({serving: listener})
        raise
    return f"http://127.0.0.1:{port.getsockname()[1]}/v1", key


async def end_private() -> None:
    """End the private servers of the running loop and their engines, if they can be ended soon.

    A model's thread that still runs when the process ends may abort it.
    """
    await _end(_private_servers)


async def _end(servers: Mapping[asyncio.Task[None], uvicorn.Server]) -> None:
    for listener in servers.values():
        listener.should_exit = True
    if servers:
        await asyncio.wait(tuple(servers), timeout=_GOODBYE_S)


_private_servers: dict[asyncio.Task[None], uvicorn.Server] = {}


def check_binding(server: ServerSettings) -> None:
    """Raise `UnsafeBinding` for an address that others can reach while no key is set."""
    if server.api_keys or server.host == "localhost":
        return
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(server.host).is_loopback:
            return
    raise UnsafeBinding(server.host)
