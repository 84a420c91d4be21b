from __future__ import annotations

import asyncio
import base64
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from support.raw_server import RawServer, redirect, response
from thinktalk.errors import (
    AddressForbidden,
    DataUriTooLarge,
    DownloadFailed,
    InvalidAddress,
    MediaTooLarge,
)
from thinktalk.media.source import (
    STRICT_BASE64_CHARS,
    Fetcher,
    MediaAddress,
    base64_pieces,
    percent_pieces,
)
from thinktalk.media.spool import MediaFile
from thinktalk.settings import MediaSettings

DATA = bytes(range(256)) * 3 + b"tail"
BASE64 = base64.b64encode(DATA).decode()
MEBIBYTE = 1024 * 1024


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    fetcher = fetcher_with()
    yield fetcher
    await fetcher.close()


def content(file: MediaFile) -> bytes:
    with file.opened() as opened:
        return opened.read()


def fetcher_with(**settings: Any) -> Fetcher:
    settings.setdefault("allow_hosts", ("127.0.0.1",))
    return Fetcher(MediaSettings(**settings))


@pytest.mark.parametrize(
    "address",
    [
        BASE64,
        BASE64.rstrip("="),
        base64.urlsafe_b64encode(DATA).decode(),
        "\n".join(BASE64[i : i + 76] for i in range(0, len(BASE64), 76)) + "\n",
        "data:;base64," + BASE64,
        "data:audio/wav;base64," + BASE64,
        "DATA:Audio/WAV;charset=x;BASE64," + BASE64,
        "  data:;base64, " + BASE64,
        "data:application/octet-stream," + "".join(f"%{byte:02x}" for byte in DATA),
    ],
    ids=["bare", "unpadded", "urlsafe", "wrapped", "no type", "type", "case", "spaces", "percent"],
)
async def test_inline_data_come_in_many_forms(fetcher: Fetcher, address: str) -> None:
    assert content(await fetcher.fetch(address)) == DATA


@pytest.mark.parametrize("num_plain", range(65_533, 65_538))
def test_escapes_are_whole_wherever_they_lie(num_plain: int) -> None:
    text = "a" * num_plain + "%41%zz%" + "%42" * 50_000
    expected = b"a" * num_plain + b"A%zz%" + b"B" * 50_000

    assert b"".join(percent_pieces(text, 1_000_000)) == expected


def test_escapes_take_little_more_memory_than_what_they_stand_for() -> None:
    text = "%41" * 2_000_000

    assert _peak_bytes(lambda: sum(map(len, percent_pieces(text, 3_000_000)))) < 8 * MEBIBYTE


