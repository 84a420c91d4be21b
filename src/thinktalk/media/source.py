"""Where media come from: an address in a request to the bytes behind it.

An address is an http(s) URL, a data URL, base64 without any frame, or the id of an uploaded file.
Bytes are spooled as they come; what they are, `sniff` and `decode` say. Knows nothing of requests.
"""

from __future__ import annotations

import asyncio
import binascii
import copy
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import BinaryIO, Literal, Protocol, Self
from urllib.parse import unquote_to_bytes

import httpx

from thinktalk.errors import (
    Busy,
    DataUriTooLarge,
    DownloadFailed,
    InvalidAddress,
    MediaTooLarge,
    UnknownFile,
)
from thinktalk.media.guard import AddressPolicy, GuardedTransport
from thinktalk.media.spool import MediaFile, Memory
from thinktalk.settings import MediaSettings

# The hosted service's bounds, copied when a request is strict.
STRICT_BASE64_CHARS = 10 * 1024 * 1024

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT_TIMEOUT_S = 10.0
_MAX_URL_CHARS = 8192
_BLOCK_BYTES = 1 << 18
_FULL_AGAIN_S = 5.0

# Base64 is decoded in slices, so that a large item does not hold the interpreter; and from
# this size on, in a thread.
_SLICE_CHARS = 1 << 20
_THREAD_CHARS = 1 << 18
# Unquoting makes an object of each escape, forty times its size.
_PERCENT_SLICE_CHARS = 1 << 16
_TAIL_CHARS = 256
_WHITESPACE = b" \t\r\n\x0b\x0c"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# Base64, too, but of bytes that no format begins with.
_FILE_ID = re.compile(r"\s*file-[A-Za-z0-9_-]{0,123}\s*")
_REFUSED_IN_URL = re.compile(r"[\\\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class MediaAddress:
    """An address taken apart: `text` is the URL, the id, the base64 or percent-encoded data."""

    kind: Literal["url", "file", "base64", "percent"]
    text: str

    @classmethod
    def parse(cls, address: str) -> MediaAddress:
        """Tell the forms apart; anything with an unknown scheme is `InvalidAddress`."""
        # A scheme is short, and base64 may be a hundred megabytes.
        start = address[:64].lstrip()
        scheme = _SCHEME.match(start)
        if not start:
            raise InvalidAddress("it is empty")
        if is_file_id(address):
            return cls("file", address.strip())
        if scheme is None:
            return cls("base64", address)
        match scheme[1].lower():
            case "http" | "https":
                return cls("url", _checked_url(address.strip()))
            case "data":
                return cls._parse_data_url(address)
            case other:
                raise InvalidAddress(f"{other}: addresses are not accepted")

    @classmethod
    def _parse_data_url(cls, address: str) -> MediaAddress:
        comma = address.find(",", 0, 1024)
        if comma < 0:
            raise InvalidAddress("a data URL needs a comma before its data")
        media_type = address[:comma].rstrip().lower()
        return cls("base64" if media_type.endswith(";base64") else "percent", address[comma + 1 :])


def is_file_id(address: str) -> bool:
    """Whether it has the shape of an id of an uploaded file, here or at another service."""
    return len(address) < 256 and _FILE_ID.fullmatch(address) is not None


def base64_pieces(text: str, max_bytes: int) -> Iterator[bytes]:
    """Decode base64, standard or URL-safe, padded or not, with white space anywhere.

    Raises:
        InvalidAddress: other characters, or a length that no bytes have.
        MediaTooLarge: more than `max_bytes` come out.
    """
    # Padding is two characters at most, among which white space may stand. A longer tail of them is
    # no base64, and is found out below.
    tail = text[-_TAIL_CHARS:]
    end = len(text) - len(tail) + len(tail.rstrip("= \t\r\n\x0b\x0c"))
    size_bytes = 0
    carried = b""
    try:
        for start in range(0, end, _SLICE_CHARS):
            piece = text[start : min(end, start + _SLICE_CHARS)].encode("ascii")
            piece = carried + piece.translate(_TO_STANDARD, _WHITESPACE)
            whole = len(piece) & ~3
            size_bytes += whole // 4 * 3
            if size_bytes > max_bytes:
                raise MediaTooLarge(len(text) * 3 // 4, max_bytes)
            yield _standard_base64(piece[:whole])
            carried = piece[whole:]
        if carried:
            if size_bytes + len(carried) - 1 > max_bytes:
                raise MediaTooLarge(size_bytes + len(carried) - 1, max_bytes)
            yield _standard_base64(carried + b"=" * (4 - len(carried)))
    except (UnicodeEncodeError, binascii.Error) as exc:
        raise InvalidAddress("it is neither a URL nor base64") from exc


def percent_pieces(text: str, max_bytes: int) -> Iterator[bytes]:
    """Decode the data of a URL without `;base64`.

    Raises:
        InvalidAddress: characters that no URL has.
        MediaTooLarge: more than `max_bytes` come out.
    """
    size_bytes = start = 0
    while start < len(text):
        end = start + _PERCENT_SLICE_CHARS
        # An escape has three characters, and must not be cut in two.
        escape = text.find("%", end - 2, end)
        end = escape if escape >= 0 and end < len(text) else end
        try:
            piece = unquote_to_bytes(text[start:end].encode("ascii"))
        except UnicodeEncodeError as exc:
            raise InvalidAddress("a data URL is ASCII") from exc
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise MediaTooLarge(None, max_bytes)
        yield piece
        start = end


def _standard_base64(piece: bytes) -> bytes:
    if piece.find(b"=", 0, -2) >= 0:
        raise binascii.Error("padding within the data")
    return binascii.a2b_base64(piece, strict_mode=True)


class Uploads(Protocol):
    """Files that were uploaded before the request."""

    async def open(self, file_id: str, owner: str) -> BinaryIO:
        """The content, for whoever asks to close. Raises `UnknownFile` if it is another owner's."""


class Fetcher:
    """Gets the bytes behind addresses, within the limits of the settings.

    One client for all requests; call `close` when done with it.
    """

    def __init__(self, settings: MediaSettings, uploads: Uploads | None = None) -> None:
        self._settings = settings
        self._uploads = uploads
        self._owner: str | None = None
        self._memory = Memory()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="base64")
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(AddressPolicy(settings.allow_hosts)),
            timeout=httpx.Timeout(settings.fetch_timeout_s, connect=_CONNECT_TIMEOUT_S),
            follow_redirects=False,
            trust_env=False,
            # One client fetches for all callers: none may get a session that another's URL began.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # A compressed body could unpack to any size.
            headers={"accept": "*/*", "accept-encoding": "identity", "user-agent": "thinktalk"},
        )

    async def close(self) -> None:
        await self._client.aclose()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def on_behalf_of(self, owner: str) -> Self:
        """The same fetcher, which also gets what `owner` has uploaded."""
        bound = copy.copy(self)
        bound._owner = owner
        return bound

    async def fetch(
        self, address: str, *, strict: bool = False, max_bytes: int | None = None
    ) -> MediaFile:
        """The bytes behind `address`, to be closed by whoever gets them.

        Args:
            strict: refuse base64 of over 10 MiB of text, as the hosted service does.
            max_bytes: a lower limit than the one of the settings.
        Raises:
            InvalidAddress, AddressForbidden, DownloadFailed, MediaTooLarge, DataUriTooLarge,
            UnknownFile. Busy: there is no room for it.
        """
        try:
            return await self._fetch(MediaAddress.parse(address), strict, max_bytes)
        except OSError as exc:  # no descriptor or no room on disk is left
            raise Busy(
                "Requests rate limit exceeded, try again later. The server cannot hold another "
                f"file now: {exc.strerror}",
                retry_after_s=_FULL_AGAIN_S,
            ) from exc

    async def _fetch(self, media: MediaAddress, strict: bool, max_bytes: int | None) -> MediaFile:
        settings = self._settings
        if media.kind == "file":
            if strict:
                raise InvalidAddress("ids of files are not accepted in strict mode")
            limit = min(max_bytes or settings.max_download_bytes, settings.max_download_bytes)
            return await self._uploaded(media.text, limit)
        if media.kind == "url":
            limit = min(max_bytes or settings.max_download_bytes, settings.max_download_bytes)
            return await self._download(media.text, limit)
        if strict and len(media.text) > STRICT_BASE64_CHARS:
            raise DataUriTooLarge(len(media.text), STRICT_BASE64_CHARS)
        limit = min(max_bytes or settings.max_inline_bytes, settings.max_inline_bytes)
        if len(media.text) < _THREAD_CHARS:
            return _inline(media, MediaFile(memory=self._memory), limit)
        loop = asyncio.get_running_loop()
        file = MediaFile(memory=self._memory)
        return await loop.run_in_executor(self._executor, _inline, media, file, limit)

    async def _uploaded(self, file_id: str, limit: int) -> MediaFile:
        if self._uploads is None or self._owner is None:
            raise UnknownFile(file_id)
        file = MediaFile(await self._uploads.open(file_id, self._owner))
        if file.size_bytes > limit:
            raise MediaTooLarge(file.size_bytes, limit)
        if not file.is_small():
            return file
        # A request may name thousands: none of the small ones keeps a descriptor.
        return MediaFile.of(file.head(file.size_bytes), self._memory)

    async def _download(self, url: str, limit: int) -> MediaFile:
        try:
            async with asyncio.timeout(self._settings.fetch_timeout_s):
                return await self._follow(httpx.URL(url), limit)
        except (TimeoutError, httpx.TimeoutException) as exc:
            limit_s = self._settings.fetch_timeout_s
            raise DownloadFailed(f"(limit {limit_s:.0f} s)", timed_out=True) from exc
        except httpx.InvalidURL as exc:
            raise InvalidAddress(str(exc)) from exc
        except httpx.HTTPError as exc:
            raise DownloadFailed(f"({type(exc).__name__})") from exc

    async def _follow(self, url: httpx.URL, limit: int) -> MediaFile:
        for _ in range(_MAX_REDIRECTS + 1):
            if not url.host or not 0 < (url.port or 80) < 65_536:
                raise InvalidAddress("it names no host, or no possible port")
            async with self._client.stream("GET", url) as response:
                location = response.headers.get("location")
                if response.status_code not in _REDIRECTS or location is None:
                    return await _body(response, MediaFile(memory=self._memory), limit)
            target = url.join(_checked_url(location))
            if target.scheme not in ("http", "https"):
                raise InvalidAddress(f"it redirects to {target.scheme}:")
            # Credentials are for the first host only.
            url = target.copy_with(userinfo=b"")
        raise DownloadFailed(f"(over {_MAX_REDIRECTS} redirects)")


