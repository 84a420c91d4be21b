"""Keep-alive comments, stalls, and what happens when a client goes away or the server is full."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest

from support.file_server import serving_files
from support.media_files import image_file, picture
from support.scripted_senses import ReadingEngine
from support.server import serving
from support.wire import CHAT, chat_body, error_of, events_of, post
from thinktalk.engines.base import GenerateRequest
from thinktalk.events import Event
from thinktalk.testing import Fault, ScriptedEngine

WORDS = "word " * 40


def eventually(claim: Callable[[], bool], within_s: float = 2.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.01)
    return claim()


@contextlib.contextmanager
def sent(url: str, body: dict[str, Any]) -> Generator[socket.socket, None, None]:
    """A connection on which a chat request has been sent and nothing was read."""
    host, _, port = url.removeprefix("http://").partition(":")
    data = orjson.dumps(body)
    head = f"POST {CHAT} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-length: {len(data)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + data)
        yield connection


def test_silence_is_filled_with_comments() -> None:
    engine = ScriptedEngine("one two", delay_s=0.35)
    with serving(engine, server={"keep_alive_s": 0.1}) as url:
        response = post(url, stream=True)
    assert response.text.startswith(": keep-alive\n\n")
    assert response.text.count(": keep-alive\n\n") >= 4
    assert events_of(response)[-1] == "[DONE]"


def test_comments_come_while_waiting_for_a_place() -> None:
    engine = ScriptedEngine("one two three", delay_s=0.2)
    with (
        serving(engine, server={"keep_alive_s": 0.05}, limits={"max_running": 1}) as url,
        ThreadPoolExecutor(2) as pool,
    ):
        first = pool.submit(post, url, stream=True)
        assert eventually(lambda: engine.running == 1)
        second = pool.submit(post, url, stream=True)
        assert second.result().text.startswith(": keep-alive\n\n")
        assert first.result().is_success


def test_comments_come_while_media_are_fetched() -> None:
    with serving_files({"slow.png": image_file(picture())}, delay_s=0.5) as files:
        host = files.removeprefix("http://")
        with serving(server={"keep_alive_s": 0.1}, media={"allow_hosts": (host,)}) as url:
            part = {"type": "image_url", "image_url": {"url": f"{files}/slow.png"}}
            response = post(url, stream=True, messages=[{"role": "user", "content": [part]}])
    assert ": keep-alive\n\n" in response.text
    assert events_of(response)[-1] == "[DONE]"


def test_no_comment_where_nothing_is_slow() -> None:
    with serving() as url:
        assert ": keep-alive" not in post(url, stream=True).text


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_stalled_engine_is_given_up(is_stream: bool) -> None:
    engine = ScriptedEngine(faults=[Fault("stall")])
    with serving(engine, limits={"request_timeout_s": 0.3}) as url:
        response = post(url, stream=is_stream)
        assert response.status_code == 500
        assert "no progress for 0.3 s" in error_of(response)["message"]
        assert eventually(lambda: engine.running == 0)
        assert post(url, stream=is_stream).is_success


def test_a_stall_in_mid_stream_is_told_in_the_stream() -> None:
    engine = ScriptedEngine(faults=[Fault("stall", after=2)])
    with serving(engine, limits={"request_timeout_s": 0.3}) as url:
        events = events_of(post(url, stream=True))
    assert "no progress" in events[-1]["error"]["message"]


@pytest.mark.parametrize("fields", [{"stream": True}, {"stream": False}, {"n": 3, "stream": True}])
def test_a_client_that_goes_away_stops_the_work(fields: dict[str, Any]) -> None:
    engine = ScriptedEngine(WORDS, delay_s=0.05)
    with serving(engine) as url:
        with sent(url, chat_body(**fields)):
            assert eventually(lambda: engine.running == 1)
        left_at = time.monotonic()
        assert eventually(lambda: engine.running == 0, 1.0)
        assert time.monotonic() - left_at < 0.3
        assert engine.cancelled == 1
        assert len(engine.requests) == 1
        metrics = httpx.get(f"{url}/metrics").text
        assert 'thinktalk_requests_cancelled_total{model="qwen3.5-omni-flash"} 1.0' in metrics
        assert "thinktalk_num_requests_running 0.0" in metrics


def test_a_client_that_leaves_the_line_frees_its_place_in_it() -> None:
    engine = ScriptedEngine(WORDS, delay_s=0.05)
    with serving(engine, limits={"max_running": 1, "max_waiting": 1}) as url:
        with sent(url, chat_body(stream=True)):
            assert eventually(lambda: engine.running == 1)
            with sent(url, chat_body(stream=True)):
                assert eventually(lambda: "waiting 1.0" in httpx.get(f"{url}/metrics").text)
            assert eventually(lambda: "waiting 0.0" in httpx.get(f"{url}/metrics").text)
        assert eventually(lambda: engine.running == 0)
        assert len(engine.requests) == 1


class CountingEngine(ScriptedEngine):
    """Counts how far its readers have come."""

    num_events = 0

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        async with contextlib.aclosing(super().generate(request)) as events:
            async for event in events:
                self.num_events += 1
                yield event


def test_a_slow_reader_slows_the_engine_instead_of_filling_memory() -> None:
    engine = CountingEngine("word " * 5_000)
    body = chat_body(stream=True, modalities=["text", "audio"])
    with serving(engine) as url, sent(url, body) as connection:
        assert connection.recv(1024)
        reached = -1
        while reached != engine.num_events:
            reached = engine.num_events
            time.sleep(0.3)
        # The whole answer is 64 MB; what lies between us is a few at most.
        assert reached < 3_000
        assert httpx.get(f"{url}/health").is_success


def test_a_client_that_takes_nothing_is_cut_off_and_its_place_freed() -> None:
    engine = ScriptedEngine("word " * 5_000, delay_s=0.0001)
    body = chat_body(stream=True, modalities=["text", "audio"])
    limits, server = {"max_running": 1}, {"write_timeout_s": 0.5, "keep_alive_s": 0.1}
    with serving(engine, server=server, limits=limits) as url, sent(url, body) as connection:
        assert eventually(lambda: engine.cancelled == 1, 10.0)
        assert post(url, max_tokens=1).is_success
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(1 << 20):
                pass


def test_a_client_that_takes_little_at_a_time_gets_all() -> None:
    engine = ScriptedEngine("word " * 500)
    body = chat_body(stream=True, modalities=["text", "audio"])
    with serving(engine, server={"write_timeout_s": 0.3}) as url, sent(url, body) as connection:
        end = b""
        while piece := connection.recv(200_000):
            end = (end + piece)[-5:]
            if end == b"0\r\n\r\n":
                break
            time.sleep(0.05)
    assert end == b"0\r\n\r\n"


def test_a_full_server_refuses_with_a_time_to_come_back() -> None:
    engine = ScriptedEngine(WORDS, delay_s=0.02)
    limits = {"max_running": 1, "max_waiting": 1}
    with serving(engine, limits=limits) as url, ThreadPoolExecutor(2) as pool:
        accepted = [pool.submit(post, url)]
        assert eventually(lambda: engine.running == 1)
        accepted.append(pool.submit(post, url))
        assert eventually(lambda: "waiting 1.0" in httpx.get(f"{url}/metrics").text)
        refused = post(url)
        assert [answer.result().status_code for answer in accepted] == [200, 200]
    assert refused.status_code == 429
    assert error_of(refused)["code"] == "limit_requests"
    assert int(refused.headers["retry-after"]) >= 1


def test_who_waits_too_long_is_refused() -> None:
    engine = ScriptedEngine(WORDS, delay_s=0.05)
    limits = {"max_running": 1, "max_wait_s": 0.1}
    with serving(engine, limits=limits) as url, sent(url, chat_body()):
        assert eventually(lambda: engine.running == 1)
        refused = post(url)
    assert refused.status_code == 429
    assert "0.1 s" in error_of(refused)["message"]


def test_places_are_given_in_the_order_of_arrival() -> None:
    engine = ScriptedEngine(faults=[Fault("stall")])
    threads = []
    with serving(engine, limits={"max_running": 1}) as url:
        with sent(url, chat_body()):
            assert eventually(lambda: engine.running == 1)
            for number in range(1, 4):
                fields = {"messages": [{"role": "user", "content": f"request {number}"}]}
                threads.append(threading.Thread(target=post, args=(url,), kwargs=fields))
                threads[-1].start()
                line = f"waiting {float(number)}"
                assert eventually(lambda text=line: text in httpx.get(f"{url}/metrics").text)
        for thread in threads:
            thread.join()
    asked = [request.messages[0].text for request in engine.requests]
    assert asked == ["Hello", "request 1", "request 2", "request 3"]


def test_requests_per_minute_are_counted_and_shown() -> None:
    with serving(limits={"requests_per_minute": 2}) as url:
        first, second, third = post(url), post(url), post(url)
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    assert first.headers["x-ratelimit-reset-requests"].endswith("s")
    assert error_of(third)["code"] == "limit_requests"
    assert 1 <= int(third.headers["retry-after"]) <= 30


def test_tokens_per_minute_are_counted_and_shown() -> None:
    with serving(ScriptedEngine("word " * 30), limits={"tokens_per_minute": 20}) as url:
        first, second = post(url), post(url)
    assert first.is_success
    assert second.status_code == 429
    assert error_of(second)["code"] == "insufficient_quota"
    assert second.headers["x-ratelimit-limit-tokens"] == "20"
    assert second.headers["x-ratelimit-remaining-tokens"] == "0"


def test_each_key_has_its_own_limit() -> None:
    server = {"api_keys": ("one", "two")}
    with serving(server=server, limits={"requests_per_minute": 1}) as url:
        statuses = [
            post(url, headers={"authorization": f"Bearer {key}"}).status_code
            for key in ("one", "one", "two")
        ]
    assert statuses == [200, 429, 200]


def test_bodies_are_bounded_all_together() -> None:
    body = chat_body(extra="x" * 600_000)
    server = {"max_body_bytes": 700_000}
    engine = ScriptedEngine(WORDS, delay_s=0.05)
    with serving(engine, server=server, limits={"max_running": 8}) as url:
        with contextlib.ExitStack() as held:
            for number in range(1, 5):
                held.enter_context(sent(url, body))
                assert eventually(lambda wanted=number: engine.running == wanted)
            refused = httpx.post(url + CHAT, json=body, timeout=20)
            assert refused.status_code == 429
            assert "2800000 bytes" in error_of(refused)["message"]
            assert post(url, max_tokens=1).is_success
        assert eventually(lambda: engine.running == 0)
        assert httpx.post(url + CHAT, json={**body, "max_tokens": 1}, timeout=20).is_success


def test_comments_say_how_far_the_work_is() -> None:
    with serving(ReadingEngine()) as url:
        response = post(url, stream=True)
    comments = [line for line in response.text.splitlines() if line.startswith(":")]
    assert len(comments) in (1, 2, 3)
    assert re.fullmatch(r": keep-alive listening [6-9]0%", comments[0])
    assert (
        "".join(
            c["delta"].get("content", "") for e in events_of(response)[:-1] for c in e["choices"]
        )
        == "done"
    )