async def test_a_download_is_held_once(fetcher: Fetcher, raw_server: RawServer) -> None:
    size, piece = 32 * MEBIBYTE, bytes(MEBIBYTE)

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", Content_Length=str(size)))
        for _ in range(size // len(piece)):
            writer.write(piece)
            await writer.drain()

    raw_server.answers["/large"] = answer
    tracemalloc.start()
    try:
        assert (await fetcher.fetch(raw_server.url("/large"))).size_bytes == size
        assert tracemalloc.get_traced_memory()[1] < 1.5 * size
    finally:
        tracemalloc.stop()


def _peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("num_bytes", [0, 1, 2, 3, 786_431, 786_432, 786_433, 3_000_000])
def test_base64_of_any_length_is_decoded(num_bytes: int) -> None:
    data = (DATA * (num_bytes // len(DATA) + 1))[:num_bytes]
    text = base64.b64encode(data).decode()

    assert b"".join(base64_pieces(text, 4_000_000)) == data
    assert b"".join(base64_pieces(text.rstrip("="), 4_000_000)) == data


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "not base64!",
        "QUJD=QUJD",
        "QUJDR",
        "ümläut",
        "data:audio/wav;base64",
        "data:;base64,????",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "oss://bucket/key",
        "ftp://example.com/a.wav",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://exa mple.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com/\r\nHost: other",
        "http://[::1/",
        "http://example.com:99999/",
        "https://" + "a" * 9000,
    ],
)
async def test_what_is_no_address_is_refused(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(InvalidAddress, match="does not appear to be valid"):
        await fetcher.fetch(address)


def test_an_address_is_never_taken_for_base64() -> None:
    assert MediaAddress.parse("https://example.com/a.wav").kind == "url"
    assert MediaAddress.parse("  HTTP://example.com/a.wav ").kind == "url"


async def test_inline_data_over_the_limit_are_refused_with_the_limit() -> None:
    fetcher = fetcher_with(max_inline_bytes=500)

    with pytest.raises(MediaTooLarge, match="limit of 500 bytes"):
        await fetcher.fetch(BASE64)
    with pytest.raises(MediaTooLarge, match="limit of 500 bytes"):
        await fetcher.fetch("data:,".ljust(600, "a"))


async def test_strict_refuses_ten_mebibytes_of_base64_text(fetcher: Fetcher) -> None:
    just_right = "A" * STRICT_BASE64_CHARS

    assert (await fetcher.fetch(just_right, strict=True)).size_bytes == STRICT_BASE64_CHARS * 3 // 4
    with pytest.raises(DataUriTooLarge, match="max bytes per data-uri item : 10485760"):
        await fetcher.fetch("data:;base64," + just_right + "AAAA", strict=True)
    assert await fetcher.fetch(just_right + "AAAA")


async def test_large_inline_data_leave_the_loop_free(fetcher: Fetcher) -> None:
    text = "A" * (40 * MEBIBYTE)
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest_s = max(longest_s, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    await fetcher.fetch(text)
    watching.cancel()

    assert longest_s < 0.5


async def test_a_file_is_fetched_from_an_allowed_host(
    fetcher: Fetcher, raw_server: RawServer
) -> None:
    raw_server.answers["/a.wav?x=1"] = response(DATA)

    assert content(await fetcher.fetch(raw_server.url("/a.wav?x=1"))) == DATA
    assert f"host: 127.0.0.1:{raw_server.port}" in raw_server.requests[0].lower()


async def test_the_name_of_the_url_is_sent_as_host(raw_server: RawServer) -> None:
    raw_server.answers["/"] = response(DATA)

    await fetcher_with(allow_hosts=("localhost",)).fetch(raw_server.url("/", "localhost"))

    assert f"host: localhost:{raw_server.port}" in raw_server.requests[0].lower()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::ffff:127.0.0.1]",
        "user@127.0.0.1",
        "1.1.1.1@127.0.0.1",
        "１２７.0.0.1",
        "localhost.",
    ],
)
async def test_no_spelling_of_a_local_address_gets_through(
    raw_server: RawServer, host: str
) -> None:
    raw_server.answers["/"] = response(DATA)

    # A resolver that does not know an odd spelling is right, too.
    with pytest.raises((AddressForbidden, InvalidAddress, DownloadFailed)):
        await fetcher_with(allow_hosts=()).fetch(raw_server.url("/", host))

    assert raw_server.requests == []


async def test_allowing_one_port_does_not_allow_others(raw_server: RawServer) -> None:
    raw_server.answers["/"] = response(DATA)
    here = f"127.0.0.1:{raw_server.port}"

    assert content(await fetcher_with(allow_hosts=(here,)).fetch(raw_server.url("/"))) == DATA
    with pytest.raises(AddressForbidden, match=r"127\.0\.0\.1 is refused: its address is loopback"):
        await fetcher_with(allow_hosts=("127.0.0.1:1",)).fetch(raw_server.url("/"))


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "[fe80::1]", "224.0.0.1"])
async def test_other_private_addresses_are_refused_without_connecting(
    fetcher: Fetcher, host: str
) -> None:
    started = time.perf_counter()
    with pytest.raises(AddressForbidden):
        await fetcher.fetch(f"http://{host}/latest/meta-data")
    assert time.perf_counter() - started < 1.0


async def test_redirects_are_followed(fetcher: Fetcher, raw_server: RawServer) -> None:
    raw_server.answers |= {"/a": redirect("b?x"), "/b?x": redirect(raw_server.url("/c"))}
    raw_server.answers["/c"] = response(DATA)

    assert content(await fetcher.fetch(raw_server.url("/a"))) == DATA


