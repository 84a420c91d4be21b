"""Drawn diagrams of many styles are read back: boxes, arrows, directions and labels.

The text is given as it was written, so that only the reading of shapes is tried.
"""

from __future__ import annotations

import numpy as np
import pytest

from support.pictures import Drawn, Look, Place, bar_chart, diagram, scene, text_picture
from thinktalk.engines.cascade.sight.diagram import read_diagram
from thinktalk.engines.cascade.sight.graph import Graph
from thinktalk.media.types import Image

CHECKOUT: dict[str, Place] = {
    "Browser": (110, 280, 150, 80),
    "API Gateway": (340, 280, 170, 80),
    "Order Service": (600, 140, 170, 80),
    "User Service": (600, 420, 170, 80),
    "PostgreSQL\n(single node)": (860, 280, 190, 90),
}
CALLS = [
    ("Browser", "API Gateway", "HTTPS"),
    ("API Gateway", "Order Service", "gRPC"),
    ("API Gateway", "User Service", "gRPC"),
    ("Order Service", "PostgreSQL\n(single node)", "SQL"),
    ("User Service", "PostgreSQL\n(single node)", "SQL"),
]
STATES: dict[str, Place] = {
    "Idle": (150, 120, 150, 80),
    "Running": (600, 120, 170, 80),
    "Paused": (600, 420, 170, 80),
    "Stopped": (150, 420, 170, 80),
}
CHANGES = [
    ("Idle", "Running", "start"),
    ("Running", "Paused", "pause"),
    ("Paused", "Stopped", "stop"),
    ("Stopped", "Idle", "reset"),
]
STEPS: dict[str, Place] = {
    "Start": (300, 80, 160, 60),
    "Check stock": (300, 230, 180, 70),
    "Charge card": (300, 390, 180, 70),
    "Refund": (620, 390, 160, 70),
    "Done": (300, 540, 140, 60),
}
WAYS = [
    ("Start", "Check stock", ""),
    ("Check stock", "Charge card", "ok"),
    ("Charge card", "Refund", "failed"),
    ("Charge card", "Done", "paid"),
]
CLUSTER: dict[str, Place] = {
    "Load Balancer": (500, 70, 200, 60),
    "web-1": (250, 220, 140, 60),
    "web-2": (500, 220, 140, 60),
    "web-3": (750, 220, 140, 60),
    "Redis": (330, 400, 140, 70),
    "Postgres": (670, 400, 150, 70),
}
TRAFFIC = [
    ("Load Balancer", "web-1", ""),
    ("Load Balancer", "web-2", ""),
    ("Load Balancer", "web-3", ""),
    ("web-1", "Redis", ""),
    ("web-2", "Redis", ""),
    ("web-2", "Postgres", ""),
    ("web-3", "Postgres", ""),
]
CORNERS: dict[str, Place] = {
    "A one": (150, 120, 150, 80),
    "B two": (150, 420, 150, 80),
    "C three": (700, 120, 150, 80),
    "D four": (700, 420, 150, 80),
}
DRAWINGS = {
    "plain": (CHECKOUT, CALLS, Look(line_px=3)),
    "rounded and filled": (CHECKOUT, CALLS, Look(shape="rounded", fill="#dae8fc", ink="#1f3b5c")),
    "dark": (CHECKOUT, CALLS, Look(paper="#1e1e1e", ink="#e0e0e0", fill="#2d3b4d")),
    "dashed": (CHECKOUT, CALLS, Look(dashed=True)),
    "elbows": (CHECKOUT, CALLS, Look(elbow=True)),
    "open heads": (CHECKOUT, CALLS, Look(head="open")),
    "large heads": (CHECKOUT, CALLS, Look(head_px=20, ink="#333366")),
    "dark, dashed, elbows, open heads": (
        CHECKOUT,
        CALLS,
        Look(paper="#202020", ink="white", dashed=True, elbow=True, head="open"),
    ),
    "ellipses in a cycle": (STATES, CHANGES, Look(shape="ellipse")),
    "thin lines": (STATES, CHANGES, Look(line_px=1, head_px=10)),
    "downwards": (STEPS, WAYS, Look(shape="rounded")),
    "diamonds": (STATES, CHANGES, Look(shape="diamond")),
    "fan out and in": (CLUSTER, TRAFFIC, Look(fill="#fff2cc")),
    "thick fan": (CLUSTER, TRAFFIC, Look(line_px=3, shape="rounded")),
    "crossing lines": (CORNERS, [("A one", "D four", ""), ("B two", "C three", "")], Look()),
}


def arrows(graph: Graph) -> set[tuple[str, str, str]]:
    return {
        (graph.boxes[arrow.source], graph.boxes[arrow.target], arrow.label)
        for arrow in graph.arrows
        if arrow.is_directed
    }


def drawn_arrows(calls: list[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    return {(a.replace("\n", " "), b.replace("\n", " "), label) for a, b, label in calls}


def read(drawn: Drawn) -> Graph | None:
    return read_diagram(drawn.image.pixels, drawn.lines)


@pytest.mark.parametrize("name", DRAWINGS)
def test_boxes_and_arrows_are_read(name: str) -> None:
    places, calls, look = DRAWINGS[name]

    graph = read(diagram(places, calls, look))

    assert graph is not None
    assert set(graph.boxes) == {box.replace("\n", " ") for box in places}
    assert arrows(graph) == drawn_arrows(calls)
    assert graph.num_unresolved == 0


def test_a_title_is_no_box_and_no_label() -> None:
    graph = read(diagram(CHECKOUT, CALLS, title="Checkout architecture"))

    assert graph is not None
    assert graph.title == "Checkout architecture"
    assert graph.other_text == ()


def test_lines_without_heads_are_links() -> None:
    graph = read(diagram(STATES, CHANGES, Look(head="none")))

    assert graph is not None
    assert len(graph.arrows) == 4
    assert not any(arrow.is_directed for arrow in graph.arrows)


def test_lines_that_share_a_stretch_are_counted_and_not_guessed() -> None:
    graph = read(diagram(CLUSTER, TRAFFIC, Look(elbow=True)))

    assert graph is not None
    assert arrows(graph) <= drawn_arrows(TRAFFIC)
    assert graph.num_unresolved > 0


def test_a_large_diagram_is_read_scaled_down() -> None:
    twice = {name: tuple(2.5 * edge for edge in place) for name, place in STATES.items()}

    graph = read(
        diagram(twice, CHANGES, Look(line_px=5, head_px=36, font_px=44), size=(2500, 1500))
    )

    assert graph is not None
    assert arrows(graph) == drawn_arrows(CHANGES)


@pytest.mark.parametrize(
    "other",
    [
        text_picture(["def f(x):", "    return x + 1", "print(f(2))"]),
        bar_chart({"Jan": 12, "Feb": 30, "Mar": 22}, title="Sales", top=40),
        diagram({"OK": (200, 300, 120, 50), "Cancel": (420, 300, 140, 50)}, []),
        Drawn(scene(), text_picture(["some", "words"]).lines),
    ],
    ids=["code", "chart", "buttons", "photograph"],
)
def test_what_has_no_arrows_is_no_diagram(other: Drawn) -> None:
    assert read(other) is None


def test_no_text_is_no_diagram() -> None:
    assert read_diagram(Image(np.zeros((50, 50, 3), np.uint8)).pixels, []) is None
