"""Which machines may be connected to when a stranger names the address.

A request that says "fetch this URL" must not become a way into the operator's own network. The name
is resolved once, the answer is checked, and the connection goes to the checked address: a second
look-up could give another one. Knows nothing of media.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpx

from thinktalk.errors import AddressForbidden, DownloadFailed

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Public by number, yet served by the host of a virtual machine: Azure's metadata.
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressPolicy:
    """Refuses addresses that are not public, but for those an operator named.

    Args:
        allow_hosts: names or addresses, each with an optional `:port`; no port allows all ports.
    """

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        self._allowed = frozenset(host.lower().rstrip(".") for host in allow_hosts)

    def allows(self, host: str, port: int, address: IPAddress) -> bool:
        """Whether `host`, which resolved to `address`, may be connected to at `port`."""
        return refusal(address) is None or any(
            name in self._allowed or f"{name}:{port}" in self._allowed
            for name in (host.lower().strip("[]").rstrip("."), _written(address), str(address))
        )

    def checked(self, host: str, port: int, addresses: Iterable[IPAddress]) -> list[IPAddress]:
        """Those of `addresses` that may be used. Raises `AddressForbidden` when none is left."""
        found = list(addresses)
        usable = [address for address in found if self.allows(host, port, address)]
        if not usable:
            reason = refusal(found[0]) if found else None
            raise AddressForbidden(host, reason or "it has no address")
        return usable


def refusal(address: IPAddress) -> str | None:
    """Why an address is not one of the public internet; None when it is."""
    inner = _embedded(address)
    if inner is not None:
        return refusal(inner)
    if address in _METADATA or address.is_link_local:
        return "its address is link-local or serves metadata"
    if address.is_loopback:
        return "its address is loopback"
    if address.is_multicast:
        return "its address is multicast"
    if address.is_unspecified:
        return "its address is unspecified"
    if address.is_private or address.is_reserved or not address.is_global:
        return "its address is private"
    return None


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to addresses that the policy has checked, and to no other.

    TLS is verified against the name of the URL, not against the address.
    """

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        # A kept connection is found again by its address alone, which several names may share.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        host = url.raw_host.decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = self._policy.checked(host, port, await _resolve(host, port))
        for position, address in enumerate(addresses):
            try:
                return await self._transport.handle_async_request(
                    _redirected_to(address, request, host)
                )
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if position == len(addresses) - 1:
                    raise
        raise AssertionError("`checked` returns at least one address")

    async def aclose(self) -> None:
        await self._transport.aclose()


def _redirected_to(address: IPAddress, request: httpx.Request, host: str) -> httpx.Request:
    # The Host header was set from the URL with the name in it.
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host.strip("[]")},
    )


async def _resolve(host: str, port: int) -> list[IPAddress]:
    """All addresses of a name, also of numeric forms such as 0x7f.1 or 2130706433."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise DownloadFailed(f"{host} is not a known host") from exc
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))


def _embedded(address: IPAddress) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _written(address: IPAddress) -> str:
    return f"[{address}]" if address.version == 6 else str(address)
