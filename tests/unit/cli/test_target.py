"""Which server a command talks to, and with whose key."""

from __future__ import annotations

from argparse import Namespace

import pytest

from support.server import settings_of
from thinktalk.cli.target import find_server

OWN = settings_of(server={"api_keys": ("sk-of-this-machine",), "port": 1})


@pytest.mark.parametrize(
    ("server", "key"),
    [
        ("http://models.example/v1", "none"),
        ("models.example:8000", "none"),
        ("http://localhost.example/v1", "none"),
        ("http://127.0.0.1@models.example/v1", "none"),
        ("http://[models.example/v1", "none"),
        ("http://127.0.0.1:8000/v1", "sk-of-this-machine"),
        ("localhost:8000", "sk-of-this-machine"),
        ("http://[::1]:8000/v1", "sk-of-this-machine"),
        (None, "sk-of-this-machine"),
    ],
)
def test_a_foreign_server_never_sees_the_key_of_this_machine(server: str | None, key: str) -> None:
    args = Namespace(server=server, key=None)
    find_server(args, OWN)
    assert args.key == key


def test_a_key_that_is_given_goes_to_any_server() -> None:
    args = Namespace(server="http://models.example/v1", key="sk-theirs")
    assert find_server(args, OWN) == "http://models.example/v1"
    assert args.key == "sk-theirs"


@pytest.mark.parametrize("server", ["127.0.0.1:8000", "http://127.0.0.1:8000/"])
def test_an_address_alone_is_taken_for_its_endpoint(server: str) -> None:
    assert find_server(Namespace(server=server, key=None), OWN) == "http://127.0.0.1:8000/v1"
