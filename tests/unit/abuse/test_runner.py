"""The runner finds what is wrong with servers that have something wrong with them."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from thinktalk.abuse.case import Limits, Target
from thinktalk.abuse.catalogue import chosen
from thinktalk.abuse.runner import Memory, Result, Runner, serving_files
from thinktalk.cli import main

LIMITS = Limits(header_s=1, work_s=1, fetch_s=1, stall_s=1, answer_s=2)
REFUSAL = {"error": {"message": "no", "type": "invalid_request_error"}}
Reply = Callable[[dict[str, Any]], tuple[int, Any]]


@contextlib.contextmanager
def answering(reply: Reply) -> Generator[str, None, None]:
    """A server that answers chat requests by `reply`: its status and its JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            try:
                status, answer = reply(json.loads(raw))
            except ValueError:
                status, answer = 400, REFUSAL
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not worth a line."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def address_in(body: dict[str, Any]) -> str | None:
    content = body["messages"][0]["content"]
    return content[0]["image_url"]["url"] if isinstance(content, list) else None


def tried(reply: Reply, *patterns: str, memory: Memory | None = None) -> list[Result]:
    with answering(reply) as url, serving_files(Target(url=url)) as (target, canary):
        runner = Runner(target, LIMITS, canary=canary, memory=memory)
        return list(runner.run(chosen(patterns)))


def careful(body: dict[str, Any]) -> tuple[int, Any]:
    return (400, REFUSAL) if address_in(body) else (200, {"choices": []})


def test_a_careful_server_passes() -> None:
    results = tried(careful, "address/loopback", "address/metadata", "download/huge")
    assert [result.faults for result in results] == [()] * 3


def test_a_server_that_fetches_what_it_should_not_is_found_out() -> None:
    def careless(body: dict[str, Any]) -> tuple[int, Any]:
        if address := address_in(body):
            httpx.get(address, trust_env=False)
        return careful(body)  # and hides it

    (result,) = tried(careless, "address/loopback")
    assert result.faults == ("the server was talked into a request to its own machine",)


def test_a_server_that_follows_redirects_is_found_out() -> None:
    def careless(body: dict[str, Any]) -> tuple[int, Any]:
        if address := address_in(body):
            httpx.get(address, trust_env=False, follow_redirects=True)
        return careful(body)

    (result,) = tried(careless, "download/redirect-canary")
    assert "the server was talked into a request to its own machine" in result.faults


def test_a_server_that_hangs_is_given_up() -> None:
    def asleep(body: dict[str, Any]) -> tuple[int, Any]:
        if address_in(body):
            time.sleep(4)
        return careful(body)

    (result,) = tried(asleep, "address/loopback")
    assert result.answer.has_hung
    assert "no answer within" in result.faults[0]


def test_a_server_that_serves_nobody_afterwards_is_found_out() -> None:
    is_broken = threading.Event()

    def fragile(body: dict[str, Any]) -> tuple[int, Any]:
        if is_broken.is_set():
            return 503, REFUSAL
        if address_in(body):
            is_broken.set()
        return careful(body)

    (result,) = tried(fragile, "address/loopback")
    assert result.faults[0].startswith("afterwards an ordinary request got 503")


def test_memory_that_a_request_takes_is_seen() -> None:
    def greedy(body: dict[str, Any]) -> tuple[int, Any]:
        if address_in(body):
            return 400, REFUSAL if bytearray(os.urandom(1) * 200_000_000) else None
        return careful(body)

    (result,) = tried(greedy, "address/loopback", memory=Memory(os.getpid()))
    assert result.growth_bytes is not None
    assert result.growth_bytes > 150_000_000
    assert "memory grew by" in result.faults[0]


def test_the_command_says_how_many_passed(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(careful) as url:
        status = main(["abuse", f"{url}/v1", "--only", "address/private*", "--patience", "9"])
    shown = capsys.readouterr()
    assert status == 0
    assert "address/private, 10/8" in shown.out
    assert "3 of 3 cases passed" in shown.err


def test_the_command_fails_with_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda _: (200, {"choices": []})) as url:
        status = main(["abuse", url, "--only", "address/loopback", "--json", "--patience", "9"])
    told = json.loads(capsys.readouterr().out)
    assert status == 1
    assert (told["case"], told["status"], told["passed"]) == ("address/loopback", 200, False)
    assert told["faults"] == ["let in"]


def test_the_command_attacks_this_machine_only_unless_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["abuse", "http://192.0.2.1/v1"]) == 2
    assert "--anywhere" in capsys.readouterr().err


def test_the_command_tries_nothing_where_no_honest_request_works(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with answering(lambda _: (404, REFUSAL)) as url:
        assert main(["abuse", url, "--only", "json"]) == 2
    assert "nothing was tried" in capsys.readouterr().err


def test_the_command_lists_its_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abuse", "http://127.0.0.1", "--list", "--only", "wire/slow*"]) == 0
    assert "wire/slow head, byte by byte" in capsys.readouterr().out
