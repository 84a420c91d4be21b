"""The worked examples that show a small model when to call a function, when not, and how.

None of them is about a tool of the benchmark. Every kind occurs: one call, several of one function,
several functions, none although a word of the message fits, one although no word does, and going on
after a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thinktalk.conversation import Tool

INSTRUCTIONS = (
    "You decide which functions an assistant must call to do what the user asks. Answer with one "
    "call: the function's name and its arguments as JSON. Give only arguments that the user "
    "mentions or that are required. What else there is to do is asked afterwards. Answer none if "
    "the assistant can reply in words alone: conversation, facts, explanations, definitions, "
    "writing, translation, arithmetic."
)


@dataclass(frozen=True, slots=True)
class Example:
    """`answers`: to the message, then to each part of it that was left over."""

    tools: tuple[Tool, ...]
    message: str
    answers: tuple[str, ...]


def _tool(name: str, description: str, required: str, **properties: Any) -> Tool:
    schema = {"type": "object", "properties": properties, "required": required.split()}
    return Tool(name, description, schema)


_TEXT, _COUNT = {"type": "string"}, {"type": "integer"}
_TIME = {"type": "string", "description": "HH:MM"}
_HOME = (
    _tool("buy_tickets", "Buy cinema tickets.", "film count", film=_TEXT, count=_COUNT, time=_TIME),
    _tool(
        "find_recipe",
        "Find a recipe.",
        "ingredients",
        ingredients={"type": "array", "items": _TEXT},
        vegetarian={"type": "boolean"},
    ),
    _tool(
        "lock_door",
        "Lock or unlock a door.",
        "door action",
        door=_TEXT,
        action={"type": "string", "enum": ["lock", "unlock"]},
    ),
)
_TOWN = (
    _tool("track_parcel", "Where a parcel is.", "number", number=_COUNT),
    _tool(
        "call_taxi",
        "Order a taxi to an address.",
        "trip",
        trip={"type": "object", "properties": {"to": _TEXT, "from": _TEXT}, "required": ["to"]},
        time=_TIME,
        passengers=_COUNT,
    ),
    _tool("opening_hours", "When a place is open.", "place", place=_TEXT, day=_TEXT),
)

EXAMPLES = (
    Example(_HOME, "Hi, how is it going?", ("none",)),
    Example(
        _HOME,
        "Get me two tickets for Dune at eight in the evening.",
        ('buy_tickets {"film": "Dune", "count": 2, "time": "20:00"}',),
    ),
    Example(_HOME, "Who directed Dune?", ("none",)),
    Example(
        _HOME,
        "What can I cook from eggs and rice?",
        ('find_recipe {"ingredients": ["eggs", "rice"]}',),
    ),
    Example(
        _HOME,
        "Lock the front door and the garage.",
        (
            'lock_door {"door": "front door", "action": "lock"}',
            'lock_door {"door": "garage", "action": "lock"}',
        ),
    ),
    Example(
        _HOME,
        "Find me a leek soup and unlock the back door.",
        (
            'find_recipe {"ingredients": ["leek"]}',
            'lock_door {"door": "back door", "action": "unlock"}',
        ),
    ),
    Example(_TOWN, "What is a parcel?", ("none",)),
    Example(_TOWN, "Write a limerick about taxis.", ("none",)),
    Example(_TOWN, "What is 12 times 9?", ("none",)),
    Example(
        _TOWN,
        'Is parcel 77 here yet?\nDone: track_parcel {"number": 77}\nResult: delivered at 9:15',
        ("none",),
    ),
    Example(
        _TOWN,
        "Where are parcels 11, 12 and 13?",
        (
            'track_parcel {"number": 11}',
            'track_parcel {"number": 12}',
            'track_parcel {"number": 13}',
        ),
    ),
    Example(
        _TOWN,
        "Can I visit the museum on Sunday?",
        ('opening_hours {"place": "museum", "day": "Sunday"}',),
    ),
    Example(
        _TOWN,
        "Please call me a taxi to the airport, I am tired.",
        ('call_taxi {"trip": {"to": "airport"}}', "none"),
    ),
    Example(
        _TOWN,
        "My wife and I have to get to 12 Elm Road at noon.",
        ('call_taxi {"trip": {"to": "12 Elm Road"}, "time": "12:00", "passengers": 2}',),
    ),
)
