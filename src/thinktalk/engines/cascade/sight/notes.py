"""Phrases what the eyes saw for a small language model: facts in sentences, and how sure they are.

Every token is paid for in prefill time, so the notes are lean; what code can conclude (the highest
bar, the box that everything depends on) is concluded here. Knows nothing of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

from thinktalk.engines.cascade.sight.chart import Chart
from thinktalk.engines.cascade.sight.graph import Arrow, Graph
from thinktalk.engines.cascade.sight.objects import Thing
from thinktalk.engines.cascade.sight.reading import Line, with_layout
from thinktalk.engines.cascade.sight.seen import Sight
from thinktalk.engines.cascade.sight.tracebacks import condensed

_CHARACTERS_PER_TOKEN = 3.5
_LIKELY, _POSSIBLE = 0.6, 0.3
_CLEAR_TEXT, _LEGIBLE = 0.9, 0.6
_MAX_ARROWS = 40


def notes(sight: Sight, *, max_tokens_hint: int = 600) -> str:
    """What a picture shows, in about `max_tokens_hint` tokens at most.

    Where text does not fit, its middle is left out, and the notes say so.
    """
    max_characters = round(max_tokens_hint * _CHARACTERS_PER_TOKEN)
    size = f"{sight.width}x{sight.height}"
    if sight.graph is not None:
        return f"Diagram, {size}{_titled(sight.graph.title)}. {_diagram(sight.graph)}"
    if sight.chart is not None:
        return f"Chart, {size}{_titled(sight.chart.title)}. {_chart(sight.chart)}"
    if sight.colours.is_photo:
        return _photo(sight, size, max_characters)
    if sight.lines:
        return f"Screenshot, {size}. {_text(sight.lines, max_characters)}"
    return f"Drawing or plain picture, {size}, mainly {_listed(sight.colours.main)}. No text in it."


def _photo(sight: Sight, size: str, max_characters: int) -> str:
    # Grain and fur are read as stray letters.
    lines = [
        line
        for line in sight.lines
        if len(line.text) > 2 and len(set(line.text)) > 1 and line.confidence > _LEGIBLE
    ]
    is_named = sight.things and (not lines or sight.things[0].probability >= _POSSIBLE)
    seen = [f"Photo, {size}, mainly {_listed(sight.colours.main)}."]
    seen += [things(sight.things)] if is_named or not lines else []
    seen += [_text(lines, max_characters)] if lines else []
    return " ".join(seen)


def things(named: Sequence[Thing]) -> str:
    """What a photograph shows, as a person would say it."""
    if not named:
        return "What it shows is unclear (people are not recognised)."
    best, *others = named
    sure = f"{best.probability:.0%} sure".replace("%", " %")
    name = _a(best.name)
    detail = ""
    if best.kind != best.name and best.kind_probability >= 0.5 * best.probability:
        detail = f", maybe {_a(best.kind)}"
    if best.probability >= _LIKELY:
        return f"It shows probably {name}{detail} ({sure})."
    guesses = "".join(
        f", or {_a(other.name)}" for other in others if other.probability > best.probability / 2
    )
    if best.probability >= _POSSIBLE:
        return f"It shows possibly {name}{guesses}; unsure ({sure})."
    return f"Unsure what it shows: at a guess {name}{guesses} ({sure}; people are not recognised)."


def _text(lines: Sequence[Line], max_characters: int) -> str:
    written = with_layout(lines)
    how = "read clearly" if _confidence(lines) >= _CLEAR_TEXT else "unsure of some letters"
    if (short := condensed(written)) is not None:
        return f"Python traceback, {how}:\n{short}"
    return f"Text, {how}:\n{_fitted(written, max_characters)}"


def _confidence(lines: Sequence[Line]) -> float:
    total = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / max(1, total)


def _fitted(text: str, max_characters: int) -> str:
    """Keep the first two thirds and the end."""
    if len(text) <= max_characters:
        return text
    rows = text.split("\n")
    head: list[str] = []
    tail: list[str] = []
    room = max_characters
    while rows and room > 0:
        row = rows.pop() if len(head) > 2 * len(tail) + 1 else rows.pop(0)
        (tail if len(head) > 2 * len(tail) + 1 else head).append(row[:room])
        room -= len(row) + 1
    left_out = [f"[{len(rows)} lines left out]"] if rows else []
    return "\n".join([*head, *left_out, *reversed(tail)])


def _diagram(graph: Graph) -> str:
    names = graph.boxes
    said = [f"{len(names)} boxes: {', '.join(names)}."]
    said.append(
        f"Arrows: {'; '.join(_arrow(names, arrow) for arrow in graph.arrows[:_MAX_ARROWS])}."
    )
    for group, members in graph.groups.items():
        said.append(f"Inside {group}: {', '.join(names[box] for box in members)}.")
    said += _facts(graph)
    if graph.other_text:
        said.append(f"Other text: {', '.join(graph.other_text)}.")
    if graph.num_unresolved:
        said.append(f"{graph.num_unresolved} lines could not be followed: arrows may be missing.")
    return " ".join(said)


def _arrow(names: Sequence[str], arrow: Arrow) -> str:
    sign = "->" if arrow.is_directed else "--"
    label = f" ({arrow.label})" if arrow.label else ""
    return f"{names[arrow.source]} {sign} {names[arrow.target]}{label}"


def _facts(graph: Graph) -> list[str]:
    """What follows from the arrows."""
    names = graph.boxes
    facts = []
    for noun, ends, count in (
        ("Starts at", graph.sources, None),
        ("Ends at", graph.sinks, None),
        ("Most arrows out", *_busiest(graph, outward=True)),
        ("Most arrows in", *_busiest(graph, outward=False)),
    ):
        if ends:
            number = f" ({count})" if count else ""
            facts.append(f"{noun}: {', '.join(names[box] for box in ends)}{number}.")
    if points := graph.single_points():
        facts.append(
            "Single points of failure (everything passes through): "
            f"{', '.join(names[box] for box in points)}."
        )
    if any(arrow.is_directed for arrow in graph.arrows):
        cycle = graph.cycle()
        way = " -> ".join(names[box] for box in [*cycle, *cycle[:1]])
        facts.append(f"Cycle: {way}." if cycle else "No cycle.")
    return facts


def _busiest(graph: Graph, *, outward: bool) -> tuple[list[int], int]:
    """The boxes with the most arrows, if that is more than one."""
    counts = [
        graph.fan_out(box) if outward else graph.fan_in(box) for box in range(len(graph.boxes))
    ]
    most = max(counts)
    return ([box for box, count in enumerate(counts) if count == most] if most > 1 else []), most


def _chart(chart: Chart) -> str:
    said = [f"Vertical axis from {chart.low:g} to {chart.high:g}{chart.unit}."]
    if chart.bars:
        precision = max(1e-9, (chart.high - chart.low) / 100)
        bars = [(name, round(value / precision) * precision) for name, value in chart.bars]
        said.append(f"Bars, measured: {', '.join(f'{name} about {v:g}' for name, v in bars)}.")
        ranked = sorted(bars, key=lambda bar: bar[1])
        said.append(f"Highest: {ranked[-1][0]}; lowest: {ranked[0][0]}.")
    else:
        if chart.categories:
            said.append(f"Below: {', '.join(chart.categories)}.")
        said.append("The values of the curves or bars could not be measured.")
    return " ".join(said)


def _titled(title: str) -> str:
    return f' "{title}"' if title else ""


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if names else "mixed colours"


def _a(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
