"""The app on a loopback port, in a thread of its own, so that real clients can talk to it."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import uvicorn

from thinktalk.api.connection import connection_class, socket_options
from thinktalk.api.server_app import Application, build_asgi
from thinktalk.engines.base import Engine, Recognizer, Synthesizer
from thinktalk.media.load import MediaLoader
from thinktalk.media.worker import DecodeWorker
from thinktalk.serving.services import Services
from thinktalk.settings import (
    FileSettings,
    LimitSettings,
    MediaSettings,
    RealtimeSettings,
    ServerSettings,
    Settings,
    VoiceSettings,
)
from thinktalk.store.files import FileStore
from thinktalk.store.voices import VoiceStore
from thinktalk.testing import ScriptedEngine
from thinktalk.voices.fitting import VoiceFitter

_START_S = 20.0


def scripted_services(
    engine: Engine | None = None,
    *,
    media: MediaSettings | None = None,
    files: FileSettings | None = None,
    voices: VoiceSettings | None = None,
    recognizer: Recognizer | None = None,
    synthesizer: Synthesizer | None = None,
    fitter: VoiceFitter | None = None,
) -> Services:
    """One engine behind all three tiers, and the real media loader."""
    engine = engine or ScriptedEngine()
    media, files = media or MediaSettings(), files or FileSettings()
    voices = voices or VoiceSettings()
    # Nothing is made there by servers to which nothing is uploaded.
    nowhere = Path(tempfile.gettempdir()) / f"thinktalk-{uuid.uuid4().hex}"
    store = FileStore(files, files.directory or nowhere / "files")
    return Services(
        engines={"plus": engine, "flash": engine, "light": engine},
        recognizer=recognizer,
        synthesizer=synthesizer,
        fitter=fitter,
        loader=MediaLoader(media, DecodeWorker(media), store),
        files=store,
        voices=VoiceStore(voices, voices.directory or nowhere / "voices"),
        lazy=frozenset(),
    )


def settings_of(**sections: dict[str, Any]) -> Settings:
    """Settings from arguments alone: `settings_of(server={"strict": True})`."""
    return Settings.model_construct(
        **{
            **Settings.model_construct().model_dump(),
            "server": ServerSettings(**sections.get("server", {})),
            "limits": LimitSettings(**sections.get("limits", {})),
            "media": MediaSettings(**sections.get("media", {})),
            "files": FileSettings(**sections.get("files", {})),
            "voices": VoiceSettings(**sections.get("voices", {})),
            "realtime": RealtimeSettings(**sections.get("realtime", {})),
        }
    )


@contextlib.contextmanager
def running(app: Application) -> Generator[str, None, None]:
    """Serve `app` while the block runs; yields its base URL without a path."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        http=connection_class(app.context.settings.server),
        **socket_options(app.context.settings.server),
        log_level="error",
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    listener = uvicorn.Server(config)
    thread = threading.Thread(target=listener.run, name="server under test")
    thread.start()
    try:
        deadline = time.monotonic() + _START_S
        while not listener.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the server did not start")
            time.sleep(0.005)
        port = listener.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        listener.should_exit = True
        thread.join(_START_S)


@contextlib.contextmanager
def serving(
    engine: Engine | None = None,
    *,
    recognizer: Recognizer | None = None,
    synthesizer: Synthesizer | None = None,
    fitter: VoiceFitter | None = None,
    **sections: dict[str, Any],
) -> Generator[str, None, None]:
    """The app with these settings sections; yields its base URL without a path."""
    settings = settings_of(**sections)
    services = scripted_services(
        engine,
        media=settings.media,
        files=settings.files,
        voices=settings.voices,
        recognizer=recognizer,
        synthesizer=synthesizer,
        fitter=fitter,
    )
    with running(build_asgi(services, settings)) as url:
        yield url
