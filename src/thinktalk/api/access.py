"""Who may call. With keys: whoever has one, from any page. Without: this machine's own programs.

A server without keys must not be usable by a web page that happens to be open in a browser on the
same machine. So the peer has to be local, `Host` a local name (or else a page could reach us under
a name of its own that resolves here), and `Origin`, where there is one, our own or allowed.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from thinktalk.api.page import ASSETS
from thinktalk.errors import Forbidden, NotAuthorized
from thinktalk.settings import ServerSettings

PUBLIC_PATHS = frozenset(
    {
        *("/health", "/healthz", "/live", "/ready", "/readyz", "/metrics", "/version"),
        *("/docs", "/openapi.json", "/"),
    }
)
_LOCAL_CALLER = "local"
_MAX_LENT = 2_000
_KEY_PROTOCOL = "openai-insecure-api-key."
_SENT_HEADERS = frozenset({"authorization", "content-type", "accept"})
_EXPOSED_HEADERS = (
    "x-request-id, x-thinktalk-voice, retry-after, retry-after-ms, x-ratelimit-limit-requests, "
    "x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, "
    "x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens"
)


@dataclass(frozen=True, slots=True)
class _Loan:
    """`expires` in Unix time; `session` is what the lender set, for whoever comes with the key."""

    caller: str
    expires: float
    session: bytes


class Access:
    """The rules of one server."""

    def __init__(self, server: ServerSettings) -> None:
        keys = [key.get_secret_value().encode() for key in server.api_keys]
        self._digests = [hashlib.sha256(key).digest() for key in keys]
        self._lent: dict[bytes, _Loan] = {}
        self._hosts = frozenset(name.lower() for name in server.allow_hosts)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in server.allow_origins)

    def admit(self, scope: Scope, headers: Headers) -> str:
        """Who calls, as a name: nobody can call with it.

        Raises:
            NotAuthorized: a key is needed and this one is missing or wrong.
            Forbidden: no key is set, and the request does not come from this machine's programs.
        """
        if not self._digests:
            self._check_local(scope, headers)
            return _LOCAL_CALLER
        if scope["path"] in PUBLIC_PATHS or scope["path"].startswith(ASSETS):
            return _LOCAL_CALLER
        return self._check_key(scope, headers)

    def lend(self, caller: str, lifetime_s: float, session: bytes) -> tuple[str, int]:
        """A key that opens sockets for `caller` until it expires; and when, in Unix time."""
        now = time.time()
        self._lent = {digest: loan for digest, loan in self._lent.items() if loan.expires > now}
        while len(self._lent) >= _MAX_LENT:
            del self._lent[next(iter(self._lent))]
        key = f"ek_{secrets.token_urlsafe(24)}"
        expires = now + lifetime_s
        self._lent[_digest(key)] = _Loan(caller, expires, session)
        return key, int(expires)

    def lent_session(self, headers: Headers) -> bytes | None:
        """What was set with the key that this socket comes with, if that was lent."""
        loan = self._loan(*_credentials(headers))
        return loan.session if loan else None

    def cors_headers(self, headers: Headers) -> dict[str, str]:
        """What an answer to an admitted request tells the browser."""
        origin = headers.get("origin")
        if origin is None:
            return {}
        allowed = "*" if self._digests else origin
        cors = {
            "access-control-allow-origin": allowed,
            "access-control-expose-headers": _EXPOSED_HEADERS,
        }
        return cors if self._digests else {**cors, "vary": "Origin"}

    def preflight_headers(self, scope: Scope, headers: Headers) -> dict[str, str]:
        """The answer to a browser that asks before it sends.

        Raises:
            Forbidden: no key is set, and the page is foreign.
        """
        if not self._digests:
            self._check_local(scope, headers)
        asked = headers.get("access-control-request-headers", "").lower().split(",")
        names = [name.strip() for name in asked]
        sent = [name for name in names if name in _SENT_HEADERS or name.startswith("x-")]
        return {
            **self.cors_headers(headers),
            "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
            "access-control-allow-headers": ", ".join(sent) or "authorization, content-type",
            "access-control-max-age": "600",
        }

    def _check_key(self, scope: Scope, headers: Headers) -> str:
        scheme, token = _credentials(headers)
        if scope["type"] == "websocket" and (loan := self._loan(scheme, token)):
            return loan.caller
        given = _digest(token)
        # Every key is compared, so that the time taken says nothing about which one came close.
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        if scheme != "bearer" or not any(matches):
            raise NotAuthorized
        # A name that outlives the order of the keys: stored files are kept under it.
        return f"key {given.hex()[:32]}"

    def _loan(self, scheme: str, token: str) -> _Loan | None:
        loan = self._lent.get(_digest(token)) if scheme == "bearer" else None
        return loan if loan and loan.expires > time.time() else None

    def _check_local(self, scope: Scope, headers: Headers) -> None:
        peer = scope.get("client")
        if peer is not None and not _is_loopback(peer[0]):
            raise Forbidden(
                f"Access denied. Requests from {peer[0]} need an API key, and none is configured"
            )
        host = headers.get("host", "")
        name = _host_name(host)
        if not (_is_local_name(name) or name in self._hosts or host.lower() in self._hosts):
            raise Forbidden(
                f"Access denied. Host {host!r} is not a name of this machine; an operator can "
                "allow it with server.allow_hosts"
            )
        origin = headers.get("origin")
        if origin is not None and not self._is_own_origin(origin.lower(), host.lower()):
            raise Forbidden(
                f"Access denied. Origin {origin!r} is foreign; an operator can allow it with "
                "server.allow_origins"
            )

    def _is_own_origin(self, origin: str, host: str) -> bool:
        return origin in {f"http://{host}", f"https://{host}"} or origin in self._origins


def _credentials(headers: Headers) -> tuple[str, str]:
    """Scheme, in lower case, and token."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not token and (carried := _key_in_protocols(headers)):
        return "bearer", carried
    return scheme.lower(), token.strip()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _key_in_protocols(headers: Headers) -> str:
    """The key of a browser's socket, which cannot set headers: it names it as a subprotocol."""
    for name in headers.get("sec-websocket-protocol", "").split(","):
        if name.strip().startswith(_KEY_PROTOCOL):
            return name.strip().removeprefix(_KEY_PROTOCOL)
    return ""


def _host_name(host: str) -> str:
    """The name in a Host header, without its port; empty if it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_local_name(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


@lru_cache(maxsize=1024)  # asked of every request, and nearly always of the same few
def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
