"""The eyes on real models: what is in a picture is seen, and what is unsure is said to be."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import pytest_asyncio
from PIL import Image as Files

from support import screens
from support.pictures import Look, bar_chart, diagram, plain, text_picture
from thinktalk.engines.base import Segment
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.sight.eyes import Eyes
from thinktalk.engines.cascade.sight.notes import notes
from thinktalk.engines.cascade.sight.reading import with_layout
from thinktalk.engines.cascade.sight.watching import watch
from thinktalk.errors import NotReady, WeightsMissing
from thinktalk.media.types import Frame, Image, Video

CACHE = Path(platformdirs.user_cache_dir("thinktalk"))
CLASSIFIER = CACHE / "weights" / "efficientnet-lite0"
SHOT = Path(__file__).parents[2] / "benchmarks" / "pictures"
PHOTOS = Path(__file__).parents[1] / "support" / "photos"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        not any(CLASSIFIER.glob("*.pth")), reason=f"no weights in {CLASSIFIER}: weights pull"
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eyes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Eyes]:
    derived = tmp_path_factory.mktemp("derived")
    opened = Eyes(CLASSIFIER, derived, threads=2, arbiter=Arbiter(alternate=True))
    await opened.start()
    yield opened
    await opened.stop()


def load(file: Path) -> Image:
    return Image(np.asarray(Files.open(file).convert("RGB")).copy())


def similarity(one: str, other: str) -> float:
    plain_one, plain_other = re.sub(r"\s", "", one), re.sub(r"\s", "", other)
    return SequenceMatcher(None, plain_one, plain_other, autojunk=False).ratio()


async def test_a_screenshot_of_a_traceback_is_read_to_the_letter(eyes: Eyes) -> None:
    sight = await eyes.look(load(SHOT / "traceback_1280x720.png"))

    assert similarity(with_layout(sight.lines), (SHOT / "traceback.txt").read_text()) > 0.99
    assert "PoolTimeout: couldn't get a connection after 30.00 sec" in notes(sight)
    assert sight.things == () and sight.graph is None and sight.chart is None


async def test_small_dark_text_is_read(eyes: Eyes) -> None:
    rows = ["ERROR worker-3 job 5512 failed", "retry in 30 seconds", "exit status 137"]

    sight = await eyes.look(text_picture(rows, font_px=13, ink="#d0d0d0", paper="#1e1e1e").image)

    assert similarity(with_layout(sight.lines), "".join(rows)) > 0.95


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        ("cat", "probably a cat"),
        ("coffee", "probably a cup or mug"),
        ("rocket", "a rocket"),
        ("tripod", "probably a tripod"),
    ],
)
async def test_a_photo_is_named_as_a_person_would(eyes: Eyes, photo: str, said: str) -> None:
    assert said in notes(await eyes.look(load(PHOTOS / f"{photo}.jpg")))


async def test_a_person_is_not_taken_for_a_thing(eyes: Eyes) -> None:
    told = notes(await eyes.look(load(PHOTOS / "astronaut.jpg")))

    assert "nsure" in told
    assert "probably" not in told


@pytest.mark.parametrize(
    "look",
    [Look(), Look(shape="rounded", paper="#1e1e1e", ink="#e0e0e0"), Look(dashed=True, elbow=True)],
    ids=["plain", "dark", "dashed"],
)
async def test_a_diagram_is_told_with_its_arrows(eyes: Eyes, look: Look) -> None:
    places = {
        "Browser": (110.0, 280.0, 150.0, 80.0),
        "API Gateway": (340.0, 280.0, 170.0, 80.0),
        "Order Service": (600.0, 140.0, 170.0, 80.0),
        "User Service": (600.0, 420.0, 170.0, 80.0),
    }
    calls = [
        ("Browser", "API Gateway", "HTTPS"),
        ("API Gateway", "Order Service", "gRPC"),
        ("API Gateway", "User Service", "gRPC"),
    ]

    told = notes(await eyes.look(diagram(places, calls, look).image))

    assert "Browser -> API Gateway (HTTPS)" in told
    assert "API Gateway -> Order Service" in told
    assert "API Gateway -> User Service" in told
    assert "Single points of failure (everything passes through): API Gateway" in told


async def test_a_chart_is_told_with_its_values(eyes: Eyes) -> None:
    chart = bar_chart({"Jan": 12, "Feb": 30, "Mar": 22}, title="Sales by month", top=40)

    told = notes(await eyes.look(chart.image))

    assert '"Sales by month"' in told
    assert "Jan about 12, Feb about 30, Mar about 22" in told


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (2000, 2), (64, 64)])
async def test_odd_sizes_are_looked_at(eyes: Eyes, size: tuple[int, int]) -> None:
    sight = await eyes.look(plain("white", size))

    assert (sight.width, sight.height) == size
    assert "No text" in notes(sight)


async def test_a_video_is_told_in_time_order(eyes: Eyes) -> None:
    menu, failure = text_picture(["Main menu"]).image, text_picture(["Connection lost"]).image
    frames = tuple(Frame(n / 2, menu if n < 6 else failure) for n in range(12))
    speech = [Segment(start_s=1.0, end_s=2.0, text=" Now I press start.", language="en")]

    told = await watch(eyes, Video(frames, None, 6.0, 900, 400), speech)

    assert told.splitlines()[1:] == [
        "0:00 scene 1",
        "0:00 on screen: Main menu",
        '0:01 said: "Now I press start."',
        "0:03 scene 2",
        "0:03 on screen: Connection lost",
    ]


async def test_code_typed_into_an_editor_is_told_to_the_letter(eyes: Eyes) -> None:
    code = "def add(a, b):\n    total = a + b\n    return total\n\n\nprint(add(1, 2))"
    frames = tuple(
        Frame(n / 2, Image(screens.editor(code[: 9 * n]))) for n in range(len(code) // 9 + 2)
    )

    told = await watch(eyes, Video(frames, None, 5.0, 1280, 720), [])

    assert f"the code that is shown, complete:\n```\n{code}\n```" in told
    assert "typed: print(add(1, 2))" in told


async def test_a_cancelled_look_lets_the_next_one_start_soon(eyes: Eyes) -> None:
    shot = load(SHOT / "traceback_1280x720.png")
    loop = asyncio.get_running_loop()
    began = loop.time()
    await eyes.look(shot)
    whole_s = loop.time() - began

    looking = asyncio.create_task(eyes.look(shot))
    await asyncio.sleep(whole_s / 10)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    began = loop.time()
    await eyes.name(plain("white", (64, 64)))

    assert loop.time() - began < whole_s * 0.7


async def test_eyes_that_are_not_started_say_so(tmp_path: Path) -> None:
    closed = Eyes(CLASSIFIER, tmp_path, threads=1, arbiter=None)

    with pytest.raises(NotReady):
        await closed.look(plain())


async def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    blind = Eyes(tmp_path / "nowhere", tmp_path / "derived", threads=1, arbiter=None)

    with pytest.raises(WeightsMissing, match="efficientnet-lite0"):
        await blind.start()
