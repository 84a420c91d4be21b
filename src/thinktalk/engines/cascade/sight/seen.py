"""What the eyes saw in one picture, as values. Knows nothing of how it was seen or is told."""

from __future__ import annotations

from dataclasses import dataclass

from thinktalk.engines.cascade.sight.chart import Chart
from thinktalk.engines.cascade.sight.colours import Colours
from thinktalk.engines.cascade.sight.graph import Graph
from thinktalk.engines.cascade.sight.objects import Thing
from thinktalk.engines.cascade.sight.reading import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One picture.

    `lines` are in reading order, `things` most probable first and only for photographs. At most one
    of `graph` and `chart` is there.
    """

    width: int
    height: int
    lines: tuple[Line, ...]
    things: tuple[Thing, ...]
    colours: Colours
    graph: Graph | None = None
    chart: Chart | None = None
