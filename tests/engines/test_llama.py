"""The language model itself, with real weights: its slots, its window, its grammars."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from thinktalk import settings
from thinktalk.engines.base import Sampling
from thinktalk.engines.cascade.llama import Ended, Llama
from thinktalk.engines.cascade.vocabulary import Vocabulary
from thinktalk.errors import EngineFailed

pytestmark = pytest.mark.slow

WEIGHTS = settings.load().weights.cache / "weights"
GREEDY = Sampling(temperature=0.0)
WORDS = "one two three four five six seven eight nine ten "


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    found = sorted((WEIGHTS / "qwen2.5-coder-0.5b").glob("*.gguf"))
    if not found:
        pytest.skip("no model: thinktalk weights pull qwen2.5-coder-0.5b")
    return Vocabulary.read(found[0])


@pytest.fixture(scope="module")
def llama(vocabulary: Vocabulary) -> Iterator[Llama]:
    (model_file,) = (WEIGHTS / "qwen2.5-coder-0.5b").glob("*.gguf")
    llama = Llama(
        WEIGHTS / "llama-cpp",
        model_file,
        vocabulary.encode,
        threads=2,
        num_slots=3,
        window_tokens=512,
    )
    yield llama
    llama.close()


def write(
    llama: Llama, prompt: list[int], slot: int, max_tokens: int = 4, grammar: str = ""
) -> tuple[str, Ended]:
    written: list[str] = []
    text = llama.begin(prompt, GREEDY, grammar)
    try:
        ended = llama.run(
            text,
            slot=slot,
            max_tokens=max_tokens,
            on_token=lambda characters, _: written.append(characters),
            should_stop=lambda: False,
        )
    finally:
        text.close()
    return "".join(written), ended


def test_idle_texts_make_room_when_the_window_is_full(llama: Llama, vocabulary: Vocabulary) -> None:
    prompts = [vocabulary.encode(f"{slot}: {WORDS * 25}") for slot in range(3)]
    assert sum(map(len, prompts)) > 512 > 1.5 * len(prompts[0])
    for slot, prompt in enumerate(prompts):
        _, ended = write(llama, prompt, slot)
        assert ended.reason == "length"


def test_a_text_that_can_never_fit_fails_and_the_next_works(
    llama: Llama, vocabulary: Vocabulary
) -> None:
    with pytest.raises(EngineFailed, match="language model failed"):
        write(llama, vocabulary.encode(WORDS * 80), 0)
    assert write(llama, vocabulary.encode(WORDS), 0)[1].reason == "length"


def test_a_beginning_is_taken_over_from_another_slot(llama: Llama, vocabulary: Vocabulary) -> None:
    prompt = vocabulary.encode(WORDS * 5)
    first, _ = write(llama, prompt, 0)
    again, ended = write(llama, prompt, 1)
    assert ended.cached_tokens == len(prompt) - 1
    assert again == first


def test_a_grammar_is_followed_to_its_end(llama: Llama, vocabulary: Vocabulary) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["Oslo", "Rome"]}, "people": {"type": "integer"}},
        "required": ["city", "people"],
        "additionalProperties": False,
    }
    prompt = vocabulary.encode("The capital of Norway as JSON: ")
    grammar = f"%llguidance {{}}\nstart: %json {json.dumps(schema)}"
    text, ended = write(llama, prompt, 2, 64, grammar)
    assert ended.reason == "stop"
    assert json.loads(text)["city"] == "Oslo"


def test_what_is_wrong_with_a_grammar_is_said(llama: Llama, vocabulary: Vocabulary) -> None:
    assert "nope" in llama.fault("%llguidance {}\nstart: nope")
    with pytest.raises(ValueError, match="nope"):
        llama.begin(vocabulary.encode("Hi"), GREEDY, "%llguidance {}\nstart: nope")


def test_a_grammar_is_followed_through_calls_of_any_length(
    llama: Llama, vocabulary: Vocabulary
) -> None:
    schema = {
        "type": "object",
        "properties": {
            "the_name_of_the_city": {"enum": ["Oslo", "Rome"]},
            "number_of_people_living_there": {"enum": [709037, 2755309]},
        },
        "required": ["the_name_of_the_city", "number_of_people_living_there"],
        "additionalProperties": False,
    }
    grammar = f"%llguidance {{}}\nstart: %json {json.dumps(schema)}"
    prompt = vocabulary.encode("The capital of Norway as JSON: ")
    whole, _ = write(llama, prompt, 0, 64, grammar)
    for step in (1, 3, 5):
        written: list[str] = []
        text = llama.begin(prompt, GREEDY, grammar)
        reason = ""
        while reason != "stop":
            reason = llama.run(
                text,
                slot=1,
                max_tokens=step,
                on_token=lambda characters, _, to=written: to.append(characters),  # type: ignore[misc]
                should_stop=lambda: False,
            ).reason
        text.close()
        assert json.loads("".join(written)) == json.loads(whole)


def test_what_fails_for_one_text_leaves_the_others_alone(
    llama: Llama, vocabulary: Vocabulary
) -> None:
    def fails(characters: str, token: int) -> None:
        raise ValueError("no reader")

    with ThreadPoolExecutor(2) as pool:
        good = pool.submit(write, llama, vocabulary.encode(WORDS), 0, 20)
        text = llama.begin(vocabulary.encode(WORDS), GREEDY)
        with pytest.raises(EngineFailed, match="no reader"):
            llama.run(text, slot=1, max_tokens=9, on_token=fails, should_stop=lambda: False)
        text.close()
        assert good.result()[1].reason == "length"


def test_clients_that_come_and_go_do_not_hold_up_one_that_stays(
    llama: Llama, vocabulary: Vocabulary
) -> None:
    with ThreadPoolExecutor(2) as pool:
        staying = pool.submit(write, llama, vocabulary.encode("Count: "), 0, 40)
        gone = 0
        while not staying.done():
            text = llama.begin(vocabulary.encode(WORDS * 10), GREEDY)
            left = threading.Event()
            call = pool.submit(
                llama.run,
                text,
                slot=1,
                max_tokens=9,
                on_token=lambda *_: None,
                should_stop=left.is_set,
            )
            time.sleep(0.02)
            left.set()
            llama.abandon(text)
            call.result()
            text.close()
            gone += 1
    assert gone > 3
    assert staying.result()[1].reason == "length"


def test_a_schema_of_many_optional_fields_can_be_followed(
    llama: Llama, vocabulary: Vocabulary
) -> None:
    fields = {f"field_{number}": {"type": "string"} for number in range(700)}
    grammar = (
        f"%llguidance {{}}\nstart: %json {json.dumps({'type': 'object', 'properties': fields})}"
    )
    assert llama.fault(grammar) == ""
    assert write(llama, vocabulary.encode("JSON: "), 2, 12, grammar)[0].startswith("{")


def test_closing_waits_for_a_grammar_that_is_being_read(vocabulary: Vocabulary) -> None:
    (model_file,) = (WEIGHTS / "qwen2.5-coder-0.5b").glob("*.gguf")
    other = Llama(
        WEIGHTS / "llama-cpp",
        model_file,
        vocabulary.encode,
        threads=2,
        num_slots=1,
        window_tokens=256,
    )
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(other.fault, '%llguidance {}\nstart: "a"')
        time.sleep(0.05)
        other.close()
        assert reading.result() == ""
    with pytest.raises(EngineFailed, match="stopped"):
        other.fault('%llguidance {}\nstart: "b"')
