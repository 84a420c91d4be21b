"""Encrypted downloads: connected to by address, verified by name."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.raw_server import RawServer, response
from thinktalk.errors import DownloadFailed
from thinktalk.media.source import Fetcher
from thinktalk.settings import MediaSettings

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl command is needed to make a certificate"
)


@dataclass(frozen=True)
class Certificate:
    """For the name localhost, and for no address."""

    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def localhost_only(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(
        [
            *command.split(),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-out", str(made.certificate), "-keyout", str(made.key)),
        ],
        check=True,
        capture_output=True,
    )
    return made


@pytest.fixture
async def tls_server(localhost_only: Certificate) -> AsyncIterator[RawServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(localhost_only.certificate, localhost_only.key)
    raw = RawServer(answers={"/": response(b"secret sound")})
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0, ssl=context)
    raw.port = server.sockets[0].getsockname()[1]
    yield raw
    server.close()


async def test_the_certificate_is_checked_against_the_name(
    tls_server: RawServer, localhost_only: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(localhost_only.certificate))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    fetcher = Fetcher(MediaSettings(allow_hosts=("127.0.0.1",)))

    file = await fetcher.fetch(f"https://localhost:{tls_server.port}/")
    assert file.head(99) == b"secret sound"
    with pytest.raises(DownloadFailed):
        await fetcher.fetch(f"https://127.0.0.1:{tls_server.port}/")


async def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server: RawServer) -> None:
    fetcher = Fetcher(MediaSettings(allow_hosts=("127.0.0.1",)))

    with pytest.raises(DownloadFailed):
        await fetcher.fetch(f"https://localhost:{tls_server.port}/")
