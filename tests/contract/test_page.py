"""The talk page as a browser gets it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from support.server import serving
from thinktalk.api.page import Page

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "src" / "thinktalk" / "page"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
needs_page = pytest.mark.skipif(not Page().is_built, reason="not built: run `make page`")


@needs_page
@pytest.mark.parametrize("keys", [(), ("sk-one",)])
def test_the_page_and_all_it_names_is_served_without_a_key(keys: tuple[str, ...]) -> None:
    with serving(server={"api_keys": keys}) as url, httpx.Client(base_url=url) as client:
        page = client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-cache"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        named = re.findall(r'(?:src|href)="\.(/assets/[^"]+)"', page.text)
        assert {Path(name).suffix for name in named} == set(KINDS)
        for name in named:
            asset = client.get(name)
            assert asset.status_code == 200
            assert "immutable" in asset.headers["cache-control"]
            kind = asset.headers["content-type"].split(";")[0]
            assert kind == KINDS[Path(name).suffix]
        assert client.get("/assets/nothing.js").status_code == 404
        assert client.get("/assets/..%2Findex.html").status_code == 404


@needs_page
def test_the_page_names_no_other_server() -> None:
    built = [file for file in BUILT.rglob("*") if file.is_file()]
    assert len(built) > 4
    for file in built:
        addresses = set(re.findall(r"(?:https?:|wss?:)?//[a-z0-9.-]+\.[a-z]{2,}", file.read_text()))
        assert addresses <= {"http://www.w3.org"}, file.name  # names of XML, not addresses


def test_a_page_of_another_site_may_not_even_load_it() -> None:
    with serving() as url:
        answer = httpx.get(url, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
        assert httpx.get(url, headers={"host": "evil.example"}).status_code == 403


async def test_where_it_was_not_built_the_page_says_so(tmp_path: Path) -> None:
    answer = await Page(tmp_path).index(Request({"type": "http"}))
    assert b"make page" in answer.body
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_lock_file_names_no_registry() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 5
