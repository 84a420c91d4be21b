from __future__ import annotations

import ipaddress

import pytest

from thinktalk.errors import AddressForbidden
from thinktalk.media.guard import AddressPolicy, refusal

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.100.100.200", "100.64.0.1", "168.63.129.16", "224.0.0.1", "239.1.1.1", "255.255.255.255",
    "240.0.0.1", "192.0.2.1", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_inside_a_network_are_refused(address: str) -> None:
    assert refusal(ipaddress.ip_address(address)) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert refusal(ipaddress.ip_address(address)) is None


@pytest.mark.parametrize(
    ("entry", "host", "port", "allowed"),
    [
        ("files.lan", "files.lan", 80, True),
        ("files.lan", "FILES.lan.", 8080, True),
        ("files.lan:8080", "files.lan", 8080, True),
        ("files.lan:8080", "files.lan", 80, False),
        ("files.lan", "other.lan", 80, False),
        ("10.0.0.7", "files.lan", 80, True),
        ("10.0.0.7:80", "10.0.0.7", 80, True),
        ("10.0.0.8", "files.lan", 80, False),
    ],
)
def test_an_operator_can_allow_a_name_or_an_address(
    entry: str, host: str, port: int, allowed: bool
) -> None:
    policy = AddressPolicy([entry])

    assert policy.allows(host, port, ipaddress.ip_address("10.0.0.7")) is allowed


def test_ipv6_addresses_are_allowed_with_and_without_brackets() -> None:
    address = ipaddress.ip_address("::1")

    assert AddressPolicy(["[::1]:8000"]).allows("::1", 8000, address)
    assert AddressPolicy(["::1"]).allows("::1", 8000, address)
    assert not AddressPolicy(["[::1]:8000"]).allows("::1", 8001, address)


def test_of_several_addresses_only_the_public_ones_are_used() -> None:
    public, private = ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address("10.0.0.1")

    assert AddressPolicy().checked("both.example", 80, [private, public]) == [public]


def test_a_name_with_private_addresses_only_is_refused_with_the_reason() -> None:
    with pytest.raises(AddressForbidden, match=r"rebind\.example is refused: .* private"):
        AddressPolicy().checked("rebind.example", 80, [ipaddress.ip_address("10.0.0.1")])
