"""The language model itself, with real weights: its slots, its window, its grammars."""

from __future__ import annotations

import json
from collections.abc import Iterator

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
