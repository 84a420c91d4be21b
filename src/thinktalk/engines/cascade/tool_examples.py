"""The worked examples that show a small model when to call a function, when not, and how.

None of them is about a tool of the benchmark. Every kind occurs: one call, several of one function,
several functions, none although a word of the message fits, and going on after a result.
"""

from __future__ import annotations

from dataclasses import dataclass

INSTRUCTIONS = (
    "You decide which functions an assistant must call to do what the user asks. Answer with one "
    "line per call: the function's name and its arguments as JSON. Give only arguments that the "
    "user mentions or that are required. Answer none if the assistant can reply in words alone: "
    "conversation, facts, explanations, definitions, writing, translation, arithmetic."
)


@dataclass(frozen=True, slots=True)
class Example:
    functions: str
    message: str
    answer: str


_HOME = """\
- buy_tickets {"film": string, "count": integer, "time" if mentioned: string (HH:MM)}: Buy \
cinema tickets.
- find_recipe {"ingredients": [string, ...], "vegetarian" if mentioned: boolean}: Find a recipe.
- lock_door {"door": string, "action": "lock" | "unlock"}: Lock or unlock a door."""
_TOWN = """\
- track_parcel {"number": integer}: Where a parcel is.
- call_taxi {"trip": {"to": string, "from" if mentioned: string}, "time" if mentioned: string \
(HH:MM), "passengers" if mentioned: integer}: Order a taxi to an address.
- opening_hours {"place": string, "day" if mentioned: string}: When a place is open."""

EXAMPLES = (
    Example(
        _HOME,
        "Get me two tickets for Dune at eight in the evening.",
        'buy_tickets {"film": "Dune", "count": 2, "time": "20:00"}',
    ),
    Example(_HOME, "Who directed Dune?", "none"),
    Example(
        _HOME,
        "Lock the front door and the garage.",
        'lock_door {"door": "front door", "action": "lock"}\n'
        'lock_door {"door": "garage", "action": "lock"}',
    ),
    Example(_HOME, "Hi, how is it going?", "none"),
    Example(
        _HOME,
        "Find me a leek soup and unlock the back door.",
        'find_recipe {"ingredients": ["leek"]}\n'
        'lock_door {"door": "back door", "action": "unlock"}',
    ),
    Example(_TOWN, "What does 'parcel' mean?", "none"),
    Example(
        _TOWN,
        "Where are parcels 11, 12 and 13?",
        'track_parcel {"number": 11}\ntrack_parcel {"number": 12}\ntrack_parcel {"number": 13}',
    ),
    Example(
        _TOWN,
        "How long are the museum and the zoo open?",
        'opening_hours {"place": "museum"}\nopening_hours {"place": "zoo"}',
    ),
    Example(
        _TOWN,
        'Is parcel 77 here yet?\nDone: track_parcel {"number": 77}\nResult: delivered at 9:15',
        "none",
    ),
    Example(
        _TOWN,
        "My wife and I have to get to 12 Elm Road at noon.",
        'call_taxi {"trip": {"to": "12 Elm Road"}, "time": "12:00", "passengers": 2}',
    ),
    Example(_TOWN, "Write a limerick about taxis.", "none"),
    Example(
        _TOWN,
        "Please call me a taxi to the airport.",
        'call_taxi {"trip": {"to": "airport"}}',
    ),
    Example(_TOWN, "What is 12 times 9?", "none"),
)
