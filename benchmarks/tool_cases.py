"""40 questions over 6 tools; fixed before the tool prompts and grammars were tuned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from thinktalk.conversation import Tool
from thinktalk.engines.base import ToolChoice

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """`calls`: tool name and the argument values that must be there, by dotted path.

    Texts compare without case; a tuple lists what is equally right. No calls means that the answer
    must be plain text.
    """

    kind: str
    question: str
    calls: tuple[tuple[str, Arguments], ...] = ()
    choice: ToolChoice = field(default_factory=ToolChoice)


def _tool(name: str, description: str, required: list[str], **properties: Any) -> Tool:
    return Tool(
        name, description, {"type": "object", "properties": properties, "required": required}
    )


_TEXT = {"type": "string"}

TOOLS = (
    _tool(
        "get_weather",
        "Get the current weather in a city.",
        ["city"],
        city={"type": "string", "description": "City name"},
        unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
    ),
    _tool(
        "convert_currency",
        "Convert an amount of money from one currency to another.",
        ["amount", "from_currency", "to_currency"],
        amount={"type": "number"},
        from_currency={"$ref": "#/$defs/currency"},
        to_currency={"$ref": "#/$defs/currency"},
    ),
    _tool(
        "create_event",
        "Create a calendar event.",
        ["title", "date", "start_time"],
        title=_TEXT,
        date={"type": "string", "description": "YYYY-MM-DD"},
        start_time={"type": "string", "description": "HH:MM, 24 hours"},
        duration_minutes={"type": "integer", "minimum": 1},
        attendees={"type": "array", "items": _TEXT, "description": "Names of people"},
    ),
    _tool(
        "send_message",
        "Send a text message to a person.",
        ["recipient", "message"],
        recipient={"type": "string", "description": "Name of the person"},
        message=_TEXT,
        urgent={"type": "boolean"},
    ),
    _tool(
        "search_flights",
        "Search for flights between two cities.",
        ["route", "date"],
        route={
            "type": "object",
            "properties": {"origin": _TEXT, "destination": _TEXT},
            "required": ["origin", "destination"],
        },
        date={"type": "string", "description": "YYYY-MM-DD"},
        cabin={"type": "string", "enum": ["economy", "premium", "business", "first"]},
        passengers={"type": "integer", "minimum": 1, "maximum": 9},
    ),
    _tool(
        "control_light",
        "Switch a light in the home on or off, or dim it.",
        ["room", "state"],
        room={"type": "string", "enum": ["kitchen", "bedroom", "living room", "bathroom", "hall"]},
        state={"type": "string", "enum": ["on", "off"]},
        brightness={"type": "integer", "minimum": 0, "maximum": 100},
    ),
)
# A schema with a reference: convert_currency's two currencies share one definition.
TOOLS[1].parameters["$defs"] = {
    "currency": {"type": "string", "enum": ["USD", "EUR", "GBP", "JPY", "CHF", "NOK"]}
}


def _weather(city: str, **more: Any) -> tuple[str, Arguments]:
    return "get_weather", {"city": city} | more


def _money(amount: float, source: str, target: str) -> tuple[str, Arguments]:
    return "convert_currency", {
        "amount": amount,
        "from_currency": source,
        "to_currency": target,
    }


def _light(room: str, state: str, **more: Any) -> tuple[str, Arguments]:
    return "control_light", {"room": room, "state": state} | more


def _message(recipient: str, **more: Any) -> tuple[str, Arguments]:
    return "send_message", {"recipient": recipient} | more


def _flight(origin: str, destination: str, date: str, **more: Any) -> tuple[str, Arguments]:
    where = {"route.origin": origin, "route.destination": destination}
    return "search_flights", where | {"date": date} | more


def _event(date: str, start_time: str | tuple[str, ...], **more: Any) -> tuple[str, Arguments]:
    return "create_event", {"date": date, "start_time": start_time} | more


_REQUIRED = ToolChoice("required")


def _named(name: str) -> ToolChoice:
    return ToolChoice("named", name)


CASES = (
    # One call.
    Case("single", "What's the weather like in Lisbon right now?", (_weather("Lisbon"),)),
    Case(
        "single",
        "How warm is it in Chicago, in Fahrenheit please?",
        (_weather("Chicago", unit="fahrenheit"),),
    ),
    Case("single", "Is it raining in Bergen?", (_weather("Bergen"),)),
    Case("single", "How much is 250 euros in US dollars?", (_money(250, "EUR", "USD"),)),
    Case("single", "Convert 18000 yen to Swiss francs.", (_money(18000, "JPY", "CHF"),)),
    Case(
        "single",
        "Put a dentist appointment in my calendar on 2026-03-12 at 14:30.",
        (_event("2026-03-12", "14:30"),),
    ),
    Case(
        "single",
        "Schedule a 45 minute project review with Dana and Luis on 2026-05-04 at 9:00.",
        (
            _event(
                "2026-05-04",
                ("09:00", "9:00"),
                duration_minutes=45,
                attendees=["Dana", "Luis"],
            ),
        ),
    ),
    Case("single", "Text Maria that I will be ten minutes late.", (_message("Maria"),)),
    Case(
        "single",
        "Send an urgent message to Tom: the server room is flooding.",
        (_message("Tom", urgent=True),),
    ),
    Case(
        "single",
        "Find flights from Oslo to Rome on 2026-07-01.",
        (_flight("Oslo", "Rome", "2026-07-01"),),
    ),
    Case(
        "single",
        "I need two business class seats from Boston to Madrid on 2026-09-15.",
        (_flight("Boston", "Madrid", "2026-09-15", cabin="business", passengers=2),),
    ),
    Case("single", "Turn off the light in the kitchen.", (_light("kitchen", "off"),)),
    Case(
        "single",
        "Dim the bedroom light to 30 percent.",
        (_light("bedroom", "on", brightness=30),),
    ),
    Case("single", "It's too dark in the hall, can you fix that?", (_light("hall", "on"),)),
    # Several calls in one turn.
    Case(
        "parallel",
        "What's the weather in Paris and in Berlin?",
        (_weather("Paris"), _weather("Berlin")),
    ),
    Case(
        "parallel",
        "Compare the temperature in Tokyo, Seoul and Beijing.",
        (_weather("Tokyo"), _weather("Seoul"), _weather("Beijing")),
    ),
    Case(
        "parallel",
        "Turn off the lights in the bathroom and in the living room.",
        (_light("bathroom", "off"), _light("living room", "off")),
    ),
    Case(
        "parallel",
        "Text Anna and Peter that dinner is ready.",
        (_message("Anna"), _message("Peter")),
    ),
    Case(
        "parallel",
        "How much are 100 dollars in euros, and in pounds?",
        (_money(100, "USD", "EUR"), _money(100, "USD", "GBP")),
    ),
    Case(
        "parallel",
        "Check the weather in Geneva and convert 80 francs to euros.",
        (_weather("Geneva"), _money(80, "CHF", "EUR")),
    ),
    Case(
        "parallel",
        "Switch on the hall light and tell Eva that the door is open.",
        (_light("hall", "on"), _message("Eva")),
    ),
    Case(
        "parallel",
        "Find flights from Oslo to Paris on 2026-04-10, and tell me the weather in Paris.",
        (_flight("Oslo", "Paris", "2026-04-10"), _weather("Paris")),
    ),
    # No tool fits: plain text.
    Case("none", "What is the capital of Australia?"),
    Case("none", "Write a haiku about autumn."),
    Case("none", "Thanks, that was very helpful!"),
    Case("none", "Explain in one sentence what a hash table is."),
    Case("none", "What is 17 plus 25?"),
    Case("none", "Who wrote Pride and Prejudice?"),
    Case("none", "Translate 'good morning' into Spanish."),
    Case("none", "Why do leaves fall in autumn?"),
    # A call is demanded; which one is for the model to find.
    Case("required", "Rome, what is it like outside?", (_weather("Rome"),), _REQUIRED),
    Case("required", "Bathroom lights on.", (_light("bathroom", "on"),), _REQUIRED),
    Case("required", "500 kroner in dollars", (_money(500, "NOK", "USD"),), _REQUIRED),
    Case("required", "Let Sofia know the meeting is cancelled.", (_message("Sofia"),), _REQUIRED),
    Case(
        "required",
        "Lunch with Ben, 2026-02-20, noon.",
        (_event("2026-02-20", "12:00"),),
        _REQUIRED,
    ),
    # The function is demanded by name.
    Case(
        "named",
        "I am going to Vienna tomorrow.",
        (_weather("Vienna"),),
        _named("get_weather"),
    ),
    Case(
        "named",
        "The price is 59.90 pounds and I pay in euros.",
        (_money(59.9, "GBP", "EUR"),),
        _named("convert_currency"),
    ),
    Case(
        "named",
        "Standup every day is boring, but put it on 2026-01-08 at 8:15 anyway.",
        (_event("2026-01-08", ("08:15", "8:15")),),
        _named("create_event"),
    ),
    Case(
        "named",
        "Three of us fly from Madrid to Lima on 2026-11-30.",
        (_flight("Madrid", "Lima", "2026-11-30", passengers=3),),
        _named("search_flights"),
    ),
    Case(
        "named",
        "Good night! I'm going to sleep in the bedroom.",
        (_light("bedroom", "off"),),
        _named("control_light"),
    ),
)