async def _body(response: httpx.Response, file: MediaFile, limit: int) -> MediaFile:
    if response.status_code != httpx.codes.OK:
        raise DownloadFailed(f"(HTTP status {response.status_code})")
    if (encoding := response.headers.get("content-encoding", "identity")) != "identity":
        raise DownloadFailed(f"(content-encoding {encoding} was not asked for)")
    stated = response.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > limit:
        raise MediaTooLarge(int(stated), limit)
    try:
        async for block in response.aiter_raw(_BLOCK_BYTES):
            if file.size_bytes + len(block) > limit:
                raise MediaTooLarge(None, limit)
            if file.is_small(len(block)):
                file.write(block)
            else:
                await asyncio.to_thread(file.write, block)
    except BaseException:
        file.close()
        raise
    return file


def _inline(media: MediaAddress, file: MediaFile, limit: int) -> MediaFile:
    pieces = base64_pieces if media.kind == "base64" else percent_pieces
    try:
        for piece in pieces(media.text, limit):
            file.write(piece)
    except BaseException:
        file.close()
        raise
    return file


def _checked_url(url: str) -> str:
    """Refuse what different parsers read differently, and hosts that are missing."""
    if len(url) > _MAX_URL_CHARS:
        raise InvalidAddress(f"it has {len(url)} characters; the limit is {_MAX_URL_CHARS}")
    if _REFUSED_IN_URL.search(url):
        raise InvalidAddress("it holds a backslash, a space or a control character")
    return url
