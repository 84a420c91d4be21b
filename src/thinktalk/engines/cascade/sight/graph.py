"""A diagram as a graph, and what can be computed from it. Knows nothing of pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, by position in `Graph.boxes`; without a head it is only a link."""

    source: int
    target: int
    label: str = ""
    is_directed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Boxes by the text in them, and the arrows between them.

    `num_unresolved` counts lines that touch a box but could not be followed: where it is not zero,
    arrows may be missing.
    """

    boxes: tuple[str, ...]
    arrows: tuple[Arrow, ...]
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    title: str = ""
    other_text: tuple[str, ...] = ()
    num_unresolved: int = 0

    def successors(self, box: int) -> set[int]:
        return {arrow.target for arrow in self.arrows if arrow.source == box} | {
            arrow.source for arrow in self.arrows if arrow.target == box and not arrow.is_directed
        }

    def fan_in(self, box: int) -> int:
        return sum(arrow.is_directed and arrow.target == box for arrow in self.arrows)

    def fan_out(self, box: int) -> int:
        return sum(arrow.is_directed and arrow.source == box for arrow in self.arrows)

    @property
    def sources(self) -> list[int]:
        """Boxes that arrows leave and none enters."""
        return [b for b in range(len(self.boxes)) if self.fan_out(b) and not self.fan_in(b)]

    @property
    def sinks(self) -> list[int]:
        """Boxes that arrows enter and none leaves."""
        return [b for b in range(len(self.boxes)) if self.fan_in(b) and not self.fan_out(b)]

    def single_points(self) -> list[int]:
        """Boxes, sources aside, whose loss cuts every way from every source to every sink.

        Without sources or sinks, or where several parts are not joined: none can be said.
        """
        sources, sinks = set(self.sources), set(self.sinks)
        if not sources or not sinks or not self._is_connected():
            return []
        return [
            box
            for box in range(len(self.boxes))
            if box not in sources and not (self._reached(sources, without=box) & sinks)
        ]

    def cycle(self) -> list[int]:
        """The boxes of one directed cycle in order, empty if there is none."""
        for start in range(len(self.boxes)):
            path = self._way_back(start)
            if path:
                return path
        return []

    def in_flow(self) -> Graph:
        """The same graph with boxes and arrows in the order in which arrows lead to them."""
        order: list[int] = []
        starts = [*self.sources, *range(len(self.boxes))]
        for start in starts:
            waiting = [start]
            while waiting:
                box = waiting.pop(0)
                if box not in order:
                    order.append(box)
                    waiting += sorted(self.successors(box))
        place = {box: position for position, box in enumerate(order)}
        arrows = [
            replace(arrow, source=place[arrow.source], target=place[arrow.target])
            for arrow in self.arrows
        ]
        return replace(
            self,
            boxes=tuple(self.boxes[box] for box in order),
            arrows=tuple(sorted(arrows, key=lambda arrow: (arrow.source, arrow.target))),
            groups={
                name: tuple(sorted(place[box] for box in members))
                for name, members in self.groups.items()
            },
        )

    def _way_back(self, start: int) -> list[int]:
        paths = [[start]]
        seen: set[int] = set()
        while paths:
            path = paths.pop(0)
            for arrow in self.arrows:
                if not arrow.is_directed or arrow.source != path[-1]:
                    continue
                if arrow.target == start:
                    return path
                if arrow.target not in seen:
                    seen.add(arrow.target)
                    paths.append([*path, arrow.target])
        return []

    def _reached(self, starts: Iterable[int], *, without: int | None = None) -> set[int]:
        reached: set[int] = set()
        waiting = list(starts)
        while waiting:
            box = waiting.pop()
            if box not in reached and box != without:
                reached.add(box)
                waiting.extend(self.successors(box))
        return reached

    def _is_connected(self) -> bool:
        """Whether the boxes that have arrows are one part."""
        neighbours: dict[int, set[int]] = {}
        for arrow in self.arrows:
            neighbours.setdefault(arrow.source, set()).add(arrow.target)
            neighbours.setdefault(arrow.target, set()).add(arrow.source)
        reached: set[int] = set()
        waiting = list(neighbours)[:1]
        while waiting:
            box = waiting.pop()
            if box not in reached:
                reached.add(box)
                waiting.extend(neighbours[box])
        return len(reached) == len(neighbours)
