"""A server of our own as a process, in which a hostile file server may be asked: limits count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thinktalk.abuse.case import Limits, Target
from thinktalk.abuse.runner import Memory, Runner, serving_files

TESTS = Path(__file__).parent.parent
SERVER = """
import json, sys
from support.scripted_senses import ScriptedRecognizer
from support.server import scripted_services, settings_of
from thinktalk.api.serve import run_server
from thinktalk.api.server_app import build_asgi

settings = settings_of(**json.loads(sys.argv[1]))
services = scripted_services(media=settings.media, recognizer=ScriptedRecognizer([]))
app = build_asgi(services, settings)
sys.exit(run_server(app, settings, on_listening=lambda url: print(url, flush=True)))
"""
MEBIBYTE = 1024 * 1024
PATIENCE_S = 1.5
SETTINGS = {"port": 0, "read_timeout_s": PATIENCE_S}
MEDIA = {
    "fetch_timeout_s": PATIENCE_S,
    "worker_timeout_s": 2 * PATIENCE_S,
    "max_download_bytes": 32 * MEBIBYTE,
}
# A busy machine is slow; the strict figures are those of `benchmarks/hostile.py`.
GENEROUS = Limits(header_s=15, work_s=25, fetch_s=15, stall_s=15, answer_s=25)


@contextmanager
def visiting() -> Iterator[Runner]:
    """What tries a fresh server, and watches its memory, while the block runs."""
    with serving_files(Target(url="")) as (target, canary):
        media = {**MEDIA, "allow_hosts": [target.files.removeprefix("http://")]}
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, json.dumps({"server": SETTINGS, "media": media})],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        )
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            aimed = Target(url=url, files=target.files, canary=target.canary)
            runner = Runner(aimed, GENEROUS, canary=canary, memory=Memory(process.pid))
            assert runner.ordinary_fault() is None
            yield runner
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()
