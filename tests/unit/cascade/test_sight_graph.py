"""What is concluded from a graph."""

from __future__ import annotations

from thinktalk.engines.cascade.sight.graph import Arrow, Graph


def graph(boxes: str, *arrows: str) -> Graph:
    """`graph("abc", "a>b", "b-c")`: an arrow, and a link without a head."""
    names = tuple(boxes)
    return Graph(
        boxes=names,
        arrows=tuple(
            Arrow(names.index(a[0]), names.index(a[2]), is_directed=a[1] == ">") for a in arrows
        ),
    )


def named(drawn: Graph, boxes: list[int]) -> str:
    return "".join(drawn.boxes[box] for box in boxes)


def test_a_diamond_depends_on_its_ends_and_not_on_its_sides() -> None:
    diamond = graph("ubcd", "u>b", "u>c", "b>d", "c>d")

    assert named(diamond, diamond.sources) == "u"
    assert named(diamond, diamond.sinks) == "d"
    assert named(diamond, diamond.single_points()) == "d"
    assert diamond.fan_out(0) == 2 and diamond.fan_in(3) == 2
    assert diamond.cycle() == []


def test_a_gateway_is_a_single_point_and_a_replica_is_not() -> None:
    services = graph("ugxyd", "u>g", "g>x", "g>y", "x>d", "y>d")

    assert set(named(services, services.single_points())) == {"g", "d"}


def test_parts_that_are_not_joined_have_no_single_point() -> None:
    assert graph("abcd", "a>b", "c>d").single_points() == []


def test_a_cycle_is_found_behind_a_way_in() -> None:
    loop = graph("sabc", "s>a", "a>b", "b>c", "c>a")

    assert set(named(loop, loop.cycle())) == {"a", "b", "c"}


def test_links_without_heads_make_no_cycle_and_no_source() -> None:
    linked = graph("ab", "a-b")

    assert linked.cycle() == [] and linked.sources == [] and linked.sinks == []


def test_a_box_that_points_at_itself_is_a_cycle() -> None:
    assert graph("ab", "a>b", "b>b").cycle() == [1]


def test_boxes_are_listed_in_the_order_of_the_flow() -> None:
    mixed = graph("cba", "a>b", "b>c").in_flow()

    assert mixed.boxes == ("a", "b", "c")
    assert [(arrow.source, arrow.target) for arrow in mixed.arrows] == [(0, 1), (1, 2)]
