from __future__ import annotations

import json
from typing import Any

import pytest

from thinktalk.conversation import Tool
from thinktalk.engines.cascade.tool_evidence import left_over, related


def _tool(name: str, description: str = "", **properties: Any) -> Tool:
    return Tool(name, description, {"type": "object", "properties": properties})


BAKE = _tool("bake_cake", "Bake a cake.", flavour={"enum": ["lemon", "cherry"]})
PAINT = _tool("paintWall", "Paint one wall of a room.", wall={"description": "north or south"})
FEED = _tool("feed_animal", "Feed an animal.", animal={"type": "string"}, grams={"type": "integer"})
TOOLS = (BAKE, PAINT, FEED)


def _call(name: str, **arguments: Any) -> tuple[str, str]:
    return name, json.dumps(arguments)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Could you bake something?", ["bake_cake"]),
        ("I would love cherries.", ["bake_cake"]),
        ("Painting is fun", ["paintWall"]),
        ("the SOUTH one", ["paintWall"]),
        ("How many grams do the animals get?", ["feed_animal"]),
        ("Paint the wall, then bake.", ["paintWall", "bake_cake"]),
        ("What is of the one?", []),
        ("Was kostet das?", []),
        ("今日は", []),
    ],
)
def test_tools_are_related_by_words_of_their_names_descriptions_and_arguments(
    text: str, names: list[str]
) -> None:
    assert related(TOOLS, text) == names


@pytest.mark.parametrize("text", ["What does 'cake' mean?", 'Spell "cake".', "Was heißt «cake»?"])
def test_a_word_in_quotes_is_spoken_of_and_relates_to_nothing(text: str) -> None:
    assert related(TOOLS, text) == []


def test_an_apostrophe_quotes_nothing() -> None:
    assert related(TOOLS, "Let's bake Anna's cake, it's late") == ["bake_cake"]


def test_a_word_that_all_tools_have_tells_them_apart_no_more() -> None:
    tools = [_tool(f"tool_{n}", "Do it at home.") for n in "abc"]
    assert related(tools, "I am at home") == []


def test_without_calls_nothing_is_left_over() -> None:
    assert left_over("Feed the cat and the dog.", TOOLS, ()) == []


@pytest.mark.parametrize(
    ("text", "arguments", "rest"),
    [
        ("Feed the cat and the dog.", {"animal": "cat"}, ["the dog"]),
        ("Feed the cat and the dog.", {"animal": "dog"}, ["Feed the cat"]),
        ("Feed cats, dogs and hens.", {"animal": "cats"}, ["dogs", "hens"]),
        ("Feed Salt and Pepper.", {"animal": "salt and pepper"}, []),
        ("A cat is here, feed the cat.", {"animal": "cat"}, []),
        ("Feed cats, dogs and hens at noon.", {"animal": ["cats", "dogs", "hens"]}, []),
        ("Give 5 grams to Tom and ten to Tim.", {"animal": "Tom", "grams": 5}, ["ten to Tim"]),
        ("Give five grams and 6.5 more.", {"grams": 5}, ["6.5 more"]),
        ("Something between a cat and a dog", {"animal": "cat"}, []),
        ("Hello Eve, feed the cat", {"animal": "cat"}, []),
        ("Bake it; feed the cat", {"animal": "cat"}, ["Bake it"]),
        ("Feed it\nand, please, thank you!", {"animal": "it"}, []),
    ],
)
def test_parts_that_no_call_takes_up_are_left_over(
    text: str, arguments: dict[str, Any], rest: list[str]
) -> None:
    assert left_over(text, TOOLS, [_call("feed_animal", **arguments)]) == rest


def test_every_call_takes_up_a_part() -> None:
    text = "Feed the cat and the dog, and paint the north wall."
    cat, dog = _call("feed_animal", animal="cat"), _call("feed_animal", animal="dog")
    assert left_over(text, TOOLS, [cat]) == ["the dog", "paint the north wall"]
    assert left_over(text, TOOLS, [cat, dog]) == ["paint the north wall"]
    assert left_over(text, TOOLS, [cat, dog, _call("paintWall", wall="north")]) == []


def test_a_part_without_words_of_its_own_is_not_left_over() -> None:
    call = _call("feed_animal", animal="the cat")
    assert left_over("Feed the cat, the cat, and so on.", TOOLS, [call]) == []


def test_a_long_story_has_no_parts() -> None:
    story = " ".join(f"Then animal {n} came, and it sang." for n in range(500))
    assert left_over(story, TOOLS, [_call("feed_animal", animal="1")]) == []


def test_arguments_cut_short_take_up_one_part() -> None:
    assert left_over("Feed cats and dogs", TOOLS, [("feed_animal", '{"an')]) == ["dogs"]