@pytest.mark.parametrize(
    "target", ["http://localhost:{port}/c", "http://10.0.0.1/", "//169.254.169.254/"]
)
async def test_a_redirect_to_a_private_address_is_refused(
    raw_server: RawServer, target: str
) -> None:
    raw_server.answers["/a"] = redirect(target.format(port=raw_server.port + 1))
    fetcher = fetcher_with(allow_hosts=(f"127.0.0.1:{raw_server.port}",))

    with pytest.raises(AddressForbidden):
        await fetcher.fetch(raw_server.url("/a"))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.com/", "http://a\\b/"])
async def test_a_redirect_to_another_scheme_is_refused(
    fetcher: Fetcher, raw_server: RawServer, target: str
) -> None:
    raw_server.answers["/a"] = redirect(target)

    with pytest.raises(InvalidAddress):
        await fetcher.fetch(raw_server.url("/a"))


async def test_redirects_come_to_an_end(fetcher: Fetcher, raw_server: RawServer) -> None:
    raw_server.answers["/a"] = redirect("/a")

    with pytest.raises(DownloadFailed, match="over 5 redirects"):
        await fetcher.fetch(raw_server.url("/a"))
    assert len(raw_server.requests) == 6


async def test_credentials_go_to_the_first_host_only(
    fetcher: Fetcher, raw_server: RawServer
) -> None:
    raw_server.answers |= {"/a": redirect("/b"), "/b": response(DATA)}

    await fetcher.fetch(raw_server.url("/a", "user:secret@127.0.0.1"))

    first, second = raw_server.requests
    assert "authorization: basic" in first.lower()
    assert "authorization" not in second.lower()


async def test_a_stated_size_over_the_limit_is_refused_unread(raw_server: RawServer) -> None:
    raw_server.answers["/"] = response(b"", Content_Length="1000000")

    with pytest.raises(MediaTooLarge, match="1000000 bytes exceeds the limit of 1000 bytes"):
        await fetcher_with(max_download_bytes=1000).fetch(raw_server.url("/"))


async def test_an_endless_body_is_cut_at_the_limit(raw_server: RawServer) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()
            sent += 65_536

    raw_server.answers["/"] = endless

    with pytest.raises(MediaTooLarge, match="limit of 1000000 bytes"):
        await fetcher_with(max_download_bytes=1_000_000).fetch(raw_server.url("/"))
    assert sent < 30_000_000


async def test_a_body_that_drips_is_given_up_in_time(raw_server: RawServer) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    raw_server.answers["/"] = drip

    started = time.perf_counter()
    with pytest.raises(DownloadFailed, match="timed out"):
        await fetcher_with(fetch_timeout_s=0.3).fetch(raw_server.url("/"))
    assert time.perf_counter() - started < 2.0


async def test_a_compressed_body_is_not_unpacked(fetcher: Fetcher, raw_server: RawServer) -> None:
    raw_server.answers["/"] = response(DATA, Content_Encoding="gzip")

    with pytest.raises(DownloadFailed, match="gzip"):
        await fetcher.fetch(raw_server.url("/"))
    assert "accept-encoding: identity" in raw_server.requests[0].lower()


@pytest.mark.parametrize(
    "answer",
    [
        response(b"", status="404 Not Found"),
        response(b"", status="500 Oops"),
        response(b"short", Content_Length="100"),
        b"nonsense\r\n\r\n",
        b"",
    ],
)
async def test_a_failed_download_is_called_so(
    fetcher: Fetcher, raw_server: RawServer, answer: bytes
) -> None:
    raw_server.answers["/"] = answer

    with pytest.raises(DownloadFailed, match="Failed to download multimodal content"):
        await fetcher.fetch(raw_server.url("/"))


async def test_a_host_that_does_not_listen_fails_the_download(fetcher: Fetcher) -> None:
    with pytest.raises(DownloadFailed):
        await fetcher.fetch("http://127.0.0.1:1/")
